-- What was planned (plan is JSON text: data, metrics, seeds, n, reasons) and what came of it. All ids of others are public ids.
CREATE TABLE evaluations (
  id         {identity},
  public_id  TEXT NOT NULL UNIQUE,
  project    TEXT NOT NULL,
  suite      TEXT NOT NULL,
  version    TEXT NOT NULL,
  plan       TEXT NOT NULL,
  statement  BIGINT NOT NULL,
  created_us BIGINT NOT NULL
);
CREATE INDEX evaluations_project ON evaluations (project, id);

CREATE TABLE evaluation_results (
  id             {identity},
  public_id      TEXT NOT NULL UNIQUE,
  evaluation_id  BIGINT NOT NULL REFERENCES evaluations (id),
  model          TEXT NOT NULL,
  job            TEXT NOT NULL,
  preregistered  SMALLINT NOT NULL,
  verdict        TEXT NOT NULL CHECK (verdict IN ('passed', 'failed')),
  results_sha256 TEXT NOT NULL,
  outcomes       TEXT NOT NULL,
  statement      BIGINT NOT NULL,
  created_us     BIGINT NOT NULL,
  UNIQUE (evaluation_id, job)
);
CREATE INDEX evaluation_results_model ON evaluation_results (model);

CREATE TABLE evaluation_metrics (
  result_id BIGINT NOT NULL REFERENCES evaluation_results (id),
  place     BIGINT NOT NULL,
  name      TEXT NOT NULL,
  slice     TEXT NOT NULL,
  value     DOUBLE PRECISION NOT NULL,
  low       DOUBLE PRECISION,
  high      DOUBLE PRECISION,
  n         BIGINT,
  unit      TEXT NOT NULL,
  method    TEXT NOT NULL,
  PRIMARY KEY (result_id, place),
  UNIQUE (result_id, name, slice)
);
