// Package llm talks to the servers that generate replies: Ollama and vLLM.
//
// A reply is an iterator of Deltas. Upstream bytes become frames, frames become
// deltas; each step is tested by itself.
package llm
