package server

import (
	"fmt"
	"net/http"
	"strings"
)

// openAIError is an error as OpenAI's API says it, which is what the addresses under
// /v1/ answer with: their clients read nothing else.
type openAIError struct {
	Error openAIErrorBody `json:"error"`
}

// openAIErrorBody is what went wrong. Param and Code are null where there is none.
type openAIErrorBody struct {
	Message string          `json:"message" doc:"A sentence that a person can act on." example:"There is no model \"gpt-9\" here; GET /v1/models lists those that there are."`
	Type    openAIErrorType `json:"type" enum:"invalid_request_error,permission_error,rate_limit_error,server_error" doc:"The class of the error." example:"invalid_request_error"`
	Param   *string         `json:"param" doc:"The offending field of the request." example:"model"`
	Code    *string         `json:"code" doc:"A stable word for the error." example:"model_not_found"`
}

type openAIErrorType string

const (
	openAIInvalidRequest openAIErrorType = "invalid_request_error"
	openAIPermission     openAIErrorType = "permission_error"
	openAIRateLimit      openAIErrorType = "rate_limit_error"
	openAIServer         openAIErrorType = "server_error"
)

// speaksOpenAI says whether an address is one of those that OpenAI's clients know.
func speaksOpenAI(path string) bool {
	return strings.HasPrefix(path, "/v1/") && path != "/v1/realtime"
}

// toOpenAI says a problem in OpenAI's words. Its status stays the response's; in the
// middle of a stream the words are all there is.
func toOpenAI(p *problem) *openAIError {
	body := openAIErrorBody{Message: p.Detail, Type: openAIInvalidRequest}
	code := string(p.Code)
	switch {
	case p.Status == http.StatusUnauthorized:
		code = "invalid_api_key"
	case p.Status == http.StatusForbidden:
		body.Type = openAIPermission
	case p.Status == http.StatusTooManyRequests:
		body.Type, code = openAIRateLimit, "rate_limit_exceeded"
	case p.Status >= http.StatusInternalServerError:
		body.Type = openAIServer
	}
	if code != "" {
		body.Code = &code
	}
	if len(p.Errors) > 0 {
		// "body.messages[0].role" is messages[0].role; the body itself has no name.
		if _, param, named := strings.Cut(p.Errors[0].Location, "."); named {
			body.Param = &param
		}
	}
	return &openAIError{body}
}

// unknownModel says that a client of OpenAI's asks for a model, or a character in its
// place, that is not there. OpenAI answers the same with the same words.
func unknownModel(name string) *problem {
	p := newProblem(http.StatusNotFound, codeModelNotFound,
		"There is no model "+quoted(name)+" here; GET /v1/models lists those that there are.")
	p.Errors = []fieldProblem{{Location: "body.model", Message: "There is no such model.", Value: scalar(name)}}
	return p
}

// quoted is a client's word as a message shows it again.
func quoted(word string) string {
	return fmt.Sprintf("%q", scalar(word))
}
