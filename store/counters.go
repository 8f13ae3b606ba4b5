package store

import (
	"context"
	"errors"
	"time"
)

// scanInt reads a row of one number.
func scanInt(row scanner) (n int64, err error) {
	err = row.Scan(&n)
	return n, err
}

// Count adds one to the counter of that name and returns what it is then. A counter begins at zero and
// lives for ttl from its first count on.
func (s *Store) Count(ctx context.Context, name string, ttl time.Duration) (int, error) {
	now := s.clock()
	n, err := returnedOne(ctx, s, "count", scanInt, `
		INSERT INTO counters (name, n, expires) VALUES ($1, 1, $2)
		ON CONFLICT (name) DO UPDATE
		SET n = CASE WHEN counters.expires <= $3 THEN 1 ELSE counters.n + 1 END,
		    expires = CASE WHEN counters.expires <= $4 THEN excluded.expires ELSE counters.expires END
		RETURNING n`,
		plain(name), micros(now.Add(ttl)), micros(now), micros(now))
	return int(n), err
}

// Uncount takes one count of the counter of that name back, down to zero.
func (s *Store) Uncount(ctx context.Context, name string) error {
	_, err := s.exec(ctx, "take a count back", `UPDATE counters SET n = n - 1 WHERE name = $1 AND n > 0`, plain(name))
	return err
}

// Counted is what the counter of that name stands at.
func (s *Store) Counted(ctx context.Context, name string) (int, error) {
	n, err := one(ctx, s, "read counter", scanInt,
		`SELECT n FROM counters WHERE name = $1 AND expires > $2`, plain(name), micros(s.clock()))
	if errors.Is(err, errNoRow) {
		return 0, nil
	}
	return int(n), err
}

// RevokeToken makes the token of that id (its jti) invalid. Once it has expired, it is so without us.
func (s *Store) RevokeToken(ctx context.Context, jti string, expires time.Time) error {
	_, err := s.exec(ctx, "revoke token", `
		INSERT INTO revoked_tokens (jti, expires) VALUES ($1, $2)
		ON CONFLICT (jti) DO UPDATE SET expires = excluded.expires`, plain(jti), micros(expires))
	return err
}

// TokenRevoked says whether the token of that id has been revoked, or its user has been deleted.
func (s *Store) TokenRevoked(ctx context.Context, jti, user string) (bool, error) {
	n, err := one(ctx, s, "look a token up", scanInt, `
		SELECT (SELECT COUNT(*) FROM revoked_tokens WHERE jti = $1) + 1 - (SELECT COUNT(*) FROM users WHERE id = $2)`,
		plain(jti), plain(user))
	return n > 0, err
}

// PurgeExpired deletes the revoked tokens and the counters whose time is over, and says how many.
func (s *Store) PurgeExpired(ctx context.Context) (int64, error) {
	const doing = "purge what has expired"
	now := micros(s.clock())
	tokens, err := s.exec(ctx, doing, `DELETE FROM revoked_tokens WHERE expires <= $1`, now)
	if err != nil {
		return tokens, err
	}
	counters, err := s.exec(ctx, doing, `DELETE FROM counters WHERE expires <= $1`, now)
	return tokens + counters, err
}

// Calibration is by how much a model's own token counts differ from our estimates.
type Calibration struct {
	Model   string
	Ratio   float64 // reported to estimated
	Samples int     // it was learned from
}

// SaveCalibration stores a model's calibration in place of the last one.
func (s *Store) SaveCalibration(ctx context.Context, c Calibration) error {
	_, err := s.exec(ctx, "save calibration", `
		INSERT INTO calibrations (model, ratio, samples) VALUES ($1, $2, $3)
		ON CONFLICT (model) DO UPDATE SET ratio = excluded.ratio, samples = excluded.samples`,
		plain(c.Model), c.Ratio, c.Samples)
	return err
}

// Calibrations is what is known of every model.
func (s *Store) Calibrations(ctx context.Context) ([]Calibration, error) {
	return all(ctx, s, "list calibrations", func(row scanner) (c Calibration, err error) {
		err = row.Scan(&c.Model, &c.Ratio, &c.Samples)
		return c, err
	}, `SELECT model, ratio, samples FROM calibrations ORDER BY model`)
}
