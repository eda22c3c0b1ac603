-- The access log is read by who did something.
CREATE INDEX access_log_account ON access_log (account, at);
