package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/png"
	"io"
	"maps"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"avatarforge/avatar/avatartest"
	"avatarforge/internal/faultnet"
	"avatarforge/internal/servertest"
	"avatarforge/llm/llmtest"
	"avatarforge/realtime"
	"avatarforge/tts/ttstest"
)

// town is the whole program with every server that it can lean on, each behind a network
// that can go wrong.
type town struct {
	*program
	proxies map[string]*faultnet.Proxy // by the server's name
	ws      *websocket.Conn
	events  chan realtime.ServerEvent // that the listener gets, until the connection ends
	ended   error                     // why events are over
	session string
	texts   int               // that were spoken on demand so far
	reply   string            // what the model says; empty: whatever it likes
	said    map[string]string // what the listener was told is done, by item
	shut    func()            // ends the servers
}

// torture makes the tests go on for as long as make torture does.
var torture = flag.Bool("torture", false, "run the long tests at their full length")

// reply is what the model says.
const stormReply = "안녕하세요. 저는 헤르미온느예요."

// shops are the addresses of the servers that keep things.
type shops struct{ postgres, redis, s3 string }

// openTown starts all of it. The program waits for each server for a second.
func openTown(t *testing.T, kept shops) *town {
	t.Helper()
	w := &town{reply: stormReply, proxies: map[string]*faultnet.Proxy{}, said: map[string]string{}}
	var servers []func()
	front := func(name, address string) string {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		w.proxies[name] = faultnet.Start(t, u.Host, nil)
		u.Host = w.proxies[name].Addr()
		return u.String()
	}
	serve := func(name string, h http.Handler) string {
		server := httptest.NewServer(h)
		servers = append(servers, server.Close)
		return front(name, server.URL)
	}
	brain := llmtest.NewOllama(llmtest.Config{
		Parallel: 4,
		Reply:    func(llmtest.ChatRequest) llmtest.Reply { return llmtest.Reply{Text: stormReply} },
	})
	mouth := ttstest.New(ttstest.Config{})
	servers = append(servers, mouth.Close)
	writer := llmtest.NewGemini(llmtest.GeminiConfig{Key: testKey, Reply: func(llmtest.ChatRequest) llmtest.GeminiReply {
		return llmtest.GeminiReply{Reply: llmtest.Reply{Text: `{"plot":"당신은 문 앞에 선다."}`}}
	}})
	sculptor := avatartest.NewHunyuan(avatartest.HunyuanConfig{})
	servers = append(servers, sculptor.Close)
	w.shut = sync.OnceFunc(func() {
		for _, end := range slices.Backward(servers) {
			end()
		}
	})
	t.Cleanup(w.shut)

	w.program = launch(t, t.TempDir(), "--llm-service", "ollama", "--tts-service", "gpt-sovits",
		"--ollama-base-url", serve("Ollama", brain), "--tts-base-url", serve("GPT-SoVITS", mouth),
		"--google-api-key", testKey, "--google-api-endpoint", serve("Gemini", writer),
		"--gen3d-base-url", front("Hunyuan3D", sculptor.URL),
		"--database-url", front("PostgreSQL", kept.postgres),
		"--redis-url", front("Redis", kept.redis),
		"--blob-url", front("S3", kept.s3)+"?secure=false",
		"--drain-timeout", "5s", "--llm-first-token-timeout", "1s", "--llm-idle-timeout", "1s", "--tts-timeout", "1s",
		"--rate-limit", "off", "--max-turns", "0", "--memory-facts=false", "--jwt-secret", testSecret)
	w.attend()
	return w
}

// attend begins the conversation whose listener the test is.
func (w *town) attend() {
	w.t.Helper()
	w.ws = w.dial(nil)
	created, ok := next(w.t, w.ws).(realtime.SessionCreated)
	if !ok {
		w.t.Fatal("a conversation begins with session.created")
	}
	w.session = created.Session.ID
	w.events = make(chan realtime.ServerEvent, 10_000)
	go w.listen() // ends with the connection
}

// listen reads on, whatever the test is at: a listener who does not read is disconnected.
func (w *town) listen() {
	defer close(w.events)
	for {
		_, data, err := w.ws.Read(context.Background())
		if err != nil {
			w.ended = err
			return
		}
		_, e, err := realtime.DecodeServer(data)
		if err != nil {
			w.t.Errorf("the server says %s: %v", data, err)
			return
		}
		w.events <- e
	}
}

