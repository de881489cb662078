-- Which bytes a project has shown by uploading them (or had made for it). The blob store may have swept them since.
CREATE TABLE project_files (
  project    TEXT NOT NULL,
  sha256     TEXT NOT NULL,
  size_bytes BIGINT NOT NULL CHECK (size_bytes >= 0),
  created_us BIGINT NOT NULL,
  PRIMARY KEY (project, sha256)
);

-- Data sets never change once registered; lists are JSON text. project is a public id.
CREATE TABLE datasets (
  id                   {identity},
  public_id            TEXT NOT NULL UNIQUE,
  project              TEXT NOT NULL,
  name                 TEXT NOT NULL,
  description          TEXT NOT NULL,
  licence              TEXT NOT NULL,
  source_kind          TEXT NOT NULL,
  modality             TEXT NOT NULL,
  languages            TEXT NOT NULL,
  size_bytes           BIGINT NOT NULL CHECK (size_bytes >= 0),
  file_count           BIGINT NOT NULL CHECK (file_count > 0),
  documents            BIGINT CHECK (documents >= 0),
  period_from_us       BIGINT,
  period_to_us         BIGINT,
  personal_data        TEXT NOT NULL,
  personal_data_reason TEXT NOT NULL,
  tdm_check            TEXT NOT NULL,
  domains_digest       TEXT,
  sources              TEXT NOT NULL,
  tree_sha256          TEXT NOT NULL,
  record_sha256        TEXT NOT NULL,
  statement            BIGINT NOT NULL,
  created_us           BIGINT NOT NULL
);
CREATE INDEX datasets_project ON datasets (project, id);

CREATE TABLE dataset_files (
  dataset_id BIGINT NOT NULL REFERENCES datasets (id),
  path       TEXT NOT NULL,
  sha256     TEXT NOT NULL,
  size_bytes BIGINT NOT NULL CHECK (size_bytes >= 0),
  PRIMARY KEY (dataset_id, path)
);

-- The seed is drawn when the row is made and told when the split is committed.
CREATE TABLE splits (
  id             {identity},
  public_id      TEXT NOT NULL UNIQUE,
  project        TEXT NOT NULL,
  dataset_id     BIGINT NOT NULL REFERENCES datasets (id),
  state          TEXT NOT NULL CHECK (state IN ('splitting', 'committed', 'failed')),
  train_ppm      BIGINT NOT NULL CHECK (train_ppm > 0),
  validation_ppm BIGINT NOT NULL CHECK (validation_ppm >= 0),
  held_out_ppm   BIGINT NOT NULL CHECK (held_out_ppm > 0),
  unit           TEXT NOT NULL,
  rule           TEXT NOT NULL,
  seed           TEXT NOT NULL,
  failure        TEXT,
  requested_by   TEXT NOT NULL,
  statement      BIGINT,
  created_us     BIGINT NOT NULL,
  ended_us       BIGINT,
  CHECK (train_ppm + validation_ppm + held_out_ppm = 1000000),
  CHECK ((state = 'committed') = (statement IS NOT NULL)),
  CHECK ((state = 'failed') = (failure IS NOT NULL))
);
CREATE INDEX splits_project ON splits (project, id);
CREATE INDEX splits_waiting ON splits (id) WHERE state = 'splitting';

CREATE TABLE split_files (
  split_id   BIGINT NOT NULL REFERENCES splits (id),
  part       TEXT NOT NULL CHECK (part IN ('train', 'validation', 'held_out')),
  path       TEXT NOT NULL,
  sha256     TEXT NOT NULL,
  size_bytes BIGINT NOT NULL CHECK (size_bytes >= 0),
  lines      BIGINT NOT NULL CHECK (lines > 0),
  PRIMARY KEY (split_id, path)
);
