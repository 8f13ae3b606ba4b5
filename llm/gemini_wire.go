package llm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// geminiTransport is below the SDK. It puts the key into a header, where no log of URLs
// finds it, and does for the SDK what that cannot: an answer other than 200 becomes an
// *Error with the status and the words of Google's (the SDK asks again until ctx ends
// where that is 503, and forgets it), and a stream is made readable, see geminiBody.
type geminiTransport struct {
	up   *upstream
	base http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t *geminiTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("X-Goog-Api-Key", t.up.apiKey)
	resp, err := t.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	// Whatever the server says it sends, more than this is no reply.
	resp.Body = http.MaxBytesReader(nil, resp.Body, maxControlBody)
	if resp.StatusCode == http.StatusOK {
		if strings.HasSuffix(req.URL.Path, ":streamGenerateContent") {
			resp.Body = &geminiBody{up: t.up, source: resp.Body, frames: json.NewDecoder(resp.Body)}
		}
		return resp, nil
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	if err != nil && req.Context().Err() != nil {
		return nil, err
	}
	return nil, t.refusal(req, resp, text)
}

// CloseIdleConnections is what http.Client looks for.
func (t *geminiTransport) CloseIdleConnections() {
	if c, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

func (t *geminiTransport) refusal(req *http.Request, resp *http.Response, body []byte) *Error {
	var many []json.RawMessage // a stream's error comes in a list, too
	if json.Unmarshal(body, &many) == nil && len(many) > 0 {
		body = many[0]
	}
	_, model, _ := strings.Cut(req.URL.Path, "/models/")
	model, _, _ = strings.Cut(model, ":")
	e := t.up.refusal(resp.StatusCode, body, model)
	explainGemini(e, body, model)
	seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
	if err == nil && seconds > 0 && e.RetryAfter == 0 {
		e.RetryAfter = time.Duration(seconds) * time.Second
	}
	return e
}

// geminiStatus is an error of Google's, google.rpc.Status in JSON.
type geminiStatus struct {
	Error struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
		Status  string `json:"status"`
		Details []struct {
			Reason     string `json:"reason"`     // of a google.rpc.ErrorInfo
			RetryDelay string `json:"retryDelay"` // of a google.rpc.RetryInfo, "34s"
		} `json:"details"`
	} `json:"error"`
}

// explainGemini says what to do about what Google refuses.
func explainGemini(e *Error, body []byte, model string) {
	var status geminiStatus
	_ = json.Unmarshal(body, &status) // empty where a proxy has answered
	keyRefused := e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden
	for _, detail := range status.Error.Details {
		if strings.HasPrefix(detail.Reason, "API_KEY_") {
			keyRefused = true
		}
		if wait, err := time.ParseDuration(detail.RetryDelay); err == nil && wait > 0 {
			e.RetryAfter = wait
		}
	}
	switch {
	case keyRefused:
		e.Kind = KindKeyRefused
		e.Message = strings.TrimSuffix("set GOOGLE_API_KEY to a key that is good for the Gemini API: "+e.Message, ": ")
	case e.Status == http.StatusTooManyRequests:
		e.Kind = KindRateLimited
	case e.Status == http.StatusNotFound && status.Error.Status == "NOT_FOUND":
		e.Kind = KindModelNotFound
		e.Message = fmt.Sprintf("there is no model %q, or no more; set GOOGLE_API_MODEL to one that there is", model)
	case e.Status == http.StatusNotFound:
		e.Message = "this is not Gemini's API; is GOOGLE_API_ENDPOINT right?"
	case e.Status == http.StatusBadRequest && strings.Contains(e.Message, "token count"):
		e.Kind = KindContextOverflow
	}
}

// geminiBody is a stream of replies in which all is left out that the SDK does not know:
// it takes a thought for text, fails at a part without a text, and passes over errors and
// over reasons that were thought of after it. Those end the stream with an *Error here.
type geminiBody struct {
	up     *upstream
	source io.ReadCloser
	frames *json.Decoder // of source: a JSON array of replies
	begun  bool          // the array has been opened
	out    []byte        // made, and not read yet
	err    error         // after out
}

// Read implements io.Reader.
func (b *geminiBody) Read(p []byte) (int, error) {
	for len(b.out) == 0 {
		if b.err != nil {
			return 0, b.err
		}
		b.out, b.err = b.next()
	}
	n := copy(p, b.out)
	b.out = b.out[n:]
	return n, nil
}

// Close implements io.Closer.
func (b *geminiBody) Close() error { return b.source.Close() }

// next is the next piece of the array as the SDK may see it.
func (b *geminiBody) next() ([]byte, error) {
	first := !b.begun
	if first {
		token, err := b.frames.Token()
		if err != nil {
			return nil, b.failed(err)
		}
		if token != json.Delim('[') {
			return nil, b.failed(errors.New("the stream is no list"))
		}
		b.begun = true
	}
	if !b.frames.More() {
		if _, err := b.frames.Token(); err != nil {
			return nil, b.failed(err)
		}
		// To its end, or the connection could not be used again.
		_, _ = io.CopyN(io.Discard, b.source, maxErrorBody)
		if first {
			return []byte("[]"), io.EOF
		}
		return []byte("]"), io.EOF
	}
	var frame geminiFrame
	if err := b.frames.Decode(&frame); err != nil {
		return nil, b.failed(err)
	}
	if err := frame.failure(b.up); err != nil {
		return nil, err
	}
	out := []byte{','}
	if first {
		out[0] = '['
	}
	return frame.append(out)
}

// failed makes an error of one in reading. What the connection did is for
// upstream.broken to say.
func (b *geminiBody) failed(err error) error {
	var (
		syntax *json.SyntaxError
		wrong  *json.UnmarshalTypeError
		large  *http.MaxBytesError
	)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return b.up.truncated()
	case errors.As(err, &large):
		return &Error{Kind: KindUpstreamFailed, Service: b.up.service, Message: "its reply is over 8 MiB", cause: err}
	case errors.As(err, &syntax), errors.As(err, &wrong), !b.begun:
		return b.up.malformed(err)
	}
	return err
}

