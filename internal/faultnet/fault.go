package faultnet

import (
	"fmt"
	"strings"
	"time"
)

// Kind says what goes wrong with a connection.
type Kind int

// What can go wrong.
const (
	// None passes everything on.
	None Kind = iota
	// Refuse takes no connection, and resets those that are open.
	Refuse
	// Reset resets a connection once something is asked on it.
	Reset
	// Hang takes what is sent and answers nothing.
	Hang
	// Slow passes the server's answers on After bytes at a time, at least one, a Pause before each.
	Slow
	// Cut resets a connection after After bytes of the server's answers.
	Cut
	// Answer gives Bytes for an answer, the server is not asked, and ends the connection in good order.
	Answer
	// Endless gives Bytes for an answer, and then its last kilobyte again and again until the client leaves.
	Endless
)

// Fault is one thing that goes wrong. The zero value is nothing.
type Fault struct {
	Kind  Kind
	After int           // of Cut and Slow, in bytes
	Pause time.Duration // of Slow
	Bytes []byte        // of Answer and Endless
}

// HTTP is an answer of a server that speaks HTTP/1.1 and closes its connection after it.
func HTTP(status int, contentType, body string) []byte {
	return fmt.Appendf(nil, "HTTP/1.1 %d Storm\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		status, contentType, len(body), body)
}

// Flood is the beginning of an HTTP answer whose body does not end: an Endless one repeats a line-less run
// of filler.
func Flood(contentType, begin, filler string) []byte {
	head := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: %s\r\nConnection: close\r\n\r\n%s", contentType, begin)
	return []byte(head + strings.Repeat(filler, 1+repeated/len(filler)))
}
