package llmtest

import (
	"encoding/json"
	"fmt"
)

// Message is one turn of a request.
type Message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// ChatRequest is a request as the model sees it: after the server's own defaults,
// and after its silent cut of what did not fit.
type ChatRequest struct {
	// Number counts a server's generations from 1.
	Number   int
	Model    string
	Messages []Message
	// Dropped is how many whole messages were left out to fit the window.
	Dropped int
	// Cut says that what remained was then cut in the middle.
	Cut bool
	// PromptTokens is what Messages come to, in the server's own tokens.
	PromptTokens int
	// NumCtx is the context window in force, in tokens.
	NumCtx int
	// MaxTokens bounds the reply; negative means that the client set no bound.
	MaxTokens   int
	Temperature *float64
	// Think says that the model is to think before it answers.
	Think bool
	// Format is the JSON schema, or the string "json", that the reply must match;
	// nil means free text.
	Format json.RawMessage
}

// Last returns the content of the last message of that role, or "".
func (r ChatRequest) Last(role string) string {
	for i := len(r.Messages) - 1; i >= 0; i-- {
		if r.Messages[i].Role == role {
			return r.Messages[i].Content
		}
	}
	return ""
}

// Model is a model that a server has.
type Model struct {
	// Name may carry a tag, "gemma3:27b"; without one Ollama adds ":latest".
	Name string
	// ContextLength is what the model was trained for, in tokens; zero means 131,072.
	ContextLength int
	// Thinking models think unless the request says otherwise.
	Thinking bool
	// Stubborn models think whatever the request says, as gpt-oss does.
	Stubborn bool
	// Embedding models make vectors, and hold no conversation.
	Embedding bool
}

const defaultModelContext = 131_072

func (m Model) contextLength() int {
	if m.ContextLength > 0 {
		return m.ContextLength
	}
	return defaultModelContext
}

// DefaultModel is the one model of a server that was given none.
const DefaultModel = "gemma-3-27b-it"

func modelsOrDefault(models []Model) []Model {
	if len(models) > 0 {
		return models
	}
	return []Model{{Name: DefaultModel}}
}

// DefaultReply answers with the model's name, the number of messages and the last
// user message, so that a test can tell whose reply it holds. Asked for JSON it
// answers with the smallest instance of the schema that holds the user's message.
func DefaultReply(req ChatRequest) Reply {
	said := req.Last("user")
	if req.Format != nil {
		text, err := Instance(req.Format, said)
		if err != nil {
			return Reply{Faults: []Fault{{Kind: FaultError, Message: err.Error()}}}
		}
		return Reply{Text: text}
	}
	return Reply{
		Thinking: []string{"The user said", " something."},
		Text:     fmt.Sprintf("%s, %d messages: %s", req.Model, len(req.Messages), said),
	}
}
