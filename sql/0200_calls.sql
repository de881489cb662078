-- Definitions of forms under their digest, never changed and never deleted: a version of a call's rules names one.
CREATE TABLE form_texts (
  digest     TEXT PRIMARY KEY,
  form_key   TEXT NOT NULL,
  definition TEXT NOT NULL,
  kept_us    BIGINT NOT NULL
);

-- The operator's own layer: stands before what is shipped under the same key. shipped_digest is what it was made from.
CREATE TABLE own_forms (
  form_key       TEXT PRIMARY KEY,
  digest         TEXT NOT NULL REFERENCES form_texts (digest),
  shipped_digest TEXT,
  saved_by       TEXT NOT NULL,
  saved_us       BIGINT NOT NULL
);
CREATE TABLE own_call_templates (
  template_key   TEXT PRIMARY KEY,
  definition     TEXT NOT NULL,
  digest         TEXT NOT NULL,
  shipped_digest TEXT,
  saved_by       TEXT NOT NULL,
  saved_us       BIGINT NOT NULL
);

-- What is attached to a proposal: the bytes lie in blobs/, kept under this row's public id.
CREATE TABLE proposal_attachments (
  id          {identity},
  public_id   TEXT NOT NULL UNIQUE,
  proposal_id BIGINT NOT NULL REFERENCES proposals (id),
  field       TEXT NOT NULL,
  name        TEXT NOT NULL,
  media_type  TEXT NOT NULL,
  size_bytes  BIGINT NOT NULL CHECK (size_bytes > 0),
  digest      TEXT NOT NULL,
  pages       BIGINT CHECK (pages > 0),
  attached_by TEXT NOT NULL,
  attached_us BIGINT NOT NULL,
  UNIQUE (proposal_id, field)
);

-- A running call of another system, taken over. What has come from there keeps its number there, so nothing comes twice.
CREATE TABLE call_imports (
  id            {identity},
  public_id     TEXT NOT NULL UNIQUE,
  source_system TEXT NOT NULL,
  file_sha256   TEXT NOT NULL,
  call          TEXT NOT NULL,
  imported_by   TEXT NOT NULL,
  imported_us   BIGINT NOT NULL
);
CREATE TABLE imported_things (
  source_system TEXT NOT NULL,
  kind          TEXT NOT NULL CHECK (kind IN ('call', 'round', 'organisation', 'project', 'proposal')),
  foreign_id    TEXT NOT NULL,
  thing         TEXT NOT NULL,
  digest        TEXT NOT NULL,
  import_id     BIGINT NOT NULL REFERENCES call_imports (id),
  PRIMARY KEY (source_system, kind, foreign_id)
);
CREATE INDEX imported_things_thing ON imported_things (thing);
