// Package persona knows who speaks: characters, the presets that ship with the
// server or lie in a folder, and the system prompt that makes a model play one.
//
// A Character is what the REST API shows and stores: fields such as personality,
// speech_style and guidelines, from which the prompt is built at run time. A
// persona, in the specification's narrower sense, is the ready-made text that a
// client may send in place of those fields.
//
// Presets reads characters from a folder (or from the files built into the binary)
// and looks again on every call, so that an edited file counts from the next
// conversation on. A file that cannot be used is skipped, reported by Problems and
// logged once; the others are still served.
//
// Prompt is a pure function of its fields. What it is given comes from strangers
// (imported cards, a client's persona), so everything of theirs stands between tags
// as material to act from, with whatever could pass for such a tag, or for a
// chat template's control token, made harmless.
//
// Everything here may be used by several goroutines at once. Characters handed out
// by Presets are shared: read them, copy them, do not change them.
package persona
