package llm

import (
	"encoding/json"
	"errors"
	"io"
)

// ollamaDecoder turns the lines of /api/chat into deltas. Owned by the stream's
// goroutine.
type ollamaDecoder struct {
	up     *upstream
	lines  *lineReader
	clock  *watch
	scan   scanner
	filter thinkFilter
}

func (d *ollamaDecoder) next() (Delta, error) {
	for {
		line, err := d.lines.next()
		if errors.Is(err, io.EOF) {
			return Delta{}, d.up.truncated()
		}
		if err != nil {
			return Delta{}, err
		}
		if len(line) == 0 {
			continue
		}
		frame, err := parseOllama(&d.scan, line)
		switch {
		case err != nil && d.lines.exhausted():
			return Delta{}, d.up.truncated()
		case err != nil:
			return Delta{}, d.up.malformed(err)
		case frame.failed:
			return Delta{}, d.up.midStream(frame.failure)
		}
		if delta, ok := frame.delta(&d.filter); ok {
			return delta, nil
		}
		d.clock.resume()
	}
}

// ollamaFrame is what a line of /api/chat says.
type ollamaFrame struct {
	content string
	done    bool
	reason  string
	usage   Usage
	failed  bool
	failure string
}

// delta is the frame's part of the reply; ok is false for a frame that has none,
// such as a thought.
func (f *ollamaFrame) delta(filter *thinkFilter) (d Delta, ok bool) {
	d.Text = filter.push(f.content)
	if !f.done {
		return d, d.Text != ""
	}
	d.Text += filter.flush()
	d.Usage = f.usage
	d.Finish = FinishStop
	if f.reason == string(FinishLength) {
		d.Finish = FinishLength
	}
	return d, true
}

// parseOllama reads a line: the usual one by hand, all others by encoding/json.
func parseOllama(s *scanner, line []byte) (ollamaFrame, error) {
	if f, ok := scanOllama(s, line); ok {
		return f, nil
	}
	return decodeOllama(line)
}

// Members of a line and of its message that the fast path knows.
const (
	sawModel = 1 << iota
	sawCreated
	sawMessage
	sawDone
	sawRole
	sawContent
	sawThinking
)

// scanOllama reads {"model":…,"created_at":…,"message":{"role":…,"content":…},
// "done":false}, with its members in any order, each at most once.
func scanOllama(s *scanner, line []byte) (f ollamaFrame, ok bool) {
	s.data, s.pos = line, 0
	if !s.literal("{") {
		return f, false
	}
	for seen := 0; ; {
		name, ok := s.key()
		if !ok {
			return f, false
		}
		var member int
		switch string(name) {
		case "model":
			member, ok = sawModel, s.skipString()
		case "created_at":
			member, ok = sawCreated, s.skipString()
		case "message":
			member = sawMessage
			f.content, ok = scanOllamaMessage(s)
		case "done":
			member, ok = sawDone, s.literal("false")
		default:
			return f, false
		}
		if !ok || seen&member != 0 {
			return f, false
		}
		seen |= member
		if s.literal(",") {
			continue
		}
		return f, s.literal("}") && s.atEnd()
	}
}

func scanOllamaMessage(s *scanner) (content string, ok bool) {
	if !s.literal("{") {
		return "", false
	}
	for seen := 0; ; {
		name, ok := s.key()
		if !ok {
			return "", false
		}
		var member int
		switch string(name) {
		case "role":
			member, ok = sawRole, s.skipString()
		case "content":
			member = sawContent
			content, ok = s.text()
		case "thinking":
			// A thought with escapes in it takes the slow path: it is not the
			// reply.
			member, ok = sawThinking, s.skipString()
		default:
			return "", false
		}
		if !ok || seen&member != 0 {
			return "", false
		}
		seen |= member
		if s.literal(",") {
			continue
		}
		return content, s.literal("}")
	}
}

// decodeOllama reads any line.
func decodeOllama(line []byte) (ollamaFrame, error) {
	var l struct {
		Message struct {
			Content string `json:"content"`
		} `json:"message"`
		Done       bool            `json:"done"`
		DoneReason string          `json:"done_reason"`
		Prompt     int             `json:"prompt_eval_count"`
		Eval       int             `json:"eval_count"`
		Error      json.RawMessage `json:"error"`
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return ollamaFrame{}, err
	}
	f := ollamaFrame{
		content: l.Message.Content,
		done:    l.Done,
		reason:  l.DoneReason,
		usage:   Usage{InputTokens: l.Prompt, OutputTokens: l.Eval},
	}
	if len(l.Error) > 0 && string(l.Error) != "null" {
		f.failed = true
		f.failure = errorText(l.Error)
	}
	return f, nil
}
