package server

import (
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
)

// The names of a draft's events.
const (
	eventField   eventName = "field"   // a persona.DraftField
	eventRestart eventName = "restart" // a draftRestart: what was told until now is no more
	eventDone    eventName = "done"    // the whole answer; the last event
	eventError   eventName = "error"   // a problem; the last event
)

// draftRestart says why a draft is written again from its beginning.
type draftRestart struct {
	Reason string `json:"reason"`
}

// streamDraft tells a draft while it is written. A client that is gone ends the writing.
func (s *Server) streamDraft(c huma.Context, d drafting) {
	g := humagin.Unwrap(c)
	out := newEventStream(g.Writer, s.cfg.WriteTimeout)
	defer out.end()
	ctx, leave := out.begin(c.Context())
	defer leave()

	type news struct {
		draftStep
		err error
	}
	written := make(chan news)
	go func() { // the loop below waits for its end
		defer close(written)
		for step, err := range s.written(ctx, d) {
			select {
			case written <- news{step, err}:
			case <-ctx.Done():
				return
			}
		}
	}()
	pulse := time.NewTicker(eventPulse)
	defer pulse.Stop()
	for open := true; open; {
		var n news
		select {
		case n, open = <-written:
		case <-pulse.C:
			out.pulse()
			continue
		}
		switch {
		case !open:
		case n.err != nil:
			out.send(eventError, s.complete(ctx, toProblem(n.err), g.Request.URL.Path))
		case n.Field != nil:
			out.send(eventField, n.Field)
		case n.Again != "":
			out.send(eventRestart, draftRestart{n.Again})
		case n.answer != nil:
			out.send(eventDone, n.answer)
		}
	}
}
