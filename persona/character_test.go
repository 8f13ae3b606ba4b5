package persona

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCharacterJSON(t *testing.T) {
	// Clients written for the specification read these names; the order is the one
	// that files are written in.
	const want = `{"id":"","name":"<앨리스>","description":"","gender":"","species":"","age":"",` +
		`"height":"","job":"","personality":"","appearance":"","likes":[],"dislikes":["a&b"],` +
		`"speech_style":"","thoughts":"","features":"","habits":"","guidelines":"","voice_id":"",` +
		`"category":"","tags":[],"sample_dialogue":"","image_url":"","is_preset":false,` +
		`"source_work":"","worldview":""}`
	c := Character{Name: "<앨리스>", Dislikes: []string{"a&b"}}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(c); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want+"\n", b.String()); diff != "" {
		t.Errorf("fields, their order, empty lists as [], and no greeting or persona unless set (-want +got):\n%s", diff)
	}
	if c.Likes != nil {
		t.Error("encoding a character changed it; presets are shared between goroutines")
	}
	if got, err := json.Marshal(&c); err != nil || !strings.Contains(string(got), `\u003c앨리스\u003e`) {
		t.Errorf("an encoder that escapes HTML still does: %s, %v", got, err)
	}
}

// A field that is missing from the tables would be neither cleaned nor checked.
func TestFieldTablesAreComplete(t *testing.T) {
	filled := Character{Greeting: "g", Persona: "p", ModelURL: "m"}
	data, err := json.Marshal(filled)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(data, &fields); err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, f := range textFields {
		listed[f.name] = true
		var c Character
		*f.text(&c) = "x"
		data, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(data), fmt.Sprintf(`"%s":"x"`, f.name)) {
			t.Errorf("%s points to another field", f.name)
		}
	}
	for _, f := range listFields {
		listed[f.name] = true
	}
	for name, value := range fields {
		if _, isBool := value.(bool); !isBool && !listed[name] {
			t.Errorf("%s is in neither table", name)
		}
	}
	if len(fields) != len(listed)+1 { // and is_preset
		t.Errorf("%d fields in JSON, %d in the tables", len(fields), len(listed))
	}
}

