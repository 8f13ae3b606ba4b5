package session_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"avatarforge/internal/linetest"
	"avatarforge/llm/llmtest"
	"avatarforge/realtime"
	"avatarforge/session"
	"avatarforge/tts/ttstest"
)

// fault is one way in which an upstream fails a turn, and all that comes of it.
type fault struct {
	name string
	line linetest.Config
	// patch is made before the turn, mend after it.
	patch, mend *realtime.SessionPatch
	// before is done before the turn.
	before func(*linetest.Line)
	// rest is how long the listener waits before the next turn.
	rest time.Duration

	status realtime.Status
	reason realtime.StatusReason
	code   realtime.ErrorCode // in the response's status
	text   string             // that the deltas come to and the item keeps
	heard  []heard            // of each sentence; nil: all of each
	// chats and syntheses are how many requests the turn makes.
	chats, syntheses int
	// took is how long the turn takes at the least.
	took time.Duration
}

// heard is how much of a sentence's sound its listener gets.
type heard int

const (
	whole  heard = iota // all of it, and sentence.done with its duration
	silent              // none, and an error
	cut                 // the front of it, and an error
)

func (h heard) String() string { return [...]string{"whole", "silent", "cut"}[h] }

// sentence is what a listener was told of one sentence.
type sentence struct {
	realtime.Sentence
	pcm   []byte
	heard heard
	done  realtime.SentenceDone
	errs  []realtime.Error
}

// sentences reads the speech among the frames. It fails the test unless each sentence is
// announced, sounds and ends before the next one.
func (k *talk) sentences(frames []frame) []sentence {
	k.t.Helper()
	var list []sentence
	var open *sentence
	sound := func(segment uint32, pcm []byte) {
		if open == nil || open.Segment != segment {
			k.t.Fatalf("audio of segment %d outside of its sentence", segment)
		}
		open.pcm = append(open.pcm, pcm...)
	}
	for _, f := range frames {
		if f.gap {
			open = nil
			continue
		}
		if f.audio != nil {
			sound(f.audio.Segment, f.audio.PCM)
			continue
		}
		switch e := f.event.(type) {
		case realtime.Sentence:
			if open != nil {
				k.t.Fatalf("segment %d begins before segment %d has ended", e.Segment, open.Segment)
			}
			open = &sentence{Sentence: e}
		case realtime.AudioDelta:
			sound(e.Avatarforge.Segment, e.Delta)
		case realtime.ErrorEvent:
			if e.Err.Segment == 0 {
				continue
			}
			if open == nil || open.Segment != e.Err.Segment {
				k.t.Fatalf("an error of segment %d outside of its sentence", e.Err.Segment)
			}
			open.errs = append(open.errs, e.Err)
		case realtime.SentenceDone:
			if open == nil || open.Segment != e.Segment {
				k.t.Fatalf("segment %d ends, but was not begun", e.Segment)
			}
			open.done = e
			switch {
			case e.Error == nil:
				open.heard = whole
			case len(open.pcm) == 0:
				open.heard = silent
			default:
				open.heard = cut
			}
			list = append(list, *open)
			open = nil
		}
	}
	if open != nil {
		k.t.Fatalf("segment %d never ends", open.Segment)
	}
	return list
}

