// Package slots limits how many conversations run at once, and keeps the line of those
// who wait for one to end.
//
// A holder (a session) gets a Slot, or a Ticket: a place in the waiting line, which
// turns into a slot when its turn comes. The order is strictly first come, first
// served: while anybody waits, nobody gets a slot without waiting. A slot that is given
// back goes to the head of the line in the same step, so it is never free in between.
// Beside the limit for all there can be one for each user.
//
// Local counts in this process, Redis for all the processes (the instances) that share
// one. What is said here holds for both.
//
// Every method may be called from any goroutine. TryAcquire, Wait and InUse may take as
// long as the network does, under their context, so no lock is held over them; all else
// does not block. A client that is slow or gone holds up nobody: a Ticket only notes that
// it has changed, and its owner reads the position when it pleases; Leave and Release give
// the place back, also twice.
//
// An instance that ends may Keep a slot for a holder who will come to another one.
//
// # When Redis, or an instance, is gone
//
// An instance has a lease, which it renews four times over. One that dies gives back
// nothing, so what it had comes free when its lease ends. One that only stood still, for
// longer than that, goes on with what it had, and nobody is admitted until there is room.
//
// While Redis cannot be reached, whoever holds a slot or waits goes on doing so, and nobody
// is admitted (ErrUnavailable). When it is back, every instance registers all that it has:
// Redis is believed in nothing that it might have forgotten. One that was started anew, or
// is another, admits nobody for a lease, so that all can register; one that stood still
// lets no lease end that could not be renewed. Positions in the line outlive all that.
//
// The limit is exact as long as every instance that lives reaches Redis within a lease of
// its return.
package slots
