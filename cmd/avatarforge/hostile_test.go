package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"avatarforge/demo"
	"avatarforge/realtime"
)

// besieged is the program with somebody who talks on, whatever others do to it.
type besieged struct{ *town }

func besiege(t *testing.T, args ...string) *besieged {
	t.Helper()
	b := &besieged{&town{said: map[string]string{}}}
	// As quick as can be: what is said is no matter here.
	quick, err := demo.Start(context.Background(), demo.Config{LLM: true, TTS: true, Unpaced: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := quick.Close(); err != nil {
			t.Errorf("close the model and the voice: %v", err)
		}
	})
	b.program = launch(t, t.TempDir(), append([]string{
		"--llm-service", "ollama", "--ollama-base-url", quick.LLMURL(), "--llm-model", demo.Model,
		"--tts-service", "gpt-sovits", "--tts-base-url", quick.TTSURL(),
		"--max-concurrent-sessions", "100000", "--max-turns", "0", "--rate-limit", "off", "--memory-facts=false", "--drain-timeout", "5s",
	}, args...)...)
	b.attend()
	return b
}

// goesOn wants the listener's conversation to go on.
func (b *besieged) goesOn(when string) {
	b.t.Helper()
	began := time.Now()
	// A disk that others keep busy may be told of.
	if got := b.within(minute, b.turn); !strings.HasSuffix(got, "completed") {
		b.t.Errorf("%s: a turn is %s", when, got)
	}
	b.t.Logf("%s: a whole turn in %.1fs", when, time.Since(began).Seconds())
}

// raw is a connection of which the test writes every byte.
func (b *besieged) raw(t testing.TB) net.Conn {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(b.address, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// upgrade is the opening handshake of a WebSocket.
func (b *besieged) upgrade(more string) string {
	return "GET /v1/realtime HTTP/1.1\r\nHost: " + strings.TrimPrefix(b.address, "http://") + "\r\n" +
		"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + more + "\r\n"
}

// open finishes a handshake, and reads as far as session.created.
func (b *besieged) open(t testing.TB, more string) (c net.Conn, answer string) {
	t.Helper()
	c = b.raw(t)
	if _, err := io.WriteString(c, b.upgrade(more)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4096)
	if err := c.SetReadDeadline(time.Now().Add(minute)); err != nil {
		t.Fatal(err)
	}
	for !strings.Contains(answer, "session.created") {
		n, err := c.Read(buf)
		if answer += string(buf[:n]); err != nil {
			t.Fatalf("the handshake is answered %q, %v", answer, err)
		}
	}
	return c, answer
}

// frame is a client's WebSocket frame: the first byte as it is, a length that need not be
// true, and a mask of zeros.
func frame(first byte, length uint64, payload []byte) []byte {
	var b []byte
	switch {
	case length < 126:
		b = []byte{first, 0x80 | byte(length)}
	case length < 1<<16:
		b = binary.BigEndian.AppendUint16([]byte{first, 0x80 | 126}, uint16(length))
	default:
		b = binary.BigEndian.AppendUint64([]byte{first, 0x80 | 127}, length)
	}
	return append(append(b, 0, 0, 0, 0), payload...)
}

// closeCode reads on to the server's close frame and returns its code; zero where the
// connection ends without one.
func closeCode(t *testing.T, c net.Conn) int {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(minute)); err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(io.LimitReader(c, 1<<20))
	if err != nil && strings.Contains(err.Error(), "timeout") {
		t.Error("the connection is not ended")
	}
	for rest := all; len(rest) >= 2; {
		n, head := int(rest[1]&0x7f), 2
		switch {
		case n == 126 && len(rest) >= 4:
			n, head = int(binary.BigEndian.Uint16(rest[2:])), 4
		case n == 127 && len(rest) >= 10:
			n, head = int(binary.BigEndian.Uint64(rest[2:])), 10
		}
		if len(rest) < head+n {
			return 0
		}
		if rest[0]&0x0f == 8 && n >= 2 {
			return int(binary.BigEndian.Uint16(rest[head:]))
		}
		rest = rest[head+n:]
	}
	return 0
}

func TestFramesThatNobodyShouldSend(t *testing.T) {
	t.Parallel()
	b := besiege(t)
	small := []byte(`{"type":"response.cancel"}`)
	t.Run("each", func(t *testing.T) {
		for _, tt := range []struct {
			name string
			send []byte
			code int
		}{
			{"a frame of 300 KiB", frame(0x81, 300<<10, bytes.Repeat([]byte("x"), 300<<10)), 1009},
			{"a frame that claims to be 4 EiB", frame(0x81, 1<<62, bytes.Repeat([]byte("x"), 300<<10)), 1009},
			{"a frame with a negative length", frame(0x81, 1<<63, small), 1002},
			{"a message in pieces without end", append(frame(0x01, 4, []byte("xxxx")), bytes.Repeat(frame(0x00, 1024, make([]byte, 1024)), 300)...), 1009},
			{"a compressed frame where nothing was agreed on", frame(0xc1, uint64(len(small)), small), 1002},
			{"a kind of frame that there is not", frame(0x83, 1, []byte("x")), 1002},
			{"a ping longer than a ping can be", frame(0x89, 200, make([]byte, 200)), 1002},
			{"a frame that is not masked", []byte("\x81\x02{}"), 1002},
			{"a piece of a message that was not begun", frame(0x80, 2, []byte("{}")), 1002},
		} {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel() // a connection that is ended may take its time to say so
				c, _ := b.open(t, "")
				go func() { _, _ = c.Write(tt.send) }() // ends with the connection
				// What is not even a frame need not be answered with one.
				if code := closeCode(t, c); code != tt.code && (code != 0 || tt.code != 1002) {
					t.Errorf("it is closed with %d, want %d", code, tt.code)
				}
			})
		}
	})
	b.goesOn("after all of them")
}

