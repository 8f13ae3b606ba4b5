package avatar

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// upstream is a server that is asked by JSON over HTTP.
type upstream struct {
	base   string // no slash at its end
	client *http.Client
}

const (
	// callTimeout is how long one request may take; a server that is busy with another does not answer meanwhile.
	callTimeout = 60 * time.Second
	// maxAnswer bounds what is read of an answer: a model of 96 MiB in base64.
	maxAnswer = 128 << 20
	// maxComplaint bounds what is told of an error.
	maxComplaint = 500
)

// newUpstream makes a client; at nobody's request does it go elsewhere than to base.
func newUpstream(base string) upstream {
	return upstream{strings.TrimRight(base, "/"), &http.Client{
		Timeout:       callTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answerError is an answer that is no success.
type answerError struct {
	status int
	body   string // its beginning
}

func (e *answerError) Error() string { return fmt.Sprintf("answered %d: %s", e.status, e.body) }

// ask sends a request, with body as JSON where it is not nil, and reads the answer's JSON into answer.
func (u *upstream) ask(ctx context.Context, method, path string, body, answer any) error {
	var sent io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, u.base+path, sent)
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := u.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, maxComplaint))
		return &answerError{resp.StatusCode, strings.ToValidUTF8(string(text), "")}
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(answer); err != nil {
		return fmt.Errorf("read the answer of %s: %w", path, err)
	}
	return nil
}

// refused says whether an error is the server's no, rather than a server that is away or overwhelmed.
func refused(err error) bool {
	var answer *answerError
	return errors.As(err, &answer) && answer.status >= 400 && answer.status < 500 &&
		answer.status != http.StatusTooManyRequests && answer.status != http.StatusRequestTimeout
}
