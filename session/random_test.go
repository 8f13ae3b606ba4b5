package session_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"avatarforge/internal/linetest"
	"avatarforge/llm/llmtest"
	"avatarforge/realtime"
	"avatarforge/session"
	"avatarforge/tts/ttstest"
)

var walks = flag.Int("walks", 15, "how many random conversations to try")

// Whatever a listener does, at whatever moment, with upstreams that fail now and then:
// what it is told keeps to the protocol, nothing overlaps on a synthesis server, and
// nothing is left behind.
func TestRandomConversations(t *testing.T) {
	for seed := range *walks {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { newWalk(t, uint64(seed)).run() })
		})
	}
}

// walk is one random conversation.
type walk struct {
	*talk
	r *rand.Rand
	// floor is how far back the session's log can reach: to its restoration.
	floor uint64
}

// phrases are what the models of these tests say.
var phrases = []string{
	threeSentences,
	"네.",
	"",
	"😀",
	"**정말요?** 3시 30분에 1,234원을 냈다고요... 그건 좀 *심하네요*! (웃음)",
	"그러니까 제 말은 처음부터 끝까지 한 번도 쉬지 않고 이야기하면 듣는 사람이 지친다는 거예요",
	"AI는 2026년에도 여전히 배우는 중이에요.\n\n- 하나\n- 둘\n\n끝!",
	strings.Repeat(threeSentences+" ", 4),
}

func newWalk(t *testing.T, seed uint64) *walk {
	r := rand.New(rand.NewPCG(seed, 99))
	now := func(percent int) bool { return r.IntN(100) < percent }

	// Reply is called on the requests' goroutines, so all of it is drawn beforehand.
	var replies [64]llmtest.Reply
	for i := range replies {
		text := phrases[r.IntN(len(phrases))]
		replies[i] = llmtest.Reply{Text: text, Pace: llmtest.Pace{
			FirstToken: time.Duration(r.IntN(400)) * time.Millisecond, TokensPerSecond: float64(10 + r.IntN(200)),
		}}
		if now(30) {
			replies[i].Faults = []llmtest.Fault{{
				Kind:  llmtest.FaultError + llmtest.FaultKind(r.IntN(5)),
				After: r.IntN(20), Stall: time.Duration(r.IntN(3)) * 20 * time.Second,
			}}
		}
	}
	cfg := linetest.Config{LLM: llmtest.Config{
		Parallel: 2,
		Reply:    func(req llmtest.ChatRequest) llmtest.Reply { return replies[req.Number%len(replies)] },
	}}
	for range 1 + r.IntN(2) {
		server := ttstest.Config{
			FirstChunkDelay: time.Duration(r.IntN(200)) * time.Millisecond,
			RealTimeFactor:  0.1 + r.Float64()*0.6,
			ReloadDelay:     time.Second,
		}
		for n := 5; n < 200; n++ { // after a few that show how fast it is
			// FaultLoss is not among them: of a word or two it cannot be told.
			if kind := ttstest.FaultException + ttstest.FaultKind(r.IntN(9)); now(10) && kind != ttstest.FaultLoss {
				server.Faults = append(server.Faults, ttstest.Rule{Request: n, Fault: ttstest.Fault{
					Kind:   kind,
					After:  time.Duration(r.IntN(3)) * 300 * time.Millisecond,
					For:    time.Duration(r.IntN(2)) * 5 * time.Second,
					Status: []int{400, 422, 500, 502}[r.IntN(4)],
				}})
			}
		}
		cfg.TTS = append(cfg.TTS, server)
	}
	cfg.Session.ReplayBytes = 64 << 20
	if now(30) {
		cfg.Session.HoldBytes = 16 << 10
	}
	line := linetest.Start(t, cfg)
	return &walk{talk: open(t, line, session.Opening{}), r: r}
}

func (w *walk) run() {
	// The servers are seen at work before anything is cancelled.
	for range 3 * len(w.line.TTS) {
		w.write("안녕?")
		w.do(realtime.ResponseCreate{})
		w.settle()
	}
	for range 40 {
		w.step()
	}
	w.settle()
	w.sess.End(session.Ending{Code: realtime.CloseNormal})
	w.listen(time.Minute)
	w.check()

	synctest.Wait()
	if use, _ := w.line.Slots.InUse(context.Background()); use.Held != 0 || use.Waiting != 0 {
		w.t.Errorf("slots in use after the end: %+v", use)
	}
	for _, r := range w.line.LLM.Records() {
		if !r.State.Ended() {
			w.t.Errorf("a reply of the LLM server goes on: %s", r.State)
		}
	}
	for i, server := range w.line.TTS {
		if n := server.Overlaps(); n != 0 {
			w.t.Errorf("synthesis server %d: %d of %d requests met another at work", i, n, len(server.Records()))
		}
	}
}

