-- What people are told of what was recorded, and what was handed to mail servers and web hooks. People, projects and
-- organisations by public id.

-- One row. position: the next place of the log to be read; nothing that happened before begins_us is told. mail_failing_us:
-- since when no mail could be handed over.
CREATE TABLE notice_state (
  id              BIGINT PRIMARY KEY CHECK (id = 1),
  position        BIGINT NOT NULL,
  begins_us       BIGINT NOT NULL,
  mail_failing_us BIGINT,
  mail_trouble    TEXT NOT NULL DEFAULT ''
);

-- How far the ends of terms were looked at: everything due up to (due_us, last) was told.
CREATE TABLE notice_scans (
  name   TEXT PRIMARY KEY,
  due_us BIGINT NOT NULL,
  last   TEXT NOT NULL
);

-- One for what happened, to one person. digest_us: it waits for the digest of that moment.
CREATE TABLE notices (
  id         {identity},
  public_id  TEXT NOT NULL UNIQUE,
  cause      TEXT NOT NULL,
  kind       TEXT NOT NULL,
  person     TEXT NOT NULL,
  project    TEXT NOT NULL,
  subject    TEXT NOT NULL,
  text       TEXT NOT NULL,
  path       TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  read_us    BIGINT,
  digest_us  BIGINT,
  UNIQUE (cause, kind, person)
);
CREATE INDEX notices_person ON notices (person, id);
CREATE INDEX notices_unread ON notices (person) WHERE read_us IS NULL;
CREATE INDEX notices_digest ON notices (digest_us, person) WHERE digest_us IS NOT NULL;
CREATE INDEX notices_created ON notices (created_us);

-- What a person wants to hear how. rules: kind to how, JSON; muted: projects whose mail is switched off, JSON.
CREATE TABLE notice_preferences (
  person      TEXT PRIMARY KEY,
  zone        TEXT NOT NULL,
  digest_hour BIGINT NOT NULL CHECK (digest_hour BETWEEN 0 AND 23),
  rules       TEXT NOT NULL,
  muted       TEXT NOT NULL,
  saved_us    BIGINT NOT NULL
);

-- scope: '' for the factory, else an organisation. The secret is not here: it is made of the factory's key and
-- secret_version. failing_us: since when nothing was accepted; until next_us it is left alone.
CREATE TABLE notice_hooks (
  id             {identity},
  public_id      TEXT NOT NULL UNIQUE,
  scope          TEXT NOT NULL,
  url            TEXT NOT NULL,
  kinds          TEXT NOT NULL,
  state          TEXT NOT NULL CHECK (state IN ('active', 'disabled', 'removed')),
  secret_version BIGINT NOT NULL DEFAULT 1,
  rotated_us     BIGINT,
  made_by        TEXT NOT NULL,
  created_us     BIGINT NOT NULL,
  failures       BIGINT NOT NULL DEFAULT 0,
  failing_us     BIGINT,
  next_us        BIGINT NOT NULL DEFAULT 0,
  trouble        TEXT NOT NULL DEFAULT ''
);
CREATE INDEX notice_hooks_scope ON notice_hooks (scope) WHERE state = 'active';

-- One for what is to be handed over. once: what it must not be made for a second time. sending: an attempt has begun and
-- cannot have been accepted yet; ending: it may have been. sealed: a secret to put into the text, gone once it ended.
CREATE TABLE notice_deliveries (
  id         {identity},
  public_id  TEXT NOT NULL UNIQUE,
  once       TEXT NOT NULL UNIQUE,
  channel    TEXT NOT NULL CHECK (channel IN ('mail', 'hook')),
  kind       TEXT NOT NULL,
  person     TEXT,
  address    TEXT NOT NULL DEFAULT '',
  hook_id    BIGINT REFERENCES notice_hooks (id),
  subject    TEXT NOT NULL DEFAULT '',
  body       TEXT NOT NULL,
  path       TEXT NOT NULL DEFAULT '',
  sealed     {bytes},
  state      TEXT NOT NULL CHECK (state IN ('pending', 'sending', 'ending', 'sent', 'failed', 'given_up', 'uncertain')),
  attempts   BIGINT NOT NULL DEFAULT 0,
  due_us     BIGINT NOT NULL,
  created_us BIGINT NOT NULL,
  ended_us   BIGINT,
  answer     TEXT NOT NULL DEFAULT '',
  CHECK ((channel = 'hook') = (hook_id IS NOT NULL))
);
CREATE INDEX notice_deliveries_due ON notice_deliveries (channel, due_us, id) WHERE state IN ('pending', 'failed');
CREATE INDEX notice_deliveries_under_way ON notice_deliveries (channel) WHERE state IN ('sending', 'ending');
CREATE INDEX notice_deliveries_state ON notice_deliveries (state, id);
CREATE INDEX notice_deliveries_ended ON notice_deliveries (ended_us) WHERE ended_us IS NOT NULL;
CREATE INDEX notice_deliveries_hook ON notice_deliveries (hook_id, due_us, id) WHERE state IN ('pending', 'failed');

-- Of calls/: what is being done, by its end.
CREATE INDEX proposal_steps_term ON proposal_steps (kind, due_us) WHERE state = 'active';
CREATE INDEX proposal_steps_late ON proposal_steps (due_us) WHERE state = 'active';
CREATE INDEX review_rounds_due ON review_rounds (due_us) WHERE due_us IS NOT NULL;
