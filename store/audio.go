package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Audio is what is known of one speech file, which is also an entry of the speech cache. It never changes,
// but for its use.
type Audio struct {
	Owner    string
	Key      string // what was spoken how, as a SHA-256 in hexadecimal
	Blob     string // the file's name in Blobs; no two entries share one
	Voice    string
	Format   string
	Duration time.Duration // to the microsecond
	Size     int64         // in bytes
	// The store sets these.
	Hits              int64
	Created, LastUsed time.Time
}

const audioColumns = `owner, cache_key, blob, voice, format, duration, size, hits, created, last_used`

func scanAudio(row scanner) (a Audio, err error) {
	var duration, created, used int64
	err = row.Scan(&a.Owner, &a.Key, &a.Blob, &a.Voice, &a.Format, &duration, &a.Size, &a.Hits, &created, &used)
	a.Duration = time.Duration(duration) * time.Microsecond
	a.Created, a.LastUsed = when(created), when(used)
	return a, err
}

// AddAudio stores an entry and returns it with what the store sets. The file should be there already.
// ErrConflict: the owner has an entry of that key, or another entry has the blob. ErrNotFound: the owner is gone.
func (s *Store) AddAudio(ctx context.Context, a Audio) (Audio, error) {
	now := micros(s.clock())
	return returnedOne(ctx, s, "save audio", scanAudio, `
		INSERT INTO audio (`+audioColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9)
		RETURNING `+audioColumns,
		plain(a.Owner), plain(a.Key), plain(a.Blob), plain(a.Voice), plain(a.Format), a.Duration.Microseconds(), a.Size, now, now)
}

// Audio is the owner's entry of that key, and notes that it was used. A disk on which nothing can be
// written any more does not keep it from being found.
func (s *Store) Audio(ctx context.Context, owner, key string) (Audio, error) {
	const doing = "read audio"
	// Looked up first: a miss, which is the common case, then costs no write.
	a, err := one(ctx, s, doing, scanAudio, `SELECT `+audioColumns+` FROM audio WHERE owner = $1 AND cache_key = $2`, plain(owner), plain(key))
	if err != nil {
		return Audio{}, err
	}
	touched, err := returnedOne(ctx, s, doing, scanAudio, `
		UPDATE audio SET hits = hits + 1, last_used = $1 WHERE owner = $2 AND cache_key = $3 RETURNING `+audioColumns,
		micros(s.clock()), plain(owner), plain(key))
	if errors.Is(err, ErrFull) || errors.Is(err, ErrReadOnly) {
		return a, nil
	}
	return touched, err
}

// AudioOfAnyone is an entry of that key, whoever owns it: a file to copy rather than to synthesise.
func (s *Store) AudioOfAnyone(ctx context.Context, key string) (Audio, error) {
	return one(ctx, s, "read audio", scanAudio, `
		SELECT `+audioColumns+` FROM audio WHERE cache_key = $1 ORDER BY last_used DESC, owner LIMIT 1`, plain(key))
}

// AudioOfBlob is the entry whose file has that name.
func (s *Store) AudioOfBlob(ctx context.Context, blob string) (Audio, error) {
	return one(ctx, s, "read audio", scanAudio, `SELECT `+audioColumns+` FROM audio WHERE blob = $1`, plain(blob))
}

// TouchAudio notes that a file was used.
func (s *Store) TouchAudio(ctx context.Context, blob string) error {
	_, err := s.exec(ctx, "note a use of audio", `UPDATE audio SET hits = hits + 1, last_used = $1 WHERE blob = $2`,
		micros(s.clock()), plain(blob))
	return err
}

// ListAudio is a page of an owner's entries, the newest first, and the cursor of the next page, empty
// at the end. limit is 50 where it is zero, and 200 at most.
func (s *Store) ListAudio(ctx context.Context, owner, cursor string, limit int) ([]Audio, string, error) {
	const doing = "list audio"
	before, id, err := newestFirst(audioList, cursor)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", doing, err)
	}
	size := pageSize(limit)
	list, err := all(ctx, s, doing, scanAudio, `
		SELECT `+audioColumns+` FROM audio
		WHERE owner = $1 AND (created, cache_key) < ($2, $3)
		ORDER BY created DESC, cache_key DESC LIMIT $4`,
		plain(owner), before, id, size+1)
	page, next := cut(list, size, audioList, func(a Audio) mark { return timeMark(a.Created, a.Key) })
	return page, next, err
}

// DeleteAudio deletes the entry whose file has that name; one that is not there is no error. The file is
// the caller's to delete.
func (s *Store) DeleteAudio(ctx context.Context, blob string) error {
	_, err := s.exec(ctx, "delete audio", `DELETE FROM audio WHERE blob = $1`, plain(blob))
	return err
}

// EvictAudio deletes the entries that were not used for the longest time, until the files of those
// that stay have maxBytes together at most, and returns what it deleted: the files are the
// caller's to delete. Those used since a time stay in any case: somebody has just been told where they
// are. A file that a crash leaves behind has no entry, see AudioOfBlob.
func (s *Store) EvictAudio(ctx context.Context, maxBytes int64, since time.Time) ([]Audio, error) {
	return returned(ctx, s, "evict audio", scanAudio, `
		DELETE FROM audio WHERE last_used < $1 AND blob IN (
			SELECT blob FROM (
				SELECT blob, SUM(size) OVER (ORDER BY last_used DESC, blob ROWS UNBOUNDED PRECEDING) AS used FROM audio
			) AS newest
			WHERE used > CAST($2 AS bigint))
		RETURNING `+audioColumns, micros(since), maxBytes)
}
