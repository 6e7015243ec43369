-- Retention. A message's key has to be known for longer than the message itself, and the unique index on message.msg_key
-- stays the one place where a repeated delivery is found: a message that is removed leaves its row behind, emptied
-- (swept), until its key is removed too. A table of its own for the keys would cost every message a second row; one that
-- is filled only by the sweep would cost every message a second lookup, and leave a gap: an insert that waits for the
-- deletion of the message with its key goes on when that is committed, and has looked into the other table before.

-- +goose Up
ALTER TABLE message ADD COLUMN swept boolean NOT NULL DEFAULT false;

-- How far each sweep has come, by message.seq. Messages come in by seq, so that no index on their time is needed.
CREATE TABLE sweep (
  name text PRIMARY KEY,
  seq  bigint NOT NULL
);
INSERT INTO sweep (name, seq) VALUES ('messages', 0), ('left', 0), ('keys', 0);

-- Old messages that could not be removed when they were looked at: not handled, or something is still to be sent.
CREATE TABLE unswept (seq bigint PRIMARY KEY);

CREATE INDEX run_inbound ON run (inbound_id);
