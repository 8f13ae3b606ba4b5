// Package loadtest has simulated listeners talk with an Avatar Forge, and says what they
// went through.
//
// It knows the server by its public protocol alone, so it works against any, near or far,
// whatever stands behind it. A listener arrives, thinks, asks, plays what it hears in real
// time out of a buffer, and thinks again; some interrupt, some are cut off and come back,
// some read slowly, some use POST /api/chat. Everything that comes is checked: the numbers
// of the frames, the texts of the sentences against the transcript, the length of each
// sentence's sound.
//
// # What a wait is
//
// A wait begins when the listener meant to ask, not when this program came to send it, and
// one that has not ended when the run does counts with the time waited so far. With
// Config.Every each listener asks at fixed moments, whatever the server does: a server that
// stalls keeps nobody from asking, and all who had meant to ask meanwhile have waited. What
// the program itself was late by is a figure of its own, Figures.Late: where that is large,
// the machine of the listeners was too slow for their number.
//
// Durations are each of one clock. The server's own, from response.done, stand beside the
// listeners'; no moment of one clock is subtracted from one of the other.
//
// Run and Plan may be called from any goroutine; everything else belongs to a run.
package loadtest
