CREATE TABLE assessments (
  id        {identity},
  public_id TEXT NOT NULL UNIQUE,
  project   TEXT NOT NULL,
  signer    TEXT NOT NULL,
  result    TEXT NOT NULL,
  statement BIGINT NOT NULL,
  made_us   BIGINT NOT NULL
);
CREATE INDEX assessments_project ON assessments (project);

-- The last declaration of a key counts; all stay.
CREATE TABLE declarations (
  id        {identity},
  public_id TEXT NOT NULL UNIQUE,
  project   TEXT NOT NULL,
  declared  TEXT NOT NULL,
  by_person TEXT NOT NULL,
  statement BIGINT NOT NULL,
  made_us   BIGINT NOT NULL
);
CREATE INDEX declarations_project ON declarations (project);

-- issued: dossier.issued is recorded, the log has not published it yet; ready: the zip is stored.
CREATE TABLE dossiers (
  id           {identity},
  public_id    TEXT NOT NULL UNIQUE,
  project      TEXT NOT NULL,
  model        TEXT NOT NULL,
  draft        SMALLINT NOT NULL,
  state        TEXT NOT NULL CHECK (state IN ('issued', 'ready', 'failed')),
  chain_length BIGINT NOT NULL,
  sha256       TEXT,
  size_bytes   BIGINT,
  failure      TEXT,
  made_us      BIGINT NOT NULL,
  CHECK ((state = 'ready') = (sha256 IS NOT NULL))
);
CREATE INDEX dossiers_project ON dossiers (project);

CREATE TABLE dossier_files (
  dossier_id BIGINT NOT NULL REFERENCES dossiers (id),
  path       TEXT NOT NULL,
  content    TEXT NOT NULL,
  PRIMARY KEY (dossier_id, path)
);
