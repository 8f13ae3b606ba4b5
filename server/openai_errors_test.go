package server

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"avatarforge/persona"
	"avatarforge/session"
	"avatarforge/slots"
	"avatarforge/store"
)

// An error reaches OpenAI's clients with the status and the sentence that it has
// everywhere, in the one shape that they read.
func TestOpenAIErrors(t *testing.T) {
	slow := newProblem(http.StatusTooManyRequests, "rate_limited", "Too many requests; wait a second.")
	slow.retryAfter = time.Second
	upstream := newProblem(http.StatusBadGateway, "upstream_failed", "Ollama failed: out of memory.")
	field := newProblem(http.StatusUnprocessableEntity, codeInvalid, "The request is not valid.")
	field.Errors = []fieldProblem{{Location: "body.messages[0].role", Message: "It can be system, user or assistant."}}
	for _, tt := range []struct {
		name   string
		err    error
		status int
		typ    openAIErrorType
		code   string
		param  string
	}{
		{"no login", errUnauthenticated, 401, openAIInvalidRequest, "invalid_api_key", ""},
		{"somebody else's", errForeign, 403, openAIPermission, "forbidden", ""},
		{"an unknown model", unknownModel("gpt-9"), 404, openAIInvalidRequest, "model_not_found", "model"},
		{"an unknown character", persona.ErrUnknown, 404, openAIInvalidRequest, "not_found", ""},
		{"an unknown session", session.ErrUnknownSession, 404, openAIInvalidRequest, "not_found", ""},
		{"nothing there", store.ErrNotFound, 404, openAIInvalidRequest, "not_found", ""},
		{"taken", store.ErrConflict, 409, openAIInvalidRequest, "conflict", ""},
		{"too large", requestProblem(http.StatusRequestEntityTooLarge, "", nil), 413, openAIInvalidRequest, "too_large", ""},
		{"no JSON", requestProblem(http.StatusUnsupportedMediaType, "", nil), 400, openAIInvalidRequest, "invalid_request", ""},
		{"a wrong field", field, 422, openAIInvalidRequest, "validation_failed", "messages[0].role"},
		{"a wrong query", badQuery("limit", "It is a number.", "x"), 400, openAIInvalidRequest, "invalid_request", "limit"},
		{"a wrong body", badBody("", "It is empty.", ""), 422, openAIInvalidRequest, "validation_failed", ""},
		{"a wrong cursor", store.ErrBadCursor, 422, openAIInvalidRequest, "validation_failed", "cursor"},
		{"too fast", slow, 429, openAIRateLimit, "rate_limit_exceeded", ""},
		{"no slot", slots.ErrFull, 503, openAIServer, "slot_limit", ""},
		{"no storage", store.ErrUnavailable, 503, openAIServer, "upstream_unavailable", ""},
		{"given up", context.Canceled, 503, openAIServer, "upstream_unavailable", ""},
		{"shutting down", session.ErrClosing, 503, openAIServer, "shutting_down", ""},
		{"an upstream's failure", upstream, 502, openAIServer, "upstream_failed", ""},
		{"a mistake of ours", errors.New("nil map at 10.0.0.7:11434"), 500, openAIServer, "internal_error", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &Server{log: slog.New(slog.DiscardHandler)}
			w := httptest.NewRecorder()
			c, _ := gin.CreateTestContext(w)
			c.Request = httptest.NewRequest(http.MethodPost, "/v1/chat/completions", nil)
			s.fail(c, tt.err)
			if ct := w.Header().Get("Content-Type"); w.Code != tt.status || !strings.HasPrefix(ct, "application/json") {
				t.Errorf("status %d of %s, want %d", w.Code, ct, tt.status)
			}
			var got struct {
				Error map[string]any `json:"error"`
			}
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatalf("%v: %s", err, w.Body)
			}
			for _, key := range []string{"message", "type", "param", "code"} {
				if _, there := got.Error[key]; !there {
					t.Errorf("no %q: clients read it where it is null too", key)
				}
			}
			if got.Error["message"] == "" || strings.Contains(w.Body.String(), "10.0.0.7") {
				t.Errorf("the message is %q", got.Error["message"])
			}
			if param, _ := got.Error["param"].(string); got.Error["type"] != string(tt.typ) || got.Error["code"] != tt.code || param != tt.param {
				t.Errorf("got %v", got.Error)
			}
			if retry := w.Header().Get("Retry-After"); tt.code == "slot_limit" && retry == "" {
				t.Error("a client is not told when to try again")
			}
		})
	}
}

// Who speaks OpenAI's protocol is told in its words wherever the request ends, also
// where there is nothing; the conversation's WebSocket is ours.
func TestOpenAIAddresses(t *testing.T) {
	s := New(Config{})
	for path, openAI := range map[string]bool{
		"/v1/nothing": true, "/v1/realtime": false, "/api/nothing": false, "/v1": false,
	} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		var got map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatalf("%s: %v: %s", path, err, w.Body)
		}
		if _, is := got["error"].(map[string]any); is != openAI {
			t.Errorf("%s: %s", path, w.Body)
		}
	}
}
