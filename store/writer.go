package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const (
	// batchLimit bounds a transaction, so that nobody waits for more than a tenth of a second of work.
	batchLimit = 512
	// beginTries times the busy timeout (5 s) is how long another process may hold the database.
	beginTries = 3
)

// batchWriter is SQLite's writer: one goroutine with the one connection that writes. What waits while
// it flushes the disk becomes the next transaction, so that a flush serves all who wait.
type batchWriter struct {
	// Immutable after newBatchWriter.
	db    *sql.DB
	conn  *sql.Conn
	limit int // statements in a transaction, at most

	// Written by any goroutine; never closed. Unbuffered: what the loop has taken, it answers.
	queue chan *queued
	stop  chan struct{} // closed by close
	done  chan struct{} // closed when loop has ended
	once  sync.Once

	// Owned by loop.
	prepared map[string]*sql.Stmt // by text; there are only as many as this package has
}

// queued are statements that wait for their turn, and where their outcome goes.
type queued struct {
	list    []*statement // not empty; all of them happen, or none
	outcome chan error   // has room for one
}

func newBatchWriter(ctx context.Context, db *sql.DB, limit int) (*batchWriter, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &batchWriter{
		db: db, conn: conn, limit: limit,
		queue: make(chan *queued), stop: make(chan struct{}), done: make(chan struct{}),
		prepared: make(map[string]*sql.Stmt),
	}
	go w.loop(context.WithoutCancel(ctx)) // close waits for it
	return w, nil
}

// run waits for the statements' turn for as long as ctx lasts, and then for their outcome.
func (w *batchWriter) run(ctx context.Context, list ...*statement) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	q := &queued{list, make(chan error, 1)}
	select {
	case w.queue <- q:
		return <-q.outcome
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-w.stop:
		return ErrClosed
	}
}

func (w *batchWriter) close() (err error) {
	w.once.Do(func() {
		close(w.stop)
		<-w.done
		for _, st := range w.prepared {
			err = errors.Join(err, st.Close())
		}
		err = errors.Join(err, w.conn.Close(), w.db.Close())
	})
	return err
}

// loop's context never ends, and is not the callers': an interrupted statement would undo everybody's.
func (w *batchWriter) loop(ctx context.Context) {
	defer close(w.done)
	var batch []*queued
	for {
		select {
		case q := <-w.queue:
			batch = append(batch[:0], q)
		case <-w.stop:
			return
		}
		w.commit(ctx, w.gather(batch))
	}
}

// gather adds all who wait at this moment.
func (w *batchWriter) gather(batch []*queued) []*queued {
	for n := len(batch[0].list); n < w.limit; {
		select {
		case q := <-w.queue:
			batch = append(batch, q)
			n += len(q.list)
		default:
			return batch
		}
	}
	return batch
}

// commit runs the batch as one transaction and answers everybody in it. Whose first statement breaks
// a constraint fails alone: SQLite undoes only that statement. Whatever else goes wrong
// undoes all of them; each is then tried by itself, so that none fails for another's sake.
func (w *batchWriter) commit(ctx context.Context, batch []*queued) {
	if err := w.begin(ctx); err != nil {
		answer(batch, err)
		return
	}
	outcomes := make([]error, len(batch))
	for i, q := range batch {
		var n int
		n, outcomes[i] = w.runAll(ctx, q.list)
		if outcomes[i] == nil || n == 0 && isConstraint(outcomes[i]) {
			continue
		}
		w.rollback(ctx)
		if len(batch) == 1 {
			answer(batch, outcomes[i])
			return
		}
		for j := range batch {
			w.commit(ctx, batch[j:j+1])
		}
		return
	}
	if err := w.runOne(ctx, &statement{text: `COMMIT`}); err != nil {
		w.rollback(ctx)
		answer(batch, fmt.Errorf("commit: %w", err))
		return
	}
	for i, q := range batch {
		q.outcome <- outcomes[i]
	}
}

// runAll says how many have been run, up to an error.
func (w *batchWriter) runAll(ctx context.Context, list []*statement) (n int, err error) {
	for n, st := range list {
		if err := w.runOne(ctx, st); err != nil {
			return n, err
		}
		if st.inVain() {
			break
		}
	}
	return len(list), nil
}

func answer(batch []*queued, err error) {
	for _, q := range batch {
		q.outcome <- err
	}
}

func (w *batchWriter) begin(ctx context.Context) (err error) {
	for range beginTries {
		err = w.runOne(ctx, &statement{text: `BEGIN IMMEDIATE`})
		if !errors.Is(classify(err), ErrBusy) {
			break
		}
	}
	return err
}

// rollback ends the transaction if SQLite has not done so itself.
func (w *batchWriter) rollback(ctx context.Context) {
	_, _ = w.conn.ExecContext(ctx, `ROLLBACK`) // fails when there is none left, which is what we want
}

func (w *batchWriter) runOne(ctx context.Context, st *statement) error {
	prepared, ok := w.prepared[st.text]
	if !ok {
		var err error
		if prepared, err = w.conn.PrepareContext(ctx, st.text); err != nil {
			return err
		}
		w.prepared[st.text] = prepared
	}
	return st.runOn(
		func() (sql.Result, error) { return prepared.ExecContext(ctx, st.args...) },
		func() (*sql.Rows, error) { return prepared.QueryContext(ctx, st.args...) },
	)
}

func isConstraint(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_CONSTRAINT
}
