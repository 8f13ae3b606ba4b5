package auth_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"avatarforge/auth"
)

var secret = strings.Repeat("s", 32)

func TestTokens(t *testing.T) {
	tokens, err := auth.NewTokens(secret, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	good, err := tokens.Issue("user-1", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if user, err := tokens.Verify(good); err != nil || user != "user-1" {
		t.Errorf("our own token says %q, %v", user, err)
	}

	sign := func(method jwt.SigningMethod, key any, claims jwt.RegisteredClaims) string {
		token, err := jwt.NewWithClaims(method, claims).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	later := jwt.NewNumericDate(time.Now().Add(time.Hour))
	expired, err := tokens.Issue("user-1", time.Now().Add(-2*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]string{
		"nothing":                 "",
		"no token":                "sk-stock",
		"another's signature":     sign(jwt.SigningMethodHS256, []byte(strings.Repeat("x", 32)), jwt.RegisteredClaims{Subject: "user-1", ExpiresAt: later}),
		"no signature":            sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, jwt.RegisteredClaims{Subject: "user-1", ExpiresAt: later}),
		"another hash":            sign(jwt.SigningMethodHS512, []byte(secret), jwt.RegisteredClaims{Subject: "user-1", ExpiresAt: later}),
		"one that never expires":  sign(jwt.SigningMethodHS256, []byte(secret), jwt.RegisteredClaims{Subject: "user-1"}),
		"one that names nobody":   sign(jwt.SigningMethodHS256, []byte(secret), jwt.RegisteredClaims{ExpiresAt: later}),
		"one that has expired":    expired,
		"one with a changed body": good[:strings.Index(good, ".")+5] + "A" + good[strings.Index(good, ".")+6:],
	} {
		if user, err := tokens.Verify(bad); !errors.Is(err, auth.ErrInvalid) {
			t.Errorf("%s: taken for %q, %v", name, user, err)
		}
	}
	if _, err := auth.NewTokens("short", 0); err == nil {
		t.Error("a secret of five characters was taken")
	}
}

func TestSecretIsMadeOnceAndKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	var made [8]string
	var starts sync.WaitGroup
	for i := range made {
		starts.Go(func() {
			var err error
			if made[i], err = auth.Secret(dir); err != nil {
				t.Error(err)
			}
		})
	}
	starts.Wait()
	for _, s := range made {
		if s != made[0] || len(s) < 32 {
			t.Errorf("secrets %q and %q: servers that start at once must agree", s, made[0])
		}
	}
	info, err := os.Stat(filepath.Join(dir, "jwt_secret"))
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o600 {
		t.Errorf("the file's mode is %o, want 600", mode)
	}
}
