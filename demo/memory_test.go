package demo

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"avatarforge/internal/linetest"
	"avatarforge/llm/llmtest"
	"avatarforge/realtime"
	"avatarforge/session"
)

// listener is somebody who talks with the demo model.
type listener struct {
	t    *testing.T
	line *linetest.Line
	sess *session.Session
	att  *session.Attachment
}

func sitDown(t *testing.T, line *linetest.Line) *listener {
	t.Helper()
	s, err := line.Registry.Open(t.Context(), session.Opening{Owner: "anna", Character: "hermione"})
	if err != nil {
		t.Fatal(err)
	}
	att, err := s.Attach(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	l := &listener{t, line, s, att}
	l.do(realtime.SessionUpdate{Session: realtime.SessionPatch{OutputModalities: []realtime.Modality{realtime.ModalityText}}})
	return l
}

func (l *listener) do(e realtime.ClientEvent) {
	l.t.Helper()
	if err := l.sess.Do(l.t.Context(), e); err != nil {
		l.t.Fatal(err)
	}
}

// say returns the answer, and how many turns are summarised then.
func (l *listener) say(text string) (answer string, summarised int) {
	l.t.Helper()
	l.do(realtime.ItemCreate{Item: realtime.Item{
		Role: realtime.RoleUser, Status: realtime.StatusCompleted,
		Content: []realtime.Content{{Type: realtime.ContentInputText, Text: text}},
	}})
	l.do(realtime.ResponseCreate{})
	ctx, cancel := context.WithTimeout(l.t.Context(), 10*time.Minute)
	defer cancel()
	for {
		frames, ok := l.att.Next(ctx, make([]session.Frame, 0, 1))
		if !ok {
			l.t.Fatal("no answer comes")
		}
		switch _, e, _ := realtime.DecodeServer(frames[0].Data); e := e.(type) {
		case realtime.ErrorEvent:
			l.t.Fatal(e.Err.Message)
		case realtime.ResponseDone:
			answer = e.Response.Output[0].Text()
		case realtime.Context:
			if answer != "" {
				return answer, e.SummarizedTurns
			}
		}
	}
}

// The demo shows what the server remembers: within a conversation that outgrows the
// window, and from one conversation to the next.
func TestDemoRemembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := linetest.Start(t, linetest.Config{
			LLM:     llmtest.Config{Reply: answer, Pace: llmtest.Pace{FirstToken: firstToken, TokensPerSecond: tokensPerSecond}, KeepRecords: 1000},
			Session: session.Config{ContextSize: 2048},
		})
		l := sitDown(t, line)
		l.say("안녕하세요! 제 이름은 지수예요.")
		l.say("저는 떡볶이를 좋아해요.")
		summarised := 0
		for turn := range 60 {
			_, summarised = l.say(fmt.Sprintf("오늘 %d번째로 걷는 골목에는 감나무와 오래된 우체통이 나란히 서 있었어요.", turn))
			time.Sleep(15 * time.Second)
		}
		if summarised < 20 {
			t.Fatalf("%d turns are summarised: the conversation shows nothing", summarised)
		}
		if got, _ := l.say("제 이름이 뭐라고 했죠?"); !strings.Contains(got, "지수") {
			t.Errorf("it has forgotten the name: %q", got)
		}
		l.sess.End(session.Ending{})
		time.Sleep(time.Minute)

		next := sitDown(t, line)
		if got, _ := next.say("제 이름이 뭐라고 했죠?"); !strings.Contains(got, "지수") {
			t.Errorf("it has forgotten the name by the next day: %q", got)
		}
		if got, _ := next.say("내가 뭘 좋아한다고 했지?"); !strings.Contains(got, "떡볶이") {
			t.Errorf("and the taste: %q", got)
		}
	})
}
