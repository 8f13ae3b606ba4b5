package session

import (
	"log/slog"
	"slices"
	"time"

	"go.opentelemetry.io/otel/trace"

	"avatarforge/realtime"
	"avatarforge/tts"
	"avatarforge/tts/sentence"
)

// segment is one sentence whose speech is yet to be sent, or being sent.
type segment struct {
	id       uint32
	index    int // in its item
	item     *item
	response *response  // nil where avatarforge.speak asked for it
	text     string     // as displayed
	spoken   string     // as sent to the synthesiser; empty where there is nothing to say
	span     trace.Span // nil where nobody traces, and once it has ended

	speech    *tts.Speech   // nil where there is nothing to say
	rate      int           // of its audio: a session.update is for the sentences after it
	estimate  time.Duration // how long it will take to say, before it is known
	notBefore time.Time     // of its first audio; zero but in mode delayed, and once it is over
	started   bool          // whether it has been announced, and some of it perhaps sent
	sentBytes int
	sent      time.Duration // what sentBytes take to play
}

// say queues the sentences that the response has come to the end of.
func (s *Session) say(now time.Time, sentences []string) {
	if len(sentences) == 0 {
		return
	}
	for _, text := range sentences {
		seg := s.newSegment(text, now)
		if seg.response.firstSentence.IsZero() {
			seg.response.firstSentence = now
			s.cfg.Metrics.firstSentence.Observe(now.Sub(seg.response.started).Seconds())
		}
		s.queueSpeech(seg, now)
	}
	s.sendSpeech()
}

// newSegment is the next sentence of the running response.
func (s *Session) newSegment(text string, now time.Time) *segment {
	r := s.response
	s.segment++
	seg := &segment{
		id: s.segment, index: r.index, item: r.item, response: r,
		text: text, spoken: r.speller.Spoken(text), rate: s.object.Audio.Output.Format.Rate,
	}
	r.index++
	if tts := &s.object.Avatarforge.TTS; tts.Mode == realtime.SpeechDelayed {
		seg.notBefore = now.Add(time.Duration(tts.DelayMS) * time.Millisecond)
	}
	return seg
}

// queueSpeech puts a segment behind those that wait and asks for its synthesis.
func (s *Session) queueSpeech(seg *segment, now time.Time) {
	if seg.spoken != "" {
		seg.estimate = tts.EstimateDuration(seg.spoken)
		seg.traceSentence(now)
		ext := &s.object.Avatarforge.TTS
		out := &s.object.Audio.Output
		seg.speech = s.up.Speech.Submit(tts.Job{
			Request: tts.Request{
				Text:          seg.spoken,
				TextLang:      s.textLanguage(seg.spoken),
				Voice:         s.voice(),
				Speed:         out.Speed,
				StreamingMode: ext.StreamingMode,
				Seed:          -1,
			},
			Rate:      seg.rate,
			Deadline:  s.deadline(now, seg),
			Continues: s.continues(seg),
			Owner:     s.id,
			Span:      seg.span,
		})
	}
	s.segments = append(s.segments, seg)
}

// continues says whether something of the segment's item is spoken before it. The first sentence may have nothing
// to say.
func (s *Session) continues(seg *segment) bool {
	return seg.index > 0 && (seg.item.audioFor() > 0 || slices.ContainsFunc(s.segments, func(o *segment) bool {
		return o.item == seg.item && o.speech != nil
	}))
}

// deadline is when the listener will have heard all that comes before a segment that
// joins the queue. What begins something new is due at once, whatever the clock says: a
// listener who asks again may have stopped listening to what was before.
func (s *Session) deadline(now time.Time, next *segment) time.Time {
	t := s.playhead.end
	if t.Before(now) || len(s.segments) == 0 && next.index == 0 {
		t = now
	}
	for _, seg := range s.segments {
		t = t.Add(max(seg.estimate-seg.sent, 0))
	}
	if t.Before(next.notBefore) {
		return next.notBefore
	}
	return t
}

// moveDeadlines tells the scheduler when each waiting segment is due, after the
// listener's clock has moved.
func (s *Session) moveDeadlines(now time.Time) {
	t := s.playhead.end
	if t.Before(now) {
		t = now
	}
	for i, seg := range s.segments {
		if seg.speech != nil && !seg.started {
			due := t
			if i == 0 && seg.index == 0 {
				due = now
			}
			if due.Before(seg.notBefore) {
				due = seg.notBefore
			}
			seg.speech.SetDeadline(due)
		}
		t = t.Add(max(seg.estimate-seg.sent, 0))
	}
}

