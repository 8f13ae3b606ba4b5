package archtest

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// rule says what the files below a folder may not import.
type rule struct {
	in      string   // a folder of the project, without its internal/ and test helpers
	never   []string // import paths, or the beginnings of some where they end in /
	only    []string // of our own packages, the ones that may be imported; nil allows all that never does not name
	because string
}

const module = "avatarforge/"

var rules = []rule{
	{in: "realtime", only: []string{}, because: "the protocol's words are for everyone, so they lean on nobody"},
	{in: "llm", only: []string{"llm", "internal/tracing"}, because: "the LLM clients know nothing of speech or of conversations"},
	{in: "tts", only: []string{"tts", "internal/tracing"}, because: "speech knows nothing of LLMs or of conversations"},
	{in: "tts/sentence", only: []string{}, never: []string{"time", "sync", "net/", "os"}, because: "the splitter is a pure function of its text"},
	{in: "persona", only: []string{}, because: "a character is data"},
	{in: "slots", only: []string{"internal/script"}, because: "a slot is held by whoever has its id"},
	{in: "store", only: []string{"persona"}, because: "what is kept is data: storage knows no conversation that is under way"},
	{in: "avatar", only: []string{"persona", "store"}, because: "a figure is made of a picture: nothing of a conversation is needed for it"},
	{in: "avatar/avatartest", only: []string{}, because: "a simulator that shares code with its client shares its mistakes"},
	{in: "cluster", only: []string{"internal/deadline", "internal/script"}, because: "what instances say to one another is bytes under names"},
	{in: "account", only: []string{"persona", "store"}, never: []string{"net/http"}, because: "what is kept of somebody is in the store, whoever has put it there"},
	{in: "auth", only: []string{}, because: "who somebody is does not depend on what they do here"},
	{
		in: "session", only: []string{"llm", "tts", "tts/sentence", "persona", "slots", "realtime"},
		never:   []string{"net/http", "github.com/coder/websocket", "github.com/gin-gonic/gin"},
		because: "a conversation outlives its connections and does not know how it travels",
	},
	{
		in: "speech", only: []string{"tts", "tts/sentence", "store"}, never: []string{"net/http"},
		because: "speech that is kept is made of sentences and files, whoever asks for it and how",
	},
	{in: "server", only: []string{"session", "realtime", "persona", "slots", "store", "tts", "speech", "auth", "account", "llm", "avatar"}, because: "HTTP turns requests into calls of the session, and makes no reply or speech itself; of the models it knows who is to make characters up, and why it fails"},
	{in: "configs", only: []string{}, because: "what is built in is files, for whoever reads them"},
	{in: "web", only: []string{}, because: "the page is files, and knows no server"},
	{in: "internal/deadline", only: []string{}, because: "a deadline is anybody's"},
	{in: "internal/script", only: []string{}, because: "what Redis is asked to do is in its users' files"},
	{in: "internal/memnet", only: []string{"internal/deadline"}, because: "a network carries anybody's bytes"},
	{in: "internal/tracing", only: []string{}, because: "whatever a turn passes through may trace, so this leans on nobody"},
	{in: "demo", only: []string{"demo/reply", "demo/voice", "llm", "llm/llmtest", "tts", "tts/ttstest"}, because: "the stand-ins are upstreams: nothing but HTTP ties them to conversations"},
	{in: "loadtest", only: []string{"realtime", "tts"}, because: "listeners know the server by its protocol alone; the scheduler's own code is for planning"},
	{in: "loadtest/floor", only: []string{"realtime", "llm/llmtest", "tts/ttstest"}, because: "what the server is measured against shares nothing with it but the protocol's words"},
	{in: "llm/llmtest", only: []string{"llm/llmtest"}, because: "a simulator that shares code with its client shares its mistakes"},
	{in: "tts/ttstest", only: []string{"tts/ttstest"}, because: "a simulator that shares code with its client shares its mistakes"},
}

func TestImports(t *testing.T) {
	root := filepath.Join("..", "..")
	for _, r := range rules {
		if _, err := os.Stat(filepath.Join(root, r.in)); err != nil {
			t.Errorf("a rule speaks of %s: %v", r.in, err)
			continue
		}
		for file, imports := range importsBelow(t, filepath.Join(root, r.in), r.in) {
			for _, path := range imports {
				if why := r.forbids(path); why != "" {
					t.Errorf("%s imports %s: %s, since %s", file, path, why, r.because)
				}
			}
		}
	}
}

func (r *rule) forbids(path string) string {
	for _, never := range r.never {
		if path == never || strings.HasSuffix(never, "/") && strings.HasPrefix(path, never) {
			return r.in + " may not"
		}
	}
	own, ok := strings.CutPrefix(path, module)
	if !ok || r.only == nil || strings.HasPrefix(own, r.in+"/internal/") {
		return ""
	}
	for _, allowed := range r.only {
		if own == allowed || strings.HasPrefix(own, allowed+"/internal/") {
			return ""
		}
	}
	return r.in + " may import of ours only " + strings.Join(r.only, ", ")
}

// Only the program's main package reads the environment: everything else is told.
func TestOnlyMainReadsTheEnvironment(t *testing.T) {
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git" || d.Name() == "cmd") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, call := range []string{"os.Getenv", "os.LookupEnv", "os.Environ", "os.ExpandEnv"} {
			if strings.Contains(string(source), call+"(") {
				t.Errorf("%s calls %s", path, call)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// importsBelow is what the files of a package import, and those of its internal
// packages; packages below it that have a rule or a life of their own are left out.
func importsBelow(t *testing.T, dir, name string) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if path != dir && d.Name() != "internal" && !strings.Contains(path, "/internal/") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range f.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			found[path] = append(found[path], imported)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Errorf("%s has no Go files: its rule holds nothing", name)
	}
	return found
}
