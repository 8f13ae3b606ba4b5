package session_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"avatarforge/internal/linetest"
	"avatarforge/llm/llmtest"
	"avatarforge/realtime"
	"avatarforge/session"
)

// resume opens a session at another server and attaches behind the last frame seen.
func resume(t testing.TB, line *linetest.Line, id string, last uint64) *talk {
	t.Helper()
	s, err := line.Registry.Open(context.Background(), session.Opening{Session: id, Last: last})
	if err != nil {
		t.Fatalf("resume: %v", err)
	}
	k := &talk{t: t, line: line, sess: s}
	att, err := s.Attach(context.Background(), last)
	if err != nil {
		t.Fatalf("attach: %v", err)
	}
	k.att, k.last = att, last
	return k
}

// skip reads a frame that may come after a gap in the numbers.
func (k *talk) skip() {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	frames, ok := k.att.Next(ctx, make([]session.Frame, 0, 1))
	if !ok {
		k.t.Fatal("no frame came")
	}
	if frames[0].N <= k.last {
		k.t.Fatalf("frame %d came after %d: a number was used twice", frames[0].N, k.last)
	}
	k.waiting, k.last = frames, frames[0].N-1
}

// told are the texts of the items that a resuming client is told, oldest first.
func (k *talk) told(n int) (texts []string, items []realtime.Item) {
	k.t.Helper()
	for range n {
		it := until[realtime.ItemAdded](k, "the conversation is told").Item
		texts, items = append(texts, it.Text()), append(items, it)
	}
	return texts, items
}

func TestConversationOutlivesTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := home(threeSentences)
		line := linetest.Start(t, cfg)
		k := open(t, line, session.Opening{Character: "hermione"})
		k.set(realtime.SessionPatch{Temperature: ptr(1.25), MaxTurns: ptr(9)})
		k.say("안녕?")
		until[realtime.ResponseDone](k, "it answers")
		until[realtime.Context](k, "and says how full the window is")
		last := k.last
		gone, cancel := context.WithCancel(context.Background())
		cancel()
		line.Registry.Close(gone)

		cfg.Archive = line.Archive
		next := linetest.Start(t, cfg)
		back := resume(t, next, k.sess.ID(), last)
		back.quiet(time.Second, "nothing was missed, so nothing is told")
		back.say("내가 뭐라고 했지?")
		done := until[realtime.ResponseDone](back, "the conversation goes on").Response
		if done.Status != realtime.StatusCompleted {
			t.Errorf("status %s", done.Status)
		}
		var said []string
		for _, m := range prompt(t, next, 0)[1:] {
			said = append(said, m.Content)
		}
		if got, want := strings.Join(said, "|"), "안녕?|"+threeSentences+"|내가 뭐라고 했지?"; got != want {
			t.Errorf("the model was told %q, want %q", got, want)
		}
		back.set(realtime.SessionPatch{})
		object := events[realtime.SessionUpdated](back)[0].Session
		if x := object.Avatarforge; x.Turn != 2 || x.Temperature != 1.25 || x.MaxTurns != 9 || x.CharacterID != "hermione" {
			t.Errorf("the session came back as %+v", x)
		}
	})
}

// A server that is killed leaves what it had saved: the running response is incomplete.
func TestServerDiesInTheMiddleOfAResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := home(threeSentences)
		cfg.LLM.Pace.TokensPerSecond = 4
		line := linetest.Start(t, cfg)
		k := open(t, line, session.Opening{})
		k.say("안녕?")
		until[realtime.SentenceDone](k, "the first sentence has been spoken")
		for range 5 {
			until[realtime.TranscriptDelta](k, "the model goes on")
		}
		died := line.Archive.Copy()

		cfg.Archive = died
		next := linetest.Start(t, cfg)
		back := resume(t, next, k.sess.ID(), k.last)
		created := until[realtime.SessionCreated](back, "the client is told that it missed something")
		if r := created.Session.Avatarforge.Resumed; r == nil || r.Complete {
			t.Errorf("resumed is %+v, want incomplete", r)
		}
		texts, items := back.told(2)
		if texts[0] != "안녕?" || items[0].Status != realtime.StatusCompleted {
			t.Errorf("the first item is %q, %s", texts[0], items[0].Status)
		}
		if texts[1] == "" || !strings.HasPrefix(threeSentences, texts[1]) || items[1].Status != realtime.StatusIncomplete {
			t.Errorf("the second item is %q, %s; want what was heard of the reply, incomplete", texts[1], items[1].Status)
		}
		back.say("계속해.")
		if d := until[realtime.ResponseDone](back, "the conversation goes on").Response; d.Status != realtime.StatusCompleted {
			t.Errorf("status %s", d.Status)
		}
	})
}

