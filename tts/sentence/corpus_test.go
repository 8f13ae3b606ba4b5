package sentence

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// turn is one line of a corpus: a text, and where in it sentences end.
type turn struct {
	line string // file:line
	lang string
	text string
	cuts []int
}

// readCorpus reads testdata/name, in the format that its head describes.
func readCorpus(t *testing.T, name string) []turn {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var turns []turn
	lang := ""
	sc := bufio.NewScanner(f)
	for n := 1; sc.Scan(); n++ {
		line := sc.Text()
		switch {
		case line == "", strings.HasPrefix(line, "# ") && lang == "", line == "#":
			continue
		case line[0] == '@' && len(line) == 3:
			lang = line[1:]
			continue
		}
		tn := turn{line: fmt.Sprintf("%s:%d", name, n), lang: lang}
		line = strings.NewReplacer(`\n`, "\n", `\|`, "\x00").Replace(line)
		parts := strings.Split(line, "|")
		for i, part := range parts {
			if i > 0 {
				tn.cuts = append(tn.cuts, len(tn.text))
			}
			tn.text += strings.ReplaceAll(part, "\x00", "|")
		}
		tn.cuts = normalCuts(tn.text, tn.cuts)
		turns = append(turns, tn)
	}
	if err := sc.Err(); err != nil {
		t.Fatal(err)
	}
	return turns
}

// normalCuts moves cuts to the front of the white space before them, and drops those
// at the text's ends: white space beside a cut belongs to either side.
func normalCuts(text string, cuts []int) []int {
	var out []int
	for _, c := range cuts {
		n := len(strings.TrimRightFunc(text[:c], unicode.IsSpace))
		if strings.TrimSpace(text[n:]) != "" && n > 0 {
			out = append(out, n)
		}
	}
	return slices.Compact(out)
}

// tokenisation is a way to break a text into tokens.
type tokenisation struct {
	name  string
	split func(text string) []string
	// slow: each token is followed by a pause that the splitter is told of, as it is
	// with a model of fewer than 12 tokens per second.
	slow bool
}

func tokenisations() []tokenisation {
	return []tokenisation{
		{name: "runes", split: runeTokens},
		{name: "model", split: modelTokens},
		{name: "slow model", split: modelTokens, slow: true},
		{name: "words", split: func(s string) []string { return strings.SplitAfter(s, " ") }},
		{name: "random", split: func(s string) []string { return randomTokens(s, 4, 1) }},
	}
}

func runeTokens(s string) []string {
	var out []string
	for len(s) > 0 {
		_, n := utf8.DecodeRuneInString(s)
		out = append(out, s[:n])
		s = s[n:]
	}
	return out
}

// randomTokens breaks s into tokens of 1 to most runes.
func randomTokens(s string, most int, seed uint64) []string {
	rnd := rand.New(rand.NewPCG(seed, uint64(len(s))))
	var out []string
	for len(s) > 0 {
		n := 0
		for range 1 + rnd.IntN(most) {
			_, size := utf8.DecodeRuneInString(s[n:])
			n += size
		}
		out = append(out, s[:n])
		s = s[n:]
	}
	return out
}

// modelTokens breaks s as the tokenisers of language models do: a word piece with
// the space before it, a run of punctuation, line ends.
func modelTokens(s string) []string {
	kind := func(r rune) int {
		switch {
		case unicode.IsLetter(r) || unicode.Is(unicode.Mn, r):
			return 1
		case unicode.IsDigit(r):
			return 2
		case unicode.IsSpace(r):
			return 3
		}
		return 4
	}
	var out []string
	runes := []rune(s)
	for i := 0; i < len(runes); {
		j := i
		if runes[j] == ' ' && j+1 < len(runes) && kind(runes[j+1]) != 3 {
			j++
		}
		k, most := kind(runes[j]), 8
		if k == 1 && runes[j] > 0x7F {
			most = 2 // a Hangul or Han token is a syllable or two
		}
		for n := 0; j < len(runes) && kind(runes[j]) == k && n < most; n++ {
			j++
		}
		out = append(out, string(runes[i:j]))
		i = j
	}
	return out
}

// outcome counts over the turns of a language.
type outcome struct {
	right, wrong, missed int
	waits                []int
	firsts               []int // of them, those for a turn's first piece
}

func (o outcome) precision() float64 { return ratio(o.right, o.right+o.wrong) }
func (o outcome) recall() float64    { return ratio(o.right, o.right+o.missed) }

