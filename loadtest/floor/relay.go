package floor

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/coder/websocket"

	"avatarforge/realtime"
)

// Relay answers GET /v1/realtime. Its fields are immutable after NewRelay.
type Relay struct {
	llm    string
	model  string
	client *http.Client
	voices chan string // the synthesis servers that are free; whoever waits longest gets one first
	next   func() int
}

// NewRelay makes a relay between listeners and the upstreams at these addresses.
func NewRelay(llm, model string, tts []string) *Relay {
	r := &Relay{llm: llm, model: model, voices: make(chan string, len(tts)), client: &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost: 8192, DisableCompression: true,
	}}}
	for _, url := range tts {
		r.voices <- url
	}
	var mu sync.Mutex
	n := 0
	r.next = func() int {
		mu.Lock()
		defer mu.Unlock()
		n++
		return n
	}
	return r
}

// ServeHTTP serves one listener.
func (r *Relay) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.URL.Path != "/v1/realtime" {
		http.NotFound(w, req)
		return
	}
	ws, err := websocket.Accept(w, req, &websocket.AcceptOptions{Subprotocols: []string{"realtime"}, InsecureSkipVerify: true})
	if err != nil {
		return
	}
	c := &call{relay: r, ws: ws, id: strconv.Itoa(r.next())}
	c.run(req.Context())
}

// call is one listener's connection.
type call struct {
	relay *Relay
	ws    *websocket.Conn
	id    string

	// Owned by run.
	said     string
	textOnly bool
	answers  sync.WaitGroup
	cancel   context.CancelFunc // of the answer under way; nil before the first

	mu sync.Mutex
	// Guarded by mu, which is held while a frame is written:
	n   uint64
	buf []byte
}

// clientEvent is as much of one as the relay looks at.
type clientEvent struct {
	Type string `json:"type"`
	Item struct {
		Content []struct {
			Text string `json:"text"`
		} `json:"content"`
	} `json:"item"`
	Session struct {
		Modalities []string `json:"output_modalities"`
	} `json:"session"`
}

func (c *call) run(ctx context.Context) {
	defer c.ws.CloseNow() //nolint:errcheck // it is over
	defer c.answers.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c.event(realtime.SessionCreated{Session: realtime.Session{ID: c.id}})
	for {
		_, data, err := c.ws.Read(ctx)
		if err != nil {
			return
		}
		var e clientEvent
		if json.Unmarshal(data, &e) != nil {
			return
		}
		switch e.Type {
		case "session.update":
			c.textOnly = len(e.Session.Modalities) > 0 && e.Session.Modalities[0] == "text"
		case "conversation.item.create":
			if len(e.Item.Content) > 0 {
				c.said = e.Item.Content[0].Text
			}
		case "response.create":
			answering, stop := context.WithCancel(ctx)
			c.cancel = stop
			a := &answer{call: c, place: realtime.Place{ResponseID: "resp_" + c.id, ItemID: "item_" + c.id}, textOnly: c.textOnly, said: c.said}
			c.answers.Go(func() { defer stop(); a.run(answering) })
		case "response.cancel":
			if c.cancel != nil {
				c.cancel()
			}
		}
	}
}

// frame writes one frame, which encode appends under the next number.
func (c *call) frame(kind websocket.MessageType, encode func(dst []byte, n uint64) []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	c.buf = encode(c.buf[:0], c.n)
	_ = c.ws.Write(context.Background(), kind, c.buf) // a listener that is gone is noticed by run
}

func (c *call) event(e realtime.ServerEvent) {
	c.frame(websocket.MessageText, func(dst []byte, n uint64) []byte { return realtime.AppendEvent(dst, n, e) })
}

// answer is one reply on its way through.
type answer struct {
	call     *call
	place    realtime.Place
	said     string
	textOnly bool
	text     strings.Builder
	segment  uint32
}

func (a *answer) run(ctx context.Context) {
	a.call.event(realtime.ResponseCreated{Response: realtime.Response{ID: a.place.ResponseID}})
	sentences := make(chan string, 64)
	var speaking sync.WaitGroup
	speaking.Go(func() {
		for s := range sentences {
			a.speak(ctx, s)
		}
	})
	err := a.write(ctx, sentences)
	close(sentences)
	speaking.Wait()
	status := realtime.StatusCompleted
	switch {
	case ctx.Err() != nil:
		status = realtime.StatusCancelled
	case err != nil:
		status = realtime.StatusFailed
	}
	if a.textOnly {
		a.call.event(realtime.TextDone{Place: a.place, Text: a.text.String()})
	} else {
		a.call.event(realtime.TranscriptDone{Place: a.place, Transcript: a.text.String()})
	}
	a.call.event(realtime.ResponseDone{Response: realtime.Response{ID: a.place.ResponseID, Status: status}})
}

