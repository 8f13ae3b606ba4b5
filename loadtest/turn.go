package loadtest

import (
	"strings"
	"time"
	"unicode/utf8"

	"avatarforge/realtime"
)

// fate is what became of a turn.
type fate uint8

const (
	fateBroken fate = iota
	fateWhole
	fateResumed     // whole, over more than one connection
	fateInterrupted // by the listener, and ended as it should
)

// turn is one question and its answer, as the listener has it so far. Guarded by the
// listener's mu.
type turn struct {
	intended time.Time // when the listener meant to ask
	rate     int       // of the sound, in samples per second

	response string // its id; empty before response.created
	item     string
	moved    time.Time // when something of it came last
	token    time.Time // the first; zero before
	sentence time.Time
	audio    time.Time
	ended    time.Time // response.done
	status   realtime.Status
	timings  *realtime.Timings

	said      strings.Builder // the deltas
	sentences strings.Builder
	spoken    int // sentences with sound
	text      string
	sound     map[uint32]int // bytes of each segment
	segment   uint32         // the last with sound
	player    player

	cancelled  time.Time // when the listener interrupted it; zero if it did not
	cutOff     bool      // whether its connection broke
	incomplete bool      // whether the server has said that not all of it can be sent again
	faults     []Fault   // found in it
}

func newTurn(intended time.Time, cfg *Config) *turn {
	return &turn{intended: intended, moved: intended, rate: cfg.Rate, sound: map[uint32]int{}, player: player{buffer: cfg.Buffer}}
}

func (t *turn) running() bool { return t != nil && t.ended.IsZero() }

// takeText notes a piece of the answer's text.
func (t *turn) takeText(now time.Time, delta string) {
	if t.token.IsZero() {
		t.token = now
	}
	t.moved = now
	t.said.WriteString(delta)
}

// takeSound notes a piece of speech. first says that it is the answer's first.
func (t *turn) takeSound(now time.Time, segment uint32, bytes int) (first bool) {
	t.moved, t.segment = now, segment
	before := t.sound[segment]
	t.sound[segment] = before + bytes
	if bytes == 0 {
		return false
	}
	if before == 0 {
		t.spoken++
	}
	first = t.audio.IsZero()
	if first {
		t.audio = now
	}
	if t.cancelled.IsZero() {
		// Of the sum: a sum of the pieces' lengths would be short.
		t.player.push(now, t.lasts(before+bytes)-t.lasts(before))
	}
	return first
}

// lasts is how long 16-bit sound plays.
func (t *turn) lasts(bytes int) time.Duration {
	return time.Duration(bytes/2) * time.Second / time.Duration(t.rate)
}

func (t *turn) takeSentence(now time.Time, e *realtime.Sentence) {
	if t.sentence.IsZero() {
		t.sentence = now
	}
	t.moved = now
	t.sentences.WriteString(e.Text)
}

func (t *turn) takeSentenceDone(now time.Time, e *realtime.SentenceDone) {
	t.moved = now
	switch {
	case e.Error != nil && e.Error.Code == realtime.CodeSpeechCancelled && !t.cancelled.IsZero():
	case e.Error != nil:
		t.faults = append(t.faults, FaultSpeech)
	case e.DurationMS != nil && !t.incomplete && *e.DurationMS != t.lasts(t.sound[e.Segment]).Milliseconds():
		t.faults = append(t.faults, FaultSound)
	}
}

// takeDone ends the turn and looks whether all of the answer came.
func (t *turn) takeDone(now time.Time, r *realtime.Response, speaks bool) {
	t.moved, t.ended, t.status = now, now, r.Status
	if r.Avatarforge != nil {
		t.timings = &r.Avatarforge.Timings
	}
	if t.incomplete {
		return
	}
	if t.said.String() != t.text || !utf8.ValidString(t.text) {
		t.faults = append(t.faults, FaultText)
	} else if speaks && t.sentences.String() != t.text {
		t.faults = append(t.faults, FaultText)
	}
}

// fate says what became of a turn that has ended.
func (t *turn) fate() fate {
	switch {
	case len(t.faults) > 0:
		return fateBroken
	case t.status == realtime.StatusCancelled && !t.cancelled.IsZero():
		return fateInterrupted
	case t.status != realtime.StatusCompleted || t.incomplete:
		return fateBroken
	case t.cutOff:
		return fateResumed
	default:
		return fateWhole
	}
}
