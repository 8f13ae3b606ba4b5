package llm

import (
	"context"
	"sync"
	"time"
)

// Windows knows how big the models' context windows really are, which may be less than
// what is asked for: a model may have been trained for less, or the server may lack the
// memory. It asks the server once in a while. It is safe for use by several goroutines.
type Windows struct {
	server WindowServer // immutable

	mu    sync.Mutex
	known map[string]window // guarded by mu; by model
}

// WindowServer tells the size of a model's window, in tokens: an Ollama or a VLLM.
type WindowServer interface {
	ContextLength(ctx context.Context, model string) (int, error)
}

// window is a model's, in tokens; zero where the server could not tell.
type window struct {
	tokens int
	until  time.Time // when it is asked for again
}

const (
	// windowTimeout bounds the wait for an answer that servers give from memory.
	windowTimeout = 2 * time.Second
	// A window is asked for again after windowAge, since a model may have been loaded
	// with another; and after windowRetry where the server could not tell.
	windowAge   = time.Minute
	windowRetry = 30 * time.Second
)

// NewWindows makes one that asks that server.
func NewWindows(server WindowServer) *Windows {
	return &Windows{server: server, known: map[string]window{}}
}

// Window returns a model's, in tokens; zero means that the server does not tell. An empty
// model means the configured one. It takes two seconds at the most.
func (w *Windows) Window(ctx context.Context, model string) int {
	w.mu.Lock()
	known, ok := w.known[model]
	w.mu.Unlock()
	if ok && time.Now().Before(known.until) {
		return known.tokens
	}
	ctx, cancel := context.WithTimeout(ctx, windowTimeout)
	defer cancel()
	tokens, err := w.server.ContextLength(ctx, model)
	known = window{tokens, time.Now().Add(windowAge)}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil { // what was known before is better than nothing
		known = window{w.known[model].tokens, time.Now().Add(windowRetry)}
	}
	w.known[model] = known
	return known.tokens
}

// Known returns what Window has returned last, without asking.
func (w *Windows) Known(model string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.known[model].tokens
}
