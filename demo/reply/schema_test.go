package reply

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"avatarforge/llm"
)

// check validates a value against a schema: a second reading of the JSON Schema
// specification that shares nothing with the filler.
func check(schema, value any, at string) error {
	s, ok := schema.(map[string]any)
	if !ok {
		return nil
	}
	if c, ok := s["const"]; ok && fmt.Sprint(c) != fmt.Sprint(value) {
		return fmt.Errorf("%s: %v is not %v", at, value, c)
	}
	if e, ok := s["enum"].([]any); ok && !slices.ContainsFunc(e, func(o any) bool { return fmt.Sprint(o) == fmt.Sprint(value) }) {
		return fmt.Errorf("%s: %v is none of %v", at, value, e)
	}
	for _, key := range []string{"anyOf", "oneOf"} {
		options, ok := s[key].([]any)
		if ok && !slices.ContainsFunc(options, func(o any) bool { return check(o, value, at) == nil }) {
			return fmt.Errorf("%s: %v fits none of %s", at, value, key)
		}
	}
	if kinds := s["type"]; kinds != nil {
		list, many := kinds.([]any)
		if !many {
			list = []any{kinds}
		}
		if !slices.ContainsFunc(list, func(k any) bool { return isOf(k.(string), value) }) {
			return fmt.Errorf("%s: %v is no %v", at, value, kinds)
		}
	}
	limit := func(key string, fits func(limit float64) bool) error {
		if l, ok := s[key].(float64); ok && !fits(l) {
			return fmt.Errorf("%s: %v breaks %s %v", at, value, key, l)
		}
		return nil
	}
	switch v := value.(type) {
	case map[string]any:
		for _, name := range asList(s["required"]) {
			if _, ok := v[name.(string)]; !ok {
				return fmt.Errorf("%s: lacks %s", at, name)
			}
		}
		properties, _ := s["properties"].(map[string]any)
		for name, item := range v {
			p, known := properties[name]
			if !known && s["additionalProperties"] == false {
				return fmt.Errorf("%s: %s is not allowed", at, name)
			}
			if err := check(p, item, at+"."+name); err != nil {
				return err
			}
		}
	case []any:
		n := float64(len(v))
		for _, err := range []error{limit("minItems", func(l float64) bool { return n >= l }), limit("maxItems", func(l float64) bool { return n <= l })} {
			if err != nil {
				return err
			}
		}
		seen := map[string]bool{}
		for i, item := range v {
			if err := check(s["items"], item, fmt.Sprintf("%s[%d]", at, i)); err != nil {
				return err
			}
			key := fmt.Sprint(item)
			if s["uniqueItems"] == true && seen[key] {
				return fmt.Errorf("%s: %v twice", at, item)
			}
			seen[key] = true
		}
	case string:
		n := float64(utf8.RuneCountInString(v))
		for _, err := range []error{limit("minLength", func(l float64) bool { return n >= l }), limit("maxLength", func(l float64) bool { return n <= l })} {
			if err != nil {
				return err
			}
		}
		if p, ok := s["pattern"].(string); ok && !regexp.MustCompile(p).MatchString(v) {
			return fmt.Errorf("%s: %q does not match %s", at, v, p)
		}
	case float64:
		for _, err := range []error{
			limit("minimum", func(l float64) bool { return v >= l }), limit("maximum", func(l float64) bool { return v <= l }),
			limit("exclusiveMinimum", func(l float64) bool { return v > l }), limit("exclusiveMaximum", func(l float64) bool { return v < l }),
			limit("multipleOf", func(l float64) bool { return math.Abs(v/l-math.Round(v/l)) < 1e-9 }),
		} {
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func asList(v any) []any {
	list, _ := v.([]any)
	return list
}

func isOf(kind string, v any) bool {
	switch v := v.(type) {
	case nil:
		return kind == "null"
	case bool:
		return kind == "boolean"
	case string:
		return kind == "string"
	case []any:
		return kind == "array"
	case map[string]any:
		return kind == "object"
	case float64:
		return kind == "number" || kind == "integer" && v == math.Trunc(v)
	}
	return false
}

// schemas draws schemas that can be satisfied.
func schemas(t *rapid.T, depth int) map[string]any {
	kinds := []string{"string", "integer", "number", "boolean", "enum", "const", "null"}
	if depth > 0 {
		kinds = append(kinds, "object", "object", "array", "anyOf", "nullable")
	}
	switch kind := rapid.SampledFrom(kinds).Draw(t, "kind"); kind {
	case "enum":
		return map[string]any{"enum": []any{"빨강", "파랑", "하양"}}
	case "const":
		return map[string]any{"const": "그대로"}
	case "boolean", "null":
		return map[string]any{"type": kind}
	case "integer":
		low := rapid.IntRange(-1000, 1000).Draw(t, "low")
		step := rapid.IntRange(1, 9).Draw(t, "step")
		return map[string]any{"type": kind, "minimum": low, "maximum": low + step + rapid.IntRange(0, 50).Draw(t, "width"), "multipleOf": step}
	case "number":
		low := rapid.Float64Range(-5, 5).Draw(t, "low")
		return map[string]any{"type": kind, "exclusiveMinimum": low, "exclusiveMaximum": low + 0.5}
	case "string":
		s := map[string]any{"type": kind}
		switch rapid.IntRange(0, 2).Draw(t, "limits") {
		case 1:
			least := rapid.IntRange(0, 200).Draw(t, "least")
			s["minLength"], s["maxLength"] = least, least+rapid.IntRange(0, 20).Draw(t, "more")
		case 2:
			s["pattern"] = rapid.SampledFrom([]string{`^[a-z]{3,5}$`, `^\d{4}-\d{2}$`, `^(yes|no)$`, `^[가-힣]+ ?[가-힣]*$`, `^#[0-9a-fA-F]{6}$`}).Draw(t, "pattern")
		}
		return s
	case "array":
		least := rapid.IntRange(0, 5).Draw(t, "least")
		return map[string]any{"type": kind, "items": schemas(t, depth-1), "minItems": least, "maxItems": least + rapid.IntRange(0, 5).Draw(t, "more")}
	case "anyOf":
		return map[string]any{"anyOf": []any{schemas(t, depth-1), schemas(t, depth-1)}}
	case "nullable":
		return map[string]any{"type": []any{"string", "null"}}
	}
	properties, required := map[string]any{}, []any{}
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"name", "age", "likes", "plot", "summary", "facts", "score", "기타", "unknown"}), 0, 5, rapid.ID).Draw(t, "names") {
		properties[name] = schemas(t, depth-1)
		if rapid.Bool().Draw(t, "required") {
			required = append(required, name)
		}
	}
	return map[string]any{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}

func TestWhatIsFilledMatchesItsSchema(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw, err := json.Marshal(schemas(t, 3))
		if err != nil {
			t.Fatal(err)
		}
		text, err := Generate(Request{
			Messages: []llm.Message{{Role: llm.RoleUser, Content: "이름: 나루토\n나는 라면을 좋아해. 새벽 3시의 이야기를 만들어 줘."}},
			Schema:   raw, Seed: rapid.Uint64().Draw(t, "seed"), Now: noon,
		})
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		var value, schema any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			t.Fatalf("%s gives %s: %v", raw, text, err)
		}
		if err := json.Unmarshal(raw, &schema); err != nil {
			t.Fatal(err)
		}
		if err := check(schema, value, "$"); err != nil {
			t.Fatalf("%s gives %s: %v", raw, text, err)
		}
	})
}

