-- Every index leads with the organisation, and most houses have one. Without
-- statistics the planner takes "org = ?" for a rare value and walks a whole
-- table in the order of its primary key. These are the figures of a typical
-- year, written down rather than measured, so that a new store has the same
-- plans as an old one: rows, then rows for each value of the first column, of
-- the first two, and so on.
ANALYZE;
DELETE FROM sqlite_stat1;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('events', 'events', '6000000 6000000 1'),
  ('events', 'events_dedupe', '6000000 6000000 1'),
  ('events', 'events_subject', '6000000 6000000 1000000 2 1'),
  ('deliveries', 'sqlite_autoindex_deliveries_1', '500000 500000 1'),
  ('deliveries', 'deliveries_by_id', '500000 500000 50000 2'),
  ('deployment_reports', 'sqlite_autoindex_deployment_reports_1', '1000000 1000000 1'),
  ('deployment_reports', 'deployment_reports_service', '1000000 1000000 1000'),
  ('deployment_reports', 'deployment_reports_sha', '1000000 1000000 3'),
  ('deployment_reports', 'deployment_reports_version', '1000000 1000000 20'),
  ('changes', 'changes', '5000000 5000000 10000 1'),
  ('changes', 'changes_sha', '5000000 5000000 1'),
  ('incident_reports', 'sqlite_autoindex_incident_reports_1', '60000 60000 1'),
  ('incident_reports', 'incident_reports_cause', '60000 60000 2'),
  ('deployments', 'sqlite_autoindex_deployments_1', '2000000 2000000 2 1'),
  ('deployments', 'deployments_service', '2000000 2000000 2000 1000 1'),
  ('deployments', 'deployments_time', '2000000 2000000 1000000 1'),
  ('deployments', 'deployments_sha', '2000000 2000000 4'),
  ('deployments', 'deployments_version', '2000000 2000000 30'),
  ('deployment_ids', 'sqlite_autoindex_deployment_ids_1', '100000 100000 1'),
  ('deployment_ids', 'deployment_ids_service', '100000 100000 100'),
  ('lead_times', 'lead_times', '10000000 10000000 10000 5000 5000 2 1'),
  ('lead_times', 'lead_times_time', '10000000 10000000 5000000 2500000 2 1 1 1 1 1'),
  ('lead_times', 'lead_times_deployment', '10000000 10000000 10'),
  ('evidence', 'sqlite_autoindex_evidence_1', '100000 100000 2 1'),
  ('evidence', 'evidence_service', '100000 100000 100 50'),
  ('evidence', 'evidence_deployment', '100000 100000 50000 1'),
  ('incidents', 'sqlite_autoindex_incidents_1', '100000 100000 2 1'),
  ('incidents', 'incidents_time', '100000 100000 50000 1'),
  ('incidents', 'incidents_cause', '100000 100000 100 50'),
  ('failures', 'sqlite_autoindex_failures_1', '100000 100000 100 2 1'),
  ('failures', 'failures_time', '100000 100000 50000 1');
ANALYZE sqlite_schema;