// settle listens until nothing comes for longer than any fault lasts.
func (w *walk) settle() {
	ctx := context.Background()
	for ok := true; ok; {
		wait, cancel := context.WithTimeout(ctx, 4*time.Minute)
		_, ok = w.read(wait)
		cancel()
	}
}

// listen reads what comes within d.
func (w *walk) listen(d time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	for ok := true; ok; {
		_, ok = w.read(ctx)
	}
}

// moment is a time that things take, mostly short.
func (w *walk) moment() time.Duration {
	return time.Duration(w.r.ExpFloat64() * float64(time.Second))
}

// item is the id of some item that the listener has heard of, or of none.
func (w *walk) item() string {
	items := events[realtime.ItemAdded](w.talk)
	if len(items) == 0 || w.r.IntN(20) == 0 {
		return "item_none"
	}
	return items[max(0, len(items)-1-w.r.IntN(3))].Item.ID
}

// step does one thing that a listener, or its connection, may do.
func (w *walk) step() {
	r := w.r
	switch r.IntN(16) {
	case 0, 1, 2, 3:
		w.say("그래서?")
	case 4, 5:
		w.do(realtime.ResponseCancel{})
	case 6:
		w.do(realtime.ResponseCancel{})
		w.do(realtime.ResponseCancel{})
	case 7:
		w.do(realtime.ItemTruncate{ItemID: w.item(), AudioEndMS: r.IntN(5000)})
	case 8:
		w.do(realtime.ItemDelete{ItemID: w.item()})
	case 9:
		w.do(realtime.Speak{ItemID: w.item()})
	case 10:
		w.do(realtime.SessionUpdate{Session: w.patch()})
	case 11:
		if list := events[realtime.Sentence](w.talk); len(list) > 0 {
			w.do(realtime.Playback{Segment: list[len(list)-1].Segment, PlayedMS: r.IntN(2000), BufferedMS: r.IntN(2000)})
		}
	case 12:
		w.hang()
		time.Sleep(10 * w.moment())
		w.comeBack()
	case 13: // another connection takes over
		old := w.att
		w.attach(w.last)
		w.sess.Detach(old, session.Ending{})
	case 14: // nothing is read for a while
		time.Sleep(5 * w.moment())
	case 15:
		if r.IntN(4) == 0 {
			w.sess.End(session.Ending{Code: realtime.CloseNormal})
			w.listen(time.Minute)
			w.comeBack()
		}
	}
	w.listen(w.moment())
}

// patch changes one thing of the session.
func (w *walk) patch() realtime.SessionPatch {
	r := w.r
	switch r.IntN(6) {
	case 0:
		return realtime.SessionPatch{Rate: ptr([]int{16000, 24000, 32000, 48000}[r.IntN(4)])}
	case 1:
		return realtime.SessionPatch{Transport: ptr([]realtime.Transport{realtime.TransportJSON, realtime.TransportBinary}[r.IntN(2)])}
	case 2:
		mode := []realtime.SpeechMode{realtime.SpeechRealtime, realtime.SpeechDelayed, realtime.SpeechOnClick}[r.IntN(3)]
		return realtime.SessionPatch{TTS: &realtime.TTSPatch{Mode: &mode, DelayMS: ptr(r.IntN(3000))}}
	case 3:
		return realtime.SessionPatch{TTS: &realtime.TTSPatch{StreamingMode: ptr(r.IntN(4))}}
	case 4:
		m := []realtime.Modality{realtime.ModalityAudio, realtime.ModalityText}[r.IntN(2)]
		return realtime.SessionPatch{OutputModalities: []realtime.Modality{m}}
	default:
		return realtime.SessionPatch{TTS: &realtime.TTSPatch{Enabled: ptr(r.IntN(4) > 0)}, Voice: ptr([]string{"default", "ko-male"}[r.IntN(2)])}
	}
}

