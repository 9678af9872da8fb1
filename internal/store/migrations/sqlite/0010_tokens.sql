-- works with 8
-- Tokens of the API, and who may do what with them. hash is the SHA-256 of the
-- secret. A slow hash guards what people choose; the secret is 32 random bytes,
-- which nobody can try through. Times are microseconds since 1970-01-01 UTC, 0
-- when it has not happened; expires_at is 0 for never.

CREATE TABLE tokens (
  org          BIGINT NOT NULL,
  id           TEXT   NOT NULL,
  name         TEXT   NOT NULL,
  hash         BLOB   NOT NULL,
  kind         TEXT   NOT NULL, -- person or service
  role         TEXT   NOT NULL,
  team         TEXT   NOT NULL, -- '' for all
  ingest_only  BIGINT NOT NULL,
  created_at   BIGINT NOT NULL,
  created_by   TEXT   NOT NULL, -- name of the actor
  expires_at   BIGINT NOT NULL,
  revoked_at   BIGINT NOT NULL,
  revoked_by   TEXT   NOT NULL,
  last_used_at BIGINT NOT NULL, -- within some minutes
  PRIMARY KEY (org, id)
);
