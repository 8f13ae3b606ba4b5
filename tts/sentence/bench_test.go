package sentence

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// benchText is a reply of some length in each language.
var benchText = strings.Repeat(`안녕하세요! 오늘은 2026. 11. 24. 화요일이에요. *웃으며* "같이 갈래?"라고 물었지만, 그는 대답이 없었다... 음, 1~2시간 뒤에 다시 올게요~
I met Dr. Smith at 3.30 p.m. in the U.S. and he said, "Let's go!" Then we left... 「行くよ。」と言った。今日はいい天気ですね。我们走吧！你觉得呢？ `, 100)

// benchmarkPush is the splitter next to the floor: collecting the tokens in one text, and looking at
// each character once.
func benchmarkPush(b *testing.B, tokens []string) {
	runes := 0
	for _, tok := range tokens {
		runes += utf8.RuneCountInString(tok)
	}
	run := func(name string, push func(string), flush func()) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for _, tok := range tokens {
					push(tok)
				}
				flush()
			}
			b.ReportMetric(float64(runes)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrunes/s")
		})
	}
	var text []byte
	ends := 0
	run("floor", func(tok string) {
		text = append(text, tok...)
		for _, r := range tok {
			if r == '.' || r == '。' {
				ends++
			}
		}
	}, func() { text = text[:0] })
	if ends == 0 {
		b.Fatal("no end was seen")
	}
	s := New()
	run("splitter", func(tok string) { s.Push(tok) }, func() { s.Flush() })
}

func BenchmarkPushRunes(b *testing.B)  { benchmarkPush(b, runeTokens(benchText)) }
func BenchmarkPushTokens(b *testing.B) { benchmarkPush(b, modelTokens(benchText)) }
func BenchmarkPushWhole(b *testing.B)  { benchmarkPush(b, []string{benchText}) }

// BenchmarkPushNoEnd is a token that ends nothing: the common case.
func BenchmarkPushNoEnd(b *testing.B) {
	s := New()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%10 == 0 {
			s.Flush()
		}
		s.Push(" 안녕")
	}
}
