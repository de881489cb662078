-- Calls that are decided by review; 0150 has their tables.
ALTER TABLE calls DROP CONSTRAINT calls_kind_check;
ALTER TABLE calls ADD CONSTRAINT calls_kind_check CHECK (kind IN ('first_come', 'reviewed'));
ALTER TABLE proposals DROP CONSTRAINT proposals_state_check;
ALTER TABLE proposals ADD CONSTRAINT proposals_state_check CHECK (state IN ('draft', 'incomplete', 'waiting', 'submitted',
  'evaluating', 'offered', 'reserve', 'awarded', 'declined', 'rejected', 'withdrawn'));
