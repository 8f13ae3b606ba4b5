package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"avatarforge/llm"
	"avatarforge/persona"
	"avatarforge/session"
	"avatarforge/slots"
	"avatarforge/speech"
	"avatarforge/store"
	"avatarforge/tts"
)

// problem is an error as application/problem+json (RFC 9457) says it. Detail is a
// sentence that a person can act on, Code a stable word.
type problem struct {
	Type     string         `json:"type"`
	Title    string         `json:"title"`
	Status   int            `json:"status"`
	Detail   string         `json:"detail"`
	Instance string         `json:"instance"`
	Code     problemCode    `json:"code"`
	Success  bool           `json:"success"` // always false
	Errors   []fieldProblem `json:"errors,omitempty"`

	// RequestID is what X-Request-Id and the log say.
	RequestID string `json:"request_id,omitempty"`

	retryAfter time.Duration // zero where waiting does not help
	cause      error         // for the log; nil where the client is at fault
}

// fieldProblem is one offending field of a request.
type fieldProblem struct {
	Location string `json:"location" example:"body.temperature" doc:"Where it stands."`
	Message  string `json:"message" example:"expected number <= 2" doc:"What is wrong with it."`
	Value    any    `json:"value" example:"7" doc:"What it is, as far as it is short; null where it is left out, or is a list or an object."`
}

type problemCode string

const (
	codeInvalidRequest  problemCode = "invalid_request"
	codeUnauthenticated problemCode = "unauthenticated"
	codeForbidden       problemCode = "forbidden"
	codeNotFound        problemCode = "not_found"
	codeModelNotFound   problemCode = "model_not_found" // under /v1/ only
	codeNotAllowed      problemCode = "method_not_allowed"
	codeRequestTimeout  problemCode = "request_timeout"
	codeConflict        problemCode = "conflict"
	codeTooLarge        problemCode = "too_large"
	codeMediaType       problemCode = "unsupported_media_type"
	codeInvalid         problemCode = "validation_failed"
	codeRateLimited     problemCode = "rate_limited"
	codeUpstreamFailed  problemCode = "upstream_failed"
	codeUpstreamTimeout problemCode = "upstream_timeout"
	codeUnavailable     problemCode = "upstream_unavailable"
	codeSlotLimit       problemCode = "slot_limit"
	codeNotConfigured   problemCode = "not_configured"
	codeShuttingDown    problemCode = "shutting_down"
	codeInternal        problemCode = "internal_error"
)

func (p *problem) Error() string { return p.Detail }

// GetStatus and ContentType are what huma asks of an error.
func (p *problem) GetStatus() int            { return p.Status }
func (p *problem) ContentType(string) string { return "application/problem+json" }

func newProblem(status int, code problemCode, detail string) *problem {
	return &problem{Status: status, Code: code, Detail: detail}
}

// slotRetry is what a refused client is told to wait: about a short turn.
const slotRetry = 5 * time.Second

