-- What attribution and confirmation follow from, beside deployments and
-- incidents.

-- Changes of feature flags: candidate causes.
CREATE TABLE flag_reports (
  org BIGINT NOT NULL,
  id  TEXT   NOT NULL,
  at  BIGINT NOT NULL,
  doc TEXT   NOT NULL,
  PRIMARY KEY (org, id)
);
CREATE INDEX flag_reports_time ON flag_reports (org, at);

-- Verdicts on deployments, by the id that the verdict names.
CREATE TABLE verdict_reports (
  org        BIGINT NOT NULL,
  subject    TEXT   NOT NULL,
  deployment TEXT   NOT NULL,
  doc        TEXT   NOT NULL,
  PRIMARY KEY (org, subject)
);
CREATE INDEX verdict_reports_deployment ON verdict_reports (org, deployment);

-- What persons said of each piece of evidence, as a list, the latest last. It
-- stays when the evidence goes, and holds again when that comes back.
CREATE TABLE confirmations (
  org        BIGINT NOT NULL,
  evidence   TEXT   NOT NULL,
  deployment TEXT   NOT NULL,
  cause      TEXT   NOT NULL,
  doc        TEXT   NOT NULL,
  PRIMARY KEY (org, evidence)
);
CREATE INDEX confirmations_cause ON confirmations (org, cause);

-- The catalogue's dependencies, from what is depended on.
CREATE TABLE service_dependencies (
  org        BIGINT NOT NULL,
  depends_on TEXT   NOT NULL,
  service    TEXT   NOT NULL,
  PRIMARY KEY (org, depends_on, service)
);
CREATE INDEX service_dependencies_service ON service_dependencies (org, service);

-- Which services have a deployment among the candidates of an incident.
CREATE TABLE incident_candidates (
  org     BIGINT NOT NULL,
  service TEXT   NOT NULL,
  id      TEXT   NOT NULL,
  PRIMARY KEY (org, service, id)
);
CREATE INDEX incident_candidates_id ON incident_candidates (org, id);

CREATE INDEX incident_reports_time ON incident_reports (org, begun_at);

ALTER TABLE evidence ADD COLUMN status TEXT NOT NULL DEFAULT '';
CREATE INDEX evidence_time ON evidence (org, to_seq, at);

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('flag_reports', 'sqlite_autoindex_flag_reports_1', '50000 50000 1'),
  ('flag_reports', 'flag_reports_time', '50000 50000 1'),
  ('verdict_reports', 'sqlite_autoindex_verdict_reports_1', '2000000 2000000 1'),
  ('verdict_reports', 'verdict_reports_deployment', '2000000 2000000 2'),
  ('confirmations', 'sqlite_autoindex_confirmations_1', '5000 5000 1'),
  ('confirmations', 'confirmations_cause', '5000 5000 1'),
  ('service_dependencies', 'sqlite_autoindex_service_dependencies_1', '5000 5000 5 1'),
  ('service_dependencies', 'service_dependencies_service', '5000 5000 5'),
  ('incident_candidates', 'sqlite_autoindex_incident_candidates_1', '150000 150000 150 1'),
  ('incident_candidates', 'incident_candidates_id', '150000 150000 3'),
  ('incident_reports', 'incident_reports_time', '60000 60000 1'),
  ('evidence', 'evidence_time', '100000 100000 50000 1');
ANALYZE sqlite_schema;
