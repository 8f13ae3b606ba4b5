package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"avatarforge/store"
)

const (
	// eventEvery is how often the store is asked for news: another instance may have the job, so nobody
	// here would tell.
	eventEvery = 500 * time.Millisecond
	// heartbeatEvery keeps proxies from taking a stream for dead.
	heartbeatEvery = 15 * time.Second
)

// followedFigure is a job whose events are wanted, and what of them is known.
type followedFigure struct {
	ID          string `path:"job_id" maxLength:"64" example:"550e8400-e29b-41d4-a716-446655440000" doc:"The job's id."`
	LastEventID string `header:"Last-Event-ID" doc:"The id of the last event that was received, which a browser sends when it connects again."`
}

func (s *Server) figureEventRoutes(api huma.API) {
	op := operation("followFigure", http.MethodGet, "/api/generate/events/{job_id}", tagFigures, "How far a figure is, as it changes",
		"An event stream (`text/event-stream`): each event's data is the status as `/api/generate/status/{job_id}` has it in `data`. The first "+
			"is how things are, unless `Last-Event-ID` says that it is known; the last is the final one, after which the stream ends. "+
			"Whoever comes back for more than that is told 204, which keeps a browser from asking again.")
	op.Responses = map[string]*huma.Response{
		"200": {Description: "The events", Content: map[string]*huma.MediaType{
			"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}},
		}},
		"204": {Description: "The last event was received before"},
	}
	op.Errors = []int{http.StatusForbidden, http.StatusNotFound}
	handle(api, s.owned(op), s.followFigure)
}

func (s *Server) followFigure(ctx context.Context, in *followedFigure) (*huma.StreamResponse, error) {
	f, err := s.figureOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	known, _ := strconv.ParseInt(in.LastEventID, 10, 64) // what is no number is as none
	return &huma.StreamResponse{Body: func(c huma.Context) { s.streamFigure(humagin.Unwrap(c), f, known) }}, nil
}

// streamFigure sends what a job becomes, from the version after the one that is known.
func (s *Server) streamFigure(c *gin.Context, f store.Figure, known int64) {
	if f.Status.Final() && known == f.Version {
		c.Status(http.StatusNoContent)
		c.Writer.WriteHeaderNow()
		return
	}
	c.Header("Content-Type", "text/event-stream")
	c.Header("Cache-Control", "no-store")
	c.Header("X-Accel-Buffering", "no") // nginx would keep it back
	c.Status(http.StatusOK)
	out := eventWriter{c.Writer, http.NewResponseController(c.Writer), s.cfg.WriteTimeout}
	defer out.control.SetWriteDeadline(time.Time{}) //nolint:errcheck // the connection's next request has its own time
	if out.write("retry: 2000\n\n") != nil {
		return
	}
	ctx := c.Request.Context()
	news, heartbeat := time.NewTicker(eventEvery), time.NewTicker(heartbeatEvery)
	defer news.Stop()
	defer heartbeat.Stop()
	for !s.draining.Load() {
		if f.Version != known {
			data, err := json.Marshal(shownFigure(f))
			if err != nil || out.write(fmt.Sprintf("id: %d\ndata: %s\n\n", f.Version, data)) != nil {
				return
			}
			known = f.Version
		}
		if f.Status.Final() {
			return
		}
		var err error
		select {
		case <-ctx.Done():
			return
		case <-heartbeat.C:
			err = out.write(": still here\n\n")
		case <-news.C:
			f, err = s.newsOf(ctx, f)
		}
		if err != nil {
			return // the client comes back, and is told why if that goes on
		}
	}
}

// newsOf is the job as it is. A store that does not answer at the moment says nothing new.
func (s *Server) newsOf(ctx context.Context, f store.Figure) (store.Figure, error) {
	now, err := s.cfg.Figures.Figure(ctx, f.ID)
	switch {
	case err == nil:
		return now, nil
	case errors.Is(err, store.ErrNotFound) || ctx.Err() != nil:
		return f, err
	}
	s.log.Warn("a job's status could not be read", slog.Any("error", err))
	return f, nil
}

// eventWriter writes events, each at once, to a client that has to take it in time.
type eventWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
	timeout time.Duration
}

func (e *eventWriter) write(text string) error {
	err := e.control.SetWriteDeadline(time.Now().Add(e.timeout))
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := e.w.Write([]byte(text)); err != nil {
		return err
	}
	return e.control.Flush()
}
