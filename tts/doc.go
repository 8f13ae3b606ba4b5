// Package tts turns sentences into speech.
//
// A sentence comes as displayed text, is rewritten as it is to be spoken (Spoken),
// waits in the Scheduler for its turn on one of the synthesis servers, is made into
// sound by a SoVITS client, and leaves as 16-bit PCM at the rate that the listener
// asked for.
package tts
