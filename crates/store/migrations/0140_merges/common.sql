-- Records that went into another one: looked up from the one that stayed.
CREATE INDEX person_merged ON person (merged_into) WHERE merged_into IS NOT NULL;

-- The database's clock (µs) when a change was appended, where changes are numbered after their commits: `at` is a node's
-- clock before the transaction began, and may be earlier than what the transaction waited for.
ALTER TABLE change ADD COLUMN appended_at BIGINT NOT NULL DEFAULT 0;
DROP INDEX change_unnumbered;
CREATE INDEX change_unnumbered ON change (appended_at, at, id) WHERE seq IS NULL;
