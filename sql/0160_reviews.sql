-- Who reviews what. People, calls, rounds and proposals by public id.
CREATE TABLE reviewer_profiles (
  person   TEXT PRIMARY KEY,
  profile  TEXT NOT NULL,
  saved_by TEXT NOT NULL,
  saved_us BIGINT NOT NULL
);

-- How a call reviews; a round keeps the settings it began with.
CREATE TABLE review_settings (
  call     TEXT PRIMARY KEY,
  settings TEXT NOT NULL,
  saved_us BIGINT NOT NULL
);

-- Digests only: who reads this table cannot answer an invitation.
CREATE TABLE reviewer_invitations (
  id           {identity},
  public_id    TEXT NOT NULL UNIQUE,
  call         TEXT NOT NULL,
  person       TEXT,
  email        TEXT NOT NULL,
  token_digest TEXT NOT NULL UNIQUE,
  state        TEXT NOT NULL CHECK (state IN ('open', 'accepted', 'refused', 'expired', 'withdrawn')),
  reason       TEXT NOT NULL DEFAULT '',
  created_us   BIGINT NOT NULL,
  expires_us   BIGINT NOT NULL CHECK (expires_us > created_us),
  answered_us  BIGINT
);
CREATE INDEX reviewer_invitations_call ON reviewer_invitations (call, id);
CREATE INDEX reviewer_invitations_open ON reviewer_invitations (expires_us) WHERE state = 'open';

CREATE TABLE reviewer_pool (
  call      TEXT NOT NULL,
  person    TEXT NOT NULL,
  joined_us BIGINT NOT NULL,
  left_us   BIGINT,
  PRIMARY KEY (call, person)
);
CREATE INDEX reviewer_pool_person ON reviewer_pool (person);

CREATE TABLE review_conflicts (
  id           {identity},
  public_id    TEXT NOT NULL UNIQUE,
  proposal     TEXT NOT NULL,
  reviewer     TEXT NOT NULL,
  kind         TEXT NOT NULL,
  state        TEXT NOT NULL CHECK (state IN ('standing', 'waived', 'gone')),
  evidence     TEXT NOT NULL,
  found_us     BIGINT NOT NULL,
  waived_by    TEXT,
  waived_us    BIGINT,
  waive_reason TEXT NOT NULL DEFAULT '',
  UNIQUE (proposal, reviewer, kind)
);
CREATE INDEX review_conflicts_reviewer ON review_conflicts (reviewer);

-- The assignment of a round: certificate is the solver's input, pairs and prices; sent_us is absent while it is a draft.
CREATE TABLE review_rounds (
  round              TEXT PRIMARY KEY,
  call               TEXT NOT NULL,
  settings           TEXT NOT NULL,
  certificate        TEXT NOT NULL,
  certificate_sha256 TEXT NOT NULL,
  report             TEXT NOT NULL,
  solved_us          BIGINT NOT NULL,
  sent_us            BIGINT,
  due_us             BIGINT
);
CREATE INDEX review_rounds_call ON review_rounds (call);

CREATE TABLE review_assignments (
  id                  {identity},
  public_id           TEXT NOT NULL UNIQUE,
  round               TEXT NOT NULL,
  proposal            TEXT NOT NULL,
  reviewer            TEXT NOT NULL,
  affinity_millionths BIGINT NOT NULL,
  state               TEXT NOT NULL CHECK (state IN ('proposed', 'sent', 'accepted', 'declined', 'withdrawn', 'conflicted', 'removed')),
  reason              TEXT NOT NULL DEFAULT '',
  sent_us             BIGINT,
  answered_us         BIGINT,
  UNIQUE (proposal, reviewer)
);
CREATE INDEX review_assignments_round ON review_assignments (round, id);
CREATE INDEX review_assignments_reviewer ON review_assignments (reviewer, id);

-- content is what the reviewer wrote; a submitted one is never changed. counts: whether the ranking uses it.
CREATE TABLE reviews (
  id            {identity},
  public_id     TEXT NOT NULL UNIQUE,
  assignment_id BIGINT NOT NULL UNIQUE REFERENCES review_assignments (id),
  content       TEXT NOT NULL,
  saved_us      BIGINT NOT NULL,
  submitted_us  BIGINT,
  marked        TEXT NOT NULL DEFAULT '',
  counts        SMALLINT NOT NULL DEFAULT 1,
  counts_reason TEXT NOT NULL DEFAULT ''
);

CREATE TABLE review_consensus (
  proposal TEXT PRIMARY KEY,
  note     TEXT NOT NULL,
  saved_by TEXT NOT NULL,
  saved_us BIGINT NOT NULL
);

-- The applicant may answer the comments once, until due_us.
CREATE TABLE review_rebuttals (
  proposal    TEXT PRIMARY KEY,
  opened_us   BIGINT NOT NULL,
  due_us      BIGINT NOT NULL CHECK (due_us > opened_us),
  answer      TEXT NOT NULL DEFAULT '',
  answered_us BIGINT
);
