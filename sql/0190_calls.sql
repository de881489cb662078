-- An officer's word that a check of a proposal passes although the program says otherwise; for the fact it had then.
CREATE TABLE proposal_overrides (
  id          {identity},
  public_id   TEXT NOT NULL UNIQUE,
  proposal_id BIGINT NOT NULL REFERENCES proposals (id),
  rule        TEXT NOT NULL,
  fact        TEXT NOT NULL,
  compared    TEXT NOT NULL,
  reason      TEXT NOT NULL,
  made_by     TEXT NOT NULL,
  made_as     TEXT NOT NULL,
  made_us     BIGINT NOT NULL,
  ended_by    TEXT,
  ended_us    BIGINT,
  end_reason  TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX proposal_overrides_one ON proposal_overrides (proposal_id, rule) WHERE ended_us IS NULL;
