package account

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"avatarforge/store"
)

// Config is what Accounts works with. Store and Blobs are needed.
type Config struct {
	Store *store.Store
	Blobs store.Blobs
	// Folders are those of Blobs that hold a folder for each owner, each with a slash at its end: audio/.
	Folders []string
	// Settle is how long after its beginning an erasure looks a last time for files; zero means an hour. It is longer
	// than anything takes that stores a file.
	Settle time.Duration
	Now    func() time.Time // the clock, which is the store's too; nil means time.Now
	Log    *slog.Logger     // nil discards
}

// Accounts exports and erases accounts. See the package's documentation.
type Accounts struct {
	cfg Config // Immutable.
}

const (
	defaultSettle = time.Hour
	// hold is for how long whoever is at an erasure is believed to be.
	hold = 5 * time.Minute
	// firstPause is the one after an erasure's first try that failed; each further one is twice as long, up to
	// lastPause.
	firstPause = 10 * time.Second
	lastPause  = time.Hour
	// tendEvery is how often Tend looks for erasures that are due.
	tendEvery = 10 * time.Second
)

// New makes Accounts.
func New(cfg Config) *Accounts {
	if cfg.Settle <= 0 {
		cfg.Settle = defaultSettle
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Accounts{cfg}
}

// Erase deletes a user and all that is theirs. Once it has returned nil the database knows nothing of them; whole says
// whether their files are gone as well, which are else deleted later, by Tend.
//
// Errors: store.ErrNotFound where there is no such user; those of the store, after which the user may be
// there still, and is deleted later all the same if the store was told of it.
func (a *Accounts) Erase(ctx context.Context, user string) (whole bool, err error) {
	e, err := a.cfg.Store.EraseUser(ctx, user, hold)
	if err != nil {
		return false, err
	}
	// Whoever asked may leave: it is begun.
	return a.goOn(context.WithoutCancel(ctx), e), nil
}

// Tend goes on with the erasures that were left, until ctx ends.
func (a *Accounts) Tend(ctx context.Context) {
	tick := time.NewTicker(tendEvery)
	defer tick.Stop()
	for {
		a.takeUp(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// takeUp goes on with the erasures that are due.
func (a *Accounts) takeUp(ctx context.Context) {
	list, err := a.cfg.Store.TakeErasures(ctx, hold)
	if err != nil && ctx.Err() == nil {
		a.cfg.Log.Warn("accounts that are to be erased cannot be read; it will be tried again", slog.Any("error", err))
	}
	for _, e := range list {
		a.goOn(ctx, e)
	}
}

// goOn is one try at an erasure, and says whether nothing of it was left for later but the last look.
func (a *Accounts) goOn(ctx context.Context, e store.Erasure) bool {
	err := a.erase(ctx, e.Owner)
	next := e.Begun.Add(a.cfg.Settle)
	if err == nil && !a.cfg.Now().Before(next) {
		if err = a.cfg.Store.EndErasure(ctx, e.Owner); err == nil {
			a.cfg.Log.Info("an account is erased", slog.String("user", e.Owner))
			return true
		}
	}
	if err != nil {
		pause := lastPause
		if e.Tries < 10 {
			pause = min(firstPause<<(e.Tries-1), lastPause)
		}
		next = a.cfg.Now().Add(pause)
		a.cfg.Log.Warn("not all of an account could be erased; it will be tried again",
			slog.String("user", e.Owner), slog.Duration("pause", pause), slog.Any("error", err))
	}
	if off := a.cfg.Store.PutErasureOff(ctx, e.Owner, next); off != nil {
		a.cfg.Log.Warn("an erasure could not be put off; it is gone on with when the hold is over",
			slog.String("user", e.Owner), slog.Any("error", off))
	}
	return err == nil
}

// erase deletes what there is of an owner's. It goes on after what fails.
func (a *Accounts) erase(ctx context.Context, owner string) error {
	err := a.cfg.Store.DeleteUser(ctx, owner)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	all := []error{err, a.cfg.Store.Scrub(ctx)}
	for _, folder := range a.cfg.Folders {
		for info, err := range a.cfg.Blobs.List(ctx, folder+owner+"/") {
			if err == nil {
				err = a.cfg.Blobs.Delete(ctx, info.Name)
			}
			if err != nil {
				all = append(all, err)
			}
			if len(all) > maxErrors {
				return fmt.Errorf("delete files: %w", errors.Join(all...))
			}
		}
	}
	return errors.Join(all...)
}

// maxErrors is how many files may fail before a try is given up.
const maxErrors = 10