// sounds fails the test where the listener hears something that the sentence does not
// say: another sentence, noise, or the silence that stands for an error.
func (s *sentence) sounds(t testing.TB) {
	t.Helper()
	want, got := ttstest.PitchesOf(s.Spoken), ttstest.Pitches(samples(s.pcm), s.SampleRate)
	switch s.heard {
	case whole:
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q sounds wrong (-want +got):\n%s", s.Spoken, diff)
		}
		if s.done.DurationMS == nil || *s.done.DurationMS != int64(len(s.pcm)/2*1000/s.SampleRate) {
			t.Errorf("%q ends with %+v after %d bytes", s.Spoken, s.done, len(s.pcm))
		}
	default:
		// A model that runs away says its sentence again and again.
		want = slices.Repeat(want, 1+len(got)/max(1, len(want)))
		if len(got) > len(want) || !slices.Equal(got, want[:len(got)]) {
			t.Errorf("what there is of %q sounds %v, want the front of %v", s.Spoken, got, want)
		}
		if s.done.Error.Code == realtime.CodeSpeechCancelled {
			if len(s.errs) > 0 {
				t.Errorf("%q was cancelled and has errors %+v", s.Spoken, s.errs)
			}
			break
		}
		if s.done.DurationMS != nil || s.done.Error.Code != realtime.CodeSpeechFailed || s.done.Error.Message == "" {
			t.Errorf("%q ends with %+v, want an error that says so", s.Spoken, s.done)
		}
		if len(s.errs) != 1 || s.errs[0].Code != realtime.CodeSpeechFailed || s.errs[0].Message != s.done.Error.Message {
			t.Errorf("%q has errors %+v, want the one of its end", s.Spoken, s.errs)
		}
		end := samples(s.pcm)
		for len(end) > 0 && end[len(end)-1] == 0 {
			end = end[:len(end)-1]
		}
		// The tones have pauses of 40 ms and a comma one of 150 ms more.
		if zeros := len(s.pcm)/2 - len(end); zeros > s.SampleRate/5 {
			t.Errorf("%q ends with %d samples of silence: the mark of an error is no speech", s.Spoken, zeros)
		}
	}
}

// opening and closing are the events around a response's text and speech.
var (
	opening = []string{
		"response.created", "response.output_item.added", "conversation.item.added", "response.content_part.added",
	}
	closing = []string{
		"response.output_audio.done", "response.output_audio_transcript.done", "response.content_part.done",
		"response.output_item.done", "conversation.item.done", "response.done", "avatarforge.context",
	}
)

