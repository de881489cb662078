CREATE TABLE organisations (
  id                 {identity},
  public_id          TEXT NOT NULL UNIQUE,
  name               TEXT NOT NULL,
  country            TEXT NOT NULL,
  kind               TEXT NOT NULL,
  employees          BIGINT CHECK (employees >= 0),
  turnover_eur_cents BIGINT CHECK (turnover_eur_cents >= 0),
  balance_eur_cents  BIGINT CHECK (balance_eur_cents >= 0),
  demo               SMALLINT NOT NULL DEFAULT 0,
  created_us         BIGINT NOT NULL
);

CREATE TABLE people (
  id              {identity},
  public_id       TEXT NOT NULL UNIQUE,
  name            TEXT NOT NULL,
  email           TEXT NOT NULL UNIQUE,
  password_hash   TEXT,
  active          SMALLINT NOT NULL DEFAULT 1,
  failed_logins   BIGINT NOT NULL DEFAULT 0,
  locked_until_us BIGINT NOT NULL DEFAULT 0,
  created_us      BIGINT NOT NULL
);

-- scope is '' for the factory, else the public id of the organisation or project.
CREATE TABLE grants (
  person_id  BIGINT NOT NULL REFERENCES people (id),
  role       TEXT NOT NULL,
  scope      TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  PRIMARY KEY (person_id, role, scope)
);

-- Digests only: who reads this table cannot log in with it.
CREATE TABLE sessions (
  id           {identity},
  token_digest TEXT NOT NULL UNIQUE,
  csrf_digest  TEXT NOT NULL,
  person_id    BIGINT NOT NULL REFERENCES people (id),
  created_us   BIGINT NOT NULL,
  expires_us   BIGINT NOT NULL
);

CREATE TABLE tokens (
  id         {identity},
  public_id  TEXT NOT NULL UNIQUE,
  person_id  BIGINT NOT NULL REFERENCES people (id),
  name       TEXT NOT NULL,
  digest     TEXT NOT NULL UNIQUE,
  scopes     TEXT NOT NULL,
  created_us BIGINT NOT NULL,
  expires_us BIGINT NOT NULL,
  revoked_us BIGINT
);
CREATE INDEX tokens_person ON tokens (person_id);
