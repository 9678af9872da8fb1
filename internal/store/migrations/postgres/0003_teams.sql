-- works with 1
-- The deployments of a team by time, for its list: among a thousand services
-- those of one team stand far apart in the index by time alone.
CREATE INDEX deployments_team ON deployments (org, team, to_seq, ended_at);
