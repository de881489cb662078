-- What was answered to a request that carried an Idempotency-Key: written in the transaction of the act itself, so that
-- the act and the memory of it exist together or not at all. Forgotten after 48 hours (api::Settings::replay_us).
CREATE TABLE api_idempotency (
  actor_id        BIGINT NOT NULL,
  idempotency_key TEXT NOT NULL,
  route           TEXT NOT NULL,
  request_digest  TEXT NOT NULL,
  status          INTEGER NOT NULL CHECK (status BETWEEN 200 AND 299),
  location        TEXT NOT NULL,
  response        TEXT,
  created_us      BIGINT NOT NULL,
  PRIMARY KEY (actor_id, idempotency_key)
);
CREATE INDEX api_idempotency_age ON api_idempotency (created_us);
