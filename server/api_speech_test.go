package server_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"avatarforge/internal/linetest"
	"avatarforge/server"
	"avatarforge/tts"
	"avatarforge/tts/ttstest"
)

// spoken is the specification's example of POST /api/tts, as it is printed there.
const spoken = `{
    "text": "안녕하세요, 반갑습니다!",
    "voice_id": "default",
    "text_lang": "ko",
    "prompt_lang": "ko",
    "streaming_mode": 0,
    "return_binary": false,
    "media_type": "wav"
  }`

type speechFile struct {
	AudioURL  string `json:"audio_url"`
	FileID    string `json:"file_id"`
	Duration  float64
	FileSize  int64 `json:"file_size"`
	Format    string
	VoiceID   string `json:"voice_id"`
	CreatedAt string `json:"created_at"`
	Cached    bool
}

// speaking is a house whose synthesis server is as the configuration says.
func speaking(t *testing.T, mouth ttstest.Config) *caller {
	return &caller{build(t, linetest.Config{TTS: []ttstest.Config{mouth}}, server.Config{}), t, ""}
}

// get reads a file.
func (c *caller) get(path string, header ...string) (*http.Response, []byte) {
	c.t.Helper()
	h := http.Header{}
	for pair := range slices.Chunk(header, 2) {
		h.Set(pair[0], pair[1])
	}
	return c.send("GET", path, h, nil)
}

// decodeWAV is the samples of a WAV file and their rate.
func decodeWAV(t *testing.T, file []byte) ([]int16, int) {
	t.Helper()
	var d tts.WAVDecoder
	data, err := d.Append(nil, file)
	if err != nil {
		t.Fatal(err)
	}
	var pcm []int16
	for pair := range slices.Chunk(data, 2) {
		pcm = append(pcm, int16(binary.LittleEndian.Uint16(pair)))
	}
	return pcm, d.Rate()
}

// says checks what is said in a WAV file.
func says(t *testing.T, file []byte, text string) {
	t.Helper()
	pcm, rate := decodeWAV(t, file)
	if got, want := ttstest.Pitches(pcm, rate), ttstest.PitchesOf(text); !slices.Equal(got, want) {
		t.Errorf("spoken %v, want every syllable of %q: %v", got, text, want)
	}
}

func TestSpecificationsSpeechRequest(t *testing.T) {
	c := speaking(t, ttstest.Config{})
	status, body := c.call("POST", "/api/tts", spoken)
	printed := regexp.MustCompile(`^\{"success":true,"data":\{"audio_url":"/mnt/user_assets/anonymous/audio/[a-z0-9]+\.wav","file_id":"[a-z0-9]+",` +
		`"duration":[0-9.]+,"file_size":[0-9]+,"format":"wav","voice_id":"default","created_at":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ","cached":false\}\}$`)
	if status != 200 || !printed.Match(body) {
		t.Fatalf("answered %d: %s", status, body)
	}
	first := want[speechFile](c, "POST", "/api/tts", spoken, "the same again")
	if !first.Cached {
		t.Error("it was synthesised again")
	}
	if first.AudioURL != "/mnt/user_assets/anonymous/audio/"+first.FileID+".wav" {
		t.Errorf("the address %s is not the file's, %s", first.AudioURL, first.FileID)
	}
	resp, file := c.get(first.AudioURL)
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "audio/wav" {
		t.Fatalf("the file: %d %s", resp.StatusCode, resp.Header)
	}
	says(t, file, "안녕하세요, 반갑습니다!")
	pcm, rate := decodeWAV(t, file)
	if got := float64(len(pcm)) / float64(rate); first.FileSize != int64(len(file)) || first.Duration != got {
		t.Errorf("%d bytes and %v s were announced, the file has %d and %v", first.FileSize, first.Duration, len(file), got)
	}
	if binary.LittleEndian.Uint32(file[4:]) != uint32(len(file)-8) || binary.LittleEndian.Uint32(file[40:]) != uint32(len(file)-44) {
		t.Error("the header's sizes are not the file's")
	}
	if made, err := time.Parse(time.RFC3339, first.CreatedAt); err != nil || time.Since(made) > time.Minute {
		t.Errorf("created_at is %s", first.CreatedAt)
	}
	if r := c.line.TTS[0].Records(); len(r) != 1 || r[0].Params.TextLang != "ko" || r[0].Params.PromptLang != "ko" || r[0].Params.StreamingMode != 0 {
		t.Errorf("GPT-SoVITS was asked %+v", r)
	}
}

