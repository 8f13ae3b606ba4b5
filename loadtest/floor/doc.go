// Package floor is what the server is measured against: a relay over the same WebSocket
// library that hands a model's tokens and a synthesiser's sound on and does nothing else,
// and upstreams that note when something leaves them or comes to them.
//
// The relay has no history, no resuming, no waiting line, no splitting of text but at full
// stops, no numbers spelled out, no resampling, and serves sentences in the order in which
// they come. Whatever has features costs at least this much on the same machine in the same
// run, so it is the ratio to the relay that says something, not the microseconds.
//
// The server may not import this package; it is for benchmarks alone.
package floor
