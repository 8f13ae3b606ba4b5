package tts

import (
	"context"
	"iter"
	"sync"
	"time"
)

// phase is where a Speech is.
type phase uint8

const (
	speechWaiting phase = iota // in the queue
	speechRunning              // given to a worker
	speechEnded                // complete, failed or cancelled
)

// Times are the moments of one Speech; zero for those that did not come.
type Times struct {
	Submitted time.Time
	// Started is when the synthesis server was asked, the last time if it was retried.
	Started    time.Time
	FirstAudio time.Time
	Ended      time.Time
}

// Speech is a sentence on its way.
//
// Audio is kept until it is taken, without a bound of its own: a sentence is seconds
// long (maxSentence at the most), so that a slow listener never holds up a server that
// others wait for.
type Speech struct {
	// Immutable after Submit.
	scheduler *Scheduler
	id        uint64
	rate      int // the job's
	// pieceBytes is the most that one of its pieces has of sound.
	pieceBytes int
	ready      chan struct{} // capacity 1; never closed

	// Guarded by Scheduler.mu.
	job      Job // its Deadline changes
	phase    phase
	eligible time.Time          // from when on it could have begun
	retried  bool               // it has failed once
	avoid    int                // the server that it failed on, or noServer
	cancel   context.CancelFunc // of the synthesis under way, while there is one

	// mu guards what worker and listener share. It is held for no longer than an append.
	mu    sync.Mutex
	pcm   Pieces // that are not taken yet
	made  int    // bytes delivered altogether
	ended bool
	err   error
	times Times
}

// Ready has a value when there is something new to Take: audio, or the end. It is meant
// for one consumer.
func (sp *Speech) Ready() <-chan struct{} { return sp.ready }

// Take hands over all PCM made since the last time (16-bit little-endian mono at the
// job's rate, or what the request's Encoding says), in pieces, whether that was the last of
// it, and why the speech failed, if it did. It never blocks. The pieces are the caller's.
func (sp *Speech) Take() (pcm Pieces, done bool, err error) {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	pcm, sp.pcm = sp.pcm, nil
	return pcm, sp.ended, sp.err
}

const (
	// Room is how many free bytes there are before the sound of a piece, for the header of whatever
	// it is sent in: sound is written to memory once, where it stays until it need not be sent again.
	Room = 12
	// PieceTime is the most that a piece of PCM takes to play.
	PieceTime = 200 * time.Millisecond
)

// Pieces are stretches of one sound, in order, none of them empty. Each begins with Room bytes that
// are nobody's.
type Pieces [][]byte

// Len is the length of the sound, in bytes.
func (p Pieces) Len() int {
	n := 0
	for _, piece := range p {
		n += len(piece) - Room
	}
	return n
}

// All are the stretches of sound.
func (p Pieces) All() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for _, piece := range p {
			if !yield(piece[Room:]) {
				return
			}
		}
	}
}

// Append takes off n bytes, or what there is, and appends them to dst.
func (p *Pieces) Append(dst []byte, n int) []byte {
	for n > 0 && len(*p) > 0 {
		first := (*p)[0]
		sound := first[Room:]
		k := min(len(sound), n)
		dst, n = append(dst, sound[:k]...), n-k
		if (*p)[0] = first[k:]; k == len(sound) {
			*p = (*p)[1:]
		}
	}
	return dst
}

// Cut takes off at most n bytes of sound, with Room before them that the caller may write to. It
// copies only where that fills what it returns, or spares memory.
func (p *Pieces) Cut(n int) []byte {
	if len(*p) == 0 {
		return make([]byte, Room)
	}
	first := (*p)[0]
	whole := len(first)-Room <= n && (len(*p) == 1 || len(first)+len((*p)[1])-2*Room > n)
	if whole && 2*len(first) >= cap(first) {
		*p = (*p)[1:]
		return first
	}
	n = min(n, p.Len())
	return p.Append(make([]byte, Room, Room+n), n)
}

// add copies sound to the end. A piece gets most bytes of it, but for the last, which has room for
// more; and for the first, since a listener who waits takes it as it is.
func (p *Pieces) add(sound []byte, most int) {
	if n := len(*p); n > 0 {
		last := &(*p)[n-1]
		k := min(len(sound), cap(*last)-len(*last), Room+most-len(*last))
		*last, sound = append(*last, sound[:k]...), sound[k:]
	}
	for len(sound) > 0 {
		k := min(len(sound), most)
		size := most
		if len(*p) == 0 {
			size = k
		}
		*p, sound = append(*p, append(make([]byte, Room, Room+size), sound[:k]...)), sound[k:]
	}
}

// Times returns when what has happened.
func (sp *Speech) Times() Times {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	return sp.times
}

// SetDeadline tells that the listener's audio runs out at another time. Once the speech
// has begun it changes nothing.
func (sp *Speech) SetDeadline(t time.Time) {
	s := sp.scheduler
	s.mu.Lock()
	defer s.mu.Unlock()
	sp.job.Deadline = t
	if sp.phase == speechWaiting && s.queue.setDeadline(sp.id, t) {
		s.dispatchLocked(time.Now())
	}
}

// Cancel takes the sentence out of the queue, or aborts its synthesis. When it returns,
// no more audio comes: what was made and not taken is dropped, and Take says done with
// ErrCancelled. The server gets its next request once the aborted one is over.
func (sp *Speech) Cancel() {
	s := sp.scheduler
	s.mu.Lock()
	s.endLocked(sp, ErrCancelled)
	cancel := sp.cancel
	s.mu.Unlock()
	if cancel != nil {
		cancel()
	}
	sp.drop()
}

// deliver adds a copy of the audio. It is false when nobody wants it any more.
func (sp *Speech) deliver(pcm []byte) bool {
	sp.mu.Lock()
	if sp.ended {
		sp.mu.Unlock()
		return false
	}
	if sp.made == 0 {
		sp.times.FirstAudio = time.Now()
	}
	sp.made += len(pcm)
	sp.pcm.add(pcm, sp.pieceBytes)
	sp.mu.Unlock()
	sp.notify()
	return true
}

// end makes err (nil: complete) the speech's last word. It is called once.
func (sp *Speech) end(err error) {
	sp.mu.Lock()
	sp.ended, sp.err, sp.times.Ended = true, err, time.Now()
	sp.mu.Unlock()
	sp.notify()
}

// drop forgets audio that was made before the cancel.
func (sp *Speech) drop() {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	sp.pcm, sp.err = nil, ErrCancelled
}

// begin stamps the start of a synthesis.
func (sp *Speech) begin(now time.Time) {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	sp.times.Started = now
}

// hasAudio reports whether any audio has been delivered, taken or not.
func (sp *Speech) hasAudio() bool {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	return sp.made > 0
}

func (sp *Speech) notify() {
	select {
	case sp.ready <- struct{}{}:
	default: // the consumer has not looked since the last time: one value is enough
	}
}
