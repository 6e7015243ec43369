-- +goose Up
CREATE TABLE run (
  id          text COLLATE "C" PRIMARY KEY,
  tenant_id   text COLLATE "C" NOT NULL,
  conv        text COLLATE "C" NOT NULL,
  workflow_id text COLLATE "C" NOT NULL,
  revision    bigint NOT NULL,
  inbound_id  text COLLATE "C" NOT NULL,
  state       text NOT NULL,
  reason      text NOT NULL,
  step        integer NOT NULL,
  sent        integer NOT NULL,
  effects     integer NOT NULL,
  advances    integer NOT NULL,
  pending     json,
  rank        integer NOT NULL,
  started_at  timestamptz NOT NULL,
  updated_at  timestamptz NOT NULL
);
CREATE INDEX run_open ON run (tenant_id, workflow_id) WHERE state IN ('running', 'waiting');

-- One row for each commit of a run: the steps that it took, for the message that made it take them.
CREATE TABLE run_event (
  run_id     text COLLATE "C" NOT NULL,
  ver        bigint NOT NULL,
  n          integer NOT NULL,
  tenant_id  text COLLATE "C" NOT NULL,
  inbound_id text COLLATE "C" NOT NULL,
  steps      json NOT NULL,
  PRIMARY KEY (run_id, ver, n)
);

-- What became of a message. The steps of the run that won are in run_event, not in the trace.
CREATE TABLE outcome (
  inbound_id        text COLLATE "C" PRIMARY KEY,
  tenant_id         text COLLATE "C" NOT NULL,
  outcome           text NOT NULL,
  workflow_id       text NOT NULL,
  workflow_name     text NOT NULL,
  workflow_revision bigint NOT NULL,
  run_id            text COLLATE "C" NOT NULL,
  trace             json NOT NULL
);

-- What is to be sent, committed before it is sent. ver and n: the commit that asked for it, and its place there.
CREATE TABLE outbound (
  id         text COLLATE "C" PRIMARY KEY,
  tenant_id  text COLLATE "C" NOT NULL,
  conv       text COLLATE "C" NOT NULL,
  connection text NOT NULL,
  inbound_id text COLLATE "C" NOT NULL,
  run_id     text NOT NULL,
  step_id    text NOT NULL,
  sender     text NOT NULL,
  recipient  text NOT NULL,
  body       text NOT NULL,
  segments   integer NOT NULL,
  encoding   text NOT NULL,
  state      text NOT NULL,
  created_at timestamptz NOT NULL,
  ver        bigint NOT NULL,
  n          integer NOT NULL
);
CREATE INDEX outbound_inbound ON outbound (inbound_id);
