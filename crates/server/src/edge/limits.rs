//! Every bound of the edge in one place, each with its reason.

/// Bytes of a JSON body: a sync batch of 200 commands is about 120 KiB.
pub const BODY_BYTES_MAX: usize = 1 << 20;
/// Bytes of an uploaded file: a million rows of a register are about 120 MB as CSV.
pub const UPLOAD_BYTES_MAX: usize = 256 << 20;
/// Bytes of an area list: 200,000 lines of a code, a long name, a parent and a number.
pub const AREA_LIST_BYTES_MAX: usize = 32 << 20;
/// Commands of one sync request: one request stays below a second on a slow disk.
pub const SYNC_COMMANDS_MAX: usize = 200;
/// Requests whose commands may wait for a commit; beyond it the answer is 503, never a longer queue.
pub const FIELD_QUEUE_MAX: usize = 4096;
/// Requests that one commit takes in.
pub const FIELD_GROUP_MAX: usize = 512;
/// Commands that one commit takes in (a request more that crosses it): a commit of so many is some 50 ms on SQLite.
pub const FIELD_GROUP_COMMANDS_MAX: usize = 2_000;
/// Longest wait for a commit that a request is let in to: half of the second after which impatient clients give up, so
/// that nobody works for answers that nobody waits for.
pub const FIELD_WAIT_MAX: std::time::Duration = std::time::Duration::from_millis(500);
/// Longest delay of a task that is ready to run: a request is such a task three or four times, so beyond it an answer takes
/// longer than half a second before any commit.
pub const LAG_MAX: std::time::Duration = std::time::Duration::from_millis(100);
/// Facts under way that are let in whatever the delay: a stall of the machine turns nobody away who is almost alone.
pub const FACTS_WHILE_LATE: usize = 64;
/// Facts under way at once, and of all kinds while one more is let in: the queue above, and those on their way to it.
pub const FACTS_AT_ONCE: (usize, usize) = (6_000, 10_000);
/// Own results and starts of shifts: each is a few reads; a whole city looks at once after a release.
pub const OWN_AT_ONCE: (usize, usize) = (1_000, 2_000);
/// Lists and searches: a desk waits for one at a time, and a city has some hundred desks.
pub const LISTS_AT_ONCE: (usize, usize) = (128, 600);
/// History and rows behind figures: long reads.
pub const DECORATION_AT_ONCE: (usize, usize) = (32, 400);
/// Exports, reports, prints and imports: each may take seconds and a core.
pub const EXPORTS_AT_ONCE: (usize, usize) = (8, 200);
/// Screens that follow the counts at one node: a frame is drawn once for all of them, but each is sent it.
pub const VIEWERS_MAX: i64 = 2_000;
/// Rows of one page of a list.
pub const PAGE_ROWS_MAX: i64 = 500;
/// People of one roster: a phone recognises at least the 2,000 to 3,000 that a site serves.
pub const ROSTER_MAX: i64 = 20_000;
/// Failed logins of one name from one address in [`LOGIN_WINDOW_S`] before it must wait.
pub const LOGIN_FAILURES_MAX: u32 = 10;
/// Failed logins from one address, whatever the name: a site's whole shift may share one.
pub const LOGIN_ADDRESS_FAILURES_MAX: u32 = 100;
/// Failed logins of one name from everywhere: a person does not fail so often in five minutes.
pub const LOGIN_NAME_FAILURES_MAX: u32 = 100;
/// Names, addresses or pairs of them that a table of failures holds: about 1.5 MB each.
pub const THROTTLE_KEYS_MAX: usize = 10_000;
/// Passwords that may wait to be hashed, one at a time: a second and a half; beyond it the answer is 503.
pub const HASHES_WAITING_MAX: usize = 64;
/// Characters of a password: the longest that a password manager makes, and no megabytes to hash.
pub const PASSWORD_CHARS_MAX: usize = 256;
/// Grants of one account.
pub const GRANTS_MAX: usize = 200;
/// Seconds over which failed logins are counted.
pub const LOGIN_WINDOW_S: i64 = 300;
/// Changes that a follower may be behind before a load balancer sends its requests elsewhere: about half
/// a minute of a large city's busiest hour, after which live counts mislead.
pub const READY_BEHIND_MAX: i64 = 20_000;
/// How old the last look at the store may be while the node is called ready: five looks.
pub const READY_LOOK_MAX: std::time::Duration = std::time::Duration::from_secs(10);
/// Connections at once; the service file allows the process four times as many open files.
pub const CONNECTIONS_MAX: usize = 16_000;
/// Connections of one address: behind the gate of a mobile network there are thousands of phones.
pub const ADDRESS_CONNECTIONS_MAX: usize = 4_000;
/// Requests at once on one HTTP/2 connection: a browser's page needs a dozen.
pub const STREAMS_MAX: u32 = 64;
/// Time in which the head of a request must be there, and for which a connection may be idle between two.
pub const HEAD_MAX: std::time::Duration = std::time::Duration::from_secs(30);
/// Time in which a body must be there besides what its length is given.
pub const BODY_WAIT_MAX: std::time::Duration = std::time::Duration::from_secs(30);
/// Bytes a second that a body must at least bring: a phone on a bad network does more.
pub const BODY_BYTES_PER_S_MIN: u64 = 64 << 10;
/// How long a client may take nothing of what it is sent before its connection is cut.
pub const ANSWER_STALL_MAX: std::time::Duration = std::time::Duration::from_secs(60);
/// TLS handshakes under way at once; whoever comes later waits in the system's queue.
pub const HANDSHAKES_MAX: usize = 256;
/// Time of one handshake: a phone on a bad network needs seconds, a port scanner for ever.
pub const HANDSHAKE_MAX: std::time::Duration = std::time::Duration::from_secs(10);
/// Spans that may wait for the collector; beyond it they are dropped, never the requests.
pub const SPANS_WAITING_MAX: usize = 4096;
/// Spans of one post to the collector: about 256 KiB.
pub const SPANS_OF_ONE_POST_MAX: usize = 512;
/// Seconds of a session: one shift.
pub const SESSION_S: i64 = 12 * 3600;
/// Seconds for which a session may lie unused before it ends: a desk that somebody left.
pub const SESSION_IDLE_S: i64 = 2 * 3600;
/// Seconds after which it is noted again that a session is in use: one small write a session in five minutes.
pub const SESSION_SEEN_S: i64 = 5 * 60;
/// Sessions of one account: a wall, desks of a shift that share it; the oldest ends.
pub const SESSIONS_MAX: i64 = 50;
/// Seconds of a link that sets a new password: until it has reached its person.
pub const RESET_S: i64 = 24 * 3600;
/// Seconds of an enrolment code, of the first administrator's link and of one made on the server's machine: time to walk
/// to the phone.
pub const ENROLMENT_S: i64 = 15 * 60;
/// Seconds for which a caller is remembered before the store is asked again; the longest that a
/// revoked device still works on another node.
pub const CALLER_CACHE_S: i64 = 15;
/// Rows of an exported missing list: more than any town has at the start of a round.
pub const EXPORT_ROWS_MAX: usize = 200_000;
/// Exceptions decided in one request: each folds a tube, so the request stays below two seconds.
pub const BULK_DECISIONS_MAX: usize = 200;
/// Rows of an exported list of exceptions: more than a whole city has open on a bad day.
pub const EXCEPTION_EXPORT_MAX: i64 = 20_000;
/// Areas in the scope of a round, and areas that a site serves: every village of a large city.
pub const SCOPE_AREAS_MAX: usize = 2_000;
/// Sites, which phones and filters are answered whole: a city of ten million has one for 2,000 persons.
pub const SITES_MAX: usize = 5_000;
/// Rounds, which are answered whole: one a day for five years.
pub const ROUNDS_MAX: usize = 2_000;
/// Characters of a name, reason or note.
pub const TEXT_CHARS_MAX: usize = 400;