// A client that offers compression is not given any: there is nothing to unpack.
func TestNoCompressionBombs(t *testing.T) {
	t.Parallel()
	b := besiege(t)
	_, answer := b.open(t, "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n")
	if strings.Contains(answer, "permessage-deflate") {
		t.Error("the server agrees to compression")
	}
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	if _, err := z.Write(make([]byte, 16<<20)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/api/chat", "/api/tts", "/api/characters", "/api/generate", "/v1/chat/completions"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.address+path, bytes.NewReader(bomb.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Content-Encoding", "gzip")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode < 400 || resp.StatusCode > 499 {
			t.Errorf("%s takes a packed body: %s", path, resp.Status)
		}
	}
	b.goesOn("after bombs")
}

// Bodies without an end are cut off where they are too large.
func TestBodiesWithoutEnd(t *testing.T) {
	t.Parallel()
	b := besiege(t)
	for _, path := range []string{"/api/chat", "/api/tts", "/api/generate", "/api/characters/import", "/v1/audio/speech"} {
		in, out := io.Pipe()
		sent := make(chan int64, 1)
		go func() { // ends when the server no longer reads
			n, _ := io.Copy(out, io.LimitReader(endless{}, 200<<20))
			sent <- n
		}()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.address+path, in)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		status := "the connection's end"
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			status = resp.Status
			resp.Body.Close()
			if resp.StatusCode < 400 || resp.StatusCode > 499 {
				t.Errorf("%s answers %s", path, resp.Status)
			}
		}
		in.Close()
		if n := <-sent; n > 40<<20 {
			t.Errorf("%s read %d bytes before %s", path, n, status)
		}
	}
	b.goesOn("after bodies without an end")
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// A connection that ends at any byte of its handshake leaves nothing behind.
func TestHandshakesThatEndAtEveryByte(t *testing.T) {
	b := besiege(t, "--resume-grace", "1s")
	b.goesOn("before")
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	text := b.upgrade("")
	for n := range len(text) + 1 {
		c := b.raw(t)
		if _, err := io.WriteString(c, text[:n]); err != nil {
			t.Fatal(err)
		}
		if n%2 == 0 {
			_ = c.(*net.TCPConn).SetLinger(0) // as a process that dies
		}
		c.Close()
	}
	b.goesOn("after all of them")
	b.calms(goroutines, files, 30*time.Second)
	t.Logf("%d handshakes", len(text)+1)
}

// calms wants no more goroutines and files than there were.
func (b *besieged) calms(goroutines, files int, patience time.Duration) {
	b.t.Helper()
	const slack = 10 // connections that are kept for the next request
	var g, f int
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if g, f = runtime.NumGoroutine(), openFiles(b.t); g <= goroutines+slack && f <= files+slack {
			return
		}
	}
	b.t.Errorf("%d goroutines and %d files, %d and %d before", g, f, goroutines, files)
}

// Connections that say nothing, or say it slowly, cost others nothing and are ended.
func TestSlowLoris(t *testing.T) {
	n := 150
	if *torture {
		n = 1000
	}
	b := besiege(t)
	b.goesOn("before")
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	text := b.upgrade("")
	var crowd sync.WaitGroup
	ended := make(chan time.Duration, n)
	for i := range n {
		c := b.raw(t)
		crowd.Go(func() {
			began := time.Now()
			for j := 0; ; j++ {
				if i%3 > 0 { // the others say nothing at all
					next := "x"
					if j < len(text)-2 {
						next = text[j : j+1]
					}
					if _, err := io.WriteString(c, next); err != nil {
						break
					}
				}
				_ = c.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
				_, err := c.Read(make([]byte, 512))
				if !errors.Is(err, os.ErrDeadlineExceeded) {
					break // it has answered, or closed
				}
				if time.Since(began) > 40*time.Second {
					break
				}
			}
			ended <- time.Since(began)
			c.Close()
		})
	}
	b.goesOn(fmt.Sprintf("beside %d of them", n))
	crowd.Wait()
	var longest time.Duration
	for range n {
		longest = max(longest, <-ended)
	}
	if longest > 35*time.Second {
		t.Errorf("a connection that does not finish its request was held for %v", longest)
	}
	t.Logf("the last of %d was ended after %.1fs", n, longest.Seconds())
	b.calms(goroutines, files, 30*time.Second)
}

