-- What happens to an award after it was decided. Awards, calls, projects and people by public id.

-- An award somebody follows has its terms below.
ALTER TABLE awards ADD COLUMN followed SMALLINT NOT NULL DEFAULT 0;
CREATE INDEX awards_unfollowed ON awards (id) WHERE followed = 0;
CREATE INDEX jobs_award ON jobs (award);

-- What an officer declared for a call's awards; an award keeps the version it was opened with.
CREATE TABLE award_rules (
  call    TEXT NOT NULL,
  version BIGINT NOT NULL CHECK (version > 0),
  rules   TEXT NOT NULL,
  made_by TEXT NOT NULL,
  made_us BIGINT NOT NULL,
  PRIMARY KEY (call, version)
);

-- amount_micro is what the award is worth now; original_micro and base_ends_us are what it was before any request.
-- returned_micro: what ends of periods gave back to the offer. next_us: when time may have something to do here; absent: never again.
CREATE TABLE award_terms (
  award          TEXT PRIMARY KEY,
  project        TEXT NOT NULL,
  rules          TEXT NOT NULL,
  granted_us     BIGINT NOT NULL,
  clock          TEXT NOT NULL CHECK (clock IN ('waiting', 'running', 'ended')),
  clock_cause    TEXT NOT NULL DEFAULT '',
  clock_due_us   BIGINT NOT NULL,
  starts_us      BIGINT NOT NULL,
  ends_us        BIGINT NOT NULL CHECK (ends_us > starts_us),
  base_ends_us   BIGINT NOT NULL,
  original_micro BIGINT NOT NULL CHECK (original_micro > 0),
  amount_micro   BIGINT NOT NULL CHECK (amount_micro >= 0),
  more_micro     BIGINT NOT NULL DEFAULT 0 CHECK (more_micro >= 0),
  returned_micro BIGINT NOT NULL DEFAULT 0 CHECK (returned_micro >= 0),
  extensions     BIGINT NOT NULL DEFAULT 0,
  next_us        BIGINT
);
CREATE INDEX award_terms_next ON award_terms (next_us) WHERE next_us IS NOT NULL;
CREATE INDEX award_terms_project ON award_terms (project);

-- Each period has an account of its own; the first one's is the award's. sweeps numbers the transfers of what was left.
CREATE TABLE award_periods (
  award        TEXT NOT NULL REFERENCES award_terms (award),
  number       BIGINT NOT NULL CHECK (number > 0),
  starts_us    BIGINT NOT NULL,
  ends_us      BIGINT NOT NULL CHECK (ends_us > starts_us),
  amount_micro BIGINT NOT NULL CHECK (amount_micro >= 0),
  account_id   BIGINT NOT NULL,
  state        TEXT NOT NULL CHECK (state IN ('coming', 'current', 'closing', 'closed')),
  sweeps       BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (award, number)
);
CREATE UNIQUE INDEX award_periods_current ON award_periods (award) WHERE state = 'current';

CREATE TABLE award_warnings (
  award      TEXT NOT NULL REFERENCES award_terms (award),
  level      TEXT NOT NULL CHECK (level IN ('behind', 'idle')),
  reason     TEXT NOT NULL,
  raised_us  BIGINT NOT NULL,
  cleared_us BIGINT,
  PRIMARY KEY (award, level)
);
CREATE INDEX award_warnings_active ON award_warnings (raised_us) WHERE cleared_us IS NULL;

CREATE TABLE award_requests (
  id                {identity},
  public_id         TEXT NOT NULL UNIQUE,
  award             TEXT NOT NULL REFERENCES award_terms (award),
  project           TEXT NOT NULL,
  kind              TEXT NOT NULL CHECK (kind IN ('extend_time', 'more_hours', 'transfer_hours', 'give_back')),
  state             TEXT NOT NULL CHECK (state IN ('open', 'granted', 'refused', 'withdrawn')),
  days              BIGINT CHECK (days > 0),
  units             BIGINT CHECK (units > 0),
  to_award          TEXT,
  reason            TEXT NOT NULL,
  checks            TEXT NOT NULL,
  made_by           TEXT NOT NULL,
  made_us           BIGINT NOT NULL,
  granted_days      BIGINT CHECK (granted_days > 0),
  granted_units     BIGINT CHECK (granted_units > 0),
  factor_millionths BIGINT CHECK (factor_millionths > 0),
  answer            TEXT NOT NULL DEFAULT '',
  decided_by        TEXT,
  decided_us        BIGINT,
  letter            TEXT NOT NULL DEFAULT '',
  letter_html       TEXT NOT NULL DEFAULT '',
  letter_sha256     TEXT NOT NULL DEFAULT ''
);
CREATE INDEX award_requests_award ON award_requests (award, id);
CREATE UNIQUE INDEX award_requests_one ON award_requests (award, kind) WHERE state = 'open';

-- document and html are what was sent last, byte by byte; the statement names their digests.
CREATE TABLE award_reports (
  award           TEXT PRIMARY KEY REFERENCES award_terms (award),
  project         TEXT NOT NULL,
  state           TEXT NOT NULL CHECK (state IN ('draft', 'submitted', 'accepted', 'returned')),
  due_us          BIGINT NOT NULL,
  overdue_said_us BIGINT,
  narrative       TEXT NOT NULL DEFAULT '{}',
  version         BIGINT NOT NULL DEFAULT 0,
  document        TEXT NOT NULL DEFAULT '',
  html            TEXT NOT NULL DEFAULT '',
  submitted_by    TEXT,
  submitted_us    BIGINT,
  note            TEXT NOT NULL DEFAULT '',
  answered_by     TEXT,
  answered_us     BIGINT
);

-- Awards of before: one period, and a clock that runs since they were given.
INSERT INTO award_terms (award, project, rules, granted_us, clock, clock_cause, clock_due_us, starts_us, ends_us,
                         base_ends_us, original_micro, amount_micro, next_us)
  SELECT public_id, project, '{}', starts_us, 'running', 'decision', starts_us, starts_us, ends_us, ends_us,
         amount_units * 1000000, amount_units * 1000000, starts_us FROM awards;
INSERT INTO award_periods (award, number, starts_us, ends_us, amount_micro, account_id, state)
  SELECT public_id, 1, starts_us, ends_us, amount_units * 1000000, account_id, 'current' FROM awards;
INSERT INTO award_reports (award, project, state, due_us)
  SELECT public_id, project, 'draft', ends_us + 7776000000000 FROM awards;
UPDATE awards SET followed = 1;
