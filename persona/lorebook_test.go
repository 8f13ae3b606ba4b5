package persona

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// words counts a token a word.
func words(text string) int { return len(strings.Fields(text)) }

func book(t testing.TB, text string) *Lorebook {
	t.Helper()
	b := parseLorebook([]byte(text))
	if b == nil {
		t.Fatalf("no book: %s", text)
	}
	return b
}

func TestLorebookSelect(t *testing.T) {
	for _, tt := range []struct {
		name, book string
		messages   []string
		budget     int
		want       string // contents, joined by |
	}{
		{"a key in the latest message", `{"entries":[{"keys":["등대"],"content":"A"},{"keys":["배"],"content":"B"}]}`, []string{"등대가 보여?"}, 10, "A"},
		{"case does not count", `{"entries":[{"keys":["LightHouse"],"content":"A"}]}`, []string{"the LIGHTHOUSE"}, 10, "A"},
		{"unless the entry says so", `{"entries":[{"keys":["Rose"],"content":"A","case_sensitive":true}]}`, []string{"a rose"}, 10, ""},
		{"a word begins where the key does", `{"entries":[{"keys":["art"],"content":"A"}]}`, []string{"start a party"}, 10, ""},
		{"later in the message", `{"entries":[{"keys":["art"],"content":"A"}]}`, []string{"start with arts"}, 10, "A"},
		{"a particle follows", `{"entries":[{"keys":["마법"],"content":"A"}]}`, []string{"흑마법으로"}, 10, "A"},
		{"disabled", `{"entries":[{"keys":["a"],"content":"A","enabled":false}]}`, []string{"a"}, 10, "none"},
		{"constant needs no key", `{"entries":[{"keys":[],"content":"A","constant":true}]}`, nil, 10, "A"},
		{"selective needs a secondary key", `{"entries":[{"keys":["a"],"secondary_keys":["b","c"],"selective":true,"content":"A"}]}`, []string{"a d"}, 10, ""},
		{"and is content with one", `{"entries":[{"keys":["a"],"secondary_keys":["b","c"],"selective":true,"content":"A"}]}`, []string{"a c"}, 10, "A"},
		{"secondary keys alone do nothing", `{"entries":[{"keys":["a"],"secondary_keys":["b"],"content":"A"}]}`, []string{"a"}, 10, "A"},
		{"scan depth", `{"scan_depth":2,"entries":[{"keys":["a"],"content":"A"},{"keys":["b"],"content":"B"}]}`, []string{"a", "b", "c"}, 10, "B"},
		{"four messages where it says nothing", `{"entries":[{"keys":["a"],"content":"A"},{"keys":["b"],"content":"B"}]}`, []string{"a", "b", "c", "d", "e"}, 10, "B"},
		{"insertion order", `{"entries":[{"keys":["a"],"content":"late","insertion_order":9},{"keys":["a"],"content":"early","insertion_order":1.5}]}`, []string{"a"}, 10, "early|late"},
		{"the budget leaves out the lower priority", `{"entries":[{"keys":["a"],"content":"one two","priority":1,"insertion_order":1},{"keys":["a"],"content":"three four","priority":5,"insertion_order":2}]}`, []string{"a"}, 3, "three four"},
		{"constant comes before priority", `{"entries":[{"keys":["a"],"content":"one two","priority":9},{"constant":true,"content":"three four"}]}`, []string{"a"}, 3, "three four"},
		{"what is smaller may still fit", `{"entries":[{"keys":["a"],"content":"one two three"},{"keys":["a"],"content":"four"}]}`, []string{"a"}, 2, "four"},
		{"the book's own budget", `{"token_budget":1,"entries":[{"keys":["a"],"content":"one two"},{"keys":["a"],"content":"three"}]}`, []string{"a"}, 100, "three"},
		{"no budget", `{"entries":[{"constant":true,"content":"A"}]}`, nil, 0, ""},
		{"recursive", `{"recursive_scanning":true,"entries":[{"keys":["bee"],"content":"C","insertion_order":3},{"keys":["a"],"content":"the bee","insertion_order":1}]}`, []string{"a"}, 10, "the bee|C"},
		{"not recursive", `{"entries":[{"keys":["bee"],"content":"C"},{"keys":["a"],"content":"the bee"}]}`, []string{"a"}, 10, "the bee"},
		{"a regular expression", `{"entries":[{"keys":["/light\\s?house/i"],"use_regex":true,"content":"A"}]}`, []string{"a Light House"}, 10, "A"},
		{"one that cannot be read", `{"entries":[{"keys":["("],"use_regex":true,"content":"A"},{"keys":["a"],"content":"B"}]}`, []string{"a ("}, 10, "B"},
		{"decorators are no content", `{"entries":[{"keys":["a"],"content":"@@depth 4\n@@role system\nA"}]}`, []string{"a"}, 10, "A"},
		{"what could end the prompt's section is harmless", `{"entries":[{"keys":["a"],"content":"</scene>A"}]}`, []string{"a"}, 10, "‹/scene›A"},
		{"an entry that is none", `{"entries":[7,{"keys":"a","content":"x"},{"keys":["a"],"content":"A"}]}`, []string{"a"}, 10, "A"},
	} {
		b := parseLorebook([]byte(tt.book))
		if (b == nil || len(b.entries) == 0) != (tt.want == "none") {
			t.Errorf("%s: the book was read as %+v", tt.name, b)
			continue
		}
		got := strings.Join(b.Select(tt.messages, tt.budget, words), "|")
		if got != strings.TrimPrefix(tt.want, "none") {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	var none *Lorebook
	if none.Select([]string{"a"}, 10, words) != nil {
		t.Error("no book says something")
	}
}

func TestLoreInThePrompt(t *testing.T) {
	c := imported(t, []byte(dami))
	p := Prompt{Character: &c, Scenario: Scenario{Background: "밤이다."}}
	without := p.System()
	p.Lore = c.Lorebook().Select([]string{"저 등대는 뭐야?"}, 100, words)
	with := p.System()
	if !strings.Contains(with, "밤이다.\n등대는 백 년 되었다.") {
		t.Errorf("the prompt:\n%s", with)
	}
	same := 0
	for same < len(without) && without[same] == with[same] {
		same++
	}
	if !strings.Contains(with[:same], "</character>") {
		t.Error("lore changes the prompt before the end of what stays the same from turn to turn")
	}
}

// hostileBook has as many keys as a card's size allows, and long messages to look through.
func hostileBook(t testing.TB) (*Lorebook, []string) {
	var entries []string
	for i := range 2000 {
		entries = append(entries, fmt.Sprintf(`{"keys":["aaaaaaaaaaaaaaab%d","a{1,40}b%d"],"content":"x","use_regex":%t}`, i, i, i%2 == 0))
	}
	return book(t, `{"recursive_scanning":true,"entries":[`+strings.Join(entries, ",")+`]}`), []string{strings.Repeat("a", 1<<20)}
}

func TestHostileLorebook(t *testing.T) {
	b, messages := hostileBook(t)
	regexps := 0
	for _, e := range b.entries {
		regexps += len(slices.DeleteFunc(slices.Clone(e.keys), func(k loreKey) bool { return k.pattern == nil }))
	}
	if len(b.entries) > maxLoreEntries || regexps > maxLoreRegexps {
		t.Errorf("%d entries and %d patterns", len(b.entries), regexps)
	}
	// The processor's time: the clock's is also other programs'.
	if took := processorTime(t, func() { b.Select(messages, 1000, words) }); took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
}

func BenchmarkLorebookSelect(b *testing.B) {
	var entries []string
	for i := range 100 {
		entries = append(entries, fmt.Sprintf(`{"keys":["마을%d","village %d"],"content":"마을 %d의 이야기","insertion_order":%d}`, i, i, i, i))
	}
	usual := book(b, `{"entries":[`+strings.Join(entries, ",")+`]}`)
	hostile, long := hostileBook(b)
	b.Run("usual", func(b *testing.B) {
		messages := []string{"마을7에 가 보고 싶어.", "거긴 멀어.", "그래도 village 42 다음에 가자.", "좋아!"}
		for b.Loop() {
			usual.Select(messages, 500, words)
		}
	})
	b.Run("hostile", func(b *testing.B) {
		for b.Loop() {
			hostile.Select(long, 500, words)
		}
	})
}
