package tts

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
)

// voiceLanguages are the language codes of GPT-SoVITS, version 2 and later.
var voiceLanguages = []string{
	"ko", "ja", "zh", "en", "yue", "all_ko", "all_ja", "all_zh", "all_yue", "auto", "auto_yue",
}

// Languages returns the codes that GPT-SoVITS takes for a text and for a reference's
// text, in lower case.
func Languages() []string { return slices.Clone(voiceLanguages) }

const (
	defaultVoiceID = "default"

	// voicesCheckInterval is how often the file is looked at, at most.
	voicesCheckInterval = time.Second

	minSpeedFactor, maxSpeedFactor = 0.25, 4
)

// Voices holds the voices of a file and follows its changes: a changed file is read
// at the next call, a second after the last look at the earliest. A file that has
// become unreadable or wrong is logged once, and the last good one stays in force. All
// methods may be called from several goroutines at once; none waits for the disk
// while another one does.
type Voices struct {
	// Immutable after NewVoices.
	fsys fs.FS
	name string
	log  *slog.Logger

	set       atomic.Pointer[voiceSet]
	nextCheck atomic.Int64 // Unix nanoseconds

	// check is held by the goroutine that looks at the file. Nobody waits for it.
	check sync.Mutex
	// seen is the file's version that was read last, good or not. Guarded by check.
	seen fileVersion
}

// voiceSet is the content of a file. Immutable.
type voiceSet struct {
	list []Voice
	def  int // the default's place in list
}

// fileVersion tells a file from its successor.
type fileVersion struct {
	modTime time.Time
	size    int64
	missing bool
}

// NewVoices reads the named file of fsys. The error names each wrong entry and field.
func NewVoices(fsys fs.FS, name string, log *slog.Logger) (*Voices, error) {
	v := &Voices{fsys: fsys, name: name, log: log}
	v.seen = v.version()
	set, err := v.read()
	if err != nil {
		return nil, err
	}
	v.set.Store(set)
	v.nextCheck.Store(time.Now().Add(voicesCheckInterval).UnixNano())
	return v, nil
}

// OpenVoices is NewVoices for a file on the disk.
func OpenVoices(path string, log *slog.Logger) (*Voices, error) {
	dir, name := filepath.Split(path)
	if dir == "" {
		dir = "."
	}
	return NewVoices(os.DirFS(dir), name, log)
}

// Get returns the voice with the id.
func (v *Voices) Get(id string) (Voice, bool) {
	list := v.current().list
	i := slices.IndexFunc(list, func(voice Voice) bool { return voice.ID == id })
	if i < 0 {
		return Voice{}, false
	}
	return list[i], true
}

// Default returns the voice to use where none is named.
func (v *Voices) Default() Voice {
	set := v.current()
	return set.list[set.def]
}

// List returns all voices in the file's order.
func (v *Voices) List() []Voice { return slices.Clone(v.current().list) }

// current returns the voices in force, after a look at the file if it is time for one.
func (v *Voices) current() *voiceSet {
	if now := time.Now(); now.UnixNano() >= v.nextCheck.Load() && v.check.TryLock() {
		defer v.check.Unlock()
		v.nextCheck.Store(now.Add(voicesCheckInterval).UnixNano())
		v.refresh()
	}
	return v.set.Load()
}

// refresh reads the file if it is another one than last time. It is called with check
// held.
func (v *Voices) refresh() {
	version := v.version()
	if version == v.seen {
		return
	}
	v.seen = version
	set, err := v.read()
	if err != nil {
		v.log.Error("voices file is wrong; the last good one stays in force", slog.String("file", v.name), slog.Any("error", err))
		return
	}
	v.set.Store(set)
	v.log.Info("voices read again", slog.String("file", v.name), slog.Int("voices", len(set.list)))
}

func (v *Voices) version() fileVersion {
	info, err := fs.Stat(v.fsys, v.name)
	if err != nil {
		return fileVersion{missing: true}
	}
	return fileVersion{modTime: info.ModTime(), size: info.Size()}
}

func (v *Voices) read() (*voiceSet, error) {
	data, err := fs.ReadFile(v.fsys, v.name)
	if err != nil {
		return nil, fmt.Errorf("read voices: %w", err)
	}
	list, defaultID, err := ParseVoices(data)
	if err != nil {
		return nil, fmt.Errorf("read voices from %s: %w", v.name, err)
	}
	return &voiceSet{
		list: list,
		def:  slices.IndexFunc(list, func(voice Voice) bool { return voice.ID == defaultID }),
	}, nil
}

