-- Counts what was changed in the plan (areas, rounds, sites), so that every node sees in its own commit that
-- what it remembers of the plan is old. One row.
CREATE TABLE plan_version (
    id SMALLINT PRIMARY KEY,
    version BIGINT NOT NULL
);
INSERT INTO plan_version (id, version) VALUES (1, 1);
