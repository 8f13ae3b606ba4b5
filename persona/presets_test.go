package persona

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// folder is a folder of presets on disk and what Presets says about it.
type folder struct {
	t    *testing.T
	dir  string
	log  bytes.Buffer
	tick time.Time // the time of modification of the next write
}

func newFolder(t *testing.T, files ...string) *folder {
	t.Helper()
	f := &folder{t: t, dir: t.TempDir(), tick: time.Date(2026, 1, 26, 10, 0, 0, 0, time.UTC)}
	for i := 0; i < len(files); i += 2 {
		f.write(files[i], files[i+1])
	}
	return f
}

func (f *folder) open() *Presets {
	f.t.Helper()
	p, err := NewPresetsDir(f.dir, slog.New(slog.NewTextHandler(&f.log, nil)))
	if err != nil {
		f.t.Fatal(err)
	}
	return p
}

// write puts a file there with a time of modification that no write before had.
func (f *folder) write(name, text string) {
	f.t.Helper()
	path := filepath.Join(f.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
		f.t.Fatal(err)
	}
	f.tick = f.tick.Add(time.Second)
	if err := os.Chtimes(path, f.tick, f.tick); err != nil {
		f.t.Fatal(err)
	}
}

func (f *folder) read(name string) string {
	f.t.Helper()
	data, err := os.ReadFile(filepath.Join(f.dir, name))
	if err != nil {
		f.t.Fatal(err)
	}
	return string(data)
}

// names lists the folder, hidden files too.
func (f *folder) names() []string {
	f.t.Helper()
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		f.t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func ids(list []*Character) []string {
	var ids []string
	for _, c := range list {
		ids = append(ids, c.ID)
	}
	return ids
}

func wantIDs(t *testing.T, why string, p *Presets, want ...string) {
	t.Helper()
	if got := ids(p.List()); !slices.Equal(got, want) {
		t.Errorf("%s: presets %v, want %v", why, got, want)
	}
}

func TestPresetsFollowTheFolder(t *testing.T) {
	f := newFolder(t, "b.json", `{"id":"b","name":"Bee"}`, "a.json", `{"name":"Ay"}`,
		"notes.txt", "no preset", ".a.json.swp.json", "{")
	if err := os.Mkdir(filepath.Join(f.dir, "folder.json"), 0o755); err != nil {
		t.Fatal(err)
	}
	p := f.open()
	wantIDs(t, "files are listed by id, folders and other files are not", p, "a", "b")
	if c, ok := p.Get("a"); !ok || c.Name != "Ay" || !c.IsPreset {
		t.Errorf("a file without an id has its name: got %+v, %v", c, ok)
	}
	if _, ok := p.Get("c"); ok {
		t.Error("c does not exist")
	}

	f.write("a.json", `{"name":"Al"}`) // same size: only the time of modification tells
	if c, _ := p.Get("a"); c.Name != "Al" {
		t.Errorf("a changed file counts from the next call on: name %q", c.Name)
	}
	before, _ := p.Get("b")
	f.write("c.json", `{"name":"Cee"}`)
	wantIDs(t, "a new file is found", p, "a", "b", "c")
	if after, _ := p.Get("b"); after != before {
		t.Error("b has not changed and should not have been read again")
	}
	if err := os.Remove(filepath.Join(f.dir, "b.json")); err != nil {
		t.Fatal(err)
	}
	wantIDs(t, "a removed file is gone", p, "a", "c")

	list := p.List()
	list[0] = nil
	wantIDs(t, "a caller's list is its own", p, "a", "c")
	if f.log.Len() > 0 {
		t.Errorf("nothing went wrong, yet the log says:\n%s", &f.log)
	}
}

func TestBrokenPresetIsSkipped(t *testing.T) {
	tests := []struct{ why, text, says string }{
		{"cut off", `{"name":"Bee"`, "unexpected end"},
		{"no object", `["Bee"]`, "not a JSON object"},
		{"wrong type", `{"name":"Bee","likes":"honey"}`, "likes"},
		{"no name", `{"id":"b"}`, "name is required"},
		{"id no path may hold", `{"id":"a/b","name":"Bee"}`, "id must"},
		{"other encoding", "{\"name\":\"\xB9\xFA\"}", "UTF-8"},
		{"id of another", `{"id":"a","name":"Bee"}`, "a.json"},
		{"far too large", `{"name":"Bee"` + strings.Repeat(" ", maxPresetBytes) + `}`, "bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			f := newFolder(t, "a.json", `{"name":"Ay"}`, "b.json", tt.text, "c.json", `{"name":"Cee"}`)
			p := f.open()
			wantIDs(t, "the others are served", p, "a", "c")
			problems := p.Problems()
			if len(problems) != 1 || problems[0].File != "b.json" || !strings.Contains(problems[0].Error(), tt.says) {
				t.Fatalf("problems %v, want one of b.json that says %q", problems, tt.says)
			}
			f.write("c.json", `{"name":"Sea"}`)
			wantIDs(t, "still", p, "a", "c")
			if n := strings.Count(f.log.String(), "preset skipped"); n != 1 {
				t.Errorf("logged %d times, want once for a version of a file:\n%s", n, &f.log)
			}
			f.write("b.json", `{"name":"Bee"}`)
			wantIDs(t, "a repaired file is served", p, "a", "b", "c")
			if problems := p.Problems(); problems != nil {
				t.Errorf("and its problem is gone: %v", problems)
			}
		})
	}
}

