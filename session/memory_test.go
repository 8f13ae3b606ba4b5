package session_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"avatarforge/internal/linetest"
	"avatarforge/llm/llmtest"
	"avatarforge/persona"
	"avatarforge/realtime"
	"avatarforge/session"
)

// syllables is a vocabulary that is worse at Korean than ours: a token a syllable, and one
// for four of whatever else. Korean prose comes to 1.4 times what we count.
func syllables(text string) (tokens []string) {
	runes := []rune(text)
	for len(runes) > 0 {
		n := 1
		for n < min(4, len(runes)) && runes[0] < 0x800 && runes[n] < 0x800 {
			n++
		}
		tokens = append(tokens, string(runes[:n]))
		runes = runes[n:]
	}
	return tokens
}

// secret is what a listener says that is to be remembered: "초코는 우리 강아지예요."
var secret = regexp.MustCompile(`기억해: ([^.]*\.)`)

// scripted is a model that answers at some length, summarises as a faithful model would,
// keeping what it was asked to remember, and knows what its prompt says and nothing else.
type scripted struct {
	said  func(question string) string // nil: a long answer
	notes func(llmtest.ChatRequest) llmtest.Reply
}

// isNotes says whether a request is for notes rather than for a reply.
func isNotes(chat llmtest.ChatRequest) bool {
	return strings.Contains(chat.Last("user"), "<conversation>")
}

func (m scripted) reply(req llmtest.ChatRequest) llmtest.Reply {
	switch question := req.Last("user"); {
	case isNotes(req) && m.notes != nil:
		return m.notes(req)
	case isNotes(req):
		return llmtest.Reply{Text: notes(req)}
	case strings.HasSuffix(question, "뭐였지?"):
		about := strings.Fields(question)[0]
		for _, msg := range req.Messages[:len(req.Messages)-1] {
			if found := regexp.MustCompile(regexp.QuoteMeta(about) + `[^.\n]*\.`).FindString(msg.Content); found != "" {
				return llmtest.Reply{Text: found}
			}
		}
		return llmtest.Reply{Text: "모르겠어요."}
	case m.said != nil:
		return llmtest.Reply{Text: m.said(question)}
	default:
		return llmtest.Reply{Text: "그랬군요! " + strings.Repeat("저도 그 이야기를 들으니 마음이 따뜻해져요. ", 2) + "더 들려주세요."}
	}
}

// notes are a faithful model's: what was to be remembered, and how much was said.
func notes(req llmtest.ChatRequest) string {
	user := req.Last("user")
	var kept []string
	for _, m := range secret.FindAllStringSubmatch(user, -1) {
		if text := "기억해: " + m[1]; !slices.Contains(kept, text) {
			kept = append(kept, text)
		}
	}
	summary := strings.Join(kept, " ") + fmt.Sprintf(" 두 사람은 이야기를 %d번 주고받았다.", strings.Count(user, "사용자:"))
	if req.Format == nil {
		return summary
	}
	var facts []map[string]any
	for _, text := range kept {
		facts = append(facts, map[string]any{"kind": "about", "fact": strings.TrimPrefix(text, "기억해: "), "replaces": 0})
	}
	data, err := json.Marshal(map[string]any{"summary": summary, "facts": facts})
	if err != nil {
		panic(err)
	}
	return string(data)
}

// remembering is a line whose model counts in its own way, in a window of 4,096 of its
// tokens, one request at a time.
func remembering(m scripted) linetest.Config {
	return linetest.Config{
		LLM: llmtest.Config{
			Reply: m.reply, Vocabulary: syllables, KeepRecords: 5000,
			Pace: llmtest.Pace{FirstToken: 300 * time.Millisecond, TokensPerSecond: 40},
		},
		Session:     session.Config{ContextSize: 4096},
		Concurrency: 1,
	}
}

// chat opens a session that answers in text.
func chat(t *testing.T, line *linetest.Line, o session.Opening) *talk {
	t.Helper()
	k := open(t, line, o)
	k.unkept = o.Fleeting
	k.set(realtime.SessionPatch{OutputModalities: []realtime.Modality{realtime.ModalityText}})
	return k
}

// ask says something and reads on to the end of the response.
func (k *talk) ask(text string) realtime.Response {
	k.t.Helper()
	k.say(text)
	done := until[realtime.ResponseDone](k, "the response ends").Response
	if done.Status != realtime.StatusCompleted {
		k.t.Fatalf("%q: status %s: %+v", text, done.Status, done.StatusDetails)
	}
	until[realtime.Context](k, "how full the window is, is said after each response")
	return done
}

