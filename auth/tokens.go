package auth

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// ErrInvalid says that a token is not ours, has expired, or names nobody.
var ErrInvalid = errors.New("the token is not valid")

// Tokens issues and verifies tokens: JWTs signed with HMAC-SHA-256. Safe for use by
// several goroutines.
type Tokens struct {
	secret []byte
	ttl    time.Duration
}

// minSecretBytes is what HMAC-SHA-256 needs to be as strong as its hash.
const minSecretBytes = 32

// NewTokens signs with the secret, of 32 bytes or more. ttl is how long a token is
// valid; zero means 24 h.
func NewTokens(secret string, ttl time.Duration) (*Tokens, error) {
	if len(secret) < minSecretBytes {
		return nil, fmt.Errorf("a token secret needs %d characters at least, this one has %d", minSecretBytes, len(secret))
	}
	if ttl <= 0 {
		ttl = 24 * time.Hour
	}
	return &Tokens{secret: []byte(secret), ttl: ttl}, nil
}

// TTL is how long a token is valid.
func (t *Tokens) TTL() time.Duration { return t.ttl }

// Claims is what a token says.
type Claims struct {
	User    string
	ID      string // of the token, nobody else's
	Expires time.Time
}

// us is who issues our tokens, and whom they are for: another program that signs with the
// same secret means somebody else by its subjects.
const us = "avatarforge"

// clockSkew is by how much the clocks of two instances may differ.
const clockSkew = time.Minute

// Issue makes a token for a user.
func (t *Tokens) Issue(user string, now time.Time) (string, error) {
	claims := jwt.RegisteredClaims{
		Issuer:    us,
		Audience:  jwt.ClaimStrings{us},
		Subject:   user,
		ID:        rand.Text(),
		IssuedAt:  jwt.NewNumericDate(now),
		NotBefore: jwt.NewNumericDate(now.Add(-clockSkew)),
		ExpiresAt: jwt.NewNumericDate(now.Add(t.ttl)),
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(t.secret)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return token, nil
}

// maxToken is how long a token of ours can get, in bytes, by far.
const maxToken = 4 << 10

// Verify says what a token says, if it is one of ours and good now. Whether it has been
// revoked only Revoked knows. The error is ErrInvalid.
func (t *Tokens) Verify(token string) (Claims, error) {
	if len(token) > maxToken {
		return Claims{}, fmt.Errorf("%w: it has %d bytes", ErrInvalid, len(token))
	}
	var claims jwt.RegisteredClaims
	_, err := jwt.ParseWithClaims(token, &claims, func(*jwt.Token) (any, error) { return t.secret, nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithExpirationRequired(),
		jwt.WithIssuer(us), jwt.WithAudience(us))
	if err != nil {
		return Claims{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if claims.Subject == "" || claims.ID == "" {
		return Claims{}, fmt.Errorf("%w: it names nobody, or not itself", ErrInvalid)
	}
	return Claims{User: claims.Subject, ID: claims.ID, Expires: claims.ExpiresAt.Time}, nil
}

// Secret is the secret that is kept in the folder, made when there is none yet. Only its
// owner can read the file.
func Secret(dir string) (string, error) {
	file := filepath.Join(dir, "jwt_secret")
	kept, err := os.ReadFile(file) //nolint:gosec // the folder is the operator's own
	if err == nil {
		return string(kept), nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("read token secret: %w", err)
	}
	random := make([]byte, minSecretBytes)
	rand.Read(random)
	secret := hex.EncodeToString(random)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("keep token secret: %w", err)
	}
	// Written aside and then linked to its name: of two servers that start at once on one
	// folder one makes the secret, and neither reads half of one.
	aside, err := os.CreateTemp(dir, "jwt_secret.*") // with mode 0600
	if err != nil {
		return "", fmt.Errorf("keep token secret: %w", err)
	}
	defer os.Remove(aside.Name())
	_, err = aside.WriteString(secret)
	if err = errors.Join(err, aside.Sync(), aside.Close()); err != nil {
		return "", fmt.Errorf("keep token secret: %w", err)
	}
	if err := os.Link(aside.Name(), file); errors.Is(err, os.ErrExist) {
		return Secret(dir)
	} else if err != nil {
		return "", fmt.Errorf("keep token secret: %w", err)
	}
	return secret, nil
}
