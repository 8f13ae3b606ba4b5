package cluster

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/net/nettest"

	"avatarforge/internal/servertest"
)

// dial connects two instances; the second accepts.
func dial(t testing.TB, from, to *Node, l net.Listener) (near, far *Conn) {
	t.Helper()
	near, err := from.Dial(t.Context(), to.Instance())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return near, accepted.(*Conn)
}

// A Conn is what net.Conn says.
func TestConn(t *testing.T) {
	servertest.Redis(t) // which stays
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Run("conformance", func(t *testing.T) {
		nodes := instances(t, 2)
		l := nodes[1].Listener()
		nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
			near, far := dial(t, nodes[0], nodes[1], l)
			return near, far, func() { near.Close(); far.Close() }, nil
		})
	})

	t.Run("it carries HTTP", func(t *testing.T) {
		nodes := instances(t, 2)
		l := nodes[1].Listener()
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, r.RemoteAddr+" "+r.Host)
		})}
		var serving sync.WaitGroup
		serving.Go(func() { server.Serve(l) })
		transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return nodes[0].Dial(ctx, nodes[1].Instance())
		}}
		resp, err := (&http.Client{Transport: transport}).Get("http://avatar.example/")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if body, err := io.ReadAll(resp.Body); err != nil || string(body) != nodes[0].Instance()+" avatar.example" {
			t.Errorf("%q, %v: the other instance sees who asks", body, err)
		}
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		serving.Wait()
	})
}

func TestDialRefused(t *testing.T) {
	nodes := instances(t, 2)
	if _, err := nodes[0].Dial(t.Context(), "nobody"); !errors.Is(err, ErrUnreachable) {
		t.Errorf("an instance that there is not: %v", err)
	}
	if _, err := nodes[0].Dial(t.Context(), nodes[1].Instance()); !errors.Is(err, ErrReset) {
		t.Errorf("an instance that does not listen: %v", err)
	}
	l := nodes[1].Listener()
	near, far := dial(t, nodes[0], nodes[1], l)
	defer near.Close()
	defer far.Close()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := nodes[0].Dial(t.Context(), nodes[1].Instance()); !errors.Is(err, ErrReset) {
		t.Errorf("an instance that listens no more: %v", err)
	}
	if _, err := near.Write([]byte("x")); err != nil {
		t.Errorf("what was accepted goes on: %v", err)
	}
}

