package session_test

import (
	"context"
	"errors"
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
	"avatarforge/slots"
	"avatarforge/tts/ttstest"
)

func ptr[T any](v T) *T { return &v }

// home is a line as at somebody's home: a model of 25 tokens a second, a synthesiser
// with 100 ms to its first chunk that is twice as fast as speech.
func home(reply string) linetest.Config {
	return linetest.Config{
		LLM: llmtest.Config{
			Reply: func(llmtest.ChatRequest) llmtest.Reply { return llmtest.Reply{Text: reply} },
			Pace:  llmtest.Pace{FirstToken: 200 * time.Millisecond, TokensPerSecond: 25},
		},
		TTS: []ttstest.Config{{FirstChunkDelay: 100 * time.Millisecond, RealTimeFactor: 0.5}},
	}
}

const threeSentences = "안녕하세요! 저는 헤르미온느예요. 오늘은 도서관에서 새로운 마법을 배웠어요."

func TestAnswerIsHeardWhileItIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := linetest.Start(t, home(threeSentences))
		k := open(t, line, session.Opening{Character: "hermione"})
		created := until[realtime.SessionCreated](k, "a session greets its listener")
		if got := created.Session.Avatarforge.CharacterID; got != "hermione" {
			t.Errorf("character %q", got)
		}
		k.say("안녕?")
		done := until[realtime.ResponseDone](k, "the response ends").Response
		until[realtime.Context](k, "the context is told after each response")

		if done.Status != realtime.StatusCompleted || done.StatusDetails.Type != realtime.StatusCompleted {
			t.Errorf("status %s, %+v", done.Status, done.StatusDetails)
		}
		if got := done.Output[0].Text(); got != threeSentences {
			t.Errorf("the item says %q", got)
		}
		if got := k.transcript(done.ID); got != threeSentences {
			t.Errorf("the deltas come to %q", got)
		}
		if done.Usage == nil || done.Usage.InputTokens == 0 || done.Usage.TotalTokens != done.Usage.InputTokens+done.Usage.OutputTokens {
			t.Errorf("usage %+v, want what the LLM server counted", done.Usage)
		}

		var texts, spoken []string
		for _, s := range events[realtime.Sentence](k) {
			texts, spoken = append(texts, s.Text), append(spoken, s.Spoken)
			if s.ResponseID == nil || *s.ResponseID != done.ID || s.SampleRate != 24000 {
				t.Errorf("sentence %+v", s)
			}
		}
		if strings.Join(texts, "") != threeSentences {
			t.Errorf("the sentences %q do not come to the text", texts)
		}
		if len(texts) < 3 {
			t.Errorf("%d sentences, want three at least", len(texts))
		}

		// The sound is of what was to be spoken, sentence by sentence, in order.
		bySegment, order := k.pcm()
		if !slices.IsSorted(order) || len(order) != len(texts) {
			t.Errorf("segments sounded in order %v", order)
		}
		for i, s := range events[realtime.Sentence](k) {
			got := ttstest.Pitches(samples(bySegment[s.Segment]), 24000)
			if diff := cmp.Diff(ttstest.PitchesOf(spoken[i]), got); diff != "" {
				t.Errorf("sentence %q sounds wrong (-want +got):\n%s", spoken[i], diff)
			}
		}

		written := line.LLM.Records()[len(line.LLM.Records())-1].Ended
		if heard := k.firstAudio(); !heard.Before(written) {
			t.Errorf("the first audio came at %v, the model was done at %v: it must speak while it thinks", heard, written)
		}
		if n := line.TTS[0].Overlaps(); n != 0 {
			t.Errorf("%d syntheses began while another was under way", n)
		}
		timings := done.Avatarforge.Timings
		if timings.FirstTokenMS == nil || *timings.FirstTokenMS < 200 || timings.FirstAudioMS == nil || *timings.FirstAudioMS < *timings.FirstSentenceMS {
			t.Errorf("timings %+v", timings)
		}
	})
}

// firstAudio is when the first audio came.
func (k *talk) firstAudio() time.Time {
	for _, f := range k.frames {
		if _, ok := f.event.(realtime.AudioDelta); ok || f.audio != nil {
			return f.at
		}
	}
	return time.Time{}
}

func TestOrderOfAResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := open(t, linetest.Start(t, home("안녕!")), session.Opening{})
		k.say("안녕?")
		until[realtime.Context](k, "the response is over")
		want := []string{
			"session.created",
			"conversation.item.added", "conversation.item.done",
			"response.created", "response.output_item.added", "conversation.item.added", "response.content_part.added",
			"response.output_audio_transcript.delta",
			"avatarforge.sentence", "response.output_audio.delta", "avatarforge.sentence.done",
			"response.output_audio.done", "response.output_audio_transcript.done",
			"response.content_part.done", "response.output_item.done", "conversation.item.done",
			"response.done", "avatarforge.context",
		}
		if diff := cmp.Diff(want, k.kinds()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		added, done := events[realtime.ItemAdded](k), events[realtime.ItemDone](k)
		if added[0].PreviousItemID != nil || *added[1].PreviousItemID != added[0].Item.ID || *done[1].PreviousItemID != added[0].Item.ID {
			t.Error("an item does not name the one before it")
		}
	})
}

func TestTextOnlyIsNeverSynthesised(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := linetest.Start(t, home(threeSentences))
		k := open(t, line, session.Opening{})
		k.write("안녕?")
		k.do(realtime.ResponseCreate{Response: realtime.ResponseOverrides{OutputModalities: []realtime.Modality{realtime.ModalityText}}})
		done := until[realtime.ResponseDone](k, "the response ends").Response
		var text strings.Builder
		for _, d := range events[realtime.TextDelta](k) {
			text.WriteString(d.Delta)
		}
		if text.String() != threeSentences || events[realtime.TextDone](k)[0].Text != threeSentences {
			t.Errorf("the deltas come to %q", text.String())
		}
		if c := done.Output[0].Content[0]; c.Type != realtime.ContentOutputText {
			t.Errorf("content %+v", c)
		}
		if len(line.TTS[0].Records()) != 0 || len(events[realtime.Sentence](k)) != 0 {
			t.Error("something was synthesised for a response of text")
		}
		// The override was for one response only.
		k.say("또?")
		if r := until[realtime.ResponseCreated](k, "another response").Response; r.OutputModalities[0] != realtime.ModalityAudio {
			t.Errorf("the next response has %v", r.OutputModalities)
		}
	})
}

func TestBinaryTransport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := open(t, linetest.Start(t, home(threeSentences)), session.Opening{})
		k.set(realtime.SessionPatch{Transport: ptr(realtime.TransportBinary), Rate: ptr(48000)})
		k.say("안녕?")
		until[realtime.ResponseDone](k, "the response ends")
		if len(events[realtime.AudioDelta](k)) != 0 {
			t.Error("audio came as JSON too")
		}
		ended := map[uint32]bool{}
		for _, f := range k.frames {
			if f.audio == nil {
				continue
			}
			if ended[f.audio.Segment] {
				t.Errorf("audio of segment %d after its last frame", f.audio.Segment)
			}
			ended[f.audio.Segment] = f.audio.Last
			if most := 48000 * 2 * realtime.MaxFrameMS / 1000; len(f.audio.PCM) > most {
				t.Errorf("a frame of %d bytes, %d is the most", len(f.audio.PCM), most)
			}
		}
		for _, s := range events[realtime.Sentence](k) {
			if !ended[s.Segment] {
				t.Errorf("segment %d has no last frame", s.Segment)
			}
			if s.SampleRate != 48000 {
				t.Errorf("sample rate %d", s.SampleRate)
			}
		}
		bySegment, _ := k.pcm()
		first := events[realtime.Sentence](k)[0]
		if diff := cmp.Diff(ttstest.PitchesOf(first.Spoken), ttstest.Pitches(samples(bySegment[first.Segment]), 48000)); diff != "" {
			t.Errorf("resampled sound is wrong (-want +got):\n%s", diff)
		}
	})
}

func TestCancelStopsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := linetest.Start(t, home(strings.Repeat(threeSentences+" ", 10)))
		k := open(t, line, session.Opening{})
		k.say("이야기해 줘.")
		until[realtime.AudioDelta](k, "it begins to speak")
		time.Sleep(3 * time.Second) // of listening
		k.do(realtime.ResponseCancel{})
		done := until[realtime.ResponseDone](k, "a cancelled response ends").Response
		if done.Status != realtime.StatusCancelled || done.StatusDetails.Reason != realtime.ReasonClientCancelled {
			t.Errorf("status %s, %+v", done.Status, done.StatusDetails)
		}
		after := len(k.frames)
		until[realtime.Context](k, "the context follows")
		k.quiet(time.Minute, "nothing follows a cancelled response")
		for _, f := range k.frames[after:] {
			if f.audio != nil {
				t.Error("audio after response.done")
			}
		}
		if r, err := line.LLM.Await(t.Context(), func(r llmtest.Record) bool { return r.State == llmtest.StateAborted }); err != nil {
			t.Errorf("the LLM server was not left: %v, %+v", err, r)
		}
		for _, r := range line.TTS[0].Records() {
			if r.End.IsZero() {
				t.Errorf("the synthesis of %q goes on", r.Params.Text)
			}
		}

		// The history holds what was heard, and the sentences still come to the text.
		whole := k.transcript(done.ID)
		k.do(realtime.ItemRetrieve{ItemID: done.Output[0].ID})
		it := until[realtime.ItemRetrieved](k, "the item is there").Item
		if it.Status != realtime.StatusIncomplete {
			t.Errorf("status %s", it.Status)
		}
		if it.Text() == "" || it.Text() == whole || !strings.HasPrefix(whole, it.Text()) {
			t.Errorf("the history holds %q of %q; want the front that was heard in three seconds", it.Text(), whole)
		}
		var told strings.Builder
		for _, s := range events[realtime.Sentence](k) {
			told.WriteString(s.Text)
		}
		if told.String() != whole {
			t.Errorf("the sentences come to %q, the text to %q", told.String(), whole)
		}
		if n, m := len(events[realtime.Sentence](k)), len(events[realtime.SentenceDone](k)); n != m {
			t.Errorf("%d sentences and %d ends of sentences", n, m)
		}

		// The next answer comes, and the model knows only what was heard.
		k.say("계속해.")
		until[realtime.ResponseDone](k, "the next response ends")
		records := line.LLM.Records()
		told2 := records[len(records)-1].Chat.Messages
		if got := told2[len(told2)-2]; got.Role != "assistant" || got.Content != it.Text() {
			t.Errorf("the model was told %+v, want what the listener heard", got)
		}
	})
}

func TestTruncateToTheWord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := linetest.Start(t, home("하나 둘 셋 넷 다섯 여섯."))
		k := open(t, line, session.Opening{})
		k.say("세어 봐.")
		done := until[realtime.ResponseDone](k, "the response ends").Response
		id := done.Output[0].ID
		total := 0
		for _, s := range events[realtime.SentenceDone](k) {
			total += int(*s.DurationMS)
		}
		k.do(realtime.ItemTruncate{EventID: "t", ItemID: id, AudioEndMS: total / 2})
		if e := until[realtime.ItemTruncated](k, "it is answered"); e.AudioEndMS != total/2 || e.ItemID != id {
			t.Errorf("answered %+v", e)
		}
		k.do(realtime.ItemRetrieve{ItemID: id})
		got := until[realtime.ItemRetrieved](k, "the item is there").Item.Text()
		if got != "하나 둘 셋" {
			t.Errorf("the item keeps %q; half of nine syllables ends in the fourth word", got)
		}
		k.do(realtime.ItemTruncate{EventID: "more", ItemID: id, AudioEndMS: total + 1000})
		if e := k.untilError(realtime.CodeInvalidValue, "there is no more audio"); e.EventID != "more" || e.Param != "audio_end_ms" {
			t.Errorf("the error is %+v", e)
		}
		k.do(realtime.ItemTruncate{ItemID: id, AudioEndMS: total})
		k.do(realtime.ItemRetrieve{ItemID: id})
		if got := until[realtime.ItemRetrieved](k, "the item is there").Item.Text(); got != "하나 둘 셋 넷 다섯 여섯." {
			t.Errorf("after all was heard the item keeps %q", got)
		}
		k.do(realtime.ItemTruncate{EventID: "none", ItemID: "item_none"})
		if e := k.untilError(realtime.CodeItemNotFound, "there is no such item"); e.EventID != "none" {
			t.Errorf("the error names event %q", e.EventID)
		}
	})
}

func TestPlaybackReportsDecideWhatWasHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := open(t, linetest.Start(t, home(threeSentences)), session.Opening{})
		k.say("안녕?")
		first := until[realtime.Sentence](k, "it begins to speak")
		until[realtime.SentenceDone](k, "the first sentence has been sent")
		time.Sleep(2 * time.Second)
		// The player stood still: it has played nothing but a moment.
		k.do(realtime.Playback{Segment: first.Segment, PlayedMS: 10, BufferedMS: 900})
		k.do(realtime.ResponseCancel{})
		done := until[realtime.ResponseDone](k, "it is cancelled").Response
		if got := done.Output[0].Text(); got != "" {
			t.Errorf("the history holds %q, though the player had played 10 ms", got)
		}
	})
}

func TestReconnectGivesEveryFrameOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := linetest.Start(t, home(threeSentences+" "+threeSentences))
		k := open(t, line, session.Opening{})
		k.say("안녕?")
		until[realtime.SentenceDone](k, "it speaks")
		k.hang()
		time.Sleep(5 * time.Second)
		k.attach(k.last) // read fails the test on a frame twice or missing
		done := until[realtime.ResponseDone](k, "the response has gone on meanwhile").Response
		if done.Status != realtime.StatusCompleted || k.transcript(done.ID) != threeSentences+" "+threeSentences {
			t.Errorf("status %s, text %q", done.Status, k.transcript(done.ID))
		}
		if n := len(events[realtime.SessionCreated](k)); n != 1 {
			t.Errorf("%d session.created, want the first only: nothing was missed", n)
		}
	})
}

func TestResumeBeyondTheLogTellsTheConversation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := home(strings.Repeat(threeSentences+" ", 3))
		cfg.Session.ReplayBytes = 8 << 10
		k := open(t, linetest.Start(t, cfg), session.Opening{})
		k.say("안녕?")
		until[realtime.ResponseCreated](k, "it begins")
		seen := k.last
		k.hang()
		time.Sleep(50 * time.Second)
		k.attach(seen)
		k.last = 0
		k.waiting, _ = k.att.Next(t.Context(), make([]session.Frame, 0, 1))
		k.last = k.waiting[0].N - 1 // numbers go on after the gap that the client is told of
		if k.last <= seen {
			t.Fatalf("the log of 8 KiB still reached back to %d", seen)
		}
		created := until[realtime.SessionCreated](k, "the client is told that it has missed something").Session
		if r := created.Avatarforge.Resumed; r == nil || r.Complete {
			t.Errorf("resumed %+v, want incomplete", r)
		}
		user := until[realtime.ItemAdded](k, "the items follow").Item
		said := until[realtime.ItemAdded](k, "the items follow").Item
		if user.Text() != "안녕?" || said.Role != realtime.RoleAssistant {
			t.Errorf("items %q and %+v", user.Text(), said)
		}
	})
}

func TestTakeover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := open(t, linetest.Start(t, home(threeSentences)), session.Opening{})
		k.say("안녕?")
		until[realtime.TranscriptDelta](k, "it begins")
		first, seen := k.att, k.last
		k.attach(seen)
		<-first.Ended()
		if got := first.Ending().Code; got != realtime.CloseTakenOver {
			t.Errorf("the first ended with %d", got)
		}
		k.sess.Detach(first, session.Ending{}) // as its connection does when it ends
		done := until[realtime.ResponseDone](k, "the second hears the rest").Response
		if done.Status != realtime.StatusCompleted {
			t.Errorf("status %s: a takeover does not end a response", done.Status)
		}
		until[realtime.Context](k, "the context follows")
		k.quiet(2*time.Minute-time.Second, "the second stays")
		if n := k.line.Registry.Live(); n != 1 {
			t.Errorf("%d sessions, want one: the first's leaving is not the session's", n)
		}
	})
}

func TestGraceEndsAndTheConversationComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := home(strings.Repeat(threeSentences+" ", 25)) // more than a minute of speech
		cfg.Slots.Limit = 1
		line := linetest.Start(t, cfg)
		k := open(t, line, session.Opening{})
		k.say("안녕?")
		until[realtime.AudioDelta](k, "it speaks")
		seen := k.last
		k.hang()
		time.Sleep(10 * time.Second)
		if _, err := line.Registry.Open(context.Background(), session.Opening{}); !errors.Is(err, slots.ErrFull) {
			t.Errorf("open: %v, want no slot: a session in its grace keeps its own", err)
		}
		time.Sleep(time.Minute)
		if use, _ := line.Slots.InUse(t.Context()); use.Held != 0 || line.Registry.Live() != 0 {
			t.Fatalf("after the grace in use: %+v", use)
		}

		if _, err := line.Registry.Open(context.Background(), session.Opening{Session: k.sess.ID(), Owner: "somebody else"}); !errors.Is(err, session.ErrUnknownSession) {
			t.Errorf("another's session was opened: %v", err)
		}
		s, err := line.Registry.Open(context.Background(), session.Opening{Session: k.sess.ID()})
		if err != nil {
			t.Fatal(err)
		}
		back := &talk{t: t, line: line, sess: s}
		back.attach(seen)
		back.waiting, _ = back.att.Next(t.Context(), make([]session.Frame, 0, 1))
		back.last = back.waiting[0].N - 1
		created := until[realtime.SessionCreated](back, "the conversation is told").Session
		if created.ID != k.sess.ID() || created.Avatarforge.Resumed == nil || created.Avatarforge.Turn != 1 {
			t.Errorf("session %+v", created.Avatarforge)
		}
		if user := until[realtime.ItemAdded](back, "the items follow").Item; user.Text() != "안녕?" {
			t.Errorf("first item %q", user.Text())
		}
		if it := until[realtime.ItemAdded](back, "the items follow").Item; it.Status != realtime.StatusIncomplete || it.Text() == "" {
			t.Errorf("the answer that was cut off is %+v", it)
		}
		back.say("계속해.")
		if d := until[realtime.ResponseDone](back, "the conversation goes on").Response; d.Status != realtime.StatusCompleted {
			t.Errorf("status %s", d.Status)
		}
	})
}

func TestClosingGivesTheSlotBackAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := home(threeSentences)
		cfg.Slots.Limit = 1
		line := linetest.Start(t, cfg)
		k := open(t, line, session.Opening{})
		k.say("안녕?")
		until[realtime.AudioDelta](k, "it speaks")
		k.sess.End(session.Ending{Code: realtime.CloseNormal})
		done := until[realtime.ResponseDone](k, "an ended session still ends its response").Response
		if done.Status != realtime.StatusIncomplete || done.StatusDetails.Error == nil || done.StatusDetails.Error.Code != realtime.CodeInterrupted {
			t.Errorf("status %s, %+v", done.Status, done.StatusDetails)
		}
		open(t, line, session.Opening{})
	})
}

func TestDelayedSpeech(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := open(t, linetest.Start(t, home(threeSentences)), session.Opening{})
		k.set(realtime.SessionPatch{TTS: &realtime.TTSPatch{Mode: ptr(realtime.SpeechDelayed), DelayMS: ptr(4000)}})
		k.say("안녕?")
		done := until[realtime.ResponseDone](k, "the response ends").Response
		if at := *done.Avatarforge.Timings.FirstAudioMS - *done.Avatarforge.Timings.FirstSentenceMS; at < 4000 || at > 4100 {
			t.Errorf("the first audio came %d ms after its text, want 4000 and no more: it was made meanwhile", at)
		}
	})
}

func TestSpeechOnClick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := linetest.Start(t, home(threeSentences))
		k := open(t, line, session.Opening{})
		k.set(realtime.SessionPatch{TTS: &realtime.TTSPatch{Mode: ptr(realtime.SpeechOnClick)}})
		k.say("안녕?")
		id := until[realtime.ResponseDone](k, "the response ends").Response.Output[0].ID
		if k.transcript(events[realtime.ResponseDone](k)[0].Response.ID) != threeSentences {
			t.Error("the text is not whole")
		}
		until[realtime.Context](k, "the context follows")
		k.quiet(time.Minute, "nothing is spoken before the click")
		if n := len(line.TTS[0].Records()); n != 0 {
			t.Errorf("%d syntheses before the click", n)
		}
		for range 2 { // now, and again
			before := len(k.frames)
			k.do(realtime.Speak{ItemID: id})
			var told strings.Builder
			for told.String() != threeSentences {
				s := until[realtime.Sentence](k, "the item is spoken")
				if s.ItemID != id || s.ResponseID != nil {
					t.Errorf("sentence %+v, want the item's and no response's", s)
				}
				told.WriteString(s.Text)
			}
			until[realtime.SentenceDone](k, "to its end")
			bytes := 0
			for _, f := range k.frames[before:] {
				if e, ok := f.event.(realtime.AudioDelta); ok {
					bytes += len(e.Delta)
				}
			}
			if bytes < 24000 {
				t.Errorf("%d bytes of audio", bytes)
			}
		}
		k.do(realtime.Speak{ItemID: id})
		until[realtime.AudioDelta](k, "it speaks again")
		k.do(realtime.ResponseCancel{})
		for e := until[realtime.SentenceDone](k, "a click can be taken back"); e.Error == nil; {
			e = until[realtime.SentenceDone](k, "a click can be taken back")
		}
	})
}

func TestListenerBehindHoldsTheModelBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		words := strings.Repeat("가나다라마바사. ", 4000)
		cfg := linetest.Config{LLM: llmtest.Config{Reply: func(llmtest.ChatRequest) llmtest.Reply { return llmtest.Reply{Text: words} }}}
		cfg.Session.HoldBytes = 16 << 10
		cfg.Session.ContextSize = 100_000
		line := linetest.Start(t, cfg)
		k := open(t, line, session.Opening{})
		k.set(realtime.SessionPatch{OutputModalities: []realtime.Modality{realtime.ModalityText}, MaxOutputTokens: ptr(realtime.MaxTokens(8000))})
		k.say("세어 봐.")
		time.Sleep(20 * time.Second) // not a frame is read
		held := line.LLM.Records()[0].Tokens
		time.Sleep(5 * time.Second)
		if now := line.LLM.Records()[0].Tokens; now != held || held == 0 {
			t.Errorf("%d tokens, then %d: a listener that reads nothing holds generation", held, now)
		}
		done := until[realtime.ResponseDone](k, "reading lets it go on").Response
		var text strings.Builder
		for _, d := range events[realtime.TextDelta](k) {
			text.WriteString(d.Delta)
		}
		if text.String() != done.Output[0].Text() || len(text.String()) < 20_000 {
			t.Errorf("%d bytes of deltas, %d of text: nothing may be dropped", text.Len(), len(done.Output[0].Text()))
		}
	})
}

func TestOneResponseAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := open(t, linetest.Start(t, home(threeSentences)), session.Opening{})
		k.say("안녕?")
		k.do(realtime.ResponseCreate{EventID: "second"})
		if e := k.untilError(realtime.CodeActiveResponse, "one response runs"); e.EventID != "second" {
			t.Errorf("the error names %q", e.EventID)
		}
		k.do(realtime.ResponseCancel{ResponseID: "resp_other"})
		k.untilError(realtime.CodeNoActiveResponse, "another response is not running")
		if d := until[realtime.ResponseDone](k, "the first goes on").Response; d.Status != realtime.StatusCompleted {
			t.Errorf("status %s", d.Status)
		}
		k.do(realtime.ResponseCancel{})
		k.untilError(realtime.CodeNoActiveResponse, "none is running now")
	})
}

func TestTurnLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := home("네.")
		cfg.Session.MaxTurns = 3
		k := open(t, linetest.Start(t, cfg), session.Opening{})
		k.do(realtime.SessionUpdate{Session: realtime.SessionPatch{MaxTurns: ptr(4)}})
		k.untilError(realtime.CodeInvalidValue, "the limit cannot be raised")
		k.do(realtime.SessionUpdate{Session: realtime.SessionPatch{MaxTurns: ptr(0)}})
		k.untilError(realtime.CodeInvalidValue, "nor lifted")
		k.set(realtime.SessionPatch{MaxTurns: ptr(2)})
		for range 2 {
			k.say("응?")
			until[realtime.ResponseDone](k, "a turn")
		}
		k.say("응?")
		k.untilError(realtime.CodeTurnLimit, "two turns were allowed")
		k.do(realtime.SessionUpdate{Session: realtime.SessionPatch{MaxTurns: ptr(3)}})
		k.untilError(realtime.CodeInvalidValue, "what was lowered stays low")
	})
}

