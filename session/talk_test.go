package session_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"avatarforge/internal/linetest"
	"avatarforge/realtime"
	"avatarforge/session"
)

// talk is a listener's side of a conversation, in a test.
type talk struct {
	t    testing.TB
	line *linetest.Line
	sess *session.Session
	att  *session.Attachment

	frames  []frame // everything received, in order
	waiting []session.Frame
	last    uint64 // number of the last frame received

	unkept  bool            // whether items may be told that are not saved
	deleted map[string]bool // items that the test has asked to delete
}

// frame is a received frame, decoded: event or audio.
type frame struct {
	n     uint64
	at    time.Time
	event realtime.ServerEvent
	audio *realtime.AudioFrame
	gap   bool // no frame, but where frames are known to be missing
}

// open begins a session and attaches to it.
func open(t testing.TB, line *linetest.Line, o session.Opening) *talk {
	t.Helper()
	s, err := line.Registry.Open(context.Background(), o)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	k := &talk{t: t, line: line, sess: s}
	k.attach(0)
	return k
}

// attach makes the talk the session's listener from the frame after last.
func (k *talk) attach(last uint64) {
	k.t.Helper()
	att, err := k.sess.Attach(context.Background(), last)
	if err != nil {
		k.t.Fatalf("attach: %v", err)
	}
	k.att, k.waiting, k.last = att, nil, last
}

// hang drops the connection.
func (k *talk) hang() { k.sess.Detach(k.att, session.Ending{Reason: "hung up"}) }

func (k *talk) do(e realtime.ClientEvent) {
	k.t.Helper()
	if d, ok := e.(realtime.ItemDelete); ok {
		if k.deleted == nil {
			k.deleted = map[string]bool{}
		}
		k.deleted[d.ItemID] = true
	}
	if err := k.sess.Do(context.Background(), e); err != nil {
		k.t.Fatalf("%T: %v", e, err)
	}
}

// say writes a message and asks for the answer.
func (k *talk) say(text string) {
	k.t.Helper()
	k.write(text)
	k.do(realtime.ResponseCreate{})
}

func (k *talk) write(text string) {
	k.t.Helper()
	k.do(realtime.ItemCreate{Item: realtime.Item{
		Role: realtime.RoleUser, Status: realtime.StatusCompleted,
		Content: []realtime.Content{{Type: realtime.ContentInputText, Text: text}},
	}})
}

// set changes the session and waits for the answer.
func (k *talk) set(p realtime.SessionPatch) {
	k.t.Helper()
	k.do(realtime.SessionUpdate{Session: p})
	until[realtime.SessionUpdated](k, "the change is answered")
}

// read takes the next frame; ok is false when the attachment is over or ctx ends.
func (k *talk) read(ctx context.Context) (f frame, ok bool) {
	k.t.Helper()
	if len(k.waiting) == 0 {
		if k.waiting, ok = k.att.Next(ctx, make([]session.Frame, 0, 1)); !ok {
			return frame{}, false
		}
	}
	raw := k.waiting[0]
	k.waiting = k.waiting[1:]
	f = frame{n: raw.N, at: time.Now()}
	if raw.Binary {
		a, err := realtime.DecodeAudioFrame(raw.Data)
		if err != nil {
			k.t.Fatal(err)
		}
		if uint64(a.Event) != raw.N {
			k.t.Fatalf("binary frame %d says it is %d", raw.N, a.Event)
		}
		f.audio = &a
	} else {
		n, e, err := realtime.DecodeServer(raw.Data)
		if err != nil {
			k.t.Fatal(err)
		}
		if n != raw.N || e == nil {
			k.t.Fatalf("frame %d: %s", raw.N, raw.Data)
		}
		f.event = e
	}
	if f.n != k.last+1 {
		k.t.Fatalf("frame %d came after %d", f.n, k.last)
	}
	k.last = f.n
	k.frames = append(k.frames, f)
	k.kept(f)
	return f, true
}

