CREATE TABLE projects (
  id           {identity},
  public_id    TEXT NOT NULL UNIQUE,
  organisation TEXT NOT NULL,
  title        TEXT NOT NULL,
  summary      TEXT NOT NULL,
  sector       TEXT NOT NULL,
  demo         SMALLINT NOT NULL,
  created_us   BIGINT NOT NULL
);
CREATE INDEX projects_organisation ON projects (organisation);
