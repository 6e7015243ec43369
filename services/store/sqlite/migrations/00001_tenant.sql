-- Times are microseconds since 1970 in UTC, booleans 0 and 1, documents JSON text. Text is compared by its bytes.

-- +goose Up
CREATE TABLE tenant (
  id             TEXT PRIMARY KEY,
  name           TEXT NOT NULL,
  sms_plan       INTEGER NOT NULL,
  sms_workflows  INTEGER NOT NULL,
  settings       TEXT NOT NULL,
  config_version INTEGER NOT NULL,
  created_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE number (
  tenant_id TEXT NOT NULL REFERENCES tenant (id),
  number    TEXT NOT NULL UNIQUE,
  PRIMARY KEY (tenant_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE api_key (
  tenant_id   TEXT NOT NULL REFERENCES tenant (id),
  id          TEXT NOT NULL UNIQUE,
  name        TEXT NOT NULL,
  secret_hash BLOB NOT NULL,
  scopes      TEXT NOT NULL,
  connection  TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  expires_at  INTEGER,
  revoked_at  INTEGER,
  PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;

-- A create that is repeated finds here what the first one made.
CREATE TABLE request (
  tenant_id   TEXT NOT NULL REFERENCES tenant (id),
  kind        TEXT NOT NULL,
  request_id  TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  target      TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, kind, request_id)
) STRICT, WITHOUT ROWID;

-- Who changed what; before and after hold the fields that differ, never a secret.
CREATE TABLE audit (
  seq       INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant_id TEXT NOT NULL REFERENCES tenant (id),
  at        INTEGER NOT NULL,
  actor     TEXT NOT NULL,
  action    TEXT NOT NULL,
  target    TEXT NOT NULL,
  before    TEXT,
  after     TEXT
) STRICT;
CREATE INDEX audit_tenant ON audit (tenant_id, seq);
