package loadtest

import (
	"context"
	"io"
	"time"

	"github.com/coder/websocket"

	"avatarforge/realtime"
)

// signal tells the listener what its reader has come upon.
type signal struct {
	kind signalKind
	conn *connection // that it is about
	err  error       // of signalLost
}

type signalKind uint8

const (
	signalReady signalKind = iota // there is a session
	signalAudio                   // an answer's first sound
	signalDone                    // an answer has ended
	signalLost                    // the connection is over
)

// connection is one WebSocket and the goroutine that reads it.
type connection struct {
	ws   *websocket.Conn
	done chan struct{} // closed when nothing of it is read any more
}

// close ends the connection without a word, as a network does that is gone.
func (c *connection) close() {
	_ = c.ws.CloseNow()
	<-c.done
}

// slowAhead is how much sound a slow reader takes ahead of what it plays.
const slowAhead = 300 * time.Millisecond

// read hears what comes over a connection until that ends.
func (l *listener) read(c *connection) {
	defer close(c.done)
	var buf []byte
	for {
		kind, r, err := c.ws.Reader(context.Background())
		if err == nil {
			buf, err = readAll(r, buf[:0])
		}
		if err != nil {
			l.signal(signal{signalLost, c, err})
			return
		}
		if l.hear(c, kind, buf) {
			// What is not read fills the sockets' buffers, and then holds the server back.
			time.Sleep(l.ahead() - slowAhead)
		}
	}
}

// ahead is how much sound the listener has yet to play.
func (l *listener) ahead() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.turn == nil {
		return 0
	}
	return l.turn.player.held(time.Now())
}

// signal tells the listener, unless that has gone.
func (l *listener) signal(s signal) {
	select {
	case l.signals <- s:
	case <-l.gone:
	}
}

// hear takes in one frame. wait says that a slow reader is to take its time now.
func (l *listener) hear(c *connection, kind websocket.MessageType, data []byte) (wait bool) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if kind == websocket.MessageBinary {
		f, err := realtime.DecodeAudioFrame(data)
		if err != nil {
			l.rec.fault(now, FaultFrame)
			return false
		}
		l.numberLocked(now, uint64(f.Event))
		return l.soundLocked(now, c, f.Segment, len(f.PCM))
	}
	if n, delta, ok := quickToken(data); ok {
		l.numberLocked(now, n)
		l.textLocked(now, string(delta))
		return false
	}
	if n, segment, bytes, ok := quickSound(data); ok {
		l.numberLocked(now, n)
		return l.soundLocked(now, c, segment, bytes)
	}
	n, e, err := realtime.DecodeServer(data)
	if err != nil {
		l.rec.fault(now, FaultFrame)
		return false
	}
	if created, ok := e.(realtime.SessionCreated); ok && created.Session.Avatarforge.Resumed != nil {
		l.last = n - 1 // the numbers may go on from further up
		l.rec.fault(now, FaultForgotten)
		if l.turn.running() {
			l.turn.incomplete = true
		}
	}
	l.numberLocked(now, n)
	l.eventLocked(now, c, e)
	return false
}

// numberLocked notes a frame's number: each is the one after the last.
func (l *listener) numberLocked(now time.Time, n uint64) {
	if n != l.last+1 {
		l.rec.fault(now, FaultGap)
	}
	l.last = n
}

func (l *listener) textLocked(now time.Time, delta string) {
	if !l.turn.running() {
		l.rec.fault(now, FaultStray)
		return
	}
	l.turn.takeText(now, delta)
}

func (l *listener) soundLocked(now time.Time, c *connection, segment uint32, bytes int) (wait bool) {
	if !l.turn.running() {
		l.rec.fault(now, FaultStray)
		return false
	}
	if l.turn.takeSound(now, segment, bytes) {
		l.signal(signal{kind: signalAudio, conn: c})
	}
	return l.slow && l.turn.player.held(now) > slowAhead
}

// eventLocked takes in an event that is neither text nor sound in its usual layout.
func (l *listener) eventLocked(now time.Time, c *connection, e realtime.ServerEvent) {
	t := l.turn
	if created, ok := e.(realtime.SessionCreated); ok {
		l.session, l.turnsLeft = created.Session.ID, -1
		if ext := &created.Session.Avatarforge; ext.MaxTurns > 0 {
			l.turnsLeft = ext.MaxTurns - ext.Turn
		}
		l.signal(signal{kind: signalReady, conn: c})
		return
	}
	if failed, ok := e.(realtime.ErrorEvent); ok {
		switch failed.Err.Code {
		case realtime.CodeSpeechFailed: // its sentence says so as well
		case realtime.CodeNoActiveResponse: // the answer has ended while it was being interrupted
		default:
			l.rec.fault(now, eventFault(failed.Err.Code))
			if t.running() && t.response == "" {
				t.ended, t.status = now, realtime.StatusFailed // it was refused
				l.signal(signal{kind: signalDone, conn: c})
			}
		}
		return
	}
	if t == nil {
		return
	}
	switch e := e.(type) {
	case realtime.ResponseCreated:
		t.response, t.moved = e.Response.ID, now
	case realtime.OutputItemAdded:
		t.item = e.Item.ID
	case realtime.TranscriptDelta:
		l.textLocked(now, e.Delta)
	case realtime.TextDelta:
		l.textLocked(now, e.Delta)
	case realtime.AudioDelta:
		l.soundLocked(now, c, e.Avatarforge.Segment, len(e.Delta))
	case realtime.Sentence:
		t.takeSentence(now, &e)
	case realtime.SentenceDone:
		t.takeSentenceDone(now, &e)
	case realtime.TranscriptDone:
		t.text = e.Transcript
	case realtime.TextDone:
		t.text = e.Text
	case realtime.ResponseDone:
		if !t.running() || e.Response.ID != t.response && !t.incomplete {
			l.rec.fault(now, FaultStray)
			return
		}
		t.takeDone(now, &e.Response, !l.cfg.TextOnly)
		l.signal(signal{kind: signalDone, conn: c})
	}
}

// readAll is io.ReadAll into a buffer that is used again.
func readAll(r io.Reader, buf []byte) ([]byte, error) {
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			return buf, nil
		}
		if err != nil {
			return buf, err
		}
	}
}
