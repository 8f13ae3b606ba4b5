package speech

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"avatarforge/store"
)

const (
	// roomEvery is how often the room is looked at, at the most.
	roomEvery = 5 * time.Second
	// sweepEvery is how often files are looked for that no entry names.
	sweepEvery = 24 * time.Hour
	// orphanAfter is how old such a file must be: a younger one may be about to get its
	// entry.
	orphanAfter = time.Hour
)

// keepRoom is the goroutine that deletes what there is no room for, and what crashes have
// left behind.
func (s *Studio) keepRoom() {
	sweep := time.NewTimer(0)
	defer sweep.Stop()
	// What was too fresh to go is looked at again when it no longer is.
	stale := time.NewTicker(s.cfg.FreshFor)
	defer stale.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-sweep.C:
			s.sweep(s.ctx)
			sweep.Reset(sweepEvery)
		case <-s.crowded:
		case <-stale.C:
		}
		s.makeRoom(s.ctx)
		select {
		case <-time.After(roomEvery):
		case <-s.ctx.Done():
		}
	}
}

// makeRoom deletes the recordings for which there is no room.
func (s *Studio) makeRoom(ctx context.Context) {
	gone, err := s.cfg.Store.EvictAudio(ctx, max(s.cfg.CacheBytes, 0), time.Now().Add(-s.cfg.FreshFor))
	if err != nil {
		if ctx.Err() == nil {
			s.log.Error("no room could be made for speech", slog.Any("error", err))
		}
		return
	}
	for _, a := range gone {
		s.remove(ctx, a.Blob)
	}
}

// sweep deletes what belongs to nothing any more: files that have no entry, because a crash
// came between the two or a user was deleted, and promises that were broken long ago.
func (s *Studio) sweep(ctx context.Context) {
	if _, err := s.cfg.Store.PurgePromises(ctx, time.Now().Add(-brokenFor)); err != nil && ctx.Err() == nil {
		s.log.Error("old promises of speech could not be deleted", slog.Any("error", err))
	}
	s.sweepBefore(ctx, time.Now().Add(-orphanAfter))
}

// sweepBefore deletes files that have no entry and were made before a time.
func (s *Studio) sweepBefore(ctx context.Context, before time.Time) {
	swept := 0
	for info, err := range s.cfg.Blobs.List(ctx, Folder) {
		if err == nil && info.Modified.After(before) {
			continue
		}
		if err == nil {
			_, err = s.cfg.Store.AudioOfBlob(ctx, info.Name)
		}
		switch {
		case errors.Is(err, store.ErrNotFound):
			s.remove(ctx, info.Name)
			swept++
		case err != nil:
			if ctx.Err() == nil {
				s.log.Error("speech files could not be swept", slog.Any("error", err))
			}
			return
		}
	}
	if swept > 0 {
		s.log.Info("speech files that belonged to nothing were deleted", slog.Int("files", swept))
	}
}

// Open opens a file by its owner and name, as a path that the studio has given out ends.
// Whether somebody may see the owner's files is the caller's to know.
//
// Errors: store.ErrNotFound, NotYetError, BrokenPromiseError, the store's.
func (s *Studio) Open(ctx context.Context, owner, file string) (*store.Blob, Format, error) {
	id, ending, _ := strings.Cut(file, ".")
	format := Format(ending)
	if !validFileID(id) || format != WAV && format != Raw && format != Ogg && format != AAC {
		return nil, "", store.ErrNotFound
	}
	name := blobName(owner, file)
	blob, err := s.cfg.Blobs.Open(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		if err := s.promised(ctx, name); !errors.Is(err, store.ErrNotFound) {
			return nil, "", err
		}
		// The promise may have been kept just then.
		blob, err = s.cfg.Blobs.Open(ctx, name)
	}
	if err != nil {
		return nil, "", err
	}
	s.touch(ctx, name)
	return blob, format, nil
}

// validFileID reports whether newFileID may have made it.
func validFileID(id string) bool {
	return id != "" && !strings.ContainsFunc(id, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
}

const (
	// touchEvery is how often a file's use is noted, at the most: a player asks for its
	// parts one by one.
	touchEvery = time.Minute
	touchedMax = 4096
)

// touch notes that a file was used.
func (s *Studio) touch(ctx context.Context, blob string) {
	now := time.Now()
	s.mu.Lock()
	fresh := now.Sub(s.touched[blob]) < touchEvery
	if !fresh {
		if len(s.touched) >= touchedMax {
			clear(s.touched)
		}
		s.touched[blob] = now
	}
	s.mu.Unlock()
	if fresh {
		return
	}
	// A disk on which nothing can be written any more does not keep it from being heard.
	if err := s.cfg.Store.TouchAudio(ctx, blob); err != nil {
		s.log.Warn("the use of a speech file could not be noted", slog.Any("error", err))
	}
}