// kept fails the test where something was told that is not in the archive: the server
// could die at this moment.
func (k *talk) kept(f frame) {
	k.t.Helper()
	if k.unkept {
		return
	}
	switch e := f.event.(type) {
	case realtime.ItemDone:
		// Later events may have changed it by the time it is read.
		if _, ok := k.line.Archive.Item(k.sess.ID(), e.Item.ID); !ok && !k.deleted[e.Item.ID] {
			k.t.Errorf("frame %d tells of item %s, which is not saved", f.n, e.Item.ID)
		}
	case realtime.ItemDeleted:
		if _, ok := k.line.Archive.Item(k.sess.ID(), e.ItemID); ok {
			k.t.Errorf("frame %d tells of the end of item %s, which is still saved", f.n, e.ItemID)
		}
	}
}

// patience is how long, of simulated time, a test waits for what it wants.
const patience = 10 * time.Minute

// until reads on to the next event of a type.
func until[E realtime.ServerEvent](k *talk, why string) E {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		f, ok := k.read(ctx)
		if !ok {
			var e E
			k.t.Fatalf("%s: no %T came; %s; the last were:\n%s", why, e, k.att.Ending().Reason, k.tail(12))
		}
		if e, ok := f.event.(E); ok {
			return e
		}
	}
}

// untilError reads on to the next error event.
func (k *talk) untilError(code realtime.ErrorCode, why string) realtime.Error {
	k.t.Helper()
	e := until[realtime.ErrorEvent](k, why).Err
	if e.Code != code {
		k.t.Fatalf("%s: got error %q, want %q", why, e.Error(), code)
	}
	return e
}

// quiet fails the test when a frame comes within d.
func (k *talk) quiet(d time.Duration, why string) {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	if f, ok := k.read(ctx); ok {
		k.t.Errorf("%s: frame %d came: %T %+v", why, f.n, f.event, f.event)
	}
}

// tail shows the last frames, for a failure.
func (k *talk) tail(n int) string {
	var b strings.Builder
	for _, f := range k.frames[max(0, len(k.frames)-n):] {
		if f.audio != nil {
			fmt.Fprintf(&b, "  %d audio of segment %d, %d bytes\n", f.n, f.audio.Segment, len(f.audio.PCM))
			continue
		}
		fmt.Fprintf(&b, "  %d %s %.200v\n", f.n, f.event.Type(), f.event)
	}
	return b.String()
}

// events are all received events of a type.
func events[E realtime.ServerEvent](k *talk) []E {
	var list []E
	for _, f := range k.frames {
		if e, ok := f.event.(E); ok {
			list = append(list, e)
		}
	}
	return list
}

// transcript is what the deltas of a response come to.
func (k *talk) transcript(responseID string) string {
	var b strings.Builder
	for _, e := range events[realtime.TranscriptDelta](k) {
		if e.ResponseID == responseID {
			b.WriteString(e.Delta)
		}
	}
	return b.String()
}

// pcm is the audio received, by segment, and the order in which the segments sounded.
func (k *talk) pcm() (bySegment map[uint32][]byte, order []uint32) {
	bySegment = map[uint32][]byte{}
	add := func(segment uint32, pcm []byte) {
		if len(order) == 0 || order[len(order)-1] != segment {
			order = append(order, segment)
		}
		bySegment[segment] = append(bySegment[segment], pcm...)
	}
	for _, f := range k.frames {
		if f.audio != nil {
			add(f.audio.Segment, f.audio.PCM)
		} else if e, ok := f.event.(realtime.AudioDelta); ok {
			add(e.Avatarforge.Segment, e.Delta)
		}
	}
	return bySegment, order
}

func samples(pcm []byte) []int16 {
	s := make([]int16, len(pcm)/2)
	for i := range s {
		s[i] = int16(uint16(pcm[2*i]) | uint16(pcm[2*i+1])<<8)
	}
	return s
}

// kinds is the types of the received events, repeats of a delta folded into one.
func (k *talk) kinds() []string {
	var list []string
	for _, f := range k.frames {
		name := "audio"
		if f.event != nil {
			name = f.event.Type()
		}
		if len(list) == 0 || list[len(list)-1] != name {
			list = append(list, name)
		}
	}
	return list
}
