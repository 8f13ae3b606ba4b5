package llmtest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// vllmStream is a streamed answer of /v1/chat/completions: server-sent events.
type vllmStream struct {
	server  *VLLM
	wire    *wire
	head    []byte // an event up to its choices
	usage   bool   // the client asked for it
	started bool   // the role chunk is out
	last    string // content that travels with the finish reason
}

func appendVLLMHead(buf []byte, number int, model string) []byte {
	buf = append(buf, `{"id":"chatcmpl-`...)
	buf = strconv.AppendInt(buf, int64(number), 10)
	buf = append(buf, `","object":"chat.completion.chunk","created":`...)
	buf = strconv.AppendInt(buf, time.Now().Unix(), 10)
	buf = append(buf, `,"model":`...)
	return appendString(buf, model, false)
}

// event appends an event whose one choice has this delta.
func (v *vllmStream) event(delta func([]byte) []byte, finish string) {
	v.begin()
	v.wire.buf = append(v.wire.buf, `,"choices":[{"index":0,"delta":{`...)
	v.wire.buf = delta(v.wire.buf)
	v.wire.buf = append(v.wire.buf, `},"logprobs":null,"finish_reason":`...)
	if finish == "" {
		v.wire.buf = append(v.wire.buf, "null}]}\n\n"...)
		return
	}
	v.wire.buf = append(v.wire.buf, '"')
	v.wire.buf = append(v.wire.buf, finish...)
	v.wire.buf = append(v.wire.buf, "\",\"stop_reason\":null}]}\n\n"...)
}

func (v *vllmStream) begin() {
	if v.server.cfg.Comments {
		v.wire.buf = append(v.wire.buf, ": keep-alive\n\n"...)
	}
	v.wire.buf = append(v.wire.buf, "data: "...)
	v.wire.buf = append(v.wire.buf, v.head...)
}

// start sends the role with the first thing that the engine gives: it is no early
// sign of life.
func (v *vllmStream) start() {
	if v.started {
		return
	}
	v.started = true
	v.wire.w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	v.event(func(buf []byte) []byte { return append(buf, `"role":"assistant","content":""`...) }, "")
}

func (v *vllmStream) thought(text string) error {
	v.start()
	v.event(func(buf []byte) []byte {
		buf = append(buf, '"')
		buf = append(buf, v.server.cfg.ReasoningField...)
		buf = append(buf, `":`...)
		return appendString(buf, text, false)
	}, "")
	return nil
}

func (v *vllmStream) token(text string, final bool) error {
	v.start()
	if final {
		v.last = text
		return nil
	}
	v.content(text, "")
	return nil
}

func (v *vllmStream) content(text, finish string) {
	v.event(func(buf []byte) []byte {
		buf = append(buf, `"content":`...)
		return appendString(buf, text, false)
	}, finish)
}

func (v *vllmStream) flush() error { return v.wire.flush() }

// fail ends the stream with [DONE] even so.
func (v *vllmStream) fail(status int, message string) error {
	if !v.started {
		v.server.fail(v.wire.w, status, http.StatusText(status), "", message)
		return nil
	}
	body, err := json.Marshal(v.server.errorBody(status, "InternalServerError", "", message))
	if err != nil {
		return err
	}
	v.wire.buf = append(v.wire.buf, "data: "...)
	v.wire.buf = append(v.wire.buf, body...)
	v.wire.buf = append(v.wire.buf, "\n\ndata: [DONE]\n\n"...)
	return v.wire.flush()
}

func (v *vllmStream) tear() error {
	v.start()
	v.begin()
	return v.wire.flush()
}

func (v *vllmStream) done(sum summary) error {
	v.start()
	v.content(v.last, sum.reason)
	if v.usage {
		v.begin()
		v.wire.buf = append(v.wire.buf, `,"choices":[],"usage":{"prompt_tokens":`...)
		v.wire.buf = strconv.AppendInt(v.wire.buf, int64(sum.promptTokens), 10)
		v.wire.buf = append(v.wire.buf, `,"total_tokens":`...)
		v.wire.buf = strconv.AppendInt(v.wire.buf, int64(sum.promptTokens+sum.evalTokens), 10)
		v.wire.buf = append(v.wire.buf, `,"completion_tokens":`...)
		v.wire.buf = strconv.AppendInt(v.wire.buf, int64(sum.evalTokens), 10)
		v.wire.buf = append(v.wire.buf, "}}\n\n"...)
	}
	v.wire.buf = append(v.wire.buf, "data: [DONE]\n\n"...)
	return v.wire.flush()
}
