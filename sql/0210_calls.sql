-- A round's proposals page by page, in the order they were made.
CREATE INDEX proposals_round_order ON proposals (round_id, id);
