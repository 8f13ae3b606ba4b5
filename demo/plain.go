package demo

import (
	"context"
	"math"
	"time"

	"avatarforge/llm/llmtest"
	"avatarforge/tts"
	"avatarforge/tts/ttstest"
)

// plainReplies are what the model says with Config.Plain, in tokens: three sentences each,
// of some twelve seconds of speech together.
func plainReplies() (replies [][]string) {
	for _, text := range [...]string{
		"안녕하세요, 오늘도 찾아와 주셔서 정말 반가워요. 바깥은 바람이 차니까 따뜻한 차를 한 잔 준비해 둘게요. 그동안 어떻게 지냈는지 천천히 이야기해 주세요!",
		"That sounds like a long and busy day for you. Sit down for a while and let me put the kettle on. Then tell me about it from the beginning, will you?",
		"그 이야기를 들으니까 어릴 때 살던 마을이 생각나요. 여름밤이면 다 같이 강가에 나가서 별을 세곤 했거든요. 당신에게도 그렇게 오래 남아 있는 밤이 있나요?",
		"I would take the small road along the river, if I were you. It is longer, but the old bridge is worth every step of it. Shall I draw you a map of the way?",
	} {
		replies = append(replies, llmtest.SplitTokens(text))
	}
	return replies
}

// plainVoice makes a tone as long as a text would take to say, out of one made beforehand.
func plainVoice(longest time.Duration) func(context.Context, ttstest.Speech) ([]int16, error) {
	const rate, hertz, loudness = 48000, 220, 4000 // GPT-SoVITS's highest rate
	tone := make([]int16, int(longest.Seconds()*rate))
	for i := range tone {
		tone[i] = int16(loudness * math.Sin(2*math.Pi*hertz*float64(i)/rate))
	}
	return func(_ context.Context, s ttstest.Speech) ([]int16, error) {
		lasts := tts.EstimateDuration(s.Text).Seconds()
		if s.SpeedFactor > 0 {
			lasts /= s.SpeedFactor
		}
		n := min(int(lasts*float64(s.Rate)), len(tone))
		return tone[:n:n], nil // what is appended must not become part of the tone
	}
}
