package memnet_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"avatarforge/internal/memnet"
)

func TestWriterRunsAheadOnlySoFar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := memnet.Pipe()
		defer func() { _ = a.Close(); _ = b.Close() }()
		sent := bytes.Repeat([]byte("0123456789abcdef"), 16<<10) // 256 KiB, four buffers
		done := make(chan error, 1)
		go func() {
			_, err := a.Write(sent)
			_ = a.Close()
			done <- err
		}()
		synctest.Wait()
		select {
		case err := <-done:
			t.Fatalf("256 KiB were written with no reader (%v): a slow reader would not be felt", err)
		default:
		}
		got, err := io.ReadAll(b)
		if err != nil || !bytes.Equal(got, sent) {
			t.Fatalf("read %d bytes, %v; want all %d, in order, then EOF", len(got), err, len(sent))
		}
		if err := <-done; err != nil {
			t.Fatalf("write: %v", err)
		}
	})
}

func TestDeadlinesFollowTheBubblesClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := memnet.Pipe()
		defer func() { _ = a.Close(); _ = b.Close() }()
		start := time.Now()
		_ = a.SetReadDeadline(start.Add(time.Hour))
		if _, err := a.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("read past its deadline: %v", err)
		}
		if waited := time.Since(start); waited != time.Hour {
			t.Fatalf("the deadline came after %v, want an hour of the bubble's time", waited)
		}

		_ = a.SetReadDeadline(time.Now().Add(time.Minute))
		_ = a.SetReadDeadline(time.Time{}) // taken back: the minute must not count
		time.AfterFunc(time.Hour, func() { _, _ = b.Write([]byte("x")) })
		if n, err := a.Read(make([]byte, 1)); n != 1 || err != nil {
			t.Fatalf("read after the deadline was taken back: %d, %v", n, err)
		}

		_ = a.SetWriteDeadline(time.Now().Add(time.Second))
		if _, err := a.Write(make([]byte, 1<<20)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("write to a full pipe past its deadline: %v", err)
		}
	})
}

func TestCloseIsOrderlyAndResetIsNot(t *testing.T) {
	a, b := memnet.Pipe()
	_, _ = a.Write([]byte("last words"))
	_ = a.Close()
	if got, err := io.ReadAll(b); string(got) != "last words" || err != nil {
		t.Fatalf("after Close the peer read %q, %v; want what was sent, then EOF", got, err)
	}
	if _, err := b.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) {
		t.Fatalf("write to a closed peer: %v", err)
	}
	if _, err := a.Read(nil); !errors.Is(err, net.ErrClosed) {
		t.Fatalf("read after own Close: %v", err)
	}

	a, b = memnet.Pipe()
	_, _ = a.Write([]byte("lost"))
	_ = a.SetLinger(0)
	_ = a.Close()
	if n, err := b.Read(make([]byte, 8)); n != 0 || !errors.Is(err, syscall.ECONNRESET) {
		t.Fatalf("after a reset the peer read %d bytes, %v", n, err)
	}
}

func TestHTTPInsideABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := make(chan struct{})
		s := memnet.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
			close(gone)
		}))
		defer s.Close()

		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, memnet.URL, nil)
		resp, err := s.Client().Do(req)
		if err != nil {
			t.Fatalf("get: %v", err)
		}
		if _, err := io.ReadAll(resp.Body); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("read of a stream that never ends: %v", err)
		}
		_ = resp.Body.Close()
		<-gone // else the bubble deadlocks, which fails the test: the handler must see the client leave
	})
}

func TestDialAfterClose(t *testing.T) {
	l := memnet.Listen()
	_ = l.Close()
	_ = l.Close()
	if _, err := l.DialContext(t.Context(), "tcp", "x:1"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Fatalf("dial after Close: %v", err)
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Fatalf("accept after Close: %v", err)
	}
}
