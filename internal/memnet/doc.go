// Package memnet is a network inside the process: a net.Listener and its dialler,
// joined by buffered pipes.
//
// It exists for tests inside a testing/synctest bubble. There a goroutine that waits
// on a real socket keeps time from moving on; one that waits on a Conn does not,
// since all waiting is on a sync.Cond and all deadlines are timers of the bubble. A
// Listener and its connections belong to the bubble in which they were made.
//
// A Conn behaves as a TCP connection does where HTTP can tell: a writer runs ahead of
// its reader by a bounded number of bytes, Close lets the peer read what was already
// sent, SetLinger(0) makes Close a reset, and writing to a peer that has closed fails.
//
// Everything may be called from several goroutines at once.
package memnet
