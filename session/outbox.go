package session

import (
	"slices"
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
// comes back, and says when somebody who reads is behind.
type outbox struct {
	keepBytes int // of the replay log. Immutable.
	holdBytes int // of frames that wait for a reader. Immutable.

	// drained has a value after every reader has caught up with half of holdBytes.
	// Written by any goroutine; never closed.
	drained chan struct{}

	mu sync.Mutex
	// Guarded by mu:
	frames  []Frame // the log, oldest first; frames[head:] is in use
	head    int
	bytes   int    // of frames[head:]
	next    uint64 // number of the next frame
	limit   uint64 // number of the first frame that nobody may have yet; zero for none
	readers []*Attachment
	held    bool // whether full said so since the last drained
}

func newOutbox(keepBytes, holdBytes int, next uint64) *outbox {
	return &outbox{keepBytes: keepBytes, holdBytes: holdBytes, next: next, drained: make(chan struct{}, 1)}
}

// refill has the log hold the frames that another instance has sent last, up to next. It is
// called before anybody reads.
func (o *outbox) refill(frames []Frame) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.frames = frames
	for _, f := range frames {
		o.bytes += len(f.Data)
	}
}

// log is all frames that are kept, oldest first.
func (o *outbox) log() []Frame {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.frames[o.head:])
}

// publish numbers a frame, which encode appends to an empty slice of the given
// capacity, or has already and returns in its place. Only the session's loop publishes.
func (o *outbox) publish(binary bool, capacity int, encode func(dst []byte, n uint64) []byte) {
	n := o.next // the loop alone moves it, so it may read it without the lock
	f := Frame{N: n, Binary: binary, Data: encode(make([]byte, 0, capacity), n)}

	o.mu.Lock()
	defer o.mu.Unlock()
	o.next++
	o.frames = append(o.frames, f)
	o.bytes += len(f.Data)
	for _, a := range o.readers {
		a.behind += len(f.Data)
		if o.limit == 0 {
			a.wake()
		}
	}
	o.dropSlowLocked()
	o.trimLocked()
}

// dropSlowLocked ends whoever is a whole log behind. What is made for a reader stops long
// before; what it asks for itself, such as items told again and again, does not.
func (o *outbox) dropSlowLocked() {
	for i := 0; i < len(o.readers); i++ {
		if a := o.readers[i]; a.behind > o.keepBytes+o.holdBytes {
			a.endLocked(Ending{realtime.CloseTryAgainLater, "too much is waiting to be read; reconnect and resume"})
			o.readers = slices.Delete(o.readers, i, i+1)
			i--
		}
	}
}

// hold keeps back what is published from here on, until release.
func (o *outbox) hold() (from uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.limit == 0 {
		o.limit = o.next
	}
	return o.next
}

// release lets frames go up to the one with the given number; zero lets all of them go.
func (o *outbox) release(upTo uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.limit = upTo
	for _, a := range o.readers {
		a.wake()
	}
}

// trimLocked forgets the oldest frames over keepBytes, but none that a reader has yet to
// take.
func (o *outbox) trimLocked() {
	taken := o.next // by everybody, up to here
	for _, a := range o.readers {
		taken = min(taken, a.cursor)
	}
	if o.limit > 0 {
		taken = min(taken, o.limit)
	}
	for o.bytes > o.keepBytes && o.head < len(o.frames) {
		f := &o.frames[o.head]
		if f.N >= taken {
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

// full says whether somebody is so far behind that nothing more should be made; drained
// then tells when to go on.
func (o *outbox) full() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.held = o.behindLocked(o.holdBytes)
	return o.held
}

// behindLocked says whether more than the given bytes wait for one of the readers.
func (o *outbox) behindLocked(most int) bool {
	for _, a := range o.readers {
		if a.behind > most {
			return true
		}
	}
	return false
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

// attach adds a reader, from the frame after last on, which the log reaches.
func (o *outbox) attach(last uint64) *Attachment {
	a := &Attachment{outbox: o, ready: make(chan struct{}, 1), ended: make(chan struct{})}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.readers, a.cursor = append(o.readers, a), last+1
	for _, f := range o.frames[o.head:] {
		if f.N >= a.cursor {
			a.behind += len(f.Data)
		}
	}
	a.wake()
	return a
}

// detach takes a reader away, without what it has not read.
func (o *outbox) detach(a *Attachment, e Ending) {
	o.mu.Lock()
	defer o.mu.Unlock()
	a.endLocked(e)
	i := slices.Index(o.readers, a)
	if i < 0 {
		return
	}
	o.readers = slices.Delete(o.readers, i, i+1)
	o.wakeLoopLocked()
	o.trimLocked()
}

// close ends whoever reads, after what has been published.
func (o *outbox) close(e Ending) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, a := range o.readers {
		a.endLocked(e)
	}
}

// wakeLoopLocked says, to a loop that waits for it, that everybody has caught up.
func (o *outbox) wakeLoopLocked() {
	if o.held && !o.behindLocked(o.holdBytes/2) {
		o.held = false
		select {
		case o.drained <- struct{}{}:
		default:
		}
	}
}
