-- +goose Up
CREATE TABLE gateway_connection (
  tenant_id     TEXT NOT NULL REFERENCES tenant (id),
  id            TEXT NOT NULL,
  name          TEXT NOT NULL,
  delivery      TEXT NOT NULL,
  url           TEXT NOT NULL,
  sealed_secret BLOB,
  dedupes       INTEGER NOT NULL,
  created_at    INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;

ALTER TABLE convo ADD COLUMN handed_off_at INTEGER;
ALTER TABLE convo ADD COLUMN stop_confirmed INTEGER NOT NULL DEFAULT 0;

-- The state, the attempts and the doubt of a message that is in outgoing are told there.
ALTER TABLE outbound ADD COLUMN consent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbound ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbound ADD COLUMN reason TEXT NOT NULL DEFAULT '';
ALTER TABLE outbound ADD COLUMN gateway_id TEXT NOT NULL DEFAULT '';
ALTER TABLE outbound ADD COLUMN doubt INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbound ADD COLUMN updated_at INTEGER;

-- What is still to be sent: pending until due_at, or sending by its owner until then. ver and n: the order within a
-- conversation.
CREATE TABLE outgoing (
  id         TEXT PRIMARY KEY,
  tenant_id  TEXT NOT NULL,
  conv       TEXT NOT NULL,
  ver        INTEGER NOT NULL,
  n          INTEGER NOT NULL,
  connection TEXT NOT NULL,
  consent    INTEGER NOT NULL,
  state      TEXT NOT NULL CHECK (state IN ('pending', 'sending')),
  due_at     INTEGER NOT NULL,
  owner      TEXT NOT NULL,
  attempts   INTEGER NOT NULL,
  doubt      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX outgoing_due ON outgoing (state, tenant_id, connection, due_at);
CREATE INDEX outgoing_conv ON outgoing (conv, ver, n);

-- The messages that are failed, unknown or undelivered.
CREATE TABLE dead_letter (
  id         TEXT PRIMARY KEY,
  tenant_id  TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX dead_letter_tenant ON dead_letter (tenant_id, created_at, id);
