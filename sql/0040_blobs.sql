-- Bytes by digest. A row exists only after its file is whole and synced; a file without a row is swept.
CREATE TABLE blobs (
  digest TEXT PRIMARY KEY,                          -- SHA-256, 64 hex digits
  size_bytes BIGINT NOT NULL CHECK (size_bytes >= 0),
  state TEXT NOT NULL CHECK (state IN ('present', 'missing', 'damaged')),
  created_us BIGINT NOT NULL,
  -- When the last reference went, or when it was stored; the grace of the sweep counts from here.
  unreferenced_us BIGINT NOT NULL
);

-- Who keeps a blob: a thing of another module by its public id, and what the blob is to it.
CREATE TABLE blob_references (
  owner_kind TEXT NOT NULL,
  owner TEXT NOT NULL,
  purpose TEXT NOT NULL,
  digest TEXT NOT NULL REFERENCES blobs (digest),
  account TEXT NOT NULL,                            -- whose quota it counts on: a project's or organisation's public id
  created_us BIGINT NOT NULL,
  PRIMARY KEY (owner_kind, owner, purpose, digest, account)
);
CREATE INDEX blob_references_by_digest ON blob_references (digest);
CREATE INDEX blob_references_by_account ON blob_references (account, digest);

-- An account without a row has the quota of the configuration.
CREATE TABLE blob_quotas (
  account TEXT PRIMARY KEY,
  bytes_max BIGINT NOT NULL CHECK (bytes_max >= 0)
);

-- An upload that may be taken up again. received_bytes moves only after they are synced; what its file holds beyond that
-- was never acknowledged.
CREATE TABLE blob_uploads (
  id {identity},
  public_id TEXT NOT NULL UNIQUE,
  account TEXT NOT NULL,
  size_bytes BIGINT CHECK (size_bytes >= 0),        -- NULL: not told in advance
  digest TEXT,                                      -- NULL: not told in advance
  received_bytes BIGINT NOT NULL CHECK (received_bytes >= 0),
  created_us BIGINT NOT NULL,
  expires_us BIGINT NOT NULL CHECK (expires_us > created_us)
);
CREATE INDEX blob_uploads_by_account ON blob_uploads (account);
CREATE INDEX blob_uploads_by_expiry ON blob_uploads (expires_us);
