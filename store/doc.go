// Package store keeps what must outlast the process: users, characters, sessions and
// their transcripts, summaries, facts, audio metadata, counters, and files.
//
// # Two databases, one text
//
// SQLite in a file of the data folder is the default, PostgreSQL takes its place when a
// URL is given. Every statement is written once and runs on both: $n placeholders, upserts
// with RETURNING, row values, window functions. Times are integers, microseconds since 1970;
// ids are text made in Go; JSON is text. What only one of the two knows (now(), ILIKE, ::,
// = ANY, FOR UPDATE) does not occur. Every method that writes is a single statement, or a loop
// of statements each of which may stand alone, and so is atomic without a transaction of its own;
// but for SaveChanges, whose statements are one transaction that begins with the session's row.
//
// # Words
//
// The transcript of record is a session's items in the order of their positions; a position is a
// key that always leaves room for another between two, see PositionBetween. Owner is a user's
// id, or Anonymous. A cursor is where a page of a list ended; what it looks like is nobody's
// business but this package's. A blob is a file with a name such as audio/ab/cd.wav.
//
// # Who may call what
//
// All methods of Store and of Blobs may be called from any goroutine, also in several processes
// on one database. On SQLite one goroutine writes, and what waits for it becomes one transaction
// (see batchWriter), so that writers never fail for one another; readers have connections of
// their own and never wait for a writer. On PostgreSQL the server does the same for us.
//
// # What lasts
//
// A write that returned nil is on the disk: SQLite runs with synchronous=FULL, PostgreSQL with
// the server's synchronous_commit. A write whose context ends before it began has not
// happened; one whose context ends later is waited for on SQLite, and on PostgreSQL may have
// happened or not.
//
// # When the other side is slow or gone
//
// Errors are this package's sentinels, with the database's own words behind them. ErrFull,
// ErrReadOnly and ErrUnavailable say what the operator can do; the store itself goes on and works
// again as soon as the cause is gone.
package store
