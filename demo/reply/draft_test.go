package reply

import (
	"context"
	"encoding/json"
	"iter"
	"strings"
	"testing"

	"avatarforge/llm"
	"avatarforge/persona"
)

// draft lets the demo write what a brief asks for. It must be right at the first attempt,
// which the brief's own check says, the language included.
func draft(t *testing.T, brief persona.Brief, seed uint64) string {
	t.Helper()
	write := func(_ context.Context, a persona.Assignment) iter.Seq2[string, error] {
		messages := []llm.Message{{Role: llm.RoleSystem, Content: a.System}, {Role: llm.RoleUser, Content: a.Turns[0]}}
		return func(yield func(string, error) bool) {
			yield(Generate(Request{Messages: messages, Schema: a.Schema, Seed: seed, Now: noon}))
		}
	}
	for event, err := range brief.Draft(t.Context(), write) {
		switch {
		case err != nil:
			t.Fatal(err)
		case event.Again != "":
			t.Fatalf("seed %d: what was written %s", seed, event.Again)
		case event.Draft != nil:
			return string(event.Draft)
		}
	}
	t.Fatal("no draft")
	return ""
}

func TestADraftIsOfTheIdeaAndInItsLanguage(t *testing.T) {
	for _, tt := range []struct {
		idea persona.CharacterIdea
		job  string // what it must be where the idea tells
	}{
		{persona.CharacterIdea{Name: "나루토", Category: "애니메이션", SourceWork: "나루토", Description: "호카게를 꿈꾸는 열정적인 닌자", Worldview: "나루토 세계관"}, "닌자"},
		{persona.CharacterIdea{Name: "나루토", Category: "애니메이션", SourceWork: "나루토"}, ""},
		{persona.CharacterIdea{Name: "헤르미온느", Category: "소설", Description: "책을 좋아하는 똑똑한 마법사 소녀"}, "마법사"},
		{persona.CharacterIdea{Name: "Ada", Category: "novel", SourceWork: "The Glass Town", Description: "A clockmaker who talks to her clocks."}, "clockmaker"},
		{persona.CharacterIdea{Name: "Rook"}, ""},
		{persona.CharacterIdea{Name: "サクラ", Category: "オリジナル", Description: "花屋で働く元忍者"}, "元忍者"},
		{persona.CharacterIdea{Name: "ハル", Category: "アニメ"}, ""},
		{persona.CharacterIdea{Name: "阿兰", Category: "小说", Description: "守着旧书店的少女"}, ""},
		{persona.CharacterIdea{Name: "沈青", Category: "武侠", Description: "浪迹天涯的剑客"}, "剑客"},
	} {
		last := ""
		for seed := range uint64(40) {
			text := draft(t, tt.idea.Brief(), seed)
			if text == last {
				t.Errorf("%s: made up anew, it is the same: %s", tt.idea.Name, text)
			}
			last = text
			var c persona.CharacterDraft
			if err := json.Unmarshal([]byte(text), &c); err != nil {
				t.Fatal(err)
			}
			if c.Name != tt.idea.Name || tt.idea.Description != "" && c.Description != tt.idea.Description || tt.idea.Worldview != "" && c.Worldview != tt.idea.Worldview {
				t.Errorf("what is given is not kept: %s", text)
			}
			if tt.idea.Worldview == "" && tt.idea.SourceWork != "" && !strings.Contains(c.Worldview, tt.idea.SourceWork) {
				t.Errorf("its world is not that of the work: %s", c.Worldview)
			}
			if tt.job != "" && c.Job != tt.job {
				t.Errorf("%s is a %q, want %q", c.Name, c.Job, tt.job)
			}
			if len(c.Likes) != taken || len(c.Dislikes) != taken || !strings.Contains(c.Guidelines, "\n- ") || strings.Contains(text[1:], "{") {
				t.Errorf("it is not whole: %s", text)
			}
		}
	}
}

func TestGenderFollowsTheIdea(t *testing.T) {
	for description, gender := range map[string]string{
		"책을 좋아하는 소녀": "여성", "검을 든 소년": "남성", "A girl who hears stars": "female", "He never sleeps": "male", "猫を飼う少女": "女性",
	} {
		for seed := range uint64(4) {
			var c persona.CharacterDraft
			text := draft(t, persona.CharacterIdea{Name: "X", Description: description}.Brief(), seed)
			if err := json.Unmarshal([]byte(text), &c); err != nil || c.Gender != gender {
				t.Errorf("%s: %q, %v", description, c.Gender, err)
			}
		}
	}
}

func TestAPlotGoesOnFromItsSituation(t *testing.T) {
	for _, idea := range []persona.StoryIdea{
		{Situation: "새벽 3시, 프로젝트 마감이 내일인데 팀원이 3시간째 잠만 자고 있다.", OpponentName: "코딩 안 하고 자는 팀원", CharacterPersona: "밝고 명랑한 성격..."},
		{Situation: "비가 온다", OpponentName: "지우"},
		{Situation: "Three in the morning, and the bridge is out.", OpponentName: "the ferryman"},
		{Situation: "終電を逃した駅のホームに二人きり。", OpponentName: "先輩"},
		{Situation: "暴雨夜，书店只剩我们两个人。", OpponentName: "阿兰"},
		{Situation: strings.Repeat("아주 긴 이야기가 이어진다. ", 100)},
	} {
		last := ""
		for seed := range uint64(6) {
			var s persona.StoryDraft
			if err := json.Unmarshal([]byte(draft(t, idea.Brief(), seed)), &s); err != nil {
				t.Fatal(err)
			}
			begin := strings.TrimRight(idea.Situation, ".。 ")[:6]
			if !strings.HasPrefix(s.Plot, begin) || !strings.Contains(s.Plot, idea.OpponentName) || len([]rune(s.Plot)) < 100 {
				t.Errorf("no plot of %q: %s", idea.Situation, s.Plot)
			}
			if n := len([]rune(s.Plot)); n > 900 {
				t.Errorf("%d characters of a long situation", n)
			}
			if s.Plot == last {
				t.Errorf("made up anew, it is the same: %s", s.Plot)
			}
			last = s.Plot
		}
	}
}

func TestASecondAttemptIsOfTheFirstMessage(t *testing.T) {
	messages := []llm.Message{
		{Role: llm.RoleUser, Content: "이름: 나루토\n설명: 열정적인 닌자"}, {Role: llm.RoleAssistant, Content: "{"},
		{Role: llm.RoleUser, Content: "그 답은 쓸 수 없다: is not valid JSON. 고쳐서 다시 쓴다."},
	}
	schema := json.RawMessage(`{"type":"object","properties":{"name":{"type":"string"},"job":{"type":"string"}},"required":["name","job"]}`)
	text, err := Generate(Request{Messages: messages, Schema: schema, Now: noon})
	if err != nil || text != `{"name":"나루토","job":"닌자"}` {
		t.Errorf("%s, %v", text, err)
	}
}

func TestCastsAreWhole(t *testing.T) {
	for lang, parts := range casts {
		for i, p := range parts {
			for _, property := range []string{
				"name", "gender", "species", "age", "height", "job", "worldview", "personality", "appearance", "description",
				"speech_style", "thoughts", "features", "habits", "guidelines", "category", "title", "sample_dialogue",
			} {
				if len(p.texts[property]) == 0 {
					t.Errorf("language %d, part %d has no %s", lang, i, property)
				}
			}
			for _, list := range []string{"likes", "dislikes", "tags"} {
				if len(p.lists[list]) < taken {
					t.Errorf("language %d, part %d has %d %s", lang, i, len(p.lists[list]), list)
				}
			}
		}
	}
}
