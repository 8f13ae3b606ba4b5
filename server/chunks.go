package server

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"avatarforge/realtime"
)

// completionChunk is one event of a streamed answer, as OpenAI's chat.completion.chunk.
type completionChunk struct {
	ID          string           `json:"id"`
	Object      string           `json:"object"` // "chat.completion.chunk"
	Created     int64            `json:"created"`
	Model       string           `json:"model"`
	Choices     []chunkChoice    `json:"choices"`
	Usage       *completionUsage `json:"usage,omitempty"`
	Avatarforge *chatExtension   `json:"avatarforge,omitempty"`
}

type chunkChoice struct {
	Index        int        `json:"index"`
	Delta        chunkDelta `json:"delta"`
	FinishReason *string    `json:"finish_reason"`
}

type chunkDelta struct {
	Role    string  `json:"role,omitempty"`
	Content *string `json:"content,omitempty"`
}

// completionUsage is OpenAI's: what the LLM server counted, in tokens.
type completionUsage struct {
	chatUsage
	TotalTokens int `json:"total_tokens" example:"57"`
}

func totalUsage(u chatUsage) *completionUsage {
	return &completionUsage{chatUsage: u, TotalTokens: u.PromptTokens + u.CompletionTokens}
}

// finishReason is why an answer ended, in OpenAI's words.
func finishReason(r *realtime.Response) string {
	if d := r.StatusDetails; r.Status == realtime.StatusIncomplete && d != nil && d.Reason == realtime.ReasonMaxOutputTokens {
		return "length"
	}
	return "stop"
}

// chunkWriter writes an answer as server-sent events. A client that is gone is noticed by
// whoever makes the answer, so what cannot be written is dropped.
type chunkWriter struct {
	c     huma.Context
	chunk completionChunk // what all chunks have in common
	buf   bytes.Buffer
}

func newChunkWriter(c huma.Context, id, model string) *chunkWriter {
	c.SetHeader("Content-Type", "text/event-stream; charset=utf-8")
	c.SetHeader("Cache-Control", "no-store")
	c.SetHeader("X-Accel-Buffering", "no") // nginx would hold the answer until it is whole
	return &chunkWriter{c: c, chunk: completionChunk{
		ID: "chatcmpl-" + id, Object: "chat.completion.chunk", Created: time.Now().Unix(), Model: model,
	}}
}

func (w *chunkWriter) begin(x *chatExtension) {
	empty := ""
	w.choice(chunkChoice{Delta: chunkDelta{Role: string(realtime.RoleAssistant), Content: &empty}}, x)
}

func (w *chunkWriter) text(text string) {
	if text != "" {
		w.choice(chunkChoice{Delta: chunkDelta{Content: &text}}, nil)
	}
}

func (w *chunkWriter) finish(reason string) { w.choice(chunkChoice{FinishReason: &reason}, nil) }

// usage is the last chunk, without a choice.
func (w *chunkWriter) usage(u chatUsage, x *chatExtension) {
	chunk := w.chunk
	chunk.Choices, chunk.Usage, chunk.Avatarforge = []chunkChoice{}, totalUsage(u), x
	w.event(chunk)
}

func (w *chunkWriter) choice(choice chunkChoice, x *chatExtension) {
	chunk := w.chunk
	chunk.Choices, chunk.Avatarforge = []chunkChoice{choice}, x
	w.event(chunk)
}

// fail says, in the middle of a stream, what went wrong.
func (w *chunkWriter) fail(p *problem) {
	w.event(toOpenAI(p))
	w.done()
}

func (w *chunkWriter) done() { w.send([]byte("[DONE]")) }

func (w *chunkWriter) event(v any) {
	data, err := json.Marshal(v)
	if err == nil { // they are plain data
		w.send(data)
	}
}

func (w *chunkWriter) send(data []byte) {
	w.buf.Reset()
	w.buf.WriteString("data: ")
	w.buf.Write(data)
	w.buf.WriteString("\n\n")
	out := w.c.BodyWriter()
	_, _ = out.Write(w.buf.Bytes()) // see chunkWriter
	if f, ok := out.(http.Flusher); ok {
		f.Flush()
	}
}
