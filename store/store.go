package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Anonymous owns what belongs to nobody who is logged in. It is a user like any other, but
// cannot be deleted.
const Anonymous = "anonymous"

// Config says where the database is. One of URL and Dir is needed.
type Config struct {
	// URL is PostgreSQL's, postgres://user:password@host:port/name?sslmode=…; empty means SQLite.
	URL string
	// Dir is the data folder, in which SQLite's file lies; made when it is not there.
	Dir string
	// MaxConns is how many connections to hold at most, beside SQLite's one for writing;
	// zero means 16 to PostgreSQL and 4 to SQLite.
	MaxConns int
	// Now is the clock; nil means time.Now.
	Now func() time.Time

	batch int // statements in a transaction of SQLite's, at most; zero means batchLimit
}

// Store is an open database. Safe for use by several goroutines.
type Store struct {
	// Immutable after Open.
	read     *sql.DB
	write    writer
	now      func() time.Time
	patience time.Duration // with a read; zero means without end
	// scrub takes what has been deleted out of the database's files; nil where the database
	// does so when it likes.
	scrub func(ctx context.Context, read *sql.DB) error
}

// writer runs statements that change something. There are two: batchWriter for SQLite and
// directWriter for PostgreSQL.
type writer interface {
	// run runs statements, in one transaction where they are several. They have happened, and last,
	// once run has returned nil; but for those behind one that is vital and has changed no row.
	run(ctx context.Context, list ...*statement) error
	// close lets what runs finish and refuses the rest with ErrClosed.
	close() error
}

// statement is one statement that changes something.
type statement struct {
	text string
	args []any
	// start is called before the first row is read, again when the statement has to be run again,
	// and scan for each row of RETURNING. Both are nil where there is none.
	start func()
	scan  func(row scanner) error
	// vital says that those behind it are not to be run where it changes no row.
	vital bool
	// rows is set by run: how many were changed or, with scan, returned.
	rows int64
}

// scanner is a *sql.Row or *sql.Rows.
type scanner interface {
	Scan(dest ...any) error
}

// Open opens the database, brings its tables up to date and waits while another instance does so.
// A database that a newer version of the program has changed is ErrNewer.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	var (
		s   *Store
		err error
	)
	switch {
	case cfg.URL != "":
		s, err = openPostgres(ctx, &cfg)
	case cfg.Dir != "":
		s, err = openSQLite(ctx, &cfg)
	default:
		err = errors.New("neither a URL nor a folder is given")
	}
	if err != nil {
		return nil, wrap("open database", err)
	}
	return s, nil
}

// Close lets running writes finish and refuses new ones with ErrClosed. It may be called more
// than once.
func (s *Store) Close() error {
	return errors.Join(s.write.close(), s.read.Close())
}

// Ping asks the database for a sign of life.
func (s *Store) Ping(ctx context.Context) error {
	ctx, cancel := patiently(ctx, s.patience)
	defer cancel()
	var one int64
	return wrap("ping", s.read.QueryRowContext(ctx, `SELECT 1`).Scan(&one))
}

// Scrub takes what has been deleted out of SQLite's files, where it may stand for a while
// longer. PostgreSQL does so by itself, at its next vacuum.
func (s *Store) Scrub(ctx context.Context) error {
	if s.scrub == nil {
		return nil
	}
	return wrap("scrub the database", s.scrub(ctx, s.read))
}

// patiently gives a call its time, where its caller has not. A database across a network may say nothing for
// ever, and whoever waits for it waits with a request of somebody's.
func patiently(ctx context.Context, patience time.Duration) (context.Context, context.CancelFunc) {
	if _, bounded := ctx.Deadline(); bounded || patience == 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, patience)
}

// exec runs a statement that changes something and says how many rows it changed.
func (s *Store) exec(ctx context.Context, doing, text string, args ...any) (int64, error) {
	st := statement{text: text, args: args}
	err := s.write.run(ctx, &st)
	return st.rows, wrap(doing, err)
}

// execOne is exec for a statement that changes one row; ErrNotFound when it finds none.
func (s *Store) execOne(ctx context.Context, doing, text string, args ...any) error {
	n, err := s.exec(ctx, doing, text, args...)
	if err == nil && n == 0 {
		return wrap(doing, sql.ErrNoRows)
	}
	return err
}

// one reads a single row; ErrNotFound when there is none.
func one[T any](ctx context.Context, s *Store, doing string, scan func(scanner) (T, error), text string, args ...any) (T, error) {
	ctx, cancel := patiently(ctx, s.patience)
	defer cancel()
	v, err := scan(s.read.QueryRowContext(ctx, text, args...))
	if err != nil {
		var none T
		return none, wrap(doing, err)
	}
	return v, nil
}

// all reads rows.
func all[T any](ctx context.Context, s *Store, doing string, scan func(scanner) (T, error), text string, args ...any) (list []T, err error) {
	ctx, cancel := patiently(ctx, s.patience)
	defer cancel()
	rows, err := s.read.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, wrap(doing, err)
	}
	defer func() { err = errors.Join(err, wrap(doing, rows.Close())) }()
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, wrap(doing, err)
		}
		list = append(list, v)
	}
	return list, wrap(doing, rows.Err())
}

// returned runs a statement with RETURNING and reads the rows that come back.
func returned[T any](ctx context.Context, s *Store, doing string, scan func(scanner) (T, error), text string, args ...any) ([]T, error) {
	var list []T
	st := statement{
		text: text, args: args,
		start: func() { list = nil },
		scan: func(row scanner) error {
			v, err := scan(row)
			list = append(list, v)
			return err
		},
	}
	if err := s.write.run(ctx, &st); err != nil {
		return nil, wrap(doing, err)
	}
	return list, nil
}

// returnedOne is returned for one row; ErrNotFound when none comes back.
func returnedOne[T any](ctx context.Context, s *Store, doing string, scan func(scanner) (T, error), text string, args ...any) (T, error) {
	list, err := returned(ctx, s, doing, scan, text, args...)
	if err == nil && len(list) == 0 {
		err = wrap(doing, sql.ErrNoRows)
	}
	if err != nil {
		var none T
		return none, err
	}
	return list[0], nil
}

// inVain says that the statements behind it are not to be run.
func (st *statement) inVain() bool { return st.vital && st.rows == 0 }

// runOn runs the statement on a connection, a pool or a prepared statement.
func (st *statement) runOn(
	exec func() (sql.Result, error), query func() (*sql.Rows, error),
) (err error) {
	st.rows = 0
	if st.scan == nil {
		res, err := exec()
		if err != nil {
			return err
		}
		st.rows, err = res.RowsAffected()
		return err
	}
	rows, err := query()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	st.start()
	for rows.Next() {
		st.rows++
		if err := st.scan(rows); err != nil {
			return fmt.Errorf("read a changed row: %w", err)
		}
	}
	return rows.Err()
}

// micros is a time as the database holds it; the zero time is 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// when is micros' reverse, in UTC.
func when(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// clock is the time as the database can hold it.
func (s *Store) clock() time.Time { return when(s.now().UnixMicro()) }

// orNow is t, or the present where none is given.
func (s *Store) orNow(t time.Time) time.Time {
	if t.IsZero() {
		return s.clock()
	}
	return when(micros(t))
}

// plain is a text as both databases can hold it. PostgreSQL refuses NUL and whatever is not
// UTF-8, and a transcript is not to be lost for a model's stray byte.
func plain(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}
