package store

import (
	"context"
	"time"
)

// Erasure is the deletion of a user that is under way: what the database knew of them is gone, or goes with
// the next try, and their files are to follow.
type Erasure struct {
	Owner string
	Tries int // so far, the one under way included
	Begun time.Time
}

func scanErasure(row scanner) (e Erasure, err error) {
	var begun int64
	err = row.Scan(&e.Owner, &e.Tries, &begun)
	e.Begun = when(begun)
	return e, err
}

// EraseUser deletes a user as DeleteUser does, and writes down first that it has to be done, and that their files
// are to be deleted too: for hold by the caller, from then on by whoever asks for TakeErasures. With an error
// other than ErrNotFound, the user may be there still, and is deleted by the next who does.
func (s *Store) EraseUser(ctx context.Context, id string, hold time.Duration) (Erasure, error) {
	const doing = "erase user"
	now := s.clock()
	e, err := returnedOne(ctx, s, doing, scanErasure, `
		INSERT INTO erasures (owner, tries, due, begun) SELECT id, 1, CAST($1 AS bigint), CAST($2 AS bigint) FROM users WHERE id = $3 AND id <> $4
		ON CONFLICT (owner) DO UPDATE SET tries = erasures.tries + 1, due = excluded.due
		RETURNING owner, tries, begun`,
		micros(now.Add(hold)), micros(now), plain(id), Anonymous)
	if err != nil {
		return Erasure{}, err
	}
	return e, s.DeleteUser(ctx, id)
}

// TakeErasures hands out erasures that are due, to be gone on with by whoever asks: until hold is over they are handed
// out to nobody else, in no process.
func (s *Store) TakeErasures(ctx context.Context, hold time.Duration) ([]Erasure, error) {
	now := s.clock()
	return returned(ctx, s, "take erasures", scanErasure, `
		UPDATE erasures SET tries = tries + 1, due = $1 WHERE due <= $2 RETURNING owner, tries, begun`,
		micros(now.Add(hold)), micros(now))
}

// PutErasureOff has an erasure gone on with at a time.
func (s *Store) PutErasureOff(ctx context.Context, owner string, until time.Time) error {
	_, err := s.exec(ctx, "put an erasure off", `UPDATE erasures SET due = $1 WHERE owner = $2`, micros(until), plain(owner))
	return err
}

// EndErasure forgets an erasure: nothing of the owner's is left.
func (s *Store) EndErasure(ctx context.Context, owner string) error {
	_, err := s.exec(ctx, "end an erasure", `DELETE FROM erasures WHERE owner = $1`, plain(owner))
	return err
}