// long is what a listener says in a turn, some 60 syllables unless more is wanted.
func long(turn, times int) string {
	return fmt.Sprintf("%d번째 이야기예요. ", turn) + strings.Repeat("오늘은 골목 끝 빵집에서 갓 구운 식빵을 샀는데 냄새가 아주 좋았어요. ", times)
}

// checkUpstream wants what the LLM server saw to be right: nothing was cut, no reply was
// asked for while notes were being written, and so many of the turns before each were told
// word for word.
func checkUpstream(t *testing.T, line *linetest.Line, verbatim int) (replies, made, aborted int) {
	t.Helper()
	records := line.LLM.Records()
	asked := 0
	for _, r := range records {
		chat := r.Chat
		if chat.Number == 0 && r.State == llmtest.StateAborted {
			aborted++ // before the server had its turn for it
			continue
		}
		if chat.Dropped > 0 || chat.Cut {
			t.Fatalf("request %d: the server cut the prompt in silence: %d messages dropped, %d tokens left", chat.Number, chat.Dropped, chat.PromptTokens)
		}
		if chat.PromptTokens+chat.MaxTokens > chat.NumCtx {
			t.Errorf("request %d: %d tokens and a reply of %d do not fit %d", chat.Number, chat.PromptTokens, chat.MaxTokens, chat.NumCtx)
		}
		if isNotes(chat) {
			switch r.State {
			case llmtest.StateDone:
				made++
			case llmtest.StateAborted:
				aborted++
			default:
				t.Errorf("request %d for notes is %s", chat.Number, r.State)
			}
			continue
		}
		replies++
		told := 0
		for _, m := range chat.Messages {
			if m.Role == "user" {
				told++
			}
		}
		if want := min(verbatim, asked); told-1 < want {
			t.Errorf("turn %d: %d turns before it were told word for word, want %d", asked+1, told-1, want)
		}
		asked++
		for _, other := range records {
			if isNotes(other.Chat) && other.Arrived.Before(r.Arrived) && other.Ended.After(r.Arrived) {
				t.Errorf("turn %d waited for notes that were being written", asked)
			}
		}
	}
	return replies, made, aborted
}

// TestTwoHundredTurns is a conversation that outgrows its window twelve times over.
func TestTwoHundredTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := linetest.Start(t, remembering(scripted{}))
		k := chat(t, line, session.Opening{Owner: "anna"})
		summarised := 0
		for turn := 1; turn <= 200; turn++ {
			text := long(turn, 1)
			switch turn {
			case 3:
				text = "기억해: 초코는 우리 강아지 이름이에요. " + text
			case 190:
				text = "초코는 뭐였지?"
			}
			done := k.ask(text)
			if done.Avatarforge.ContextSummarized {
				summarised++
			}
			if turn == 190 && !strings.Contains(done.Output[0].Text(), "우리 강아지") {
				t.Errorf("what was told in turn 3 is gone in turn 190: it says %q", done.Output[0].Text())
			}
			if turn%4 == 0 {
				time.Sleep(20 * time.Second) // the listener thinks; else the next turn follows at once
			}
		}
		time.Sleep(time.Minute)
		synctest.Wait()

		replies, made, aborted := checkUpstream(t, line, 15)
		if replies != 200 {
			t.Errorf("%d replies were asked for, want 200", replies)
		}
		if made < 10 || aborted == 0 {
			t.Errorf("%d summaries were made and %d broken off: the test shows nothing of either", made, aborted)
		}
		if summarised == 0 || summarised > made {
			t.Errorf("%d responses say that their context was summarised, of %d summaries", summarised, made)
		}
		contexts := events[realtime.Context](k)
		for _, c := range contexts {
			if c.UsedTokens > c.LimitTokens || c.LimitTokens != 4096 {
				t.Errorf("%+v", c)
			}
		}
		if last := contexts[len(contexts)-1]; last.SummarizedTurns < 150 || last.DroppedTurns != 0 {
			t.Errorf("at the end %+v", last)
		}

		rec, err := line.Archive.Load(t.Context(), k.sess.ID())
		if err != nil {
			t.Fatal(err)
		}
		if len(rec.Items) != 400 {
			t.Fatalf("the transcript has %d items, want 400", len(rec.Items))
		}
		for i := 0; i < 400; i += 2 {
			if turn := i/2 + 1; turn != 190 && !strings.Contains(rec.Items[i].Text, fmt.Sprintf("%d번째 이야기", turn)) {
				t.Errorf("turn %d is %q in the transcript", turn, rec.Items[i].Text)
			}
		}

		facts, err := line.Memories.Facts(t.Context(), "anna", "")
		if err != nil || len(facts) != 1 || facts[0].Text != "초코는 우리 강아지 이름이에요." || facts[0].Kind != persona.FactAbout {
			t.Errorf("what was learned is %+v, %v", facts, err)
		}
	})
}

