package slots

import (
	"testing"

	"go.uber.org/goleak"
)

func TestLocal(t *testing.T) {
	defer goleak.VerifyNone(t)
	testSlots(t, func(_ closer, cfg Config) implementation { return NewLocal(cfg) })
}

// BenchmarkWait is one client that joins a line of 100, while the head gets its slot:
// everybody's position changes twice.
func BenchmarkWait(b *testing.B) {
	l := NewLocal(Config{Limit: 1, Queue: 101})
	s, err := l.TryAcquire(b.Context(), "holder", "")
	if err != nil {
		b.Fatal(err)
	}
	var line []*Ticket
	for range 100 {
		t, err := l.Wait(b.Context(), "a", "")
		if err != nil {
			b.Fatal(err)
		}
		line = append(line, t)
	}
	b.ReportAllocs()
	for b.Loop() {
		t, err := l.Wait(b.Context(), "a", "")
		if err != nil {
			b.Fatal(err)
		}
		s.Release()
		s = line[0].Slot()
		copy(line, line[1:])
		line[len(line)-1] = t
	}
}
