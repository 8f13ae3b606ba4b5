package server

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gin-gonic/gin"

	"avatarforge/internal/memnet"
)

// A body has ten seconds for each 128 KiB, however long it is: who is slow but goes on is heard
// to the end, who trickles or stops is not, whether anybody reads it or not.
func TestBodiesArePaced(t *testing.T) {
	const whole = 2 << 20
	for _, tt := range []struct {
		name        string
		piece       int           // is sent at once, in bytes
		pause       time.Duration // after it
		size        int           // all that is sent, in bytes
		path        string
		want        string
		ends, after time.Duration // when the answer comes
	}{
		{"slow, but above the floor", 64 << 10, 4 * time.Second, whole, "/read", "200 read 2097152", 0, whole / (64 << 10) * 4 * time.Second},
		{"fast", whole, 0, whole, "/read", "200 read 2097152", 0, time.Second},
		{"below the floor", 64 << 10, 6 * time.Second, whole, "/read", "408 ", 10 * time.Second, 17 * time.Second},
		{"a byte a second", 1, time.Second, whole, "/read", "408 ", 10 * time.Second, 11 * time.Second},
		{"most of it at once, and then a trickle", whole - 1000, time.Second, whole - 1000, "/read", "408 ", 10 * time.Second, 21 * time.Second},
		{"nothing", 0, 0, 0, "/read", "408 ", 10 * time.Second, 11 * time.Second},
		{"nothing, and nobody reads it", 0, 0, 0, "/unread", "200 unread", 10 * time.Second, 11 * time.Second},
		{"a trickle that nobody reads", 1, time.Second, 100 << 10, "/unread", "200 unread", 10 * time.Second, 11 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &Server{cfg: Config{BodyTimeout: 10 * time.Second}}
				engine := gin.New()
				engine.Use(s.paced)
				engine.POST("/read", func(c *gin.Context) {
					data, err := io.ReadAll(c.Request.Body)
					if err != nil {
						if _, again := c.Request.Body.Read(make([]byte, 1)); again == nil {
							t.Error("a body that was late can be read on")
						}
						c.String(http.StatusRequestTimeout, "late")
						return
					}
					c.String(http.StatusOK, "read %d", len(data))
				})
				engine.POST("/unread", func(c *gin.Context) { c.String(http.StatusOK, "unread") })
				listener := memnet.Listen()
				server := &http.Server{Handler: engine}
				served := make(chan error, 1)
				go func() { served <- server.Serve(listener) }()
				conn, err := listener.DialContext(t.Context(), "tcp", "")
				if err != nil {
					t.Fatal(err)
				}
				begun := time.Now()
				answered := make(chan struct{})
				go func() {
					defer close(answered)
					resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
					if err != nil {
						t.Errorf("no answer: %v", err)
						return
					}
					body, _ := io.ReadAll(resp.Body)
					if got := fmt.Sprintf("%d %s", resp.StatusCode, body); !strings.HasPrefix(got, tt.want) {
						t.Errorf("answered %q, want %q", got, tt.want)
					}
					if took := time.Since(begun); took < tt.ends || took > tt.after {
						t.Errorf("answered after %v, want %v to %v", took, tt.ends, tt.after)
					}
					if resp.StatusCode != http.StatusOK || tt.path == "/unread" {
						if _, err := conn.Read(make([]byte, 1)); err == nil {
							t.Error("the connection goes on after half a request")
						}
					}
				}()
				length := whole
				if tt.path == "/unread" {
					length = 100 << 10 // what is longer net/http does not read
				}
				fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", tt.path, length)
				for sent := 0; sent < tt.size; sent += tt.piece {
					if _, err := conn.Write(make([]byte, min(tt.piece, length-sent))); err != nil {
						break // it has been closed
					}
					time.Sleep(tt.pause)
				}
				<-answered
				conn.Close()
				server.Close()
				<-served
			})
		})
	}
}