func ratio(a, b int) float64 {
	if b == 0 {
		return 1
	}
	return float64(a) / float64(b)
}

// median of the characters that came between an end and its piece.
func (o outcome) median() int {
	if len(o.waits) == 0 {
		return 0
	}
	slices.Sort(o.waits)
	return o.waits[len(o.waits)/2]
}

// immediate is the share of waits that are none.
func immediate(waits []int) float64 {
	n := 0
	for _, w := range waits {
		if w == 0 {
			n++
		}
	}
	return ratio(n, len(waits))
}

func (o *outcome) add(p outcome) {
	o.right += p.right
	o.wrong += p.wrong
	o.missed += p.missed
	o.waits = append(o.waits, p.waits...)
	o.firsts = append(o.firsts, p.firsts...)
}

// run feeds a turn and compares. The wait for an end is how many runes had to be pushed
// behind it, up to the first of the token that brought the piece.
func (tn turn) run(t *testing.T, tokens []string, slow bool) (o outcome, marked string) {
	t.Helper()
	var s Splitter
	var cuts []int
	joined := ""
	pushed, tokenStart := 0, 0
	take := func(pieces []string) {
		for _, p := range pieces {
			joined += p
			cuts = append(cuts, len(joined))
			wait := 0
			if end := len(joined); end <= tokenStart {
				wait = utf8.RuneCountInString(tn.text[end:tokenStart]) + 1
			}
			o.waits = append(o.waits, wait)
		}
	}
	for _, tok := range tokens {
		tokenStart = pushed
		pushed += len(tok)
		take(s.Push(tok))
		if slow {
			take(s.Pause())
		}
	}
	take(s.Flush())
	if joined != tn.text {
		t.Errorf("%s: pieces joined are %q, want the text %q", tn.line, joined, tn.text)
	}
	if n := len(cuts); n > 0 { // the turn's own end is no achievement
		o.waits = o.waits[:n-1]
	}
	o.firsts = o.waits[:min(1, len(o.waits))]
	var b strings.Builder
	got := normalCuts(tn.text, cuts)
	last := 0
	for _, c := range slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(got), tn.cuts...)))) {
		b.WriteString(tn.text[last:c])
		last = c
		inGot, inWant := slices.Contains(got, c), slices.Contains(tn.cuts, c)
		switch {
		case inGot && inWant:
			o.right++
			b.WriteString("|")
		case inGot:
			o.wrong++
			b.WriteString("{+}")
		default:
			o.missed++
			b.WriteString("{-}")
		}
	}
	b.WriteString(tn.text[last:])
	return o, b.String()
}

func scoreCorpus(t *testing.T, name string, least float64) {
	turns := readCorpus(t, name)
	for _, tk := range tokenisations() {
		t.Run(tk.name, func(t *testing.T) {
			by := map[string]*outcome{}
			var all outcome
			for _, tn := range turns {
				o, marked := tn.run(t, tk.split(tn.text), tk.slow)
				if o.wrong+o.missed > 0 {
					t.Logf("%s %q", tn.line, marked)
				}
				if by[tn.lang] == nil {
					by[tn.lang] = &outcome{}
				}
				by[tn.lang].add(o)
				all.add(o)
			}
			by["all"] = &all
			for _, lang := range slices.Sorted(mapKeys(by)) {
				o := by[lang]
				t.Logf("%-4s ends %3d  precision %.3f  recall %.3f  median wait %d  at once %.0f %%, the first %.0f %%",
					lang, o.right+o.missed, o.precision(), o.recall(), o.median(), 100*immediate(o.waits), 100*immediate(o.firsts))
				if o.precision() < least || o.recall() < least {
					t.Errorf("%s: precision %.3f, recall %.3f; the product needs %.2f of each", lang, o.precision(), o.recall(), least)
				}
			}
			if all.median() != 0 {
				t.Errorf("median wait is %d characters: speech must start with the end of its sentence", all.median())
			}
		})
	}
}

func mapKeys(m map[string]*outcome) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// TestCorpus is the quality that the product promises.
func TestCorpus(t *testing.T) { scoreCorpus(t, "corpus.txt", 0.98) }

// TestHeldOut scores the rules on text that they were not made for.
func TestHeldOut(t *testing.T) { scoreCorpus(t, "heldout.txt", 0.98) }
