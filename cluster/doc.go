// Package cluster is what several instances of the server have with one another, by way of
// a Redis that they share. (The conversation slots, which they share too, are package slots'.)
//
// A Node is an instance among the others. It hears what they send it on a channel of its
// own.
//
// # Leases
//
// A synthesis server can speak one sentence at a time, whoever asks. Node.Lease waits for
// such a thing, in the order of asking, and is told when its turn comes. A lease that is
// not renewed, since its instance has died, ends by itself.
//
// # When Redis, or an instance, is gone
//
// While Redis cannot be reached, leases are had without it: see Node.Lease.
package cluster