// comeBack attaches again, to the session restored where it has ended, and sometimes from
// before what was received last.
func (w *walk) comeBack() {
	s, err := w.line.Registry.Open(context.Background(), session.Opening{Session: w.sess.ID()})
	if err != nil {
		w.t.Fatalf("come back: %v", err)
	}
	restored := s != w.sess
	w.sess = s
	last := w.last
	if !restored && w.r.IntN(2) == 0 {
		// What comes again takes the place of what was there.
		last = max(last-min(last, uint64(w.r.IntN(30))), w.floor)
		for len(w.frames) > 0 && w.frames[len(w.frames)-1].n > last {
			w.frames = w.frames[:len(w.frames)-1]
		}
	}
	w.attach(last)
	if !restored {
		return
	}
	// What was sent while nobody listened is gone; then the conversation is told.
	w.floor = last
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if first, ok := w.att.Next(ctx, make([]session.Frame, 0, 1)); ok {
		w.waiting, w.last = first, first[0].N-1
		if w.floor = w.last; w.floor != last {
			w.frames = append(w.frames, frame{n: w.floor, gap: true})
		}
	}
}

// told is what the listener knows of one response.
type told struct {
	audio, aloud, done bool
	events             []string // but deltas and speech
	deltas, sentences  strings.Builder
	failed             int // sentences
	transcript         string
}

// check holds what the listener was told against the protocol.
func (w *walk) check() {
	w.t.Helper()
	for _, s := range w.sentences(w.frames) {
		s.sounds(w.t)
	}
	var now realtime.Session // as the listener knows it
	var open *told
	openID := ""
	responses := map[string]*told{}
	segments := map[uint32]string{} // the response of each

	// within is the response that an event names, which must be the one that runs.
	within := func(f frame, id string) *told {
		if id == "" || id != openID {
			w.t.Fatalf("frame %d, %T of response %q, while %q runs", f.n, f.event, id, openID)
		}
		return open
	}
	for _, f := range w.frames {
		if f.gap {
			open, openID = nil, ""
			continue
		}
		if f.audio != nil {
			if id := segments[f.audio.Segment]; id != "" {
				within(f, id)
			}
			continue
		}
		switch e := f.event.(type) {
		case realtime.SessionCreated:
			now = e.Session
		case realtime.SessionUpdated:
			now = e.Session
		case realtime.ResponseCreated:
			if open != nil || responses[e.Response.ID] != nil {
				w.t.Fatalf("frame %d: response %s begins while %q runs", f.n, e.Response.ID, openID)
			}
			open, openID = &told{}, e.Response.ID
			responses[openID] = open
			open.audio = slices.Contains(e.Response.OutputModalities, realtime.ModalityAudio)
			open.aloud = open.audio && now.Avatarforge.TTS.Enabled && now.Avatarforge.TTS.Mode != realtime.SpeechOnClick
			open.events = append(open.events, e.Type())
		case realtime.TranscriptDelta:
			within(f, e.ResponseID).deltas.WriteString(e.Delta)
		case realtime.TextDelta:
			within(f, e.ResponseID).deltas.WriteString(e.Delta)
		case realtime.AudioDelta:
			if id := segments[e.Avatarforge.Segment]; id != e.ResponseID {
				w.t.Fatalf("frame %d: audio of response %q in a segment of %q", f.n, e.ResponseID, id)
			} else if id != "" {
				within(f, id)
			}
		case realtime.Sentence:
			if e.ResponseID != nil {
				segments[e.Segment] = *e.ResponseID
				within(f, *e.ResponseID).sentences.WriteString(e.Text)
			}
		case realtime.SentenceDone:
			if id := segments[e.Segment]; id != "" && e.Error != nil && e.Error.Code == realtime.CodeSpeechFailed {
				within(f, id).failed++
			} else if id != "" {
				within(f, id)
			}
		case realtime.OutputItemAdded:
			r := within(f, e.ResponseID)
			r.events = append(r.events, e.Type())
		case realtime.ContentPartAdded:
			r := within(f, e.ResponseID)
			r.events = append(r.events, e.Type())
		case realtime.AudioDone:
			r := within(f, e.ResponseID)
			r.events = append(r.events, e.Type())
		case realtime.TranscriptDone:
			r := within(f, e.ResponseID)
			r.events, r.transcript = append(r.events, e.Type()), e.Transcript
		case realtime.TextDone:
			r := within(f, e.ResponseID)
			r.events, r.transcript = append(r.events, e.Type()), e.Text
		case realtime.ContentPartDone:
			r := within(f, e.ResponseID)
			r.events = append(r.events, e.Type())
		case realtime.OutputItemDone:
			r := within(f, e.ResponseID)
			r.events = append(r.events, e.Type())
		case realtime.ResponseDone:
			r := within(f, e.Response.ID)
			r.events, r.done = append(r.events, e.Type()), true
			w.checkResponse(r, e.Response)
			open, openID = nil, ""
		}
	}
	if open != nil {
		w.t.Errorf("response %s never ends", openID)
	}
	if len(responses) < 5 {
		w.t.Errorf("%d responses: the walk went nowhere", len(responses))
	}
}

