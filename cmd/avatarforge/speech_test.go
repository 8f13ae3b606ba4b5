package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"avatarforge/internal/servertest"
)

type spokenFile struct {
	AudioURL string `json:"audio_url"`
	Cached   bool
}

// speak has a text spoken, and hears the file.
func (p *program) speak(voice string) (spokenFile, []byte) {
	p.t.Helper()
	resp, err := http.Post(p.address+"/api/tts", "application/json", strings.NewReader(`{"text":"안녕하세요, 반갑습니다!","voice_id":"`+voice+`"}`))
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	var made struct{ Data spokenFile }
	if err := json.NewDecoder(resp.Body).Decode(&made); err != nil || resp.StatusCode != 200 {
		p.t.Fatalf("%d, %v", resp.StatusCode, err)
	}
	file, err := http.Get(p.address + made.Data.AudioURL)
	if err != nil {
		p.t.Fatal(err)
	}
	defer file.Body.Close()
	sound, err := io.ReadAll(file.Body)
	if err != nil || file.StatusCode != 200 || len(sound) < 44+32000 {
		p.t.Fatalf("%s: %d, %d bytes, %v", made.Data.AudioURL, file.StatusCode, len(sound), err)
	}
	return made.Data, sound
}

// A voice that was changed in its file never answers with its old sound, and what was kept
// is there after a restart.
func TestSpeechIsKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	voices := filepath.Join(dir, "voices.json")
	write := func(reference string) {
		t.Helper()
		text := `{"voices":[{"id":"mine","name":"나","language":"ko","ref_audio_path":"` + reference + `","prompt_text":"네, 안녕하세요.","prompt_lang":"ko"}]}`
		if err := os.WriteFile(voices, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("refs/one.wav")
	args := []string{"--voices-file", voices, "--blob-url", servertest.S3(t) + "?secure=false"}
	p := launch(t, filepath.Join(dir, "data"), args...)
	first, sound := p.speak("mine")
	if again, same := p.speak("mine"); again.AudioURL != first.AudioURL || !again.Cached || string(same) != string(sound) {
		t.Errorf("asked again: %+v, want %s", again, first.AudioURL)
	}
	p.end()
	p = launch(t, filepath.Join(dir, "data"), args...)
	if again, _ := p.speak("mine"); again.AudioURL != first.AudioURL || !again.Cached {
		t.Errorf("after a restart: %+v, want %s", again, first.AudioURL)
	}

	write("refs/another.wav")
	var changed spokenFile
	var other []byte
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if changed, other = p.speak("mine"); changed.AudioURL != first.AudioURL {
			break
		}
	}
	if changed.AudioURL == first.AudioURL || string(other) == string(sound) {
		t.Error("a changed voice answers with its old sound")
	}
}