// A flood of events is answered with errors; the connection stays, and others are served.
func TestFloodOfEvents(t *testing.T) {
	t.Parallel()
	b := besiege(t)
	flooder := b.dial(nil)
	if _, ok := next(t, flooder).(realtime.SessionCreated); !ok {
		t.Fatal("a conversation begins with session.created")
	}
	const n = 3000
	refused, answered := make(chan int, 1), make(chan struct{})
	go func() { // ends with the last answer
		count := 0
		defer func() { refused <- count }()
		for {
			_, data, err := flooder.Read(context.Background())
			if err != nil {
				t.Errorf("the connection of who sends too much ends: %v", err)
				return
			}
			_, e, err := realtime.DecodeServer(data)
			if err != nil {
				t.Error(err)
				return
			}
			if e, ok := e.(realtime.ErrorEvent); ok {
				if e.Err.Code == realtime.CodeRateLimit {
					count++
				}
				if e.Err.EventID == "last" {
					close(answered)
					return
				}
			}
		}
	}()
	for i := range n {
		event := `{"type":"avatarforge.speak","item_id":"none"}`
		if i%2 == 0 {
			event = `{"type":"conversation.item.retrieve","item_id":"none"}`
		}
		if i == n-1 {
			event = `{"type":"conversation.item.retrieve","item_id":"none","event_id":"last"}`
		}
		if err := flooder.Write(t.Context(), websocket.MessageText, []byte(event)); err != nil {
			t.Fatal(err)
		}
	}
	b.goesOn(fmt.Sprintf("beside %d events at once", n))
	<-answered
	if got := <-refused; got < n/2 {
		t.Errorf("%d of %d events were refused", got, n)
	}
}

// Who asks for much and reads none of it is ended, and its memory is bounded meanwhile.
func TestAsksMuchAndReadsNothing(t *testing.T) {
	b := besiege(t, "--write-timeout", "2s", "--resume-log-bytes", "256KiB")
	ws := b.dial(nil)
	item := `{"type":"conversation.item.create","item":{"id":"big","type":"message","role":"user","content":[{"type":"input_text","text":"` +
		strings.Repeat("가", 8000) + `"}]}}`
	if err := ws.Write(t.Context(), websocket.MessageText, []byte(item)); err != nil {
		t.Fatal(err)
	}
	before := heap()
	most := uint64(0)
	var err error
	began := time.Now()
	for time.Since(began) < 40*time.Second {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		err = ws.Write(ctx, websocket.MessageText, []byte(`{"type":"conversation.item.retrieve","item_id":"big"}`))
		cancel()
		if err != nil {
			break
		}
		time.Sleep(20 * time.Millisecond) // 50 a second are allowed
		if h := heap(); h > before {
			most = max(most, h-before)
		}
	}
	if err == nil {
		t.Error("it is not ended")
	}
	if most > 48<<20 {
		t.Errorf("meanwhile the heap grew by %d MB", most>>20)
	}
	t.Logf("ended after %.1fs; the heap grew by %.1f MB at the most", time.Since(began).Seconds(), float64(most)/(1<<20))
	b.goesOn("after that")
}

// heap is how much memory is in use, in bytes.
func heap() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Sockets on which nothing is said are held, cheaply, and given back.
func TestThousandsOfIdleSockets(t *testing.T) {
	n := 200
	if *torture {
		n = 2000
	}
	b := besiege(t, "--resume-grace", "1s")
	b.goesOn("before")
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	runtime.GC()
	before := heap()
	var sockets []*websocket.Conn
	for range n {
		ws := b.dial(nil)
		if _, ok := next(t, ws).(realtime.SessionCreated); !ok {
			t.Fatal("a conversation begins with session.created")
		}
		sockets = append(sockets, ws)
	}
	runtime.GC()
	each := (int64(heap()) - int64(before)) / int64(n)
	b.goesOn(fmt.Sprintf("beside %d idle sockets", n))
	for i, ws := range sockets {
		if i%2 == 0 {
			ws.CloseNow()
			continue
		}
		ws.Close(websocket.StatusNormalClosure, "")
	}
	b.calms(goroutines, files, time.Minute)
	t.Logf("%d idle sockets at %d bytes of heap each, both ends of them", n, each)
}
