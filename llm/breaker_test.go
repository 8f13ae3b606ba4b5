package llm

import (
	"context"
	"errors"
	"iter"
	"testing"
	"testing/synctest"
	"time"
)

// patient is a Model that does what it is told, after a while.
type patient struct {
	asked int
	wait  time.Duration
	err   error // nil: it replies
}

func (p *patient) Stream(ctx context.Context, _ Request) iter.Seq2[Delta, error] {
	return func(yield func(Delta, error) bool) {
		p.asked++
		select {
		case <-time.After(p.wait):
		case <-ctx.Done():
			yield(Delta{}, context.Cause(ctx))
			return
		}
		if p.err != nil {
			yield(Delta{}, p.err)
			return
		}
		if yield(Delta{Text: "hello"}, nil) {
			yield(Delta{Finish: FinishStop}, nil)
		}
	}
}

func TestBreakerLetsNobodyWaitInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &patient{wait: time.Minute, err: &Error{Kind: KindFirstTokenTimeout, Service: "ollama"}}
		b := NewBreaker(server)
		ask := func() (took time.Duration, err error) {
			began := time.Now()
			err = listen(b.Stream(t.Context(), say("hello"))).err
			return time.Since(began), err
		}
		for range breakAfter {
			if took, err := ask(); KindOf(err) != KindFirstTokenTimeout || took != time.Minute {
				t.Fatalf("got %v after %v, want the server's silence", err, took)
			}
		}
		for range 20 {
			took, err := ask()
			var e *Error
			if !errors.As(err, &e) || e.Kind != KindUnreachable || e.Service != "ollama" || e.RetryAfter != breakFor || took != 0 {
				t.Fatalf("got %v after %v, want a refusal at once", err, took)
			}
		}
		want(t, "a server that is left alone is not asked", server.asked, breakAfter)

		time.Sleep(breakFor + time.Millisecond)
		first := make(chan error)
		go func() { // ends with its request
			_, err := ask()
			first <- err
		}()
		synctest.Wait()
		if took, err := ask(); KindOf(err) != KindUnreachable || took != 0 {
			t.Errorf("got %v after %v: one sees whether the server is back, the others need not wait", err, took)
		}
		if err := <-first; KindOf(err) != KindFirstTokenTimeout {
			t.Errorf("the one that saw got %v", err)
		}
		want(t, "once", server.asked, breakAfter+1)

		time.Sleep(breakFor + time.Millisecond)
		server.wait, server.err = 0, nil
		for range 2 {
			if _, err := ask(); err != nil {
				t.Errorf("the server is back, but: %v", err)
			}
		}
	})
}

func TestBreakerIgnoresWhatCostsNoTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := &Error{Kind: KindUnreachable, Service: "ollama"}
		broken := &Error{Kind: KindUpstreamFailed, Service: "ollama"}
		for _, tt := range []struct {
			name string
			wait time.Duration
			err  error
		}{
			{"refused at once", 300 * time.Millisecond, refused},
			{"an error after a long while: it is there", time.Minute, broken},
		} {
			server := &patient{wait: tt.wait, err: tt.err}
			b := NewBreaker(server)
			for range 3 * breakAfter {
				if err := listen(b.Stream(t.Context(), say("hello"))).err; !errors.Is(err, tt.err) {
					t.Errorf("%s: got %v", tt.name, err)
				}
			}
			want(t, tt.name, server.asked, 3*breakAfter)
		}

		server := &patient{wait: time.Minute, err: &Error{Kind: KindFirstTokenTimeout}}
		b := NewBreaker(server)
		for range 3 * breakAfter {
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errLeft)
			if err := listen(b.Stream(ctx, say("hello"))).err; !errors.Is(err, errLeft) {
				t.Errorf("got %v, want the caller's reason", err)
			}
			cancel()
		}
		want(t, "who gives up shows nothing of the server", server.asked, 3*breakAfter)
	})
}