// line is as much of Ollama's as the relay looks at.
type line struct {
	Message struct {
		Content string `json:"content"`
	} `json:"message"`
	Done bool `json:"done"`
}

// write hands the model's tokens on and puts what has come to a full stop in line.
func (a *answer) write(ctx context.Context, sentences chan<- string) error {
	body, err := json.Marshal(map[string]any{
		"model": a.call.relay.model, "stream": true, "think": false, "options": map[string]any{"num_ctx": 8192},
		"messages": []map[string]string{{"role": "user", "content": a.said}},
	})
	if err != nil {
		return err
	}
	answer, err := a.call.relay.post(ctx, a.call.relay.llm+"/api/chat", body)
	if err != nil {
		return err
	}
	defer answer.Close()
	begun := 0 // the sentence under way, in text
	for in := bufio.NewReader(answer); ; {
		data, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		var l line
		if err := json.Unmarshal(data, &l); err != nil {
			return err
		}
		if token := l.Message.Content; token != "" {
			a.text.WriteString(token)
			a.token(token)
			if !a.textOnly && strings.ContainsAny(token[len(token)-1:], ".!?") {
				sentences <- a.text.String()[begun:]
				begun = a.text.Len()
			}
		}
		if l.Done {
			return nil
		}
	}
}

func (a *answer) token(token string) {
	a.call.frame(websocket.MessageText, func(dst []byte, n uint64) []byte {
		if a.textOnly {
			return realtime.AppendTextDelta(dst, n, &realtime.TextDelta{Place: a.place, Delta: token})
		}
		return realtime.AppendTranscriptDelta(dst, n, &realtime.TranscriptDelta{Place: a.place, Delta: token})
	})
}

// rate is that of GPT-SoVITS's current models, in samples per second.
const rate = 32000

// speak waits for a free server and hands its sound on as it comes.
func (a *answer) speak(ctx context.Context, text string) {
	r := a.call.relay
	var url string
	select {
	case url = <-r.voices:
	case <-ctx.Done():
		return
	}
	defer func() { r.voices <- url }()
	a.segment++
	sent, err := a.sound(ctx, url, text)
	if ctx.Err() != nil {
		return
	}
	done := realtime.SentenceDone{Segment: a.segment}
	if err != nil {
		done.Error = &realtime.SentenceError{Code: realtime.CodeSpeechFailed, Message: err.Error()}
	} else {
		ms := int64(sent/2) * 1000 / rate
		done.DurationMS = &ms
	}
	a.call.event(done)
}

// headerBytes is the length of a WAV file's header as GPT-SoVITS writes it.
const headerBytes = 44

func (a *answer) sound(ctx context.Context, url, text string) (sent int, err error) {
	lang := "en"
	if strings.ContainsFunc(text, func(r rune) bool { return r >= 0xac00 && r <= 0xd7a3 }) {
		lang = "ko"
	}
	body, err := json.Marshal(map[string]any{
		"text": strings.TrimSpace(text), "text_lang": lang, "ref_audio_path": "relay.wav", "prompt_text": "하나, 둘.", "prompt_lang": "ko",
		"text_split_method": "cut0", "streaming_mode": 2, "media_type": "wav", "fragment_interval": 0.01, "batch_size": 1,
	})
	if err != nil {
		return 0, err
	}
	answer, err := a.call.relay.post(ctx, url+"/tts", body)
	if err != nil {
		return 0, err
	}
	defer answer.Close()
	if _, err := io.CopyN(io.Discard, answer, headerBytes); err != nil {
		return 0, err
	}
	a.call.event(realtime.Sentence{Segment: a.segment, ResponseID: &a.place.ResponseID, ItemID: a.place.ItemID, Text: text, Spoken: text, SampleRate: rate})
	pcm := make([]byte, rate*2*realtime.MaxFrameMS/1000)
	kept := 0 // half a sample from the read before
	for {
		n, err := answer.Read(pcm[kept:])
		n += kept
		kept = n % 2
		if n > 1 {
			a.call.frame(websocket.MessageBinary, func(dst []byte, number uint64) []byte {
				return realtime.AppendAudioFrame(dst, realtime.AudioFrame{Event: uint32(number), Segment: a.segment, PCM: pcm[:n-kept]})
			})
			sent += n - kept
			pcm[0] = pcm[n-1]
		}
		if err == io.EOF {
			return sent, nil
		}
		if err != nil {
			return sent, err
		}
	}
}

func (r *Relay) post(ctx context.Context, url string, body []byte) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	answer, err := r.client.Do(req)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		answer.Body.Close()
		return nil, fmt.Errorf("POST %s: %s", url, answer.Status)
	}
	return answer.Body, nil
}