// speechReady has a value when there is audio to be sent of the segment whose turn it
// is. Segments behind it are made meanwhile, but wait.
func (s *Session) speechReady() <-chan struct{} {
	if len(s.segments) == 0 {
		return nil
	}
	seg := s.segments[0]
	if seg.speech == nil || time.Now().Before(seg.notBefore) {
		return nil
	}
	return seg.speech.Ready()
}

// speechDue is when the delay of the segment whose turn it is will be over; zero where
// that is not what it waits for.
func (s *Session) speechDue() time.Time {
	if len(s.segments) == 0 || s.segments[0].started || s.outbox.full() {
		return time.Time{}
	}
	return s.segments[0].notBefore
}

// sendSpeech sends what audio there is, in order, as long as the listener keeps up, and
// ends the response once all of it has been sent.
func (s *Session) sendSpeech() {
	now := time.Now()
	for len(s.segments) > 0 && !s.outbox.full() {
		seg := s.segments[0]
		if now.Before(seg.notBefore) {
			break
		}
		seg.notBefore = time.Time{} // or the timer would go on firing until there is audio
		if seg.speech == nil {
			s.announce(seg)
			s.endSegment(nil)
			continue
		}
		pcm, done, err := seg.speech.Take()
		if pcm.Len() > 0 || done {
			begins := seg.sentBytes == 0
			s.sendAudio(seg, now, pcm, done && err == nil)
			if begins && !done {
				s.moveDeadlines(now) // the listener's clock runs from here on
			}
		}
		if !done {
			break
		}
		s.endSegment(err)
		s.moveDeadlines(now)
	}
	if r := s.response; r != nil && r.state == speaking && !s.speaks(r) {
		s.finishResponse()
	}
}

func (s *Session) speaks(r *response) bool {
	return slices.ContainsFunc(s.segments, func(seg *segment) bool { return seg.response == r })
}

// announce sends the segment's words, before its audio.
func (s *Session) announce(seg *segment) {
	if seg.started {
		return
	}
	seg.started = true
	s.emit(seg.event())
	if seg.index == 0 {
		seg.item.speech, seg.item.audioStart = nil, s.playhead.sent
	}
	s.playhead.begin(seg.id)
}

// event is the segment's announcement.
func (seg *segment) event() realtime.Sentence {
	e := realtime.Sentence{
		Segment: seg.id, ItemID: seg.item.ID, Index: seg.index,
		Text: seg.text, Spoken: seg.spoken, SampleRate: seg.rate,
	}
	if seg.response != nil {
		e.ResponseID = &seg.response.id
	}
	return e
}

// sendAudio sends more of the segment's speech, in frames of MaxFrameMS at most.
func (s *Session) sendAudio(seg *segment, now time.Time, pcm tts.Pieces, last bool) {
	s.announce(seg)
	binary := s.object.Avatarforge.Transport == realtime.TransportBinary
	if made := pcm.Len(); made > 0 {
		if r := seg.response; r != nil && r.firstAudio.IsZero() {
			r.firstAudio = now
			s.cfg.Metrics.firstAudio.Observe(now.Sub(r.started).Seconds())
			r.trace.firstAudio(now)
		}
		before := seg.sent
		seg.sentBytes += made
		seg.sent = pcmDuration(seg.sentBytes, seg.rate) // of the sum: a sum of them would be short
		s.playhead.advance(now, seg.sent-before)
		seg.item.audioEnd = s.playhead.sent
	}
	for first := true; pcm.Len() > 0 || first && binary && last; first = false {
		frame := pcm.Cut(seg.rate * 2 * realtime.MaxFrameMS / 1000)
		s.sendFrame(seg, frame, binary, last && pcm.Len() == 0)
	}
}

// The header of an audio frame is written before the sound, where it is, and a piece of sound is a
// frame: the one does not fit without the other.
var (
	_ = [1]struct{}{}[tts.Room-realtime.AudioHeaderBytes]
	_ = [1]struct{}{}[tts.PieceTime/time.Millisecond-realtime.MaxFrameMS]
)

// sendFrame sends sound with tts.Room before it as one frame, which it becomes.
func (s *Session) sendFrame(seg *segment, sound []byte, binary, last bool) {
	if binary {
		s.outbox.publish(true, 0, func(_ []byte, n uint64) []byte {
			realtime.AppendAudioFrame(sound[:0], realtime.AudioFrame{Event: uint32(n), Segment: seg.id, Last: last})
			return sound
		})
		return
	}
	sound = sound[tts.Room:]
	delta := realtime.AudioDelta{
		Place: realtime.Place{ItemID: seg.item.ID}, Delta: sound,
		Avatarforge: realtime.SegmentExtension{Segment: seg.id},
	}
	if seg.response != nil {
		delta.ResponseID = seg.response.id
	}
	s.outbox.publish(false, tokenFrameBytes+len(sound)*4/3, func(dst []byte, n uint64) []byte {
		return realtime.AppendAudioDelta(dst, n, &delta)
	})
}

