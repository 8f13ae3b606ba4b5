// Package llmtest is an Ollama, a vLLM and a Gemini server inside the process.
//
// They speak their originals' HTTP, warts included, and are http.Handlers: mount
// them on httptest, on an in-memory listener, or on a real port as the built-in
// demo model does. What they say comes from a Reply function; how fast they say it
// from a Pace; what goes wrong from Faults. Every request is kept as a Record, and
// Await lets a test wait for what a server saw, a lost client for instance.
//
// The unkind parts are the point, for a client that is tested against a server
// kinder than the real one is not tested:
//
//   - Ollama holds the headers back until the first token, lets requests beyond
//     its parallel slots wait without a limit and without a sign, and says 503
//     only while a model loads and the queue for that is full.
//   - Ollama drops what does not fit num_ctx in silence, and shows it only in a
//     smaller prompt_eval_count; a cached prompt makes that figure small too.
//   - Ollama reloads a model whose num_ctx changed, and thinks unless told not to.
//   - vLLM sends [DONE] after an error as after a success.
//   - Gemini blocks with status 200, under reasons that old clients do not know, counts
//     its thoughts towards the client's bound, and sends parts without a text.
//
// A server starts no goroutine of its own: all work happens on the goroutines that
// net/http calls it on, so closing the http.Server ends everything.
package llmtest
