-- A half of a hand-over that came before the facts of its box waits for them (state 'waiting'); only what
-- they do not settle in time is opened for a person.
CREATE INDEX exception_waiting ON exception (opened_at, id) WHERE state = 'waiting';
