-- The register of people: what an import, a search and a person page need beyond 0002.

-- Name folded for comparing, as UTF-8 bytes: a range of bytes is a prefix in both engines, whatever
-- the collation of the database.
ALTER TABLE person ADD COLUMN name_key BYTEA;
ALTER TABLE person ADD COLUMN grid BIGINT;
ALTER TABLE person ADD COLUMN guardian BIGINT;
-- Sealed birth date, only where no document tells it.
ALTER TABLE person ADD COLUMN birth_date BYTEA;
-- The living area behind the name lets a search inside a few villages stay in the index.
DROP INDEX person_name;
DROP INDEX person_initials;
CREATE INDEX person_name_key ON person (name_key, living_area, no);
CREATE INDEX person_initials ON person (initials, living_area, no);

-- Stays in a group with reason and period; the reason may be medical and is sealed.
CREATE TABLE person_stay (
    bucket SMALLINT NOT NULL,
    person BIGINT NOT NULL,
    id BYTEA NOT NULL,
    group_word TEXT NOT NULL,
    reason BYTEA NOT NULL,
    from_at BIGINT NOT NULL,
    until_at BIGINT,
    set_by TEXT NOT NULL,
    set_at BIGINT NOT NULL,
    ended_at BIGINT,
    PRIMARY KEY (bucket, person, id)
) /* clustered */;

-- History of a person's record, append-only; `detail` is sealed JSON (what it was before).
CREATE TABLE person_event (
    bucket SMALLINT NOT NULL,
    person BIGINT NOT NULL,
    id BYTEA NOT NULL,
    at BIGINT NOT NULL,
    op TEXT NOT NULL,
    author TEXT NOT NULL,
    other BIGINT,
    detail BYTEA,
    PRIMARY KEY (bucket, person, id)
) /* clustered */;

-- One file taken in. The file itself is never kept; bad and parked rows are, sealed.
CREATE TABLE import (
    id BYTEA PRIMARY KEY,
    file_name TEXT NOT NULL,
    format TEXT NOT NULL,
    header TEXT NOT NULL,
    mapping TEXT NOT NULL,
    area BIGINT,
    -- uploaded, running, done, failed, undoing, undone
    state TEXT NOT NULL,
    rows_total BIGINT NOT NULL,
    rows_done BIGINT NOT NULL,
    added BIGINT NOT NULL,
    unchanged BIGINT NOT NULL,
    bad BIGINT NOT NULL,
    parked BIGINT NOT NULL,
    kept_on_undo BIGINT NOT NULL,
    problem TEXT,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    scope BIGINT NOT NULL
);

CREATE TABLE import_row (
    bucket SMALLINT NOT NULL,
    import BYTEA NOT NULL,
    line BIGINT NOT NULL,
    -- bad, parked
    kind TEXT NOT NULL,
    cells BYTEA NOT NULL,
    reasons TEXT NOT NULL,
    blind BYTEA,
    -- keep, update, both
    decision TEXT,
    decided_by TEXT,
    person BIGINT,
    before BYTEA,
    PRIMARY KEY (bucket, import, line)
) /* clustered */;

CREATE TABLE import_mapping (
    header_set BYTEA PRIMARY KEY,
    mapping TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);

CREATE TABLE resident_session (
    token_hash BYTEA PRIMARY KEY,
    person BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
