// Package demo runs the built-in model and voice: an Ollama and a GPT-SoVITS on
// loopback, for a machine that has neither.
//
// Both speak their original's real HTTP (llm/llmtest, tts/ttstest), so the rest of the
// program cannot tell and need not care: it gets two URLs. What they say comes from
// package reply, what they sound like from package voice. The chat room says loudly
// that it is a demo, and so does the model when it is asked.
//
// Start makes the listeners and one goroutine for each; Close, or the end of Start's
// context, ends them, and Close waits for them. All methods may be called from any
// goroutine.
package demo
