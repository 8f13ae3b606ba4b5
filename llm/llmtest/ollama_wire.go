package llmtest

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// ollamaStream is a streamed answer of /api/chat: a JSON object a line.
type ollamaStream struct {
	wire  *wire
	model string
	final bool // the last line's content is out, its end is not
}

func (o *ollamaStream) open() {
	if o.wire.sent == 0 && len(o.wire.buf) == 0 {
		o.wire.w.Header().Set("Content-Type", "application/x-ndjson")
	}
	o.wire.buf = appendOllamaHead(o.wire.buf, o.model)
}

// appendOllamaHead appends a line up to where its content goes.
func appendOllamaHead(buf []byte, model string) []byte {
	buf = append(buf, `{"model":`...)
	buf = appendString(buf, model, true)
	buf = append(buf, `,"created_at":"`...)
	buf = time.Now().UTC().AppendFormat(buf, time.RFC3339Nano)
	return append(buf, `","message":{"role":"assistant","content":`...)
}

func (o *ollamaStream) thought(text string) error {
	o.open()
	o.wire.buf = append(o.wire.buf, `"","thinking":`...)
	o.wire.buf = appendString(o.wire.buf, text, true)
	o.wire.buf = append(o.wire.buf, "},\"done\":false}\n"...)
	return nil
}

func (o *ollamaStream) token(text string, final bool) error {
	o.open()
	o.wire.buf = appendString(o.wire.buf, text, true)
	o.final = final
	if !final {
		o.wire.buf = append(o.wire.buf, "},\"done\":false}\n"...)
	}
	return nil
}

func (o *ollamaStream) flush() error { return o.wire.flush() }

func (o *ollamaStream) fail(status int, message string) error {
	if o.wire.sent == 0 {
		ollamaError(o.wire.w, status, message)
		return nil
	}
	o.wire.buf = append(o.wire.buf, `{"error":`...)
	o.wire.buf = appendString(o.wire.buf, message, true)
	o.wire.buf = append(o.wire.buf, "}\n"...)
	return o.wire.flush()
}

func (o *ollamaStream) tear() error {
	o.open()
	return o.wire.flush()
}

func (o *ollamaStream) done(sum summary) error {
	if !o.final {
		o.open()
		o.wire.buf = append(o.wire.buf, `""`...)
	}
	o.wire.buf = appendOllamaEnd(o.wire.buf, sum)
	o.wire.buf = append(o.wire.buf, '\n')
	return o.wire.flush()
}

// appendOllamaEnd appends what follows the content of the last line. Metrics of
// zero are left out.
func appendOllamaEnd(buf []byte, sum summary) []byte {
	buf = append(buf, `},"done":true,"done_reason":"`...)
	buf = append(buf, sum.reason...)
	buf = append(buf, '"')
	for _, metric := range []struct {
		name  string
		value int64
	}{
		{"total_duration", int64(sum.total)},
		{"load_duration", int64(sum.load)},
		{"prompt_eval_count", int64(sum.promptTokens)},
		{"prompt_eval_duration", int64(sum.prompt)},
		{"eval_count", int64(sum.evalTokens)},
		{"eval_duration", int64(sum.eval)},
	} {
		if metric.value != 0 {
			buf = append(buf, `,"`...)
			buf = append(buf, metric.name...)
			buf = append(buf, `":`...)
			buf = strconv.AppendInt(buf, metric.value, 10)
		}
	}
	return append(buf, '}')
}

// ollamaWhole is the answer to "stream": false: one object at the end.
type ollamaWhole struct {
	w     http.ResponseWriter
	model string
	text  strings.Builder
}

func (o *ollamaWhole) thought(string) error { return nil }

func (o *ollamaWhole) token(text string, _ bool) error {
	o.text.WriteString(text)
	return nil
}

func (o *ollamaWhole) flush() error { return nil }

func (o *ollamaWhole) fail(status int, message string) error {
	ollamaError(o.w, status, message)
	return nil
}

func (o *ollamaWhole) tear() error { return nil }

func (o *ollamaWhole) done(sum summary) error {
	buf := appendOllamaHead(nil, o.model)
	buf = appendString(buf, o.text.String(), true)
	buf = appendOllamaEnd(buf, sum)
	o.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, err := o.w.Write(buf)
	return err
}
