package tts_test

import (
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"avatarforge/tts"
)

func voiceJSON(id string) string {
	return fmt.Sprintf(`{"id":%q,"language":"ko","ref_audio_path":"refs/%s.wav"}`, id, id)
}

func TestBuiltInVoices(t *testing.T) {
	data, err := os.ReadFile("../configs/voices.json")
	if err != nil {
		t.Fatal(err)
	}
	voices, def, err := tts.ParseVoices(data)
	if err != nil {
		t.Fatal(err)
	}
	if def != "default" || voices[0].ID != "default" || voices[0].Name != "기본 음성" || voices[0].Language != "ko" || voices[0].Description != "기본 한국어 음성" {
		t.Errorf("default %q, first %+v", def, voices[0])
	}
	for _, v := range voices {
		if v.PromptText == "" {
			t.Errorf("%s has no prompt_text: models 3 and 4 refuse that", v.ID)
		}
	}
}

func TestParseVoices(t *testing.T) {
	for _, tc := range []struct {
		name, json, def string
		ids             []string
	}{
		{"an object", `{"default_voice_id":"b","voices":[` + voiceJSON("a") + `,` + voiceJSON("b") + `]}`, "b", []string{"a", "b"}},
		{"a list", `[` + voiceJSON("a") + `,` + voiceJSON("b") + `]`, "a", []string{"a", "b"}},
		{"a list with a voice called default", ` [` + voiceJSON("a") + `,` + voiceJSON("default") + `]`, "default", []string{"a", "default"}},
		{"an object without default_voice_id, with a byte order mark", "\ufeff" + `{"voices":[` + voiceJSON("a") + `]}`, "a", []string{"a"}},
	} {
		voices, def, err := tts.ParseVoices([]byte(tc.json))
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		var ids []string
		for _, v := range voices {
			ids = append(ids, v.ID)
		}
		if def != tc.def || fmt.Sprint(ids) != fmt.Sprint(tc.ids) {
			t.Errorf("%s: default %q of %v, want %q of %v", tc.name, def, ids, tc.def, tc.ids)
		}
	}

	voices, _, err := tts.ParseVoices([]byte(`[{"id":"a","language":"JA","ref_audio_path":"r"}]`))
	if err != nil {
		t.Fatal(err)
	}
	if v := voices[0]; v.Language != "ja" || v.PromptLang != "ja" || v.Name != "a" {
		t.Errorf("filled in: %+v; want lower case, prompt_lang from language, name from id", v)
	}
}

func TestParseVoicesNamesEntryAndField(t *testing.T) {
	for _, tc := range []struct {
		json string
		want []string
	}{
		{`{"voices":[]}`, []string{"voices"}},
		{`{`, []string{"unexpected EOF"}},
		{`{"voice":[]}`, []string{`"voice"`}},
		{`[{"id":"a","language":"ko","ref_audio_path":"r"}] x`, []string{"invalid character 'x'"}},
		{`[{"id":"a","language":"ko","ref_audio":"r"}]`, []string{`voice 1 "a"`, `"ref_audio"`}},
		{`[{"id":"a","language":"ko","ref_audio_path":7}]`, []string{`voice 1 "a"`, "ref_audio_path"}},
		{`[` + voiceJSON("ok") + `,{"language":"ko","ref_audio_path":"r"}]`, []string{"voice 2:", "id is missing"}},
		{`[{"id":"a b","language":"ko","ref_audio_path":"r"}]`, []string{`voice 1 "a b"`, "id:"}},
		{`[` + voiceJSON("a") + `,` + voiceJSON("a") + `]`, []string{`voice 2 "a"`, "id is that of voice 1"}},
		{`[{"id":"a","language":"kr"}]`, []string{`voice 1 "a": language "kr"`, `voice 1 "a": ref_audio_path is missing`}},
		{`[{"id":"a","language":"ko","prompt_lang":"x","ref_audio_path":"r","speed_factor":9,"aux_ref_audio_paths":[""]}]`,
			[]string{`prompt_lang "x"`, "speed_factor 9", "aux_ref_audio_paths"}},
		{`{"default_voice_id":"x","voices":[` + voiceJSON("a") + `]}`, []string{`default_voice_id: no voice is called "x"`}},
	} {
		_, _, err := tts.ParseVoices([]byte(tc.json))
		if err == nil {
			t.Errorf("%s was taken", tc.json)
			continue
		}
		for _, want := range tc.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: the message does not say %q:\n%v", tc.json, want, err)
			}
		}
	}
}

func TestVoicesFollowTheFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		files := fstest.MapFS{}
		write := func(content string) {
			files["voices.json"] = &fstest.MapFile{Data: []byte(content), ModTime: time.Now()}
		}
		write(`[` + voiceJSON("old") + `]`)
		v, err := tts.NewVoices(files, "voices.json", slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		has := func(id string) bool { _, ok := v.Get(id); return ok }
		if !has("old") || v.Default().ID != "old" || len(v.List()) != 1 || has("x") {
			t.Fatal("the first file is not in force")
		}

		time.Sleep(time.Second)
		write(`[` + voiceJSON("new") + `,` + voiceJSON("old") + `]`)
		if !has("new") || v.Default().ID != "new" || len(v.List()) != 2 {
			t.Error("a changed file was not read")
		}

		time.Sleep(time.Second)
		write(`[{]`)
		for range 3 {
			time.Sleep(time.Second)
			if !has("new") {
				t.Fatal("a broken file took the voices away")
			}
		}
		if n := strings.Count(log.String(), "level=ERROR"); n != 1 {
			t.Errorf("the broken file was reported %d times, want once:\n%s", n, log.String())
		}

		delete(files, "voices.json")
		time.Sleep(time.Second)
		if !has("new") {
			t.Error("a missing file took the voices away")
		}
		write(`[` + voiceJSON("third") + `]`)
		time.Sleep(time.Second)
		if !has("third") {
			t.Error("the mended file was not read")
		}
		if n := strings.Count(log.String(), "level=ERROR"); n != 2 {
			t.Errorf("%d reports, want one for the broken and one for the missing file", n)
		}

		list := v.List()
		list[0].ID = "changed by the caller"
		if !has("third") {
			t.Error("a caller's change to List reached the voices")
		}
	})
}

func TestOpenVoices(t *testing.T) {
	if _, err := tts.OpenVoices("../configs/voices.json", slog.New(slog.DiscardHandler)); err != nil {
		t.Error(err)
	}
	if _, err := tts.OpenVoices("../configs/none.json", slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a file that is not there was opened")
	}
}

// changingFS has a new version of the file at each look.
type changingFS struct {
	mu sync.Mutex
	n  int
}

func (c *changingFS) Open(name string) (fs.File, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	return fstest.MapFS{name: {Data: []byte(`[` + voiceJSON("a") + `]`), ModTime: time.Unix(int64(c.n), 0)}}.Open(name)
}

func TestVoicesFromManyGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, err := tts.NewVoices(&changingFS{}, "v.json", slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 50 {
					if _, ok := v.Get("a"); !ok || v.Default().ID != "a" {
						t.Error("the voice was gone while the file was read")
					}
					time.Sleep(time.Second)
				}
			})
		}
		wg.Wait()
	})
}
