-- What is known of each subject, all its reports combined. These rows follow
-- from the log alone and are rebuilt from it.

CREATE TABLE deployment_reports (
  org         BIGINT NOT NULL,
  id          TEXT   NOT NULL,
  service     TEXT   NOT NULL,
  version     TEXT   NOT NULL,
  commit_sha  TEXT   NOT NULL,
  repository  TEXT   NOT NULL,
  doc         TEXT   NOT NULL,
  PRIMARY KEY (org, id)
);
CREATE INDEX deployment_reports_service ON deployment_reports (org, service);
CREATE INDEX deployment_reports_sha ON deployment_reports (org, commit_sha);
CREATE INDEX deployment_reports_version ON deployment_reports (org, version);

CREATE TABLE changes (
  org          BIGINT NOT NULL,
  repository   TEXT   NOT NULL,
  sha          TEXT   NOT NULL,
  parents      TEXT   NOT NULL, -- shas, separated by spaces
  authored_at  BIGINT NOT NULL,
  committed_at BIGINT NOT NULL,
  pull_request BIGINT NOT NULL,
  reverts      TEXT   NOT NULL,
  bot          BIGINT NOT NULL,
  subject      TEXT   NOT NULL,
  more         TEXT   NOT NULL, -- the rest as JSON, '' if there is none
  PRIMARY KEY (org, repository, sha)
) WITHOUT ROWID;
CREATE INDEX changes_sha ON changes (org, sha);

CREATE TABLE pull_requests (
  org        BIGINT NOT NULL,
  repository TEXT   NOT NULL,
  number     BIGINT NOT NULL,
  doc        TEXT   NOT NULL,
  PRIMARY KEY (org, repository, number)
);

CREATE TABLE incident_reports (
  org       BIGINT NOT NULL,
  id        TEXT   NOT NULL,
  caused_by TEXT   NOT NULL,
  begun_at  BIGINT NOT NULL,
  doc       TEXT   NOT NULL,
  PRIMARY KEY (org, id)
);
CREATE INDEX incident_reports_cause ON incident_reports (org, caused_by);

CREATE TABLE incident_services (
  org     BIGINT NOT NULL,
  service TEXT   NOT NULL,
  id      TEXT   NOT NULL,
  PRIMARY KEY (org, service, id)
);

CREATE TABLE services (
  org        BIGINT NOT NULL,
  name       TEXT   NOT NULL,
  repository TEXT   NOT NULL,
  doc        TEXT   NOT NULL,
  PRIMARY KEY (org, name)
);

CREATE TABLE settings (
  org BIGINT PRIMARY KEY,
  doc TEXT   NOT NULL
);

-- Which services follow from a repository, and which wait for a commit that
-- nobody has reported yet.
CREATE TABLE service_repositories (
  org        BIGINT NOT NULL,
  repository TEXT   NOT NULL,
  service    TEXT   NOT NULL,
  PRIMARY KEY (org, repository, service)
);
CREATE TABLE wanted_commits (
  org     BIGINT NOT NULL,
  sha     TEXT   NOT NULL,
  service TEXT   NOT NULL,
  PRIMARY KEY (org, sha, service)
);

-- The facts. Each version of a fact holds from the event from_seq on and
-- before to_seq; the current one has to_seq 9223372036854775807. hash is of
-- the whole row and finds what changed.

CREATE TABLE deployments (
  org         BIGINT NOT NULL,
  id          TEXT   NOT NULL,
  from_seq    BIGINT NOT NULL,
  to_seq      BIGINT NOT NULL,
  hash        BIGINT NOT NULL,
  service     TEXT   NOT NULL,
  environment TEXT   NOT NULL,
  production  BIGINT NOT NULL,
  team        TEXT   NOT NULL,
  kind        TEXT   NOT NULL,
  result      TEXT   NOT NULL,
  counted     BIGINT NOT NULL,
  judged      BIGINT NOT NULL,
  begun_at    BIGINT NOT NULL,
  ended_at    BIGINT NOT NULL,
  oldest_at   BIGINT NOT NULL,
  version     TEXT   NOT NULL,
  commit_sha  TEXT   NOT NULL,
  coverage    TEXT   NOT NULL,
  repairs     BIGINT NOT NULL,
  planned     BIGINT NOT NULL,
  doc         TEXT   NOT NULL,
  PRIMARY KEY (org, id, from_seq)
);
CREATE INDEX deployments_service ON deployments (org, service, to_seq, ended_at);
CREATE INDEX deployments_time ON deployments (org, to_seq, ended_at);
CREATE INDEX deployments_sha ON deployments (org, commit_sha);
CREATE INDEX deployments_version ON deployments (org, version);

