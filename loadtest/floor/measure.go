package floor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"avatarforge/realtime"
)

// Kinds of questions.
const (
	asksText      = "text"
	asksSpeech    = "speech"
	asksInterrupt = "interrupt"
)

// question is what a listener says for a kind of answer.
func question(kind, listener string) string { return "bench " + kind + " " + listener }

// syllables spell a listener's number, so that it survives being split and spoken.
const syllables = "가나다라마바사아자차"

func spell(n int) string {
	var b strings.Builder
	for _, d := range fmt.Sprintf("%05d", n) {
		b.WriteString(string([]rune(syllables)[d-'0']))
	}
	return b.String()
}

// Tokens of the answers.
const (
	thinksFor  = 250 * time.Millisecond // before the first, as a model does
	textTokens = 40
	textEvery  = 250 * time.Millisecond
	wordsEvery = 40 * time.Millisecond
)

// readQuestion says who asks, and for what.
func readQuestion(text string) (listener string, p part, ok bool) {
	fields := strings.Fields(text)
	if len(fields) != 3 || fields[0] != "bench" {
		return "", part{}, false
	}
	n, err := strconv.Atoi(fields[2])
	if err != nil {
		return "", part{}, false
	}
	listener = spell(n)
	switch fields[1] {
	case asksText:
		return listener, part{tokens: slices.Repeat([]string{"가나"}, textTokens), every: textEvery}, true
	case asksSpeech:
		return listener, part{tokens: []string{listener, " 님", " 반갑", "습니다", "."}, every: wordsEvery}, true
	case asksInterrupt:
		return listener, part{tokens: []string{listener, " 님", " 천천히", " 들으", "세요", "."}, every: wordsEvery}, true
	}
	return "", part{}, false
}

// readSentence says whose sentence is to be spoken.
func readSentence(text string) (listener string, slow bool) {
	listener, rest, _ := strings.Cut(text, " ")
	return listener, strings.Contains(rest, "천천히")
}

// Latencies are what lies between two moments, in the order in which they were measured.
type Latencies []time.Duration

// At is a quantile, 0.5 for the median; zero where there are none.
func (l Latencies) At(part float64) time.Duration {
	if len(l) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(l))
	return sorted[int(part*float64(len(sorted)-1))]
}

// Measured is what a server, or the relay, adds between upstreams and listeners.
type Measured struct {
	Token     Latencies // from a token leaving the model to the listener
	Sentence  Latencies // from a sentence's last token leaving the model to the request for its speech
	Sound     Latencies // from the first sound leaving the synthesiser to the listener
	Hush      Latencies // from the interruption to the last sound that comes; zero where none does
	Interrupt Latencies // from the interruption to the end of the answer at the listener
	Abort     Latencies // from the interruption to the upstream request being given up
	After     int       // audio frames that came after the end of their answer
}

// Plan says how much is measured. What is zero is left out.
type Plan struct {
	Texts      int // listeners who read, all at once; they ask when all are there
	Speakers   int // listeners who are spoken to once, spread over SpeakOver
	SpeakOver  time.Duration
	Interrupts int // listeners who interrupt, twenty a second: no more than there are synthesis servers
}