// TestTurnsTooLongToKeep is a conversation of which only a few turns fit the window.
func TestTurnsTooLongToKeep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := remembering(scripted{})
		cfg.LLM.PromptCache = true // its counts are no longer those of whole prompts
		line := linetest.Start(t, cfg)
		k := chat(t, line, session.Opening{Owner: "anna", Character: "hermione"})
		for turn := 1; turn <= 60; turn++ {
			text := long(turn, 8+turn%7)
			switch turn {
			case 3:
				text = "기억해: 초코는 우리 강아지 이름이에요. " + text
			case 57:
				text = "초코는 뭐였지?"
			}
			done := k.ask(text)
			if turn == 57 && !strings.Contains(done.Output[0].Text(), "우리 강아지") {
				t.Errorf("what was told in turn 3 is gone: it says %q", done.Output[0].Text())
			}
			time.Sleep(30 * time.Second)
		}
		if _, made, _ := checkUpstream(t, line, 1); made < 10 {
			t.Errorf("%d summaries were made", made)
		}
		for i, c := range events[realtime.Context](k) {
			if c.DroppedTurns > 0 {
				t.Errorf("event %d: with time to summarise no turn is dropped: %+v", i, c)
			}
		}
	})
}

// A conversation from before, with a model that nothing is known of: the first prompt must
// fit although nothing has been learned, and only what it holds is counted.
func TestFirstPromptOfAnUnknownModelFits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before := linetest.Start(t, remembering(scripted{}))
		k := chat(t, before, session.Opening{Owner: "anna", Character: "hermione"})
		for turn := 1; turn <= 30; turn++ {
			k.ask(long(turn, 3))
		}
		k.sess.End(session.Ending{})

		cfg := remembering(scripted{})
		cfg.Archive = before.Archive
		line := linetest.Start(t, cfg)
		back := comeBack(t, line, k)
		for turn := 31; turn <= 40; turn++ {
			back.ask(long(turn, 3))
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if replies, _, _ := checkUpstream(t, line, 0); replies != 10 {
			t.Errorf("%d replies", replies)
		}
	})
}

// A model that was trained for a smaller window than is asked for: Ollama would cut to that.
func TestPromptsFitAModelTrainedForLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := remembering(scripted{})
		cfg.LLM.Models = []llmtest.Model{{Name: llmtest.DefaultModel}, {Name: "solar", ContextLength: 2048}}
		line := linetest.Start(t, cfg)
		k := chat(t, line, session.Opening{Owner: "anna"})
		for turn := 1; turn <= 10; turn++ {
			k.ask(long(turn, 3))
		}
		k.set(realtime.SessionPatch{Model: ptr("solar")})
		for turn := 11; turn <= 30; turn++ {
			k.ask(long(turn, 3))
			time.Sleep(30 * time.Second)
		}
		if c := k.context(); c.LimitTokens != 2048 || c.UsedTokens > 2048 {
			t.Errorf("the window is that of the model: %+v", c)
		}
		if _, made, _ := checkUpstream(t, line, 0); made == 0 {
			t.Error("no summary was made")
		}
	})
}

// comeBack resumes a session of somebody's.
func comeBack(t *testing.T, line *linetest.Line, k *talk) *talk {
	t.Helper()
	s, err := line.Registry.Open(t.Context(), session.Opening{Owner: k.sess.Owner(), Session: k.sess.ID(), Last: k.last})
	if err != nil {
		t.Fatal(err)
	}
	back := &talk{t: t, line: line, sess: s}
	back.attach(k.last)
	return back
}

func TestSummaryYieldsToAnotherListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := remembering(scripted{})
		cfg.Concurrency, cfg.LLM.Parallel = 16, 1 // the server can do less than it is taken to
		line := linetest.Start(t, cfg)
		k := chat(t, line, session.Opening{Owner: "anna"})
		other := chat(t, line, session.Opening{Owner: "ben"})
		writing := func() llmtest.Record {
			r, err := line.LLM.Await(t.Context(), func(r llmtest.Record) bool {
				return isNotes(r.Chat) && r.State == llmtest.StateGenerating
			})
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		for turn := 1; line.Gate.Stats().Running == 0; turn++ {
			k.ask(long(turn, 3))
			synctest.Wait()
		}
		writing()
		begun := time.Now()
		done := other.ask("안녕?")
		if wait := *done.Avatarforge.Timings.FirstTokenMS; wait > 400 {
			t.Errorf("the other listener waited %d ms for the first token, which takes 300", wait)
		}
		if r := writing(); r.Arrived.Before(begun) {
			t.Error("the notes are not begun anew after the reply")
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if _, made, aborted := checkUpstream(t, line, 0); made == 0 || aborted == 0 {
			t.Errorf("%d summaries made, %d broken off: want them to be broken off, and made in the end", made, aborted)
		}
	})
}

// forgetful is a model that writes no notes until it is mended.
type forgetful struct {
	mended atomic.Bool
	asked  atomic.Int32 // how often
}

func (f *forgetful) notes(req llmtest.ChatRequest) llmtest.Reply {
	f.asked.Add(1)
	if f.mended.Load() {
		return llmtest.Reply{Text: notes(req)}
	}
	return llmtest.Reply{Faults: []llmtest.Fault{{Kind: llmtest.FaultError, Message: "out of memory"}}}
}

func TestFailedSummaryIsTriedAgainAndBlocksNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &forgetful{}
		line := linetest.Start(t, remembering(scripted{notes: f.notes}))
		k := chat(t, line, session.Opening{Owner: "anna"})
		dropped := 0
		for turn := 1; turn <= 40; turn++ {
			k.ask(long(turn, 3))
			if c := events[realtime.Context](k); c[len(c)-1].DroppedTurns > dropped {
				dropped = c[len(c)-1].DroppedTurns
			}
			time.Sleep(10 * time.Second)
		}
		if dropped == 0 {
			t.Error("turns have left the prompt, and no event says so")
		}
		if n := f.asked.Load(); n < 5 || n > 10 {
			t.Errorf("the notes were asked for %d times in seven minutes: want it to be tried again, after pauses", n)
		}
		f.mended.Store(true)
		time.Sleep(20 * time.Minute)
		k.ask("아직 거기 있어요?")
		time.Sleep(20 * time.Minute)
		k.ask("그럼 다행이에요.")
		c := events[realtime.Context](k)
		if last := c[len(c)-1]; last.SummarizedTurns < 20 || last.DroppedTurns != 0 {
			t.Errorf("once the model is mended all turns are in the prompt or in the summary: %+v", last)
		}
		for _, r := range line.LLM.Records() {
			if r.Chat.Dropped > 0 || r.Chat.Cut {
				t.Errorf("request %d: the server cut the prompt in silence", r.Chat.Number)
			}
		}
	})
}

// summarised has a conversation until a summary has been made of its front, and says how
// many turns that took.
func summarised(k *talk) (turns int) {
	k.t.Helper()
	for turns = 1; turns <= 50; turns++ {
		text := long(turns, 3)
		if turns == 2 {
			text = "기억해: 초코는 우리 강아지 이름이에요. " + text
		}
		k.ask(text)
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if c := k.context(); c.SummarizedTurns > 0 {
			return turns
		}
	}
	k.t.Fatal("no summary is made")
	return 0
}

// context reads what has come, and is the latest word on the window.
func (k *talk) context() realtime.Context {
	k.t.Helper()
	for len(k.waiting) > 0 || k.ready() {
		if _, ok := k.read(k.t.Context()); !ok {
			k.t.Fatal("the attachment is over")
		}
	}
	if list := events[realtime.Context](k); len(list) > 0 {
		return list[len(list)-1]
	}
	return realtime.Context{}
}

// ready says whether there is something to read.
func (k *talk) ready() bool {
	ctx, cancel := context.WithTimeout(k.t.Context(), time.Millisecond)
	defer cancel()
	frames, ok := k.att.Next(ctx, make([]session.Frame, 0, 1))
	k.waiting = frames
	return ok
}

// lastPrompt is the system prompt of the latest reply, and lastNotes what was asked for
// the latest notes.
func lastPrompt(line *linetest.Line) string { return last(line, false, "system") }
func lastNotes(line *linetest.Line) string  { return last(line, true, "user") }

func last(line *linetest.Line, notes bool, role string) string {
	records := line.LLM.Records()
	for i := len(records) - 1; i >= 0; i-- {
		if chat := records[i].Chat; chat.Number > 0 && isNotes(chat) == notes {
			return chat.Last(role)
		}
	}
	return ""
}

