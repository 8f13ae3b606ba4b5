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
// # Claims
//
// A session is one instance's at a time: Node.Claim says whose, by a lease as well. Whoever
// gives a session up may leave something for the next. An instance that was not heard of
// for a lease may lose a session to another one, and is told: what it had begun by then has
// to be refused elsewhere, which is the database's part.
//
// # Connections
//
// A session lives on one instance, and its client may come to another one. Node.Dial
// connects two instances, Node.Listener has what others dial: a Conn is a net.Conn, so HTTP
// runs over it. No instance needs an address of its own that others can reach.
//
// What is written to a Conn travels as segments, which Redis passes on and may lose:
// stream says how they are put in order and sent again, and how a reader who is slow holds
// the writer back.
//
// # Rates
//
// Node.Take counts what somebody may do so often, wherever they do it. Node.Forget takes it
// away again, with what has been left of their sessions.
//
// # Notices
//
// Node.Tell tells all other instances something that they can do without.
//
// # When Redis, or an instance, is gone
//
// While Redis cannot be reached, who has a session keeps it, and nobody gets one. After it
// was started anew, with or without its data, nobody gets one for a lease that is not known
// to be new: whoever has it says so meanwhile.
//
// While Redis cannot be reached, connections stand still, and go on when it is back: it
// holds nothing of them. Who is connected to an instance that has died, or is silent for
// three leases though Redis is well, gets ErrGone.
//
// While Redis cannot be reached, leases are had without it, see Node.Lease, and nothing is
// counted: Node.Take says so.
package cluster