func TestSpeechDefaults(t *testing.T) {
	c := speaking(t, ttstest.Config{})
	nulls := `{"text":"기본값이에요.","voice_id":null,"text_lang":null,"prompt_lang":null,"streaming_mode":null,"return_binary":null,"media_type":null,"speed":null,"later":1}`
	for _, body := range []string{`{"text":"기본값이에요."}`, nulls, `{"text":"기본값이에요.","text_lang":"KO","prompt_lang":"Ko","speed":1}`} {
		got := want[speechFile](c, "POST", "/api/tts", body, "what is left out, null or in capitals")
		if got.VoiceID != "default" || got.Format != "wav" {
			t.Errorf("%s: %+v", body, got)
		}
	}
	if n := len(c.line.TTS[0].Records()); n != 1 {
		t.Errorf("%d syntheses; all three are the same", n)
	}
	want[speechFile](c, "POST", "/api/tts", `{"text":"Hello there. こんにちは。 안녕."}`, "the script tells the language")
	var langs []string
	for _, r := range c.line.TTS[0].Records()[1:] {
		langs = append(langs, r.Params.TextLang)
	}
	if !slices.Equal(langs, []string{"en", "ja", "ko"}) {
		t.Errorf("languages %v", langs)
	}
}

func TestSpeechValidation(t *testing.T) {
	c := speaking(t, ttstest.Config{})
	for _, tt := range []struct{ name, body, location string }{
		{"no text", `{}`, "body"},
		{"an empty text", `{"text":""}`, "body.text"},
		{"blanks", `{"text":" \n\t "}`, "body.text"},
		{"emoji", `{"text":"😀"}`, "body.text"},
		{"too long", `{"text":"` + strings.Repeat("가", 5001) + `"}`, "body.text"},
		{"an unknown voice", `{"text":"네.","voice_id":"nobody"}`, "body.voice_id"},
		{"an unknown language", `{"text":"네.","text_lang":"fr"}`, "body.text_lang"},
		{"an unknown language of the reference", `{"text":"네.","prompt_lang":"klingon"}`, "body.prompt_lang"},
		{"a mode that is not there", `{"text":"네.","streaming_mode":4}`, "body.streaming_mode"},
		{"a format that is not there", `{"text":"네.","media_type":"mp3"}`, "body.media_type"},
		{"too slow", `{"text":"네.","speed":0.1}`, "body.speed"},
		{"too fast", `{"text":"네.","speed":4.5}`, "body.speed"},
		{"not a text", `{"text":7}`, "body.text"},
	} {
		p := c.refused("POST", "/api/tts", tt.body, 422, "validation_failed", tt.name)
		if len(p.Errors) == 0 || p.Errors[0].Location != tt.location {
			t.Errorf("%s: %+v, want %s", tt.name, p.Errors, tt.location)
		}
	}
	c.refused("POST", "/api/tts", `{"text":`, 400, "invalid_request", "no JSON")
	if n := len(c.line.TTS[0].Records()); n > 0 {
		t.Errorf("%d syntheses of what is not valid", n)
	}
	want[speechFile](c, "POST", "/api/tts", `{"text":"`+strings.Repeat("가", 5000)+`"}`, "as long as it may be")
}

