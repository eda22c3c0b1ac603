-- What a laboratory must remember of results that were taken back, and of tubes that never came.

ALTER TABLE lab_tube ADD COLUMN repeated_at BIGINT;
-- Results taken back, JSON: the same measurement is not believed again from an older file.
ALTER TABLE lab_tube ADD COLUMN distrusted TEXT;

-- Tubes that were on the list of a box and not in it. Whether one came after all the tube says.
CREATE TABLE lab_missing (
    lab BYTEA NOT NULL,
    -- The tube's bucket and code.
    bucket SMALLINT NOT NULL,
    tube TEXT NOT NULL,
    reception BYTEA NOT NULL,
    box TEXT NOT NULL,
    noted_at BIGINT NOT NULL,
    signed_by TEXT,
    PRIMARY KEY (lab, tube)
);

-- What a courier carries.
CREATE INDEX box_holder ON box (holder) WHERE state = 'handed_over';
