-- What was done on the server's own machine, past every account: the system's user there. The account
-- of such an entry is the nil id.
ALTER TABLE access_log ADD COLUMN machine_user TEXT;