// turn is one exchange, in a word: how the response ended, how much of it was spoken, and
// what the listener was told beside it. It fails the test where the events contradict each
// other.
func (w *town) turn(ctx context.Context) string {
	w.t.Helper()
	for _, e := range []string{
		`{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"안녕?"}]}}`,
		`{"type":"response.create"}`,
	} {
		if err := w.ws.Write(ctx, websocket.MessageText, []byte(e)); err != nil {
			for range w.events { // until ended is set
			}
			w.t.Fatalf("the connection of a listener does not last: %v, after %v", err, w.ended)
		}
	}
	var text, spoken strings.Builder
	var outcome []string
	note := func(what string) {
		if !slices.Contains(outcome, what) {
			outcome = append(outcome, what)
		}
	}
	sentences, failed, audio, running := 0, 0, 0, false
	for {
		var e realtime.ServerEvent
		select {
		case e = <-w.events:
		case <-ctx.Done():
		}
		if e == nil {
			w.t.Fatalf("the response has no end; its text so far: %q", text.String())
		}
		switch e := e.(type) {
		case realtime.ResponseCreated:
			running = true
		case realtime.ItemDone:
			w.said[e.Item.ID] = e.Item.Text()
		case realtime.TranscriptDelta:
			text.WriteString(e.Delta)
		case realtime.AudioDelta:
			audio += len(e.Delta)
		case realtime.Sentence:
			sentences++
			spoken.WriteString(e.Text)
		case realtime.SentenceDone:
			if e.Error != nil {
				failed++
				continue
			}
			// It has been heard at once: what comes next need not wait for that.
			heard := fmt.Sprintf(`{"type":"avatarforge.playback","segment":%d,"played_ms":600000,"buffered_ms":0}`, e.Segment)
			if err := w.ws.Write(ctx, websocket.MessageText, []byte(heard)); err != nil {
				w.t.Fatal(err)
			}
		case realtime.ErrorEvent:
			if e.Err.Segment == 0 {
				note(string(e.Err.Code))
			}
			w.keepsSecrets(e.Err.Message)
			if !running && e.Err.Code != realtime.CodeNotSaved {
				return strings.Join(outcome, ", ")
			}
		case realtime.ResponseDone:
			r := e.Response
			if !running {
				w.t.Error("a response ends that did not begin")
			}
			if kept := r.Output[0].Text(); kept != text.String() {
				w.t.Errorf("the item keeps %q, the listener was told %q", kept, text.String())
			}
			if w.reply != "" && !strings.HasPrefix(w.reply, text.String()) {
				w.t.Errorf("the listener is told %q", text.String())
			}
			if spoken.String() != text.String() {
				w.t.Errorf("the sentences come to %q of %q", spoken.String(), text.String())
			}
			if r.Avatarforge.SpeechErrors != failed {
				w.t.Errorf("speech_errors %d, want %d", r.Avatarforge.SpeechErrors, failed)
			}
			status := string(r.Status)
			if e := r.StatusDetails.Error; e != nil {
				status += " " + string(e.Code)
				w.keepsSecrets(e.Message)
			}
			note(status)
			switch {
			case text.Len() == 0:
			case text.Len() < len(w.reply):
				note("some text")
			case failed == sentences:
				note("silent")
			case failed > 0:
				note("partly spoken")
			}
			if failed == 0 && sentences > 0 && audio == 0 {
				w.t.Error("sentences without sound are said to be spoken")
			}
		case realtime.Context:
			return strings.Join(outcome, ", ")
		}
	}
}

// keepsSecrets fails the test where clients are told where a server is.
func (w *town) keepsSecrets(text string) {
	w.t.Helper()
	for name, p := range w.proxies {
		if strings.Contains(text, p.Addr()) || strings.Contains(text, "127.0.0.1") || strings.Contains(text, testKey) {
			w.t.Errorf("clients are told where %s is: %s", name, text)
			return
		}
	}
}