func fillWith(t *testing.T, schema, said string) (string, error) {
	t.Helper()
	return Generate(Request{Messages: []llm.Message{{Role: llm.RoleUser, Content: said}}, Schema: json.RawMessage(schema), Seed: 1, Now: noon})
}

func TestACharacterIsFilledFromThePrompt(t *testing.T) {
	schema := `{"type":"object","properties":{
		"name":{"type":"string"},"gender":{"type":"string","enum":["남성","여성","기타"]},"age":{"type":"string"},"job":{"type":"string"},
		"worldview":{"type":"string"},"description":{"type":"string"},"likes":{"type":"array","items":{"type":"string"},"minItems":3,"maxItems":5,"uniqueItems":true},
		"speech_style":{"type":"string"},"guidelines":{"type":"string"}},
		"required":["name","gender","age","job","worldview","description","likes","speech_style","guidelines"]}`
	text, err := fillWith(t, schema, "다음 캐릭터의 상세 설정을 만들어 주세요.\n이름: 나루토\n작품: 나루토\n설명: 호카게를 꿈꾸는 열정적인 닌자\n세계관: 닌자 세계")
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		Name, Gender, Age, Job, Worldview, Description, Guidelines string
		Likes                                                      []string
		SpeechStyle                                                string `json:"speech_style"`
	}
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		t.Fatal(err)
	}
	if c.Name != "나루토" || c.Description != "호카게를 꿈꾸는 열정적인 닌자" || c.Worldview != "닌자 세계" {
		t.Errorf("what the prompt gives is not kept: %s", text)
	}
	for _, s := range append([]string{c.Age, c.Job, c.SpeechStyle, c.Guidelines}, c.Likes...) {
		if lang, ok := languageOf(s); !ok || lang != korean {
			t.Errorf("%q is not Korean", s)
		}
	}
	if keys := []string{`"name"`, `"gender"`, `"age"`, `"job"`, `"worldview"`, `"description"`, `"likes"`}; !slices.IsSortedFunc(keys, func(a, b string) int { return strings.Index(text, a) - strings.Index(text, b) }) {
		t.Errorf("the properties are not in the schema's order: %s", text)
	}
}

