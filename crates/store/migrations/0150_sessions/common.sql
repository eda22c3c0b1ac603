-- A session ends when nobody uses it, and its owner sees where it is open. NULL: opened before this was kept.
ALTER TABLE session ADD COLUMN seen_at BIGINT;
-- What kind of browser, in two words of ours; never the text that it sent.
ALTER TABLE session ADD COLUMN agent TEXT;
