package llm

import (
	"context"
	"errors"
	"iter"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
)

const (
	// breakAfter is how many requests in a row may wait in vain before the server is left alone.
	breakAfter = 3
	// breakFor is for how long that is, and how often then one request sees whether it is back.
	breakFor = 10 * time.Second
	// longWait is from when on a failed request has kept somebody waiting.
	longWait = time.Second
)

// Breaker is a Model that does not let everybody wait for a server that does not answer.
// After some requests that have waited in vain, one after the other, it refuses the others
// at once, but for one now and again that sees whether the server is back. What fails
// at once by itself costs nobody time, and is left to do so.
//
// It belongs behind a Gate: whoever waits there waits for those who wait in vain. Safe for
// use by several goroutines.
type Breaker struct {
	model   Model                                  // immutable
	breaker *gobreaker.TwoStepCircuitBreaker[none] // immutable
	last    atomic.Pointer[Error]                  // the failure that counted last
}

type none struct{}

// errUndecided says that a request shows nothing of the server: it was given up.
var errUndecided = errors.New("given up")

// NewBreaker makes a breaker in front of a model.
func NewBreaker(model Model) *Breaker {
	return &Breaker{model: model, breaker: gobreaker.NewTwoStepCircuitBreaker[none](gobreaker.Settings{
		MaxRequests: 1, Timeout: breakFor,
		ReadyToTrip: func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= breakAfter },
		IsExcluded:  func(err error) bool { return errors.Is(err, errUndecided) },
	})}
}

// Stream implements Model.
func (b *Breaker) Stream(ctx context.Context, req Request) iter.Seq2[Delta, error] {
	return func(yield func(Delta, error) bool) {
		told, err := b.breaker.Allow()
		if err != nil {
			yield(Delta{}, b.refusal())
			return
		}
		shown := errUndecided // until there is more to say
		defer func() {
			if told != nil {
				told(shown)
			}
		}()
		began := time.Now()
		for delta, err := range b.model.Stream(ctx, req) {
			if told != nil {
				shown = b.verdict(err, time.Since(began))
				told(shown)
				told = nil // the rest of the reply says no more
			}
			if !yield(delta, err) {
				return
			}
		}
	}
}

// verdict is what the first that comes of a request says of the server.
func (b *Breaker) verdict(err error, waited time.Duration) error {
	var e *Error
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &e):
		return errUndecided // the caller's own end
	case e.Kind == KindFirstTokenTimeout, e.Kind == KindUnreachable && waited >= longWait:
		b.last.Store(e)
		return err
	default:
		return nil // it has answered
	}
}

// refusal is the error of a request that is not made.
func (b *Breaker) refusal() error {
	e := &Error{Kind: KindUnreachable, Message: "it has not answered lately; try again in a few seconds", RetryAfter: breakFor}
	if last := b.last.Load(); last != nil {
		e.Service = last.Service
	}
	return e
}
