-- Retention. A message's key has to be known for longer than the message itself, and the unique index on message.msg_key
-- stays the one place where a repeated delivery is found: a message that is removed leaves its row behind, emptied
-- (swept), until its key is removed too. A table of its own for the keys would cost every message a second row; one that
-- is filled only by the sweep would cost every message a second lookup.

-- +goose Up
ALTER TABLE message ADD COLUMN swept INTEGER NOT NULL DEFAULT 0;

-- How far each sweep has come, by message.seq. Messages come in by seq, so that no index on their time is needed.
CREATE TABLE sweep (
  name TEXT PRIMARY KEY,
  seq  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO sweep (name, seq) VALUES ('messages', 0), ('left', 0), ('keys', 0);

-- Old messages that could not be removed when they were looked at: not handled, or something is still to be sent.
CREATE TABLE unswept (seq INTEGER PRIMARY KEY) STRICT;

CREATE INDEX run_inbound ON run (inbound_id);