func TestPersonaIsMigratedOnDisk(t *testing.T) {
	f := newFolder(t, "old.json", "\xEF\xBB\xBF"+`{"persona":"긴 설명","name":"옛 인물","zz":[1, 2],"Speech_Style":"반말","custom":{"a":1}}`)
	p := f.open()
	opened := p.current.Load()
	if c, ok := p.Get("old"); !ok || c.Persona != "" || c.SpeechStyle != "반말" || c.Personality != "" {
		t.Errorf("served without persona, with the rest: %+v, %v", c, ok)
	}
	text := f.read("old.json")
	if strings.Contains(text, "persona\"") || strings.Contains(text, "긴 설명") {
		t.Errorf("the file still holds persona:\n%s", text)
	}
	if !strings.HasPrefix(text, "{\n  \"id\": \"old\",\n  \"name\": \"옛 인물\",\n") ||
		!strings.HasSuffix(text, "  \"custom\": {\n    \"a\": 1\n  },\n  \"zz\": [\n    1,\n    2\n  ]\n}\n") {
		t.Errorf("fields in the specification's order, then the file's own, none lost:\n%s", text)
	}
	if names := f.names(); !slices.Equal(names, []string{"old.json"}) {
		t.Errorf("something is left over: %v", names)
	}
	if info, err := os.Stat(filepath.Join(f.dir, "old.json")); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the file's mode is kept: %v, %v", info.Mode(), err)
	}
	if p.current.Load() != opened {
		t.Error("our own version of the file is known and need not be read again")
	}
	before, _ := p.Get("old")
	again := f.open()
	if c, _ := again.Get("old"); !cmp.Equal(c, before) {
		t.Errorf("a restart finds the same:\n%s", cmp.Diff(before, c))
	}
	if got := f.read("old.json"); got != text {
		t.Error("and does not write again")
	}
}

func TestPersonaWithoutFieldsIsKept(t *testing.T) {
	f := newFolder(t, "old.json", `{"name":"옛 인물","persona":"밝고 명랑한 소녀"}`)
	c, _ := f.open().Get("old")
	if c.Personality != "밝고 명랑한 소녀" || c.Persona != "" {
		t.Errorf("a persona that is all there is becomes the personality: %+v", c)
	}
	if text := f.read("old.json"); !strings.Contains(text, `"personality": "밝고 명랑한 소녀"`) {
		t.Errorf("on disk too:\n%s", text)
	}
}

