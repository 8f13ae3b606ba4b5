package session

import (
	"testing"
	"time"

	"avatarforge/tts"
)

// A sentence goes on with a reply where something of it is spoken before, not where what was
// written before has nothing to say.
func TestContinues(t *testing.T) {
	reply, other := &item{}, &item{}
	heard := &item{audioStart: time.Second, audioEnd: 3 * time.Second}
	spoken := new(tts.Speech)
	for _, tt := range []struct {
		name  string
		index int
		of    *item
		queue []*segment
		want  bool
	}{
		{"the first", 0, reply, nil, false},
		{"behind one that waits", 1, reply, []*segment{{item: reply, speech: spoken}}, true},
		{"behind one that has been sent", 1, heard, nil, true},
		{"behind one that has nothing to say", 1, reply, []*segment{{item: reply}}, false},
		{"behind one that had nothing to say", 1, reply, nil, false},
		{"behind another reply", 1, reply, []*segment{{item: other, speech: spoken}, {item: reply}}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &Session{segments: tt.queue}
			if got := s.continues(&segment{index: tt.index, item: tt.of}); got != tt.want {
				t.Errorf("continues %v, want %v", got, tt.want)
			}
		})
	}
}
