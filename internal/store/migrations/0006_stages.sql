-- The moments on the way of a change, for the stages of lead time; 0 is
-- unknown, and takes no room.

ALTER TABLE lead_times ADD COLUMN first_commit_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE lead_times ADD COLUMN opened_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE lead_times ADD COLUMN first_review_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE lead_times ADD COLUMN approved_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE lead_times ADD COLUMN merged_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE lead_times ADD COLUMN built_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE lead_times ADD COLUMN staged_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE lead_times ADD COLUMN ready_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE lead_times ADD COLUMN deploy_started_at BIGINT NOT NULL DEFAULT 0;

-- Whether the start of a deployment is known.
ALTER TABLE deployments ADD COLUMN started BIGINT NOT NULL DEFAULT 0;

-- Facts made before say less than facts made now. All of them follow from the
-- log, so they are forgotten and folded again.
DELETE FROM deployment_reports;
DELETE FROM changes;
DELETE FROM pull_requests;
DELETE FROM incident_reports;
DELETE FROM incident_services;
DELETE FROM services;
DELETE FROM settings;
DELETE FROM service_repositories;
DELETE FROM wanted_commits;
DELETE FROM flag_reports;
DELETE FROM verdict_reports;
DELETE FROM confirmations;
DELETE FROM service_dependencies;
DELETE FROM incident_candidates;
DELETE FROM targets;
DELETE FROM deployments;
DELETE FROM deployment_ids;
DELETE FROM lead_times;
DELETE FROM evidence;
DELETE FROM incidents;
DELETE FROM failures;
DELETE FROM fact_changes;
DELETE FROM dirty;
DELETE FROM parked WHERE cursor = 'facts';
UPDATE cursors SET seq = 0 WHERE name = 'facts';