func TestItems(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := linetest.Start(t, home("네."))
		k := open(t, line, session.Opening{})
		add := func(id, after string, role realtime.Role, text string) {
			k.do(realtime.ItemCreate{PreviousItemID: after, Item: realtime.Item{
				ID: id, Role: role, Status: realtime.StatusCompleted, Content: []realtime.Content{{Type: realtime.ContentInputText, Text: text}},
			}})
		}
		add("b", "", realtime.RoleUser, "둘")
		add("a", "root", realtime.RoleSystem, "하나")
		add("c", "b", realtime.RoleAssistant, "셋")
		add("b2", "b", realtime.RoleUser, "둘 반")
		var previous []string
		for range 4 {
			e := until[realtime.ItemAdded](k, "each is told")
			p := "-"
			if e.PreviousItemID != nil {
				p = *e.PreviousItemID
			}
			previous = append(previous, p+"<"+e.Item.ID)
		}
		if diff := cmp.Diff([]string{"-<b", "-<a", "b<c", "b<b2"}, previous); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		add("b", "", realtime.RoleUser, "x")
		k.untilError(realtime.CodeItemExists, "ids are names")
		add("d", "nowhere", realtime.RoleUser, "x")
		k.untilError(realtime.CodeItemNotFound, "there is no such place")
		k.do(realtime.ItemDelete{ItemID: "c"})
		if e := until[realtime.ItemDeleted](k, "it is gone"); e.ItemID != "c" {
			t.Errorf("deleted %q", e.ItemID)
		}
		k.do(realtime.ItemDelete{ItemID: "c"})
		k.untilError(realtime.CodeItemNotFound, "it is gone already")

		k.do(realtime.ResponseCreate{Response: realtime.ResponseOverrides{Instructions: ptr("짧게 답해."), Temperature: ptr(0.1), MaxOutputTokens: ptr(realtime.MaxTokens(33))}})
		until[realtime.ResponseDone](k, "the model answers")
		chat := line.LLM.Records()[0].Chat
		var told []string
		for _, m := range chat.Messages[1:] {
			told = append(told, m.Role+":"+m.Content)
		}
		if diff := cmp.Diff([]string{"system:하나", "user:둘", "user:둘 반"}, told); diff != "" {
			t.Errorf("the model was told (-want +got):\n%s", diff)
		}
		if !strings.Contains(chat.Messages[0].Content, "짧게 답해.") || *chat.Temperature != 0.1 || chat.MaxTokens != 33 {
			t.Errorf("the overrides did not reach the model: %+v", chat)
		}
	})
}

func TestUpdateIsAllOrNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := open(t, linetest.Start(t, home("네.")), session.Opening{})
		before := until[realtime.SessionCreated](k, "greeted").Session
		for _, tt := range []struct {
			patch realtime.SessionPatch
			code  realtime.ErrorCode
		}{
			{realtime.SessionPatch{Instructions: ptr("x"), Voice: ptr("nobody")}, realtime.CodeUnknownVoice},
			{realtime.SessionPatch{Instructions: ptr("x"), CharacterID: ptr("nobody")}, realtime.CodeUnknownCharacter},
			{realtime.SessionPatch{Instructions: ptr("x"), TTS: &realtime.TTSPatch{TextLang: ptr("xx")}}, realtime.CodeInvalidValue},
		} {
			k.do(realtime.SessionUpdate{Session: tt.patch})
			k.untilError(tt.code, "it is wrong")
		}
		k.do(realtime.SessionUpdate{Session: realtime.SessionPatch{Voice: ptr("alloy")}})
		after := until[realtime.SessionUpdated](k, "a stock client's voice is the session's own").Session
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("refused changes left a trace (-before +after):\n%s", diff)
		}
		k.do(realtime.Unsupported{EventID: "v", Type: "input_audio_buffer.append"})
		if e := k.untilError(realtime.CodeUnsupported, "there is no voice input"); e.EventID != "v" {
			t.Errorf("the error names %q", e.EventID)
		}
	})
}

func TestTheLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := home("네.")
		cfg.Slots = slots.Config{Limit: 1, Queue: 2}
		line := linetest.Start(t, cfg)
		first := open(t, line, session.Opening{})
		until[realtime.SessionCreated](first, "there is a slot")

		second := open(t, line, session.Opening{Queue: true})
		third := open(t, line, session.Opening{Queue: true})
		if q := until[realtime.Queue](second, "its place is told at once"); q.Position != 1 {
			t.Errorf("second's place %+v", q)
		}
		if q := until[realtime.Queue](third, "its place is told at once"); q != (realtime.Queue{Position: 2, Waiting: 2}) {
			t.Errorf("third's place %+v", q)
		}
		if third.last != 1 {
			t.Errorf("the first frame has number %d", third.last)
		}
		if _, err := line.Registry.Open(context.Background(), session.Opening{Queue: true}); !errors.Is(err, slots.ErrLineFull) {
			t.Errorf("a third in a line of two: %v", err)
		}
		second.do(realtime.ResponseCreate{EventID: "early"})
		second.untilError(realtime.CodeWaiting, "there is no session yet")

		first.sess.End(session.Ending{Code: realtime.CloseNormal})
		until[realtime.SessionCreated](second, "its turn has come")
		if q := until[realtime.Queue](third, "it moves up"); q != (realtime.Queue{Position: 1, Waiting: 1}) {
			t.Errorf("third's place %+v", q)
		}
		third.hang() // whoever leaves the line leaves it to others
		synctest.Wait()
		if use, _ := line.Slots.InUse(t.Context()); use.Held != 1 || use.Waiting != 0 {
			t.Errorf("in use: %+v", use)
		}
	})
}

func TestDrainLetsTheResponseFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := linetest.Start(t, home(threeSentences))
		k := open(t, line, session.Opening{})
		k.say("안녕?")
		until[realtime.AudioDelta](k, "it speaks")
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			line.Registry.Close(ctx)
		}()
		done := until[realtime.ResponseDone](k, "a drain lets it finish").Response
		if done.Status != realtime.StatusCompleted {
			t.Errorf("status %s", done.Status)
		}
		<-closed
		for {
			if _, ok := k.read(t.Context()); !ok {
				break
			}
		}
		if got := k.att.Ending().Code; got != realtime.CloseGoingAway {
			t.Errorf("closed with %d, want %d: come back and resume", got, realtime.CloseGoingAway)
		}
		if _, err := line.Registry.Open(context.Background(), session.Opening{}); !errors.Is(err, session.ErrClosing) {
			t.Errorf("a new session while closing: %v", err)
		}
	})
}

// An interruption after response.done has nothing to cancel: the truncation alone says
// that the listener has stopped listening, and the next answer must not wait for audio
// that nobody hears.
func TestAnswerAfterTruncationIsNotHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := home(strings.Repeat(threeSentences+" ", 2))
		cfg.TTS[0].RealTimeFactor = 0.01
		k := open(t, linetest.Start(t, cfg), session.Opening{})
		k.say("안녕?")
		done := until[realtime.ResponseDone](k, "all of it has been sent, though little was heard").Response
		k.do(realtime.ItemTruncate{ItemID: done.Output[0].ID, AudioEndMS: 300})
		k.say("그만, 다른 얘기 해 줘.")
		again := until[realtime.ResponseDone](k, "the next answer").Response.Avatarforge.Timings
		if wait := *again.FirstAudioMS - *again.FirstSentenceMS; wait > 500 {
			t.Errorf("the first audio came %d ms after its sentence", wait)
		}
	})
}

func TestWaitingToResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := home("네.")
		cfg.Slots = slots.Config{Limit: 1, Queue: 2}
		line := linetest.Start(t, cfg)
		k := open(t, line, session.Opening{})
		k.say("안녕?")
		until[realtime.Context](k, "a turn")
		seen := k.last
		k.sess.End(session.Ending{Code: realtime.CloseNormal})
		other := open(t, line, session.Opening{})
		until[realtime.SessionCreated](other, "somebody else has the slot now")
		for _, last := range []uint64{seen, 0} { // all was seen, and not all
			s, err := line.Registry.Open(t.Context(), session.Opening{Session: k.sess.ID(), Queue: true})
			if err != nil {
				t.Fatal(err)
			}
			back := &talk{t: t, line: line, sess: s}
			back.attach(last)
			back.waiting, _ = back.att.Next(t.Context(), make([]session.Frame, 0, 1))
			back.last = back.waiting[0].N - 1
			if q := until[realtime.Queue](back, "its place is told at once"); q.Position != 1 {
				t.Errorf("place %+v", q)
			}
			other.sess.End(session.Ending{Code: realtime.CloseNormal})
			until[realtime.SessionCreated](back, "its turn has come")
			s.End(session.Ending{Code: realtime.CloseNormal})
			other = open(t, line, session.Opening{})
			until[realtime.SessionCreated](other, "the slot is taken again")
		}
	})
}