// ask makes a request and says what comes of it: 200, or a problem's status and code.
func (w *town) ask(ctx context.Context, method, path, contentType string, body []byte, answer any) string {
	w.t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, w.address+path, bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return "broken off" // after the headers there is no other way to say that something is missing
	}
	if resp.StatusCode < 300 {
		if answer != nil {
			if err := json.Unmarshal(data, answer); err != nil {
				w.t.Errorf("%s answers %s: %v", path, data, err)
			}
		}
		return strconv.Itoa(resp.StatusCode)
	}
	var p struct{ Code, Detail string }
	if err := json.Unmarshal(data, &p); err != nil || resp.Header.Get("Content-Type") != "application/problem+json" || p.Detail == "" {
		w.t.Errorf("%s answers %d %s, want a problem", path, resp.StatusCode, data)
	}
	w.keepsSecrets(string(data))
	return fmt.Sprint(resp.StatusCode, " ", p.Code)
}

// What is asked of the servers, each in a word.
func (w *town) transcript(ctx context.Context) string {
	return w.ask(ctx, "GET", "/api/sessions/"+w.session+"/messages?limit=1", "", nil, nil)
}

func (w *town) story(ctx context.Context) string {
	return w.ask(ctx, "POST", "/api/ai/generate/story", "application/json", []byte(`{"situation":"문이 열린다."}`), nil)
}

func (w *town) speech(ctx context.Context) string {
	w.texts++ // so that none is made already
	body := fmt.Sprintf(`{"text":"%d번째 문장입니다.","voice_id":"default"}`, w.texts)
	var made struct{ Data spokenFile }
	outcome := w.ask(ctx, "POST", "/api/tts", "application/json", []byte(body), &made)
	if outcome != "200" {
		return outcome
	}
	return outcome + ", file " + w.ask(ctx, "GET", made.Data.AudioURL, "", nil, nil)
}

func (w *town) conversation(ctx context.Context) string {
	ws, resp, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(w.address, "http")+"/v1/realtime", nil)
	if resp == nil {
		w.t.Fatal(err)
	}
	if err == nil {
		ws.Close(websocket.StatusNormalClosure, "")
		return "101"
	}
	var p struct{ Code string }
	if err := json.NewDecoder(resp.Body).Decode(&p); err != nil {
		w.t.Error(err)
	}
	return fmt.Sprint(resp.StatusCode, " ", p.Code)
}

// demand is something that is asked of a server with a disk of its own, and what comes of
// it while there is room, and while there is none.
type demand struct {
	do         func(context.Context) string
	well, full string
}

func (w *town) onDisk() map[string]demand {
	return map[string]demand{
		"a transcript":     {w.transcript, "200", "200"},
		"speech":           {w.speech, "200, file 200", unreachable},
		"a figure":         {w.figure, "completed, file 200", unreachable},
		"a character":      {w.character, "200", "200|" + unreachable},
		"another listener": {w.conversation, "101", "101"},
	}
}

func (w *town) character(ctx context.Context) string {
	return w.ask(ctx, "POST", "/api/characters", "application/json", []byte(`{"name":"지수","description":"친구"}`), nil)
}

// figure has a figure made, and sees it to its end where it has one soon.
func (w *town) figure(ctx context.Context) string {
	var job struct {
		Data struct {
			JobID string `json:"job_id"`
		}
	}
	form, contentType := pictureForm(w.t)
	outcome := w.ask(ctx, "POST", "/api/generate", contentType, form, &job)
	if outcome != "202" {
		return outcome
	}
	for {
		var is struct {
			Data struct {
				Status    string
				Error     *string
				ResultURL *string `json:"result_url"`
			}
		}
		if got := w.ask(ctx, "GET", "/api/generate/status/"+job.Data.JobID, "", nil, &is); got != "200" {
			return got
		}
		switch is.Data.Status {
		case "failed":
			w.keepsSecrets(*is.Data.Error)
			return "failed"
		case "completed":
			return "completed, file " + w.ask(ctx, "GET", *is.Data.ResultURL, "", nil, nil)
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return is.Data.Status
		}
	}
}

