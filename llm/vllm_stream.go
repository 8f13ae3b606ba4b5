package llm

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// vllmDecoder turns the events of /v1/chat/completions into deltas. Owned by the
// stream's goroutine.
type vllmDecoder struct {
	up     *upstream
	events *eventReader
	clock  *watch
	scan   scanner
	reply  vllmReply
}

var doneEvent = []byte("[DONE]")

func (d *vllmDecoder) next() (Delta, error) {
	for {
		data, err := d.events.next()
		ended := errors.Is(err, io.EOF)
		if err != nil && !ended {
			return Delta{}, err
		}
		if ended || bytes.Equal(data, doneEvent) {
			// Only a finish reason tells a whole reply: [DONE] follows an error
			// too, and a killed worker sends neither.
			if last, ok := d.reply.end(); ok {
				return last, nil
			}
			return Delta{}, d.up.truncated()
		}
		frame, err := parseVLLM(&d.scan, data)
		switch {
		case err != nil && d.events.ended != nil:
			return Delta{}, d.up.truncated()
		case err != nil:
			return Delta{}, d.up.malformed(err)
		case frame.failed:
			return Delta{}, d.up.midStream(frame.failure)
		case frame.finish == "abort":
			return Delta{}, d.up.midStream("the server aborted the reply")
		}
		if delta := d.reply.add(&frame); delta.Text != "" {
			return delta, nil
		}
		d.clock.resume()
	}
}

// vllmReply is a reply so far. Its end is three events long: the one with the finish
// reason, the one with the usage, and [DONE].
type vllmReply struct {
	filter thinkFilter
	finish FinishReason // empty until the server said it
	usage  Usage
}

func (r *vllmReply) add(f *vllmFrame) Delta {
	if f.usage != (Usage{}) {
		r.usage = f.usage
	}
	text := r.filter.push(f.content)
	switch f.finish {
	case "":
	case string(FinishLength):
		r.finish = FinishLength
	default: // "stop", or what we did not ask for, such as "tool_calls"
		r.finish = FinishStop
	}
	return Delta{Text: text}
}

// end returns the last delta; ok is false if the reply has none.
func (r *vllmReply) end() (last Delta, ok bool) {
	return Delta{Text: r.filter.flush(), Finish: r.finish, Usage: r.usage}, r.finish != ""
}

// vllmFrame is what an event says.
type vllmFrame struct {
	content string
	finish  string
	usage   Usage
	failed  bool
	failure string
}

// parseVLLM reads an event: the usual one by hand, all others by encoding/json.
func parseVLLM(s *scanner, data []byte) (vllmFrame, error) {
	if f, ok := scanVLLM(s, data); ok {
		return f, nil
	}
	return decodeVLLM(data)
}

// Members of an event, its choice and its delta that the fast path knows.
const (
	sawID = 1 << iota
	sawObject
	sawStamp
	sawName
	sawChoices
	sawUsage
	sawFingerprint
)

// scanVLLM reads an event with one choice that has content and no finish reason:
// {"id":…,"object":"chat.completion.chunk","created":…,"model":…,"choices":[…]}.
func scanVLLM(s *scanner, data []byte) (f vllmFrame, ok bool) {
	s.data, s.pos = data, 0
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
		case "id":
			member, ok = sawID, s.skipString()
		case "object":
			member, ok = sawObject, s.literal(`"chat.completion.chunk"`)
		case "created":
			member, ok = sawStamp, s.skipNumber()
		case "model":
			member, ok = sawName, s.skipString()
		case "system_fingerprint":
			member, ok = sawFingerprint, s.literal("null") || s.skipString()
		case "usage":
			member, ok = sawUsage, s.literal("null")
		case "choices":
			member = sawChoices
			f.content, ok = scanVLLMChoices(s)
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

// scanVLLMChoices reads [{"index":0,"delta":{"content":…},"logprobs":null,
// "finish_reason":null}] in the order in which vLLM writes it.
func scanVLLMChoices(s *scanner) (content string, ok bool) {
	if !s.literal(`[{"index":0,"delta":{"content":`) {
		return "", false
	}
	content, ok = s.text()
	return content, ok &&
		s.literal("}") &&
		s.optional(`,"logprobs":null`) &&
		s.literal(`,"finish_reason":null`) &&
		s.optional(`,"token_ids":null`) &&
		s.literal("}]")
}

// decodeVLLM reads any event.
func decodeVLLM(data []byte) (vllmFrame, error) {
	var e struct {
		Object  string `json:"object"`
		Choices []struct {
			Delta struct {
				Content *string `json:"content"`
			} `json:"delta"`
			FinishReason *string `json:"finish_reason"`
		} `json:"choices"`
		Usage struct {
			PromptTokens     int `json:"prompt_tokens"`
			CompletionTokens int `json:"completion_tokens"`
		} `json:"usage"`
		Error   json.RawMessage `json:"error"`
		Message json.RawMessage `json:"message"`
	}
	if err := json.Unmarshal(data, &e); err != nil {
		return vllmFrame{}, err
	}
	f := vllmFrame{usage: Usage{InputTokens: e.Usage.PromptTokens, OutputTokens: e.Usage.CompletionTokens}}
	switch {
	case len(e.Error) > 0 && string(e.Error) != "null":
		f.failed = true
		f.failure = errorText(e.Error)
	case e.Object == "error":
		f.failed = true
		f.failure = errorText(e.Message)
	}
	if len(e.Choices) > 0 {
		if c := e.Choices[0].Delta.Content; c != nil {
			f.content = *c
		}
		if r := e.Choices[0].FinishReason; r != nil {
			f.finish = *r
		}
	}
	return f, nil
}
