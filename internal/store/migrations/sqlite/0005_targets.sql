-- What scopes want to reach, all reports of each target combined.

CREATE TABLE targets (
  org BIGINT NOT NULL,
  id  TEXT   NOT NULL,
  doc TEXT   NOT NULL,
  PRIMARY KEY (org, id)
);
