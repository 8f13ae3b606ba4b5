package llm

import (
	"context"
	"errors"
	"iter"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"avatarforge/internal/memnet"
	"avatarforge/llm/llmtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is one of the clients with its server on a network in memory. Use it inside
// a synctest bubble.
type rig struct {
	t      *testing.T
	model  Model
	server awaiter
	dialed atomic.Int64
}

// serve puts a server on a network in memory and returns the transport to it, which
// counts its connections.
func (r *rig) serve(h http.Handler) *http.Transport {
	listener := memnet.Listen()
	server := &http.Server{Handler: h}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener)
	}()
	transport := &http.Transport{
		DisableCompression: true,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			r.dialed.Add(1)
			return listener.DialContext(ctx, network, addr)
		},
	}
	r.t.Cleanup(func() {
		_ = server.Close()
		<-served
		transport.CloseIdleConnections()
	})
	return transport
}

func (r *rig) dials() int { return int(r.dialed.Load()) }

type awaiter interface {
	Await(context.Context, func(llmtest.Record) bool) (llmtest.Record, error)
	Records() []llmtest.Record
}

const (
	testFirstToken = 10 * time.Second
	testIdle       = 5 * time.Second
)

func ollamaRig(t *testing.T, cfg llmtest.Config) *rig {
	server := llmtest.NewOllama(cfg)
	r := &rig{t: t, server: server}
	client, err := NewOllama(OllamaConfig{
		BaseURL:           memnet.URL,
		Model:             llmtest.DefaultModel,
		Transport:         r.serve(server),
		FirstTokenTimeout: testFirstToken,
		IdleTimeout:       testIdle,
	})
	if err != nil {
		t.Fatal(err)
	}
	r.model = client
	return r
}

func vllmRig(t *testing.T, cfg llmtest.VLLMConfig) *rig {
	server := llmtest.NewVLLM(cfg)
	r := &rig{t: t, server: server}
	client, err := NewVLLM(VLLMConfig{
		BaseURL:           memnet.URL + cfg.PathPrefix,
		APIKey:            cfg.APIKey,
		Model:             llmtest.DefaultModel,
		Transport:         r.serve(server),
		FirstTokenTimeout: testFirstToken,
		IdleTimeout:       testIdle,
	})
	if err != nil {
		t.Fatal(err)
	}
	r.model = client
	return r
}

func geminiRig(t *testing.T, cfg llmtest.GeminiConfig) *rig {
	cfg.Models = []string{llmtest.DefaultModel}
	server := llmtest.NewGemini(cfg)
	r := &rig{t: t, server: server}
	client, err := NewGemini(GeminiConfig{
		APIKey:            geminiKey,
		Endpoint:          memnet.URL + cfg.PathPrefix,
		Model:             llmtest.DefaultModel,
		Transport:         r.serve(server),
		FirstTokenTimeout: testFirstToken,
		IdleTimeout:       testIdle,
	})
	if err != nil {
		t.Fatal(err)
	}
	r.model = client
	return r
}

const geminiKey = "AIzaSyTestOnly_0123456789-abcdefghijklm"

// localRigs makes one of each service of one's own with the same replies.
var localRigs = map[string]func(*testing.T, func(llmtest.ChatRequest) llmtest.Reply) *rig{
	"ollama": func(t *testing.T, reply func(llmtest.ChatRequest) llmtest.Reply) *rig {
		return ollamaRig(t, llmtest.Config{Reply: reply})
	},
	"vllm": func(t *testing.T, reply func(llmtest.ChatRequest) llmtest.Reply) *rig {
		return vllmRig(t, llmtest.VLLMConfig{Reply: reply})
	},
}

func geminiReplying(t *testing.T, reply func(llmtest.ChatRequest) llmtest.Reply) *rig {
	return geminiRig(t, llmtest.GeminiConfig{Reply: func(req llmtest.ChatRequest) llmtest.GeminiReply {
		return llmtest.GeminiReply{Reply: reply(req)}
	}})
}

// heard is what came of one stream.
type heard struct {
	text   string
	pieces []string
	last   Delta
	err    error
}

func listen(stream iter.Seq2[Delta, error]) (h heard) {
	for delta, err := range stream {
		if err != nil {
			h.err = err
			continue // a Model must not yield after it
		}
		h.text += delta.Text
		h.pieces = append(h.pieces, delta.Text)
		h.last = delta
	}
	return h
}

func say(text string) Request {
	return Request{Messages: []Message{{Role: RoleSystem, Content: "짧게 답한다."}, {Role: RoleUser, Content: text}}}
}

// want fails the test, with the reason for the expectation, unless got is wanted.
func want[T comparable](t *testing.T, why string, got, wanted T) {
	t.Helper()
	if got != wanted {
		t.Errorf("%s:\n got %v\nwant %v", why, got, wanted)
	}
}

// wantKind wants a typed error of that kind and returns it.
func wantKind(t *testing.T, why string, err error, kind Kind) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || KindOf(err) != kind {
		t.Fatalf("%s:\n got %v\nwant kind %q", why, err, kind)
	}
	return e
}

// awaitState waits until the server has seen the request that said text come to that
// state, and returns what it saw.
func (r *rig) awaitState(text string, state llmtest.State) llmtest.Record {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Hour)
	defer cancel()
	record, err := r.server.Await(ctx, func(rec llmtest.Record) bool {
		return rec.State == state && rec.Chat.Last("user") == text
	})
	if err != nil {
		r.t.Fatalf("the server never saw %q become %s: %v; it saw %+v", text, state, err, r.server.Records())
	}
	return record
}
