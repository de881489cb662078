CREATE TABLE systems (
  id         {identity},
  public_id  TEXT NOT NULL UNIQUE,
  name       TEXT NOT NULL UNIQUE,
  title      TEXT NOT NULL,
  country    TEXT NOT NULL,
  demo       SMALLINT NOT NULL,
  created_us BIGINT NOT NULL
);

CREATE TABLE partitions (
  id                     {identity},
  public_id              TEXT NOT NULL UNIQUE,
  system_id              BIGINT NOT NULL REFERENCES systems (id),
  name                   TEXT NOT NULL UNIQUE,
  title                  TEXT NOT NULL,
  driver                 TEXT NOT NULL CHECK (driver IN ('local')),
  unit                   TEXT NOT NULL CHECK (unit IN ('gpu_hour', 'node_hour', 'core_hour')),
  billing                TEXT NOT NULL CHECK (billing IN ('allocated', 'max_of_shares', 'whole_nodes')),
  cpus                   BIGINT NOT NULL CHECK (cpus > 0),
  gpus                   BIGINT NOT NULL CHECK (gpus >= 0),
  memory_bytes           BIGINT NOT NULL CHECK (memory_bytes > 0),
  wall_s_max             BIGINT NOT NULL CHECK (wall_s_max > 0),
  cores_per_share        BIGINT CHECK (cores_per_share > 0),
  memory_bytes_per_share BIGINT CHECK (memory_bytes_per_share > 0),
  energy                 TEXT,
  state                  TEXT NOT NULL CHECK (state IN ('open', 'closed')),
  demo                   SMALLINT NOT NULL,
  created_us             BIGINT NOT NULL
);

-- A number of its own for each project that ran a job: the local driver derives a user id from it.
CREATE TABLE job_users (
  id      {identity},
  project TEXT NOT NULL UNIQUE
);

-- project and award are public ids; argv, environment and limits are JSON.
CREATE TABLE jobs (
  id               {identity},
  public_id        TEXT NOT NULL UNIQUE,
  project          TEXT NOT NULL,
  user_id          BIGINT NOT NULL REFERENCES job_users (id),
  partition_id     BIGINT NOT NULL REFERENCES partitions (id),
  name             TEXT NOT NULL,
  purpose          TEXT NOT NULL,
  state            TEXT NOT NULL CHECK (state IN ('queued', 'staging', 'submitting', 'running', 'ending',
                                                  'completed', 'failed', 'cancelled')),
  cancel_requested SMALLINT NOT NULL DEFAULT 0,
  reason           TEXT,
  exit_status      BIGINT NOT NULL DEFAULT 0,
  signal           BIGINT NOT NULL DEFAULT 0,
  detail           TEXT NOT NULL DEFAULT '',
  attempt          BIGINT NOT NULL DEFAULT 1 CHECK (attempt > 0),
  tries            BIGINT NOT NULL DEFAULT 0,
  retry_us         BIGINT NOT NULL DEFAULT 0,
  trouble          TEXT NOT NULL DEFAULT '',
  recipe           TEXT NOT NULL,
  argv             TEXT NOT NULL,
  environment      TEXT NOT NULL,
  parameters       TEXT NOT NULL,
  limits           TEXT NOT NULL,
  code_sha256      TEXT NOT NULL,
  progress         DOUBLE PRECISION,
  message          TEXT NOT NULL DEFAULT '',
  metrics_offset   BIGINT NOT NULL DEFAULT 0,
  sandbox          TEXT NOT NULL DEFAULT '',
  limited_by       TEXT NOT NULL DEFAULT '',
  award            TEXT NOT NULL,
  held_micro       BIGINT NOT NULL CHECK (held_micro > 0),
  kept_by_driver   SMALLINT NOT NULL DEFAULT 1,
  submitted_us     BIGINT NOT NULL,
  started_us       BIGINT,
  ended_us         BIGINT,
  CHECK (state NOT IN ('completed', 'failed', 'cancelled') OR ended_us IS NOT NULL)
);
CREATE INDEX jobs_project ON jobs (project, id);
CREATE INDEX jobs_work ON jobs (id) WHERE kept_by_driver = 1;

-- observation is what the driver said of the attempt's end; absent while it may still run.
CREATE TABLE job_attempts (
  job_id      BIGINT NOT NULL REFERENCES jobs (id),
  attempt     BIGINT NOT NULL,
  begun_us    BIGINT NOT NULL,
  observation TEXT,
  PRIMARY KEY (job_id, attempt)
);

CREATE TABLE job_inputs (
  job_id      BIGINT NOT NULL REFERENCES jobs (id),
  name        TEXT NOT NULL,
  reference   TEXT NOT NULL,
  tree_sha256 TEXT NOT NULL,
  PRIMARY KEY (job_id, name)
);

-- role: program, input, artefact, log; input_name is empty but for inputs.
CREATE TABLE job_files (
  job_id     BIGINT NOT NULL REFERENCES jobs (id),
  role       TEXT NOT NULL CHECK (role IN ('program', 'input', 'artefact', 'log')),
  input_name TEXT NOT NULL,
  path       TEXT NOT NULL,
  sha256     TEXT NOT NULL,
  size_bytes BIGINT NOT NULL CHECK (size_bytes >= 0),
  PRIMARY KEY (job_id, role, input_name, path)
);

-- One usage record a job: raw figures, the formula with its version, and the amount that was settled.
CREATE TABLE job_usage (
  job_id              BIGINT PRIMARY KEY REFERENCES jobs (id),
  wall_us             BIGINT NOT NULL CHECK (wall_us >= 0),
  cpu_user_us         BIGINT NOT NULL CHECK (cpu_user_us >= 0),
  cpu_system_us       BIGINT NOT NULL CHECK (cpu_system_us >= 0),
  memory_peak_bytes   BIGINT NOT NULL CHECK (memory_peak_bytes >= 0),
  core_us             BIGINT NOT NULL CHECK (core_us >= 0),
  gpu_us              BIGINT NOT NULL CHECK (gpu_us >= 0),
  node_us             BIGINT NOT NULL CHECK (node_us >= 0),
  formula             TEXT NOT NULL,
  rate_micro_per_hour BIGINT NOT NULL CHECK (rate_micro_per_hour >= 0),
  amount_micro        BIGINT NOT NULL CHECK (amount_micro >= 0),
  overrun_micro       BIGINT NOT NULL CHECK (overrun_micro >= 0),
  energy              TEXT,
  recorded_us         BIGINT NOT NULL
);

CREATE TABLE job_statements (
  job_id BIGINT NOT NULL REFERENCES jobs (id),
  kind   TEXT NOT NULL,
  number BIGINT NOT NULL,
  PRIMARY KEY (job_id, number)
);
