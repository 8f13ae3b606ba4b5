package reply

import (
	"strings"
	"testing"

	"avatarforge/llm"
	"avatarforge/persona"
)

// noteTaking asks the demo model for notes as the server does, and reads them as it does.
func noteTaking(t *testing.T, r persona.Recap) persona.Notes {
	t.Helper()
	system, user := r.Prompt()
	text, err := Generate(Request{Now: noon, Schema: r.Schema(), Messages: []llm.Message{
		{Role: llm.RoleSystem, Content: system}, {Role: llm.RoleUser, Content: user},
	}})
	if err != nil {
		t.Fatal(err)
	}
	n, err := r.Read(text)
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return n
}

func spoken(lines ...string) (said []persona.Line) {
	for i, text := range lines {
		said = append(said, persona.Line{Speaker: persona.Speaker(i % 2), Text: text})
	}
	return said
}

func TestNotesOfAConversation(t *testing.T) {
	for name, tt := range map[string]struct {
		recap      persona.Recap
		summary    []string // words in it
		facts      []persona.NotedFact
		never      []string // words that are in neither
		again      string   // asked with the notes in the prompt
		remembered string
	}{
		"Korean": {
			recap: persona.Recap{
				Name: "헤르미온느 그레인저", Summary: true, Facts: true,
				Earlier: "사용자의 생일은 3월 14일입니다. 사용자는 \"어제 바다에서 조개를 주웠어\"라고 말했습니다.",
				Known:   []string{"사용자의 이름은 지수입니다.", "사용자는 떡볶이를 좋아합니다."},
				Lines:   spoken("내 이름은 민수야.", "민수 님, 반가워요.", "나는 떡볶이를 좋아해. 나는 귤도 좋아해.", "맛있겠네요.", "나는 부산에 살아.", "바다가 가깝겠네요."),
			},
			summary: []string{"민수", "귤", "부산", "3월 14일", "조개"},
			facts: []persona.NotedFact{
				{Kind: persona.FactName, Text: "사용자의 이름은 민수입니다.", Replaces: 1}, {Kind: persona.FactLike, Text: "사용자는 귤을 좋아합니다."},
				{Kind: persona.FactAbout, Text: "사용자가 사는 곳은 부산입니다."},
			},
			never: []string{"서기", "메모", "지수"},
			again: "내 생일이 언제야?", remembered: "3월 14일",
		},
		"English": {
			recap: persona.Recap{
				Name: "Wren", Summary: true, Facts: true,
				Lines: spoken("My name is Sam.", "Hello, Sam.", "I like tea.", "So do I."),
			},
			summary: []string{"Sam", "tea"},
			facts: []persona.NotedFact{
				{Kind: persona.FactName, Text: "The user's name is Sam."}, {Kind: persona.FactLike, Text: "The user likes tea."},
			},
			never: []string{"notes"},
			again: "What is my name?", remembered: "Sam",
		},
		"Japanese": {
			recap: persona.Recap{
				Name: "ひな", Summary: true, Facts: true,
				Lines: spoken("私の名前は健太です。", "よろしくね。", "犬が好きです。", "いいね。"),
			},
			summary: []string{"健太"},
			facts:   []persona.NotedFact{{Kind: persona.FactName, Text: "ユーザーの名前は健太です。"}},
			again:   "私の名前は何?", remembered: "健太",
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := noteTaking(t, tt.recap)
			for _, word := range tt.summary {
				if !strings.Contains(n.Summary, word) {
					t.Errorf("the summary %q lacks %q", n.Summary, word)
				}
			}
			for _, want := range tt.facts {
				found := false
				for _, f := range n.Facts {
					found = found || f == want
				}
				if !found {
					t.Errorf("the facts %+v lack %+v", n.Facts, want)
				}
			}
			for _, word := range tt.never {
				for _, f := range n.Facts {
					if strings.Contains(f.Text, word) {
						t.Errorf("the facts %+v hold %q", n.Facts, word)
					}
				}
				if strings.Contains(n.Summary, word) {
					t.Errorf("the summary %q holds %q", n.Summary, word)
				}
			}

			plain := tt.recap
			plain.Facts = false
			for _, word := range tt.summary {
				if got := noteTaking(t, plain); !strings.Contains(got.Summary, word) {
					t.Errorf("without a schema the summary %q lacks %q", got.Summary, word)
				}
			}

			alone := tt.recap
			alone.Summary = false
			if got := noteTaking(t, alone); len(got.Facts) != len(n.Facts) {
				t.Errorf("the facts alone are %+v, want %+v", got.Facts, n.Facts)
			}

			var known []string
			for _, f := range n.Facts {
				known = append(known, f.Text)
			}
			d := talk(t, persona.Prompt{Earlier: n.Summary, Known: known, Character: &persona.Character{Name: tt.recap.Name, Description: tt.recap.Lines[1].Text}}.System(), 0)
			d.say(tt.again)
			d.want("what was noted is remembered", tt.remembered)
		})
	}
}

func TestNotesWhereNothingIsNew(t *testing.T) {
	r := persona.Recap{
		Facts: true, Known: []string{"사용자의 이름은 지수입니다."},
		Lines: spoken("내 이름은 지수야.", "알아요.", "안녕!", "안녕하세요."),
	}
	if n := noteTaking(t, r); len(n.Facts) != 0 {
		t.Errorf("what is known is noted again: %+v", n.Facts)
	}
}
