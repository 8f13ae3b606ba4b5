// Package speech keeps speech as files: a text of any length becomes one file, whose
// address can be given out.
//
// A Studio has the text cut into sentences, spelled out and spoken through the synthesis
// scheduler, like the sentences of a conversation but behind those whose listeners would
// fall silent, and joins them with pauses. What it has made is a Recording: a file of an
// owner's, with an entry in the database, which is also the cache of speech. A take is
// one synthesis under way; whoever asks for the same meanwhile shares it, and it goes on
// for as long as anybody waits for it. A promise is a recording whose address is given
// out before it is made; it lies in the database, so that it outlasts the process and
// any instance can keep it.
//
// All methods of a Studio may be called from any goroutine. None holds a lock while it
// waits for a disk, a database or a synthesis server. A take's sound passes through a
// file of its own on the disk, so that a listener who is slow, or many long texts at
// once, take no memory.
//
// Errors are those of packages tts and store, and the few of this one.
package speech
