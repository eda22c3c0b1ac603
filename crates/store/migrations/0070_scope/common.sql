-- Scope by groups, the order to close, and hand-overs held to the devices that signed.

-- Whether a person must be in all groups of a round; otherwise one is enough.
ALTER TABLE round ADD COLUMN groups_all SMALLINT NOT NULL DEFAULT 0;
-- When closing was ordered; swabs taken later are told of it.
ALTER TABLE round ADD COLUMN closing_at BIGINT;

-- Kind of tube for persons of any of these groups in an area of the scope.
CREATE TABLE round_group_kind (
    round BYTEA NOT NULL REFERENCES round (id),
    area BIGINT NOT NULL,
    groups BIGINT NOT NULL,
    tube_kind TEXT NOT NULL,
    PRIMARY KEY (round, area, groups)
);

-- Short number of the device whose signed statement each half carries.
ALTER TABLE handover ADD COLUMN shown_to_giver BIGINT;
ALTER TABLE handover ADD COLUMN shown_to_taker BIGINT;
