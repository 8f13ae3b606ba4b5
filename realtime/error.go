package realtime

import "fmt"

// ErrorType is the class of an error event.
type ErrorType string

// The classes of errors.
const (
	InvalidRequestError ErrorType = "invalid_request_error" // the client's to mend
	RateLimitError      ErrorType = "rate_limit_error"      // the client is too fast
	ServerError         ErrorType = "server_error"          // ours, or an upstream's
)

// ErrorCode is the stable word for an error.
type ErrorCode string

// The codes of errors.
const (
	CodeInvalidJSON         ErrorCode = "invalid_json"
	CodeInvalidValue        ErrorCode = "invalid_value"
	CodeInvalidType         ErrorCode = "invalid_type"
	CodeMissingParameter    ErrorCode = "missing_required_parameter"
	CodeUnknownParameter    ErrorCode = "unknown_parameter"
	CodeTooLong             ErrorCode = "string_above_max_length"
	CodeUnsupported         ErrorCode = "unsupported"
	CodeItemNotFound        ErrorCode = "item_not_found"
	CodeItemExists          ErrorCode = "item_already_exists"
	CodeItemInProgress      ErrorCode = "item_in_progress"
	CodeItemLimit           ErrorCode = "item_limit_reached"
	CodeActiveResponse      ErrorCode = "conversation_already_has_active_response"
	CodeNoActiveResponse    ErrorCode = "response_cancel_not_active"
	CodeTurnLimit           ErrorCode = "turn_limit_reached"
	CodeRateLimit           ErrorCode = "rate_limit_exceeded"
	CodeWaiting             ErrorCode = "waiting_for_slot"
	CodeSlotLimit           ErrorCode = "slot_limit"
	CodeUnknownVoice        ErrorCode = "unknown_voice"
	CodeUnknownCharacter    ErrorCode = "unknown_character"
	CodeSpeechFailed        ErrorCode = "speech_failed"
	CodeSpeechCancelled     ErrorCode = "speech_cancelled"
	CodeModelNotFound       ErrorCode = "model_not_found"
	CodeContextOverflow     ErrorCode = "context_length_exceeded"
	CodeUpstreamFailed      ErrorCode = "upstream_failed"
	CodeUpstreamTimeout     ErrorCode = "upstream_timeout"
	CodeUpstreamUnavailable ErrorCode = "upstream_unavailable"
	CodeInterrupted         ErrorCode = "session_interrupted"
	CodeNotSaved            ErrorCode = "conversation_not_saved"
	CodeSessionEnding       ErrorCode = "session_ending"
	CodeInternal            ErrorCode = "internal_error"
)

// Error is the body of an error event. It is also a Go error: what DecodeClient and the
// session return to a client's event.
type Error struct {
	Type    ErrorType
	Code    ErrorCode
	Message string
	// Param is the path of the offending parameter, "session.audio.output.voice" for
	// instance; empty where there is none.
	Param string
	// EventID is the client event's own event_id; empty where it gave none.
	EventID string
	// Segment is the sentence that an error of code speech_failed is about; zero
	// elsewhere.
	Segment uint32
}

// Error says it in one line.
func (e *Error) Error() string {
	if e.Param != "" {
		return fmt.Sprintf("%s: %s (%s)", e.Code, e.Message, e.Param)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Message)
}

// Invalid is an invalid_request_error about a parameter.
func Invalid(code ErrorCode, param, format string, args ...any) *Error {
	return &Error{Type: InvalidRequestError, Code: code, Param: param, Message: fmt.Sprintf(format, args...)}
}
