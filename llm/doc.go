// Package llm talks to the servers that generate replies: Ollama and vLLM, and Google's
// Gemini, which writes characters.
//
// A reply is an iterator of Deltas. Upstream bytes become frames (lines for Ollama,
// server-sent events for vLLM), frames become deltas; each step is tested by itself.
// The usual frame is read by a scanner of its own, all others by encoding/json. Gemini
// is read by Google's SDK, over a transport that makes its frames fit for that.
// A model's reasoning never becomes a delta, whether it comes in a field of its own
// or inline between <think> and </think>.
//
// # When the other side is slow or gone
//
// A stream waits FirstTokenTimeout for its first token and IdleTimeout for each one
// after it. Ollama gives no sign while it loads a model or lets a request wait, so
// both count towards the first. The reader may take any time: the clock stands still
// while he has the floor, and what he does not read piles up in the connection, not
// here. A reader who leaves the loop, or cancels, closes the connection, which ends
// the generation; Stream returns after that.
//
// A reply is whole only if the server says why it finished. A stream that just ends is
// KindTruncated, what came before it has been yielded. Nothing is tried again once a
// server may have begun to generate; a refused connection and a server that is busy
// get one more try.
//
// # Who may call what
//
// Ollama, VLLM, Gemini, Gate, Counter and Calibration are safe for use by several
// goroutines, and Stream starts none.
//
// A failure of a server is an *Error; ask KindOf which. Its text names no address and
// no key. When ctx ends, the error wraps the cause of that instead.
package llm
