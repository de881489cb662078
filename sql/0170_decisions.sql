-- The lottery's seed is drawn while a round takes proposals; its digest is published then, the seed with the round.
CREATE TABLE decision_lotteries (
  round         TEXT NOT NULL PRIMARY KEY,
  seed          TEXT NOT NULL,
  commitment    TEXT NOT NULL,
  committed_us  BIGINT NOT NULL,
  after_cut_off SMALLINT NOT NULL
);

-- Who applied, as it stood when the round was ranked: for groups, letters, the register and indicators.
CREATE TABLE decision_applicants (
  proposal          TEXT NOT NULL PRIMARY KEY,
  round             TEXT NOT NULL,
  project           TEXT NOT NULL,
  title             TEXT NOT NULL,
  organisation      TEXT NOT NULL,
  organisation_name TEXT NOT NULL,
  kind              TEXT NOT NULL,
  country           TEXT NOT NULL,
  confidential      SMALLINT NOT NULL
);
CREATE INDEX decision_applicants_round ON decision_applicants (round);

CREATE TABLE decision_rankings (
  id             {identity},
  round          TEXT NOT NULL,
  version        BIGINT NOT NULL CHECK (version > 0),
  rules_version  BIGINT NOT NULL,
  input          TEXT NOT NULL,
  ranking        TEXT NOT NULL,
  input_sha256   TEXT NOT NULL,
  ranking_sha256 TEXT NOT NULL,
  made_by        TEXT NOT NULL,
  made_us        BIGINT NOT NULL,
  UNIQUE (round, version)
);

CREATE TABLE round_decisions (
  id              {identity},
  round           TEXT NOT NULL,
  version         BIGINT NOT NULL CHECK (version > 0),
  state           TEXT NOT NULL CHECK (state IN ('draft', 'publishing', 'published')),
  ranking_version BIGINT NOT NULL,
  request         TEXT NOT NULL,
  input           TEXT NOT NULL,
  outcome         TEXT NOT NULL,
  input_sha256    TEXT NOT NULL,
  outcome_sha256  TEXT NOT NULL,
  made_by         TEXT NOT NULL,
  made_us         BIGINT NOT NULL,
  forced_reason   TEXT,
  published_by    TEXT,
  UNIQUE (round, version)
);
-- Whatever two officers do at once: one decision of a round is told.
CREATE UNIQUE INDEX round_decisions_told ON round_decisions (round) WHERE state <> 'draft';

CREATE TABLE decision_changes (
  id             {identity},
  public_id      TEXT NOT NULL UNIQUE,
  round          TEXT NOT NULL,
  proposal       TEXT NOT NULL,
  kind           TEXT NOT NULL CHECK (kind IN ('exclude', 'limit')),
  partition_name TEXT NOT NULL,
  units          BIGINT CHECK (units > 0),
  reason         TEXT NOT NULL,
  made_by        TEXT NOT NULL,
  made_us        BIGINT NOT NULL,
  undone_us      BIGINT
);
CREATE UNIQUE INDEX decision_changes_active ON decision_changes (proposal, kind, partition_name) WHERE undone_us IS NULL;
CREATE INDEX decision_changes_round ON decision_changes (round);

-- What a proposal is told, one row each time; made when a publication begins or the reserve is served.
CREATE TABLE proposal_decisions (
  id               {identity},
  decision_id      BIGINT NOT NULL REFERENCES round_decisions (id),
  round            TEXT NOT NULL,
  proposal         TEXT NOT NULL,
  project          TEXT NOT NULL,
  cause            TEXT NOT NULL CHECK (cause IN ('round', 'reserve', 'late', 'reserve_closed')),
  outcome          TEXT NOT NULL CHECK (outcome IN ('awarded', 'reserve', 'rejected')),
  rank             BIGINT NOT NULL,
  score_millionths BIGINT NOT NULL,
  partition_name   TEXT,
  amount_units     BIGINT NOT NULL CHECK (amount_units >= 0),
  reason           TEXT NOT NULL,
  state            TEXT NOT NULL CHECK (state IN ('held', 'released', 'skipped', 'stuck')),
  note             TEXT NOT NULL,
  released_us      BIGINT,
  CHECK ((outcome = 'awarded') = (partition_name IS NOT NULL))
);
CREATE INDEX proposal_decisions_told ON proposal_decisions (decision_id, state);
CREATE INDEX proposal_decisions_held ON proposal_decisions (decision_id, id) WHERE state = 'held';
CREATE INDEX proposal_decisions_proposal ON proposal_decisions (proposal, id);
CREATE UNIQUE INDEX proposal_decisions_once ON proposal_decisions (decision_id, proposal) WHERE cause = 'round';

CREATE TABLE decision_letters (
  id       {identity},
  proposal TEXT NOT NULL,
  number   BIGINT NOT NULL CHECK (number > 0),
  outcome  TEXT NOT NULL,
  made_us  BIGINT NOT NULL,
  text     TEXT NOT NULL,
  html     TEXT NOT NULL,
  sha256   TEXT NOT NULL,
  UNIQUE (proposal, number)
);

CREATE TABLE decision_minutes (
  round       TEXT NOT NULL PRIMARY KEY,
  made_us     BIGINT NOT NULL,
  html        TEXT NOT NULL,
  json        TEXT NOT NULL,
  html_sha256 TEXT NOT NULL,
  json_sha256 TEXT NOT NULL
);

-- One against each letter.
CREATE TABLE decision_appeals (
  id        {identity},
  public_id TEXT NOT NULL UNIQUE,
  proposal  TEXT NOT NULL,
  letter    BIGINT NOT NULL,
  state     TEXT NOT NULL CHECK (state IN ('filed', 'upheld', 'dismissed')),
  grounds   TEXT NOT NULL,
  filed_by  TEXT NOT NULL,
  filed_us  BIGINT NOT NULL,
  ruling    TEXT NOT NULL DEFAULT '',
  ruled_by  TEXT,
  ruled_us  BIGINT,
  UNIQUE (proposal, letter)
);
