-- Over how many buckets the keys of this store are spread, decided when it is empty and fixed for ever after: one on a
-- single database, more where a distributed one has nodes to put them on. One row.
CREATE TABLE layout (
    id SMALLINT PRIMARY KEY,
    buckets INTEGER NOT NULL
);
INSERT INTO layout (id, buckets) VALUES (1, 1);
