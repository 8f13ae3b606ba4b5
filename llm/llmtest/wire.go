package llmtest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"unicode/utf8"
)

// wire writes what has been put together, whole or in two parts. Owned by the
// request's goroutine.
type wire struct {
	w       http.ResponseWriter
	flusher *http.ResponseController
	layout  Wire
	buf     []byte // what the next flush sends
	sent    int    // writes so far; 0 means that the headers are still held back
}

func newWire(w http.ResponseWriter, layout Wire) *wire {
	return &wire{w: w, flusher: http.NewResponseController(w), layout: layout}
}

func (x *wire) flush() error {
	if len(x.buf) == 0 {
		return nil
	}
	data := x.buf
	x.buf = x.buf[:0]
	if x.layout.Split && len(data) > 1 {
		// The step is odd, so that the border wanders through the line and falls
		// inside characters too.
		cut := 1 + (x.sent*37)%(len(data)-1)
		if err := x.write(data[:cut]); err != nil {
			return err
		}
		data = data[cut:]
	}
	return x.write(data)
}

func (x *wire) write(data []byte) error {
	x.sent++
	if _, err := x.w.Write(data); err != nil {
		return err
	}
	return x.flusher.Flush()
}

// appendString appends s as a JSON string. Go's encoder, and so Ollama, escapes
// the signs that HTML knows; vLLM's does not.
func appendString(buf []byte, s string, escapeHTML bool) []byte {
	if plain(s) {
		buf = append(buf, '"')
		buf = append(buf, s...)
		return append(buf, '"')
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(escapeHTML)
	if err := encoder.Encode(s); err != nil {
		panic(err) // a string always has a JSON form
	}
	return append(buf, bytes.TrimSuffix(out.Bytes(), []byte("\n"))...)
}

// plain says that s needs no escape in either service's JSON.
func plain(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c < 0x20, c == '"', c == '\\', c == '<', c == '>', c == '&', c == 0xe2:
			return false // 0xe2 begins U+2028 and U+2029
		}
	}
	return utf8.ValidString(s)
}
