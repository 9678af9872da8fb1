-- The log: what was delivered, and the events decoded from it.
-- Times are microseconds since 1970-01-01 UTC, 0 when unknown. The organisation
-- leads every key, so that one day it can shard every table.

CREATE TABLE orgs (
  id   INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
);

-- Named counters of an organisation; log is the last sequence number given.
CREATE TABLE counters (
  org   BIGINT NOT NULL,
  name  TEXT   NOT NULL,
  value BIGINT NOT NULL,
  PRIMARY KEY (org, name)
);

-- Generated secrets, such as the salt of author hashes: replicas share them
-- and backups keep them.
CREATE TABLE secrets (
  name  TEXT PRIMARY KEY,
  value BLOB NOT NULL
);

-- Every accepted delivery. body is the scrubbed original, deflated; it is NULL
-- for our own event form, whose events hold all of it.
CREATE TABLE deliveries (
  org          BIGINT NOT NULL,
  num          BIGINT NOT NULL,
  source       TEXT   NOT NULL,
  delivery_id  TEXT   NOT NULL,
  received_at  BIGINT NOT NULL,
  content_type TEXT   NOT NULL,
  outcome      TEXT   NOT NULL,
  size         BIGINT NOT NULL,
  body         BLOB,
  accepted     BIGINT NOT NULL,
  duplicates   BIGINT NOT NULL,
  PRIMARY KEY (org, num)
);
CREATE INDEX deliveries_by_id ON deliveries (org, source, delivery_id);

-- The log. seq counts from 1 without gaps in the order of commits. dedupe is
-- the hash of (source, delivery id, index) where the sender names its
-- deliveries, else the hash of the content.
CREATE TABLE events (
  org            BIGINT NOT NULL,
  seq            BIGINT NOT NULL,
  recorded_at    BIGINT NOT NULL,
  type           TEXT   NOT NULL,
  schema_version BIGINT NOT NULL,
  subject        TEXT   NOT NULL,
  source         TEXT   NOT NULL,
  delivery       BIGINT NOT NULL,
  delivery_id    TEXT   NOT NULL,
  idx            BIGINT NOT NULL,
  occurred_at    BIGINT NOT NULL,
  actor          TEXT   NOT NULL,
  decoder        TEXT   NOT NULL,
  supersedes     BIGINT NOT NULL,
  content_hash   BLOB   NOT NULL,
  dedupe         BLOB   NOT NULL,
  body           BLOB   NOT NULL,
  PRIMARY KEY (org, seq)
) WITHOUT ROWID;
-- The first index finds the reports about a subject, and the same content among
-- them. One index for both, because every commit of an import writes to a
-- random page of it for each event. The second is for those who name their
-- deliveries, alone.
CREATE UNIQUE INDEX events_subject ON events (org, type, subject, dedupe);
CREATE UNIQUE INDEX events_delivery ON events (org, dedupe) WHERE delivery_id <> '';

-- Names behind the references in events. Erasing a row forgets the person and
-- changes no fact.
CREATE TABLE people (
  org  BIGINT NOT NULL,
  ref  TEXT   NOT NULL,
  name TEXT   NOT NULL,
  PRIMARY KEY (org, ref)
);

-- How far each follower of the log has come.
CREATE TABLE cursors (
  org        BIGINT NOT NULL,
  name       TEXT   NOT NULL,
  seq        BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (org, name)
);

-- Events that a follower could not fold, set aside in the transaction that
-- moved its cursor past them.
CREATE TABLE parked (
  org       BIGINT NOT NULL,
  cursor    TEXT   NOT NULL,
  seq       BIGINT NOT NULL,
  attempts  BIGINT NOT NULL,
  error     TEXT   NOT NULL,
  parked_at BIGINT NOT NULL,
  PRIMARY KEY (org, cursor, seq)
);

-- What must be derived again, and since which event.
CREATE TABLE dirty (
  org   BIGINT NOT NULL,
  step  TEXT   NOT NULL,
  key   TEXT   NOT NULL,
  since BIGINT NOT NULL,
  PRIMARY KEY (org, step, key)
);
