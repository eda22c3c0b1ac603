-- People, keyed by the person. Document numbers, phones and addresses are sealed cells; look-ups go
-- by blind index.

CREATE TABLE person (
    bucket SMALLINT NOT NULL,
    no BIGINT NOT NULL,
    name TEXT NOT NULL,
    initials TEXT NOT NULL,
    sex TEXT,
    birth_year INTEGER,
    living_area BIGINT NOT NULL,
    residence_area BIGINT,
    household BIGINT,
    address BYTEA,
    phone BYTEA,
    phone_blind BYTEA,
    workplace TEXT,
    groups BIGINT NOT NULL,
    -- active, provisional (taken down by hand in the field), merged, removed
    state TEXT NOT NULL,
    merged_into BIGINT,
    source BYTEA,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (bucket, no)
) /* clustered */;
CREATE INDEX person_area ON person (living_area, no);
CREATE INDEX person_name ON person (name);
CREATE INDEX person_initials ON person (initials);
CREATE INDEX person_household ON person (household);
CREATE INDEX person_phone ON person (phone_blind);

CREATE TABLE document (
    bucket SMALLINT NOT NULL,
    blind BYTEA NOT NULL,
    kind TEXT NOT NULL,
    number BYTEA NOT NULL,
    person BIGINT NOT NULL,
    PRIMARY KEY (bucket, blind)
) /* clustered */;
CREATE INDEX document_person ON document (person);

CREATE TABLE card (
    bucket SMALLINT NOT NULL,
    code TEXT NOT NULL,
    person BIGINT NOT NULL,
    issued_at BIGINT NOT NULL,
    revoked_at BIGINT,
    PRIMARY KEY (bucket, code)
) /* clustered */;
CREATE INDEX card_person ON card (person);

CREATE TABLE household (
    bucket SMALLINT NOT NULL,
    no BIGINT NOT NULL,
    area BIGINT NOT NULL,
    code TEXT NOT NULL,
    PRIMARY KEY (bucket, no)
) /* clustered */;
CREATE INDEX household_code ON household (code);

-- A person taken down by hand on a device: replays find the same person.
CREATE TABLE provisional_person (
    bucket SMALLINT NOT NULL,
    id BYTEA NOT NULL,
    person BIGINT NOT NULL,
    PRIMARY KEY (bucket, id)
);
