// Package deadline is the deadlines of connections that wait on a condition, as net.Conn has
// them.
package deadline

import (
	"sync"
	"time"
)

// Deadline is when a direction of a connection ends; the zero value is never. It is guarded by
// the lock of the condition that Set is given.
type Deadline struct {
	expired bool
	timer   *time.Timer
}

// Expired says whether it is over.
func (d *Deadline) Expired() bool { return d.expired }

// Stop makes it never come, where it has not yet.
func (d *Deadline) Stop() {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}

// Set moves it to t; the zero time means never. Whoever waits for changed is woken when it
// comes. The caller holds changed.L.
func (d *Deadline) Set(changed *sync.Cond, t time.Time) {
	d.Stop()
	d.expired = false
	if t.IsZero() {
		return
	}
	left := time.Until(t)
	if left <= 0 {
		d.expired = true
		changed.Broadcast()
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(left, func() {
		changed.L.Lock()
		defer changed.L.Unlock()
		// A later deadline has taken this one's place when it is not d.timer.
		if d.timer == timer {
			d.expired = true
			changed.Broadcast()
		}
	})
	d.timer = timer
}
