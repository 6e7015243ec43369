-- +goose Up
CREATE TABLE run (
  id          TEXT PRIMARY KEY,
  tenant_id   TEXT NOT NULL,
  conv        TEXT NOT NULL,
  workflow_id TEXT NOT NULL,
  revision    INTEGER NOT NULL,
  inbound_id  TEXT NOT NULL,
  state       TEXT NOT NULL,
  reason      TEXT NOT NULL,
  step        INTEGER NOT NULL,
  sent        INTEGER NOT NULL,
  effects     INTEGER NOT NULL,
  advances    INTEGER NOT NULL,
  pending     TEXT,
  rank        INTEGER NOT NULL,
  started_at  INTEGER NOT NULL,
  updated_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX run_open ON run (tenant_id, workflow_id) WHERE state IN ('running', 'waiting');

-- One row for each commit of a run: the steps that it took, for the message that made it take them.
CREATE TABLE run_event (
  run_id     TEXT NOT NULL,
  ver        INTEGER NOT NULL,
  n          INTEGER NOT NULL,
  tenant_id  TEXT NOT NULL,
  inbound_id TEXT NOT NULL,
  steps      TEXT NOT NULL,
  PRIMARY KEY (run_id, ver, n)
) STRICT, WITHOUT ROWID;

-- What became of a message. The steps of the run that won are in run_event, not in the trace.
CREATE TABLE outcome (
  inbound_id        TEXT PRIMARY KEY,
  tenant_id         TEXT NOT NULL,
  outcome           TEXT NOT NULL,
  workflow_id       TEXT NOT NULL,
  workflow_name     TEXT NOT NULL,
  workflow_revision INTEGER NOT NULL,
  run_id            TEXT NOT NULL,
  trace             TEXT NOT NULL
) STRICT;

-- What is to be sent, committed before it is sent. ver and n: the commit that asked for it, and its place there.
CREATE TABLE outbound (
  id         TEXT PRIMARY KEY,
  tenant_id  TEXT NOT NULL,
  conv       TEXT NOT NULL,
  connection TEXT NOT NULL,
  inbound_id TEXT NOT NULL,
  run_id     TEXT NOT NULL,
  step_id    TEXT NOT NULL,
  sender     TEXT NOT NULL,
  recipient  TEXT NOT NULL,
  body       TEXT NOT NULL,
  segments   INTEGER NOT NULL,
  encoding   TEXT NOT NULL,
  state      TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  ver        INTEGER NOT NULL,
  n          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX outbound_inbound ON outbound (inbound_id);
