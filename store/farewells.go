package store

import (
	"context"
	"time"
)

// OweFarewell notes that something is to be made of a session after its end, by anybody from
// due on. Where there is no such session nothing is noted.
func (s *Store) OweFarewell(ctx context.Context, session string, due time.Time) error {
	_, err := s.exec(ctx, "owe a farewell", `
		INSERT INTO farewells (session_id, due) SELECT id, CAST($1 AS bigint) FROM sessions WHERE id = $2
		ON CONFLICT (session_id) DO UPDATE SET due = excluded.due`,
		micros(due), plain(session))
	return err
}

// SettleFarewell notes that nothing is owed to a session any more. That nothing was is no error.
func (s *Store) SettleFarewell(ctx context.Context, session string) error {
	_, err := s.exec(ctx, "settle a farewell", `DELETE FROM farewells WHERE session_id = $1`, plain(session))
	return err
}

// TakeFarewells hands out the sessions that are due, the longest first, most at most, to be
// worked at by whoever asks: until hold is over they are handed out to nobody else, in no process.
func (s *Store) TakeFarewells(ctx context.Context, hold time.Duration, most int) ([]string, error) {
	now := s.clock()
	return returned(ctx, s, "take farewells", func(row scanner) (id string, err error) { return id, row.Scan(&id) }, `
		UPDATE farewells SET due = $1
		WHERE due <= $2 AND session_id IN (SELECT session_id FROM farewells WHERE due <= $3 ORDER BY due LIMIT $4)
		RETURNING session_id`,
		micros(now.Add(hold)), micros(now), micros(now), most)
}
