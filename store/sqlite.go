package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // registers the driver "sqlite"
)

const (
	sqliteFile     = "avatarforge.db"
	sqliteLockFile = "avatarforge.lock"
	// sqliteReaders is how many statements may read at once. A reader holds a connection only
	// for as long as one list takes.
	sqliteReaders = 4
)

func openSQLite(ctx context.Context, cfg *Config) (_ *Store, err error) {
	dir, err := dataFolder(cfg.Dir)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, sqliteFile)
	unlock, err := lockSQLite(ctx, filepath.Join(dir, sqliteLockFile))
	if err != nil {
		return nil, fmt.Errorf("wait for another instance that opens %s: %w", file, err)
	}
	defer func() { err = errors.Join(err, unlock()) }()

	db, err := OpenSQLiteFile(dir, sqliteFile)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, db.Close())
		}
	}()
	if err := migrate(ctx, goose.DialectSQLite3, db); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	read, err := sql.Open("sqlite", sqliteURL(file, "query_only(1)"))
	if err != nil {
		return nil, err
	}
	if cfg.MaxConns <= 0 {
		cfg.MaxConns = sqliteReaders
	}
	read.SetMaxOpenConns(cfg.MaxConns)
	read.SetMaxIdleConns(cfg.MaxConns)
	w, err := newBatchWriter(ctx, db, cmp.Or(cfg.batch, batchLimit))
	if err != nil {
		return nil, errors.Join(err, read.Close())
	}
	return &Store{read: read, write: w, now: cfg.Now, scrub: scrubSQLite}, nil
}

// scrubSQLite empties the log of writes, which has what was deleted from the database since:
// it is only written over, when its turn comes. A checkpoint needs no right to write.
func scrubSQLite(ctx context.Context, read *sql.DB) error {
	var busy, pages, moved int
	if err := read.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &pages, &moved); err != nil {
		return err
	}
	if busy != 0 { // somebody reads, or writes, for longer than busy_timeout
		return fmt.Errorf("the log is in use: %w", ErrBusy)
	}
	return nil
}

// OpenSQLiteFile opens a database in a file of the data folder, which it makes if there is none, the way the
// store keeps its own: what is committed is on the disk, and what is deleted is written over. It has one
// connection, since SQLite has one writer. Only the first statement reads or makes the file, and reports
// what is wrong with it.
func OpenSQLiteFile(dir, name string) (*sql.DB, error) {
	dir, err := dataFolder(dir)
	if err != nil {
		return nil, err
	}
	// FULL flushes the log at every commit; NORMAL would leave that to the next checkpoint, and
	// a power cut would take confirmed items with it. A write by itself costs 1.5 ms that way rather
	// than 0.12, of 128 that wait together each 0.044 ms rather than 0.027: see batchWriter.
	//
	// secure_delete writes zeros over what is deleted.
	db, err := sql.Open("sqlite", sqliteURL(filepath.Join(dir, name),
		"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "journal_size_limit(67108864)", "secure_delete(1)"))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// dataFolder makes the folder if there is none, and returns its absolute path.
func dataFolder(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the data folder: %w", err)
	}
	return dir, nil
}

// sqliteURL names the file in the driver's words. A name may hold anything, '?' and '%' too.
func sqliteURL(file string, pragmas ...string) string {
	query := url.Values{"_txlock": {"immediate"}, "_pragma": append([]string{"busy_timeout(5000)"}, pragmas...)}
	path := filepath.ToSlash(file)
	if !strings.HasPrefix(path, "/") { // a drive letter
		path = "/" + path
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}
	return u.String()
}

// lockSQLite holds a file for one process at a time, by SQLite's own locks: they work on every
// system that SQLite does, and end with the process. It is a file of its own, because turning a
// new database to WAL is itself something that two processes must not do at once.
func lockSQLite(ctx context.Context, file string) (unlock func() error, err error) {
	db, err := sql.Open("sqlite", sqliteURL(file))
	if err != nil {
		return nil, err
	}
	for {
		tx, err := db.BeginTx(ctx, nil) // immediate, waits for up to 5 s
		if err == nil {
			return func() error { return errors.Join(tx.Rollback(), db.Close()) }, nil
		}
		if !errors.Is(classify(err), ErrBusy) || ctx.Err() != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
}