// testFault runs the turn that fails and then one that does not.
func testFault(t *testing.T, f fault) {
	line := linetest.Start(t, f.line)
	k := open(t, line, session.Opening{})
	if f.patch != nil {
		k.set(*f.patch)
	}
	k.write("안녕?")
	until[realtime.ItemDone](k, "the message is there")
	if f.before != nil {
		f.before(line)
	}
	before, begun := len(k.frames), time.Now()
	k.do(realtime.ResponseCreate{})
	done := until[realtime.ResponseDone](k, "a response ends, whatever its upstreams do").Response
	until[realtime.Context](k, "the context is told after each response")
	turn := k.frames[before:]

	if done.Status != f.status || done.StatusDetails.Type != f.status || done.StatusDetails.Reason != f.reason {
		t.Errorf("status %s, %+v, want %s, reason %q", done.Status, done.StatusDetails, f.status, f.reason)
	}
	if e := done.StatusDetails.Error; (e != nil) != (f.code != "") || e != nil && (e.Code != f.code || e.Message == "") {
		t.Errorf("the status has error %+v, want code %q", e, f.code)
	}
	if took := time.Since(begun); took < f.took || took > f.took+15*time.Second {
		t.Errorf("the turn took %v, want %v and the reply's length", took, f.took)
	}

	// What the listener sees, in order.
	var frameNames []string
	var names []string
	for _, f := range turn {
		switch e := f.event.(type) {
		case nil, realtime.AudioDelta, realtime.TranscriptDelta, realtime.Sentence, realtime.SentenceDone:
			continue
		case realtime.ErrorEvent:
			if e.Err.Segment == 0 {
				names = append(names, "error "+string(e.Err.Code))
			}
		default:
			frameNames = append(frameNames, f.event.Type())
		}
	}
	if diff := cmp.Diff(slices.Concat(opening, closing), frameNames); diff != "" {
		t.Errorf("the response's events (-want +got):\n%s", diff)
	}
	if len(names) > 0 {
		t.Errorf("error events %v: a response tells of its failure in its status", names)
	}
	if turn[0].event.Type() != opening[0] || turn[len(turn)-1].event.Type() != closing[len(closing)-1] {
		t.Errorf("the response goes from %s to %s", turn[0].event.Type(), turn[len(turn)-1].event.Type())
	}

	// What is kept, and what the deltas come to.
	if got := k.transcript(done.ID); got != f.text {
		t.Errorf("the deltas come to %q, want %q", got, f.text)
	}
	k.do(realtime.ItemRetrieve{ItemID: done.Output[0].ID})
	kept := until[realtime.ItemRetrieved](k, "the item is there").Item
	status := realtime.StatusIncomplete
	if f.status == realtime.StatusCompleted {
		status = realtime.StatusCompleted
	}
	if kept.Text() != f.text || kept.Status != status || done.Output[0].Text() != f.text {
		t.Errorf("the item keeps %q, %s; want %q, %s", kept.Text(), kept.Status, f.text, status)
	}

	// What is heard.
	var texts strings.Builder
	var got []heard
	failed := 0
	for _, s := range k.sentences(turn) {
		texts.WriteString(s.Text)
		got = append(got, s.heard)
		if s.heard != whole {
			failed++
		}
		s.sounds(t)
	}
	if texts.String() != f.text {
		t.Errorf("the sentences come to %q, want %q", texts.String(), f.text)
	}
	if f.heard == nil {
		f.heard = make([]heard, len(got)) // all of each
	}
	if !slices.Equal(got, f.heard) {
		t.Errorf("heard %v, want %v", got, f.heard)
	}
	if done.Avatarforge.SpeechErrors != failed {
		t.Errorf("speech_errors %d, want %d", done.Avatarforge.SpeechErrors, failed)
	}

	// What the upstreams were asked.
	if n := len(line.LLM.Records()); n != f.chats {
		t.Errorf("%d requests to the LLM server, want %d", n, f.chats)
	}
	asked := 0
	for i, server := range line.TTS {
		asked += len(server.Records())
		if n := server.Overlaps(); n != 0 {
			t.Errorf("server %d: %d syntheses at once", i, n)
		}
	}
	if asked != f.syntheses {
		t.Errorf("%d requests for speech, want %d", asked, f.syntheses)
	}

	// The session goes on.
	time.Sleep(f.rest)
	if f.mend != nil {
		k.set(*f.mend)
	}
	before = len(k.frames)
	k.say("계속해.")
	next := until[realtime.ResponseDone](k, "the next response ends").Response
	if next.Status != realtime.StatusCompleted || next.Output[0].Text() != threeSentences {
		t.Errorf("the next turn: status %s, text %q", next.Status, next.Output[0].Text())
	}
	for _, s := range k.sentences(k.frames[before:]) {
		if s.heard != whole {
			t.Errorf("the next turn: %q is heard %v: %+v", s.Spoken, s.heard, s.done.Error)
			continue
		}
		s.sounds(t)
	}
	records := line.LLM.Records()
	told := records[len(records)-1].Chat.Messages
	if previous := told[len(told)-2]; f.text != "" && (previous.Role != "assistant" || previous.Content != f.text) {
		t.Errorf("the model was told %+v before the last message, want %q", previous, f.text)
	}
}

// wrong is a home whose first n replies are r.
func wrong(n int, r llmtest.Reply) linetest.Config {
	cfg := home("")
	cfg.LLM.Reply = func(req llmtest.ChatRequest) llmtest.Reply {
		if req.Number <= n {
			return r
		}
		return llmtest.Reply{Text: threeSentences}
	}
	return cfg
}

// failing is a home where the first n replies have the fault.
func failing(n int, f llmtest.Fault) linetest.Config {
	return wrong(n, llmtest.Reply{Text: threeSentences, Faults: []llmtest.Fault{f}})
}