// What may be lost waits for what may not: a short answer costs three writes at the most.
func TestChangesAreWrittenTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := home("네, 그래요.")
		cfg.LLM.Pace.TokensPerSecond = 20
		line := linetest.Start(t, cfg)
		k := open(t, line, session.Opening{})
		until[realtime.SessionCreated](k, "it begins")
		k.set(realtime.SessionPatch{OutputModalities: []realtime.Modality{realtime.ModalityText}})
		synctest.Wait()
		before := line.Archive.Saves()
		k.say("안녕?")
		done := until[realtime.ResponseDone](k, "it answers").Response
		synctest.Wait()
		if got := line.Archive.Saves() - before; got > 3 {
			t.Errorf("%d writes, want one of what was asked, one of the answer that begins and one of that which has ended", got)
		}
		if it, ok := line.Archive.Item(k.sess.ID(), done.Output[0].ID); !ok || it.Full != "네, 그래요." {
			t.Errorf("the answer is kept as %+v", it)
		}
	})
}

// Of a long answer so much may be lost with the server: it is saved while it is written.
func TestLongAnswersAreSavedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := home(strings.Repeat("아주 긴 이야기입니다. ", 20))
		cfg.LLM.Pace.TokensPerSecond = 10
		line := linetest.Start(t, cfg)
		k := open(t, line, session.Opening{})
		k.set(realtime.SessionPatch{OutputModalities: []realtime.Modality{realtime.ModalityText}})
		k.say("긴 이야기 해 줘.")
		id := until[realtime.OutputItemAdded](k, "it begins").Item.ID
		said := ""
		for range 5 {
			earlier, began := said, time.Now()
			for time.Since(began) < saveWithin {
				said += until[realtime.TextDelta](k, "it goes on").Delta
			}
			if it, _ := line.Archive.Item(k.sess.ID(), id); !strings.HasPrefix(it.Full, earlier) {
				t.Fatalf("%d bytes are saved, of %d that had been written %s before", len(it.Full), len(earlier), saveWithin)
			}
		}
		if said == "" {
			t.Fatal("nothing was said")
		}
	})
}

// saveWithin is how long the text of a running answer may go unsaved, and a token.
const saveWithin = 2*time.Second + 200*time.Millisecond

// Write, then tell: but a listener does not wait for ever for a broken disk.
func TestFailingArchive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := linetest.Start(t, home(threeSentences))
		k := open(t, line, session.Opening{})
		k.unkept = true
		until[realtime.SessionCreated](k, "it begins")
		line.Archive.Break(true)
		began := time.Now()
		k.say("안녕?")
		until[realtime.ItemAdded](k, "that it was taken up is told")
		k.quiet(1900*time.Millisecond, "what is not saved is not told")
		until[realtime.ItemDone](k, "until it has taken too long")
		if waited := time.Since(began); waited > 5*time.Second {
			t.Errorf("the listener waited %v", waited)
		}
		done := until[realtime.ResponseDone](k, "the conversation goes on unsaved").Response
		if done.Status != realtime.StatusCompleted {
			t.Errorf("status %s", done.Status)
		}
		var notices int
		for _, e := range events[realtime.ErrorEvent](k) {
			if e.Err.Code == realtime.CodeNotSaved {
				notices++
			}
		}
		if notices != 1 {
			t.Errorf("the listener was told %d times that nothing is saved, want once", notices)
		}
		if line.Archive.Saves() > 1 {
			t.Fatal("the test's archive is not broken")
		}
		line.Archive.Break(false)
		time.Sleep(15 * time.Second) // the longest pause between two tries
		if it, ok := line.Archive.Item(k.sess.ID(), done.Output[0].ID); !ok || it.Text != threeSentences || it.Status != realtime.StatusCompleted {
			t.Errorf("once mended, the archive has %+v", it)
		}
		k.unkept = false
		k.say("아직 거기 있어?")
		until[realtime.ResponseDone](k, "and what follows is saved before it is told")
	})
}

