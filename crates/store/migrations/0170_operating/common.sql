-- The operating mode that somebody ordered for every node: at most one row.
CREATE TABLE operating_order (
    id SMALLINT PRIMARY KEY,
    mode TEXT NOT NULL,
    reason TEXT NOT NULL,
    ordered_by TEXT NOT NULL,
    at BIGINT NOT NULL
);