func TestLLMFaults(t *testing.T) {
	const after = 12 // tokens: in the second sentence
	front := strings.Join(llmtest.SplitTokens(threeSentences)[:after], "")
	thoughts := []string{"사용자가 ", "인사했다. ", strings.Repeat("생각한다. ", 10_000)} // a line of 140 KB

	model := func(name string) *realtime.SessionPatch { return &realtime.SessionPatch{Model: &name} }
	tests := []fault{
		{
			name: "model not found", line: home(threeSentences), patch: model("none"), mend: model(llmtest.DefaultModel),
			status: realtime.StatusFailed, code: realtime.CodeModelNotFound, chats: 1,
		},
		{
			name: "bad request", line: failing(1, llmtest.Fault{Kind: llmtest.FaultError, Status: 400, Message: "invalid options"}),
			status: realtime.StatusFailed, code: realtime.CodeUpstreamFailed, chats: 1,
		},
		{
			name: "error before the first token", line: failing(1, llmtest.Fault{Kind: llmtest.FaultError, Message: "CUDA error: out of memory"}),
			status: realtime.StatusFailed, code: realtime.CodeUpstreamFailed, chats: 1,
		},
		{
			name: "busy for a moment", line: failing(1, llmtest.Fault{Kind: llmtest.FaultError, Status: 503, Message: "server busy, please try again"}),
			status: realtime.StatusCompleted, text: threeSentences, chats: 2, syntheses: 3,
		},
		{
			name: "busy", line: failing(2, llmtest.Fault{Kind: llmtest.FaultError, Status: 503, Message: "server busy, please try again"}),
			status: realtime.StatusFailed, code: realtime.CodeUpstreamUnavailable, chats: 2,
		},
		{
			name: "closed without an answer", line: failing(1, llmtest.Fault{Kind: llmtest.FaultDrop}),
			status: realtime.StatusFailed, code: realtime.CodeUpstreamFailed, chats: 1,
		},
		{
			name: "error in the middle", line: failing(1, llmtest.Fault{Kind: llmtest.FaultError, After: after, Message: "an error was encountered while running the model"}),
			status: realtime.StatusFailed, code: realtime.CodeUpstreamFailed, text: front, chats: 1, syntheses: 2,
		},
		{
			name: "stream ends early", line: failing(1, llmtest.Fault{Kind: llmtest.FaultEnd, After: after}),
			status: realtime.StatusIncomplete, code: realtime.CodeUpstreamFailed,
			text: front, chats: 1, syntheses: 2,
		},
		{
			name: "stream ends at once", line: failing(1, llmtest.Fault{Kind: llmtest.FaultEnd}),
			status: realtime.StatusIncomplete, code: realtime.CodeUpstreamFailed, chats: 1,
		},
		{
			name: "torn line", line: failing(1, llmtest.Fault{Kind: llmtest.FaultTear, After: after}),
			status: realtime.StatusIncomplete, code: realtime.CodeUpstreamFailed,
			text: front, chats: 1, syntheses: 2,
		},
		{
			name: "dropped", line: failing(1, llmtest.Fault{Kind: llmtest.FaultDrop, After: after}),
			status: realtime.StatusIncomplete, code: realtime.CodeUpstreamFailed,
			text: front, chats: 1, syntheses: 2,
		},
		{
			name: "no first token", line: failing(1, llmtest.Fault{Kind: llmtest.FaultStall}),
			status: realtime.StatusFailed, code: realtime.CodeUpstreamTimeout, chats: 1, took: time.Minute,
		},
		{
			name: "stalls for good", line: failing(1, llmtest.Fault{Kind: llmtest.FaultStall, After: after}),
			status: realtime.StatusFailed, code: realtime.CodeUpstreamTimeout,
			text: front, chats: 1, syntheses: 2, took: 30 * time.Second,
		},
		{
			name: "stalls for a while", line: failing(1, llmtest.Fault{Kind: llmtest.FaultStall, After: after, Stall: 20 * time.Second}),
			status: realtime.StatusCompleted, text: threeSentences, chats: 1, syntheses: 3, took: 20 * time.Second,
		},
		{
			name: "thinks whatever it is told", line: wrong(1, llmtest.Reply{Text: threeSentences, Thinking: thoughts}),
			status: realtime.StatusCompleted, text: threeSentences, chats: 1, syntheses: 3,
		},
		{
			name: "thinks aloud", line: wrong(1, llmtest.Reply{Tokens: append([]string{"<thi", "nk>", "비밀", "이다.</th", "ink>\n\n"}, llmtest.SplitTokens(threeSentences)...)}),
			status: realtime.StatusCompleted, text: threeSentences, chats: 1, syntheses: 3,
		},
		{
			name: "says nothing", line: wrong(1, llmtest.Reply{Tokens: []string{""}}),
			status: realtime.StatusCompleted, chats: 1,
		},
	}
	for _, f := range tests {
		if f.name == "thinks whatever it is told" {
			f.line.LLM.Models = []llmtest.Model{{Name: llmtest.DefaultModel, Thinking: true, Stubborn: true}}
		}
		t.Run(f.name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { testFault(t, f) }) })
	}
}

