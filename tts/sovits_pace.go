package tts

import "time"

// pace is how fast the server works, as seen so far. From it follows how long a server
// must be left alone after a synthesis was given up. Nothing tells that it has stopped:
// it closes the connection at once and works on to the border of its chunk. So the
// estimate is of the worst: two syntheses at once spoil both, a pause costs a moment.
type pace struct {
	first    longest // to the first chunk, where speech is streamed
	newVoice longest // the same with a reference that was not the last one
	next     longest // from chunk to chunk, there
	syllable longest // of work for a syllable, where speech comes as a whole
	// atOnce is set when modes 2 and 3 have brought a long speech in one chunk: models 3
	// and 4 cannot stream, nor can releases that fell back.
	atOnce bool
	// reference is the last one asked for; the server keeps it encoded.
	reference string
}

const (
	// guessSyllable and guessVoice, the extra for a new reference, hold while nothing was
	// seen.
	guessSyllable = 120 * time.Millisecond
	guessVoice    = 500 * time.Millisecond
	// fewSyllables is the length below which a text takes no less work.
	fewSyllables = 6

	// minGap tells the wait for a chunk from the pieces that a chunk comes in.
	minGap = 5 * time.Millisecond
)

func (p *pace) begin(s *synthesis) {
	s.newVoice = p.reference != s.req.Voice.RefAudioPath
	p.reference = s.req.Voice.RefAudioPath
}

func (p *pace) sawFirst(s *synthesis, waited time.Duration) {
	p.syllable.see(waited / time.Duration(max(s.limits.syllables, fewSyllables)))
	switch {
	case s.req.StreamingMode < 2:
	case s.newVoice:
		p.newVoice.see(waited)
	default:
		p.first.see(waited)
	}
}

func (p *pace) sawNext(s *synthesis, waited time.Duration) {
	if s.req.StreamingMode >= 2 {
		s.gaps++
		p.next.see(waited)
		p.atOnce = false
	}
}

func (p *pace) sawEnd(s *synthesis) {
	long := s.gate.passed > 2*s.wav.Rate() // more than three chunks' worth
	if s.req.StreamingMode >= 2 && s.gaps == 0 && long {
		p.atOnce = true
	}
}

// rest is how long the server may still be at work on s, whose chunk it began with
// elapsed ago: half as long again as the longest chunk seen. Chunks of one server differ
// by a quarter, those of mode 2 by the syllable that they run on to.
func (p *pace) rest(s *synthesis, elapsed time.Duration) time.Duration {
	whole := p.whole(s)
	most := whole * 3 / 2
	if elapsed >= whole {
		return most // later than ever: all of it may be to come
	}
	return most - elapsed
}

// whole is the longest that the server took for what it is at.
func (p *pace) whole(s *synthesis) time.Duration {
	syllables := max(s.limits.syllables, fewSyllables)
	speech := time.Duration(syllables) * orGuess(p.syllable.most(), guessSyllable)
	first := p.first.most()
	if s.newVoice {
		speech, first = speech+guessVoice, orGuess(p.newVoice.most(), first+guessVoice)
	}
	asWhole := s.req.StreamingMode < 2 || p.atOnce
	switch {
	case asWhole && s.heard:
		return 0 // one sentence is one fragment, and it is made
	case asWhole:
		return speech
	case s.heard && p.next.seen > 0:
		return p.next.most()
	case s.heard: // the wait for a first chunk is all that there is to go by
		return 2 * max(p.first.most(), p.newVoice.most())
	case p.next.seen > 0 && first > 0:
		return first
	default: // it may turn out not to stream
		return max(speech, first)
	}
}

func orGuess(seen, guess time.Duration) time.Duration {
	if seen == 0 {
		return guess
	}
	return seen
}

// longest is the longest of the latest 32 to 64 durations. An average would be exceeded
// by every second chunk; what was slow once may be again.
type longest struct {
	seen           int // in the window of latest; never 0 again
	before, latest time.Duration
}

const longestWindow = 32

func (l *longest) see(d time.Duration) {
	if l.seen == 1 && l.before == 0 {
		// The first had a cold server load what it needs for the language, which it never
		// does again.
		l.latest = 0
	}
	if l.seen++; l.seen > longestWindow {
		l.before, l.latest, l.seen = l.latest, 0, 1
	}
	l.latest = max(l.latest, d)
}

// most is 0 while nothing was seen.
func (l *longest) most() time.Duration { return max(l.before, l.latest) }
