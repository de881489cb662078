-- What was recorded. body and salt can be erased (a person's right); the commitment, and with it the chain and the log, stays.
CREATE TABLE journal_chains (
  chain      TEXT PRIMARY KEY,
  number     BIGINT NOT NULL,
  commitment TEXT NOT NULL
);

CREATE TABLE journal_statements (
  id          {identity},
  public_id   TEXT NOT NULL UNIQUE,
  chain       TEXT NOT NULL,
  number      BIGINT NOT NULL CHECK (number > 0),
  kind        TEXT NOT NULL,
  body        TEXT,
  salt        {bytes},
  commitment  TEXT NOT NULL UNIQUE,
  recorded_us BIGINT NOT NULL,
  log_index   BIGINT UNIQUE CHECK (log_index >= 0),
  erased_us   BIGINT,
  UNIQUE (chain, number)
);
CREATE INDEX journal_unsequenced ON journal_statements (id) WHERE log_index IS NULL;

-- One row. assigned: indexes given to statements; signed_size: covered by signed_checkpoint, which witnesses are asked to
-- cosign; published_size: covered by published_checkpoint, which the world sees. published <= signed <= assigned.
CREATE TABLE journal_log (
  id                   BIGINT PRIMARY KEY CHECK (id = 1),
  origin               TEXT NOT NULL,
  assigned             BIGINT NOT NULL,
  signed_size          BIGINT NOT NULL,
  signed_checkpoint    TEXT NOT NULL,
  published_size       BIGINT NOT NULL,
  published_checkpoint TEXT NOT NULL,
  CHECK (published_size <= signed_size AND signed_size <= assigned)
);
