-- Households between files: the label under which a file's household number (户号) is found again.
-- It is a blind index, because a household number identifies a home.
ALTER TABLE household ADD COLUMN label BYTEA;
CREATE INDEX household_label ON household (label);
-- Who is somebody's guardian: asked before a record is taken back.
CREATE INDEX person_guardian ON person (guardian) WHERE guardian IS NOT NULL;
-- An import may lie in several subtrees; `scope` stays the first of them.
ALTER TABLE import ADD COLUMN scopes TEXT;