// geminiFrame is one reply of a stream: a piece of the text, and perhaps its end.
type geminiFrame struct {
	Error          json.RawMessage `json:"error"` // of a stream that fails in the middle
	PromptFeedback struct {
		BlockReason geminiBlockReason `json:"blockReason"`
	} `json:"promptFeedback"`
	Candidates []struct {
		Content struct {
			Parts []struct {
				Text    *string `json:"text"` // nil: it is something else
				Thought bool    `json:"thought"`
			} `json:"parts"`
		} `json:"content"`
		FinishReason geminiFinishReason `json:"finishReason"`
	} `json:"candidates"`
	Usage geminiUsage `json:"usageMetadata"`
}

type geminiUsage struct {
	Prompt int `json:"promptTokenCount"`
	Text   int `json:"candidatesTokenCount"` // without thoughts
}

// failure is why this frame ends the stream without a whole reply, or nil.
func (f *geminiFrame) failure(up *upstream) error {
	if f.Error != nil {
		whole := fmt.Appendf(nil, `{"error":%s}`, f.Error)
		var status geminiStatus
		_ = json.Unmarshal(whole, &status) // an error of another form has no code
		e := up.midStream(errorText(whole))
		if status.Error.Code == http.StatusTooManyRequests || status.Error.Code == http.StatusServiceUnavailable {
			e.Kind = kindOfStatus(status.Error.Code)
		}
		e.Status = status.Error.Code
		explainGemini(e, whole, "")
		e.Status = 0 // the stream's own was 200: it has begun, and is not tried again
		return e
	}
	blocked := func(what, reason string) error {
		return &Error{Kind: KindBlocked, Service: up.service, Message: what + " (" + reason + ")"}
	}
	if reason := f.PromptFeedback.BlockReason; reason != "" {
		return blocked("it does not take this request", string(reason))
	}
	if len(f.Candidates) == 0 {
		return nil
	}
	switch reason := f.Candidates[0].FinishReason; reason {
	case "", "STOP", "MAX_TOKENS":
		return nil
	case "OTHER", "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS":
		return &Error{Kind: KindUpstreamFailed, Service: up.service, Message: "it stopped in the middle (" + string(reason) + ")"}
	default:
		// SAFETY, RECITATION, PROHIBITED_CONTENT and their like. A reason that is newer
		// than this list is most likely another of them.
		return blocked("it does not go on with what it has written", string(reason))
	}
}

// append appends the frame as the SDK may see it.
func (f *geminiFrame) append(out []byte) ([]byte, error) {
	type (
		part    map[string]string
		content struct {
			Parts []part `json:"parts"`
			Role  string `json:"role"`
		}
		candidate struct {
			Content      *content           `json:"content,omitempty"`
			FinishReason geminiFinishReason `json:"finishReason,omitempty"`
		}
	)
	var seen struct {
		Candidates []candidate `json:"candidates,omitempty"`
		Usage      geminiUsage `json:"usageMetadata"`
	}
	seen.Usage = f.Usage
	if len(f.Candidates) > 0 {
		first := candidate{FinishReason: f.Candidates[0].FinishReason}
		for _, p := range f.Candidates[0].Content.Parts {
			if p.Text == nil || *p.Text == "" || p.Thought {
				continue
			}
			if first.Content == nil {
				first.Content = &content{Role: "model"}
			}
			first.Content.Parts = append(first.Content.Parts, part{"text": *p.Text})
		}
		seen.Candidates = []candidate{first}
	}
	data, err := json.Marshal(seen)
	if err != nil {
		return nil, fmt.Errorf("gemini: write a frame: %w", err)
	}
	return append(out, data...), nil
}

// Google writes words of its protocol as names or as numbers; the SDK asks for numbers.
type (
	geminiBlockReason  string
	geminiFinishReason string
)

// The names behind the numbers, of generativelanguage.googleapis.com/v1beta.
var (
	geminiBlockReasons  = []string{"", "SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "IMAGE_SAFETY"}
	geminiFinishReasons = []string{
		"", "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER", "LANGUAGE", "BLOCKLIST",
		"PROHIBITED_CONTENT", "SPII", "MALFORMED_FUNCTION_CALL", "IMAGE_SAFETY", "UNEXPECTED_TOOL_CALL",
	}
)

// UnmarshalJSON implements json.Unmarshaler.
func (r *geminiBlockReason) UnmarshalJSON(data []byte) error {
	return unmarshalWord((*string)(r), geminiBlockReasons, "BLOCK_REASON_UNSPECIFIED", data)
}

// UnmarshalJSON implements json.Unmarshaler.
func (r *geminiFinishReason) UnmarshalJSON(data []byte) error {
	return unmarshalWord((*string)(r), geminiFinishReasons, "FINISH_REASON_UNSPECIFIED", data)
}

// unmarshalWord reads a name or the number of one. A number that is too new for us is
// its own name.
func unmarshalWord(word *string, names []string, unspecified string, data []byte) error {
	number := 0
	if bytes.HasPrefix(data, []byte(`"`)) {
		if err := json.Unmarshal(data, word); err != nil {
			return err
		}
		if *word == unspecified {
			*word = ""
		}
		return nil
	}
	if err := json.Unmarshal(data, &number); err != nil {
		return err
	}
	if number >= 0 && number < len(names) {
		*word = names[number]
	} else {
		*word = "reason " + strconv.Itoa(number)
	}
	return nil
}
