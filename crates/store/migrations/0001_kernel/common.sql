-- What every capability shares: areas, accounts, devices, the change feed, jobs, the access log.
-- Instants are UTC microseconds, ids 16 bytes, area codes numbers, booleans 0 or 1.

CREATE TABLE area (
    code BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    parent BIGINT,
    level TEXT NOT NULL,
    population BIGINT NOT NULL,
    -- Persons of an area are numbered ordinal * 1000000 + serial, so that neighbours lie together.
    ordinal BIGINT NOT NULL UNIQUE,
    next_serial BIGINT NOT NULL
);
CREATE INDEX area_parent ON area (parent);

CREATE TABLE account (
    id BYTEA PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    active SMALLINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE account_grant (
    account BYTEA NOT NULL REFERENCES account (id),
    role TEXT NOT NULL,
    area BIGINT NOT NULL,
    PRIMARY KEY (account, role, area)
);

CREATE TABLE device (
    id BYTEA PRIMARY KEY,
    no BIGINT NOT NULL UNIQUE,
    label TEXT NOT NULL,
    account BYTEA NOT NULL REFERENCES account (id),
    token_hash BYTEA NOT NULL UNIQUE,
    public_key BYTEA NOT NULL,
    enrolled_at BIGINT NOT NULL,
    seen_at BIGINT,
    revoked_at BIGINT
);

CREATE TABLE session (
    token_hash BYTEA PRIMARY KEY,
    account BYTEA NOT NULL REFERENCES account (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX session_account ON session (account);

-- Single-use secrets: device enrolment, the first administrator's link.
CREATE TABLE one_time_code (
    code_hash BYTEA PRIMARY KEY,
    purpose TEXT NOT NULL,
    account BYTEA,
    label TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);

CREATE TABLE change (
    bucket SMALLINT NOT NULL,
    id BYTEA NOT NULL,
    -- Given after the commit by the integrator; followers read by it.
    seq BIGINT,
    at BIGINT NOT NULL,
    op TEXT NOT NULL,
    author TEXT NOT NULL,
    facts TEXT NOT NULL,
    PRIMARY KEY (bucket, id)
);
CREATE INDEX change_seq ON change (seq);
CREATE INDEX change_unnumbered ON change (at, id) WHERE seq IS NULL;

CREATE TABLE follower (
    name TEXT PRIMARY KEY,
    seq BIGINT NOT NULL
);

CREATE TABLE lease (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    until_at BIGINT NOT NULL
);

CREATE TABLE job (
    id BYTEA PRIMARY KEY,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    state TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    run_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    claimed_until BIGINT,
    done BIGINT NOT NULL,
    total BIGINT NOT NULL,
    outcome TEXT
);
CREATE INDEX job_ready ON job (state, run_at);

CREATE TABLE access_log (
    id BYTEA PRIMARY KEY,
    at BIGINT NOT NULL,
    account BYTEA NOT NULL,
    device BYTEA,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    reason TEXT NOT NULL
);
CREATE INDEX access_log_subject ON access_log (subject, at);
CREATE INDEX access_log_at ON access_log (at);
