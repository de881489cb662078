-- Chance against collusion: the seed of a round's assignments is drawn while the round takes proposals; its digest is
-- published then, the seed with the round. rule is what the statement said.
CREATE TABLE review_draws (
  round         TEXT NOT NULL PRIMARY KEY,
  rule          TEXT NOT NULL,
  seed          TEXT NOT NULL,
  commitment    TEXT NOT NULL,
  committed_us  BIGINT NOT NULL,
  after_cut_off SMALLINT NOT NULL
);
ALTER TABLE review_settings ADD COLUMN randomised SMALLINT NOT NULL DEFAULT 0;
CREATE INDEX review_settings_randomised ON review_settings (call) WHERE randomised = 1;

-- What a reviewer would like to review in a round, all of it at once. saves counts, so that what was made of them is
-- known to be old.
CREATE TABLE reviewer_bids (
  round    TEXT NOT NULL,
  reviewer TEXT NOT NULL,
  bids     TEXT NOT NULL,
  saves    BIGINT NOT NULL DEFAULT 1,
  saved_us BIGINT NOT NULL,
  PRIMARY KEY (round, reviewer)
);
ALTER TABLE reviewer_profiles ADD COLUMN saves BIGINT NOT NULL DEFAULT 1;

-- Who decides the step `panel` of a round's proposals: one chair, deputies for what the chair may not decide, members
-- who read.
CREATE TABLE review_panels (
  round        TEXT NOT NULL,
  person       TEXT NOT NULL,
  role         TEXT NOT NULL CHECK (role IN ('chair', 'deputy', 'member')),
  appointed_us BIGINT NOT NULL,
  PRIMARY KEY (round, person)
);
CREATE UNIQUE INDEX review_panels_chair ON review_panels (round) WHERE role = 'chair';
CREATE INDEX review_panels_person ON review_panels (person);
