-- When the server that takes a file in (or back) last said that it is at it: one that died says nothing more, and
-- another server then says so in its place.
ALTER TABLE import ADD COLUMN alive_at BIGINT;
