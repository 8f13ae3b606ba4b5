package server

import (
	"net/http"
	"strings"

	"avatarforge/llm"
)

// llmProblem is the failure of a server that generates, as a problem. Its text names the
// service and the reason, and neither an address nor a key.
func llmProblem(e *llm.Error) *problem {
	reason := strings.TrimSuffix(e.Error(), ".") + "."
	detail := "The model could not answer: " + reason
	switch e.Kind {
	case llm.KindFirstTokenTimeout, llm.KindIdleTimeout:
		p := newProblem(http.StatusGatewayTimeout, codeUpstreamTimeout, detail)
		p.cause = e
		return p
	case llm.KindBusy, llm.KindRateLimited, llm.KindUnreachable:
		p := newProblem(http.StatusServiceUnavailable, codeUnavailable, detail)
		p.retryAfter, p.cause = max(slotRetry, e.RetryAfter), e
		return p
	case llm.KindBlocked:
		// The operator can do nothing about it.
		return newProblem(http.StatusBadGateway, codeUpstreamFailed,
			"The model's provider does not allow this: "+reason+" Say it in other words.")
	case llm.KindModelNotFound, llm.KindRefused, llm.KindKeyRefused, llm.KindContextOverflow,
		llm.KindUpstreamFailed, llm.KindTruncated, llm.KindEmpty:
	}
	p := newProblem(http.StatusBadGateway, codeUpstreamFailed, detail)
	p.cause = e
	return p
}
