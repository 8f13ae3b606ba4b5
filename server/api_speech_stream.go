package server

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"avatarforge/speech"
)

// passOn answers with sound, as it is made.
func (s *Server) passOn(sound *speech.Stream) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(c huma.Context) {
		defer sound.Close()
		g := humagin.Unwrap(c)
		header := g.Writer.Header()
		header.Set("Content-Type", sound.ContentType())
		header.Set("Cache-Control", "no-store")
		if size := sound.Size(); size >= 0 {
			header.Set("Content-Length", strconv.FormatInt(size, 10))
		} else {
			// A proxy that collects it would undo the streaming.
			header.Set("X-Accel-Buffering", "no")
		}
		w := s.patient(g.Writer)
		defer w.end()
		err := sound.Copy(g.Request.Context(), w)
		if err == nil {
			return
		}
		if context.Cause(g.Request.Context()) == nil {
			s.log.Warn("speech was not passed on to its end", slog.Any("error", err))
		}
		panic(http.ErrAbortHandler) // or the client would take it for whole
	}}
}

// patientWriter writes each piece at once, and gives a client up that takes none for too
// long.
type patientWriter struct {
	w        io.Writer
	control  *http.ResponseController
	patience time.Duration
}

func (s *Server) patient(w http.ResponseWriter) *patientWriter {
	return &patientWriter{w: w, control: http.NewResponseController(w), patience: s.cfg.WriteTimeout}
}

// end lets the connection's next answer have its own time.
func (p *patientWriter) end() { _ = p.control.SetWriteDeadline(time.Time{}) }

func (p *patientWriter) Write(b []byte) (int, error) {
	// A server that knows no deadlines, as in some tests, waits for ever.
	_ = p.control.SetWriteDeadline(time.Now().Add(p.patience))
	n, err := p.w.Write(b)
	if err == nil {
		err = p.control.Flush()
	}
	return n, err
}
