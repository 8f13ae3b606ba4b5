package session

import (
	"crypto/rand"
	"encoding/base32"
	"slices"
	"strings"
	"time"

	"avatarforge/llm"
	"avatarforge/realtime"
)

// item is one message of the conversation, and what is known of its speech.
type item struct {
	realtime.Item // as the client sees it: its text ends where the listener stopped hearing

	// full is the whole text that was generated or given.
	full string
	// speech is the item's latest audio, segment by segment; empty for text.
	speech []spokenText
	// audioStart and audioEnd are where that audio lies on the session's playhead.
	audioStart, audioEnd time.Duration
	// size is the message's in a prompt; zero while not counted.
	size llm.Size
	// created is when the item joined the conversation.
	created time.Time
	// position is where it stands in the archive; empty while it is not there.
	position string
}

// audioFor is how much of the item's speech has been sent.
func (it *item) audioFor() time.Duration { return it.audioEnd - it.audioStart }

// snapshot is the item as an event shows it: later changes do not reach it.
func (it *item) snapshot() realtime.Item {
	c := it.Item
	c.Content = slices.Clone(it.Content)
	return c
}

// snapshot is an item as an event shows it; the one that is being written has its text so
// far.
func (s *Session) snapshot(it *item) realtime.Item {
	c := it.snapshot()
	if r := s.response; r != nil && r.item == it {
		c.Content[0].Text = r.text.String()
	}
	return c
}

// hear cuts the item's text to what a listener has heard by the given time of its
// audio, or gives the whole text back.
func (it *item) hear(d time.Duration) {
	it.setText(heardText(it.full, it.speech, d))
}

func (it *item) setText(text string) {
	it.Content[0].Text = text
	it.size = llm.Size{}
}

// items is the conversation in order. Owned by the session's loop.
type items struct {
	list []*item
}

func (l *items) find(id string) *item {
	// From the end: clients speak of what came last.
	for i := len(l.list) - 1; i >= 0; i-- {
		if l.list[i].ID == id {
			return l.list[i]
		}
	}
	return nil
}

// insert puts it after the item named by after, "root" for the front, empty for the
// end, and says what precedes it.
func (l *items) insert(it *item, after string) (previous *string, ok bool) {
	at := len(l.list)
	switch after {
	case "":
	case "root":
		at = 0
	default:
		prior := l.find(after)
		if prior == nil {
			return nil, false
		}
		at = slices.Index(l.list, prior) + 1
	}
	l.list = slices.Insert(l.list, at, it)
	return l.previous(it), true
}

// previous is the id of the item before it, nil for the first.
func (l *items) previous(it *item) *string {
	for i := len(l.list) - 1; i > 0; i-- {
		if l.list[i] == it {
			return &l.list[i-1].ID
		}
	}
	return nil
}

// neighbours are the archive's positions of the items around it; empty where there are
// none.
func (l *items) neighbours(it *item) (after, before string) {
	i := len(l.list) - 1
	for i >= 0 && l.list[i] != it {
		i--
	}
	if i > 0 {
		after = l.list[i-1].position
	}
	if i+1 < len(l.list) {
		before = l.list[i+1].position
	}
	return after, before
}

func (l *items) remove(it *item) {
	l.list = slices.DeleteFunc(l.list, func(x *item) bool { return x == it })
}

// newID is a random name with a prefix, as Realtime's are: item_…, resp_….
func newID(prefix string) string {
	var b [15]byte
	rand.Read(b[:])
	return prefix + strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
}
