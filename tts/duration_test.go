package tts

import (
	"testing"
	"time"
)

// A voice may be a third slower or faster; a guess outside these bounds would call
// good speech implausible or let lost words pass.
func TestEstimateDuration(t *testing.T) {
	for _, test := range []struct {
		spoken   string
		min, max time.Duration
	}{
		{"", 0, 0},
		{"네.", 300 * time.Millisecond, time.Second},
		{"안녕하세요.", time.Second, 2 * time.Second},
		{"오늘은 날씨가 정말 좋아서 산책을 하고 싶어요.", 3 * time.Second, 5 * time.Second},
		{"こんにちは。", time.Second, 2 * time.Second},
		{"今日は天気がとてもいいですね。", 2 * time.Second, 4 * time.Second},
		{"你好,很高兴认识你。", 2 * time.Second, 3 * time.Second},
		{"Hello, it is very nice to meet you.", 1800 * time.Millisecond, 3500 * time.Millisecond},
		{"A I.", 700 * time.Millisecond, 1500 * time.Millisecond},
	} {
		if got := EstimateDuration(test.spoken); got < test.min || got > test.max {
			t.Errorf("EstimateDuration(%q) = %v, want %v to %v", test.spoken, got, test.min, test.max)
		}
	}
}

func TestEstimateDurationGrowsWithTheText(t *testing.T) {
	for _, c := range spokenCases(t) {
		var before time.Duration
		for i := range c.wantVoice {
			d := EstimateDuration(c.wantVoice[:i])
			if d < before {
				t.Fatalf("%q takes %v, its beginning %v", c.wantVoice[:i], d, before)
			}
			before = d
		}
	}
}

func BenchmarkEstimateDuration(b *testing.B) {
	for b.Loop() {
		EstimateDuration("오늘은 날씨가 정말 좋아서 공원에 산책하러 가고 싶어요, 같이 갈래요?")
	}
}