// pictureForm is an upload of a picture.
func pictureForm(t testing.TB) (body []byte, contentType string) {
	t.Helper()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, err := w.CreateFormFile("image", "a.png")
	if err == nil {
		err = png.Encode(part, image.NewGray(image.Rect(0, 0, 64, 64)))
	}
	if err = errors.Join(err, w.WriteField("options", `{"triangles":500}`), w.Close()); err != nil {
		t.Fatal(err)
	}
	return form.Bytes(), w.FormDataContentType()
}

// noise is bytes that are no protocol's.
func noise() []byte {
	r := rand.NewChaCha8([32]byte{7})
	b := make([]byte, 4096)
	_, _ = r.Read(b)
	return b
}

// broken are the faults of a server that speaks HTTP, in its words.
type broken struct {
	contentType string
	wrong       string // an answer with wrong types
	begin       string // the beginning of an answer
}

func (b *broken) faults() map[string]faultnet.Fault {
	answer := func(status int, contentType, body string) faultnet.Fault {
		return faultnet.Fault{Kind: faultnet.Answer, Bytes: faultnet.HTTP(status, contentType, body)}
	}
	return map[string]faultnet.Fault{
		"refused":           {Kind: faultnet.Refuse},
		"reset":             {Kind: faultnet.Reset},
		"hangs":             {Kind: faultnet.Hang},
		"slow":              {Kind: faultnet.Slow, After: 200, Pause: time.Millisecond},
		"cut before a byte": {Kind: faultnet.Cut},
		"cut in the head":   {Kind: faultnet.Cut, After: 20},
		"cut in the body":   {Kind: faultnet.Cut, After: 700},
		"garbage":           {Kind: faultnet.Answer, Bytes: noise()},
		"wrong types":       answer(200, b.contentType, b.wrong),
		"half a frame":      answer(200, b.contentType, b.begin),
		"huge frame":        {Kind: faultnet.Endless, Bytes: faultnet.Flood(b.contentType, b.begin, "x")},
		"a web page":        answer(200, "text/html", "<html>Welcome to the router at http://127.0.0.1/</html>"),
		"redirected":        {Kind: faultnet.Answer, Bytes: []byte("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")},
		"status 500":        answer(500, "application/json", `{"error":"out of memory at http://127.0.0.1:11434"}`),
		"status 429":        answer(429, "application/json", `{"error":"slowly"}`),
		"TLS instead":       {Kind: faultnet.Answer, Bytes: []byte("\x15\x03\x03\x00\x02\x02\x28")},
	}
}

// wireFaults are those of a server that speaks a protocol of its own; huge is the
// beginning of a frame that claims to be.
func wireFaults(huge string) map[string]faultnet.Fault {
	return map[string]faultnet.Fault{
		"refused":           {Kind: faultnet.Refuse},
		"reset":             {Kind: faultnet.Reset},
		"hangs":             {Kind: faultnet.Hang},
		"slow":              {Kind: faultnet.Slow, After: 200, Pause: time.Millisecond},
		"cut before a byte": {Kind: faultnet.Cut},
		"half a frame":      {Kind: faultnet.Cut, After: 3},
		"garbage":           {Kind: faultnet.Answer, Bytes: noise()},
		"huge frame":        {Kind: faultnet.Endless, Bytes: []byte(huge + strings.Repeat("x", 2048))},
		"HTTP instead":      {Kind: faultnet.Answer, Bytes: faultnet.HTTP(200, "text/html", "<html></html>")},
	}
}

// upstreamFaults is one of the servers, what is asked of it, and what comes of that under each
// fault.
type upstreamFaults struct {
	name   string
	faults map[string]faultnet.Fault
	ask    func(context.Context) string
	well   string // what comes of it without a fault
	want   map[string]string
	// patient are faults that end by a time-out which cannot be set: only make torture has them.
	patient []string
}

// brief are the faults that make test has; make torture has all.
var brief = []string{"refused", "cut in the body", "garbage"}

const (
	unreachable = "503 upstream_unavailable"
	badGateway  = "502 upstream_failed"
)

