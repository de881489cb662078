-- A call's rules as they stood: a proposal is judged by the version it was written under.
CREATE TABLE call_versions (
  call_id BIGINT NOT NULL REFERENCES calls (id),
  version BIGINT NOT NULL CHECK (version > 0),
  rules   TEXT NOT NULL,
  made_by TEXT NOT NULL,
  made_us BIGINT NOT NULL,
  PRIMARY KEY (call_id, version)
);
INSERT INTO call_versions (call_id, version, rules, made_by, made_us)
  SELECT id, 1, rules, 'migration', created_us FROM calls;
ALTER TABLE calls ADD COLUMN version BIGINT NOT NULL DEFAULT 1;

-- intake takes proposals between opens_us and closes_us; the others follow the cut-off.
ALTER TABLE rounds ADD COLUMN number BIGINT NOT NULL DEFAULT 1;
ALTER TABLE rounds ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE rounds ADD COLUMN state TEXT NOT NULL DEFAULT 'intake' CHECK (state IN ('intake', 'evaluating', 'decided', 'published'));
ALTER TABLE rounds ADD COLUMN answer_due_us BIGINT;
CREATE UNIQUE INDEX rounds_number ON rounds (call_id, number);
CREATE INDEX rounds_cutoff ON rounds (closes_us) WHERE state = 'intake';

ALTER TABLE proposals ADD COLUMN round_id BIGINT REFERENCES rounds (id);
UPDATE proposals SET round_id = (SELECT round_id FROM offers WHERE offers.id = proposals.offer_id);
ALTER TABLE proposals ADD COLUMN call_version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE proposals ADD COLUMN form_answers TEXT;
CREATE INDEX proposals_round ON proposals (round_id, state);

-- The steps of the evaluation, fixed at the cut-off; at most one is being done.
CREATE TABLE proposal_steps (
  proposal_id BIGINT NOT NULL REFERENCES proposals (id),
  position    BIGINT NOT NULL,
  kind        TEXT NOT NULL CHECK (kind IN ('administrative', 'technical', 'expert', 'panel', 'decision', 'response')),
  state       TEXT NOT NULL CHECK (state IN ('pending', 'active', 'passed', 'failed')),
  due_us      BIGINT,
  alarmed_us  BIGINT,
  reason      TEXT NOT NULL DEFAULT '',
  decided_by  TEXT,
  decided_us  BIGINT,
  PRIMARY KEY (proposal_id, position)
);
CREATE UNIQUE INDEX proposal_steps_active ON proposal_steps (proposal_id) WHERE state = 'active';
CREATE INDEX proposal_steps_due ON proposal_steps (due_us) WHERE state = 'active' AND alarmed_us IS NULL;