func TestSpeechAsBinary(t *testing.T) {
	c := speaking(t, ttstest.Config{})
	const text = "소리로 주세요. 두 문장이에요."
	for _, why := range []string{"made", "found"} {
		resp, file := c.send("POST", "/api/tts", http.Header{"Content-Type": {"application/json"}},
			strings.NewReader(`{"text":"`+text+`","return_binary":true}`))
		if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "audio/wav" || resp.ContentLength != int64(len(file)) {
			t.Fatalf("%s: %d %v %s", why, resp.StatusCode, resp.Header, file[:min(200, len(file))])
		}
		if binary.LittleEndian.Uint32(file[40:]) != uint32(len(file)-44) {
			t.Errorf("%s: the header's size is not the file's", why)
		}
		says(t, file, text)
	}
	if n := len(c.line.TTS[0].Records()); n != 2 {
		t.Errorf("%d sentences were synthesised, want two", n)
	}
	resp, file := c.send("POST", "/api/tts", http.Header{"Content-Type": {"application/json"}},
		strings.NewReader(`{"text":"`+text+`","return_binary":true,"media_type":"raw"}`))
	if resp.Header.Get("Content-Type") != "audio/raw" || string(file[:4]) == "RIFF" {
		t.Errorf("raw: %v", resp.Header)
	}
}

// gated is a synthesis server that speaks a text's sentences when it is let.
func gated() (mouth ttstest.Config, let chan struct{}) {
	let = make(chan struct{}, 100)
	return ttstest.Config{Voice: func(ctx context.Context, s ttstest.Speech) ([]int16, error) {
		select {
		case <-let:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		return ttstest.Tone(ctx, s)
	}}, let
}

func TestSpeechStreams(t *testing.T) {
	mouth, let := gated()
	c := speaking(t, mouth)
	const text = "첫 문장입니다. 둘째 문장입니다."
	let <- struct{}{}
	resp, err := http.Post(c.URL+"/api/tts", "application/json", strings.NewReader(`{"text":"`+text+`","return_binary":true,"streaming_mode":2}`))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 200 || resp.ContentLength >= 0 {
		t.Fatalf("%d, length %d", resp.StatusCode, resp.ContentLength)
	}
	// The first sentence is heard while the second is not even begun.
	first := make([]byte, 44+32000)
	if _, err := io.ReadFull(resp.Body, first); err != nil {
		t.Fatal(err)
	}
	if binary.LittleEndian.Uint32(first[40:]) != 0xFFFFFFFF || binary.LittleEndian.Uint32(first[4:]) != 0xFFFFFFFF {
		t.Error("the header knows a size that nobody knows yet")
	}
	let <- struct{}{}
	rest, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	says(t, slices.Concat(first, rest), text)

	got := want[speechFile](c, "POST", "/api/tts", `{"text":"`+text+`"}`, "what was streamed is kept")
	_, file := c.get(got.AudioURL)
	says(t, file, text)
	if n := len(c.line.TTS[0].Records()); n != 2 {
		t.Errorf("%d sentences were synthesised, want each of the two once", n)
	}
}

// A stream that cannot be finished must not look as if it were.
func TestSpeechStreamBreaks(t *testing.T) {
	c := speaking(t, ttstest.Config{Faults: []ttstest.Rule{{Text: "둘째", Fault: ttstest.Fault{Kind: ttstest.FaultException}}}})
	resp, err := http.Post(c.URL+"/api/tts", "application/json",
		strings.NewReader(`{"text":"첫 문장입니다. 둘째 문장입니다.","return_binary":true,"streaming_mode":1}`))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if resp.StatusCode != 200 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%d, %d bytes, then %v: want the connection broken", resp.StatusCode, len(body), err)
	}
	says(t, body, "첫 문장입니다.")
	c.refused("POST", "/api/tts", `{"text":"첫 문장입니다. 둘째 문장입니다.","streaming_mode":1}`, 502, "upstream_failed", "nothing was kept of it")
}

func TestSpeechIsSynthesisedOnce(t *testing.T) {
	mouth, let := gated()
	c := speaking(t, mouth)
	var (
		ends sync.WaitGroup
		mu   sync.Mutex
		ids  = map[string]bool{}
	)
	for range 10 {
		ends.Go(func() {
			got := want[speechFile](c, "POST", "/api/tts", spoken, "ten at once")
			mu.Lock()
			defer mu.Unlock()
			ids[got.FileID] = true
		})
	}
	for range 10 {
		let <- struct{}{}
	}
	ends.Wait()
	if n := len(c.line.TTS[0].Records()); n != 1 || len(ids) != 1 {
		t.Errorf("%d syntheses and %d files, want one of each", n, len(ids))
	}
}

