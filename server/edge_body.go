package server

import (
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// bodyPiece is how much of a request's body has to come within Config.BodyTimeout, and then
// again, in bytes. With the default that is some 100 kbit/s.
const bodyPiece = 128 << 10

// paced gives a request's body time only as long as it comes. That goes also for one that
// nobody wants to read: net/http itself does, before it answers.
func (s *Server) paced(c *gin.Context) {
	if c.Request.Body == nil || c.Request.Body == http.NoBody {
		return
	}
	b := &pacedBody{ReadCloser: c.Request.Body, control: http.NewResponseController(c.Writer), time: s.cfg.BodyTimeout}
	b.allow()
	c.Request.Body = b
}

// pacedBody is a request's body, each piece of which has its time. One reads at a time.
type pacedBody struct {
	io.ReadCloser
	control *http.ResponseController
	time    time.Duration // for a piece
	left    int           // of the piece that is to come, in bytes
	begun   bool          // whether it was read from
	late    error         // why there is no more; nil while there may be
}

func (b *pacedBody) Read(p []byte) (int, error) {
	if b.late != nil {
		return 0, b.late
	}
	if !b.begun { // the route may have taken the deadline away
		b.begun = true
		b.allow()
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= n
	var timeout net.Error
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		b.late = err
	case err == nil && b.left <= 0:
		b.allow()
	}
	return n, err
}

// allow begins the time of the next piece. At its end net/http takes the deadline away.
func (b *pacedBody) allow() {
	b.left = bodyPiece
	_ = b.control.SetReadDeadline(time.Now().Add(b.time)) // what cannot have one is no network's
}
