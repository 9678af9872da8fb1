-- works with 8
-- Who may do a piece of work that only one process may do at a time, and until
-- when, by the clock of the database. A new holder is a new epoch: what the one
-- before still writes is refused.
CREATE TABLE leases (
  org    BIGINT NOT NULL,
  name   TEXT   NOT NULL,
  holder TEXT   NOT NULL,
  epoch  BIGINT NOT NULL,
  until  BIGINT NOT NULL,
  PRIMARY KEY (org, name)
);