func countNotes(line *linetest.Line) (n int) {
	for _, r := range line.LLM.Records() {
		if isNotes(r.Chat) {
			n++
		}
	}
	return n
}

func wantIn(t *testing.T, why, text, part string) {
	t.Helper()
	if !strings.Contains(text, part) {
		t.Errorf("%s: there is no %q in\n%s", why, part, text)
	}
}

func wantNotIn(t *testing.T, why, text, part string) {
	t.Helper()
	if strings.Contains(text, part) {
		t.Errorf("%s: there is %q in\n%s", why, part, text)
	}
}

func TestSummaryOutlivesTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := remembering(scripted{})
		line := linetest.Start(t, cfg)
		k := chat(t, line, session.Opening{Owner: "anna"})
		n := summarised(k)
		if done := k.ask("그래서요?"); !done.Avatarforge.ContextSummarized {
			t.Error("the first response that is told a summary says so")
		}
		if done := k.ask("그래서요?"); done.Avatarforge.ContextSummarized {
			t.Error("the second one does not: its context has not been summarised anew")
		}
		wantIn(t, "the summary is told", lastPrompt(line), "<summary>\n기억해: 초코는 우리 강아지 이름이에요.")
		k.sess.End(session.Ending{})

		cfg.Archive, cfg.Memories = line.Archive, line.Memories
		next := linetest.Start(t, cfg)
		back := comeBack(t, next, k)
		if done := back.ask("그래서요?"); done.Avatarforge.ContextSummarized {
			t.Error("a summary that was told before the restart is none of this request's")
		}
		wantIn(t, "the summary is there after a restart", lastPrompt(next), "초코는 우리 강아지 이름이에요.")
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := countNotes(next); got != 0 {
			t.Errorf("%d notes were asked for after the restart, of a conversation of %d turns that has its summary", got, n)
		}
	})
}

// Two servers with one archive: what one has summarised the other does not summarise.
func TestSummaryIsFoundWhereAnotherServerHasMadeIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &forgetful{}
		cfg := remembering(scripted{notes: f.notes})
		one := linetest.Start(t, cfg)
		k := chat(t, one, session.Opening{Owner: "anna"})
		for turn := 1; k.context().DroppedTurns == 0; turn++ {
			k.ask(long(turn, 3))
		}
		k.sess.End(session.Ending{})
		copied := one.Archive.Copy()

		twoCfg := remembering(scripted{})
		twoCfg.Archive, twoCfg.Memories = copied, one.Memories
		two := linetest.Start(t, twoCfg)
		other := comeBack(t, two, k)
		other.ask("이제는요?")
		time.Sleep(time.Minute)
		synctest.Wait()
		if countNotes(two) == 0 {
			t.Fatal("the other server makes no summary")
		}

		f.asked.Store(0)
		back := comeBack(t, one, k)
		back.ask("그래서요?")
		wantIn(t, "the one that comes back to it has it", lastPrompt(one), "<summary>")
		time.Sleep(time.Second)
		if n := f.asked.Load(); n != 0 {
			t.Errorf("and asks for no notes: %d times", n)
		}
	})
}

func TestDeletedItemInvalidatesTheSummary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := linetest.Start(t, remembering(scripted{}))
		k := chat(t, line, session.Opening{Owner: "anna"})
		summarised(k)
		stored, err := line.Memories.Summaries(t.Context(), k.sess.ID())
		if err != nil || len(stored) == 0 {
			t.Fatalf("nothing is kept: %v", err)
		}
		items := events[realtime.ItemAdded](k)
		k.do(realtime.ItemDelete{ItemID: items[2].Item.ID}) // what turn 2 said
		synctest.Wait()
		if c := k.context(); c.SummarizedTurns != 0 {
			t.Errorf("a summary of what has been deleted still counts: %+v", c)
		}
		if kept, err := line.Memories.Summaries(t.Context(), k.sess.ID()); err != nil || len(kept) != 0 {
			t.Errorf("and is still kept: %+v, %v", kept, err)
		}
		time.Sleep(time.Minute)
		if c := k.context(); c.SummarizedTurns == 0 {
			t.Error("no other summary is made")
		}
		k.ask("그래서요?")
		wantIn(t, "there is a summary again", lastPrompt(line), "<summary>")
		wantNotIn(t, "it knows nothing of what was deleted", lastPrompt(line), "<summary>\n기억해: 초코는")
	})
}

