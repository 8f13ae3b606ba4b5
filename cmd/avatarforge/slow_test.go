package main

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"avatarforge/internal/memnet"
)

// A client that sends its headers a line at a time, for ever, is given up.
func TestSlowRequestsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		listener := memnet.Listen()
		server := newHTTPServer(http.NotFoundHandler(), nil, slog.New(slog.DiscardHandler))
		served := make(chan error, 1)
		go func() { served <- server.Serve(listener) }()
		conn, err := listener.DialContext(t.Context(), "tcp", "")
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		ended := make(chan time.Duration, 1)
		go func() {
			_, _ = io.Copy(io.Discard, conn) // until the server closes
			ended <- time.Since(begun)
		}()
		fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\n")
		for range 30 {
			time.Sleep(2 * time.Second)
			if _, err := fmt.Fprint(conn, "X-More: a\r\n"); err != nil {
				break
			}
		}
		if took := <-ended; took > 15*time.Second {
			t.Errorf("it was given %v to send its headers", took)
		}
		conn.Close()
		server.Close()
		<-served
	})
}