func (w *town) upstreams() []upstreamFaults {
	return []upstreamFaults{
		{
			name: "Ollama", ask: w.turn, well: "completed",
			faults: (&broken{
				"application/x-ndjson", `{"model":7,"message":"no","done":"perhaps"}` + "\n",
				`{"model":"m","message":{"role":"assistant","content":"`,
			}).faults(),
			want: map[string]string{
				"refused": "failed upstream_unavailable", "reset": "failed upstream_failed", "hangs": "failed upstream_timeout",
				"slow": "completed", "cut before a byte": "failed upstream_failed", "cut in the head": "failed upstream_unavailable",
				"cut in the body": "incomplete upstream_failed, some text", "garbage": "failed upstream_unavailable",
				"wrong types": "incomplete upstream_failed", "half a frame": "incomplete upstream_failed",
				"huge frame": "failed upstream_failed|failed upstream_timeout", "a web page": "incomplete upstream_failed", "redirected": "failed upstream_failed",
				"status 500": "failed upstream_failed", "status 429": "failed upstream_unavailable", "TLS instead": "failed upstream_unavailable",
			},
		},
		{
			name: "GPT-SoVITS", ask: w.turn, well: "completed",
			faults: (&broken{"audio/wav", `{"sound":[1,2,3]}`, "RIFF\x24\xf0\xff\x7fWAVEfmt "}).faults(),
			want:   everyOne("completed, silent", map[string]string{"slow": "completed"}),
		},
		{
			name: "GPT-SoVITS", ask: w.speech, well: "200, file 200",
			faults: (&broken{"audio/wav", `{"sound":[1,2,3]}`, "RIFF\x24\xf0\xff\x7fWAVEfmt "}).faults(),
			want:   everyOne(badGateway, map[string]string{"slow": "200, file 200", "hangs": "504 upstream_timeout"}),
		},
		{
			name: "Gemini", ask: w.story, well: "200",
			faults: (&broken{
				"text/event-stream", `data: {"candidates":"none","usageMetadata":[]}` + "\n\n",
				`data: {"candidates":[{"content":{"parts":[{"text":"`,
			}).faults(),
			patient: []string{"hangs"},
			want: everyOne(badGateway, map[string]string{
				"refused": unreachable, "slow": "200", "cut in the head": unreachable, "garbage": unreachable,
				"TLS instead": unreachable, "status 429": unreachable, "hangs": "504 upstream_timeout",
			}),
		},
		{
			name: "S3", ask: w.speech, well: "200, file 200",
			faults:  (&broken{"application/xml", `<?xml version="1.0"?><Wrong/>`, `<?xml version="1.0"?><ListBucketResult>`}).faults(),
			patient: []string{"hangs"},
			want:    everyOne(unreachable, map[string]string{"slow": "200, file 200", "cut in the body": "200, file broken off"}),
		},
		{
			name: "PostgreSQL", ask: w.transcript, well: "200",
			faults:  wireFaults("T\x7f\xff\xff\xff"),
			patient: []string{"hangs"},
			want:    everyOne(unreachable, map[string]string{"slow": "200"}),
		},
		{
			name: "Redis", ask: w.conversation, well: "101",
			faults: wireFaults("$2147483647\r\n"),
			want:   everyOne(unreachable, map[string]string{"slow": "101"}),
		},
	}
}

// everyOne is what comes of every fault but some.
func everyOne(what string, but map[string]string) map[string]string {
	want := maps.Clone(but)
	want[""] = what
	return want
}