// What is deleted while it is being summarised must not come back in the summary.
func TestItemDeletedWhileItIsSummarised(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := linetest.Start(t, remembering(scripted{}))
		k := chat(t, line, session.Opening{Owner: "anna"})
		k.ask("기억해: 초코는 우리 강아지 이름이에요.")
		for turn := 2; countNotes(line) == 0; turn++ {
			k.ask(long(turn, 3))
			time.Sleep(500 * time.Millisecond)
		}
		k.do(realtime.ItemDelete{ItemID: events[realtime.ItemAdded](k)[0].Item.ID})
		time.Sleep(time.Minute)
		synctest.Wait()
		if c := k.context(); c.SummarizedTurns == 0 {
			t.Error("no summary is made of what is left")
		}
		k.ask("그래서요?")
		wantIn(t, "there is one", lastPrompt(line), "<summary>")
		wantNotIn(t, "without what was deleted", lastPrompt(line), "초코")
		if facts, err := line.Memories.Facts(t.Context(), "anna", ""); err != nil || len(facts) != 0 {
			t.Errorf("nor is anything learned of it: %+v, %v", facts, err)
		}
	})
}

func TestSummaryOfSomebodysOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := linetest.Start(t, remembering(scripted{}))
		ctx := t.Context()
		k := chat(t, line, session.Opening{Owner: "anna"})
		if got, err := line.Registry.Summary(ctx, "anna", k.sess.ID()); err != nil || got != (session.Recollection{}) {
			t.Errorf("there is none at first: %+v, %v", got, err)
		}
		summarised(k)
		got, err := line.Registry.Summary(ctx, "anna", k.sess.ID())
		if err != nil || got.Turns == 0 || !strings.Contains(got.Summary.Text, "초코") || got.Summary.Model == "" {
			t.Errorf("it can be read: %+v, %v", got, err)
		}
		for who, id := range map[string]string{"ben": k.sess.ID(), "anna": "nothing"} {
			if _, err := line.Registry.SetSummary(ctx, who, id, "x"); !errors.Is(err, session.ErrUnknownSession) {
				t.Errorf("%s changes %s: %v", who, id, err)
			}
			if _, err := line.Registry.Summary(ctx, who, id); !errors.Is(err, session.ErrUnknownSession) {
				t.Errorf("%s reads %s: %v", who, id, err)
			}
		}
		if _, err := line.Registry.SetSummary(ctx, "anna", k.sess.ID(), strings.Repeat("길다 ", 4000)); !errors.Is(err, session.ErrSummaryTooLong) {
			t.Errorf("a summary that fills the window: %v", err)
		}

		const mine = "기억해: 바둑이는 옆집 고양이예요. 그 뒤로 둘은 친구가 되었다."
		set, err := line.Registry.SetSummary(ctx, "anna", k.sess.ID(), mine)
		if err != nil || set.Summary.Text != mine || set.Turns != got.Turns || set.Summary.Covers != got.Summary.Covers {
			t.Fatalf("it takes the place of the other: %+v, %v", set, err)
		}
		k.ask("그래서요?")
		wantIn(t, "it is told", lastPrompt(line), mine)
		wantNotIn(t, "in place of the other", lastPrompt(line), "기억해: 초코")
		for turn := 50; k.context().SummarizedTurns == got.Turns; turn++ {
			k.ask(long(turn, 3))
			time.Sleep(20 * time.Second)
			synctest.Wait()
		}
		wantIn(t, "the next summary is made of it", lastNotes(line), "<summary>\n"+mine)
		k.ask("그래서요?")
		wantIn(t, "and keeps what it says", lastPrompt(line), "바둑이는 옆집 고양이예요.")

		k.sess.End(session.Ending{})
		const later = "기억해: 바둑이는 이사를 갔어요."
		if set, err = line.Registry.SetSummary(ctx, "anna", k.sess.ID(), later); err != nil || set.Turns <= got.Turns {
			t.Fatalf("one of a conversation that is over can be changed as well: %+v, %v", set, err)
		}
		back := comeBack(t, line, k)
		back.ask("그래서요?")
		wantIn(t, "and is told when it goes on", lastPrompt(line), later)
	})
}

// A text of one's own that is put in while another is being written must not be lost to
// that.
func TestSummaryOfSomebodysOwnOutlivesOneUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := linetest.Start(t, remembering(scripted{}))
		k := chat(t, line, session.Opening{Owner: "anna"})
		for turn := 1; countNotes(line) == 0; turn++ {
			k.ask(long(turn, 3))
			time.Sleep(500 * time.Millisecond)
		}
		const mine = "기억해: 바둑이는 옆집 고양이예요."
		if _, err := line.Registry.SetSummary(t.Context(), "anna", k.sess.ID(), mine); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if c := k.context(); c.SummarizedTurns == 0 {
			t.Error("the summary that was under way is not made")
		}
		wantIn(t, "it is made of the text that was put in", lastNotes(line), "<summary>\n"+mine)
		k.ask("그래서요?")
		wantIn(t, "which it keeps", lastPrompt(line), "바둑이는 옆집 고양이예요.")
	})
}

