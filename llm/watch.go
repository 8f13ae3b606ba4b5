package llm

import (
	"context"
	"errors"
	"time"
)

// Why a request's context ended, if it was not the caller.
var (
	errFirstToken = errors.New("no first token in time")
	errIdle       = errors.New("no further token in time")
	errNoAnswer   = errors.New("no answer in time")
)

// watch ends a stream that gives nothing for too long, by cancelling its context
// with the kind of timeout as the cause. It runs only while the server is waited
// for: a reader who takes his time is not the server's fault. Owned by the stream's
// goroutine; its timers call cancel from goroutines of their own.
type watch struct {
	cancel context.CancelCauseFunc
	idle   time.Duration
	timer  *time.Timer // nil: nothing is timed
	begun  bool        // the first token has come, the timer is that for idling
}

// newWatch begins to wait for the first token. Times below zero are no limit.
func newWatch(cancel context.CancelCauseFunc, firstToken, idle time.Duration) *watch {
	w := &watch{cancel: cancel, idle: idle}
	if firstToken > 0 {
		w.timer = time.AfterFunc(firstToken, func() { cancel(errFirstToken) })
	}
	return w
}

// pause stops the clock.
func (w *watch) pause() {
	if w.timer != nil {
		w.timer.Stop()
	}
}

// resume begins to wait for the token after one that has come.
func (w *watch) resume() {
	if w.begun {
		if w.timer != nil {
			w.timer.Reset(w.idle)
		}
		return
	}
	w.begun = true
	w.pause()
	w.timer = nil
	if w.idle > 0 {
		w.timer = time.AfterFunc(w.idle, func() { w.cancel(errIdle) })
	}
}
