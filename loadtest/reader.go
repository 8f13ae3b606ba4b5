package loadtest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// reader is a listener who uses POST /api/chat, streamed, and reads the answers.
type reader struct {
	// Immutable.
	cfg    *Config
	rec    *recorder
	client *http.Client
	begin  context.Context // ends when no more turns begin

	// Owned by run.
	rand    *rand.Rand
	line    int
	session string // empty before the first answer
}

func newReader(begin context.Context, n int, cfg *Config, rec *recorder, client *http.Client) *reader {
	return &reader{cfg: cfg, rec: rec, client: client, begin: begin, rand: rand.New(rand.NewPCG(cfg.Seed, uint64(n))), line: n}
}

func (r *reader) run(ctx context.Context, arrival time.Time) {
	if !sleepUntil(r.begin, arrival) {
		return
	}
	r.rec.connection(time.Now(), 1)
	defer func() { r.rec.connection(time.Now(), -1) }()
	thinking := func() time.Duration { return time.Duration((0.5 + r.rand.Float64()) * float64(r.cfg.Think)) }
	intended := arrival
	if r.cfg.Every == 0 {
		intended = intended.Add(thinking())
	}
	for n := 0; r.cfg.Turns == 0 || n < r.cfg.Turns; n++ {
		if !sleepUntil(r.begin, intended) {
			return
		}
		again := r.take(ctx, intended)
		if r.cfg.Every > 0 {
			intended = intended.Add(r.cfg.Every)
		} else {
			intended = time.Now().Add(max(thinking(), again))
		}
	}
}

// chatRequest is the body of POST /api/chat.
type chatRequest struct {
	Messages  []chatMessage `json:"messages"`
	SessionID string        `json:"session_id,omitempty"`
	Character string        `json:"character_id,omitempty"`
	Model     string        `json:"model,omitempty"`
	Stream    bool          `json:"stream"`
	Speak     bool          `json:"tts_enabled"`
}

type chatMessage struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// chatChunk is a part of the answer.
type chatChunk struct {
	Avatarforge struct {
		SessionID string `json:"session_id"`
	} `json:"avatarforge"`
	Choices []struct {
		Delta struct {
			Content string `json:"content"`
		} `json:"delta"`
		FinishReason *string `json:"finish_reason"`
	} `json:"choices"`
	Error json.RawMessage `json:"error"`
}

// take asks once. again is how long the server wants to be left alone.
func (r *reader) take(ctx context.Context, intended time.Time) (again time.Duration) {
	now := time.Now()
	r.rec.wait(now, Late, now.Sub(intended))
	r.rec.asked(now)
	text := r.cfg.Script[r.line%len(r.cfg.Script)]
	r.line++
	first, err := r.ask(ctx, text)
	now = time.Now()
	fate := fateWhole
	if err != nil {
		fate = fateBroken
		fault := FaultConnect
		var refused *refusal
		switch {
		case errors.As(err, &refused) && refused.status == http.StatusServiceUnavailable:
			fault, again = FaultRefused, refused.after
		case errors.As(err, &refused):
			fault, again = FaultStatus, refused.after
		case errors.Is(err, errCut):
			fault = FaultText
		case ctx.Err() != nil:
			fault = FaultUnfinished
		case errors.Is(err, context.DeadlineExceeded):
			fault = FaultTimeout
		}
		r.rec.fault(now, fault)
	}
	if first.IsZero() {
		first = now
	}
	r.rec.wait(now, FirstToken, first.Sub(intended))
	r.rec.wait(now, Answer, now.Sub(intended))
	r.rec.ended(now, fate)
	return again
}

// errCut says that an answer ended before its end.
var errCut = errors.New("the answer was cut off")

// ask sends one request and reads its answer to the end.
func (r *reader) ask(ctx context.Context, text string) (first time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.cfg.Patience)
	defer cancel()
	body := encode(chatRequest{
		Messages: []chatMessage{{"user", text}}, SessionID: r.session, Character: r.cfg.Character, Model: r.cfg.Model, Stream: true,
	})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(r.cfg.URL, "/")+"/api/chat", bytes.NewReader(body))
	if err != nil {
		return first, err
	}
	req.Header.Set("Content-Type", "application/json")
	if r.cfg.Token != "" {
		req.Header.Set("Authorization", "Bearer "+r.cfg.Token)
	}
	answer, err := r.client.Do(req)
	if err != nil {
		return first, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<20))
		seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After"))
		return first, &refusal{answer.StatusCode, time.Duration(seconds) * time.Second, fmt.Errorf("POST /api/chat: %s", answer.Status)}
	}
	return r.read(answer.Body)
}

func (r *reader) read(body io.Reader) (first time.Time, err error) {
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, 1<<20)
	finished := false
	for lines.Scan() {
		data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
		if !ok {
			continue
		}
		if string(data) == "[DONE]" {
			if !finished {
				return first, errCut
			}
			return first, nil
		}
		var c chatChunk
		if err := json.Unmarshal(data, &c); err != nil || c.Error != nil {
			return first, errCut
		}
		if c.Avatarforge.SessionID != "" {
			r.session = c.Avatarforge.SessionID
		}
		for _, choice := range c.Choices {
			if choice.Delta.Content != "" && first.IsZero() {
				first = time.Now()
			}
			finished = finished || choice.FinishReason != nil
		}
	}
	if err := lines.Err(); err != nil {
		return first, err
	}
	return first, errCut
}
