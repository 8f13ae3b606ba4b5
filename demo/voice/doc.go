// Package voice is the demo's source of sound: it turns a sentence into 16-bit mono
// samples at any rate, on a machine that has no synthesis server.
//
// A Speaker asks espeak-ng, a program, if it is installed. Otherwise, or where that
// fails, it speaks in a tone voice of its own (Tone): syllables without words, but with
// the text's vowels, rhythm and melody, so that a listener hears whose turn it is,
// where a sentence ends and whether it asks something.
//
// Everything that depends on who speaks follows from the path of the reference
// recording, as in GPT-SoVITS: two voices with different references sound different,
// the same one always sounds the same.
//
// A Speaker may be used by several goroutines at once. Say works on the goroutine that
// calls it and returns when the sound is complete or its context has ended; a program
// under way is then killed and waited for.
package voice