// toProblem is the one translation of errors into problems.
func toProblem(err error) *problem {
	var (
		p      *problem
		fields *persona.ValidationError
		silent *tts.Error
		broken *speech.BrokenPromiseError
		model  *llm.Error
	)
	switch {
	case errors.As(err, &p):
		return p
	case figureProblem(err) != nil:
		return figureProblem(err)
	case errors.Is(err, session.ErrUnknownSession):
		return newProblem(http.StatusNotFound, codeNotFound, "There is no such session, or it has been forgotten; begin a new one.")
	case errors.Is(err, persona.ErrUnknown):
		return newProblem(http.StatusNotFound, codeNotFound, "There is no such character; GET /api/characters/presets lists those that there are.")
	case errors.Is(err, slots.ErrFull), errors.Is(err, slots.ErrLineFull):
		p := newProblem(http.StatusServiceUnavailable, codeSlotLimit, "Every conversation slot is taken; try again in a few seconds, or wait in the line with queue=1.")
		p.retryAfter = slotRetry
		return p
	case errors.Is(err, slots.ErrUserLimit):
		// Not 503: the server has room, and no other instance would say otherwise.
		p := newProblem(http.StatusTooManyRequests, codeSlotLimit, "You have as many conversations open as one user may have; close one, or resume it. A dropped one counts until its time to come back is over.")
		p.retryAfter = slotRetry
		return p
	case errors.Is(err, slots.ErrUnavailable):
		p := newProblem(http.StatusServiceUnavailable, codeUnavailable, "The server cannot count its conversations at the moment, so it begins no new one; try again in a few seconds. Those under way go on.")
		p.retryAfter, p.cause = slotRetry, err
		return p
	case errors.Is(err, session.ErrElsewhere), errors.Is(err, session.ErrOwnerUnknown):
		p := *errOwnerAway
		p.cause = err
		return &p
	case errors.Is(err, session.ErrClosing), errors.Is(err, session.ErrEnded),
		errors.Is(err, speech.ErrClosed), errors.Is(err, tts.ErrSchedulerClosed):
		p := newProblem(http.StatusServiceUnavailable, codeShuttingDown, "The server is going away; try again in a few seconds.")
		p.retryAfter = slotRetry
		return p
	case errors.As(err, &fields):
		return fieldsProblem(fields)
	case errors.As(err, &model):
		return llmProblem(model)
	case errors.Is(err, persona.ErrCard):
		return badBody("", err.Error(), "")
	case errors.Is(err, speech.ErrNothingToSay):
		return badBody("text", "There is nothing in it that can be spoken.", "")
	case errors.Is(err, speech.ErrOwnerGone):
		return errOwnerGone
	case errors.As(err, &silent), errors.Is(err, tts.ErrNoServer):
		return speechProblem(err, silent)
	case errors.As(err, &broken):
		return newProblem(http.StatusBadGateway, codeUpstreamFailed, "The speech could not be made: "+broken.Reason+". Ask for it again with POST /api/tts.")
	case errors.Is(err, store.ErrNotFound):
		return newProblem(http.StatusNotFound, codeNotFound, "There is no such thing, or it has been deleted.")
	case errors.Is(err, store.ErrConflict):
		return newProblem(http.StatusConflict, codeConflict, "Something else has this id already.")
	case errors.Is(err, store.ErrBadCursor):
		p := newProblem(http.StatusUnprocessableEntity, codeInvalid, "The cursor is not one that this list has given; begin without one.")
		p.Errors = []fieldProblem{{Location: "query.cursor", Message: "It is the next_cursor of a page before."}}
		return p
	case errors.Is(err, store.ErrBusy), errors.Is(err, store.ErrUnavailable), errors.Is(err, store.ErrFull),
		errors.Is(err, store.ErrReadOnly), errors.Is(err, store.ErrClosed), errors.Is(err, context.DeadlineExceeded):
		p := newProblem(http.StatusServiceUnavailable, codeUnavailable, "The server cannot reach or write its storage at the moment; its log says why. Try again.")
		p.retryAfter, p.cause = slotRetry, err
		return p
	case errors.Is(err, context.Canceled):
		return newProblem(http.StatusServiceUnavailable, codeUnavailable, "The request was given up.") // by a client that is gone
	default:
		p := newProblem(http.StatusInternalServerError, codeInternal, "Something went wrong in the server; its log says what.")
		p.cause = err
		return p
	}
}

// fieldsProblem is what is wrong with a character in a request's body.
func fieldsProblem(bad *persona.ValidationError) *problem {
	p := newProblem(http.StatusUnprocessableEntity, codeInvalid, "")
	for _, f := range bad.Fields {
		p.Errors = append(p.Errors, fieldProblem{Location: "body." + f.Field, Message: f.Message, Value: f.Value})
	}
	p.Detail = summary(p.Errors)
	return p
}

// badBody is one thing that is wrong with a request's body.
func badBody(field, message, value string) *problem {
	location := "body"
	if field != "" {
		location += "." + field
	}
	p := newProblem(http.StatusUnprocessableEntity, codeInvalid, "")
	p.Errors = []fieldProblem{{Location: location, Message: message}}
	if value != "" {
		p.Errors[0].Value = scalar(value)
	}
	p.Detail = summary(p.Errors)
	return p
}

