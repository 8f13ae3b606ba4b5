package loadtest

import "time"

// player plays speech in real time, out of a buffer. It has no clock: whoever calls it says
// what time it is, never earlier than in the call before. The zero value is silent.
type player struct {
	buffer time.Duration // how much must have come before it plays, first and after each stutter

	playing bool
	until   time.Time     // when what has come will have been played; valid while playing
	waiting time.Duration // what has come since it fell silent; while not playing

	began    time.Time // of the first sound; zero before
	dry      time.Time // since when it is silent, having played; zero if it is not
	stutters int
	silence  time.Duration // of the stutters
	longest  time.Duration // of them
	played   time.Duration // sound that has come, all told
}

// advance notes that the buffer has run dry, if it has by now.
func (p *player) advance(now time.Time) {
	if p.playing && !p.until.After(now) {
		p.playing, p.dry = false, p.until
	}
}

// push adds sound of the given length.
func (p *player) push(now time.Time, d time.Duration) {
	p.advance(now)
	p.played += d
	if p.playing {
		p.until = p.until.Add(d)
		return
	}
	p.waiting += d
	if p.waiting >= p.buffer {
		p.start(now)
	}
}

// finish says that no more sound of this reply comes: what is there is played, however
// little it is. It returns when that will have been heard.
func (p *player) finish(now time.Time) time.Time {
	p.advance(now)
	if !p.playing && p.waiting > 0 {
		p.start(now)
	}
	if !p.playing {
		return now
	}
	return p.until
}

// start plays what has come. A silence before the first sound is no stutter, and neither
// is one behind the last: that would have to be followed by sound.
func (p *player) start(now time.Time) {
	if p.began.IsZero() {
		p.began = now
	} else {
		p.stutters++
		p.silence += now.Sub(p.dry)
		p.longest = max(p.longest, now.Sub(p.dry))
	}
	p.playing, p.until, p.waiting, p.dry = true, now.Add(p.waiting), 0, time.Time{}
}

// stop empties the player, as an interruption does, and returns how much was heard.
func (p *player) stop(now time.Time) time.Duration {
	p.advance(now)
	heard := p.played - p.waiting
	if p.playing {
		heard -= p.until.Sub(now)
	}
	p.playing, p.waiting = false, 0
	return heard
}

// held is what has come and is yet to be heard.
func (p *player) held(now time.Time) time.Duration {
	p.advance(now)
	if p.playing {
		return p.until.Sub(now)
	}
	return p.waiting
}
