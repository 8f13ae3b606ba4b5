package llmtest

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// errQueueFull is Ollama's text, with its two spaces.
var errQueueFull = errors.New("server busy, please try again.  maximum pending requests exceeded")

// loader is Ollama's scheduler: which models are in memory, with which window. It
// loads one at a time; those who wait for that are bounded, those who wait for a
// loaded model's slots are not.
type loader struct {
	parallel  int           // immutable
	maxQueue  int           // immutable
	loadDelay time.Duration // immutable
	turn      chan struct{} // held by the one request that loads

	mu      sync.Mutex
	runners map[string]*runner // guarded by mu; by model name
	pending int                // guarded by mu
	served  int                // guarded by mu
}

// runner is a model in memory.
type runner struct {
	model   string        // immutable
	numCtx  int           // immutable
	readyAt time.Time     // immutable
	slots   chan struct{} // a send takes a slot; waiters are served in order

	// Guarded by the loader's mu.
	refs      int
	keepAlive time.Duration
	lastUse   time.Time
	drained   chan struct{} // not nil: to be replaced as soon as refs is 0

	mu     sync.Mutex
	prompt []Message // guarded by mu; the latest prompt, for the prompt cache
}

func newLoader(parallel, maxQueue int, loadDelay time.Duration) *loader {
	return &loader{
		parallel:  parallel,
		maxQueue:  maxQueue,
		loadDelay: loadDelay,
		turn:      make(chan struct{}, 1),
		runners:   map[string]*runner{},
	}
}

// acquire returns the model loaded with exactly that window, loading or reloading it
// if need be. It fails with errQueueFull or because ctx ended.
func (l *loader) acquire(ctx context.Context, model string, numCtx int, keepAlive time.Duration) (*runner, error) {
	l.mu.Lock()
	if r := l.fittingLocked(model, numCtx); r != nil && !time.Now().Before(r.readyAt) {
		l.takeLocked(r, keepAlive)
		l.mu.Unlock()
		return r, nil
	}
	if l.pending >= l.maxQueue {
		l.mu.Unlock()
		return nil, errQueueFull
	}
	l.pending++
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		l.pending--
		l.mu.Unlock()
	}()

	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err := l.drain(ctx, model, numCtx); err != nil {
		return nil, err
	}
	l.mu.Lock()
	r := l.fittingLocked(model, numCtx)
	if r == nil {
		r = &runner{
			model:   model,
			numCtx:  numCtx,
			readyAt: time.Now().Add(l.loadDelay),
			slots:   make(chan struct{}, l.parallel),
		}
		l.runners[model] = r
	}
	l.takeLocked(r, keepAlive)
	l.mu.Unlock()
	// A client that leaves does not stop the loading, so the next one finds it
	// further on.
	if !pause(ctx, time.Until(r.readyAt)) {
		l.release(r)
		return nil, ctx.Err()
	}
	return r, nil
}

// drain waits until nobody uses the model with another window, for it is in memory
// only once.
func (l *loader) drain(ctx context.Context, model string, numCtx int) error {
	l.mu.Lock()
	r := l.runners[model]
	if r == nil || r.numCtx == numCtx || r.refs == 0 {
		if r != nil && r.numCtx != numCtx {
			delete(l.runners, model)
		}
		l.mu.Unlock()
		return nil
	}
	r.drained = make(chan struct{})
	drained := r.drained
	l.mu.Unlock()
	select {
	case <-drained:
		return nil
	case <-ctx.Done():
		l.mu.Lock()
		r.drained = nil
		l.mu.Unlock()
		return ctx.Err()
	}
}

// fittingLocked returns the model as it is in memory, or nil if it is not there, or
// with another window, or about to be replaced, or its keep_alive is over.
func (l *loader) fittingLocked(model string, numCtx int) *runner {
	r := l.runners[model]
	if r == nil || r.numCtx != numCtx || r.drained != nil || r.expiredLocked() {
		return nil
	}
	return r
}

func (r *runner) expiredLocked() bool {
	return r.refs == 0 && r.keepAlive >= 0 && time.Since(r.lastUse) >= r.keepAlive
}

// takeLocked counts one more user. The last request's keep_alive counts.
func (l *loader) takeLocked(r *runner, keepAlive time.Duration) {
	r.refs++
	r.keepAlive = keepAlive
	r.lastUse = time.Now()
}

func (l *loader) release(r *runner) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r.refs--
	r.lastUse = time.Now()
	if r.refs == 0 && r.drained != nil {
		close(r.drained)
		delete(l.runners, r.model)
	}
}

func (l *loader) unload(model string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r := l.runners[model]; r != nil && r.refs == 0 {
		delete(l.runners, model)
	}
}

// number counts the generations from 1.
func (l *loader) number() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.served++
	return l.served
}

// loadedModel is what /api/ps tells of a model in memory.
type loadedModel struct {
	model   string
	numCtx  int
	expires time.Time
}

// forEver is how long Ollama says that a model with a negative keep_alive stays.
const forEver = 100 * 365 * 24 * time.Hour

func (l *loader) loaded() []loadedModel {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []loadedModel
	for _, r := range l.runners {
		if r.expiredLocked() || time.Now().Before(r.readyAt) {
			continue
		}
		stays := r.keepAlive
		if stays < 0 {
			stays = forEver
		}
		list = append(list, loadedModel{r.model, r.numCtx, r.lastUse.Add(stays)})
	}
	slices.SortFunc(list, func(a, b loadedModel) int { return cmp.Compare(a.model, b.model) })
	return list
}

// enter waits for one of the model's slots, for as long as the client stays.
func (r *runner) enter(ctx context.Context) bool {
	select {
	case r.slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (r *runner) leave() { <-r.slots }

// swapPrompt makes messages the cached prompt and returns how many of their tokens
// were cached already.
func (r *runner) swapPrompt(v vocabulary, messages []Message) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	cached := cachedTokens(v, r.prompt, messages)
	r.prompt = messages
	return cached
}
