-- Rounds and sites as they are run: what was ordered and why, exemptions, shifts, transfers.

CREATE TABLE round_event (
    round BYTEA NOT NULL REFERENCES round (id),
    id BYTEA NOT NULL,
    event TEXT NOT NULL,
    at BIGINT NOT NULL,
    ordered_by TEXT NOT NULL,
    reason TEXT,
    PRIMARY KEY (round, id)
);

-- How many persons of a village an open round leaves out, and why.
CREATE TABLE round_exempt (
    round BYTEA NOT NULL REFERENCES round (id),
    area BIGINT NOT NULL,
    reason TEXT NOT NULL,
    persons BIGINT NOT NULL,
    PRIMARY KEY (round, area, reason)
);

CREATE TABLE exemption (
    bucket SMALLINT NOT NULL,
    id BYTEA NOT NULL,
    person BIGINT NOT NULL,
    -- Living area of the person when it was given.
    area BIGINT NOT NULL,
    reason TEXT NOT NULL,
    note TEXT NOT NULL,
    from_at BIGINT NOT NULL,
    until_at BIGINT,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    removed_by TEXT,
    removed_at BIGINT,
    PRIMARY KEY (bucket, id)
);
CREATE INDEX exemption_area ON exemption (area) WHERE removed_at IS NULL;
CREATE INDEX exemption_person ON exemption (person);

CREATE TABLE shift (
    id BYTEA PRIMARY KEY,
    site BYTEA NOT NULL REFERENCES site (id),
    station INTEGER NOT NULL,
    account BYTEA NOT NULL REFERENCES account (id),
    from_at BIGINT NOT NULL,
    until_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX shift_site ON shift (site, from_at);
CREATE INDEX shift_account ON shift (account, from_at);

-- Where the queue of a closed site goes.
ALTER TABLE site ADD COLUMN transfer_to BYTEA;
ALTER TABLE site ADD COLUMN closed_reason TEXT;