// known is what a character knows after a conversation in which something was told that is
// to be remembered.
func known(t *testing.T, line *linetest.Line, o session.Opening, patch realtime.SessionPatch) []session.Fact {
	t.Helper()
	k := chat(t, line, o)
	k.set(patch)
	k.ask("기억해: 초코는 우리 강아지 이름이에요.")
	k.sess.End(session.Ending{})
	time.Sleep(time.Minute)
	synctest.Wait()
	facts, err := line.Memories.Facts(t.Context(), o.Owner, o.Character)
	if err != nil {
		t.Fatal(err)
	}
	return facts
}

func TestFactsAreBroughtIntoLaterConversations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := linetest.Start(t, remembering(scripted{}))
		facts := known(t, line, session.Opening{Owner: "anna", Character: "hermione"}, realtime.SessionPatch{})
		if len(facts) != 1 || facts[0].Text != "초코는 우리 강아지 이름이에요." {
			t.Fatalf("a conversation that was too short for a summary leaves %+v", facts)
		}
		again := chat(t, line, session.Opening{Owner: "anna", Character: "hermione"})
		done := again.ask("초코는 뭐였지?")
		wantIn(t, "the character knows it in the next conversation", done.Output[0].Text(), "우리 강아지")
		wantIn(t, "as notes", lastPrompt(line), "<memory>\n- 초코는 우리 강아지 이름이에요.\n</memory>")

		for why, o := range map[string]session.Opening{
			"somebody else's character": {Owner: "ben", Character: "hermione"},
			"another character":         {Owner: "anna", Character: "sherlock"},
			"the plain assistant":       {Owner: "anna"},
			"a request of its own":      {Owner: "anna", Character: "hermione", Fleeting: true},
		} {
			chat(t, line, o).ask("초코는 뭐였지?")
			wantNotIn(t, why+" does not know it", lastPrompt(line), "초코는 우리 강아지")
		}
		again.set(realtime.SessionPatch{CharacterID: ptr("sherlock")})
		again.ask("이제 누구세요?")
		wantNotIn(t, "nor does who takes the part over", lastPrompt(line), "초코는 우리 강아지")
		again.set(realtime.SessionPatch{CharacterID: ptr("hermione")})
		again.ask("다시 왔어요?")
		wantIn(t, "until the first one is back", lastPrompt(line), "- 초코는 우리 강아지")

		// What is deleted is forgotten at once, in conversations under way as well.
		if err := line.Memories.DeleteFact(t.Context(), "anna", facts[0].ID); err != nil {
			t.Fatal(err)
		}
		line.Registry.FactsChanged(t.Context(), "anna", "hermione")
		again.ask("아직 기억해요?")
		wantNotIn(t, "a fact that is gone is not told any more", lastPrompt(line), "- 초코는 우리 강아지")
	})
}

func TestWhoIsRemembered(t *testing.T) {
	for name, tt := range map[string]struct {
		opening session.Opening
		patch   realtime.SessionPatch
		of      session.Remembering
		want    int
	}{
		"who is logged in":                        {opening: session.Opening{Owner: "anna", Character: "hermione"}, want: 1},
		"who is logged in, by the assistant":      {opening: session.Opening{Owner: "anna"}, want: 1},
		"nobody that everybody may be":            {opening: session.Opening{Owner: session.Anonymous}, want: 0},
		"nobody, at home":                         {opening: session.Opening{Owner: session.Anonymous}, of: session.RememberAll, want: 1},
		"nobody by a persona without a character": {opening: session.Opening{Owner: "anna"}, patch: realtime.SessionPatch{Persona: ptr("명랑한 사람")}, want: 0},
		"nobody, where nobody is to be":           {opening: session.Opening{Owner: "anna"}, of: session.RememberNobody, want: 0},
		"nobody by single requests":               {opening: session.Opening{Owner: "anna", Fleeting: true}, want: 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := remembering(scripted{})
				cfg.Session.Remember = tt.of
				line := linetest.Start(t, cfg)
				if facts := known(t, line, tt.opening, tt.patch); len(facts) != tt.want {
					t.Errorf("%+v is known, want %d facts", facts, tt.want)
				}
			})
		})
	}
}

