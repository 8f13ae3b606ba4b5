package llmtest

import "time"

// Reply is what a model answers to one request.
type Reply struct {
	// Tokens is the reply as it is sent, a line or an event for each.
	Tokens []string
	// Text is cut into tokens when there are no Tokens.
	Text string
	// Thinking is sent ahead as reasoning, if thinking is on for the request.
	Thinking []string
	// Pace is how fast it goes; the zero value means the server's default.
	Pace Pace
	// Faults are what goes wrong, in the order of their After.
	Faults []Fault
	// Wire is how tokens are laid out on the connection.
	Wire Wire
}

func (r Reply) tokens() []string {
	if r.Tokens != nil {
		return r.Tokens
	}
	return SplitTokens(r.Text)
}

// Pace is a model's speed. The zero value means without any delay.
type Pace struct {
	// FirstToken is how long the prompt takes, from the request's turn on.
	FirstToken time.Duration
	// TokensPerSecond is the speed afterwards, kept on average; zero: no delay.
	TokensPerSecond float64
}

func (p Pace) interval() time.Duration {
	if p.TokensPerSecond <= 0 {
		return 0
	}
	return time.Duration(float64(time.Second) / p.TokensPerSecond)
}

// Wire says how tokens share the writes to the connection. The zero value is one
// write a token.
type Wire struct {
	// Batch is how many tokens go out in one write; zero means 1.
	Batch int
	// Split breaks each write into two, at a place that differs from token to
	// token and can be inside a character.
	Split bool
	// FinalContent puts the last token on the line that ends the reply.
	FinalContent bool
}

// FaultKind says what goes wrong.
type FaultKind int

// The faults that a reply can have.
const (
	// FaultError answers with an error: before the first token as a status with an
	// error body, afterwards as a line or an event of a stream with status 200.
	FaultError FaultKind = iota + 1
	// FaultEnd ends the stream in good order, but without the mark of its end.
	FaultEnd
	// FaultDrop breaks the connection between two tokens.
	FaultDrop
	// FaultTear breaks the connection in the middle of a line.
	FaultTear
	// FaultStall sends nothing for the time of Stall.
	FaultStall
)

// Fault is one thing that goes wrong in a reply.
type Fault struct {
	Kind FaultKind
	// After is how many tokens of the reply come first, thoughts not counted.
	After int
	// Status is that of an error before the first token; zero means 500.
	Status int
	// Message is the text of an error.
	Message string
	// Stall is how long nothing comes; zero means until the client leaves.
	Stall time.Duration
}
