package sentence

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// feedAll pushes the tokens and returns the pieces.
func feedAll(firstClause bool, tokens ...string) []string {
	s := Splitter{FirstClause: firstClause}
	var out []string
	for _, tok := range tokens {
		out = append(out, s.Push(tok)...)
	}
	return append(out, s.Flush()...)
}

// byteTokens breaks s into tokens of the sizes given, in bytes, over and over.
func byteTokens(s string, sizes []byte) []string {
	var out []string
	for i := 0; len(s) > 0; i++ {
		n := 1
		if len(sizes) > 0 {
			n = min(len(s), 1+int(sizes[i%len(sizes)])%7)
		}
		out = append(out, s[:n])
		s = s[n:]
	}
	return out
}

// mendRuns joins tokens whose border falls behind a rune that may be part of a run
// and before one that is no white space: the only borders that cuts may depend on.
func mendRuns(tokens []string) []string {
	var out []string
	for _, tok := range tokens {
		if n := len(out); n > 0 && !isFreeBorder(out[n-1], tok) {
			out[n-1] += tok
			continue
		}
		out = append(out, tok)
	}
	return out
}

func isFreeBorder(before, behind string) bool {
	last, size := utf8.DecodeLastRuneInString(before)
	if last == utf8.RuneError && size <= 1 {
		return false // inside a rune, so what the border is beside cannot be told
	}
	next, _ := utf8.DecodeRuneInString(behind)
	if c := classOf(next); c == space || c == newline {
		return true
	}
	c := classOf(last)
	return c.isLetter() || c == space || c == newline || c == digit
}

// checkPieces holds the promises that every text and every tokenisation is given.
func checkPieces(t interface {
	Helper()
	Fatalf(string, ...any)
}, text string, pieces []string) {
	t.Helper()
	if joined := strings.Join(pieces, ""); joined != text {
		t.Fatalf("pieces joined are %q, want the text to the byte, %q", joined, text)
	}
	for _, p := range pieces {
		if p == "" {
			t.Fatalf("an empty piece in %q", pieces)
		}
	}
}

func FuzzSplitter(f *testing.F) {
	for _, seed := range []string{
		"안녕하세요. 반가워요!", "정말요?! 그건... 음, 어려워.", "\"안녕.\"이라고 했어. 그래.", "2026. 11. 24. 1~2시간", "a\xffb.\xe3\x80", "```\n. \n```\n그래.",
		"Dr. Smith... well. U.S. Army. e.g. this.", "「行くよ。」と言った。えっと……その。", "👨‍👩‍👧‍👦 ❤️ 좋아😊 그래", "*웃으며.* (음!) **안녕!** `a.b`", "1. 하나 2. 둘\r\n\r\n끝",
	} {
		f.Add(seed, []byte{0, 2, 5}, true)
		f.Add(seed, []byte{}, false)
	}
	f.Fuzz(func(t *testing.T, text string, sizes []byte, firstClause bool) {
		whole := feedAll(firstClause, text)
		checkPieces(t, text, whole)
		tokens := byteTokens(text, sizes)
		checkPieces(t, text, feedAll(firstClause, tokens...))

		mended := feedAll(firstClause, mendRuns(tokens)...)
		if strings.Join(mended, "\x00|") != strings.Join(whole, "\x00|") {
			t.Fatalf("cuts depend on tokens that break no run:\n%q\nas a whole %q\nin tokens  %q", mendRuns(tokens), whole, mended)
		}

		paused := Splitter{FirstClause: firstClause}
		var pieces []string
		for _, tok := range tokens {
			pieces = append(pieces, paused.Push(tok)...)
			held := paused.Held()
			got := paused.Pause()
			if held != (len(got) > 0) {
				t.Fatalf("Held is %t and Pause gives %q: the caller's timer relies on it", held, got)
			}
			if paused.Held() {
				t.Fatalf("held still, after a pause that gave %q", got)
			}
			pieces = append(pieces, got...)
		}
		checkPieces(t, text, append(pieces, paused.Flush()...))

		// A Splitter that has been flushed is as good as a new one.
		again := append(paused.Push(text), paused.Flush()...)
		if strings.Join(again, "\x00|") != strings.Join(whole, "\x00|") {
			t.Fatalf("used again it gives %q, new %q", again, whole)
		}
	})
}

// chatText draws text from what chat replies are made of, so that the rules meet in
// every combination.
func chatText() *rapid.Generator[string] {
	atom := rapid.SampledFrom([]string{
		"안녕", "하세요", "그건", "좋아", "요", "다", "음", "라고", "는", "Dr", "U", "S", "hello", "I", "e", "g", "そう", "です", "と", "我", "走吧", "3", "2026", "12",
		".", ".", "!", "?", "~", "...", "…", "。", "！", "？", ",", "、", ":", ";", "—", " ", " ", " ", "\n", "\r\n", "\"", "'", "“", "”", "「", "」", "(", ")", "*", "**", "`", "```", "_",
		"😊", "❤️", "👨‍👩‍👧", "ㅋㅋ", "ㅠ", "^^", "-", "1. ", "@", "://", "\u0301", "\xff", "\x00",
		"                                        ", "Extraordinarily", "제1장", "요", "U.S.", "said", "라고 ", "report", "…", "～",
	})
	return rapid.Map(rapid.SliceOfN(atom, 0, 60), func(atoms []string) string { return strings.Join(atoms, "") })
}

func TestPiecesProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := chatText().Draw(t, "text")
		sizes := rapid.SliceOfN(rapid.Byte(), 1, 8).Draw(t, "sizes")
		firstClause := rapid.Bool().Draw(t, "firstClause")
		whole := feedAll(firstClause, text)
		checkPieces(t, text, whole)
		tokens := byteTokens(text, sizes)
		pieces := feedAll(firstClause, tokens...)
		checkPieces(t, text, pieces)
		for i, p := range pieces {
			if i < len(pieces)-1 && !strings.ContainsFunc(p, func(r rune) bool { return classOf(r).isLetter() || classOf(r) == digit }) && !strings.Contains(p, "```") {
				t.Fatalf("piece %q of %q has nothing to speak: only the last may", p, pieces)
			}
		}
		mended := feedAll(firstClause, mendRuns(tokens)...)
		if strings.Join(mended, "|") != strings.Join(whole, "|") {
			t.Fatalf("cuts depend on tokens that break no run:\n%q\nas a whole %q\nin tokens  %q", mendRuns(tokens), whole, mended)
		}
	})
}
