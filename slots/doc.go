// Package slots limits how many conversations run at once, and keeps the line of those
// who wait for one to end.
//
// A holder (a session) gets a Slot, or a Ticket: a place in the waiting line, which
// turns into a slot when its turn comes. The order is strictly first come, first
// served: while anybody waits, nobody gets a slot without waiting. A slot that is given
// back goes to the head of the line in the same step, so it is never free in between.
// Beside the limit for all there can be one for each user.
//
// Every method may be called from any goroutine. TryAcquire, Wait and InUse may take as
// long as the network does, under their context, so no lock is held over them; all else
// does not block. A client that is slow or gone holds up nobody: a Ticket only notes that
// it has changed, and its owner reads the position when it pleases; Leave and Release give
// the place back, also twice.
package slots
