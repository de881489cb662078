-- When somebody's account was erased. The row stays: statements and records name its public id and nothing else.
ALTER TABLE people ADD COLUMN erased_us BIGINT;