// A reader who is slow holds the writer back.
func TestConnHoldsTheWriterBack(t *testing.T) {
	nodes := instances(t, 2)
	near, far := dial(t, nodes[0], nodes[1], nodes[1].Listener())
	defer near.Close()
	defer far.Close()
	if err := near.SetWriteDeadline(time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	n, err := near.Write(make([]byte, 10*window))
	var timeout net.Error
	if !errors.As(err, &timeout) || !timeout.Timeout() || n > 2*window {
		t.Errorf("%d bytes were taken, %v: nobody reads", n, err)
	}
	if err := near.SetWriteDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Go(func() { io.CopyN(io.Discard, far, int64(n+3*window)) })
	if _, err := near.Write(make([]byte, 3*window)); err != nil {
		t.Errorf("somebody reads: %v", err)
	}
	reading.Wait()
}

func TestConnLeaving(t *testing.T) {
	nodes := instances(t, 2)
	near, far := dial(t, nodes[0], nodes[1], nodes[1].Listener())
	defer near.Close()
	near.Leave()
	wait(t, far.Leaving(), "the other instance is going away")
	if _, err := far.Write([]byte("bye")); err != nil {
		t.Errorf("it may still be told: %v", err)
	}
	far.Close()
	if b, err := io.ReadAll(near); err != nil || string(b) != "bye" {
		t.Errorf("%q, %v", b, err)
	}
}

// talk writes random bytes at both ends and reads them at the other, slowly enough for
// trouble to come in between. It returns when all has arrived.
func talk(t *testing.T, near, far net.Conn, bytesEach int, trouble func()) {
	t.Helper()
	var all sync.WaitGroup
	for i, way := range [][2]net.Conn{{near, far}, {far, near}} {
		sent := make([]byte, bytesEach)
		r := rand.NewChaCha8([32]byte{byte(i)})
		r.Read(sent)
		all.Go(func() {
			for b := sent; len(b) > 0; {
				n := min(len(b), 4096)
				if _, err := way[0].Write(b[:n]); err != nil {
					t.Errorf("write: %v", err)
					return
				}
				b = b[n:]
			}
		})
		all.Go(func() {
			got := make([]byte, bytesEach)
			if _, err := io.ReadFull(way[1], got); err != nil {
				t.Errorf("read: %v", err)
			} else if !bytes.Equal(got, sent) {
				t.Error("what was read is not what was written")
			}
		})
	}
	trouble()
	all.Wait()
}

// Whatever happens to Redis for a while, everything arrives once.
func TestConnOutlivesRedis(t *testing.T) {
	const lease = time.Second
	for name, trouble := range map[string]func(*testing.T, *servertest.RedisServer){
		"restarted": func(t *testing.T, s *servertest.RedisServer) {
			if err := s.Stop(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(4 * lease) // longer than an instance may be silent
			s.Start(t, nil)
		},
		"paused": func(t *testing.T, s *servertest.RedisServer) {
			s.Pause(t)
			time.Sleep(4 * lease)
			s.Resume(t)
		},
		"restarted again and again": func(t *testing.T, s *servertest.RedisServer) {
			for range 5 {
				if err := s.Stop(); err != nil {
					t.Fatal(err)
				}
				s.Start(t, nil)
				time.Sleep(100 * time.Millisecond)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := servertest.StartRedis(t)
			cfg := Config{Options: options(t, s.URL(0)), Lease: lease}
			a, b := join(t, cfg), join(t, cfg)
			near, far := dial(t, a, b, b.Listener())
			talk(t, near, far, 8<<20, func() { trouble(t, s) })
			near.Close()
			if _, err := far.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
				t.Errorf("after the close: %v", err)
			}
			far.Close()
		})
	}
}

// Who is connected to an instance that dies is told.
func TestConnToADeadInstance(t *testing.T) {
	cfg := Config{Options: options(t, servertest.Redis(t)), Prefix: newPrefix(), Lease: 500 * time.Millisecond}
	alive := join(t, cfg)
	dead, err := Join(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	near, _ := dial(t, alive, dead, dead.Listener())
	dead.stop() // it is heard of no more
	dead.messages.Close()
	if _, err := near.Read(make([]byte, 1)); !errors.Is(err, ErrGone) {
		t.Errorf("read: %v, want ErrGone", err)
	}
	if _, err := near.Write([]byte("x")); !errors.Is(err, ErrGone) {
		t.Errorf("write: %v, want ErrGone", err)
	}
	near.Close()
	if _, err := alive.Dial(t.Context(), dead.Instance()); !errors.Is(err, ErrUnreachable) {
		t.Errorf("dial: %v", err)
	}
	if err := dead.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// BenchmarkConn is a frame of 20 ms of sound on its way to another instance, by itself and
// among many.
func BenchmarkConn(b *testing.B) {
	const frame = 960 + 12
	nodes := instances(b, 2)
	near, far := dial(b, nodes[0], nodes[1], nodes[1].Listener())
	defer near.Close()
	defer far.Close()
	buf := make([]byte, frame)
	b.Run("latency", func(b *testing.B) {
		for b.Loop() {
			if _, err := near.Write(buf); err != nil {
				b.Fatal(err)
			}
			if _, err := io.ReadFull(far, buf); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("throughput", func(b *testing.B) {
		b.SetBytes(frame)
		var reading sync.WaitGroup
		n := b.N
		reading.Go(func() { io.CopyN(io.Discard, far, int64(n*frame)) })
		for range n {
			if _, err := near.Write(buf); err != nil {
				b.Fatal(err)
			}
		}
		reading.Wait()
	})
}
