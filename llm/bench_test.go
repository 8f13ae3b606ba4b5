package llm

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"avatarforge/llm/llmtest"
)

const benchToken = "안녕"

// endless repeats data for ever.
type endless struct {
	data []byte
	rest []byte
}

func (e *endless) Read(p []byte) (int, error) {
	if len(e.rest) == 0 {
		e.rest = e.data
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

// BenchmarkDecode is the cost of a token from its bytes to its delta.
func BenchmarkDecode(b *testing.B) {
	up := &upstream{service: "x", base: &url.URL{}}
	clock := newWatch(func(error) {}, -1, -1)
	line := []byte(ollamaLines[0] + "\n")
	event := []byte("data: " + vllmEvents[0] + "\n\n")
	for name, d := range map[string]decoder{
		"ollama": &ollamaDecoder{up: up, lines: newLineReader(&endless{data: line}), clock: clock},
		"vllm":   &vllmDecoder{up: up, events: newEventReader(&endless{data: event}), clock: clock},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if delta, err := d.next(); err != nil || delta.Text == "" {
					b.Fatal(delta, err)
				}
			}
		})
	}
	b.Run("ollama by encoding/json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := decodeOllama(line); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkStream is the cost of a token over a real connection, both ends of it
// included: divide by the tokens of a reply.
func BenchmarkStream(b *testing.B) {
	const tokens = 1000
	reply := func(llmtest.ChatRequest) llmtest.Reply {
		return llmtest.Reply{Tokens: strings.Split(strings.Repeat(benchToken+"|", tokens-1)+benchToken, "|")}
	}
	server := httptest.NewServer(llmtest.NewOllama(llmtest.Config{Reply: reply, KeepRecords: -1}))
	defer server.Close()
	o, err := NewOllama(OllamaConfig{BaseURL: server.URL, Model: llmtest.DefaultModel})
	if err != nil {
		b.Fatal(err)
	}
	defer o.Close()
	req := say("hello")
	req.MaxTokens = tokens
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for delta, err := range o.Stream(b.Context(), req) {
			if err != nil {
				b.Fatal(err)
			}
			if delta.Text != "" {
				n++
			}
		}
		if n != tokens {
			b.Fatal(n)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/tokens, "ns/token")
}

// BenchmarkRelay is the same over a bare copy of the bytes: the floor.
func BenchmarkRelay(b *testing.B) {
	const tokens = 1000
	reply := func(llmtest.ChatRequest) llmtest.Reply {
		return llmtest.Reply{Tokens: strings.Split(strings.Repeat(benchToken+"|", tokens-1)+benchToken, "|")}
	}
	server := httptest.NewServer(llmtest.NewOllama(llmtest.Config{Reply: reply, KeepRecords: -1}))
	defer server.Close()
	body := []byte(`{"model":"` + llmtest.DefaultModel + `","messages":[{"role":"user","content":"hello"}],"options":{"num_predict":1000}}`)
	b.ReportAllocs()
	buf := make([]byte, 4096)
	for b.Loop() {
		resp, err := http.Post(server.URL+"/api/chat", "application/json", bytes.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, resp.Body, buf); err != nil {
			b.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	http.DefaultClient.CloseIdleConnections()
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/tokens, "ns/token")
}

// BenchmarkWatch is the cost of the timeouts: a pause and a resume a token.
func BenchmarkWatch(b *testing.B) {
	clock := newWatch(func(error) {}, defaultFirstToken, defaultIdle)
	defer clock.pause()
	b.ReportAllocs()
	for b.Loop() {
		clock.pause()
		clock.resume()
	}
}

func BenchmarkCount(b *testing.B) {
	c := newCounter(b)
	for name, text := range map[string]string{
		"prose":          strings.Repeat("오늘은 날씨가 참 좋네요. ", 67),
		"without spaces": strings.Repeat("오늘은날씨가참좋네요.", 91),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if c.Count(text) == 0 {
					b.Fatal("no tokens")
				}
			}
		})
	}
}