// Of a response's events, those that come once, in order.
var (
	audioEvents = []string{
		"response.created", "response.output_item.added", "response.content_part.added",
		"response.output_audio.done", "response.output_audio_transcript.done",
		"response.content_part.done", "response.output_item.done", "response.done",
	}
	textEvents = []string{
		"response.created", "response.output_item.added", "response.content_part.added",
		"response.output_text.done", "response.content_part.done", "response.output_item.done", "response.done",
	}
)

func (w *walk) checkResponse(r *told, done realtime.Response) {
	w.t.Helper()
	want := textEvents
	if r.audio {
		want = audioEvents
	}
	if !slices.Equal(r.events, want) {
		w.t.Errorf("response %s has the events %v", done.ID, r.events)
	}
	if r.deltas.String() != r.transcript {
		w.t.Errorf("the deltas come to %q, the text to %q", r.deltas.String(), r.transcript)
	}
	spoken := ""
	if r.aloud {
		spoken = r.transcript
	}
	if r.sentences.String() != spoken {
		w.t.Errorf("the sentences come to %q, want %q", r.sentences.String(), spoken)
	}
	if n := done.Avatarforge.SpeechErrors; n != r.failed {
		w.t.Errorf("speech_errors is %d, %d sentences failed", n, r.failed)
	}
	// Cancelled and truncated responses keep what was heard, to the word.
	if text := done.Output[0].Text(); !strings.HasPrefix(r.transcript, text) {
		w.t.Errorf("the item keeps %q of %q", text, r.transcript)
	}
}

// A change of the rate is for the sentences after it: those that were asked for sound as
// they were announced.
func TestRateChangedInTheMiddle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := open(t, linetest.Start(t, home(threeSentences)), session.Opening{})
		k.say("안녕?")
		until[realtime.AudioDelta](k, "it speaks")
		k.do(realtime.SessionUpdate{Session: realtime.SessionPatch{Rate: ptr(48000)}})
		until[realtime.ResponseDone](k, "the response ends")
		rates := map[int]bool{}
		for _, s := range k.sentences(k.frames) {
			s.sounds(t)
			rates[s.SampleRate] = true
		}
		if !rates[24000] || !rates[48000] {
			t.Errorf("rates %v, want the old one and then the new", rates)
		}
	})
}

// A delay that is over before there is audio leaves nothing to time: a timer that kept
// firing would stop the bubble's clock, and in life take a core.
func TestDelayShorterThanTheSynthesis(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := open(t, linetest.Start(t, home(threeSentences)), session.Opening{})
		k.set(realtime.SessionPatch{TTS: &realtime.TTSPatch{Mode: ptr(realtime.SpeechDelayed), DelayMS: ptr(10)}})
		k.say("안녕?")
		done := until[realtime.ResponseDone](k, "the response ends").Response
		if at := *done.Avatarforge.Timings.FirstAudioMS - *done.Avatarforge.Timings.FirstSentenceMS; at < 100 || at > 1000 {
			t.Errorf("the first audio came %d ms after its text, want what the synthesis takes", at)
		}
	})
}

// A cancel is heard by both upstreams: the model writes no further token, the synthesis
// under way is broken off and none of those that waited begins.
func TestCancelAbortsBothUpstreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := home(strings.Repeat(threeSentences+" ", 10))
		cfg.TTS[0].RealTimeFactor = 0.9
		line := linetest.Start(t, cfg)
		k := open(t, line, session.Opening{})
		k.say("이야기해 줘.")
		for range 2 {
			until[realtime.SentenceDone](k, "it speaks")
		}
		until[realtime.AudioDelta](k, "in the middle of the third")
		k.do(realtime.ResponseCancel{})
		cancelled := time.Now()
		until[realtime.ResponseDone](k, "a cancelled response ends")
		synctest.Wait()
		written := line.LLM.Records()[0]
		if written.State != llmtest.StateAborted || written.Ended.After(cancelled) {
			t.Errorf("the model is %s, at %v; want it left at %v", written.State, written.Ended, cancelled)
		}
		time.Sleep(time.Minute)
		speech := line.TTS[0].Records()
		if n := len(speech); n != 3 {
			t.Errorf("%d syntheses, want the three that had begun", n)
		}
		if last := speech[len(speech)-1]; !last.Aborted || last.End.Sub(cancelled) > time.Second {
			t.Errorf("the synthesis under way: aborted %v, %v after the cancel; want it to end at its next chunk", last.Aborted, last.End.Sub(cancelled))
		}
	})
}
