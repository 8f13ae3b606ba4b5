package llm

import (
	"context"
	"encoding/json"
	"iter"
)

// Role says who wrote a message.
type Role string

// The roles that Ollama and vLLM know.
const (
	RoleSystem    Role = "system"
	RoleUser      Role = "user"
	RoleAssistant Role = "assistant"
)

// Message is one turn of what a model is told.
type Message struct {
	Role    Role   `json:"role"`
	Content string `json:"content"`
}

// Request asks for one reply.
type Request struct {
	// Owner is on whose behalf it is made, a session's or a user's id: a Gate lets
	// owners take turns. Requests without one share a turn.
	Owner string
	// Model is the name at the LLM server; empty means the configured default.
	Model    string
	Messages []Message
	// Temperature is 0 to 2; nil leaves it to the model.
	Temperature *float64
	// MaxTokens bounds the reply, in tokens; zero means 512.
	MaxTokens int
	// Schema is a JSON schema that the reply must match; nil means free text.
	Schema json.RawMessage
	// Priority is for a Gate. The zero value is a reply that somebody waits for.
	Priority Priority
}

// Priority says how a Gate puts a request behind others.
type Priority int

const (
	// PriorityReply is a reply that somebody waits for.
	PriorityReply Priority = iota
	// PriorityIdle is work that nobody waits for. It runs only while no reply does, and
	// is broken off with ErrYielded once one is asked for, whether there is room or not:
	// a server may do less at once than its Gate takes it to.
	PriorityIdle
	// PrioritySpare is such work that has yielded to others too often: it also runs beside
	// their replies in a place that none of them needs, and is broken off when one does,
	// or when its own owner asks for a reply.
	PrioritySpare
)

// FinishReason says why a reply ended.
type FinishReason string

// A reply ends by itself, or because it reached its MaxTokens.
const (
	FinishStop   FinishReason = "stop"
	FinishLength FinishReason = "length"
)

// Usage is what the LLM server counted, in tokens. Zero means that it did not say.
type Usage struct {
	InputTokens  int
	OutputTokens int
}

// Delta is a piece of a reply. The last one has Finish set, and may still carry Text.
type Delta struct {
	Text   string
	Finish FinishReason
	Usage  Usage
}

// Model generates replies. Implementations are safe for use by several goroutines.
type Model interface {
	// Stream yields the reply as it is generated and ends after the Delta whose
	// Finish is set, or with an error. Leaving the loop or cancelling ctx ends the
	// upstream request.
	Stream(ctx context.Context, req Request) iter.Seq2[Delta, error]
}
