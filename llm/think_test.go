package llm

import (
	"regexp"
	"strings"
	"testing"
)

// filtered runs pieces through a filter and returns what came out for each, and at
// the end.
func filtered(pieces []string) (out []string) {
	var f thinkFilter
	for _, p := range pieces {
		out = append(out, f.push(p))
	}
	return append(out, f.flush())
}

func TestThinkFilter(t *testing.T) {
	for name, c := range map[string]struct{ in, out string }{
		"no thoughts":                        {"안녕|하세요", "안녕|하세요|"},
		"thoughts first":                     {"<think>|음|</think>|네", "|||네|"},
		"all in one piece":                   {"<think>음</think>네", "네|"},
		"white space after thoughts":         {"<think>\n|음\n|</think>|\n\n|네\n|네", "||||네\n|네|"},
		"white space ahead of thoughts":      {"\n|<think>음</think>|\n네", "\n||네|"},
		"tags in pieces":                     {"<|th|ink>|음|</|think|>|네", "|||||||네|"},
		"a tag character by character":       {"<|t|h|i|n|k|>|a|<|/|t|h|i|n|k|>|네", "||||||||||||||||네|"},
		"an empty thought":                   {"<think>|\n\n|</think>|\n\n|네", "||||네|"},
		"a closing tag that nothing opened":  {"</think>|\n\n|네", "||네|"},
		"the same in the middle":             {"네|</think>| 네", "네|| 네|"},
		"thoughts in the middle":             {"네, |<think>|음|</think>| 네", "네, |||| 네|"},
		"thoughts twice":                     {"<think>a</think>네<think>b</think>요", "네요|"},
		"thoughts without an end":            {"네|<think>|음", "네|||"},
		"something that only looks like one": {"a <| b|<thin| c|<thinking>", "a |< b||<thin c|<thinking>|"},
		"a less-than sign at the end":        {"1 <", "1 |<"},
		"half a tag at the end":              {"네<thi", "네|<thi"},
		"half a closing tag at the end":      {"<think>음</thi", "|"},
		"the sign of a heart":                {"사랑해 <|3", "사랑해 |<3|"},
		"a tag after half a tag":             {"<th|<think>음</think>네", "|<th네|"},
		"a tag in a thought":                 {"<think>a<think>b</think>네", "네|"},
	} {
		t.Run(name, func(t *testing.T) {
			got := strings.Join(filtered(strings.Split(c.in, "|")), "|")
			want(t, "each piece gives what is certain by then", got, c.out)
		})
	}
}

func TestThinkFilterCostsNothingWithoutThoughts(t *testing.T) {
	var f thinkFilter
	if n := testing.AllocsPerRun(100, func() {
		if f.push("안녕") != "안녕" {
			t.Error("a piece without a tag comes out as it is")
		}
	}); n != 0 {
		t.Errorf("got %v allocations a token, want 0", n)
	}
}

var (
	thoughts = regexp.MustCompile(`(?s)<think>.*?(</think>|\z)`)
	tagStart = regexp.MustCompile(`^\s*(<think>|</think>)`)
)

// FuzzThinkFilter: however the text is cut, the same comes out; a text without tags
// comes out as it is; nothing between tags ever comes out; and what does come out of
// a text in which nothing is opened is the text without its closing tags.
func FuzzThinkFilter(f *testing.F) {
	for _, seed := range []string{"안녕하세요", "<think>음</think>\n\n네", "</think>네", "a<b</think><<think>x</think", "<think>"} {
		f.Add(seed, uint(1))
		f.Add(seed, uint(3))
	}
	f.Fuzz(func(t *testing.T, text string, step uint) {
		whole := strings.Join(filtered([]string{text}), "")
		var pieces []string
		for rest, n := text, int(step%8)+1; rest != ""; rest = rest[min(n, len(rest)):] {
			pieces = append(pieces, rest[:min(n, len(rest))])
		}
		if cut := strings.Join(filtered(pieces), ""); cut != whole {
			t.Fatalf("%q in one piece gives %q, in pieces of %d %q", text, whole, step%8+1, cut)
		}
		if !strings.Contains(text, thinkOpen) && !strings.Contains(text, thinkClose) && whole != text {
			t.Fatalf("%q has no tag but comes out as %q", text, whole)
		}
		plain := strings.ReplaceAll(thoughts.ReplaceAllString(text, ""), thinkClose, "")
		if tagStart.MatchString(text) {
			plain, whole = strings.TrimSpace(plain), strings.TrimSpace(whole)
		}
		// Taking a tag out can join two halves of another, and white space may go
		// with a tag; only texts free of that have one right answer.
		if strings.Count(text, "<") == strings.Count(text, thinkOpen)+strings.Count(text, thinkClose) &&
			strings.Join(strings.Fields(plain), "") != strings.Join(strings.Fields(whole), "") {
			t.Fatalf("%q gives %q, want %q", text, whole, plain)
		}
	})
}