// The whole program, while one of the servers that it leans on fails in each way that a
// network and a process have: whoever asks is told what is wrong in the words of the
// protocol, a conversation that needs none of it goes on, all is well again once the server is, and
// nothing stays behind.
func TestFaultsOfUpstreams(t *testing.T) {
	kept := shops{servertest.Postgres(t), servertest.Redis(t), servertest.S3(t)}
	goroutines := goleak.IgnoreCurrent()
	files := openFiles(t)
	w := openTown(t, kept)
	count := 0
	for _, up := range w.upstreams() {
		t.Run(up.name, func(t *testing.T) {
			w.t = t
			p := w.proxies[up.name]
			w.becomes(up.well, up.ask, "before any fault")
			before := w.resources()
			for _, name := range slices.Sorted(maps.Keys(up.faults)) {
				if !*torture && (slices.Contains(up.patient, name) || !slices.Contains(brief, name)) {
					continue
				}
				count++
				struck := p.Struck()
				p.Break(t, up.faults[name])
				want, ok := up.want[name]
				if !ok {
					want = up.want[""]
				}
				began := time.Now()
				if got := w.within(minute, up.ask); !slices.Contains(strings.Split(want, "|"), got) {
					t.Errorf("%s: got %s, want %s", name, got, want)
				}
				if name != "refused" && p.Struck() == struck {
					t.Errorf("%s: it met no connection", name)
				}
				if up.name != "Ollama" && up.name != "GPT-SoVITS" {
					// It may be told that it is not saved.
					if got := w.within(minute, w.turn); !strings.HasSuffix(got, "completed") {
						t.Errorf("%s: a conversation meanwhile: %s", name, got)
					}
				}
				failed := time.Since(began)
				p.Mend(t)
				w.becomes(up.well, up.ask, "after "+name)
				w.becomes("completed", w.turn, "after "+name)
				t.Logf("%s: %s after %.1fs, well again after %.1fs", name, want, failed.Seconds(), (time.Since(began) - failed).Seconds())
			}
			w.settles(before)
		})
	}
	w.t = t
	t.Logf("%d faults", count)
	w.kept(w.session)
	w.ws.CloseNow()
	w.end()
	for name, p := range w.proxies {
		p.Close()
		if n := p.Open(); n != 0 {
			t.Errorf("%s: %d connections are left", name, n)
		}
	}
	w.shut()
	http.DefaultClient.CloseIdleConnections()
	if err := goleak.Find(goroutines); err != nil {
		t.Error(err)
	}
	if n := openFiles(t); n > files+3 { // those of the test's own clients
		t.Errorf("%d files are open, %d were before", n, files)
	}
}

// resources are what a process may run out of.
type resources struct{ goroutines, files, connections int }

// resources are those in use. The connections to servers are counted by themselves: pools
// keep some for the next request, and at each hang up to six goroutines and four files, the proxy's
// and the simulators' ends included.
func (w *town) resources() resources {
	r := resources{goroutines: runtime.NumGoroutine(), files: openFiles(w.t)}
	for _, p := range w.proxies {
		r.connections += p.Open()
	}
	return r
}

// within asks, and gives up after a time that no answer may take.
func (w *town) within(d time.Duration, ask func(context.Context) string) string {
	ctx, cancel := context.WithTimeout(w.t.Context(), d)
	defer cancel()
	return ask(ctx)
}

// minute is longer than any answer may take.
const minute = time.Minute

// becomes asks until the answer is the one that is wanted, for as long as a server that
// failed may be left alone.
func (w *town) becomes(want string, ask func(context.Context) string, when string) {
	w.t.Helper()
	var got string
	for deadline := time.Now().Add(45 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if got = w.within(minute, ask); got == want {
			return
		}
	}
	w.t.Errorf("%s: %s, want %s", when, got, want)
}

// settles waits until no more is in use than before.
func (w *town) settles(before resources) {
	w.t.Helper()
	const most = 40 // connections that the pools may hold in all
	var now resources
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		now = w.resources()
		more := max(now.connections-before.connections, 0)
		if now.connections <= most && now.goroutines <= before.goroutines+6*more+10 && now.files <= before.files+4*more+4 {
			w.t.Logf("before %+v, after %+v", before, now)
			return
		}
	}
	w.t.Errorf("it holds %+v, and %+v before the faults", now, before)
}

// kept wants the whole conversation in the transcript, each item once.
func (w *town) kept(session string) {
	w.t.Helper()
	want := w.said
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		list := transcript(w.t, &victim{address: w.address}, session)
		ids := map[string]string{}
		for _, m := range list {
			if _, twice := ids[m.ID]; twice {
				w.t.Errorf("item %s is there twice", m.ID)
			}
			ids[m.ID] = m.Content
		}
		missing := 0
		for id, text := range want {
			if got, ok := ids[id]; !ok || got != text {
				missing++
			}
		}
		if missing == 0 && len(list) == len(want) {
			w.t.Logf("%d items are kept", len(list))
			return
		}
		if time.Now().After(deadline) {
			w.t.Errorf("of %d items that the listener was told, %d are not kept as they were told; %d are kept", len(want), missing, len(list))
			return
		}
	}
}

// openFiles is how many descriptors this process has.
func openFiles(t testing.TB) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	return len(list)
}
