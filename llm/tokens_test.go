package llm

import (
	"crypto/sha256"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

func newCounter(tb testing.TB) *Counter {
	tb.Helper()
	c, err := NewCounter()
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func TestCount(t *testing.T) {
	c := newCounter(t)
	for text, wanted := range map[string]int{
		"":            0,
		"hello world": 2, // published examples of o200k agree
		"안녕하세요":       1 + 1,
		"안녕하세요, 오늘 날씨가 참 좋네요!": 11,
		"<|endoftext|>": 7, // text, not a mark of the vocabulary
		"\xff\xfe":      1, // no text: counted as what stands in for it
	} {
		if got := c.Count(text); got != wanted {
			t.Errorf("%q: got %d tokens, want %d", text, got, wanted)
		}
	}
}

func TestMeasure(t *testing.T) {
	c := newCounter(t)
	for text, wanted := range map[string]Size{
		"":                {},
		"hello world":     {Plain: 2},
		"안녕하세요, 오늘 날씨가 참": {Wide: 8}, // but for a comma and the spaces, and rounded up
		"\xff\xfe":        {Wide: 1},
	} {
		if got := c.Measure(text); got != wanted {
			t.Errorf("%q: got %+v, want %+v", text, got, wanted)
		}
	}
	text := "오늘은 <b>Seoul</b>에서 meeting이 있어요 😀"
	want(t, "the kinds add up to the count", c.Measure(text).Total(), c.Count(text))
	want(t, "a message has its marks", c.MessageSize("hello world").Plain, 2+messageOverhead)
}

func TestCountInPiecesIsTheCount(t *testing.T) {
	c := newCounter(t)
	for name, sentence := range map[string]string{
		"Korean":  "오늘은 날씨가 참 좋네요. 산책하러 갈까요? 네, 좋아요! 3시 30분에 만나요. ",
		"English": "It's a fine day; shall we go for a walk, say at 3:30? Yes, please! ",
		"mixed":   "**AI**는 2026. 11. 24.에 `v1.2`가 나왔어요.\n\n- 하나\n- 둘 ",
	} {
		text := strings.Repeat(sentence, 100)
		whole := len(c.encoder.EncodeOrdinary(text))
		want(t, name+" is cut where the vocabulary cuts as well", c.Count(text), whole)
	}
}

func TestPiecesAreTheText(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("가나다", 1000), strings.Repeat("가나다 ", 1000), strings.Repeat(" ", 3000),
		strings.Repeat("a\n", 700), strings.Repeat("\xff", 1000), "짧다", strings.Repeat("가", maxPiece), strings.Repeat("가", maxPiece) + " ",
	} {
		var joined strings.Builder
		for rest := text; rest != ""; {
			n := pieceLen(rest)
			piece := rest[:n]
			if count := utf8.RuneCountInString(piece); count == 0 || count > maxPiece {
				t.Fatalf("a piece of %d characters, want 1 to %d", count, maxPiece)
			}
			if utf8.ValidString(text) && !utf8.ValidString(piece) {
				t.Fatalf("a piece ends inside a character: %q", piece)
			}
			joined.WriteString(piece)
			rest = rest[n:]
		}
		if joined.String() != text {
			t.Fatal("the pieces joined are not the text")
		}
	}
}

// TestRunsAreCountedInPieces shows that no run reaches the encoder whole, by a text
// whose pieces come to another figure than its one run does.
func TestRunsAreCountedInPieces(t *testing.T) {
	c := newCounter(t)
	text := strings.Repeat("안녕하세요", 1001) // 250 characters end inside a token here and there
	text = text[len("안녕"):]
	inPieces := 0
	for runes := []rune(text); len(runes) > 0; {
		n := min(maxPiece, len(runes))
		inPieces += len(c.encoder.EncodeOrdinary(string(runes[:n])))
		runes = runes[n:]
	}
	whole := len(c.encoder.EncodeOrdinary(text))
	if whole == inPieces {
		t.Fatalf("the text is no good for this test: %d tokens either way", whole)
	}
	want(t, "a run without spaces is cut, or its time would grow with its square", c.Count(text), inPieces)
	if allowed := whole + len([]rune(text))/maxPiece + 1; inPieces > allowed {
		t.Errorf("a cut costs at most one token: got %d, want %d at most", inPieces, allowed)
	}
}

// A character's prompt is counted once for all who talk with it.
func TestSharedTextsAreCountedOnce(t *testing.T) {
	c := newCounter(t)
	for _, text := range []string{strings.Repeat("당신은 헤르미온느입니다. ", 40), "안녕하세요", ""} {
		want(t, "a text is counted", c.CountShared(text), c.Count(text))
		want(t, "a message has its marks", c.SharedMessageSize(text), c.MessageSize(text))
		_, kept := c.shared.Get(sha256.Sum256([]byte(text)))
		want(t, "its count is kept", kept, true)
		c.shared.Add(sha256.Sum256([]byte(text)), 77)
		want(t, "it is not counted again", c.CountShared(text), 77)
	}
}

func TestCounterIsSafeForSeveralGoroutines(t *testing.T) {
	c := newCounter(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if got := c.Count("hello world"); got != 2 {
				t.Errorf("got %d", got)
			}
		})
	}
	all.Wait()
}
