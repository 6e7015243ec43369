-- +goose Up
CREATE TABLE gateway_connection (
  tenant_id     text COLLATE "C" NOT NULL REFERENCES tenant (id),
  id            text COLLATE "C" NOT NULL,
  name          text NOT NULL,
  delivery      text NOT NULL,
  url           text NOT NULL,
  sealed_secret bytea,
  dedupes       boolean NOT NULL,
  created_at    timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);

ALTER TABLE convo
  ADD COLUMN handed_off_at  timestamptz,
  ADD COLUMN stop_confirmed boolean NOT NULL DEFAULT false;

-- shared: a message of the conversation was accepted by another process than the one that has the lease, so somebody
-- may wait elsewhere for what becomes of it.
ALTER TABLE wake ADD COLUMN shared boolean NOT NULL DEFAULT false;

-- The state, the attempts and the doubt of a message that is in outgoing are told there. None of these columns is in an
-- index, so that the one update that most messages get touches none where the row's own page has room for it.
ALTER TABLE outbound
  ADD COLUMN consent    boolean NOT NULL DEFAULT false,
  ADD COLUMN attempts   integer NOT NULL DEFAULT 0,
  ADD COLUMN reason     text NOT NULL DEFAULT '',
  ADD COLUMN gateway_id text NOT NULL DEFAULT '',
  ADD COLUMN doubt      boolean NOT NULL DEFAULT false,
  ADD COLUMN updated_at timestamptz;
ALTER TABLE outbound SET (fillfactor = 80);

-- What is still to be sent: pending until due_at, or sending by its owner until then. It is a table of its own, because
-- a queue is read from its oldest end: among millions of messages that are done the dead entries there would be walked
-- over until a vacuum of all of them; here a vacuum takes milliseconds. ver and n: the order within a conversation.
CREATE TABLE outgoing (
  id         text COLLATE "C" PRIMARY KEY,
  tenant_id  text COLLATE "C" NOT NULL,
  conv       text COLLATE "C" NOT NULL,
  ver        bigint NOT NULL,
  n          integer NOT NULL,
  connection text COLLATE "C" NOT NULL,
  consent    boolean NOT NULL,
  state      text COLLATE "C" NOT NULL CHECK (state IN ('pending', 'sending')),
  due_at     timestamptz NOT NULL,
  owner      text NOT NULL,
  attempts   integer NOT NULL,
  doubt      boolean NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 2000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX outgoing_due ON outgoing (state, tenant_id, connection, due_at);
CREATE INDEX outgoing_conv ON outgoing (conv, ver, n);

-- The messages that are failed, unknown or undelivered.
CREATE TABLE dead_letter (
  id         text COLLATE "C" PRIMARY KEY,
  tenant_id  text COLLATE "C" NOT NULL,
  created_at timestamptz NOT NULL
);
CREATE INDEX dead_letter_tenant ON dead_letter (tenant_id, created_at, id);
