package speech

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"avatarforge/store"
	"avatarforge/tts"
)

const (
	// promiseHold is for how long an instance that has taken a promise is believed to be at
	// it: it says so again at every third of that.
	promiseHold = time.Minute
	// promisePoll is how often the promises of instances that are gone are looked for.
	promisePoll = 10 * time.Second
	// promisesAtOnce bounds what one instance has taken.
	promisesAtOnce = 16
	// brokenFor is for how long a promise that could not be kept says why.
	brokenFor = 24 * time.Hour
)

// Promise promises the owner a recording of a request and returns the path at which it
// will be served. It is synthesised once delay is over, in whichever process runs then.
// What Open says of it meanwhile: NotYetError, or BrokenPromiseError.
//
// Errors: ErrNothingToSay, ErrOwnerGone, ErrClosed, the store's.
func (s *Studio) Promise(ctx context.Context, owner string, req Request, delay time.Duration) (url string, err error) {
	sc, err := newScript(req)
	if err != nil {
		return "", err
	}
	if s.isClosed() {
		return "", ErrClosed
	}
	data, err := json.Marshal(req)
	if err != nil {
		return "", fmt.Errorf("promise speech: %w", err)
	}
	file := fileName(newFileID(), sc.format)
	err = s.cfg.Store.AddPromise(ctx, store.Promise{
		Blob: blobName(owner, file), Owner: owner, Request: data, Due: time.Now().Add(max(delay, 0)),
	})
	if errors.Is(err, store.ErrNotFound) {
		return "", ErrOwnerGone
	}
	if err != nil {
		return "", err
	}
	poke(s.pledged)
	return fileURL(owner, file), nil
}

// NotYetError says that a file is promised and not made yet.
type NotYetError struct {
	RetryAfter time.Duration // when it is worth while to ask again
}

func (e *NotYetError) Error() string { return "speech: the file is promised, and not made yet" }

// BrokenPromiseError says that a file was promised and could not be made.
type BrokenPromiseError struct {
	Reason string // for people
}

func (e *BrokenPromiseError) Error() string { return "speech: the file could not be made: " + e.Reason }

// retryPromise is what somebody is told to wait for a promise that is due.
const retryPromise = time.Second

// promised says what has become of a file that is not there: NotYetError,
// BrokenPromiseError or store.ErrNotFound.
func (s *Studio) promised(ctx context.Context, blob string) error {
	p, err := s.cfg.Store.Promise(ctx, blob)
	switch {
	case err != nil:
		return err
	case p.Failure != "":
		return &BrokenPromiseError{p.Failure}
	}
	wait := time.Until(p.Due)
	if wait <= 0 {
		poke(s.pledged) // whoever made the promise may be gone
	}
	return &NotYetError{max(wait, retryPromise)}
}

// keepPromises is the goroutine that takes promises when they are due.
func (s *Studio) keepPromises() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	places := make(chan struct{}, promisesAtOnce)
	for {
		select {
		case <-timer.C:
		case <-s.pledged:
		case <-s.ctx.Done():
			return
		}
		timer.Reset(s.takePromises(places))
	}
}

// takePromises begins with what is due, as far as there are places, and returns when to
// look again.
func (s *Studio) takePromises(places chan struct{}) time.Duration {
	if s.isClosed() {
		return promisePoll
	}
	if free := cap(places) - len(places); free > 0 {
		due, err := s.cfg.Store.TakePromises(s.ctx, promiseHold, free)
		if err != nil {
			s.cannotPromise(err)
			return promisePoll
		}
		for _, p := range due {
			places <- struct{}{}
			s.work.Go(func() {
				defer poke(s.pledged)
				defer func() { <-places }()
				s.fulfil(s.ctx, p)
			})
		}
	}
	if len(places) == cap(places) {
		return promisePoll // or sooner: each that ends looks for the next
	}
	next, some, err := s.cfg.Store.NextPromise(s.ctx)
	if err != nil {
		s.cannotPromise(err)
	}
	if err != nil || !some {
		return promisePoll
	}
	return min(max(time.Until(next), 10*time.Millisecond), promisePoll)
}

func (s *Studio) cannotPromise(err error) {
	if s.ctx.Err() == nil {
		s.log.Error("promises of speech could not be read", slog.Any("error", err))
	}
}

// fulfil makes what was promised, or notes why that failed.
func (s *Studio) fulfil(ctx context.Context, p store.Promise) {
	log := s.log.With(slog.String("blob", p.Blob))
	err := s.recordPromised(ctx, p, log)
	after := context.WithoutCancel(ctx)
	switch {
	case err == nil:
		err = s.cfg.Store.DeletePromise(after, p.Blob)
	case errors.Is(err, ErrOwnerGone):
		return // and the promise with it
	case ctx.Err() != nil, errors.Is(err, ErrClosed), errors.Is(err, tts.ErrSchedulerClosed):
		err = s.cfg.Store.ReleasePromise(after, p.Blob)
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, store.ErrBusy):
		log.Warn("speech that was promised could not be kept yet", slog.Any("error", err))
		return // it is taken again when the hold is over
	default:
		log.Warn("speech that was promised could not be made", slog.Any("error", err))
		err = s.cfg.Store.BreakPromise(after, p.Blob, reason(err))
	}
	if err != nil {
		log.Error("a promise of speech could not be settled", slog.Any("error", err))
	}
}

// recordPromised makes the file, unless whoever did so came only as far as that.
func (s *Studio) recordPromised(ctx context.Context, p store.Promise, log *slog.Logger) error {
	if _, err := s.cfg.Store.AudioOfBlob(ctx, p.Blob); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	var req Request
	if err := json.Unmarshal(p.Request, &req); err != nil {
		return fmt.Errorf("read a promise: %w", err)
	}
	sc, err := newScript(req)
	if err != nil {
		return err
	}
	rec := recordingOf(&store.Audio{Blob: p.Blob})
	t, w, err := s.join(sc, want{owner: p.Owner, fileID: rec.FileID, told: true}, false)
	if err != nil {
		return err
	}
	defer s.leave(t)
	again := time.NewTicker(promiseHold / 3)
	defer again.Stop()
	for {
		select {
		case <-w.done:
			return w.err
		case <-again.C:
			if err := s.cfg.Store.HoldPromise(ctx, p.Blob, promiseHold); errors.Is(err, store.ErrNotFound) {
				return ErrOwnerGone
			} else if err != nil {
				log.Warn("a promise of speech could not be held", slog.Any("error", err))
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// reason is a failure as people are told it: without hosts, files or keys.
func reason(err error) string {
	var failed *tts.Error
	switch {
	case errors.As(err, &failed):
		return failed.Error()
	case errors.Is(err, tts.ErrNoServer):
		return "no speech server works"
	case errors.Is(err, store.ErrFull):
		return "the server's disk is full"
	case errors.Is(err, ErrNothingToSay):
		return "the text has nothing in it that can be spoken"
	default:
		return "the server failed; its log says why"
	}
}
