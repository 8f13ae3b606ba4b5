package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"time"
)

// tlsOnly is a listener for HTTPS that tells who speaks plain HTTP to it where to go:
// people leave out the s, and a bare 400 does not say so.
type tlsOnly struct{ net.Listener }

// Accept is net.Listener's.
func (l tlsOnly) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &maybePlain{Conn: conn}, nil
}

// maybePlain is a connection that has not said yet what it speaks.
type maybePlain struct {
	net.Conn
	heard bool // Owned by whoever reads, which is one goroutine at a time.
}

// Read looks at the first bytes: those of TLS are no letters, those of HTTP are a method.
func (c *maybePlain) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.heard || n == 0 {
		return n, err
	}
	c.heard = true
	if first := p[0] | 0x20; first < 'a' || first > 'z' {
		return n, err
	}
	c.explain(p[:n])
	return 0, io.EOF
}

const (
	// plainTimeout bounds the talk with who speaks plain HTTP.
	plainTimeout = 5 * time.Second
	// maxPlain is how much of it is read, in bytes.
	maxPlain = 64 << 10
)

// sayable is a Host that can be said back.
var sayable = regexp.MustCompile(`^[A-Za-z0-9.:\[\]-]+$`)

// explain answers a plain request, of which the beginning has been read. Whatever fails
// now, the connection is over.
func (c *maybePlain) explain(beginning []byte) {
	if c.SetDeadline(time.Now().Add(plainTimeout)) != nil {
		return
	}
	rest := io.LimitReader(io.MultiReader(bytes.NewReader(beginning), c.Conn), maxPlain)
	r, err := http.ReadRequest(bufio.NewReader(rest))
	if err != nil {
		return
	}
	where := "https://"
	if sayable.MatchString(r.Host) {
		where += r.Host + "/"
	}
	body := "This server speaks HTTPS. Use an address that begins with " + where + "\n"
	_, err = fmt.Fprintf(c.Conn, "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n"+
		"X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n%s", len(body), body)
	if err != nil {
		return
	}
	// What lies unread when a connection is closed can take the answer with it.
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		io.Copy(io.Discard, rest) //nolint:errcheck // it is over either way
	}
}
