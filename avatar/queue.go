package avatar

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"avatarforge/store"
)

const (
	// jobsFile is SQLite's file for River in the data folder. It is not the store's, which has one writer of
	// its own.
	jobsFile = "jobs.db"
	// jobConns is how many connections River may hold to PostgreSQL.
	jobConns = 6
	// connectTimeout is how long it may take to reach PostgreSQL.
	connectTimeout = 10 * time.Second
	// migrations may collide with those of an instance that starts at the same moment; whoever loses
	// looks again.
	migrateTries = 5
)

// queue is a River client, whichever database it is on.
type queue interface {
	Insert(ctx context.Context, args river.JobArgs, opts *river.InsertOpts) (*rivertype.JobInsertResult, error)
	JobList(ctx context.Context, params *river.JobListParams) (*river.JobListResult, error)
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
	StopAndCancel(ctx context.Context) error
}

// openQueue opens River's tables, in PostgreSQL or in a file of the data folder. The caller calls shut at the end.
func openQueue(ctx context.Context, databaseURL, dir string, config *river.Config) (q queue, shut func() error, err error) {
	config.Logger = slog.New(errorsOnly{config.Logger.Handler()})
	if databaseURL != "" {
		pool, err := openPool(ctx, databaseURL)
		if err != nil {
			return nil, nil, err
		}
		shut = func() error { pool.Close(); return nil }
		q, err = newQueue(ctx, riverpgxv5.New(pool), config)
		if err != nil {
			return nil, nil, errors.Join(err, shut())
		}
		return q, shut, nil
	}
	// Of one connection: River works on several things at once, SQLite does not.
	db, err := store.OpenSQLiteFile(dir, jobsFile)
	if err != nil {
		return nil, nil, err
	}
	q, err = newQueue(ctx, riversqlite.New(db), config)
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return q, db.Close, nil
}

func openPool(ctx context.Context, databaseURL string) (*pgxpool.Pool, error) {
	conf, err := pgxpool.ParseConfig(databaseURL) // its error does not repeat the password
	if err != nil {
		return nil, fmt.Errorf("read DATABASE_URL: %w", err)
	}
	conf.MaxConns = jobConns
	if conf.ConnConfig.ConnectTimeout == 0 { // the URL's connect_timeout
		conf.ConnConfig.ConnectTimeout = connectTimeout
	}
	return pgxpool.NewWithConfig(ctx, conf)
}

func newQueue[Tx any](ctx context.Context, driver riverdriver.Driver[Tx], config *river.Config) (queue, error) {
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: config.Logger})
	if err != nil {
		return nil, fmt.Errorf("prepare the job queue: %w", err)
	}
	for range migrateTries {
		if _, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err == nil || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("make the job queue's tables: %w", err)
	}
	client, err := river.NewClient(driver, config)
	if err != nil {
		return nil, fmt.Errorf("open the job queue: %w", err)
	}
	return client, nil
}

// errorsOnly lets River speak of what the operator should know.
type errorsOnly struct{ slog.Handler }

func (h errorsOnly) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && h.Handler.Enabled(ctx, level)
}

func (h errorsOnly) WithAttrs(attrs []slog.Attr) slog.Handler {
	return errorsOnly{h.Handler.WithAttrs(attrs)}
}

func (h errorsOnly) WithGroup(name string) slog.Handler { return errorsOnly{h.Handler.WithGroup(name)} }