// Nothing brings a deleted conversation back.
func TestDeletedWhileItRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := linetest.Start(t, home(threeSentences))
		k := open(t, line, session.Opening{})
		k.unkept = true
		k.say("안녕?")
		until[realtime.AudioDelta](k, "it speaks")
		line.Archive.Delete(k.sess.ID())
		if d := until[realtime.ResponseDone](k, "the response ends").Response; d.Status != realtime.StatusCompleted {
			t.Errorf("status %s", d.Status)
		}
		k.sess.End(session.Ending{Code: realtime.CloseNormal})
		if _, err := line.Registry.Open(t.Context(), session.Opening{Session: k.sess.ID()}); err == nil {
			t.Error("it has come back")
		}
	})
}

func TestItemsKeepTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := home(threeSentences)
		line := linetest.Start(t, cfg)
		k := open(t, line, session.Opening{})
		create := func(id, after string, texts ...string) {
			it := realtime.Item{ID: id, Role: realtime.RoleUser, Status: realtime.StatusCompleted}
			for _, text := range texts {
				it.Content = append(it.Content, realtime.Content{Type: realtime.ContentInputText, Text: text})
			}
			k.do(realtime.ItemCreate{Item: it, PreviousItemID: after})
			until[realtime.ItemDone](k, "it is taken up")
		}
		create("b", "", "둘")
		create("d", "", "넷")
		create("c", "b", "세", "엣")
		create("a", "root", "하나")
		k.do(realtime.ItemDelete{ItemID: "d"})
		until[realtime.ItemDeleted](k, "it is gone")
		k.sess.End(session.Ending{Code: realtime.CloseNormal})

		cfg.Archive = line.Archive
		back := resume(t, linetest.Start(t, cfg), k.sess.ID(), 0)
		back.skip()
		texts, items := back.told(3)
		if got := strings.Join(texts, " "); got != "하나 둘 세엣" {
			t.Errorf("the conversation came back as %q", got)
		}
		if n := len(items[2].Content); n != 2 {
			t.Errorf("the message of two parts came back in %d", n)
		}
	})
}

// While the session is ended by a slow archive, whoever comes back waits for it.
func TestResumeWhileItIsStillBeingSaved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := linetest.Start(t, home(threeSentences))
		k := open(t, line, session.Opening{})
		k.unkept = true
		k.say("안녕?")
		until[realtime.AudioDelta](k, "it speaks")
		time.Sleep(2 * time.Second) // and is heard
		line.Archive.Break(true)
		go k.sess.End(session.Ending{Code: realtime.CloseNormal})
		until[realtime.ResponseDone](k, "the session ends its response")
		until[realtime.Context](k, "that is the last frame")
		time.AfterFunc(30*time.Second, func() { line.Archive.Break(false) })
		<-k.sess.Done()
		back := resume(t, line, k.sess.ID(), k.last)
		back.say("계속해.")
		if d := until[realtime.ResponseDone](back, "it goes on").Response; d.Status != realtime.StatusCompleted {
			t.Errorf("status %s", d.Status)
		}
		if told := prompt(t, line, 1); len(told) != 4 {
			t.Errorf("the model was told %d messages, want persona, question, what was heard, and the new one: %+v", len(told), told)
		}
	})
}

func TestAskFollowsWithoutTakingOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := linetest.Start(t, home(threeSentences))
		k := open(t, line, session.Opening{})
		k.say("안녕?")
		until[realtime.ResponseDone](k, "it answers")
		got := askText(t, k.sess, session.Question{
			Messages: []session.Message{
				{Role: realtime.RoleUser, Text: "안녕?"},
				{Role: realtime.RoleAssistant, Text: threeSentences},
				{Role: realtime.RoleUser, Text: "또 보네."},
			},
			Response: realtime.ResponseOverrides{OutputModalities: []realtime.Modality{realtime.ModalityText}},
		})
		if got != threeSentences {
			t.Errorf("the asker read %q", got)
		}
		if d := until[realtime.ResponseDone](k, "the listener sees the exchange too").Response; d.Status != realtime.StatusCompleted {
			t.Errorf("status %s", d.Status)
		}
		if told := prompt(t, line, 1); len(told) != 4 || told[3].Content != "또 보네." {
			t.Errorf("the model was told %+v; what the session held already must not be doubled", told)
		}
		k.say("그래.")
		until[realtime.ResponseDone](k, "the listener still is the listener")
	})
}

// askText asks and reads the answer's text.
func askText(t testing.TB, s *session.Session, q session.Question) string {
	t.Helper()
	a, err := s.Ask(context.Background(), q)
	if err != nil {
		t.Fatalf("ask: %v", err)
	}
	defer s.Detach(a.Attachment, session.Ending{})
	k := &talk{t: t, sess: s, att: a.Attachment, unkept: true}
	k.skip()
	for {
		if d := until[realtime.ResponseDone](k, "the answer ends").Response; d.ID == a.Response {
			break
		}
	}
	var b strings.Builder
	for _, e := range events[realtime.TextDelta](k) {
		if e.ResponseID == a.Response {
			b.WriteString(e.Delta)
		}
	}
	return b.String()
}

func TestAskAloneHoldsTheSlotForItsLength(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := home(threeSentences)
		cfg.Slots.Limit = 1
		line := linetest.Start(t, cfg)
		text := []realtime.Modality{realtime.ModalityText}
		ask := func(id string) string {
			s, err := line.Registry.Open(context.Background(), session.Opening{Session: id})
			if err != nil {
				t.Fatalf("open: %v", err)
			}
			askText(t, s, session.Question{
				Messages: []session.Message{{Role: realtime.RoleUser, Text: "안녕?"}},
				Response: realtime.ResponseOverrides{OutputModalities: text},
			})
			<-s.Done()
			return s.ID()
		}
		id := ask("")
		ask(id) // restored, with the slot that the first gave back
		if n := len(prompt(t, line, 1)); n != 4 {
			t.Errorf("the second prompt had %d messages, want 4: the history counts", n)
		}
	})
}

// An asker who leaves ends what only it followed.
func TestAskerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := home(threeSentences)
		cfg.LLM.Pace.TokensPerSecond = 4
		line := linetest.Start(t, cfg)
		s, err := line.Registry.Open(t.Context(), session.Opening{})
		if err != nil {
			t.Fatal(err)
		}
		a, err := s.Ask(t.Context(), session.Question{Messages: []session.Message{{Role: realtime.RoleUser, Text: "안녕?"}}})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if _, err := s.Ask(t.Context(), session.Question{}); err == nil || !strings.Contains(err.Error(), string(realtime.CodeActiveResponse)) {
			t.Errorf("a second question at once: %v", err)
		}
		s.Detach(a.Attachment, session.Ending{})
		<-s.Done()
		synctest.Wait()
		if r := line.LLM.Records()[0]; r.State != llmtest.StateAborted {
			t.Errorf("the generation is %s, want aborted: nobody follows it", r.State)
		}
	})
}

func TestFleetingConversationIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := linetest.Start(t, home(threeSentences))
		s, err := line.Registry.Open(t.Context(), session.Opening{Fleeting: true})
		if err != nil {
			t.Fatal(err)
		}
		askText(t, s, session.Question{
			Messages: []session.Message{{Role: realtime.RoleUser, Text: "안녕?"}},
			Response: realtime.ResponseOverrides{OutputModalities: []realtime.Modality{realtime.ModalityText}},
		})
		<-s.Done()
		if line.Archive.Saves() != 0 {
			t.Error("something was saved")
		}
	})
}

// prompt is what the model was told by the i-th request, persona first.
func prompt(t testing.TB, line *linetest.Line, i int) []llmtest.Message {
	t.Helper()
	records := line.LLM.Records()
	if i >= len(records) {
		t.Fatalf("there were %d requests, and number %d is wanted", len(records), i)
	}
	return records[i].Chat.Messages
}
