-- What jobs measured. job is a public id; received counts points that came, replaced ones too.
CREATE TABLE metric_series (
  id       {identity},
  job      TEXT NOT NULL,
  name     TEXT NOT NULL,
  received BIGINT NOT NULL DEFAULT 0,
  UNIQUE (job, name)
);

CREATE TABLE metric_points (
  id        {identity},
  series_id BIGINT NOT NULL REFERENCES metric_series (id),
  step      BIGINT NOT NULL CHECK (step >= 0),
  value     DOUBLE PRECISION NOT NULL,
  at_us     BIGINT NOT NULL,
  UNIQUE (series_id, step)
);

-- lineage is JSON text: it tells what was known when the model was registered and never changes.
CREATE TABLE models (
  id                {identity},
  public_id         TEXT NOT NULL UNIQUE,
  project           TEXT NOT NULL,
  name              TEXT NOT NULL,
  version           TEXT NOT NULL,
  licence           TEXT NOT NULL,
  description       TEXT NOT NULL,
  base_model        TEXT,
  state             TEXT NOT NULL CHECK (state IN ('registered', 'released', 'withdrawn')),
  tree_sha256       TEXT NOT NULL,
  size_bytes        BIGINT NOT NULL CHECK (size_bytes >= 0),
  file_count        BIGINT NOT NULL CHECK (file_count > 0),
  lineage           TEXT NOT NULL,
  statement         BIGINT NOT NULL,
  release_statement BIGINT,
  created_us        BIGINT NOT NULL,
  UNIQUE (project, name, version)
);

CREATE TABLE model_files (
  model_id   BIGINT NOT NULL REFERENCES models (id),
  path       TEXT NOT NULL,
  sha256     TEXT NOT NULL,
  size_bytes BIGINT NOT NULL CHECK (size_bytes >= 0),
  PRIMARY KEY (model_id, path)
);
