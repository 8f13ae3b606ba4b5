package auth_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"avatarforge/auth"
)

// records is a database of revoked tokens in memory, which counts what it is asked.
type records struct {
	mu      sync.Mutex
	revoked map[string]bool
	gone    map[string]bool // users
	asked   int
	err     error
}

func (r *records) RevokeToken(_ context.Context, jti string, _ time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.revoked[jti] = true
	}
	return r.err
}

func (r *records) TokenRevoked(_ context.Context, jti, user string) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	return r.revoked[jti] || r.gone[user], r.err
}

func TestRevoked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := &records{revoked: map[string]bool{}}
		here, there := auth.NewRevoked(db), auth.NewRevoked(db)
		c := auth.Claims{User: "mina", ID: "t1", Expires: time.Now().Add(time.Hour)}
		has := func(r *auth.Revoked, want bool, why string) {
			t.Helper()
			if got, err := r.Has(t.Context(), c); got != want || err != nil {
				t.Errorf("%s: %v, %v, want %v", why, got, err, want)
			}
		}
		for range 1000 {
			has(here, false, "a good token")
		}
		has(there, false, "at another instance")
		if db.asked != 2 {
			t.Errorf("%d questions for 1,001 requests at two instances, want 2", db.asked)
		}
		if err := here.Add(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		has(here, true, "where it was revoked, at once")
		time.Sleep(5 * time.Second)
		has(there, true, "elsewhere, five seconds later")
		asked := db.asked
		time.Sleep(10 * time.Minute)
		has(here, true, "much later")
		has(there, true, "much later")
		if db.asked != asked {
			t.Error("what is revoked stays so, and is asked about again")
		}
	})
}

func TestRevokedWithoutADatabase(t *testing.T) {
	gone := errors.New("the database is gone")
	db := &records{revoked: map[string]bool{}, err: gone}
	r := auth.NewRevoked(db)
	c := auth.Claims{ID: "t1", Expires: time.Now().Add(time.Hour)}
	if _, err := r.Has(t.Context(), c); !errors.Is(err, gone) {
		t.Errorf("it says it knows: %v", err)
	}
	if err := r.Add(t.Context(), c); !errors.Is(err, gone) {
		t.Errorf("it says it is written down: %v", err)
	}
	db.err = nil
	if revoked, err := r.Has(t.Context(), c); revoked || err != nil {
		t.Errorf("the database is back: %v, %v", revoked, err)
	}
}

// Very many tokens do not fill the memory, and what is forgotten is asked for again.
func TestRevokedIsBounded(t *testing.T) {
	db := &records{revoked: map[string]bool{}}
	r := auth.NewRevoked(db)
	first := auth.Claims{ID: "first", Expires: time.Now().Add(time.Hour)}
	if err := r.Add(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	for i := range 1 << 17 {
		c := auth.Claims{ID: fmt.Sprint(i), Expires: first.Expires}
		if _, err := r.Has(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if n := r.Known(); n > 1<<16 {
		t.Errorf("%d are remembered", n)
	}
	if revoked, err := r.Has(t.Context(), first); !revoked || err != nil {
		t.Errorf("a token has become good again: %v, %v", revoked, err)
	}
}
