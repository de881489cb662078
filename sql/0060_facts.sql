-- The operator's own facts. A row is never changed: it is retracted and another one written, because decisions name digests.
CREATE TABLE facts_rows (
  id           {identity},
  public_id    TEXT NOT NULL UNIQUE,
  kind         TEXT NOT NULL,
  key          TEXT NOT NULL,
  fields       TEXT NOT NULL,
  valid_from   TEXT,
  valid_to     TEXT,
  source       TEXT NOT NULL,
  confidence   TEXT NOT NULL,
  withdrawn    SMALLINT NOT NULL CHECK (withdrawn IN (0, 1)),
  author       TEXT NOT NULL,
  digest       TEXT NOT NULL,
  created_us   BIGINT NOT NULL,
  retracted_us BIGINT,
  retracted_by TEXT
);
CREATE INDEX facts_rows_kind ON facts_rows (kind, key);