// Measure has listeners talk with the server at this http address, which must be in front
// of the upstreams. The latencies are of one clock: listeners and upstreams are in this
// process.
func (u *Upstreams) Measure(ctx context.Context, url string, p Plan) (*Measured, error) {
	m := &Measured{}
	var mu sync.Mutex
	var failed error
	each := func(n int, over time.Duration, kind string, ready func(i int) error, take func(*client, *marks) error) {
		var all sync.WaitGroup
		for i := range n {
			all.Go(func() {
				ready := func() error { return ready(i) }
				var err error
				if wait(ctx, over*time.Duration(i)/time.Duration(n)) {
					err = u.one(ctx, url, kind, i, ready, take)
				} else {
					err = ready()
				}
				mu.Lock()
				defer mu.Unlock()
				if err != nil && failed == nil {
					failed = fmt.Errorf("listener %d, %s: %w", i, kind, err)
				}
			})
		}
		all.Wait()
	}
	add := func(list *Latencies, from, to time.Time) {
		if from.IsZero() || to.IsZero() {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		*list = append(*list, to.Sub(from))
	}
	atOnce := func(int) error { return nil }
	var coming sync.WaitGroup // those who are not there yet
	coming.Add(p.Texts)
	together := func(i int) error {
		coming.Done()
		coming.Wait()
		wait(ctx, textEvery*4*time.Duration(i)/time.Duration(p.Texts))
		return context.Cause(ctx)
	}
	each(p.Texts, time.Duration(p.Texts)*5*time.Millisecond, asksText, together, func(c *client, marks *marks) error {
		if err := c.answer(ctx, nil); err != nil {
			return err
		}
		left, _, _, _ := marks.take()
		if len(left) != textTokens || len(c.tokens) != textTokens {
			return fmt.Errorf("%d tokens left and %d came", len(left), len(c.tokens))
		}
		for i := range left {
			add(&m.Token, left[i], c.tokens[i])
		}
		return nil
	})
	each(p.Speakers, p.SpeakOver, asksSpeech, atOnce, func(c *client, marks *marks) error {
		if err := c.answer(ctx, nil); err != nil {
			return err
		}
		left, asked, sound, _ := marks.take()
		if len(left) == 0 {
			return errors.New("no token left")
		}
		add(&m.Sentence, left[len(left)-1], asked)
		add(&m.Sound, sound, c.sound)
		return nil
	})
	each(p.Interrupts, time.Duration(p.Interrupts)*50*time.Millisecond, asksInterrupt, atOnce, func(c *client, marks *marks) error {
		var cancelled time.Time
		err := c.answer(ctx, func() error {
			if !wait(ctx, 300*time.Millisecond) {
				return context.Cause(ctx)
			}
			cancelled = time.Now()
			return c.send(ctx, `{"type":"response.cancel"}`)
		})
		if err != nil {
			return err
		}
		add(&m.Hush, cancelled, latest(cancelled, c.lastSound))
		add(&m.Interrupt, cancelled, c.done)
		late, err := c.listen(ctx, 200*time.Millisecond)
		if err != nil {
			return err
		}
		_, _, _, aborted := marks.take()
		add(&m.Abort, cancelled, aborted)
		mu.Lock()
		m.After += late
		mu.Unlock()
		return nil
	})
	return m, failed
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// one is one listener's visit. ready is called once it is there, or has failed to come; it asks
// after that.
func (u *Upstreams) one(ctx context.Context, url, kind string, n int, ready func() error, take func(*client, *marks) error) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(url, "http")+"/v1/realtime", &websocket.DialOptions{Subprotocols: []string{"realtime"}}) //nolint:bodyclose // the library closes it
	if notReady := ready(); err != nil || notReady != nil {
		return errors.Join(err, notReady)
	}
	defer ws.CloseNow() //nolint:errcheck // it is over
	ws.SetReadLimit(1 << 20)
	c := &client{ws: ws, frames: make(chan frame, 256)}
	go c.read() //nolint:gosec // it ends with the connection
	modality := "audio"
	if kind == asksText {
		modality = "text"
	}
	update := fmt.Sprintf(`{"type":"session.update","session":{"output_modalities":["%s"],"audio":{"output":{"format":{"type":"audio/pcm","rate":%d}}},"avatarforge":{"transport":"binary"}}}`, modality, rate)
	item := fmt.Sprintf(`{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"%s"}]}}`, question(kind, strconv.Itoa(n)))
	for _, event := range []string{update, item, `{"type":"response.create"}`} {
		if err := c.send(ctx, event); err != nil {
			return err
		}
	}
	if err := take(c, u.of(spell(n))); err != nil {
		return err
	}
	return ws.Close(websocket.StatusNormalClosure, "")
}

// errLost says that a connection ended that nobody had ended.
var errLost = errors.New("the connection was lost")

// client is one listener. Its moments are owned by whoever calls answer.
type client struct {
	ws     *websocket.Conn
	frames chan frame // closed with the connection

	tokens                 []time.Time
	sound, lastSound, done time.Time
}

type frame struct {
	kind websocket.MessageType
	data []byte
	at   time.Time
}

// read stamps what comes, as soon as it does.
func (c *client) read() {
	defer close(c.frames)
	for {
		kind, data, err := c.ws.Read(context.Background())
		if err != nil {
			return
		}
		c.frames <- frame{kind, data, time.Now()}
	}
}

func (c *client) send(ctx context.Context, event string) error {
	return c.ws.Write(ctx, websocket.MessageText, []byte(event))
}

// answer takes in one answer; heard, if not nil, is called at the first sound.
func (c *client) answer(ctx context.Context, heard func() error) error {
	for {
		select {
		case f, ok := <-c.frames:
			if !ok {
				return errLost
			}
			if f.kind == websocket.MessageBinary {
				c.lastSound = f.at
				if c.sound.IsZero() {
					c.sound = f.at
					if heard != nil {
						if err := heard(); err != nil {
							return err
						}
					}
				}
				continue
			}
			_, e, err := realtime.DecodeServer(f.data)
			if err != nil {
				return err
			}
			switch e := e.(type) {
			case realtime.TextDelta, realtime.TranscriptDelta:
				c.tokens = append(c.tokens, f.at)
			case realtime.ErrorEvent:
				return &e.Err
			case realtime.ResponseDone:
				c.done = f.at
				return nil
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// listen counts the audio frames of some time.
func (c *client) listen(ctx context.Context, d time.Duration) (audio int, err error) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case f, ok := <-c.frames:
			if !ok {
				return audio, errLost
			}
			if f.kind == websocket.MessageBinary {
				audio++
			}
		case <-timer.C:
			return audio, nil
		case <-ctx.Done():
			return audio, context.Cause(ctx)
		}
	}
}