// ParseVoices reads voices from JSON: {"default_voice_id": "…", "voices": [voice, …]}, or
// the list alone. Without default_voice_id it is the voice "default", or the first one
// if there is no such voice. A voice must have id, language and ref_audio_path; name
// defaults to the id, prompt_lang to the language. Unknown fields are errors, since they
// are mostly misspelt ones. The error lists everything that is wrong.
func ParseVoices(data []byte) (voices []Voice, defaultID string, err error) {
	var file struct {
		DefaultVoiceID string            `json:"default_voice_id"`
		Voices         []json.RawMessage `json:"voices"`
	}
	data = bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\ufeff")))
	if bytes.HasPrefix(data, []byte("[")) {
		err = json.Unmarshal(data, &file.Voices)
	} else {
		err = unmarshalStrictly(data, &file)
	}
	if err != nil {
		return nil, "", err
	}
	if len(file.Voices) == 0 {
		return nil, "", errors.New("voices: there is none")
	}

	var problems []error
	seen := map[string]int{}
	for i, raw := range file.Voices {
		var voice Voice
		if err := unmarshalStrictly(raw, &voice); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", entryName(i, raw), err))
			continue
		}
		for _, p := range fillVoice(&voice) {
			problems = append(problems, fmt.Errorf("%s: %w", entryName(i, raw), p))
		}
		if first, ok := seen[voice.ID]; ok && voice.ID != "" {
			problems = append(problems, fmt.Errorf("%s: id is that of voice %d, too", entryName(i, raw), first+1))
		}
		seen[voice.ID] = i
		voices = append(voices, voice)
	}
	defaultID = file.DefaultVoiceID
	if defaultID == "" {
		defaultID = defaultVoiceID
		if _, ok := seen[defaultID]; !ok && len(voices) > 0 {
			defaultID = voices[0].ID
		}
	} else if _, ok := seen[defaultID]; !ok {
		problems = append(problems, fmt.Errorf("default_voice_id: no voice is called %q", defaultID))
	}
	if len(problems) > 0 {
		return nil, "", errors.Join(problems...)
	}
	return voices, defaultID, nil
}

func unmarshalStrictly(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if decoder.More() {
		return errors.New("more than one JSON value")
	}
	return nil
}

// entryName names an entry by its place, and by its id if it has one.
func entryName(i int, raw json.RawMessage) string {
	var named struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(raw, &named); err != nil || named.ID == "" {
		return fmt.Sprintf("voice %d", i+1)
	}
	return fmt.Sprintf("voice %d %q", i+1, named.ID)
}

// fillVoice fills in the defaults and returns what is wrong, by field.
func fillVoice(v *Voice) []error {
	var problems []error
	wrong := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }

	switch {
	case v.ID == "":
		wrong("id is missing")
	case len(v.ID) > 64 || strings.ContainsFunc(v.ID, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }):
		wrong("id: want up to 64 bytes without spaces")
	}
	if v.Name == "" {
		v.Name = v.ID
	}
	v.Language = strings.ToLower(v.Language)
	v.PromptLang = strings.ToLower(v.PromptLang)
	if v.PromptLang == "" {
		v.PromptLang = v.Language
	}
	switch {
	case v.Language == "":
		wrong("language is missing")
	case !slices.Contains(voiceLanguages, v.Language):
		wrong("language %q: want one of %s", v.Language, strings.Join(voiceLanguages, ", "))
	case !slices.Contains(voiceLanguages, v.PromptLang):
		wrong("prompt_lang %q: want one of %s", v.PromptLang, strings.Join(voiceLanguages, ", "))
	}
	if v.RefAudioPath == "" {
		wrong("ref_audio_path is missing")
	}
	if slices.Contains(v.AuxRefAudioPaths, "") {
		wrong("aux_ref_audio_paths: an empty path")
	}
	if s := v.SpeedFactor; s != 0 && (s < minSpeedFactor || s > maxSpeedFactor) {
		wrong("speed_factor %v: want %v to %v, or 0 for 1", s, minSpeedFactor, maxSpeedFactor)
	}
	return problems
}
