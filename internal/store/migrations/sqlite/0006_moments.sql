-- The places in the log at which the facts were complete, and when the last
-- event before each was received (no earlier than those before it). Between two
-- of them the versions of facts say what followed from part of a batch.
CREATE TABLE moments (
  org BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  at  BIGINT NOT NULL,
  PRIMARY KEY (org, seq)
) WITHOUT ROWID;
CREATE INDEX moments_time ON moments (org, at);

-- A folding of the whole log again that has not ended: up to which event it
-- goes, and at which times on the way the facts are made complete.
CREATE TABLE replays (
  org   BIGINT NOT NULL PRIMARY KEY,
  until BIGINT NOT NULL,
  steps TEXT   NOT NULL,
  zone  TEXT   NOT NULL
);

-- The evidence against one deployment as of an event; that of now is found by
-- evidence_deployment.
CREATE INDEX evidence_of ON evidence (org, deployment);

-- As of an event to_seq has a range of many values. To try each of them in turn
-- for the column behind it would be slower than to walk the range.
UPDATE sqlite_stat1 SET stat = stat || ' noskipscan'
  WHERE idx IN ('deployments_service', 'deployments_time', 'lead_times_time', 'evidence_service', 'evidence_deployment', 'incidents_time', 'incidents_cause', 'failures_time');
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('evidence', 'evidence_of', '100000 100000 2'),
  ('moments', 'moments', '2000000 2000000 1'),
  ('moments', 'moments_time', '2000000 2000000 2 1');
ANALYZE sqlite_schema;
