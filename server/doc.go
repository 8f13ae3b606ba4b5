// Package server is HTTP in and out: routes, the WebSocket of the conversation, errors
// as problem+json, the page, health and metrics.
//
// The REST API's operations are declared by Go types, see operation and handle: huma
// checks requests by them and describes them in /api/openapi.json. Every error, huma's
// too, becomes a problem in toProblem or requestProblem, and nowhere else. A Cast is
// whom one can talk with: the presets, and the characters in the database.
//
// It turns requests into calls of package session and what comes back into bytes; it
// holds no state of a conversation. A WebSocket is served by two goroutines of its own,
// one that reads client events into the session and one that writes the session's frames
// out, see conn. The goroutine of net/http ends with the upgrade, so that an idle
// connection does not keep its stack and buffers.
package server