func pcmDuration(bytes, rate int) time.Duration {
	return time.Duration(bytes/2) * time.Second / time.Duration(rate)
}

// endSegment takes the first segment off the queue; err says why it was not spoken, or
// not to its end.
func (s *Session) endSegment(err error) {
	seg := s.segments[0]
	seg.endTrace(err)
	s.segments = append(s.segments[:0], s.segments[1:]...)
	done := realtime.SentenceDone{Segment: seg.id}
	if err == nil {
		ms := seg.sent.Milliseconds()
		done.DurationMS = &ms
	} else {
		s.log.Warn("a sentence was not spoken", slog.Any("error", err), slog.Any("segment", seg.id))
		e := speechError(err)
		e.Segment = seg.id
		done.Error = &realtime.SentenceError{Code: e.Code, Message: e.Message}
		if seg.response != nil {
			seg.response.speechErrors++
		}
		s.fail("", e)
	}
	s.noteSpoken(seg, seg.sent)
	s.keep(seg.item, later)
	s.emit(done)
	s.leaveIfDone()
}

// noteSpoken adds the segment to what is known of its item's speech; whole is how long
// all of it takes to say.
func (s *Session) noteSpoken(seg *segment, whole time.Duration) {
	it := seg.item
	start := time.Duration(0)
	if n := len(it.speech); n > 0 {
		start = it.speech[n-1].start + it.speech[n-1].duration
	}
	it.speech = append(it.speech, spokenText{text: seg.text, start: start, duration: whole})
}

// dropSpeech cancels the segments that drop names, nil meaning all, and tells that they
// will not be spoken. No audio of them follows.
func (s *Session) dropSpeech(drop func(*segment) bool) {
	kept := s.segments[:0]
	for _, seg := range s.segments {
		if drop != nil && !drop(seg) {
			kept = append(kept, seg)
			continue
		}
		if seg.speech != nil {
			seg.speech.Cancel()
			seg.endTrace(nil)
		}
		s.announce(seg)
		s.noteSpoken(seg, max(seg.estimate, seg.sent))
		s.emit(realtime.SentenceDone{
			Segment: seg.id,
			Error:   &realtime.SentenceError{Code: realtime.CodeSpeechCancelled, Message: "The speech was cancelled."},
		})
	}
	clear(s.segments[len(kept):])
	s.segments = kept
	s.leaveIfDone()
}

// heardOf is how much of the item's audio the listener has heard.
func (s *Session) heardOf(it *item, now time.Time) time.Duration {
	behind := s.playhead.left(now) - (s.playhead.sent - it.audioEnd)
	return it.audioFor() - min(max(behind, 0), it.audioFor())
}

// maxSegments bounds the sentences that may wait when more is asked for.
const maxSegments = 500

// speakItem speaks an item now, outside any response.
func (s *Session) speakItem(id string) *realtime.Error {
	it := s.items.find(id)
	switch {
	case it == nil:
		return notFound(id)
	case it.Role != realtime.RoleAssistant:
		return realtime.Invalid(realtime.CodeInvalidValue, "item_id", "Only what the assistant said can be spoken.")
	case it.Status == realtime.StatusInProgress:
		return realtime.Invalid(realtime.CodeItemInProgress, "item_id", "Item %q is still being written; wait for its response.done.", id)
	case slices.ContainsFunc(s.segments, func(seg *segment) bool { return seg.item == it }):
		return realtime.Invalid(realtime.CodeItemInProgress, "item_id", "Item %q is being spoken already; send response.cancel to stop that.", id)
	case len(s.segments) >= maxSegments:
		return realtime.Invalid(realtime.CodeRateLimit, "", "%d sentences wait to be spoken already.", maxSegments)
	case !s.object.Avatarforge.TTS.Enabled:
		return realtime.Invalid(realtime.CodeUnsupported, "", "Speech is off in this session; set avatarforge.tts.enabled.")
	}
	var splitter sentence.Splitter
	now := time.Now()
	speller := tts.NewSpeller(s.speechLanguage())
	for i, text := range append(splitter.Push(it.Text()), splitter.Flush()...) {
		s.segment++
		s.queueSpeech(&segment{
			id: s.segment, index: i, item: it,
			text: text, spoken: speller.Spoken(text), rate: s.object.Audio.Output.Format.Rate,
		}, now)
	}
	s.sendSpeech()
	return nil
}

// voice is the session's, or the default one where voices.json no longer has it.
func (s *Session) voice() tts.Voice {
	if v, ok := s.up.Voices.Get(s.object.Audio.Output.Voice); ok {
		return v
	}
	return s.up.Voices.Default()
}
