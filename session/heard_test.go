package session

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestHeardTextEndsAtAWord(t *testing.T) {
	const s = time.Second
	full := "안녕, 나는 헤르미온느야. 만나서 반가워!"
	first, second := full[:strings.Index(full, " 만")], full[strings.Index(full, " 만"):]
	speech := []spokenText{{first, 0, 2 * s}, {second, 2 * s, s}}
	for _, tt := range []struct {
		heard time.Duration
		want  string
		why   string
	}{
		{0, "", "nothing has sounded"},
		{100 * time.Millisecond, "", "the first word has only begun"},
		{600 * time.Millisecond, "안녕,", "2 of 10 syllables end at 0.4 s, the next word at 0.8 s"},
		{900 * time.Millisecond, "안녕, 나는", "the second word has ended"},
		{2 * s, first, "the first sentence is over"},
		{2*s + 10*time.Millisecond, first, "the second has begun, no word of it has ended"},
		{2*s + 600*time.Millisecond, first + " 만나서", "3 of 6 syllables end at 0.5 s"},
		{3 * s, full, "all of it"},
		{time.Hour, full, "all of it, whatever the listener's clock says"},
	} {
		if got := heardText(full, speech, tt.heard); got != tt.want {
			t.Errorf("after %v: %q, want %q: %s", tt.heard, got, tt.want, tt.why)
		}
	}
}

func TestHeardTextWithoutSpaces(t *testing.T) {
	full := "こんにちは。元気ですか？"
	speech := []spokenText{{"こんにちは。", 0, time.Second}, {"元気ですか？", time.Second, time.Second}}
	if got, want := heardText(full, speech, 600*time.Millisecond), "こんに"; got != want {
		t.Errorf("got %q, want %q: a character is a word where there are no spaces", got, want)
	}
	if got, want := heardText(full, speech, time.Second), "こんにちは。"; got != want {
		t.Errorf("got %q, want %q: the mark belongs to the character before it", got, want)
	}
}

// A sentence that could not be spoken takes no time: it does not hold up those after it.
func TestHeardTextSkipsWhatTookNoTime(t *testing.T) {
	speech := []spokenText{{"😀", 0, 0}, {" Hello there.", 0, time.Second}}
	if got, want := heardText("😀 Hello there.", speech, time.Second), "😀 Hello there."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// What was heard is a front of the text, grows with time, and is all of it at the end.
func TestHeardTextGrows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var full string
		var speech []spokenText
		at := time.Duration(0)
		for _, text := range rapid.SliceOfN(rapid.StringMatching(`( ?[가나다a-z漢字、.!0-9]{1,6}){1,8}`), 1, 5).Draw(t, "sentences") {
			d := time.Duration(rapid.IntRange(0, 5000).Draw(t, "ms")) * time.Millisecond
			speech = append(speech, spokenText{text, at, d})
			full, at = full+text, at+d
		}
		a := time.Duration(rapid.Int64Range(0, int64(at)).Draw(t, "a"))
		b := a + time.Duration(rapid.Int64Range(0, int64(at)).Draw(t, "b"))
		early, late := heardText(full, speech, a), heardText(full, speech, b)
		if !strings.HasPrefix(full, early) || !strings.HasPrefix(late, early) {
			t.Errorf("%q at %v and %q at %v of %q", early, a, late, b, full)
		}
		if got := heardText(full, speech, at+1); got != full {
			t.Errorf("%q at the end, want %q", got, full)
		}
	})
}
