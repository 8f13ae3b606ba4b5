package session

import (
	"fmt"
	"log/slog"
	"testing"

	"avatarforge/llm"
	"avatarforge/persona"
	"avatarforge/realtime"
)

// longConversation is a session with so many turns, restored, of which a summary stands for
// the first ones.
func longConversation(b *testing.B, turns, summarised int) *Session {
	b.Helper()
	counter, err := llm.NewCounter()
	if err != nil {
		b.Fatal(err)
	}
	cfg := &Config{}
	cfg.setDefaults()
	calibration := llm.NewCalibration(llm.Ratio{Model: "m", Wide: true, Ratio: 1.2, Samples: 20}, llm.Ratio{Model: "m", Ratio: 1, Samples: 20})
	s := &Session{
		id: "s", owner: "anna", cfg: cfg, log: slog.New(slog.DiscardHandler),
		up: &Upstreams{Tokens: counter, Calibration: calibration},
		part: part{character: &persona.Character{
			Name: "헤르미온느 그레인저", Personality: "똑똑함, 책임감, 완벽주의, 용기, 충성심, 호기심, 인내심, 배려심, 지식욕, 정의감",
			SpeechStyle: "정중하고 학술적인 말투, 때로는 교사처럼 설명하는 스타일",
		}},
		object: realtime.Session{Model: "m"},
	}
	for i := range turns {
		s.items.list = append(s.items.list,
			said(realtime.RoleUser, fmt.Sprint("u", i), fmt.Sprintf("%d번째 이야기예요. 오늘은 골목 끝 빵집에서 갓 구운 식빵을 샀는데 냄새가 아주 좋았어요.", i)),
			said(realtime.RoleAssistant, fmt.Sprint("a", i), fmt.Sprintf("그랬군요! %d번째 이야기도 마음이 따뜻해져요. 더 들려주세요.", i)))
	}
	if summarised > 0 {
		s.memory.recalled = recalled{
			summary: Summary{Text: "지수는 빵집을 좋아하고, 토요일에 헤르미온느와 도서관에서 만나기로 했다."},
			items:   2 * summarised, turns: summarised, digest: digest{}.over(s.items.list[:2*summarised]),
		}
	}
	return s
}

// BenchmarkPrompt is what a turn spends on its prompt, before the model is asked.
func BenchmarkPrompt(b *testing.B) {
	for name, turns := range map[string][2]int{
		"turn 200":                       {200, 184},
		"10,000 items restored":          {5000, 4984},
		"10,000 items without a summary": {5000, 0},
	} {
		b.Run(name, func(b *testing.B) {
			s := longConversation(b, turns[0], turns[1])
			n := len(s.items.list)
			b.ReportAllocs()
			for b.Loop() {
				// A turn has a new message to count.
				s.items.list[n-1] = said(realtime.RoleUser, "new", "그 식빵, 어디서 샀다고 했지요?")
				if _, err := s.prompt(&realtime.ResponseOverrides{}, 1024); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+", the first", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				s := longConversation(b, turns[0], turns[1])
				measure(s.items.list[s.memory.items:], s.up.Tokens, s.cfg.ContextSize)
				b.StartTimer()
				if _, err := s.prompt(&realtime.ResponseOverrides{}, 1024); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkMeasure is what the restoring of a conversation spends on counting it.
func BenchmarkMeasure(b *testing.B) {
	s := longConversation(b, 5000, 0)
	b.ReportAllocs()
	for b.Loop() {
		measure(s.items.list, s.up.Tokens, s.cfg.ContextSize)
	}
}

// BenchmarkRecall is what the restoring of a conversation spends on finding its summary.
func BenchmarkRecall(b *testing.B) {
	s := longConversation(b, 5000, 4984)
	kept := []Summary{{Covers: s.memory.digest.String(), UpTo: s.items.list[s.memory.items-1].ID}}
	b.ReportAllocs()
	for b.Loop() {
		if found, _ := recall(s.items.list, kept); found.items != s.memory.items {
			b.Fatal(found.items)
		}
	}
}
