package session

import (
	"errors"
	"log/slog"

	"avatarforge/llm"
	"avatarforge/realtime"
	"avatarforge/tts"
)

// failure is the outcome of a response whose model failed: what was written stands, and
// a stream that just ended makes it incomplete rather than failed.
func (s *Session) failure(err error) outcome {
	e := modelError(err)
	s.log.Warn("the model failed", slog.Any("error", err))
	s.cfg.Metrics.errors.WithLabelValues(string(e.Code)).Inc()
	if llm.KindOf(err) == llm.KindTruncated {
		return outcome{
			status: realtime.StatusIncomplete,
			details: &realtime.StatusDetails{
				Type:  realtime.StatusIncomplete,
				Error: &realtime.StatusError{Type: e.Type, Code: e.Code, Message: e.Message},
			},
		}
	}
	return outcome{
		status: realtime.StatusFailed,
		details: &realtime.StatusDetails{
			Type:  realtime.StatusFailed,
			Error: &realtime.StatusError{Type: e.Type, Code: e.Code, Message: e.Message},
		},
	}
}

// modelError is a failure of the LLM server as the listener is told it.
func modelError(err error) *realtime.Error {
	e := &realtime.Error{Type: realtime.ServerError, Code: realtime.CodeInternal, Message: "The reply failed; the server's log says why."}
	if failed := (*llm.Error)(nil); errors.As(err, &failed) {
		e.Code, e.Message = realtime.CodeUpstreamFailed, failed.Error()
		switch failed.Kind {
		case llm.KindModelNotFound:
			e.Type, e.Code = realtime.InvalidRequestError, realtime.CodeModelNotFound
		case llm.KindContextOverflow:
			e.Type, e.Code = realtime.InvalidRequestError, realtime.CodeContextOverflow
		case llm.KindBusy, llm.KindRateLimited, llm.KindUnreachable:
			e.Code = realtime.CodeUpstreamUnavailable
		case llm.KindFirstTokenTimeout, llm.KindIdleTimeout:
			e.Code = realtime.CodeUpstreamTimeout
		case llm.KindRefused, llm.KindKeyRefused, llm.KindUpstreamFailed, llm.KindTruncated, llm.KindBlocked, llm.KindEmpty:
		}
	}
	return e
}

// speechError is a failed synthesis as the listener is told it. The code is the same for
// all kinds: the text stands, and later sentences are spoken.
func speechError(err error) *realtime.Error {
	e := &realtime.Error{Type: realtime.ServerError, Code: realtime.CodeSpeechFailed, Message: "The sentence could not be spoken; the server's log says why."}
	if failed := (*tts.Error)(nil); errors.As(err, &failed) {
		e.Message = "The sentence could not be spoken: " + failed.Error()
	}
	return e
}
