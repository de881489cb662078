-- Promised answers that did not come in time: said once each.
CREATE TABLE decision_overdue (
  proposal   TEXT NOT NULL PRIMARY KEY,
  due_us     BIGINT NOT NULL,
  alarmed_us BIGINT NOT NULL
);
