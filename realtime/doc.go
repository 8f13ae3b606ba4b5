// Package realtime is the protocol of GET /v1/realtime in words of Go: the OpenAI
// Realtime protocol, text in, text and speech out, with extensions under the key
// "avatarforge" and events whose type begins with "avatarforge.".
//
// # Frame flow
//
//	client                                    server
//	  |  session.update                          |
//	  |----------------------------------------->|  DecodeClient → ClientEvent
//	  |  conversation.item.create                |
//	  |  response.create                         |
//	  |----------------------------------------->|
//	  |          response.created                |
//	  |          response.output_item.added      |
//	  |          conversation.item.added         |
//	  |          response.content_part.added     |
//	  |<-----------------------------------------|  ServerEvent → AppendEvent
//	  |          …transcript.delta, audio        |  AppendAudioFrame
//	  |          avatarforge.sentence, ….done    |
//	  |<-----------------------------------------|
//	  |          ….done of each kind             |
//	  |          response.content_part.done      |
//	  |          response.output_item.done       |
//	  |          conversation.item.done          |
//	  |          response.done                   |
//	  |<-----------------------------------------|
//
// Every frame that the server sends, text or binary, carries the session's next
// number, from 1 and without a gap: a text frame as "event_N" in event_id, a binary
// frame in its header.
//
// # Coming in, going out
//
// What comes in is decoded strictly: an unknown field, a wrong type or a value out of
// range is an *Error that names the parameter, and never a panic. What goes out is
// written in a fixed order of fields, so that equal events are equal bytes. Token and
// audio frames are written by appending, since a thousand sessions write fifty of
// them a second each.
//
// The package is pure: no goroutine, no clock, no I/O, standard library only. All its
// types are plain values; nothing in it may be called from several goroutines on the
// same value while one of them writes.
package realtime