func TestPersonaIsMigratedInMemory(t *testing.T) {
	const old = `{"name":"옛 인물","persona":"긴 설명","speech_style":"반말"}`
	fsys := fstest.MapFS{"old.json": {Data: []byte(old)}}
	p, err := NewPresets(fsys, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c, ok := p.Get("old"); !ok || c.Persona != "" || c.SpeechStyle != "반말" {
		t.Errorf("served migrated: %+v, %v", c, ok)
	}

	// The longest name a file system takes leaves no room for a temporary file's, which
	// fails for root too, as a read-only folder would not.
	name := strings.Repeat("n", 250) + ".json"
	f := newFolder(t, name, `{"id":"old",`+old[1:])
	disk := f.open()
	if c, ok := disk.Get("old"); !ok || c.Persona != "" {
		t.Errorf("a folder that cannot be written is served all the same: %+v, %v", c, ok)
	}
	if n := strings.Count(f.log.String(), "still holds persona"); n != 1 {
		t.Errorf("and says so once, not %d times:\n%s", n, &f.log)
	}
	if text := f.read(name); !strings.Contains(text, "긴 설명") {
		t.Errorf("the file is as it was: %s", text)
	}
}

func TestReplaceFile(t *testing.T) {
	f := newFolder(t, "real", "old")
	info, err := os.Stat(filepath.Join(f.dir, "real"))
	if err != nil {
		t.Fatal(err)
	}
	before := stampOf(info)

	if err := os.Symlink("real", filepath.Join(f.dir, "link.json")); err != nil {
		t.Fatal(err)
	}
	after, err := replaceFile(f.dir, "link.json", before, []byte("new"))
	if err != nil {
		t.Fatal(err)
	}
	if got := f.read("real"); got != "new" {
		t.Errorf("a link's target is written: %q", got)
	}
	if info, err := os.Lstat(filepath.Join(f.dir, "link.json")); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("and the link stays one: %v, %v", info, err)
	}
	info, err = os.Stat(filepath.Join(f.dir, "real"))
	if err != nil {
		t.Fatal(err)
	}
	if !stampOf(info).equal(after) {
		t.Errorf("the stamp is that of the file in place: %v, want %v", after, stampOf(info))
	}

	f.write("real", "edited")
	if _, err := replaceFile(f.dir, "real", before, []byte("ours")); !errors.Is(err, errChanged) {
		t.Errorf("a file that somebody edited meanwhile is left to them: %v", err)
	}
	if got := f.read("real"); got != "edited" {
		t.Errorf("it holds %q", got)
	}
	if names := f.names(); !slices.Equal(names, []string{"link.json", "real"}) {
		t.Errorf("a failure leaves nothing behind: %v", names)
	}
}

func TestFolderThatVanishes(t *testing.T) {
	f := newFolder(t, "a.json", `{"name":"Ay"}`)
	p := f.open()
	away := f.dir + "-away"
	if err := os.Rename(f.dir, away); err != nil {
		t.Fatal(err)
	}
	wantIDs(t, "what was there last is served", p, "a")
	wantIDs(t, "as long as it takes", p, "a")
	if problems := p.Problems(); len(problems) != 1 || problems[0].File != "." || !errors.Is(problems[0], os.ErrNotExist) {
		t.Errorf("problems %v, want one of the folder", problems)
	}
	if n := strings.Count(f.log.String(), "level=ERROR"); n != 1 {
		t.Errorf("logged %d times, want once:\n%s", n, &f.log)
	}
	if err := os.Rename(away, f.dir); err != nil {
		t.Fatal(err)
	}
	f.write("b.json", `{"name":"Bee"}`)
	wantIDs(t, "then it goes on", p, "a", "b")
	if problems := p.Problems(); problems != nil {
		t.Errorf("without a problem: %v", problems)
	}

	if _, err := NewPresetsDir(filepath.Join(f.dir, "nowhere"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder that is not there at the start is an error: %v", err)
	}
}

// Readers go on while files change; the race detector watches. Each must see whole
// characters: the two fields are always written alike.
func TestPresetsConcurrently(t *testing.T) {
	f := newFolder(t, "a.json", `{"name":"0","job":"0"}`)
	p := f.open()
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if c, ok := p.Get("a"); !ok || c.Name != c.Job {
					t.Errorf("half a character: %+v, %v", c, ok)
					return
				}
				if _, err := json.Marshal(p.List()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for _, n := range []string{"1", "2", "3", "4", "5", "6", "7", "8"} {
		// Replaced as an editor does it, since a reader may look at any time.
		f.write("next", `{"name":"`+n+`","job":"`+n+`"}`)
		if err := os.Rename(filepath.Join(f.dir, "next"), filepath.Join(f.dir, "a.json")); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	readers.Wait()
	if c, _ := p.Get("a"); c.Name != "8" {
		t.Errorf("the last version counts in the end: %q", c.Name)
	}
}

// A session's start looks at the nine files.
func BenchmarkGet(b *testing.B) {
	p := builtInPresets(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := p.Get("hermione"); !ok {
			b.Fatal("no hermione")
		}
	}
}