func TestOtherSchemas(t *testing.T) {
	for _, c := range []struct{ why, schema, said, want string }{
		{"a story begins with its situation", `{"type":"object","properties":{"plot":{"type":"string"}},"required":["plot"]}`, "상황: 마감이 내일인데 팀원이 잠만 잔다", "팀원이 잠만 잔다. "},
		{"facts about the user", `{"type":"object","properties":{"facts":{"type":"array","items":{"type":"string"}}}}`, "사용자: 내 이름은 지수야\n캐릭터: 반가워!\n사용자: 떡볶이를 좋아해", "사용자의 이름은 지수입니다."},
		{"any JSON", `"json"`, "안녕", `"content"`},
		{"references", `{"$defs":{"n":{"type":"integer","minimum":7,"maximum":7}},"type":"object","properties":{"x":{"$ref":"#/$defs/n"}},"required":["x"]}`, "x", `{"x":7}`},
		{"a schema that holds itself", `{"$defs":{"t":{"type":"object","properties":{"v":{"const":1},"next":{"$ref":"#/$defs/t"}},"required":["v"]}},"$ref":"#/$defs/t"}`, "x", `{"v":1`},
		{"parts put together", `{"allOf":[{"type":"object","properties":{"a":{"const":1}},"required":["a"]},{"properties":{"b":{"const":2}},"required":["b"]}]}`, "x", `{"a":1,"b":2}`},
		{"null comes last", `{"anyOf":[{"type":"null"},{"const":"값"}]}`, "x", `"값"`},
		{"a word of the prompt is chosen", `{"enum":["고양이","강아지","토끼"]}`, "강아지가 좋아", `"강아지"`},
		{"a required name without a schema", `{"type":"object","required":["x"]}`, "x", `"x":`},
		{"signs that HTML fears", `{"const":"<&>"}`, "x", `"<&>"`},
		{"formats", `{"type":"string","format":"date"}`, "x", `"2026-03-14"`},
	} {
		text, err := fillWith(t, c.schema, c.said)
		if err != nil || !strings.Contains(text, c.want) || !json.Valid([]byte(text)) {
			t.Errorf("%s: %s, %v; want %s in it", c.why, text, err, c.want)
		}
	}
	for why, schema := range map[string]string{
		"no JSON": `{"type":`, "a word": `"yaml"`, "no type": `{"type":"strnig"}`, "a dead reference": `{"$ref":"#/$defs/x"}`, "nothing allowed": `false`,
		"an endless one": `{"$defs":{"t":{"type":"object","properties":{"next":{"$ref":"#/$defs/t"}},"required":["next"]}},"$ref":"#/$defs/t"}`, "a number": `7`,
	} {
		if text, err := fillWith(t, schema, "x"); err == nil {
			t.Errorf("%s: %s gives %s, want an error", why, schema, text)
		}
	}
}

func FuzzFillSchema(f *testing.F) {
	for _, s := range []string{`{"type":"object"}`, `{"type":"array","minItems":99999999}`, `{"type":"string","minLength":99999999}`, `{"type":["x"]}`, `{"enum":[]}`, `{"allOf":7}`, `{"properties":[1]}`, `{"pattern":"(((a{9}){9}){9}){9}"}`, `{"multipleOf":0,"minimum":1e308}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, schema string) {
		// Property: whatever the schema, an error or valid JSON, and soon.
		text, err := Generate(Request{Messages: []llm.Message{{Role: llm.RoleUser, Content: "안녕"}}, Schema: json.RawMessage(schema), Now: noon})
		if err == nil && !json.Valid([]byte(text)) {
			t.Fatalf("%s gives %s", schema, text)
		}
	})
}
