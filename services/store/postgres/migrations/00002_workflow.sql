-- name_key and description_key are case-folded by us, so that what is equal and what is found do not depend on the
-- database's locale.

-- +goose Up
CREATE TABLE assistant (
  tenant_id         text COLLATE "C" NOT NULL REFERENCES tenant (id),
  id                text COLLATE "C" NOT NULL,
  name              text NOT NULL,
  name_key          text COLLATE "C" NOT NULL,
  provider          text NOT NULL,
  model             text NOT NULL,
  base_url          text NOT NULL,
  instructions      text NOT NULL,
  timeout_us        bigint NOT NULL,
  max_output_tokens integer NOT NULL,
  sealed_api_key    bytea,
  version           bigint NOT NULL,
  created_at        timestamptz NOT NULL,
  updated_at        timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name_key)
);

CREATE TABLE workflow (
  tenant_id         text COLLATE "C" NOT NULL REFERENCES tenant (id),
  id                text COLLATE "C" NOT NULL,
  name              text NOT NULL,
  name_key          text COLLATE "C" NOT NULL,
  goal              text NOT NULL,
  description       text NOT NULL,
  description_key   text NOT NULL,
  context           text NOT NULL,
  response_template text NOT NULL,
  assistant_id      text COLLATE "C",
  priority          integer NOT NULL,
  active            boolean NOT NULL,
  interrupts        boolean NOT NULL,
  steps             jsonb NOT NULL,
  revision          bigint NOT NULL,
  version           bigint NOT NULL,
  created_at        timestamptz NOT NULL,
  updated_at        timestamptz NOT NULL,
  updated_by        text NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name_key),
  FOREIGN KEY (tenant_id, assistant_id) REFERENCES assistant (tenant_id, id)
);
CREATE INDEX workflow_assistant ON workflow (tenant_id, assistant_id);

-- Written once. It outlives its workflow, because runs are explained by it.
CREATE TABLE workflow_revision (
  tenant_id         text COLLATE "C" NOT NULL REFERENCES tenant (id),
  workflow_id       text COLLATE "C" NOT NULL,
  number            bigint NOT NULL,
  name              text NOT NULL,
  goal              text NOT NULL,
  context           text NOT NULL,
  response_template text NOT NULL,
  assistant_id      text,
  steps             jsonb NOT NULL,
  created_at        timestamptz NOT NULL,
  created_by        text NOT NULL,
  PRIMARY KEY (tenant_id, workflow_id, number)
);
