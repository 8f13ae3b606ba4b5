package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"

	"avatarforge/store"
)

const (
	// regenerations is how often a character can be made up anew.
	regenerations = 3
	// draftMemory is how long that is remembered, from the first time on.
	draftMemory = 24 * time.Hour
	// giveBackTime bounds the giving back, when the request may be over.
	giveBackTime = 5 * time.Second
)

// draftCount counts how often one character has been made up: by the draft's id, which a
// client sends back whatever becomes of the name, and by who asks for whom, which needs no
// help from the client. Whichever is higher counts.
type draftCount struct {
	store      *store.Store
	owner      string
	id         string // empty: take makes one
	name, work string
}

// take counts a try and says how many are left after it. The error is the problem of one
// that is too many.
func (c *draftCount) take(ctx context.Context) (left int, err error) {
	if c.id == "" {
		c.id = uuid.NewString()
	}
	left = regenerations
	for i, key := range c.keys() {
		n, err := c.store.Count(ctx, key, draftMemory)
		if err != nil {
			return 0, err
		}
		if n > 1+regenerations {
			// This try was none: it must not take away what another may give back.
			c.undo(ctx, c.keys()[:i+1])
			p := newProblem(http.StatusTooManyRequests, codeRateLimited, fmt.Sprintf(
				"This character has been made up, and made up anew %d times, which is all. Change what you like by hand; in a day it can be made up again.", regenerations))
			p.retryAfter = draftMemory
			return 0, p
		}
		left = min(left, 1+regenerations-n)
	}
	return left, nil
}

// giveBack makes a try that took none.
func (c *draftCount) giveBack(ctx context.Context) { c.undo(ctx, c.keys()) }

// undo does not fail: what cannot be given back counts.
func (c *draftCount) undo(ctx context.Context, keys []string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), giveBackTime)
	defer cancel()
	for _, key := range keys {
		_ = c.store.Uncount(ctx, key)
	}
}

// keys are the names of the counters. They are hashes: what people make up is nobody's
// business, and may be long.
func (c *draftCount) keys() []string {
	key := func(parts ...string) string {
		sum := sha256.Sum256([]byte(strings.Join(append([]string{c.owner}, parts...), "\x00")))
		return "draft:" + hex.EncodeToString(sum[:16])
	}
	return []string{key("id", c.id), key("of", normalName(c.name), normalName(c.work))}
}

// normalName is what stays of a name when it is written in another way: its letters and
// digits. A name of signs alone stays as it is.
func normalName(name string) string {
	kept := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, norm.NFKC.String(name))
	if kept == "" {
		return strings.TrimSpace(name)
	}
	return kept
}
