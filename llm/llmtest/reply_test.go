package llmtest

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestSplitTokens(t *testing.T) {
	for text, wanted := range map[string]string{
		"안녕하세요. 네!":           "안|녕하|세|요|.| 네|!",
		"international 12345": "inte|rnat|iona|l| 123|45",
		"a  b\n":              "a| | b|\n",
		"끝 ":                  "끝| ",
		"😀👍🏽":                 "😀|👍|🏽",
		"":                    "",
	} {
		if got := strings.Join(SplitTokens(text), "|"); got != wanted {
			t.Errorf("%q: got %s, want %s", text, got, wanted)
		}
	}
}

// FuzzSplitTokens: tokens joined are the text, none is empty, none ends inside a
// character, and counting is splitting.
func FuzzSplitTokens(f *testing.F) {
	f.Add("안녕, world 123  \n\xff")
	f.Fuzz(func(t *testing.T, text string) {
		tokens := SplitTokens(text)
		if strings.Join(tokens, "") != text {
			t.Fatalf("%q is not %q", tokens, text)
		}
		for _, token := range tokens {
			if token == "" || utf8.ValidString(text) && !utf8.ValidString(token) {
				t.Fatalf("token %q of %q", token, text)
			}
		}
		if n := countTokens(text); n != len(tokens) {
			t.Fatalf("%d counted, %d split", n, len(tokens))
		}
	})
}

func TestInstance(t *testing.T) {
	schema := `{"type":"object","properties":{
		"name":{"type":"string"},"age":{"type":"integer","minimum":18},"kind":{"enum":["cat","dog"]},
		"tags":{"type":"array","items":{"type":"string"},"minItems":2},"on":{"type":"boolean"},"v":{"const":3}}}`
	got, err := Instance(json.RawMessage(schema), "나비")
	if err != nil {
		t.Fatal(err)
	}
	if wanted := `{"age":18,"kind":"cat","name":"나비","on":true,"tags":["나비","나비"],"v":3}`; got != wanted {
		t.Errorf("got %s, want %s", got, wanted)
	}
	if got, err := Instance(json.RawMessage(`"json"`), "나비"); err != nil || got != `{"text":"나비"}` {
		t.Errorf("the word json asks for any object: got %s, %v", got, err)
	}
	deep := strings.Repeat(`{"type":"array","items":`, 100) + `{}` + strings.Repeat(`}`, 100)
	for _, bad := range []string{`"xml"`, `5`, `{"type":"thing"}`, `{"type":5}`, deep} {
		if got, err := Instance(json.RawMessage(bad), ""); err == nil {
			t.Errorf("%.40s: got %s, want an error", bad, got)
		}
	}
}

func TestCutKeepsHalfAWindow(t *testing.T) {
	// The figures of a report about Ollama: a window of 65,536 keeps 32,770.
	f := fit(nil, []Message{{Role: "user", Content: strings.Repeat("a ", 70_000)}}, 65_536)
	if f.tokens != 32_770 || !f.cut {
		t.Errorf("got %d tokens, cut %v, want 32770", f.tokens, f.cut)
	}
}
