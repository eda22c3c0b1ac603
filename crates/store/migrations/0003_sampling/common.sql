-- Custody facts, keyed by the tube (or box).

CREATE TABLE round (
    id BYTEA PRIMARY KEY,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    tube_kind TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    opened_at BIGINT,
    closed_at BIGINT,
    profile_version INTEGER NOT NULL,
    groups BIGINT NOT NULL,
    expected BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);

CREATE TABLE round_area (
    round BYTEA NOT NULL REFERENCES round (id),
    area BIGINT NOT NULL,
    tube_kind TEXT,
    PRIMARY KEY (round, area)
);

-- The expected list (应检尽检), one bitmap of person numbers a village, frozen when the round opens.
CREATE TABLE round_expected (
    round BYTEA NOT NULL REFERENCES round (id),
    area BIGINT NOT NULL,
    persons BIGINT NOT NULL,
    bitmap BYTEA NOT NULL,
    PRIMARY KEY (round, area)
);

CREATE TABLE site (
    id BYTEA PRIMARY KEY,
    name TEXT NOT NULL,
    area BIGINT NOT NULL,
    stations INTEGER NOT NULL,
    longitude DOUBLE PRECISION,
    latitude DOUBLE PRECISION,
    hours TEXT NOT NULL,
    open SMALLINT NOT NULL,
    version BIGINT NOT NULL
);

CREATE TABLE site_area (
    site BYTEA NOT NULL REFERENCES site (id),
    area BIGINT NOT NULL,
    PRIMARY KEY (site, area)
);

CREATE TABLE tube (
    bucket SMALLINT NOT NULL,
    code TEXT NOT NULL,
    round BYTEA NOT NULL,
    kind TEXT NOT NULL,
    stage TEXT NOT NULL,
    site BYTEA NOT NULL,
    -- Station that holds it; null until the first swab.
    station INTEGER,
    valid INTEGER NOT NULL,
    inside INTEGER NOT NULL,
    box TEXT,
    counted INTEGER,
    opened_at BIGINT NOT NULL,
    sealed_at BIGINT,
    stage_at BIGINT NOT NULL,
    -- Key of the last field fact folded in.
    last_at BIGINT NOT NULL,
    last_device BIGINT NOT NULL,
    last_seq BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (bucket, code)
) /* clustered */;
CREATE INDEX tube_box ON tube (box) WHERE box IS NOT NULL;

CREATE TABLE collection (
    bucket SMALLINT NOT NULL,
    tube TEXT NOT NULL,
    id BYTEA NOT NULL,
    round BYTEA NOT NULL,
    -- Null while nobody knows who it is; `claimed` then holds what the device said, sealed.
    person BIGINT,
    claimed BYTEA,
    -- Living area of the person when the swab was taken: the live counts go by it.
    area BIGINT NOT NULL,
    site BYTEA NOT NULL,
    station INTEGER NOT NULL,
    kind TEXT NOT NULL,
    registrar BYTEA NOT NULL,
    id_mode TEXT NOT NULL,
    offline SMALLINT NOT NULL,
    taken_at BIGINT NOT NULL,
    device_no BIGINT NOT NULL,
    device_seq BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    -- Clock of the server less clock of the device at the send, microseconds.
    clock_offset BIGINT NOT NULL,
    -- valid, voided, moved, exception
    state TEXT NOT NULL,
    flaw TEXT,
    decision TEXT,
    moved_from TEXT,
    PRIMARY KEY (bucket, tube, id)
) /* clustered */;

-- What happened to a tube or box besides swabs, append-only: the facts of the fold and the trace.
CREATE TABLE custody (
    bucket SMALLINT NOT NULL,
    subject TEXT NOT NULL,
    id BYTEA NOT NULL,
    event TEXT NOT NULL,
    at BIGINT NOT NULL,
    device_no BIGINT NOT NULL,
    device_seq BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    actor BYTEA NOT NULL,
    -- The other thing: box of a packed tube, tube of a pack, collection of a void.
    target TEXT,
    counted INTEGER,
    signed_by TEXT,
    detail TEXT,
    verdict TEXT NOT NULL,
    PRIMARY KEY (bucket, subject, id)
) /* clustered */;

CREATE TABLE box (
    bucket SMALLINT NOT NULL,
    code TEXT NOT NULL,
    site BYTEA,
    -- open, sealed, handed_over, received
    state TEXT NOT NULL,
    tubes INTEGER NOT NULL,
    counted INTEGER,
    holder BYTEA,
    sealed_at BIGINT,
    state_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (bucket, code)
) /* clustered */;

CREATE TABLE handover (
    bucket SMALLINT NOT NULL,
    id BYTEA NOT NULL,
    boxes TEXT NOT NULL,
    destination TEXT,
    giver BYTEA,
    giver_device BIGINT,
    given_at BIGINT,
    taker BYTEA,
    taker_device BIGINT,
    taken_at BIGINT,
    -- half, joined, disputed
    state TEXT NOT NULL,
    PRIMARY KEY (bucket, id)
);

CREATE TABLE exception (
    bucket SMALLINT NOT NULL,
    id BYTEA NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    round BYTEA,
    person BIGINT,
    site BYTEA,
    area BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,
    -- What the device sent and what it met, as JSON without identities.
    detail TEXT NOT NULL,
    state TEXT NOT NULL,
    resolved_at BIGINT,
    resolved_by BYTEA,
    resolution TEXT,
    note TEXT,
    PRIMARY KEY (bucket, subject, id)
);
CREATE INDEX exception_open ON exception (opened_at, id) WHERE state = 'open';

-- The person's side of a swab, written by the follower of the feed.
CREATE TABLE person_collection (
    bucket SMALLINT NOT NULL,
    person BIGINT NOT NULL,
    round BYTEA NOT NULL,
    collection BYTEA NOT NULL,
    tube TEXT NOT NULL,
    site BYTEA NOT NULL,
    taken_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (bucket, person, round, collection)
) /* clustered */;

CREATE TABLE task (
    bucket SMALLINT NOT NULL,
    id BYTEA NOT NULL,
    kind TEXT NOT NULL,
    person BIGINT,
    subject TEXT NOT NULL,
    round BYTEA,
    area BIGINT NOT NULL,
    owner BYTEA,
    due_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    outcome TEXT,
    note TEXT,
    opened_at BIGINT NOT NULL,
    closed_at BIGINT,
    closed_by BYTEA,
    PRIMARY KEY (bucket, id)
);
CREATE INDEX task_open ON task (area, due_at) WHERE state = 'open';
CREATE INDEX task_person ON task (person);
