package llm

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"avatarforge/llm/llmtest"
)

// lengths tells the lengths of windows, and counts how often it is asked.
type lengths struct {
	tokens int
	err    error
	asked  int
}

func (l *lengths) ContextLength(ctx context.Context, _ string) (int, error) {
	l.asked++
	if l.tokens < 0 {
		<-ctx.Done()
		return 0, ctx.Err()
	}
	return l.tokens, l.err
}

func TestWindows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lengths{tokens: 4096}
		w := NewWindows(l)
		for range 3 {
			want(t, "the server's word counts", w.Window(t.Context(), "m"), 4096)
		}
		want(t, "and is asked for once", l.asked, 1)
		l.tokens = 2048
		time.Sleep(windowAge)
		want(t, "but not for ever", w.Window(t.Context(), "m"), 2048)
		want(t, "what is known is at hand", w.Known("m"), 2048)
		want(t, "or nothing is", w.Known("n"), 0)

		l.err = errors.New("it is down")
		for range 3 {
			want(t, "what it does not tell is not known", w.Window(t.Context(), "n"), 0)
		}
		want(t, "nor asked for at once again", l.asked, 3)
		l.err, l.tokens = nil, -1
		time.Sleep(windowRetry)
		begun := time.Now()
		want(t, "a server that does not answer", w.Window(t.Context(), "n"), 0)
		want(t, "is waited for so long", time.Since(begun), windowTimeout)
		time.Sleep(windowAge)
		want(t, "what was known of it before counts until it is back", w.Window(t.Context(), "m"), 2048)
	})
}

func TestWindowOfAModelTrainedForLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := ollamaOn(t, llmtest.NewOllama(llmtest.Config{Models: []llmtest.Model{{Name: "solar", ContextLength: 4096}}}),
			OllamaConfig{Model: "solar", NumCtx: 8192})
		want(t, "what Ollama would cut to in silence", NewWindows(o).Window(t.Context(), ""), 4096)
	})
}