// theSecond is a fault of the second sentence, whenever it is asked for in the first
// turn.
func theSecond(f ttstest.Fault, requests ...int) linetest.Config {
	cfg := home(threeSentences)
	for _, n := range requests {
		cfg.TTS[0].Faults = append(cfg.TTS[0].Faults, ttstest.Rule{Text: "헤르미온느", Request: n, Fault: f})
	}
	cfg.TTS[0].ReloadDelay = 3 * time.Second
	return cfg
}

// pool is a home with two synthesis servers.
func pool() linetest.Config {
	cfg := home(threeSentences)
	cfg.TTS = append(cfg.TTS, cfg.TTS[0])
	return cfg
}

// restart has a server take no connection for its RestartDelay.
func restart(server *ttstest.Server) {
	defer func() { _ = recover() }() // it answers nothing
	server.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/control?command=restart", nil))
}

func TestSpeechFaults(t *testing.T) {
	const half = 500 * time.Millisecond
	// once is a fault that a second try mends, always one that it does not.
	once, always := []int{2}, []int{2, 3}
	only := func(second heard) []heard { return []heard{whole, second, whole} }

	mode := func(n int) *realtime.SessionPatch {
		return &realtime.SessionPatch{TTS: &realtime.TTSPatch{StreamingMode: &n}}
	}
	at := func(cfg linetest.Config, change func(*ttstest.Config)) linetest.Config {
		for i := range cfg.TTS {
			change(&cfg.TTS[i])
		}
		return cfg
	}
	old := func(c *ttstest.Config) { c.Release = ttstest.Release20250606 }
	version := func(v ttstest.Version) func(*ttstest.Config) { return func(c *ttstest.Config) { c.Version = v } }
	away := func(c *ttstest.Config) { c.RestartDelay = 20 * time.Second }

	tests := []fault{
		{name: "400", line: theSecond(ttstest.Fault{Kind: ttstest.FaultStatus, Status: 400}, always...), heard: only(silent), syntheses: 3},
		{name: "422", line: theSecond(ttstest.Fault{Kind: ttstest.FaultStatus, Status: 422}, always...), heard: only(silent), syntheses: 3},
		{
			name: "a model without Korean", line: at(home(threeSentences), version(ttstest.V1)),
			mend:  &realtime.SessionPatch{TTS: &realtime.TTSPatch{TextLang: ptr("en")}, Voice: ptr("en-default")},
			heard: []heard{silent, silent, silent}, syntheses: 3,
		},
		{name: "a proxy's 500", line: theSecond(ttstest.Fault{Kind: ttstest.FaultStatus, Status: 500}, always...), heard: only(silent), syntheses: 4},
		{name: "a proxy's 502, once", line: theSecond(ttstest.Fault{Kind: ttstest.FaultStatus, Status: 502}, once...), syntheses: 4},
		{name: "reset", line: theSecond(ttstest.Fault{Kind: ttstest.FaultReset}, always...), heard: only(silent), syntheses: 4},
		{name: "reset, once", line: theSecond(ttstest.Fault{Kind: ttstest.FaultReset}, once...), syntheses: 4},
		{name: "no bytes", line: theSecond(ttstest.Fault{Kind: ttstest.FaultEmpty}, always...), heard: only(silent), syntheses: 4},
		{name: "no bytes, mode 0", line: theSecond(ttstest.Fault{Kind: ttstest.FaultEmpty}, always...), patch: mode(0), heard: only(silent), syntheses: 4},
		{name: "a second of silence", line: theSecond(ttstest.Fault{Kind: ttstest.FaultSilence}, always...), heard: only(silent), syntheses: 4},
		{name: "a second of silence, mode 0", line: theSecond(ttstest.Fault{Kind: ttstest.FaultSilence}, always...), patch: mode(0), heard: only(silent), syntheses: 4},
		{name: "drop before any sound", line: theSecond(ttstest.Fault{Kind: ttstest.FaultDrop}, always...), heard: only(silent), syntheses: 4},
		{name: "drop in the middle", line: theSecond(ttstest.Fault{Kind: ttstest.FaultDrop, After: half}, always...), heard: only(cut), syntheses: 3},
		{name: "drop in the middle, mode 3", line: theSecond(ttstest.Fault{Kind: ttstest.FaultDrop, After: half}, always...), patch: mode(3), heard: only(cut), syntheses: 3},
		{name: "exception before any sound", line: theSecond(ttstest.Fault{Kind: ttstest.FaultException}, always...), heard: only(silent), syntheses: 4},
		{name: "exception before any sound, once", line: theSecond(ttstest.Fault{Kind: ttstest.FaultException}, once...), syntheses: 4},
		{name: "exception in the middle", line: theSecond(ttstest.Fault{Kind: ttstest.FaultException, After: half}, always...), heard: only(cut), syntheses: 3},
		{name: "exception, mode 0", line: theSecond(ttstest.Fault{Kind: ttstest.FaultException}, always...), patch: mode(0), heard: only(silent), syntheses: 4},
		{name: "no first byte", line: theSecond(ttstest.Fault{Kind: ttstest.FaultStall}, always...), heard: only(silent), syntheses: 4, took: time.Minute},
		{name: "no first byte, once", line: theSecond(ttstest.Fault{Kind: ttstest.FaultStall}, once...), syntheses: 4, took: 30 * time.Second},
		{name: "a late first byte", line: theSecond(ttstest.Fault{Kind: ttstest.FaultStall, For: 20 * time.Second}, always...), syntheses: 3, took: 20 * time.Second},
		{name: "stalls in the middle", line: theSecond(ttstest.Fault{Kind: ttstest.FaultStall, After: half}, always...), heard: only(cut), syntheses: 3, took: 30 * time.Second},
		{name: "runs away", line: theSecond(ttstest.Fault{Kind: ttstest.FaultRunaway}, always...), heard: only(cut), syntheses: 3},
		{name: "loses most of it", line: theSecond(ttstest.Fault{Kind: ttstest.FaultLoss}, always...), heard: only(cut), syntheses: 3},
		{name: "an old release, mode 2", line: at(home(threeSentences), old), patch: mode(2), syntheses: 4},
		{name: "an old release, mode 3", line: at(home(threeSentences), old), patch: mode(3), syntheses: 4},
		{name: "a v3 model", line: at(home(threeSentences), version(ttstest.V3)), syntheses: 3},
		{name: "a v4 model", line: at(home(threeSentences), version(ttstest.V4)), syntheses: 3},
		{
			name: "no reference on the server's disk", line: at(home(threeSentences), func(c *ttstest.Config) {
				c.References = map[string]time.Duration{"refs/ko_male.wav": 5 * time.Second}
			}),
			mend: &realtime.SessionPatch{Voice: ptr("ko-male")}, rest: time.Minute,
			heard: []heard{silent, silent, silent}, syntheses: 6,
		},
		{
			name: "one of two servers is gone", line: at(pool(), away),
			before: func(l *linetest.Line) { restart(l.TTS[0]) }, syntheses: 3,
		},
		{
			name: "all servers are gone", line: at(pool(), away),
			before: func(l *linetest.Line) { restart(l.TTS[0]); restart(l.TTS[1]) },
			heard:  []heard{silent, silent, silent}, rest: time.Minute,
		},
	}
	for _, f := range tests {
		f.status, f.text, f.chats = realtime.StatusCompleted, threeSentences, 1
		t.Run(f.name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { testFault(t, f) }) })
	}
}
