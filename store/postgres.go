package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

const (
	postgresConns = 16
	// postgresPatience is how long a statement may take whose caller sets no bound of its own.
	postgresPatience = 10 * time.Second
	// postgresLock is the advisory lock that is held while tables change; any number will do
	// that nobody else on the database uses.
	postgresLock int64 = 0x6176617461726667
)

func openPostgres(ctx context.Context, cfg *Config) (_ *Store, err error) {
	conf, err := pgx.ParseConfig(cfg.URL) // its error does not repeat the password
	if err != nil {
		return nil, fmt.Errorf("read DATABASE_URL: %w", err)
	}
	if conf.ConnectTimeout == 0 { // the URL's connect_timeout
		conf.ConnectTimeout = postgresPatience
	}
	if cfg.MaxConns <= 0 {
		cfg.MaxConns = postgresConns
	}
	db := stdlib.OpenDB(*conf)
	db.SetMaxOpenConns(max(cfg.MaxConns, 2)) // one holds the lock while the other migrates
	db.SetMaxIdleConns(cfg.MaxConns)
	defer func() {
		if err != nil {
			err = errors.Join(err, db.Close())
		}
	}()
	unlock, err := lockPostgres(ctx, db)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(migrate(ctx, goose.DialectPostgres, db), unlock()); err != nil {
		return nil, err
	}
	return &Store{read: db, write: &directWriter{db}, now: cfg.Now, patience: postgresPatience}, nil
}

// lockPostgres holds the database's advisory lock. It belongs to the connection, so that it ends
// with the process.
func lockPostgres(ctx context.Context, db *sql.DB) (unlock func() error, err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, postgresLock); err != nil {
		return nil, errors.Join(fmt.Errorf("wait for another instance that migrates: %w", err), conn.Close())
	}
	return func() error {
		_, err := conn.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, postgresLock)
		return errors.Join(err, conn.Close())
	}, nil
}

// directWriter sends statements as they come: PostgreSQL has many writers at once and gathers
// their commits itself.
type directWriter struct {
	db *sql.DB // closed by Store.Close
}

func (w *directWriter) run(ctx context.Context, list ...*statement) error {
	ctx, cancel := patiently(ctx, postgresPatience)
	defer cancel()
	if len(list) == 1 {
		return runDirectly(ctx, w.db, list[0])
	}
	tx, err := w.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	for _, st := range list {
		if err := runDirectly(ctx, tx, st); err != nil {
			_ = tx.Rollback() // it is undone either way
			return err
		}
		if st.inVain() {
			break
		}
	}
	return tx.Commit()
}

// runDirectly runs a statement on a pool or in a transaction.
func runDirectly(ctx context.Context, on interface {
	ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
}, st *statement) error {
	return st.runOn(
		func() (sql.Result, error) { return on.ExecContext(ctx, st.text, st.args...) },
		func() (*sql.Rows, error) { return on.QueryContext(ctx, st.text, st.args...) },
	)
}

func (w *directWriter) close() error { return nil }
