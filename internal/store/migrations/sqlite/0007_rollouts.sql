-- Analysis runs, and what the measures of a roll-out and of a restoration need.

CREATE TABLE analysis_reports (
  org     BIGINT NOT NULL,
  id      TEXT   NOT NULL,
  service TEXT   NOT NULL,
  doc     TEXT   NOT NULL,
  PRIMARY KEY (org, id)
);
CREATE INDEX analysis_reports_service ON analysis_reports (org, service);

CREATE TABLE analyses (
  org         BIGINT NOT NULL,
  service     TEXT   NOT NULL,
  id          TEXT   NOT NULL,
  from_seq    BIGINT NOT NULL,
  to_seq      BIGINT NOT NULL,
  hash        BIGINT NOT NULL,
  environment TEXT   NOT NULL,
  production  BIGINT NOT NULL,
  team        TEXT   NOT NULL,
  phase       TEXT   NOT NULL,
  begun_at    BIGINT NOT NULL,
  ended_at    BIGINT NOT NULL,
  deployment  TEXT   NOT NULL, -- the one it judged, '' if none is known
  doc         TEXT   NOT NULL,
  PRIMARY KEY (org, service, id, from_seq)
);
CREATE INDEX analyses_time ON analyses (org, to_seq, ended_at);
CREATE INDEX analyses_deployment ON analyses (org, deployment);

-- How long a roll-out took, stood still, and needed to all traffic:
-- microseconds, -1 when it is not known.
ALTER TABLE deployments ADD COLUMN took BIGINT NOT NULL DEFAULT -1;
ALTER TABLE deployments ADD COLUMN waited BIGINT NOT NULL DEFAULT -1;
ALTER TABLE deployments ADD COLUMN to_full BIGINT NOT NULL DEFAULT -1;

-- The release that joins the deployments of several regions, '' if none.
ALTER TABLE deployments ADD COLUMN release TEXT NOT NULL DEFAULT '';

ALTER TABLE failures ADD COLUMN detected_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE failures ADD COLUMN diagnosed_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE failures ADD COLUMN fix_begun_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE failures ADD COLUMN fix_ended_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE failures ADD COLUMN resolved_at BIGINT NOT NULL DEFAULT 0;

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('analysis_reports', 'sqlite_autoindex_analysis_reports_1', '300000 300000 1'),
  ('analysis_reports', 'analysis_reports_service', '300000 300000 300'),
  ('analyses', 'sqlite_autoindex_analyses_1', '600000 600000 600 2 1'),
  ('analyses', 'analyses_time', '600000 600000 300000 1'),
  ('analyses', 'analyses_deployment', '600000 600000 4');
ANALYZE sqlite_schema;
