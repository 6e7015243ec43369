-- name_key and description_key are case-folded by us, so that what is equal and what is found do not depend on the
-- database's locale.

-- +goose Up
CREATE TABLE assistant (
  tenant_id         TEXT NOT NULL REFERENCES tenant (id),
  id                TEXT NOT NULL,
  name              TEXT NOT NULL,
  name_key          TEXT NOT NULL,
  provider          TEXT NOT NULL,
  model             TEXT NOT NULL,
  base_url          TEXT NOT NULL,
  instructions      TEXT NOT NULL,
  timeout_us        INTEGER NOT NULL,
  max_output_tokens INTEGER NOT NULL,
  sealed_api_key    BLOB,
  version           INTEGER NOT NULL,
  created_at        INTEGER NOT NULL,
  updated_at        INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name_key)
) STRICT;

CREATE TABLE workflow (
  tenant_id         TEXT NOT NULL REFERENCES tenant (id),
  id                TEXT NOT NULL,
  name              TEXT NOT NULL,
  name_key          TEXT NOT NULL,
  goal              TEXT NOT NULL,
  description       TEXT NOT NULL,
  description_key   TEXT NOT NULL,
  context           TEXT NOT NULL,
  response_template TEXT NOT NULL,
  assistant_id      TEXT,
  priority          INTEGER NOT NULL,
  active            INTEGER NOT NULL,
  interrupts        INTEGER NOT NULL,
  steps             TEXT NOT NULL,
  revision          INTEGER NOT NULL,
  version           INTEGER NOT NULL,
  created_at        INTEGER NOT NULL,
  updated_at        INTEGER NOT NULL,
  updated_by        TEXT NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name_key),
  FOREIGN KEY (tenant_id, assistant_id) REFERENCES assistant (tenant_id, id)
) STRICT;
CREATE INDEX workflow_assistant ON workflow (tenant_id, assistant_id);

-- Written once. It outlives its workflow, because runs are explained by it.
CREATE TABLE workflow_revision (
  tenant_id         TEXT NOT NULL REFERENCES tenant (id),
  workflow_id       TEXT NOT NULL,
  number            INTEGER NOT NULL,
  name              TEXT NOT NULL,
  goal              TEXT NOT NULL,
  context           TEXT NOT NULL,
  response_template TEXT NOT NULL,
  assistant_id      TEXT,
  steps             TEXT NOT NULL,
  created_at        INTEGER NOT NULL,
  created_by        TEXT NOT NULL,
  PRIMARY KEY (tenant_id, workflow_id, number)
) STRICT;
