package persona

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// fields of the objects that the scanner's tests read: a text a and b, a list l.
var scanFields = []draftField{{name: "a", max: 100, lines: true}, {name: "b", max: 100}, {name: "l", list: true, max: 100}}

// told is what a scanner tells of pieces, an entry each: "a=x" for a field that is
// done, "a~x" for one that has grown.
func told(pieces ...string) (all []string) {
	s := newDraftScanner(scanFields)
	for _, piece := range pieces {
		for _, f := range s.push(piece) {
			sign := "~"
			if f.Done {
				sign = "="
			}
			all = append(all, fmt.Sprintf("%s%s%q", f.Name, sign, f.Value))
		}
	}
	return all
}

func TestFieldsAreToldAsTheyGrow(t *testing.T) {
	for _, tt := range []struct {
		why    string
		pieces []string
		want   []string
	}{
		{"a text that grows", []string{`{"a`, `": "안`, `녕`, `", "b":"x`, `y"}`}, []string{`a~"안"`, `a~"안녕"`, `a="안녕"`, `b~"x"`, `b="xy"`}},
		{"a whole object at once", []string{`{"a":"x","l":["y","z"],"b":""}`}, []string{`a="x"`, `l=["y" "z"]`, `b=""`}},
		{"a list that grows", []string{`{"l":[`, `"y`, `1"`, `,"z"`, `,`, ` ]`}, []string{`l~["y"]`, `l~["y1"]`, `l~["y1" "z"]`, `l=["y1" "z"]`}},
		{"an empty list", []string{`{"l":`, `[]}`}, []string{`l=[]`}},
		{"a fence and words around it", []string{"Sure!\n```json\n{", `"a":"x"}`, "\n```\n{\"a\":\"y\"}"}, []string{`a="x"`}},
		{"what is not asked for", []string{`{"z":"q\"{","n":-1.5e3,"o":{"a":"no",`, `"d":["}",{}]},"a":"x","t":true}`}, []string{`a="x"`}},
		{"other types than those asked for", []string{`{"a":["x"],"l":"y","b":7,"a":null}`}, nil},
		{"a name with an escape", []string{`{"\u0061":"x"}`}, []string{`a="x"`}},
		{"an escape that is cut", []string{`{"a":"1\`, `n2\u00`, `e9\ud83d`, `\ude00"}`}, []string{`a~"1"`, `a~"1\n2"`, `a~"1\n2é"`, `a="1\n2é😀"`}},
		{"halves of pairs by themselves", []string{`{"a":"\ud83dx\ude00\ud83d\ud83d\ude00\ud83d"}`}, []string{`a="�x��😀�"`}},
		{"a character that is cut", []string{"{\"a\":\"x\xec", "\x95", "\x88\"}"}, []string{`a~"x"`, `a="x안"`}},
		{"nothing new", []string{`{"a":"x`, ``, `","b":"`, ``}, []string{`a~"x"`, `a="x"`}},
		{"a list of another kind", []string{`{"l":["y",`, `7],"a":"x"}`}, []string{`l~["y"]`}},
		{"no JSON", []string{`I cannot do that.`}, nil},
		{"no JSON after all", []string{`{a:"x"}`}, nil},
		{"a colon too few", []string{`{"a" "x"}`}, nil},
		{"a comma too few", []string{`{"a":"x" "b":"y"}`}, []string{`a="x"`}},
	} {
		t.Run(tt.why, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, told(tt.pieces...)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzDraftScanner(f *testing.F) {
	for _, seed := range []string{
		`{"a":"안녕","l":["x","y"],"b":"z"}`, "```json\n{\"a\":\"\\ud83d\\ude00\\u0041\\\"\",\"l\":[]}\n```", `{"n":{"a":[1,"}"]},"a":"x"}`,
		`{"l":["a\tb",3]}`, `{"a":"x","a":"y"}`, `{"a":1}`, `{"a":null,"b":tru`, `{"a":"\u12"}`, `{"l":["","x"]}`,
	} {
		f.Add(seed, uint64(0x9e3779b97f4a7c15))
	}
	f.Fuzz(func(t *testing.T, text string, cuts uint64) {
		if len(text) > 2048 {
			return // telling the same over and over takes the square of its length
		}
		whole := newDraftScanner(scanFields)
		var done []DraftField
		for _, field := range whole.push(text) {
			if field.Done {
				done = append(done, field)
			}
		}

		// Property: cut anywhere, the same fields come to their ends, and what is told of a
		// field before is a beginning of what is told later.
		cut := newDraftScanner(scanFields)
		var again []DraftField
		var last DraftField
		for rest := text; rest != ""; {
			n := min(int(cuts&7)+1, len(rest))
			cuts = cuts>>3 | cuts<<61
			for _, field := range cut.push(rest[:n]) {
				if !last.Done && last.Name != "" && (field.Name != last.Name || !begins(field.Value, last.Value)) {
					t.Fatalf("%+v was told before %+v", last, field)
				}
				if last = field; field.Done {
					again = append(again, field)
				}
			}
			rest = rest[n:]
		}
		if diff := cmp.Diff(done, again); diff != "" {
			t.Fatalf("(-whole +cut):\n%s", diff)
		}

		// Property: of a JSON object it says what encoding/json says.
		var object map[string]json.RawMessage
		if !utf8.ValidString(text) || !strings.HasPrefix(text, "{") || json.Unmarshal([]byte(text), &object) != nil {
			return
		}
		told := map[string]any{}
		for _, field := range done {
			told[field.Name] = field.Value
		}
		for _, field := range scanFields {
			raw, there := object[field.name]
			if !there || strings.Count(text, `"`+field.name+`"`) != 1 || strings.Contains(text, `\u00`) {
				continue // of several members of a name the last one counts there
			}
			var value any
			var text string
			var list []string
			switch {
			case raw[0] == '"' && !field.list:
				json.Unmarshal(raw, &text)
				value = text
			case raw[0] == '[' && field.list && !strings.Contains(string(raw), "null"):
				if json.Unmarshal(raw, &list) != nil {
					continue
				}
				value = list
			default:
				continue
			}
			if diff := cmp.Diff(value, told[field.name]); diff != "" {
				t.Fatalf("%s (-json +told):\n%s", field.name, diff)
			}
		}
	})
}

// begins says whether whole begins with part, both being what a field may hold.
func begins(whole, part any) bool {
	switch part := part.(type) {
	case string:
		text, ok := whole.(string)
		return ok && strings.HasPrefix(text, part)
	case []string:
		list, ok := whole.([]string)
		if !ok || len(list) < len(part) {
			return false
		}
		for i, entry := range part {
			if list[i] != entry && (i != len(part)-1 || !strings.HasPrefix(list[i], entry)) {
				return false
			}
		}
		return true
	}
	return false
}

func BenchmarkDraftScanner(b *testing.B) {
	piece := strings.Repeat("가나다라", 50)
	b.SetBytes(int64(len(piece)) * 20)
	for b.Loop() {
		s := newDraftScanner(scanFields)
		s.push(`{"b":"x","a":"`)
		for range 20 {
			s.push(piece)
		}
		s.push(`"}`)
	}
}
