package demo

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"avatarforge/llm"
	"avatarforge/tts"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, cfg Config) *Demo {
	t.Helper()
	d, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return d
}

// ollama is the program's own client for the demo model.
func ollama(t *testing.T, d *Demo, name string) *llm.Ollama {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client, err := llm.NewOllama(llm.OllamaConfig{BaseURL: d.LLMURL(), Model: name, Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// said collects a reply; the pieces are the tokens as they came.
func said(t *testing.T, m llm.Model, req llm.Request) (text string, pieces []string, last llm.Delta) {
	t.Helper()
	for delta, err := range m.Stream(t.Context(), req) {
		if err != nil {
			t.Fatal(err)
		}
		if delta.Text != "" {
			pieces = append(pieces, delta.Text)
		}
		text += delta.Text
		last = delta
	}
	return text, pieces, last
}

func TestAConversationThroughTheRealClient(t *testing.T) {
	d := start(t, Config{LLM: true, Unpaced: true, Models: []string{"gemma-3-27b-it"}})
	model := ollama(t, d, "gemma-3-27b-it")
	messages := []llm.Message{
		{Role: llm.RoleSystem, Content: "당신은 사용자와 음성으로 이야기하는 역할극에서 다음 인물을 연기한다: 유별\n말투: 귀여운 반말"},
		{Role: llm.RoleUser, Content: "안녕! 내 이름은 지수야"},
	}
	text, pieces, last := said(t, model, llm.Request{Messages: messages})
	if !strings.Contains(text, "지수야") {
		t.Errorf("told its listener's name it says %q, want to be called by it", text)
	}
	if len(pieces) < 5 {
		t.Errorf("the reply came in %d pieces, want it token by token", len(pieces))
	}
	if last.Finish != llm.FinishStop || last.Usage.OutputTokens < len(pieces) || last.Usage.InputTokens == 0 {
		t.Errorf("it ends with %+v, want a stop and the tokens counted (%d pieces)", last, len(pieces))
	}
	messages = append(messages, llm.Message{Role: llm.RoleAssistant, Content: text}, llm.Message{Role: llm.RoleUser, Content: "내 이름이 뭐야?"})
	if text, _, _ := said(t, model, llm.Request{Messages: messages}); !strings.Contains(text, "지수") {
		t.Errorf("asked for the name it says %q", text)
	}
	if _, _, last := said(t, model, llm.Request{Messages: messages, MaxTokens: 3}); last.Finish != llm.FinishLength {
		t.Errorf("bounded to three tokens it ends with %q", last.Finish)
	}
}

func TestJSONThroughTheRealClient(t *testing.T) {
	d := start(t, Config{LLM: true, Unpaced: true})
	text, _, _ := said(t, ollama(t, d, Model), llm.Request{
		Messages: []llm.Message{{Role: llm.RoleUser, Content: "다음 캐릭터의 상세 설정을 만들어 줘.\n이름: 나루토\n설명: 호카게를 꿈꾸는 닌자"}},
		Schema:   json.RawMessage(`{"type":"object","properties":{"name":{"type":"string"},"likes":{"type":"array","items":{"type":"string"}}},"required":["name","likes"]}`),
	})
	var made struct {
		Name  string   `json:"name"`
		Likes []string `json:"likes"`
	}
	if err := json.Unmarshal([]byte(text), &made); err != nil || made.Name != "나루토" || len(made.Likes) == 0 {
		t.Errorf("it made %s (%v), want the name of the prompt and some likes", text, err)
	}
}

func TestItStreamsAtTheTempoOfAModel(t *testing.T) {
	d := start(t, Config{LLM: true})
	begin, first, count := time.Now(), time.Duration(0), 0
	for delta, err := range ollama(t, d, Model).Stream(t.Context(), llm.Request{Messages: []llm.Message{{Role: llm.RoleUser, Content: "안녕!"}}}) {
		if err != nil {
			t.Fatal(err)
		}
		if delta.Text == "" {
			continue
		}
		if count++; count == 1 {
			first = time.Since(begin)
		}
		if count == 6 {
			break // half a second of it is enough
		}
	}
	// Lower bounds only: a busy machine may take longer, never less.
	if rest := time.Since(begin) - first; first < firstToken || rest < 4*time.Second/tokensPerSecond {
		t.Errorf("the first token came after %v and five more within %v, want 250 ms and 25 a second", first, rest)
	}
}

func TestSpeechThroughTheRealClient(t *testing.T) {
	d := start(t, Config{TTS: true, ToneOnly: true})
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client, err := tts.NewSoVITS(tts.SoVITSConfig{BaseURL: d.TTSURL(), HTTPClient: &http.Client{Transport: transport}})
	if err != nil {
		t.Fatal(err)
	}
	for mode := range 4 {
		total, rate, chunks := 0, 0, 0
		loud := false
		for chunk, err := range client.Synthesize(t.Context(), tts.Request{
			Text: "안녕하세요, 만나서 정말 반가워요.", TextLang: "ko", StreamingMode: mode, Seed: -1,
			Voice: tts.Voice{ID: "demo", Language: "ko", RefAudioPath: "voices/female.wav", PromptText: "안녕하세요.", PromptLang: "ko"},
		}) {
			if err != nil {
				t.Fatalf("mode %d: %v", mode, err)
			}
			total, rate = total+len(chunk.PCM)/2, chunk.Rate
			chunks++
			for i := 1; i < len(chunk.PCM); i += 2 {
				loud = loud || (chunk.PCM[i] > 10 && chunk.PCM[i] < 245)
			}
		}
		if got := float64(total) / float64(rate); got < 1.5 || got > 5 || !loud {
			t.Errorf("mode %d: %.1f s of sound at %d Hz, audible: %v; want some 2.5 s", mode, got, rate, loud)
		}
		if mode == 3 && chunks < 2 {
			t.Errorf("mode 3 sent one piece of %d samples, want it streamed", total)
		}
	}
}

func TestCloseEndsWhatRuns(t *testing.T) {
	d := start(t, Config{LLM: true, TTS: true, ToneOnly: true})
	first := make(chan struct{})
	ended := make(chan error, 1)
	go func() {
		begun := false
		for delta, err := range ollama(t, d, Model).Stream(t.Context(), llm.Request{Messages: []llm.Message{{Role: llm.RoleUser, Content: "이야기 하나 해줘"}}}) {
			if err != nil {
				ended <- err
				return
			}
			if delta.Text != "" && !begun {
				begun = true
				close(first)
			}
		}
		ended <- nil
	}()
	<-first
	if err := d.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if err := <-ended; err == nil {
		t.Error("a story that was cut off ends without an error")
	}
	if err := d.Close(); err != nil {
		t.Errorf("the second close: %v", err)
	}
	if _, err := http.Get(d.LLMURL()); err == nil {
		t.Error("the model answers after Close")
	}
}

func TestItEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	d, err := Start(ctx, Config{LLM: true, TTS: true, ToneOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := d.Close(); err != nil { // waits for the ending that the context began
		t.Errorf("close: %v", err)
	}
	if _, err := http.Get(d.TTSURL()); err == nil {
		t.Error("the voice answers after its context has ended")
	}
	if _, err := Start(ctx, Config{LLM: true}); !errors.Is(err, context.Canceled) {
		t.Errorf("started under a context that has ended: %v", err)
	}
}

func TestOnlyWhatIsAskedForRuns(t *testing.T) {
	d := start(t, Config{TTS: true, ToneOnly: true})
	if d.LLMURL() != "" || d.TTSURL() == "" || d.SpeaksWith() != "tone" {
		t.Errorf("asked for a voice it runs a model at %q, a voice at %q speaking with %q", d.LLMURL(), d.TTSURL(), d.SpeaksWith())
	}
	if d := start(t, Config{LLM: true}); d.TTSURL() != "" || d.SpeaksWith() != "" {
		t.Errorf("asked for a model it runs a voice at %q", d.TTSURL())
	}
}
