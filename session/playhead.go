package session

import "time"

// playhead is the listener's clock as far as the server knows it: how much speech has
// been sent, and when the listener will have heard it. It assumes that playing starts
// when audio arrives and goes on without pause, until a playback report says better.
// Owned by the session's loop.
type playhead struct {
	// sent is the duration of all speech sent in the session.
	sent time.Duration
	// end is when the listener will have heard all of it.
	end time.Time
	// marks say where on sent the last segments begin.
	marks []playMark
}

type playMark struct {
	segment uint32
	start   time.Duration
}

// maxMarks bounds how far back a playback report may reach. Look-ahead is seconds, so
// a listener is never this many sentences behind.
const maxMarks = 64

// begin notes that the segment's audio begins with what is sent next.
func (p *playhead) begin(segment uint32) {
	if len(p.marks) == maxMarks {
		p.marks = append(p.marks[:0], p.marks[1:]...)
	}
	p.marks = append(p.marks, playMark{segment, p.sent})
}

// advance notes that d of speech has been sent.
func (p *playhead) advance(now time.Time, d time.Duration) {
	if p.end.Before(now) {
		p.end = now // it is silent: what comes now sounds now
	}
	p.sent += d
	p.end = p.end.Add(d)
}

// left is how much of what has been sent the listener has yet to hear.
func (p *playhead) left(now time.Time) time.Duration {
	return min(max(p.end.Sub(now), 0), p.sent)
}

// heard is the place on sent that the listener has come to.
func (p *playhead) heard(now time.Time) time.Duration { return p.sent - p.left(now) }

// report takes the player's word for where it is. A segment that was never sent, or
// that an interruption has silenced, says nothing.
func (p *playhead) report(now time.Time, segment uint32, played time.Duration) {
	for i := len(p.marks) - 1; i >= 0; i-- {
		if p.marks[i].segment != segment {
			continue
		}
		limit := p.sent
		if i+1 < len(p.marks) {
			limit = p.marks[i+1].start
		}
		at := min(p.marks[i].start+played, limit)
		p.end = now.Add(p.sent - at)
		return
	}
}

// silence notes that the listener's player has been emptied.
func (p *playhead) silence(now time.Time) {
	p.marks = p.marks[:0]
	p.end = now
}
