package faultnet_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"avatarforge/internal/faultnet"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo is a server that says again what it is told.
func echo(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
			}()
		}
	}()
	return l.Addr().String()
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

// ask says something and reads as much.
func ask(c net.Conn, text string) (string, error) {
	if _, err := c.Write([]byte(text)); err != nil {
		return "", err
	}
	buf := make([]byte, len(text))
	n, err := io.ReadFull(c, buf)
	return string(buf[:n]), err
}

func TestFaultsMeetOpenAndNewConnections(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault faultnet.Fault
		got   string
		err   error
	}{
		{"reset", faultnet.Fault{Kind: faultnet.Reset}, "", syscall.ECONNRESET},
		{"cut", faultnet.Fault{Kind: faultnet.Cut, After: 3}, "hel", syscall.ECONNRESET},
		{"cut at once", faultnet.Fault{Kind: faultnet.Cut}, "", syscall.ECONNRESET},
		{"slow", faultnet.Fault{Kind: faultnet.Slow, Pause: time.Millisecond}, "hello", nil},
		{"another answer", faultnet.Fault{Kind: faultnet.Answer, Bytes: []byte("no")}, "no", io.ErrUnexpectedEOF},
		{"without an end", faultnet.Fault{Kind: faultnet.Endless, Bytes: []byte("ab")}, "ababa", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := faultnet.Start(t, echo(t), nil)
			open := dial(t, p.Addr())
			if got, err := ask(open, "before"); got != "before" || err != nil {
				t.Fatalf("before the fault: %q, %v", got, err)
			}
			p.Break(t, tt.fault)
			for name, c := range map[string]net.Conn{"open": open, "new": dial(t, p.Addr())} {
				got, err := ask(c, "hello")
				if got != tt.got || !errors.Is(err, tt.err) {
					t.Errorf("%s: got %q, %v; want %q, %v", name, got, err, tt.got, tt.err)
				}
				c.Close()
			}
			if n := p.Struck(); n != 2 {
				t.Errorf("%d connections met the fault, want both", n)
			}
			p.Mend(t)
			if got, err := ask(dial(t, p.Addr()), "after"); got != "after" || err != nil {
				t.Errorf("after the fault: %q, %v", got, err)
			}
		})
	}
}

func TestRefuseAndHang(t *testing.T) {
	p := faultnet.Start(t, echo(t), nil)
	open := dial(t, p.Addr())
	if _, err := ask(open, "hello"); err != nil {
		t.Fatal(err)
	}
	p.Break(t, faultnet.Fault{Kind: faultnet.Refuse})
	if _, err := ask(open, "hello"); err == nil {
		t.Error("an open connection goes on while connections are refused")
	}
	if _, err := net.Dial("tcp", p.Addr()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %v, want %v", err, syscall.ECONNREFUSED)
	}
	before := p.Struck()
	p.Break(t, faultnet.Fault{Kind: faultnet.Hang})
	c := dial(t, p.Addr())
	if _, err := c.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	for p.Struck() == before { // until it is there
		time.Sleep(time.Millisecond)
	}
	p.Mend(t) // which resets it: no answer has come, nor will
	if n, err := c.Read(make([]byte, 8)); n != 0 || err == nil {
		t.Errorf("read %d bytes, %v, want none", n, err)
	}
}

func TestHTTPAnswers(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	p := faultnet.Start(t, strings.TrimPrefix(s.URL, "http://"), nil)
	p.Break(t, faultnet.Fault{Kind: faultnet.Answer, Bytes: faultnet.HTTP(429, "text/plain", "slowly")})
	resp, err := http.Post("http://"+p.Addr(), "text/plain", bytes.NewReader(make([]byte, 1<<20)))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); resp.StatusCode != 429 || string(body) != "slowly" || err != nil {
		t.Errorf("got %d %q, %v", resp.StatusCode, body, err)
	}
	p.Break(t, faultnet.Fault{Kind: faultnet.Endless, Bytes: faultnet.Flood("text/plain", "begin\n", "x")})
	resp, err = http.Get("http://" + p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body := bufio.NewReader(io.LimitReader(resp.Body, 1<<20))
	if line, _ := body.ReadString('\n'); line != "begin\n" {
		t.Errorf("got %q", line)
	}
	if n, err := io.Copy(io.Discard, body); n != 1<<20-6 || err != nil {
		t.Errorf("%d bytes, %v: it ended", n, err)
	}
}
