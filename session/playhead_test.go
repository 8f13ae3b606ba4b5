package session

import (
	"testing"
	"time"
)

func TestPlayhead(t *testing.T) {
	const s = time.Second
	zero := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	at := func(d time.Duration) time.Time { return zero.Add(d) }
	var p playhead

	p.begin(1)
	p.advance(at(0), 2*s)
	if got := p.heard(at(s)); got != s {
		t.Errorf("heard %v after a second, want 1s: playing starts when audio arrives", got)
	}
	p.begin(2)
	p.advance(at(s), 3*s)
	if got := p.left(at(s)); got != 4*s {
		t.Errorf("%v left, want 4s: what comes early waits behind what plays", got)
	}
	if got := p.heard(at(9 * s)); got != 5*s {
		t.Errorf("heard %v, want 5s: it has run dry", got)
	}
	p.begin(3)
	p.advance(at(10*s), 2*s)
	if got := p.left(at(10 * s)); got != 2*s {
		t.Errorf("%v left, want 2s: after silence, what comes sounds at once", got)
	}

	p.report(at(11*s), 3, 200*time.Millisecond)
	if got := p.left(at(11 * s)); got != 1800*time.Millisecond {
		t.Errorf("%v left, want 1.8s: the player knows better than our clock", got)
	}
	p.report(at(11*s), 2, time.Hour)
	if got := p.left(at(11 * s)); got != 2*s {
		t.Errorf("%v left, want 2s: a segment ends where the next begins, whatever the player says", got)
	}
	p.report(at(11*s), 99, 0)
	if got := p.left(at(11 * s)); got != 2*s {
		t.Errorf("%v left, want 2s: a segment that was never sent says nothing", got)
	}

	p.silence(at(11 * s))
	p.report(at(11*s), 3, 0)
	if got := p.left(at(11 * s)); got != 0 {
		t.Errorf("%v left, want none: after an interruption the player is empty", got)
	}
}
