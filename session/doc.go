// Package session is the conversation: one actor a session, which outlives its
// connections.
//
// # States
//
//	           slot there            End, grace over, shutdown
//	Waiting ───────────────▶ Live ───────────────────────────────▶ Ended
//	   │                      │ ▲
//	   │ listener gone        │ │ Attach within the grace time
//	   ▼                      ▼ │
//	 Ended                  (no listener: responses go on, frames are kept
//	                         in the bounded replay log)
//
// A Live session runs at most one response:
//
//	none ──response.create──▶ generating ──model done──▶ speaking ──last audio──▶ none
//	                              │                          │
//	                              └────cancel, failure, End──┴──▶ none
//
// Each way back to none is finishResponse, so that there is exactly one response.done
// for each response.created.
//
// # Words
//
// A turn is a response and what it answers. An item is a message of the conversation. A
// segment is one sentence's speech, numbered over the whole session. A frame is an
// encoded, numbered server event; the outbox holds those that a client may still need.
// An attachment is a connection's cursor into the outbox. The window is what of the
// conversation a prompt holds; a summary stands in it for the front of the conversation; a
// fact is what a character knows of its listener from conversations past. The scribe writes
// both.
//
// # Who may call what
//
// Every method of Session, Attachment and Registry may be called from any goroutine.
// Session's methods post a typed command to the loop and wait, at most, for their
// context and the session's end; the loop alone changes a session. Characters, facts and
// summaries may lie in a database, so they are read by the caller of Open or Do, before the
// loop hears of them, and written by the scribe's goroutines.
//
// # Several instances
//
// Owners says which instance has a session: Open claims it, and its end yields it. An
// instance that goes away leaves, for whoever claims the session next, the frames that its
// client may not have got, and keeps its slot for it; the rest is in the Archive. An
// instance that was taken to be dead, and was not, hears that it has lost the session, and
// what it still saves is refused.
//
// # What a model is told
//
// No prompt may exceed the model's window by the LLM server's own count, for some servers
// cut it in silence: see prompt, and llm.Calibration. After each response the session looks
// whether older turns are to be summarised, see summaryTask. The scribe does that by
// requests that yield to every reply, and hands the summary to the session's loop, which
// takes it if it is still of what the conversation holds: a summary says by a hash what it
// stands for.
//
// # When the other side is slow or gone
//
// While a listener is attached nothing is dropped: once Config.HoldBytes of frames wait
// for it, the loop stops taking tokens from the model and audio from the synthesiser
// until half of them are gone. While none is attached the response goes on and the
// oldest frames leave the log. A listener that is gone for Config.ResumeGrace ends the
// session; the Registry keeps its items, so that it can be restored.
package session