// A client of single requests opens the session anew for each: what it says is drawn from
// once it is done, and once.
func TestFactsAreDrawnOnceTheListenerIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := linetest.Start(t, remembering(scripted{}))
		k := chat(t, line, session.Opening{Owner: "anna"})
		k.ask("기억해: 초코는 우리 강아지 이름이에요.")
		for range 3 {
			k.sess.End(session.Ending{})
			time.Sleep(5 * time.Second)
			k = comeBack(t, line, k)
			k.ask("그래서요?")
		}
		if n := countNotes(line); n != 0 {
			t.Errorf("%d notes were asked for while the listener kept coming back", n)
		}
		k.sess.End(session.Ending{})
		time.Sleep(time.Minute)
		if n := countNotes(line); n != 1 {
			t.Errorf("%d notes were asked for once he was gone, want one", n)
		}
		k = comeBack(t, line, k)
		k.ask("기억해: 바둑이는 옆집 고양이예요.")
		k.sess.End(session.Ending{})
		time.Sleep(time.Minute)
		wantNotIn(t, "what facts have been drawn from is not asked for again", lastNotes(line), "사용자: 기억해: 초코")
		facts, err := line.Memories.Facts(t.Context(), "anna", "")
		if err != nil || len(facts) != 2 {
			t.Errorf("%+v is known, %v", facts, err)
		}
	})
}

func TestModelThatKnowsNoSchema(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := linetest.Start(t, remembering(scripted{notes: func(llmtest.ChatRequest) llmtest.Reply {
			return llmtest.Reply{Text: "물론입니다! 초코라는 강아지 이야기를 했다. 분위기는 따뜻했다."}
		}}))
		k := chat(t, line, session.Opening{Owner: "anna"})
		summarised(k)
		k.ask("그래서요?")
		wantIn(t, "its words are the summary", lastPrompt(line), "초코라는 강아지 이야기를 했다.")
		if facts, err := line.Memories.Facts(t.Context(), "anna", ""); err != nil || len(facts) != 0 {
			t.Errorf("facts without a schema: %+v, %v", facts, err)
		}
	})
}

func TestMemoriesThatFailDoNotFailTheConversation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := linetest.Start(t, remembering(scripted{}))
		line.Memories.Break(true)
		k := chat(t, line, session.Opening{Owner: "anna", Character: "hermione"})
		summarised(k)
		k.ask("그래서요?")
		wantIn(t, "the summary is told although it cannot be kept", lastPrompt(line), "초코는 우리 강아지")
		k.sess.End(session.Ending{})
		back := comeBack(t, line, k)
		back.ask("그래서요?")
	})
}

func TestMessageThatCannotFitIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := linetest.Start(t, remembering(scripted{}))
		k := chat(t, line, session.Opening{Owner: "anna"})
		k.set(realtime.SessionPatch{Persona: ptr(strings.Repeat("아주 자세한 설명이 끝없이 이어지는 사람이다. ", 400))})
		k.say("안녕?")
		e := k.untilError(realtime.CodeContextOverflow, "rather than be cut in silence")
		wantIn(t, "it says what to do", e.Message, "LLM_NUM_CTX")
		k.set(realtime.SessionPatch{Persona: ptr("")})
		k.do(realtime.ResponseCreate{})
		until[realtime.ResponseDone](k, "the conversation goes on once it fits")
		checkUpstream(t, line, 0)
	})
}

// What people say, and what is noted of it, appears in the log at debug only.
func TestNothingSaidIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		f := &forgetful{}
		cfg := remembering(scripted{notes: f.notes})
		cfg.Session.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelInfo}))
		line := linetest.Start(t, cfg)
		k := chat(t, line, session.Opening{Owner: "anna", Character: "hermione"})
		for turn := 1; turn < 25; turn++ {
			k.ask("기억해: 초코는 우리 강아지 이름이에요. " + long(turn, 3))
		}
		time.Sleep(time.Hour) // the notes have failed for good
		line.Memories.Break(true)
		f.mended.Store(true)
		k.ask("그래서요?")
		time.Sleep(time.Minute)
		k.sess.End(session.Ending{})
		time.Sleep(time.Minute)
		synctest.Wait()
		for _, word := range []string{"초코", "강아지", "식빵", "그랬군요", "이야기"} {
			wantNotIn(t, "privacy first", log.String(), word)
		}
		wantIn(t, "that the notes failed is logged", log.String(), "could not be written")
		wantIn(t, "and that they could not be saved", log.String(), "could not be saved")
	})
}
