package floor

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"avatarforge/llm/llmtest"
	"avatarforge/tts/ttstest"
)

// Upstreams are an Ollama and synthesis servers on loopback that note, for each listener,
// when something leaves them or comes to them. A question that ends in the listener's name
// is answered to it; see question.
type Upstreams struct {
	LLM string   // base URL
	TTS []string // base URLs

	servers []*http.Server
	serving sync.WaitGroup
	ollama  *llmtest.Ollama
	mu      sync.Mutex
	marks   map[string]*marks // by listener; guarded by mu
	tone    []byte            // Immutable.
}

// part is what a question is for.
type part struct {
	tokens []string      // of the reply
	every  time.Duration // between them
}

// marks are one listener's moments. Safe for use by several goroutines.
type marks struct {
	mu      sync.Mutex
	tokens  []time.Time // each just before it is written
	asked   time.Time   // when the request for speech came
	sound   time.Time   // just before the first sound is written
	aborted time.Time   // when the last upstream request was seen to be given up
}

func (m *marks) note(f func(*marks)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f(m)
}

// take returns the moments so far and begins anew.
func (m *marks) take() (tokens []time.Time, asked, sound, aborted time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	tokens, asked, sound, aborted = m.tokens, m.asked, m.sound, m.aborted
	m.tokens, m.asked, m.sound, m.aborted = nil, time.Time{}, time.Time{}, time.Time{}
	return tokens, asked, sound, aborted
}

// StartUpstreams starts them, with so many synthesis servers.
func StartUpstreams(voices int) (*Upstreams, error) {
	u := &Upstreams{ollama: llmtest.NewOllama(llmtest.Config{KeepRecords: -1}), marks: map[string]*marks{}}
	const loudness, hertz = 4000, 220
	for i := range 4 * rate {
		u.tone = binary.LittleEndian.AppendUint16(u.tone, uint16(int16(loudness*math.Sin(2*math.Pi*hertz*float64(i)/rate))))
	}
	var err error
	if u.LLM, err = u.listen(http.HandlerFunc(u.chat)); err != nil {
		return nil, err
	}
	for range voices {
		spare := ttstest.New(ttstest.Config{KeepRecords: 1})
		url, err := u.listen(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/tts" {
				spare.ServeHTTP(w, r)
				return
			}
			u.speak(w, r)
		}))
		if err != nil {
			u.Close()
			return nil, err
		}
		u.TTS = append(u.TTS, url)
	}
	return u, nil
}

func (u *Upstreams) listen(h http.Handler) (url string, err error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	u.servers = append(u.servers, s)
	u.serving.Go(func() { _ = s.Serve(l) }) // ends with Close
	return "http://" + l.Addr().String(), nil
}

// Close ends them.
func (u *Upstreams) Close() {
	for _, s := range u.servers {
		_ = s.Close() // it is over either way
	}
	u.serving.Wait()
}

func (u *Upstreams) of(listener string) *marks {
	u.mu.Lock()
	defer u.mu.Unlock()
	m := u.marks[listener]
	if m == nil {
		m = &marks{}
		u.marks[listener] = m
	}
	return m
}

// chat answers POST /api/chat; all else is the simulator's.
func (u *Upstreams) chat(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/api/chat" {
		u.ollama.ServeHTTP(w, r)
		return
	}
	var req struct {
		Messages []llmtest.Message `json:"messages"`
		Stream   *bool             `json:"stream"`
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(body, &req) != nil {
		http.Error(w, `{"error":"a bad request"}`, http.StatusBadRequest)
		return
	}
	last := ""
	if n := len(req.Messages); n > 0 {
		last = req.Messages[n-1].Content
	}
	listener, p, ok := readQuestion(last)
	if !ok || req.Stream != nil && !*req.Stream {
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		u.ollama.ServeHTTP(w, r)
		return
	}
	m := u.of(listener)
	defer m.watch(r.Context())()
	w.Header().Set("Content-Type", "application/x-ndjson")
	flush := http.NewResponseController(w)
	timer := time.NewTimer(thinksFor)
	defer timer.Stop()
	next := time.Now().Add(thinksFor)
	for _, token := range p.tokens {
		select {
		case <-timer.C:
		case <-r.Context().Done():
			return
		}
		next = next.Add(p.every)
		timer.Reset(time.Until(next))
		line := fmt.Appendf(nil, `{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"%s"},"done":false}`+"\n", token)
		m.note(func(m *marks) { m.tokens = append(m.tokens, time.Now()) })
		if _, err := w.Write(line); err != nil || flush.Flush() != nil {
			return
		}
	}
	_, _ = io.WriteString(w, `{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":30,"eval_count":10}`+"\n")
}

// watch notes when a request is given up, until stop is called.
func (m *marks) watch(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() { m.note(func(m *marks) { m.aborted = time.Now() }) })
}

// speak answers POST /tts with a tone behind a WAV header that gives no length.
func (u *Upstreams) speak(w http.ResponseWriter, r *http.Request) {
	came := time.Now()
	var req struct {
		Text string `json:"text"`
	}
	if json.NewDecoder(r.Body).Decode(&req) != nil {
		http.Error(w, `{"message":"a bad request"}`, http.StatusBadRequest)
		return
	}
	listener, slow := readSentence(req.Text)
	m := u.of(listener)
	defer m.watch(r.Context())()
	m.note(func(m *marks) { m.asked = came })
	w.Header().Set("Content-Type", "audio/wav")
	flush := http.NewResponseController(w)
	header := make([]byte, headerBytes)
	copy(header, "RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00")
	binary.LittleEndian.PutUint32(header[24:], rate)
	binary.LittleEndian.PutUint32(header[28:], rate*2)
	copy(header[32:], "\x02\x00\x10\x00data")
	if _, err := w.Write(header); err != nil || flush.Flush() != nil {
		return
	}
	// The header is on its way by itself, as it is from the original; the sound comes later.
	if !wait(r.Context(), 20*time.Millisecond) {
		return
	}
	m.note(func(m *marks) { m.sound = time.Now() })
	const piece = rate * 2 / 5
	pieces := 10
	for n := range pieces {
		if n > 0 && slow && !wait(r.Context(), 150*time.Millisecond) {
			return
		}
		if _, err := w.Write(u.tone[n*piece : (n+1)*piece]); err != nil || flush.Flush() != nil {
			return
		}
	}
}

func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
