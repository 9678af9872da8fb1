-- works with 8
-- The deployments of a team by time, for its list: among a thousand services
-- those of one team stand far apart in the index by time alone.
CREATE INDEX deployments_team ON deployments (org, team, to_seq, ended_at);
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('deployments', 'deployments_team', '2000000 2000000 40000 20000 1 noskipscan'),
  ('tokens', 'sqlite_autoindex_tokens_1', '100 100 1'),
  ('leases', 'sqlite_autoindex_leases_1', '2 2 1');
ANALYZE sqlite_schema;
