package llm

import (
	"strings"
	"sync"
	"testing"
	"time"
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
	messages := []Message{{RoleSystem, "hello world"}, {RoleUser, ""}}
	want(t, "each message and the reply have their marks", c.CountMessages(messages), 2+2*messageOverhead+replyOverhead)
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

// TestCountIsNotQuadratic compares the cost of ten times the text, which is ten times
// as much if it is linear and a hundred times if it is not.
func TestCountIsNotQuadratic(t *testing.T) {
	c := newCounter(t)
	cost := func(n int) time.Duration {
		text := strings.Repeat("가", n)
		least := time.Hour
		for range 3 {
			begun := time.Now()
			c.Count(text)
			least = min(least, time.Since(begun))
		}
		return least
	}
	short, long := cost(2_000), cost(20_000)
	if long > 40*short {
		t.Errorf("2,000 characters without a space take %v, 20,000 take %v", short, long)
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

func TestCalibration(t *testing.T) {
	var c Calibration
	want(t, "a model that nothing is known of counts as the counter does", c.Scale("m", 1000), 1000)
	for range 20 {
		c.Observe("m", 1000, 1300)
	}
	if got := c.Scale("m", 1000); got < 1295 || got > 1301 {
		t.Errorf("a steady ratio is learned: got %d, want 1300", got)
	}
	want(t, "another model is another ratio", c.Scale("n", 1000), 1000)
	want(t, "a scaled figure is rounded up", c.Scale("m", 1), 2)

	before := c.Scale("m", 1000)
	for name, o := range map[string][2]int{
		"a server that tells nothing":            {1000, 0},
		"a prompt that was cached":               {1000, 30},
		"a prompt that was cut to half a window": {1000, 499},
		"a count that cannot be":                 {1000, 2001},
		"a prompt too short to learn from":       {minEstimate - 1, 100},
	} {
		c.Observe("m", o[0], o[1])
		want(t, name+" is not learned from", c.Scale("m", 1000), before)
	}
	c.Observe("m", 1000, 700)
	if got := c.Scale("m", 1000); got < 1200 {
		t.Errorf("a partly cached prompt does little harm: got %d after one", got)
	}
	c.Observe("m", 1000, 2000)
	if got := c.Scale("m", 1000); got < 1600 {
		t.Errorf("a higher count is believed soon, for too low an estimate overflows: got %d after one", got)
	}
	for range 100 {
		c.Observe("m", 1000, 500)
	}
	if got := c.Scale("m", 1000); got < 500 || got > 510 {
		t.Errorf("a ratio stays above a half: got %d", got)
	}
}
