-- Promised answers that did not come in time: said once each.
CREATE TABLE decision_overdue (
  proposal   TEXT NOT NULL PRIMARY KEY,
  due_us     BIGINT NOT NULL,
  alarmed_us BIGINT NOT NULL
);

-- The figures a letter tells, as they were when the publication began.
ALTER TABLE proposal_decisions ADD COLUMN criteria TEXT NOT NULL DEFAULT '{"criteria":[]}';
