package server_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"avatarforge/auth"
	"avatarforge/server"
	"avatarforge/tts"
	"avatarforge/tts/ttstest"
)

// utter asks as a program that knows OpenAI does.
func (c *caller) utter(body string) (*http.Response, []byte) {
	c.t.Helper()
	return c.send("POST", "/v1/audio/speech", http.Header{
		"Content-Type": {"application/json"}, "Accept": {"application/octet-stream"}, "Authorization": {"Bearer sk-not-ours"},
	}, strings.NewReader(body))
}

func TestOpenAISpeech(t *testing.T) {
	c := speaking(t, ttstest.Config{Encode: ttstest.Recorded})
	const text = "안녕하세요. 반갑습니다."
	for _, tt := range []struct{ name, body, contentType string }{
		{"as little as there may be", `{"input":"` + text + `"}`, "audio/wav"},
		{"OpenAI's voice", `{"model":"tts-1","voice":"alloy","input":"` + text + `","response_format":"wav"}`, "audio/wav"},
		{"ours", `{"model":"gpt-4o-mini-tts","voice":"ko-male","input":"` + text + `","response_format":"wav","instructions":"밝게","stream_format":"audio"}`, "audio/wav"},
		{"a voice as an object", `{"model":"tts-1","voice":{"id":"ko-male"},"input":"` + text + `","response_format":"wav"}`, "audio/wav"},
		{"samples", `{"model":"tts-1","voice":"nova","input":"` + text + `","response_format":"pcm"}`, "audio/raw"},
		{"opus", `{"model":"tts-1","voice":"nova","input":"` + text + `","response_format":"opus"}`, "audio/ogg"},
		{"aac", `{"model":"tts-1","voice":"nova","input":"` + text + `","response_format":"aac"}`, "audio/aac"},
		{"nulls", `{"model":null,"voice":null,"input":"` + text + `","response_format":null,"speed":null}`, "audio/wav"},
	} {
		resp, sound := c.utter(tt.body)
		if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != tt.contentType {
			t.Errorf("%s: %d %v %s", tt.name, resp.StatusCode, resp.Header, sound[:min(200, len(sound))])
			continue
		}
		switch tt.contentType {
		case "audio/wav":
			says(t, sound, text)
			if _, rate := decodeWAV(t, sound); rate != 24000 {
				t.Errorf("%s: %d Hz", tt.name, rate)
			}
		case "audio/raw":
			says(t, append(wavHeader(24000), sound...), text)
		case "audio/ogg":
			if string(sound[:4]) != "OggS" {
				t.Errorf("%s begins with %q", tt.name, sound[:4])
			}
		case "audio/aac":
			if sound[0] != 0xFF {
				t.Errorf("%s begins with %q", tt.name, sound[:4])
			}
		}
	}
	spoke := map[string]bool{}
	for _, r := range c.line.TTS[0].Records() {
		spoke[r.Params.RefAudioPath] = true
	}
	if len(spoke) != 2 {
		t.Errorf("the voices %v spoke, want the default one and ko-male", spoke)
	}
	_, slow := c.utter(`{"input":"` + text + `","speed":0.5}`)
	_, fast := c.utter(`{"input":"` + text + `","speed":2}`)
	if len(slow) < 3*len(fast) {
		t.Errorf("half the pace has %d bytes, twice the pace %d", len(slow), len(fast))
	}
}

// wavHeader is that of samples whose number is not known.
func wavHeader(rate int) []byte { return tts.AppendWAVHeader(nil, rate, -1) }

func TestOpenAISpeechErrors(t *testing.T) {
	c := speaking(t, ttstest.Config{})
	for _, tt := range []struct {
		name, body   string
		status       int
		typ, code    string
		param, words string
	}{
		{"mp3", `{"input":"네.","response_format":"mp3"}`, 400, "invalid_request_error", "validation_failed", "response_format", "wav, pcm, opus or aac"},
		{"flac", `{"input":"네.","response_format":"flac"}`, 400, "invalid_request_error", "validation_failed", "response_format", "wav, pcm, opus or aac"},
		{"an unknown voice", `{"input":"네.","voice":"nobody"}`, 400, "invalid_request_error", "validation_failed", "voice", "nobody"},
		{"no text", `{"input":""}`, 400, "invalid_request_error", "validation_failed", "input", "spoken"},
		{"only emoji", `{"input":"🎉"}`, 400, "invalid_request_error", "validation_failed", "input", "spoken"},
		{"too long", `{"input":"` + strings.Repeat("가", 5001) + `"}`, 400, "invalid_request_error", "validation_failed", "input", "5000"},
		{"too fast", `{"input":"네.","speed":5}`, 400, "invalid_request_error", "validation_failed", "speed", "0.25 to 4"},
		{"events", `{"input":"네.","stream_format":"sse"}`, 400, "invalid_request_error", "validation_failed", "stream_format", "audio"},
		{"no JSON", `{`, 400, "invalid_request_error", "invalid_request", "", ""},
		{"no ffmpeg at GPT-SoVITS", `{"input":"안녕하세요.","response_format":"aac"}`, 502, "server_error", "upstream_failed", "", "ffmpeg"},
	} {
		resp, data := c.utter(tt.body)
		var got struct {
			Error struct {
				Message, Type string
				Param, Code   *string
			}
		}
		if err := json.Unmarshal(data, &got); err != nil {
			t.Errorf("%s: %v: %s", tt.name, err, data)
			continue
		}
		text := func(s *string) string {
			if s == nil {
				return ""
			}
			return *s
		}
		e := got.Error
		if resp.StatusCode != tt.status || e.Type != tt.typ || text(e.Code) != tt.code || text(e.Param) != tt.param || !strings.Contains(e.Message, tt.words) {
			t.Errorf("%s: %d %s", tt.name, resp.StatusCode, data)
		}
	}
}

// A key that is not ours is as none, unless a login is needed.
func TestOpenAISpeechNeedsALogin(t *testing.T) {
	tokens, err := auth.NewTokens(strings.Repeat("s", 32), 0)
	if err != nil {
		t.Fatal(err)
	}
	c := &caller{build(t, saying("네."), server.Config{Tokens: tokens, AuthRequired: true}), t, ""}
	if resp, data := c.utter(`{"input":"네."}`); resp.StatusCode != 401 || !strings.Contains(string(data), `"code":"invalid_api_key"`) {
		t.Errorf("%d %s", resp.StatusCode, data)
	}
}
