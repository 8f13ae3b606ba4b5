package server

import (
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"avatarforge/session"
	"avatarforge/slots"
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

	retryAfter time.Duration // zero where waiting does not help
}

// fieldProblem is one offending field of a request.
type fieldProblem struct {
	Location string `json:"location"`
	Message  string `json:"message"`
	Value    any    `json:"value,omitempty"`
}

type problemCode string

const (
	codeInvalidRequest  problemCode = "invalid_request"
	codeUnauthenticated problemCode = "unauthenticated"
	codeForbidden       problemCode = "forbidden"
	codeNotFound        problemCode = "not_found"
	codeNotAllowed      problemCode = "method_not_allowed"
	codeSlotLimit       problemCode = "slot_limit"
	codeShuttingDown    problemCode = "shutting_down"
	codeInternal        problemCode = "internal_error"
)

func (p *problem) Error() string { return p.Detail }

func newProblem(status int, code problemCode, detail string) *problem {
	return &problem{Status: status, Code: code, Detail: detail}
}

// slotRetry is what a refused client is told to wait: about a short turn.
const slotRetry = 5 * time.Second

// toProblem is the one translation of errors into problems.
func toProblem(err error) *problem {
	var p *problem
	switch {
	case errors.As(err, &p):
		return p
	case errors.Is(err, session.ErrUnknownSession):
		return newProblem(http.StatusNotFound, codeNotFound, "There is no such session, or it has been forgotten; begin a new one.")
	case errors.Is(err, session.ErrUnknownCharacter):
		return newProblem(http.StatusNotFound, codeNotFound, "There is no such character; GET /api/characters/presets lists those that there are.")
	case errors.Is(err, slots.ErrFull), errors.Is(err, slots.ErrLineFull):
		p := newProblem(http.StatusServiceUnavailable, codeSlotLimit, "Every conversation slot is taken; try again in a few seconds, or wait in the line with queue=1.")
		p.retryAfter = slotRetry
		return p
	case errors.Is(err, session.ErrClosing), errors.Is(err, session.ErrEnded):
		p := newProblem(http.StatusServiceUnavailable, codeShuttingDown, "The server is going away; try again in a few seconds.")
		p.retryAfter = slotRetry
		return p
	default:
		return newProblem(http.StatusInternalServerError, codeInternal, "Something went wrong in the server; its log says what.")
	}
}

// fail answers a request with an error and ends its handling.
func (s *Server) fail(c *gin.Context, err error) {
	p := *toProblem(err)
	if p.Status >= http.StatusInternalServerError && p.retryAfter == 0 {
		s.log.Error("request failed", slog.String("path", c.FullPath()), slog.Any("error", err))
	}
	p.Type, p.Title, p.Instance = "about:blank", http.StatusText(p.Status), c.Request.URL.Path
	if p.retryAfter > 0 {
		c.Header("Retry-After", strconv.Itoa(int(p.retryAfter.Seconds())))
	}
	c.Header("Content-Type", "application/problem+json")
	c.AbortWithStatusJSON(p.Status, p)
}
