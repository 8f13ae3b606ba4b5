package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"avatarforge/realtime"
	"avatarforge/session"
)

// exchange is one turn of a conversation that HTTP asked for: a question, and its answer
// as it is written.
type exchange struct {
	sess   *session.Session
	answer *session.Answer
	frames []session.Frame // handed over, not looked at yet
}

// ask opens the session and asks. Whoever gets an exchange leaves it, which gives the slot
// back where nobody else follows the session.
func (s *Server) ask(ctx context.Context, o session.Opening, q session.Question) (*exchange, error) {
	for range 3 {
		sess, err := s.cfg.Registry.Open(ctx, o)
		if err != nil {
			return nil, err
		}
		answer, err := sess.Ask(ctx, q)
		if err == nil {
			return &exchange{sess: sess, answer: answer}, nil
		}
		var refused *realtime.Error
		if errors.As(err, &refused) {
			return nil, refusedProblem(refused)
		}
		if !errors.Is(err, session.ErrEnded) {
			return nil, err
		}
		// It has just ended: it is opened again, from where it was saved.
		<-sess.Done()
		o.Session = sess.ID()
	}
	return nil, session.ErrEnded
}

func (e *exchange) leave() {
	e.sess.Detach(e.answer.Attachment, session.Ending{Reason: "the answer has been given"})
}

// next is the next piece of the answer's text, or with an empty one the response, done.
// Errors are problems, and ctx's.
func (e *exchange) next(ctx context.Context) (text string, done *realtime.Response, err error) {
	for {
		for len(e.frames) == 0 {
			var more bool
			if e.frames, more = e.answer.Next(ctx, make([]session.Frame, 0, writeBatch)); !more {
				if ctx.Err() != nil {
					return "", nil, context.Cause(ctx)
				}
				return "", nil, session.ErrEnded
			}
		}
		f := e.frames[0]
		e.frames = e.frames[1:]
		if f.Binary {
			continue
		}
		_, event, err := realtime.DecodeServer(f.Data)
		if err != nil {
			return "", nil, fmt.Errorf("read frame %d of session %s: %w", f.N, e.sess.ID(), err)
		}
		switch event := event.(type) {
		case realtime.TextDelta:
			if event.ResponseID == e.answer.Response && event.Delta != "" {
				return event.Delta, nil, nil
			}
		case realtime.ResponseDone:
			if r := &event.Response; r.ID == e.answer.Response {
				return "", r, responseProblem(r, e.answer.Model)
			}
		}
	}
}

// responseProblem is why a response of a model counts as no answer; nil where it is one.
func responseProblem(r *realtime.Response, model string) error {
	if r.Status == realtime.StatusCompleted {
		return nil
	}
	details := r.StatusDetails
	switch {
	case r.Status == realtime.StatusCancelled:
		return newProblem(http.StatusConflict, codeConflict, "The response was cancelled by another client of this conversation.")
	case details == nil || details.Error == nil:
		return nil // cut at max_tokens, which is what was asked for
	}
	switch failed := details.Error; failed.Code {
	case realtime.CodeModelNotFound:
		p := newProblem(http.StatusUnprocessableEntity, codeInvalid, failed.Message)
		p.Errors = []fieldProblem{{Location: "body.model", Message: failed.Message, Value: scalar(model)}}
		return p
	case realtime.CodeContextOverflow:
		p := newProblem(http.StatusUnprocessableEntity, codeInvalid, failed.Message)
		p.Errors = []fieldProblem{{Location: "body.messages", Message: failed.Message}}
		return p
	case realtime.CodeUpstreamTimeout:
		return newProblem(http.StatusGatewayTimeout, codeUpstreamTimeout, failed.Message)
	case realtime.CodeUpstreamUnavailable:
		p := newProblem(http.StatusServiceUnavailable, codeUnavailable, failed.Message)
		p.retryAfter = slotRetry
		return p
	case realtime.CodeInterrupted:
		return session.ErrClosing
	default:
		return newProblem(http.StatusBadGateway, codeUpstreamFailed, failed.Message)
	}
}

// refusedProblem is a question that the session did not take.
func refusedProblem(e *realtime.Error) *problem {
	switch e.Code {
	case realtime.CodeActiveResponse:
		return newProblem(http.StatusConflict, codeConflict, "This conversation is being answered at the moment; ask again when that is done.")
	case realtime.CodeTurnLimit, realtime.CodeItemLimit:
		return newProblem(http.StatusConflict, codeConflict, e.Message)
	case realtime.CodeWaiting:
		p := newProblem(http.StatusServiceUnavailable, codeSlotLimit, "This conversation waits for a slot; try again in a few seconds.")
		p.retryAfter = slotRetry
		return p
	case realtime.CodeUnknownCharacter:
		return newProblem(http.StatusNotFound, codeNotFound, e.Message)
	}
	if e.Type == realtime.ServerError {
		return newProblem(http.StatusInternalServerError, codeInternal, e.Message)
	}
	return newProblem(http.StatusUnprocessableEntity, codeInvalid, e.Message)
}
