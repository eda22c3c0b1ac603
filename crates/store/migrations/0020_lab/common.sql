-- Laboratories. What a laboratory knows of a tube is kept under the tube's key; plates, receptions
-- and imports are the laboratory's own papers.

CREATE TABLE lab (
    id BYTEA PRIMARY KEY,
    name TEXT NOT NULL,
    area BIGINT NOT NULL,
    rated_per_day INTEGER NOT NULL,
    factor_percent INTEGER NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE lab_kit (
    id BYTEA PRIMARY KEY,
    name TEXT NOT NULL,
    run_s_min BIGINT NOT NULL,
    -- Hundredths of a cycle.
    cutoff INTEGER NOT NULL,
    internal_control TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE instrument (
    id BYTEA PRIMARY KEY,
    lab BYTEA NOT NULL REFERENCES lab (id),
    name TEXT NOT NULL,
    -- Columns of its exports, JSON.
    mapping TEXT,
    created_at BIGINT NOT NULL
);

CREATE TABLE lab_tube (
    bucket SMALLINT NOT NULL,
    tube TEXT NOT NULL,
    lab BYTEA NOT NULL,
    round BYTEA NOT NULL,
    site BYTEA NOT NULL,
    kind TEXT NOT NULL,
    persons INTEGER NOT NULL,
    -- received, on_run, resulted, released, rejected
    stage TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    received_by BYTEA NOT NULL,
    run BYTEA,
    well INTEGER,
    value TEXT,
    -- Cycle numbers, JSON.
    cts TEXT,
    ct_disagrees SMALLINT NOT NULL,
    -- typed, scanned, file
    source TEXT,
    entered_by BYTEA,
    entered_at BIGINT,
    released_by BYTEA,
    released_at BIGINT,
    reject_reason TEXT,
    version BIGINT NOT NULL,
    PRIMARY KEY (bucket, tube),
    -- Two persons a result, whatever the program above does.
    CONSTRAINT second_person CHECK (released_by IS NULL OR (entered_by IS NOT NULL AND released_by <> entered_by))
) /* clustered */;
-- Open work only, so that it stays small however many days have passed.
CREATE INDEX lab_tube_open ON lab_tube (lab, stage, received_at) WHERE stage IN ('received', 'on_run', 'resulted');
CREATE INDEX lab_tube_entered ON lab_tube (lab, entered_at) WHERE entered_at IS NOT NULL;
CREATE INDEX lab_tube_non_negative ON lab_tube (released_at) WHERE value IN ('positive', 'inconclusive');

CREATE TABLE reception (
    id BYTEA PRIMARY KEY,
    lab BYTEA NOT NULL,
    opened_by BYTEA NOT NULL,
    opened_at BIGINT NOT NULL,
    closed_by BYTEA,
    closed_at BIGINT,
    signed_by TEXT,
    duplicates INTEGER NOT NULL
);
CREATE INDEX reception_lab ON reception (lab, opened_at);

CREATE TABLE reception_box (
    reception BYTEA NOT NULL,
    box TEXT NOT NULL,
    PRIMARY KEY (reception, box)
);

CREATE TABLE reception_scan (
    reception BYTEA NOT NULL,
    tube TEXT NOT NULL,
    verdict TEXT NOT NULL,
    reason TEXT,
    note TEXT,
    raw TEXT NOT NULL,
    persons INTEGER NOT NULL,
    on_manifest SMALLINT NOT NULL,
    at BIGINT NOT NULL,
    by_account BYTEA NOT NULL,
    PRIMARY KEY (reception, tube)
) /* clustered */;

CREATE TABLE lab_hold (
    lab BYTEA NOT NULL,
    tube TEXT NOT NULL,
    reason TEXT NOT NULL,
    raw TEXT NOT NULL,
    held_by BYTEA NOT NULL,
    held_at BIGINT NOT NULL,
    -- open, received, discarded
    state TEXT NOT NULL,
    resolved_by BYTEA,
    resolved_at BIGINT,
    note TEXT,
    PRIMARY KEY (lab, tube)
);

CREATE TABLE lab_run (
    id BYTEA PRIMARY KEY,
    lab BYTEA NOT NULL,
    name TEXT NOT NULL,
    instrument BYTEA NOT NULL,
    kit BYTEA NOT NULL,
    lot TEXT NOT NULL,
    -- draft, running, ended, aborted
    state TEXT NOT NULL,
    control_failed SMALLINT NOT NULL,
    created_by BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    ended_at BIGINT,
    version BIGINT NOT NULL
);
CREATE INDEX lab_run_lab ON lab_run (lab, created_at);

CREATE TABLE lab_run_well (
    run BYTEA NOT NULL,
    well INTEGER NOT NULL,
    tube TEXT,
    control TEXT,
    value TEXT,
    PRIMARY KEY (run, well)
) /* clustered */;

CREATE TABLE lab_import (
    id BYTEA PRIMARY KEY,
    lab BYTEA NOT NULL,
    run BYTEA,
    instrument BYTEA NOT NULL,
    file_name TEXT NOT NULL,
    digest TEXT NOT NULL,
    -- What was read, JSON; shown before anything is imported.
    reading TEXT NOT NULL,
    -- read, confirmed, discarded
    state TEXT NOT NULL,
    created_by BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    confirmed_at BIGINT,
    outcome TEXT
);
CREATE INDEX lab_import_digest ON lab_import (lab, digest);

-- A bulk release in progress; its progress is written in the commit of each chunk.
CREATE TABLE lab_release (
    id BYTEA PRIMARY KEY,
    lab BYTEA NOT NULL,
    -- Runs asked for, JSON; empty: all that waits.
    runs TEXT NOT NULL,
    -- running, done
    state TEXT NOT NULL,
    total BIGINT NOT NULL,
    released BIGINT NOT NULL,
    persons BIGINT NOT NULL,
    released_by BYTEA NOT NULL,
    started_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE INDEX lab_release_lab ON lab_release (lab, started_at);

CREATE TABLE follow_up (
    bucket SMALLINT NOT NULL,
    tube TEXT NOT NULL,
    id BYTEA NOT NULL,
    lab BYTEA NOT NULL,
    round BYTEA NOT NULL,
    site BYTEA NOT NULL,
    value TEXT NOT NULL,
    members INTEGER NOT NULL,
    members_open INTEGER NOT NULL,
    members_positive INTEGER NOT NULL,
    opened_at BIGINT NOT NULL,
    closed_at BIGINT,
    PRIMARY KEY (bucket, tube)
);
CREATE INDEX follow_up_opened ON follow_up (opened_at);

CREATE TABLE follow_up_member (
    bucket SMALLINT NOT NULL,
    tube TEXT NOT NULL,
    person BIGINT NOT NULL,
    area BIGINT NOT NULL,
    taken_at BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    single_tube TEXT,
    settled_at BIGINT,
    settled_by BYTEA,
    note TEXT,
    PRIMARY KEY (bucket, tube, person)
);
CREATE INDEX follow_up_member_person ON follow_up_member (person);

-- The person's side: what each person may be told of each tube, written by the follower.
CREATE TABLE person_report (
    bucket SMALLINT NOT NULL,
    person BIGINT NOT NULL,
    round BYTEA NOT NULL,
    tube TEXT NOT NULL,
    -- negative, positive, under_recheck, resample; a single grey result is under_recheck too
    value TEXT NOT NULL,
    taken_at BIGINT NOT NULL,
    reported_at BIGINT NOT NULL,
    PRIMARY KEY (bucket, person, round, tube)
) /* clustered */;

CREATE TABLE person_notice (
    bucket SMALLINT NOT NULL,
    person BIGINT NOT NULL,
    id BYTEA NOT NULL,
    -- under_recheck, resample, recheck_closed
    kind TEXT NOT NULL,
    tube TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (bucket, person, id)
) /* clustered */;

-- Clocks of tubes under way; a row leaves when its tube is released, rejected or void.
CREATE TABLE tube_clock (
    bucket SMALLINT NOT NULL,
    tube TEXT NOT NULL,
    -- to_lab, turnaround
    clock TEXT NOT NULL,
    round BYTEA NOT NULL,
    site BYTEA NOT NULL,
    lab BYTEA,
    started_at BIGINT NOT NULL,
    warn_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    -- none, warn, breach
    level TEXT NOT NULL,
    raised_at BIGINT,
    -- When the level changes next; null after the breach.
    next_at BIGINT,
    PRIMARY KEY (bucket, tube)
) /* clustered */;
CREATE INDEX tube_clock_next ON tube_clock (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX tube_clock_raised ON tube_clock (raised_at) WHERE raised_at IS NOT NULL;

CREATE TABLE lab_flag (
    id BYTEA PRIMARY KEY,
    lab BYTEA NOT NULL,
    run BYTEA,
    flag TEXT NOT NULL,
    detail TEXT NOT NULL,
    raised_at BIGINT NOT NULL,
    cleared_at BIGINT,
    cleared_by BYTEA,
    cleared_note TEXT
);
CREATE INDEX lab_flag_lab ON lab_flag (lab, raised_at);
