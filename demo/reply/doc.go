// Package reply is the demo model's brain: rules, not a neural network.
//
// It answers a chat request in the language of its last message, in the voice of
// the character that the system prompt describes, and remembers what the user said
// about himself for as long as it stands in the messages. It exists so that a fresh
// machine without an LLM server has somebody to talk to, so that tests have a model
// whose replies they can predict, and so that a conversation's memory can be shown.
// Asked about itself it says what it is.
//
// The words of the package: a [Request] is what the LLM server was sent; a turn is a
// request as understood (language, character, facts); an intent is what the user
// wants, found by the first rule that matches; lines are what can be said to an
// intent, in two registers where the language has them.
//
// Everything is a pure function of the request: the same messages, seed and time
// give the same reply. All functions may be called from any goroutine.
package reply
