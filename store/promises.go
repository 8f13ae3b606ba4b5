package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// Promise is a speech file that is yet to be made, and whose name somebody knows.
type Promise struct {
	Blob    string // the file's name in Blobs
	Owner   string
	Request json.RawMessage // what is to be spoken how; not looked into
	Due     time.Time       // when making it begins, at the earliest
	Failure string          // why it could not be made; empty while it is to be
	Created time.Time       // set by the store
}

const promiseColumns = `blob, owner, request, due, failure, created`

func scanPromise(row scanner) (p Promise, err error) {
	var request string
	var due, created int64
	err = row.Scan(&p.Blob, &p.Owner, &request, &due, &p.Failure, &created)
	p.Request, p.Due, p.Created = json.RawMessage(request), when(due), when(created)
	return p, err
}

// AddPromise stores a promise. ErrConflict: there is one of that name. ErrNotFound: the owner is gone.
func (s *Store) AddPromise(ctx context.Context, p Promise) error {
	_, err := s.exec(ctx, "save promise", `
		INSERT INTO promises (`+promiseColumns+`, held_until) VALUES ($1, $2, $3, $4, $5, $6, 0)`,
		plain(p.Blob), plain(p.Owner), plain(string(p.Request)), micros(p.Due), plain(p.Failure), micros(s.clock()))
	return err
}

// Promise is the promise of the file of that name.
func (s *Store) Promise(ctx context.Context, blob string) (Promise, error) {
	return one(ctx, s, "read promise", scanPromise, `SELECT `+promiseColumns+` FROM promises WHERE blob = $1`, plain(blob))
}

// TakePromises hands out promises that are due, the oldest first, to be kept by whoever asks: until hold is
// over they are handed out to nobody else, in no process.
func (s *Store) TakePromises(ctx context.Context, hold time.Duration, limit int) ([]Promise, error) {
	now := s.clock()
	// Said twice: a PostgreSQL that has waited for another's update looks at the outer condition only.
	return returned(ctx, s, "take promises", scanPromise, `
		UPDATE promises SET held_until = $1
		WHERE failure = '' AND held_until <= $2 AND blob IN (
			SELECT blob FROM promises WHERE failure = '' AND held_until <= $3 AND due <= $4 ORDER BY due, blob LIMIT $5)
		RETURNING `+promiseColumns,
		micros(now.Add(hold)), micros(now), micros(now), micros(now), limit)
}

// HoldPromise is TakePromises' hold, prolonged. ErrNotFound: there is nothing left to keep.
func (s *Store) HoldPromise(ctx context.Context, blob string, hold time.Duration) error {
	return s.execOne(ctx, "hold promise", `UPDATE promises SET held_until = $1 WHERE blob = $2 AND failure = ''`,
		micros(s.clock().Add(hold)), plain(blob))
}

// ReleasePromise lets others take what TakePromises has handed out.
func (s *Store) ReleasePromise(ctx context.Context, blob string) error {
	_, err := s.exec(ctx, "release promise", `UPDATE promises SET held_until = 0 WHERE blob = $1`, plain(blob))
	return err
}

// BreakPromise says that a promise cannot be kept, and why.
func (s *Store) BreakPromise(ctx context.Context, blob, failure string) error {
	_, err := s.exec(ctx, "break promise", `UPDATE promises SET failure = $1 WHERE blob = $2`, plain(failure), plain(blob))
	return err
}

// DeletePromise forgets a promise, as one that has been kept.
func (s *Store) DeletePromise(ctx context.Context, blob string) error {
	_, err := s.exec(ctx, "delete promise", `DELETE FROM promises WHERE blob = $1`, plain(blob))
	return err
}

// PurgePromises forgets the promises broken that were made before a time, and says how many.
func (s *Store) PurgePromises(ctx context.Context, before time.Time) (int64, error) {
	return s.exec(ctx, "purge promises", `DELETE FROM promises WHERE failure <> '' AND created < $1`, micros(before))
}

// NextPromise is when TakePromises has something next, as far as is known; false: nothing is to be made.
func (s *Store) NextPromise(ctx context.Context) (time.Time, bool, error) {
	at, err := one(ctx, s, "read promises", scanInt, `
		SELECT CASE WHEN due > held_until THEN due ELSE held_until END AS ready
		FROM promises WHERE failure = '' ORDER BY ready LIMIT 1`)
	if errors.Is(err, errNoRow) {
		return time.Time{}, false, nil
	}
	return when(at), err == nil, err
}
