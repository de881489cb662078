-- A role held by one person, given to another for [from_us, until_us). It holds while the giver holds it.
CREATE TABLE delegations (
  id          {identity},
  public_id   TEXT NOT NULL UNIQUE,
  giver_id    BIGINT NOT NULL REFERENCES people (id),
  receiver_id BIGINT NOT NULL REFERENCES people (id),
  role        TEXT NOT NULL,
  scope       TEXT NOT NULL,
  from_us     BIGINT NOT NULL,
  until_us    BIGINT NOT NULL CHECK (until_us > from_us),
  reason      TEXT NOT NULL,
  made_us     BIGINT NOT NULL,
  ended_us    BIGINT,
  CHECK (giver_id <> receiver_id)
);
CREATE INDEX delegations_receiver ON delegations (receiver_id) WHERE ended_us IS NULL;
CREATE INDEX delegations_giver ON delegations (giver_id);

-- What an organisation says of its group for a year. Never changed: said anew, the newest of a year counts.
CREATE TABLE organisation_figures (
  id              {identity},
  public_id       TEXT NOT NULL UNIQUE,
  organisation_id BIGINT NOT NULL REFERENCES organisations (id),
  year            BIGINT NOT NULL,
  group_facts     TEXT NOT NULL,
  document_name   TEXT,
  document_sha256 TEXT,
  state           TEXT NOT NULL CHECK (state IN ('declared', 'checked', 'refused')),
  reason          TEXT NOT NULL DEFAULT '',
  declared_by     TEXT NOT NULL,
  declared_us     BIGINT NOT NULL,
  checked_by      TEXT,
  checked_us      BIGINT
);
CREATE INDEX organisation_figures_of ON organisation_figures (organisation_id, year, id);

-- All aid an organisation's group says it received; the newest list counts. No list: not said, never "none".
CREATE TABLE organisation_aid (
  id              {identity},
  public_id       TEXT NOT NULL UNIQUE,
  organisation_id BIGINT NOT NULL REFERENCES organisations (id),
  received        TEXT NOT NULL,
  declared_by     TEXT NOT NULL,
  declared_us     BIGINT NOT NULL
);
CREATE INDEX organisation_aid_of ON organisation_aid (organisation_id, id);
