package llmtest

import (
	"encoding/json"
	"strconv"
)

// geminiStream is a streamed answer without alt=sse: one JSON array, a reply for each
// piece, written as the pieces come.
type geminiStream struct {
	wire         *wire
	reply        GeminiReply
	promptTokens int
	numbers      bool   // words go out as numbers
	begun        bool   // the array is open
	written      int    // tokens of text so far
	thoughts     int    // tokens of thoughts so far
	last         string // text that travels with the reason for the end
}

// The numbers of Google's words, as the API's v1beta has them.
var (
	geminiFinishes = map[string]int{
		"STOP": 1, "MAX_TOKENS": 2, "SAFETY": 3, "RECITATION": 4, "OTHER": 5, "LANGUAGE": 6, "BLOCKLIST": 7,
		"PROHIBITED_CONTENT": 8, "SPII": 9, "MALFORMED_FUNCTION_CALL": 10, "IMAGE_SAFETY": 11,
	}
	geminiBlocks = map[string]int{"SAFETY": 1, "OTHER": 2, "BLOCKLIST": 3, "PROHIBITED_CONTENT": 4, "IMAGE_SAFETY": 5}
)

// word is a reason as it is sent; one that is not in the list is newer than all others.
func (g *geminiStream) word(name string, list map[string]int) any {
	if !g.numbers {
		return name
	}
	if number, known := list[name]; known {
		return number
	}
	return 99
}

// frame appends an element of the array.
func (g *geminiStream) frame(v map[string]any) {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // what this package answers with always has a JSON form
	}
	g.open()
	g.wire.buf = append(g.wire.buf, data...)
}

func (g *geminiStream) open() {
	sep := "[" // as Google breaks the lines
	if g.begun {
		sep = ",\r\n"
	}
	g.begun = true
	g.wire.buf = append(g.wire.buf, sep...)
}

func (g *geminiStream) usage() map[string]any {
	usage := map[string]any{
		"promptTokenCount": g.promptTokens, "totalTokenCount": g.promptTokens + g.written + g.thoughts,
		"promptTokensDetails": []any{map[string]any{"modality": "TEXT", "tokenCount": g.promptTokens}},
	}
	if g.thoughts > 0 {
		usage["thoughtsTokenCount"] = g.thoughts
	}
	if g.written > 0 {
		usage["candidatesTokenCount"] = g.written
	}
	return usage
}

// piece appends a piece of the one candidate.
func (g *geminiStream) piece(parts []map[string]any, finish string) {
	candidate := map[string]any{"index": 0}
	if parts != nil {
		candidate["content"] = map[string]any{"parts": parts, "role": "model"}
	}
	if finish != "" {
		candidate["finishReason"] = g.word(finish, geminiFinishes)
	}
	g.frame(map[string]any{
		"candidates": []any{candidate}, "usageMetadata": g.usage(), "modelVersion": "gemini-3.5-flash", "responseId": "x" + strconv.Itoa(g.written),
	})
}

// thought sends a summary of one, and a part with nothing but its signature.
func (g *geminiStream) thought(text string) error {
	g.thoughts++
	g.piece([]map[string]any{{"text": text, "thought": true}, {"thoughtSignature": "c2ln"}}, "")
	return nil
}

func (g *geminiStream) token(text string, final bool) error {
	g.written++
	if final {
		g.last = text
		return nil
	}
	g.piece([]map[string]any{{"text": text}}, "")
	return nil
}

func (g *geminiStream) flush() error { return g.wire.flush() }

// fail sends an error as a status, or as an element of the array.
func (g *geminiStream) fail(status int, message string) error {
	failure := geminiFailure(status, message)
	if g.reply.RetryDelay > 0 {
		failure.Details = append(failure.Details, map[string]any{
			"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": strconv.FormatFloat(g.reply.RetryDelay.Seconds(), 'f', -1, 64) + "s",
		})
	}
	if g.wire.sent == 0 {
		writeJSON(g.wire.w, status, []any{map[string]any{"error": failure}})
		return nil
	}
	g.frame(map[string]any{"error": failure})
	g.wire.buf = append(g.wire.buf, "\n]\n"...)
	return g.wire.flush()
}

func (g *geminiStream) tear() error {
	g.open()
	g.wire.buf = append(g.wire.buf, `{"candidates": [{"content": {"parts": [{"te`...)
	return g.wire.flush()
}

// done sends the reason for the end with the last text, or with none and the signature
// of what was thought.
func (g *geminiStream) done(sum summary) error {
	if g.reply.Block != "" {
		g.frame(map[string]any{
			"promptFeedback": map[string]any{"blockReason": g.word(g.reply.Block, geminiBlocks)}, "usageMetadata": g.usage(),
		})
	} else {
		finish := g.reply.Finish
		switch {
		case sum.reason == reasonLength:
			finish = "MAX_TOKENS"
		case finish == "":
			finish = "STOP"
		}
		var parts []map[string]any // none where thoughts have used the bound up
		switch {
		case g.written > 0:
			parts = []map[string]any{{"text": g.last, "thoughtSignature": "c2ln"}}
		case finish == "STOP":
			parts = []map[string]any{{"text": ""}}
		}
		g.piece(parts, finish)
	}
	g.wire.buf = append(g.wire.buf, "\n]\n"...)
	return g.wire.flush()
}