// summary says in a sentence which fields are wrong.
func summary(fields []fieldProblem) string {
	if len(fields) == 0 {
		return "The request is not valid."
	}
	text := "The request is not valid: " + fields[0].Location + ": " + strings.TrimSuffix(fields[0].Message, ".")
	if more := len(fields) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	return text + "."
}

// requestProblem is what huma has found wrong with a request before its operation ran.
func requestProblem(status int, message string, errs []error) *problem {
	p := newProblem(status, codeInvalid, "")
	for _, err := range errs {
		var at huma.ErrorDetailer
		switch {
		case err == nil:
		case errors.As(err, &at):
			d := at.ErrorDetail()
			p.Errors = append(p.Errors, fieldProblem{d.Location, d.Message, scalar(d.Value)})
		default:
			p.Errors = append(p.Errors, fieldProblem{Location: "body", Message: err.Error()})
		}
	}
	switch {
	case status == http.StatusUnprocessableEntity:
		p.Detail = summary(p.Errors)
	case status == http.StatusRequestTimeout:
		p.Code, p.Errors, p.Detail = codeRequestTimeout, nil, "The request's body stopped coming, or came too slowly; send it again."
	case status == http.StatusRequestEntityTooLarge:
		p.Code, p.Detail = codeTooLarge, "The request's body is larger than this address takes."
	case status == http.StatusUnsupportedMediaType:
		p.Status, p.Code, p.Detail = http.StatusBadRequest, codeInvalidRequest, "Send the body as JSON, with Content-Type: application/json."
	case message == bodyUnreadable:
		p.Status, p.Code, p.Errors, p.Detail = http.StatusBadRequest, codeInvalidRequest, nil, "The request's body ended before it was whole."
	case status >= http.StatusInternalServerError:
		failed := toProblem(errors.Join(append(errs, errors.New(message))...))
		failed.Status = status
		return failed
	default:
		p.Code, p.Detail = codeInvalidRequest, "The request cannot be read: "+message+"."
		if len(p.Errors) > 0 {
			p.Detail = "The request's body is not JSON that can be read: " + p.Errors[0].Message + "."
			p.Errors = nil
		}
	}
	return p
}

// bodyUnreadable is what huma says, as an error of the server's, when a client has gone
// away or lied about its body's length.
const bodyUnreadable = "cannot read request body"

// maxShown is how much of a text is shown again to whoever sent it, in characters.
const maxShown = 100

// scalar is a value that is shown again to whoever sent it: of a long text the beginning,
// of what is nested nothing.
func scalar(v any) any {
	switch v := v.(type) {
	case bool, float64, int, int64:
		return v
	case string:
		if shown := []rune(v); len(shown) > maxShown {
			return string(shown[:maxShown]) + "…"
		}
		return v
	}
	return nil
}

// complete fills what depends on the request, and logs what the operator should know.
func (s *Server) complete(ctx context.Context, p *problem, path string) *problem {
	whole := *p
	whole.RequestID = requestID(ctx)
	whole.Type, whole.Title, whole.Instance = "about:blank", http.StatusText(p.Status), path
	if p.cause != nil {
		s.log.Error("request failed", slog.String("request_id", whole.RequestID), slog.String("path", path), slog.Any("error", p.cause))
	}
	return &whole
}

// setHeaders sets the headers that belong to a problem.
func (p *problem) setHeaders(set func(name, value string)) {
	if p.retryAfter > 0 {
		set("Retry-After", strconv.Itoa(int(p.retryAfter.Seconds())))
	}
	if p.Status == http.StatusUnauthorized {
		set("WWW-Authenticate", "Bearer")
	}
}

// fail answers a request with an error and ends its handling.
func (s *Server) fail(c *gin.Context, err error) {
	p := s.complete(c.Request.Context(), toProblem(err), c.Request.URL.Path)
	p.setHeaders(c.Header)
	if speaksOpenAI(c.Request.URL.Path) {
		c.AbortWithStatusJSON(p.Status, toOpenAI(p))
		return
	}
	c.Header("Content-Type", p.ContentType(""))
	c.AbortWithStatusJSON(p.Status, p)
}
