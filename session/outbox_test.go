package session

import (
	"context"
	"strconv"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"

	"avatarforge/realtime"
)

func (o *outbox) put(size int) {
	o.publish(false, size, func(dst []byte, _ uint64) []byte { return append(dst, make([]byte, size)...) })
}

// next takes what waits, at most 16 frames, and fails the test where nothing does.
func (a *Attachment) next(t *testing.T) (first, last uint64) {
	t.Helper()
	frames, ok := a.Next(t.Context(), make([]Frame, 0, 16))
	if !ok || len(frames) == 0 {
		t.Fatal("nothing waits")
	}
	for i, f := range frames {
		if f.N != frames[0].N+uint64(i) {
			t.Fatalf("frame %d after %d", f.N, frames[0].N)
		}
	}
	return frames[0].N, frames[len(frames)-1].N
}

func TestOutboxHoldsBackButDropsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutbox(1000, 300, 1)
		a := o.attach(0, Ending{})
		for range 20 {
			o.put(100)
		}
		if !o.full() {
			t.Fatal("2000 bytes wait and 300 may: it is full")
		}
		first, last := a.next(t)
		if first != 1 || last != 16 {
			t.Errorf("frames %d to %d, want 1 to 16: nothing is dropped for a slow listener, though the log is 1000 bytes", first, last)
		}
		select {
		case <-o.drained:
			t.Error("drained before the frames are known to be sent")
		default:
		}
		a.next(t) // the next call says that they have been
		if _, ok := a.Next(canceled(), make([]Frame, 0, 1)); ok {
			t.Error("a frame after the last")
		}
		select {
		case <-o.drained:
		default:
			t.Error("not drained, though nothing waits")
		}
		if o.full() {
			t.Error("full, though nothing waits")
		}
	})
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func TestOutboxForgetsTheOldestWhileNobodyListens(t *testing.T) {
	o := newOutbox(1000, 300, 1)
	for range 50 {
		o.put(100)
	}
	if o.full() {
		t.Error("full with nobody attached: the response must go on")
	}
	for last, want := range map[uint64]bool{0: false, 39: false, 40: true, 45: true, 50: true, 51: false} {
		if got := o.reaches(last); got != want {
			t.Errorf("reaches(%d) is %v, want %v: the last ten frames are kept, and there are fifty", last, got, want)
		}
	}
	a := o.attach(45, Ending{})
	if first, last := a.next(t); first != 46 || last != 50 {
		t.Errorf("frames %d to %d, want 46 to 50", first, last)
	}
}

func TestTakeoverEndsTheFirstAtOnce(t *testing.T) {
	o := newOutbox(1000, 300, 1)
	first := o.attach(0, Ending{})
	o.put(10)
	taken := Ending{realtime.CloseTakenOver, "taken over"}
	second := o.attach(0, taken)
	if frames, ok := first.Next(t.Context(), make([]Frame, 0, 4)); ok {
		t.Errorf("the first still got %d frames", len(frames))
	}
	if first.Ending() != taken {
		t.Errorf("the first ended with %+v", first.Ending())
	}
	if n, _ := second.next(t); n != 1 {
		t.Errorf("the second begins at %d, want 1", n)
	}
	if o.detach(first, Ending{}) {
		t.Error("the first's connection took the second's place away")
	}
}

func TestClosedOutboxStillDeliversWhatItHas(t *testing.T) {
	o := newOutbox(1000, 300, 1)
	a := o.attach(0, Ending{})
	o.put(10)
	gone := Ending{realtime.CloseGoingAway, "going away"}
	o.close(gone)
	if n, _ := a.next(t); n != 1 {
		t.Errorf("got frame %d, want 1", n)
	}
	if _, ok := a.Next(t.Context(), make([]Frame, 0, 4)); ok || a.Ending() != gone {
		t.Errorf("then %v, %+v; want the ending", ok, a.Ending())
	}
}

// However listeners come, go and lag, each gets every frame from where it began, once
// and in order, and the log never loses what an attached one has yet to take.
func TestOutboxDeliversEveryFrameOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := newOutbox(rapid.IntRange(0, 500).Draw(t, "keep"), 100, 1)
		published, seen := uint64(0), uint64(0)
		var a *Attachment
		t.Repeat(map[string]func(*rapid.T){
			"publish": func(t *rapid.T) {
				o.put(rapid.IntRange(1, 50).Draw(t, "size"))
				published++
			},
			"attach": func(t *rapid.T) {
				if !o.reaches(seen) {
					seen = published // told the whole story instead
				}
				a = o.attach(seen, Ending{})
			},
			"detach": func(t *rapid.T) {
				if a != nil {
					o.detach(a, Ending{})
					a = nil
				}
			},
			"take": func(t *rapid.T) {
				if a == nil || seen == published {
					t.Skip("nothing to take")
				}
				frames, _ := a.Next(context.Background(), make([]Frame, 0, rapid.IntRange(1, 5).Draw(t, "most")))
				for _, f := range frames {
					if f.N != seen+1 {
						t.Fatalf("frame %d after %d", f.N, seen)
					}
					seen = f.N
				}
			},
		})
	})
}

func BenchmarkOutbox(b *testing.B) {
	o := newOutbox(4<<20, 256<<10, 1)
	a := o.attach(0, Ending{})
	frames := make([]Frame, 0, 16)
	e := realtime.TranscriptDelta{Place: realtime.Place{ResponseID: newID("resp_"), ItemID: newID("item_")}, Delta: "안녕"}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		o.publish(false, tokenFrameBytes, func(dst []byte, n uint64) []byte { return realtime.AppendTranscriptDelta(dst, n, &e) })
		frames, _ = a.Next(context.Background(), frames)
	}
	if len(frames) != 1 {
		b.Fatal("got " + strconv.Itoa(len(frames)))
	}
}
