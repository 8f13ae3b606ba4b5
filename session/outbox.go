package session

import (
	"context"
	"sync"

	"avatarforge/realtime"
)

// Frame is one numbered server event, encoded. Immutable.
type Frame struct {
	N      uint64
	Binary bool // an audio frame; else JSON
	Data   []byte
}

// outbox numbers the frames of a session, keeps the last of them for a client that
// comes back, and says when the listener is behind.
type outbox struct {
	keepBytes int // of the replay log. Immutable.
	holdBytes int // of frames that wait for the listener. Immutable.

	// drained has a value after the listener has caught up with half of holdBytes.
	// Written by any goroutine; never closed.
	drained chan struct{}

	mu sync.Mutex
	// Guarded by mu:
	frames []Frame // the log, oldest first; frames[head:] is in use
	head   int
	bytes  int    // of frames[head:]
	next   uint64 // number of the next frame
	reader *Attachment
	behind int  // bytes that reader has not taken
	held   bool // whether full said so since the last drained
}

func newOutbox(keepBytes, holdBytes int, next uint64) *outbox {
	return &outbox{keepBytes: keepBytes, holdBytes: holdBytes, next: next, drained: make(chan struct{}, 1)}
}

// publish numbers a frame, which encode appends to an empty slice of the given
// capacity. Only the session's loop publishes.
func (o *outbox) publish(binary bool, capacity int, encode func(dst []byte, n uint64) []byte) {
	n := o.next // the loop alone moves it, so it may read it without the lock
	f := Frame{N: n, Binary: binary, Data: encode(make([]byte, 0, capacity), n)}

	o.mu.Lock()
	defer o.mu.Unlock()
	o.next++
	o.frames = append(o.frames, f)
	o.bytes += len(f.Data)
	if o.reader != nil {
		o.behind += len(f.Data)
		o.reader.wake()
	}
	o.trimLocked()
}

// trimLocked forgets the oldest frames over keepBytes, but none that an attached
// listener has yet to take.
func (o *outbox) trimLocked() {
	for o.bytes > o.keepBytes && o.head < len(o.frames) {
		f := &o.frames[o.head]
		if o.reader != nil && f.N >= o.reader.cursor {
			break
		}
		o.bytes -= len(f.Data)
		*f = Frame{}
		o.head++
	}
	// Move down once half of the slice is spent, so that it does not grow for ever.
	if o.head > 64 && o.head*2 > len(o.frames) {
		n := copy(o.frames, o.frames[o.head:])
		clear(o.frames[n:])
		o.frames, o.head = o.frames[:n], 0
	}
}

// full says whether the listener is so far behind that nothing more should be made for
// it; drained then tells when to go on.
func (o *outbox) full() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.reader == nil || o.behind <= o.holdBytes {
		o.held = false
		return false
	}
	o.held = true
	return true
}

// nextNumber is the number that the next frame will have.
func (o *outbox) nextNumber() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.next
}

// reaches says whether the log still holds every frame after last.
func (o *outbox) reaches(last uint64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if last >= o.next {
		return false
	}
	return last+1 >= o.next-uint64(len(o.frames)-o.head)
}

// attach makes a new attachment the reader, from the frame after last, and ends the one
// before it with reason.
func (o *outbox) attach(last uint64, replaced Ending) *Attachment {
	a := &Attachment{outbox: o, ready: make(chan struct{}, 1), ended: make(chan struct{})}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.reader != nil {
		o.reader.endLocked(replaced)
	}
	o.reader, a.cursor = a, last+1
	o.behind = 0
	for _, f := range o.frames[o.head:] {
		if f.N >= a.cursor {
			o.behind += len(f.Data)
		}
	}
	a.wake()
	return a
}

// detach takes a away if it is still the reader, and says whether it was.
func (o *outbox) detach(a *Attachment, e Ending) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.reader != a {
		return false
	}
	a.endLocked(e)
	o.reader, o.behind = nil, 0
	o.wakeLoopLocked()
	o.trimLocked()
	return true
}

// close ends whoever reads, after what has been published.
func (o *outbox) close(e Ending) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.reader != nil {
		o.reader.endLocked(e)
	}
}

func (o *outbox) wakeLoopLocked() {
	if o.held {
		o.held = false
		select {
		case o.drained <- struct{}{}:
		default:
		}
	}
}

// Ending says why an attachment is over.
type Ending struct {
	Code   realtime.CloseCode
	Reason string
}

// Attachment is one connection's cursor into a session's frames. One goroutine calls
// Next; Detach may be called from any.
type Attachment struct {
	outbox *outbox
	ready  chan struct{} // has a value when there may be something new; never closed
	ended  chan struct{} // closed when the attachment is over

	// Guarded by outbox.mu:
	cursor uint64 // number of the next frame to take
	taken  int    // bytes handed over by the last Next, not yet known to be sent
	ending Ending // valid once ended is closed
	over   bool
}

// Next hands over the frames that wait, oldest first, at most cap(dst) of them, and
// waits while there are none. It counts the frames of the call before as sent, so a
// writer that writes all of them before it calls again is held back as it should be. ok
// is false once the attachment is over and, unless it was taken over, all its frames
// have been handed over, or once ctx ends.
func (a *Attachment) Next(ctx context.Context, dst []Frame) (frames []Frame, ok bool) {
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
		case <-a.ended:
		case <-ctx.Done():
			return nil, false
		}
	}
}

func (a *Attachment) take(dst []Frame) (frames []Frame, over bool) {
	o := a.outbox
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.reader != a {
		return nil, true
	}
	if a.taken > 0 {
		o.behind -= a.taken
		a.taken = 0
		if o.behind <= o.holdBytes/2 {
			o.wakeLoopLocked()
		}
		o.trimLocked()
	}
	waiting := int(o.next - a.cursor)
	for i := len(o.frames) - waiting; i < len(o.frames) && len(dst) < cap(dst); i++ {
		dst = append(dst, o.frames[i])
		a.taken += len(o.frames[i].Data)
	}
	a.cursor += uint64(len(dst))
	return dst, a.over
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