func TestSpeechFailures(t *testing.T) {
	for _, tt := range []struct {
		name   string
		mouth  ttstest.Config
		status int
		code   string
		detail string
	}{
		{"the reference is not there", ttstest.Config{References: map[string]time.Duration{}}, 502, "upstream_failed", "3 to 10 s"},
		{"the server fails", ttstest.Config{Faults: []ttstest.Rule{{Fault: ttstest.Fault{Kind: ttstest.FaultException}}}}, 502, "upstream_failed", "GPT-SoVITS"},
		{"the server is gone", ttstest.Config{Faults: []ttstest.Rule{{Fault: ttstest.Fault{Kind: ttstest.FaultReset}}}}, 502, "upstream_failed", "TTS_BASE_URL"},
		{"a proxy answers", ttstest.Config{Faults: []ttstest.Rule{{Fault: ttstest.Fault{Kind: ttstest.FaultStatus, Status: 503}}}}, 502, "upstream_failed", "TTS_BASE_URL"},
		{"it runs away", ttstest.Config{Faults: []ttstest.Rule{{Fault: ttstest.Fault{Kind: ttstest.FaultRunaway}}}}, 502, "upstream_failed", "does not fit"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := speaking(t, tt.mouth)
			for _, binary := range []bool{false, true} {
				p := c.refused("POST", "/api/tts", fmt.Sprintf(`{"text":"안녕하세요, 반갑습니다.","return_binary":%v,"streaming_mode":0}`, binary), tt.status, tt.code, tt.name)
				if !strings.Contains(p.Detail, tt.detail) {
					t.Errorf("it says %q, want %q in it", p.Detail, tt.detail)
				}
				if strings.Contains(p.Detail, "memory") || strings.Contains(p.Detail, "http") || strings.Contains(p.Detail, "refs/") {
					t.Errorf("it tells of what is inside: %q", p.Detail)
				}
			}
		})
	}
}

func TestSpeechFormats(t *testing.T) {
	c := speaking(t, ttstest.Config{Encode: ttstest.Recorded})
	for _, format := range []string{"ogg", "aac"} {
		body := `{"text":"안녕하세요. 반갑습니다.","media_type":"` + format + `"}`
		made := want[speechFile](c, "POST", "/api/tts", body, format)
		if made.Format != format || !strings.HasSuffix(made.AudioURL, made.FileID+"."+format) || made.Duration < 2 || made.Duration > 2.2 {
			t.Errorf("%+v", made)
		}
		resp, file := c.get(made.AudioURL)
		if resp.Header.Get("Content-Type") != "audio/"+format || int64(len(file)) != made.FileSize {
			t.Errorf("%s: %v, %d bytes of %d", format, resp.Header, len(file), made.FileSize)
		}
		resp, sound := c.send("POST", "/api/tts", http.Header{"Content-Type": {"application/json"}},
			strings.NewReader(strings.Replace(body, "}", `,"return_binary":true,"streaming_mode":2}`, 1)))
		if resp.Header.Get("Content-Type") != "audio/"+format || string(sound) != string(file) {
			t.Errorf("%s streamed: %v, %d bytes", format, resp.Header, len(sound))
		}
	}

	c = speaking(t, ttstest.Config{})
	p := c.refused("POST", "/api/tts", `{"text":"안녕하세요.","media_type":"aac"}`, 502, "upstream_failed", "GPT-SoVITS has no ffmpeg")
	if !strings.Contains(p.Detail, "ffmpeg") || !strings.Contains(p.Detail, "wav") {
		t.Errorf("it says %q, want what to do", p.Detail)
	}
	c.refused("POST", "/api/tts", `{"text":"안녕하세요.","media_type":"ogg","return_binary":true,"streaming_mode":3}`, 502, "upstream_failed", "also before a stream begins")
	want[speechFile](c, "POST", "/api/tts", `{"text":"안녕하세요."}`, "wav goes on working")
}
