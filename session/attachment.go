package session

import (
	"context"
	"slices"

	"avatarforge/realtime"
)

// Ending says why an attachment is over.
type Ending struct {
	Code   realtime.CloseCode
	Reason string
}

// Attachment is one reader's cursor into a session's frames. One goroutine calls
// Next; Detach may be called from any.
type Attachment struct {
	outbox *outbox
	ready  chan struct{} // has a value when there may be something new; never closed
	ended  chan struct{} // closed when the attachment is over

	// Guarded by outbox.mu:
	cursor uint64 // number of the next frame to take
	behind int    // bytes published that are not known to be sent
	taken  int    // bytes handed over by the last Next, which are part of behind
	ending Ending // valid once ended is closed
	over   bool
}

// Next hands over the frames that wait, oldest first, at most cap(dst) of them, and
// waits while there are none. It counts the frames of the call before as sent, so a
// writer that writes all of them before it calls again is held back as it should be. ok
// is false once the attachment is over and, unless it was taken away, all its frames
// have been handed over, or once ctx ends.
func (a *Attachment) Next(ctx context.Context, dst []Frame) (frames []Frame, ok bool) {
	ended := a.ended
	for {
		frames, over := a.take(dst[:0])
		if len(frames) > 0 {
			return frames, true
		}
		if over {
			return nil, false
		}
		select {
		case <-a.ready:
		case <-ended:
			ended = nil // what is held back still comes
		case <-ctx.Done():
			return nil, false
		}
	}
}

func (a *Attachment) take(dst []Frame) (frames []Frame, over bool) {
	o := a.outbox
	o.mu.Lock()
	defer o.mu.Unlock()
	if !slices.Contains(o.readers, a) {
		return nil, true
	}
	if a.taken > 0 {
		a.behind -= a.taken
		a.taken = 0
		o.wakeLoopLocked()
		o.trimLocked()
	}
	end := len(o.frames)
	if o.limit > 0 {
		end -= int(o.next - o.limit)
	}
	for i := len(o.frames) - int(o.next-a.cursor); i < end && len(dst) < cap(dst); i++ {
		dst = append(dst, o.frames[i])
		a.taken += len(o.frames[i].Data)
	}
	a.cursor += uint64(len(dst))
	return dst, a.over && a.cursor == o.next
}

// Ended is closed when the attachment is over.
func (a *Attachment) Ended() <-chan struct{} { return a.ended }

// Ending says why the attachment is over; zero before that.
func (a *Attachment) Ending() Ending {
	a.outbox.mu.Lock()
	defer a.outbox.mu.Unlock()
	return a.ending
}

func (a *Attachment) endLocked(e Ending) {
	if !a.over {
		a.over, a.ending = true, e
		close(a.ended)
	}
}

func (a *Attachment) wake() {
	select {
	case a.ready <- struct{}{}:
	default:
	}
}
