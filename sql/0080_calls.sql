CREATE TABLE calls (
  id                  {identity},
  public_id           TEXT NOT NULL UNIQUE,
  title               TEXT NOT NULL,
  kind                TEXT NOT NULL CHECK (kind IN ('first_come')),
  state               TEXT NOT NULL CHECK (state IN ('draft', 'published', 'closed')),
  rules               TEXT NOT NULL,
  opens_us            BIGINT NOT NULL,
  closes_us           BIGINT CHECK (closes_us > opens_us),
  demo                SMALLINT NOT NULL,
  created_us          BIGINT NOT NULL
);

-- A first-come call has one round, from opening to closing.
CREATE TABLE rounds (
  id        {identity},
  public_id TEXT NOT NULL UNIQUE,
  call_id   BIGINT NOT NULL REFERENCES calls (id),
  opens_us  BIGINT NOT NULL,
  closes_us BIGINT
);
CREATE INDEX rounds_call ON rounds (call_id);

CREATE TABLE offers (
  id             {identity},
  public_id      TEXT NOT NULL UNIQUE,
  round_id       BIGINT NOT NULL REFERENCES rounds (id),
  partition_name TEXT NOT NULL,
  unit           TEXT NOT NULL,
  min_units      BIGINT NOT NULL CHECK (min_units > 0),
  max_units      BIGINT NOT NULL CHECK (max_units >= min_units),
  capacity_units BIGINT NOT NULL CHECK (capacity_units >= 0),
  version        BIGINT NOT NULL DEFAULT 1,
  is_open        SMALLINT NOT NULL DEFAULT 1,
  UNIQUE (round_id, partition_name)
);

CREATE TABLE proposals (
  id              {identity},
  public_id       TEXT NOT NULL UNIQUE,
  project         TEXT NOT NULL,
  call_id         BIGINT NOT NULL REFERENCES calls (id),
  offer_id        BIGINT NOT NULL REFERENCES offers (id),
  amount_units    BIGINT NOT NULL CHECK (amount_units > 0),
  duration_days   BIGINT NOT NULL CHECK (duration_days > 0),
  answers         TEXT NOT NULL,
  checks          TEXT NOT NULL DEFAULT '[]',
  state           TEXT NOT NULL CHECK (state IN ('draft', 'incomplete', 'waiting', 'awarded', 'rejected', 'withdrawn')),
  arrival         BIGINT UNIQUE,
  submitted_us    BIGINT,
  decided_us      BIGINT,
  decision_reason TEXT NOT NULL DEFAULT '',
  created_us      BIGINT NOT NULL
);
CREATE INDEX proposals_project ON proposals (project);
CREATE INDEX proposals_line ON proposals (offer_id, arrival) WHERE state = 'waiting';

CREATE TABLE awards (
  id           {identity},
  public_id    TEXT NOT NULL UNIQUE,
  proposal_id  BIGINT NOT NULL UNIQUE REFERENCES proposals (id),
  project      TEXT NOT NULL,
  offer_id     BIGINT NOT NULL REFERENCES offers (id),
  amount_units BIGINT NOT NULL CHECK (amount_units > 0),
  account_id   BIGINT NOT NULL,
  starts_us    BIGINT NOT NULL,
  ends_us      BIGINT NOT NULL CHECK (ends_us > starts_us)
);
CREATE INDEX awards_project ON awards (project);
