package auth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
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
	c, err := tokens.Verify(good)
	if err != nil || c.User != "user-1" || c.ID == "" || time.Until(c.Expires) > time.Hour || time.Until(c.Expires) < time.Hour-time.Minute {
		t.Errorf("our own token says %+v, %v", c, err)
	}
	second, err := tokens.Issue("user-1", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if c2, err := tokens.Verify(second); err != nil || c2.ID == c.ID {
		t.Errorf("two tokens with one id: revoking the one revokes the other: %+v, %v", c2, err)
	}
	ahead, err := tokens.Issue("user-1", time.Now().Add(30*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tokens.Verify(ahead); err != nil {
		t.Errorf("an instance whose clock is half a minute ahead has issued it: %v", err)
	}

	sign := func(method jwt.SigningMethod, key any, claims jwt.RegisteredClaims) string {
		token, err := jwt.NewWithClaims(method, claims).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	later := jwt.NewNumericDate(time.Now().Add(time.Hour))
	// claims are a token's of ours, changed.
	claims := func(change func(*jwt.RegisteredClaims)) jwt.RegisteredClaims {
		c := jwt.RegisteredClaims{
			Issuer: "avatarforge", Audience: jwt.ClaimStrings{"avatarforge"}, Subject: "user-1", ID: "id", ExpiresAt: later,
		}
		if change != nil {
			change(&c)
		}
		return c
	}
	ours := func(change func(*jwt.RegisteredClaims)) string {
		return sign(jwt.SigningMethodHS256, []byte(secret), claims(change))
	}
	if _, err := tokens.Verify(ours(nil)); err != nil {
		t.Fatalf("what is changed below is no good to begin with: %v", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	expired, err := tokens.Issue("user-1", time.Now().Add(-2*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]string{
		"nothing":                 "",
		"no token":                "sk-stock",
		"another's signature":     sign(jwt.SigningMethodHS256, []byte(strings.Repeat("x", 32)), claims(nil)),
		"no signature":            sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claims(nil)),
		"a signature cut off":     ours(nil)[:strings.LastIndex(ours(nil), ".")+1],
		"another hash":            sign(jwt.SigningMethodHS512, []byte(secret), claims(nil)),
		"another kind of key":     sign(jwt.SigningMethodES256, key, claims(nil)),
		"one that never expires":  ours(func(c *jwt.RegisteredClaims) { c.ExpiresAt = nil }),
		"one that expires now":    ours(func(c *jwt.RegisteredClaims) { c.ExpiresAt = jwt.NewNumericDate(time.Now()) }),
		"one for later":           ours(func(c *jwt.RegisteredClaims) { c.NotBefore = later }),
		"one that names nobody":   ours(func(c *jwt.RegisteredClaims) { c.Subject = "" }),
		"one without an id":       ours(func(c *jwt.RegisteredClaims) { c.ID = "" }),
		"another issuer's":        ours(func(c *jwt.RegisteredClaims) { c.Issuer = "another" }),
		"one for somebody else":   ours(func(c *jwt.RegisteredClaims) { c.Audience = jwt.ClaimStrings{"another"} }),
		"one for nobody":          ours(func(c *jwt.RegisteredClaims) { c.Audience = nil }),
		"one that has expired":    expired,
		"one with a changed body": good[:strings.Index(good, ".")+5] + "A" + good[strings.Index(good, ".")+6:],
		"one of a megabyte":       good + strings.Repeat("A", 1<<20),
	} {
		if c, err := tokens.Verify(bad); !errors.Is(err, auth.ErrInvalid) {
			t.Errorf("%s: taken for %+v, %v", name, c, err)
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
