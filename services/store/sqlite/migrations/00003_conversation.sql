-- The tables of the messages' way have no foreign keys: each would cost a lookup and a lock for every message, and every
-- row is written by a transaction that has checked what it belongs to. conv is derived from tenant, number and contact.

-- +goose Up
-- Append only. seq is given in the order of arrival, which is not the order of commit: never read "after seq n".
CREATE TABLE message (
  seq            INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant_id      TEXT NOT NULL,
  id             TEXT NOT NULL UNIQUE,
  conv           TEXT NOT NULL,
  msg_key        TEXT NOT NULL UNIQUE,
  connection     TEXT NOT NULL,
  gateway_msg_id TEXT NOT NULL,
  sender         TEXT NOT NULL,
  recipient      TEXT NOT NULL,
  body           TEXT NOT NULL,
  received_at    INTEGER,
  accepted_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX message_conv ON message (conv, seq);

-- The messages that are not handled yet.
CREATE TABLE pending (
  seq       INTEGER PRIMARY KEY,
  tenant_id TEXT NOT NULL,
  conv      TEXT NOT NULL
) STRICT;
CREATE INDEX pending_conv ON pending (conv, seq);

CREATE TABLE convo (
  conv         TEXT PRIMARY KEY,
  tenant_id    TEXT NOT NULL,
  ver          INTEGER NOT NULL,
  number       TEXT NOT NULL,
  contact      TEXT NOT NULL,
  state        TEXT NOT NULL,
  state_reason TEXT NOT NULL,
  opted_in     INTEGER NOT NULL,
  vars         TEXT NOT NULL,
  tags         TEXT NOT NULL,
  inbounds     INTEGER NOT NULL,
  run_id       TEXT NOT NULL,
  recent       TEXT NOT NULL,
  last_text    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Who works on a conversation (owner, lease), until when, or when it is to be looked at next (due_at, with no owner).
-- gen counts the commits that brought messages; taken_gen is the one that gave the lease away.
CREATE TABLE wake (
  conv      TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL,
  due_at    INTEGER NOT NULL,
  owner     TEXT NOT NULL,
  lease     INTEGER NOT NULL,
  gen       INTEGER NOT NULL,
  taken_gen INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX wake_due ON wake (due_at);
CREATE INDEX wake_tenant_due ON wake (tenant_id, due_at);
