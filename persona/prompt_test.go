package persona

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pkoukk/tiktoken-go"
	loader "github.com/pkoukk/tiktoken-go-loader"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// builtIn is the folder of the presets that ship with the server.
const builtIn = "../configs/characters"

func builtInPresets(t testing.TB) *Presets {
	t.Helper()
	// Read as a read-only file system: a test must not rewrite the repository.
	p, err := NewPresets(os.DirFS(builtIn), nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func builtInPreset(t testing.TB, id string) *Character {
	t.Helper()
	c, ok := builtInPresets(t).Get(id)
	if !ok {
		t.Fatalf("no preset %s", id)
	}
	return c
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "prompt", name+".txt")
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (make it with -update)", err)
	}
	if diff := cmp.Diff(string(want), got+"\n"); diff != "" {
		t.Errorf("prompt changed; if that is meant, run with -update (-want +got):\n%s", diff)
	}
}

func TestPromptGolden(t *testing.T) {
	prompts := map[string]Prompt{
		"assistant": {},
		"assistant-instructions": {
			Instructions: "You are a museum guide. Mention one painting in every answer.",
		},
		"persona": {Persona: "밝고 명랑한 10대 소녀 캐릭터. 반말을 사용하며 귀엽게 말함."},
		"persona-scenario": {
			Persona: "밝고 명랑한 10대 소녀 캐릭터. 반말을 사용하며 귀엽게 말함.",
			Scenario: Scenario{
				Opponent:   "헤르미온느 그레인저",
				Situation:  "호그와트 도서관에서 만남",
				Background: "마법 세계 배경",
			},
		},
		"character-scenario": {
			Character: builtInPreset(t, "sherlock"),
			Scenario: Scenario{
				Opponent:  "코딩 안 하고 자는 팀원",
				Situation: "새벽 3시, 프로젝트 마감이 내일인데 팀원이 3시간째 잠만 자고 있다.",
			},
			UserName:     "민수",
			Instructions: "한 번에 한 문장만 말한다.",
		},
		"english": {
			Character: &Character{
				Name: "Captain Mara Voss", Gender: "female", Age: "42", Job: "freighter captain",
				Personality: "dry, loyal, stubborn", SpeechStyle: "Short sentences, nautical slang.",
				Likes: []string{"black coffee", "quiet docks"}, Guidelines: "- Never panic.\n- Tease gently.",
			},
			Scenario: Scenario{Situation: "The engine has just failed near Europa."},
			UserName: "Sam",
		},
		"japanese": {
			Character: &Character{
				Name: "桜井ひな", Gender: "女性", Age: "17歳", Job: "高校生",
				Personality: "明るくて負けず嫌い", SpeechStyle: "元気なタメ口。語尾に「だよ」「じゃん」をつける。",
				Likes: []string{"たい焼き", "バンド"},
			},
			Scenario: Scenario{Situation: "文化祭の前日、放課後の教室。"},
		},
	}
	for _, c := range builtInPresets(t).List() {
		prompts["preset-"+c.ID] = Prompt{Character: c}
	}
	for name, prompt := range prompts {
		t.Run(name, func(t *testing.T) { golden(t, name, prompt.System()) })
	}
	files, err := filepath.Glob("testdata/prompt/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		if _, ok := prompts[name]; !ok {
			t.Errorf("%s belongs to no prompt any more", file)
		}
	}
}

func TestPresetPromptsAreFrugal(t *testing.T) {
	tiktoken.SetBpeLoader(loader.NewOfflineLoader())
	encoding, err := tiktoken.GetEncoding(tiktoken.MODEL_O200K_BASE)
	if err != nil {
		t.Fatal(err)
	}
	// The window is 8,192 tokens by default; nine tenths of it belong to the conversation.
	const limit = 900
	for _, c := range builtInPresets(t).List() {
		prompt := Prompt{Character: c}.System()
		n := len(encoding.Encode(prompt, nil, nil))
		t.Logf("%s: %d tokens, %d characters", c.ID, n, len([]rune(prompt)))
		if n > limit {
			t.Errorf("%s: prompt has %d tokens, more than %d", c.ID, n, limit)
		}
	}
}
