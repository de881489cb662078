-- Double entry. A balance is the sum of what came in minus what went out; fabrica doctor recomputes it.
CREATE TABLE budget_accounts (
  id            {identity},
  public_id     TEXT NOT NULL UNIQUE,
  owner         TEXT NOT NULL,
  kind          TEXT NOT NULL CHECK (kind IN ('source', 'capacity', 'award', 'consumed', 'expired', 'overrun')),
  unit          TEXT NOT NULL CHECK (unit IN ('gpu_hour', 'node_hour', 'core_hour', 'euro_cent')),
  balance_micro BIGINT NOT NULL DEFAULT 0,
  held_micro    BIGINT NOT NULL DEFAULT 0 CHECK (held_micro >= 0),
  created_us    BIGINT NOT NULL,
  UNIQUE (owner, kind, unit),
  CHECK (kind IN ('source', 'overrun') OR held_micro <= balance_micro)
);

CREATE TABLE budget_holds (
  id           {identity},
  public_id    TEXT NOT NULL UNIQUE,
  client_id    TEXT NOT NULL UNIQUE,
  account_id   BIGINT NOT NULL REFERENCES budget_accounts (id),
  amount_micro BIGINT NOT NULL CHECK (amount_micro > 0),
  posted_micro BIGINT NOT NULL DEFAULT 0 CHECK (posted_micro >= 0 AND posted_micro <= amount_micro),
  used_micro   BIGINT CHECK (used_micro >= 0),
  state        TEXT NOT NULL CHECK (state IN ('held', 'posted', 'voided', 'expired')),
  expires_us   BIGINT NOT NULL,
  reference    TEXT NOT NULL,
  created_us   BIGINT NOT NULL,
  closed_us    BIGINT
);
CREATE INDEX budget_holds_open ON budget_holds (expires_us) WHERE state = 'held';
CREATE INDEX budget_holds_account ON budget_holds (account_id);

CREATE TABLE budget_transfers (
  id           {identity},
  public_id    TEXT NOT NULL UNIQUE,
  client_id    TEXT NOT NULL UNIQUE,
  from_id      BIGINT NOT NULL REFERENCES budget_accounts (id),
  to_id        BIGINT NOT NULL REFERENCES budget_accounts (id),
  amount_micro BIGINT NOT NULL CHECK (amount_micro > 0),
  reason       TEXT NOT NULL,
  reference    TEXT NOT NULL,
  hold_id      BIGINT REFERENCES budget_holds (id),
  at_us        BIGINT NOT NULL,
  CHECK (from_id <> to_id)
);
CREATE INDEX budget_transfers_from ON budget_transfers (from_id, id);
CREATE INDEX budget_transfers_to ON budget_transfers (to_id, id);
