package store

import (
	"context"
	"database/sql"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/minio/minio-go/v7"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Errors of this package. Each comes with what was being done before it and the database's own
// words after it.
var (
	// ErrNotFound: there is no such thing, or what the write refers to (a session, an owner) is gone.
	ErrNotFound = errors.New("not found")
	// ErrConflict: another has the id, or the thing belongs to another owner.
	ErrConflict = errors.New("conflict")
	// ErrInvalid: a value is out of its range.
	ErrInvalid = errors.New("invalid")
	// ErrBadCursor: the cursor is not one of ours, or is of another list.
	ErrBadCursor = errors.New("the cursor is not valid")
	// ErrNewer: a newer version of the program has changed the database.
	ErrNewer = errors.New("the database was written by a newer version of the program: update the program, or restore the backup from before")
	// ErrFull: nothing was written, and nothing that was confirmed is lost.
	ErrFull = errors.New("the disk is full: free some space on it, then try again")
	// ErrReadOnly: nothing can be written.
	ErrReadOnly = errors.New("the storage cannot be written: give the server's user write access to the data folder and the files in it, " +
		"give its access key the right to write, or point DATABASE_URL at the primary instead of a read-only replica")
	// ErrBusy: another process holds the database for too long.
	ErrBusy = errors.New("the database is busy with another process: try again")
	// ErrUnavailable: there is no talking to the database or the object storage.
	ErrUnavailable = errors.New("the storage cannot be reached: check that its server runs and that the address, name and password are right")
	// ErrCorrupt: the file is damaged, or is not a database.
	ErrCorrupt = errors.New("the database file is damaged or is no SQLite database: restore it from a backup")
	// ErrClosed: the store has been closed.
	ErrClosed = errors.New("the store is closed")
)

// wrap says what was being done and which of this package's errors it is. It is the only place
// that knows the databases' codes. Nil stays nil.
func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%s: %w", doing, errNoRow)
	}
	kind := classify(err)
	if kind == nil || errors.Is(err, kind) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return fmt.Errorf("%s: %w (%w)", doing, kind, err)
}

// classify is the sentinel for a database's error, nil where there is none.
func classify(err error) error {
	var (
		lite  *sqlite.Error
		pg    *pgconn.PgError
		dial  *pgconn.ConnectError
		s3    minio.ErrorResponse
		netOp *net.OpError

		request   *url.Error // of S3: there was no answer, or none in HTTP
		xmlSyntax *xml.SyntaxError
	)
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return ErrNotFound
	case errors.Is(err, sql.ErrConnDone):
		return ErrClosed
	case errors.As(err, &lite):
		return classifySQLite(lite.Code())
	case errors.As(err, &pg):
		return classifyPostgres(pg.Code)
	case errors.As(err, &s3):
		return classifyS3(&s3)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return ErrFull
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return ErrReadOnly
	case errors.As(err, &dial), errors.As(err, &netOp), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.As(err, &request), errors.As(err, &xmlSyntax), errors.Is(err, errNotS3), babble(err):
		return ErrUnavailable
	case err.Error() == "sql: database is closed": // database/sql has no value for it
		return ErrClosed
	}
	return nil
}

// babble says whether what answers is no PostgreSQL. The library has no value for most of these errors.
func babble(err error) bool {
	var long *pgproto3.ExceededMaxBodyLenErr
	text := err.Error()
	return errors.As(err, &long) || strings.Contains(text, "unknown message type") ||
		strings.Contains(text, "body must have length") || strings.Contains(text, "body is invalid")
}

// classifySQLite reads an extended result code, see https://sqlite.org/rescode.html.
func classifySQLite(code int) error {
	switch code {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return ErrConflict
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return ErrNotFound
	case sqlite3.SQLITE_CONSTRAINT_CHECK, sqlite3.SQLITE_CONSTRAINT_NOTNULL:
		return ErrInvalid
	}
	switch code & 0xff { // the primary code
	case sqlite3.SQLITE_FULL:
		return ErrFull
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return ErrReadOnly
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return ErrBusy
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return ErrCorrupt
	}
	return nil
}

// classifyPostgres reads an SQLSTATE, see appendix A of PostgreSQL's manual.
func classifyPostgres(state string) error {
	switch state {
	case "23505": // unique_violation
		return ErrConflict
	case "23503": // foreign_key_violation
		return ErrNotFound
	case "23514", "23502", "22P02", "22003": // check, not null, text form, numeric range
		return ErrInvalid
	case "53100": // disk_full
		return ErrFull
	case "25006": // read_only_sql_transaction
		return ErrReadOnly
	case "40001", "40P01", "55P03": // serialization_failure, deadlock_detected, lock_not_available
		return ErrBusy
	}
	switch {
	case strings.HasPrefix(state, "08"), // connection exception
		strings.HasPrefix(state, "28"),  // invalid authorization
		strings.HasPrefix(state, "57P"), // the server is stopping or starting
		state == "3D000",                // no such database
		state == "53300":                // too many connections
		return ErrUnavailable
	}
	return nil
}

// classifyS3 reads an S3 error's code, see AWS's "List of error codes" and, for what begins with X, MinIO's.
func classifyS3(e *minio.ErrorResponse) error {
	switch e.Code {
	case "NoSuchKey", "NoSuchBucket":
		return ErrNotFound
	case "AccessDenied", "XMinioStorageReadOnly":
		return ErrReadOnly
	case "XMinioStorageFull", "QuotaExceeded":
		return ErrFull
	case "InvalidAccessKeyId", "SignatureDoesNotMatch":
		return ErrUnavailable
	case "SlowDown":
		return ErrBusy
	}
	switch { // an answer to HEAD has no code
	case e.StatusCode == http.StatusNotFound:
		return ErrNotFound
	case e.StatusCode == http.StatusForbidden:
		return ErrReadOnly
	case e.StatusCode == http.StatusTooManyRequests:
		return ErrBusy
	case e.StatusCode >= http.StatusInternalServerError, e.StatusCode < http.StatusBadRequest, // such as a redirection
		e.Code == "InternalError": // also the library's word for an answer that makes no sense
		return ErrUnavailable
	}
	return nil
}

// errNoRow is the ErrNotFound of a statement that found no row, not that of a reference to what is gone.
var errNoRow = fmt.Errorf("%w", ErrNotFound)