-- Every id under which a deployment was reported → the id of the fact.
CREATE TABLE deployment_ids (
  org     BIGINT NOT NULL,
  alias   TEXT   NOT NULL,
  id      TEXT   NOT NULL,
  service TEXT   NOT NULL,
  PRIMARY KEY (org, alias)
);
CREATE INDEX deployment_ids_service ON deployment_ids (org, service);

CREATE TABLE lead_times (
  org          BIGINT NOT NULL,
  service      TEXT   NOT NULL,
  basis        TEXT   NOT NULL,
  repository   TEXT   NOT NULL,
  key          TEXT   NOT NULL,
  from_seq     BIGINT NOT NULL,
  to_seq       BIGINT NOT NULL,
  hash         BIGINT NOT NULL,
  start_at     BIGINT NOT NULL,
  committed_at BIGINT NOT NULL,
  delivered_at BIGINT NOT NULL, -- 0 while open
  exposed_at   BIGINT NOT NULL,
  deployment   TEXT   NOT NULL,
  pull_request BIGINT NOT NULL,
  bot          BIGINT NOT NULL,
  team         TEXT   NOT NULL,
  PRIMARY KEY (org, service, basis, repository, key, from_seq)
) WITHOUT ROWID;
CREATE INDEX lead_times_time ON lead_times (org, basis, to_seq, delivered_at, start_at, service, committed_at, bot, team);
CREATE INDEX lead_times_deployment ON lead_times (org, deployment);

CREATE TABLE evidence (
  org        BIGINT NOT NULL,
  id         TEXT   NOT NULL,
  from_seq   BIGINT NOT NULL,
  to_seq     BIGINT NOT NULL,
  hash       BIGINT NOT NULL,
  step       TEXT   NOT NULL, -- which step of the derivation found it
  service    TEXT   NOT NULL,
  deployment TEXT   NOT NULL,
  kind       TEXT   NOT NULL,
  accepted   BIGINT NOT NULL,
  at         BIGINT NOT NULL,
  doc        TEXT   NOT NULL,
  PRIMARY KEY (org, id, from_seq)
);
CREATE INDEX evidence_service ON evidence (org, service, to_seq);
CREATE INDEX evidence_deployment ON evidence (org, to_seq, deployment);

CREATE TABLE incidents (
  org           BIGINT NOT NULL,
  id            TEXT   NOT NULL,
  from_seq      BIGINT NOT NULL,
  to_seq        BIGINT NOT NULL,
  hash          BIGINT NOT NULL,
  production    BIGINT NOT NULL,
  begun_at      BIGINT NOT NULL,
  resolved_at   BIGINT NOT NULL,
  severity      TEXT   NOT NULL,
  attributed_to TEXT   NOT NULL,
  cause_service TEXT   NOT NULL,
  doc           TEXT   NOT NULL,
  PRIMARY KEY (org, id, from_seq)
);
CREATE INDEX incidents_time ON incidents (org, to_seq, begun_at);
CREATE INDEX incidents_cause ON incidents (org, cause_service, to_seq);

CREATE TABLE failures (
  org         BIGINT NOT NULL,
  service     TEXT   NOT NULL,
  id          TEXT   NOT NULL,
  from_seq    BIGINT NOT NULL,
  to_seq      BIGINT NOT NULL,
  hash        BIGINT NOT NULL,
  team        TEXT   NOT NULL,
  failed_at   BIGINT NOT NULL,
  restored_at BIGINT NOT NULL, -- 0 while open
  severity    TEXT   NOT NULL,
  doc         TEXT   NOT NULL,
  PRIMARY KEY (org, service, id, from_seq)
);
CREATE INDEX failures_time ON failures (org, to_seq, failed_at);

-- What changed, for whoever keeps something derived from the facts: the
-- service, the kind of fact, and the span of time that is touched.
CREATE TABLE fact_changes (
  org     BIGINT NOT NULL,
  num     BIGINT NOT NULL,
  seq     BIGINT NOT NULL,
  service TEXT   NOT NULL,
  kind    TEXT   NOT NULL,
  from_at BIGINT NOT NULL,
  to_at   BIGINT NOT NULL,
  PRIMARY KEY (org, num)
);
