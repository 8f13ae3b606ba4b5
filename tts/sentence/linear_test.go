package sentence

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"avatarforge/internal/cputime"
)

// TestLinear pushes a million bytes of what could make a splitter look back, or
// ahead, over all of it for each token. Linear work takes a second or two under the race
// detector; quadratic work is a million times a million steps and does not come back in the
// time allowed, however fast the machine.
func TestLinear(t *testing.T) {
	const size = 1 << 20
	for name, unit := range map[string]string{
		"letters":          "a",
		"hangul":           "가",
		"words":            "그래서 ",
		"clauses":          "하지만, ",
		"spaces":           " ",
		"digits":           "1",
		"numbers":          "1.",
		"dates":            "1. ",
		"initials":         "A. ",
		"dotted":           "a.",
		"exclamations":     "!",
		"ellipsis":         ".",
		"combining marks":  "\u0301",
		"joined emoji":     "👩\u200d",
		"laughter":         "ㅋ",
		"quotation marks":  `"`,
		"open quotes":      "“",
		"asterisks":        "*",
		"backticks":        "`",
		"newlines":         "\n",
		"invalid bytes":    "\xff",
		"half a rune":      "\xe3",
		"symbols":          "=",
		"sentences":        "그래요. ",
		"quoted sentences": `"그래." `,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			heads := []string{""}
			switch name {
			case "letters", "hangul", "spaces": // what a verdict could look ahead over
				heads = append(heads, "가!", "```\n", `"가!"`, `"Go!" A`, "“走！”", "see U.S. ", "so Mr.", "1. ", "I am sure...")
			}
			for _, head := range heads {
				text := head + strings.Repeat(unit, size/len(unit))
				if head != "" {
					text = text[:len(head)+size/4/len(unit)*len(unit)]
				}
				n := 0
				took := cputime.Of(func() {
					var s Splitter
					for rest := text; len(rest) > 0; {
						_, size := utf8.DecodeRuneInString(rest)
						for _, p := range s.Push(rest[:size]) {
							n += len(p)
						}
						s.Held()
						rest = rest[size:]
					}
					for _, p := range s.Flush() {
						n += len(p)
					}
				})
				if n != len(text) {
					t.Errorf("after %q: %d bytes came out, want %d", head, n, len(text))
				}
				if took > time.Minute {
					t.Errorf("after %q: took %v of the processor, more than linear work does", head, took)
				}
			}
		})
	}
}

// TestNoAllocation: a token that ends nothing must cost no garbage, since every
// listener's every token comes through here.
func TestNoAllocation(t *testing.T) {
	s := New()
	tokens := []string{"오늘", "은", " 날씨", "가", " 참", " 좋", "아서", " we", " go", " 3", ".", "5", "km", "\xea", "\xb0\x80", "…", "그", "\"", "안녕", "."}
	if n := testing.AllocsPerRun(20, func() {
		for _, tok := range tokens {
			if got := s.Push(tok); got != nil {
				t.Fatalf("token %q ended %q, and was meant to end nothing", tok, got)
			}
			s.Held()
		}
		s.buf, s.start, s.pos = s.buf[:0], 0, 0 // Flush allocates: it has something to hand out
		s.piece, s.nest, s.run = piece{}, nesting{}, run{}
	}); n != 0 {
		t.Errorf("%v allocations for %d tokens that end nothing, want none", n, len(tokens))
	}
}

// TestOverlong: what has no end is cut where it is heard least.
func TestOverlong(t *testing.T) {
	clause := strings.Repeat("우리는 산을 넘고 ", 3) + "물을 건너서 갔는데, "
	for name, c := range map[string]struct {
		text  string
		check func(pieces []string) bool
	}{
		"at a comma, if there is one": {strings.Repeat(clause, 12), func(pieces []string) bool {
			for _, p := range pieces[:len(pieces)-1] {
				if !strings.HasSuffix(p, ",") {
					return false
				}
			}
			return len(pieces) > 3
		}},
		"at a connective before a space, without commas": {strings.Repeat(strings.ReplaceAll(clause, ",", ""), 12), func(pieces []string) bool {
			for _, p := range pieces[:len(pieces)-1] {
				if !strings.HasSuffix(p, "는데") {
					return false
				}
			}
			return len(pieces) > 3
		}},
		"at a space, without clauses": {strings.Repeat("하늘 바다 ", 100), func(pieces []string) bool {
			for _, p := range pieces[1:] {
				if !strings.HasPrefix(p, " ") {
					return false
				}
			}
			return len(pieces) > 2
		}},
		"between grapheme clusters, without spaces": {strings.Repeat("👩‍👩‍👧‍👦", 300), func(pieces []string) bool {
			for _, p := range pieces {
				if !strings.HasPrefix(p, "👩") || strings.HasSuffix(p, "\u200d") {
					return false
				}
			}
			return len(pieces) > 2
		}},
		"not between a letter and its marks": {strings.Repeat("e\u0301\u0323", 400), func(pieces []string) bool {
			for _, p := range pieces {
				if !strings.HasPrefix(p, "e") {
					return false
				}
			}
			return len(pieces) > 1
		}},
		"not between the jamo of a syllable": {strings.Repeat("\u1112\u1161\u11ab", 400), func(pieces []string) bool {
			for _, p := range pieces {
				if !strings.HasPrefix(p, "\u1112") {
					return false
				}
			}
			return len(pieces) > 2
		}},
		"never, if a sentence is only long": {strings.Repeat("아주 긴 문장을 ", 12) + "말해요.", func(pieces []string) bool { return len(pieces) == 1 }},
	} {
		t.Run(name, func(t *testing.T) {
			for _, tk := range tokenisations() {
				pieces := feedAll(false, tk.split(c.text)...)
				checkPieces(t, c.text, pieces)
				if !c.check(pieces) {
					t.Errorf("%s: %q", tk.name, pieces)
				}
			}
		})
	}
}
