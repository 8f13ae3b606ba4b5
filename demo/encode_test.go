package demo

import (
	"errors"
	"os/exec"
	"testing"
	"time"

	"avatarforge/tts"
)

// The demo encodes what the original can, and refuses as it does where ffmpeg is missing.
func TestEncodedSpeechThroughTheRealClient(t *testing.T) {
	_, missing := exec.LookPath("ffmpeg")
	for _, there := range []bool{true, false} {
		if there && missing != nil {
			t.Log("ffmpeg is not installed: only its absence is tested")
			continue
		}
		if !there {
			t.Setenv("PATH", "")
		}
		d := start(t, Config{TTS: true, ToneOnly: true, Unpaced: true})
		client, err := tts.NewSoVITS(tts.SoVITSConfig{BaseURL: d.TTSURL()})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		for _, e := range []tts.Encoding{tts.Ogg, tts.AAC} {
			req := tts.Request{
				Text: "안녕하세요, 반갑습니다.", TextLang: "ko", Seed: -1, Encoding: e,
				Voice: tts.Voice{ID: "default", Language: "ko", RefAudioPath: "refs/ko_default.wav", PromptText: "네.", PromptLang: "ko"},
			}
			var sound []byte
			var failed error
			for chunk, err := range client.Synthesize(t.Context(), req) {
				sound, failed = append(sound, chunk.PCM...), err
			}
			if !there {
				var refused *tts.Error
				if !errors.As(failed, &refused) || refused.Kind != tts.ErrorRefused {
					t.Errorf("%s without ffmpeg: %v", e, failed)
				}
				continue
			}
			length, _, err := tts.Measure(e, sound)
			if failed != nil || err != nil || length < time.Second || length > 5*time.Second {
				t.Errorf("%s: %v, %v, %v", e, length, failed, err)
			}
		}
	}
}
