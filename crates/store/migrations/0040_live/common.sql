-- The live counts as they were after a change, so that a node starts in seconds: one row a round,
-- and one (of sixteen zero bytes) that says up to which change all of them are.
CREATE TABLE live_snapshot (
    round BYTEA PRIMARY KEY,
    seq BIGINT NOT NULL,
    body BYTEA NOT NULL
);