func TestClean(t *testing.T) {
	c := Character{
		Name:       "  앨리스\n",
		Guidelines: " - 하나\r\n- 둘 ",
		Likes:      []string{" 고양이 ", "", "고양이", "책"},
	}
	c.Clean()
	want := Character{
		Name: "앨리스", Guidelines: "- 하나\n- 둘",
		Likes: []string{"고양이", "책"}, Dislikes: []string{}, Tags: []string{},
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestValidate(t *testing.T) {
	long := strings.Repeat("가", MaxProse+1)
	tests := []struct {
		why  string
		edit func(*Character)
		want []string // fields
	}{
		{"a name is enough", func(*Character) {}, nil},
		{"a name is needed", func(c *Character) { c.Name = "" }, []string{"name"}},
		{"limits count characters, not bytes", func(c *Character) { c.Personality = long[:3*MaxProse] }, nil},
		{"one more is too long", func(c *Character) { c.Personality = long }, []string{"personality"}},
		{"prose has lines", func(c *Character) { c.Guidelines = "- a\n- b" }, nil},
		{"a name has one", func(c *Character) { c.Name = "a\nb" }, []string{"name"}},
		{"a terminal's escape sequence is no text", func(c *Character) { c.Habits = "\x1b[2J" }, []string{"habits"}},
		{"half a character is no text", func(c *Character) { c.Job = "\xEA\xB0" }, []string{"job"}},
		{"ids stand in paths", func(c *Character) { c.ID = "../etc" }, []string{"id"}},
		{"a UUID is an id", func(c *Character) { c.ID = "550e8400-e29b-41d4-a716-446655440000" }, nil},
		{"a script is no picture", func(c *Character) { c.ImageURL = "javascript:alert(1)" }, []string{"image_url"}},
		{"nor is another host's root", func(c *Character) { c.ImageURL = "//evil.example/x.png" }, []string{"image_url"}},
		{"a path is", func(c *Character) { c.ImageURL = "/images/characters/a.jpg" }, nil},
		{"an address is", func(c *Character) { c.ImageURL = "https://example.com/a.jpg" }, nil},
		{"a figure is a file of ours", func(c *Character) { c.ModelURL = "/mnt/user_assets/anonymous/models/a.glb" }, nil},
		{"or comes over https", func(c *Character) { c.ModelURL = "https://example.com/a.glb" }, nil},
		{"but not over http", func(c *Character) { c.ModelURL = "http://example.com/a.glb" }, []string{"model_url"}},
		{"nor from elsewhere here", func(c *Character) { c.ModelURL = "/mnt/user_assets/../secret" }, []string{"model_url"}},
		{"nor from another host's root", func(c *Character) { c.ModelURL = "//evil.example/mnt/user_assets/a.glb" }, []string{"model_url"}},
		{"an entry is named by its place", func(c *Character) { c.Likes = []string{"a", long} }, []string{"likes[1]"}},
		{"a list has an end", func(c *Character) { c.Tags = strings.Fields(strings.Repeat("x ", MaxEntries+1)) }, []string{"tags"}},
		{"all that is wrong, at once", func(c *Character) {
			c.Name, c.Gender, c.Dislikes = "", "a\nb", []string{""}
		}, []string{"name", "gender", "dislikes[0]"}},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			c := Character{Name: "앨리스"}
			tt.edit(&c)
			err := c.Validate()
			var got []string
			var invalid *ValidationError
			if errors.As(err, &invalid) {
				for _, f := range invalid.Fields {
					got = append(got, f.Field)
					if f.Message == "" || !strings.Contains(err.Error(), f.Field) {
						t.Errorf("%s is reported without a reason: %v", f.Field, err)
					}
					if len([]rune(f.Value)) > 81 {
						t.Errorf("%s repeats a value of %d characters", f.Field, len([]rune(f.Value)))
					}
				}
			} else if err != nil {
				t.Fatalf("not a ValidationError: %v", err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("fields in error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBuiltInPresets(t *testing.T) {
	p := builtInPresets(t)
	if problems := p.Problems(); problems != nil {
		t.Fatal(problems)
	}
	list := p.List()
	if len(list) != 9 {
		t.Errorf("%d presets, the specification has nine", len(list))
	}
	for _, c := range list {
		data, err := os.ReadFile(filepath.Join(builtIn, c.ID+".json"))
		if err != nil {
			t.Fatalf("a preset lies in the file of its id: %v", err)
		}
		preset, err := decodePreset(c.ID+".json", data)
		if err != nil {
			t.Fatal(err)
		}
		written, err := preset.encode()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(data), string(written)); diff != "" {
			t.Errorf("%s is not as we would write it (-file +written):\n%s", c.ID, diff)
		}
		if c.Persona != "" {
			t.Errorf("%s has a persona", c.ID)
		}
		for name, text := range map[string]string{
			"description": c.Description, "gender": c.Gender, "species": c.Species, "age": c.Age,
			"height": c.Height, "job": c.Job, "personality": c.Personality, "appearance": c.Appearance,
			"speech_style": c.SpeechStyle, "thoughts": c.Thoughts, "features": c.Features,
			"habits": c.Habits, "guidelines": c.Guidelines, "worldview": c.Worldview,
			"sample_dialogue": c.SampleDialogue, "greeting": c.Greeting, "voice_id": c.VoiceID,
		} {
			if text == "" {
				t.Errorf("%s has no %s", c.ID, name)
			}
		}
		if c.ImageURL != "/images/characters/"+c.ID+".jpg" {
			t.Errorf("%s has its picture at %s", c.ID, c.ImageURL)
		}
	}
}

// What the specification prints of its example, to the letter.
func TestHermioneIsTheSpecifications(t *testing.T) {
	got := *builtInPreset(t, "hermione")
	for _, f := range []struct{ name, got, prefix string }{
		{"description", got.Description, "해리포터 시리즈의 똑똑한 마법사"},
		{"sample_dialogue", got.SampleDialogue, "안녕하세요! 오늘도 새로운 마법을 배울 수 있어서"},
	} {
		if !strings.HasPrefix(f.got, f.prefix) {
			t.Errorf("%s does not begin as the specification prints it: %s", f.name, f.got)
		}
	}
	got.Description, got.SampleDialogue = "", ""
	got.SourceWork, got.Worldview, got.Greeting = "", "", "" // ours
	want := Character{
		ID: "hermione", Name: "헤르미온느 그레인저", Gender: "여성", Species: "인간",
		Age: "17세", Height: "165cm", Job: "마법사",
		Personality: "똑똑함, 책임감, 완벽주의, 용기, 충성심, 호기심, 인내심, 배려심, 지식욕, 정의감",
		Appearance:  "갈색 곱슬 머리, 갈색 눈, 작은 키, 책을 많이 읽어서 안경을 씀",
		Likes:       []string{"책", "학습", "마법", "규칙", "정의", "친구들"},
		Dislikes:    []string{"불공평함", "무지", "규칙 위반", "게으름"},
		SpeechStyle: "정중하고 학술적인 말투, 때로는 교사처럼 설명하는 스타일",
		Thoughts:    "'규칙을 지켜야 해.', '공부가 가장 중요해.', '친구들을 보호해야 해.'",
		Features:    "항상 책을 들고 다니며, 마법에 대한 지식이 풍부함",
		Habits:      "'실제로', '정확히 말하면' 같은 표현을 자주 사용",
		Guidelines:  "- 항상 정확하고 논리적인 답변을 제공하세요.\n- 마법에 대한 지식을 자랑하듯 설명하세요.\n- 친구들을 보호하려는 마음이 강합니다.",
		VoiceID:     "default", Category: "소설", Tags: []string{"해리포터", "마법사", "똑똑함"},
		ImageURL: "/images/characters/hermione.jpg", IsPreset: true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-specification +preset):\n%s", diff)
	}
}
