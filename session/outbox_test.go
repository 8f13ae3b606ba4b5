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
		a := o.attach(0)
		for range 26 {
			o.put(50)
		}
		if !o.full() {
			t.Fatal("1300 bytes wait and 300 may: it is full")
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
	a := o.attach(45)
	if first, last := a.next(t); first != 46 || last != 50 {
		t.Errorf("frames %d to %d, want 46 to 50", first, last)
	}
}

// What a listener asks for itself is bounded too, though nothing is held back for it.
func TestOutboxGivesUpAReaderThatIsALogBehind(t *testing.T) {
	o := newOutbox(1000, 300, 1)
	a := o.attach(0)
	for range 14 {
		o.put(100)
	}
	if _, ok := a.Next(t.Context(), make([]Frame, 0, 1)); ok || a.Ending().Code != realtime.CloseTryAgainLater {
		t.Errorf("got %v, %+v; want to be told to come back", ok, a.Ending())
	}
	if o.full() || o.bytes > 1000 {
		t.Errorf("%d bytes are kept for somebody who is gone", o.bytes)
	}
}

func TestDetachedReaderGetsNothingMore(t *testing.T) {
	o := newOutbox(1000, 300, 1)
	first := o.attach(0)
	o.put(10)
	taken := Ending{realtime.CloseTakenOver, "taken over"}
	o.detach(first, taken)
	second := o.attach(0)
	if frames, ok := first.Next(t.Context(), make([]Frame, 0, 4)); ok {
		t.Errorf("the first still got %d frames", len(frames))
	}
	if first.Ending() != taken {
		t.Errorf("the first ended with %+v", first.Ending())
	}
	o.detach(first, Ending{})
	if n, _ := second.next(t); n != 1 {
		t.Errorf("the second begins at %d, want 1", n)
	}
}

func TestOutboxHoldsWhatIsNotSavedYet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutbox(1000, 300, 1)
		a := o.attach(0)
		o.put(10)
		if from := o.hold(); from != 2 {
			t.Fatalf("held from %d, want 2: the first frame tells of nothing unsaved", from)
		}
		o.put(10)
		if n, last := a.next(t); n != 1 || last != 1 {
			t.Errorf("got frames %d to %d, want the first alone", n, last)
		}
		if from := o.hold(); from != 3 {
			t.Errorf("held from %d, want 3", from)
		}
		o.put(10)
		gone := Ending{realtime.CloseNormal, "ended"}
		o.close(gone)
		got := make(chan uint64)
		go func() {
			defer close(got)
			for {
				frames, ok := a.Next(context.Background(), make([]Frame, 0, 4))
				if !ok {
					return
				}
				for _, f := range frames {
					got <- f.N
				}
			}
		}()
		synctest.Wait()
		select {
		case n, ok := <-got:
			t.Fatalf("frame %d (%v) came before it was saved", n, ok)
		default:
		}
		o.release(3)
		if n := <-got; n != 2 {
			t.Errorf("got frame %d, want 2: it is saved, the next is not", n)
		}
		o.release(0)
		if n, ok := <-got; n != 3 {
			t.Errorf("got frame %d (%v), want 3", n, ok)
		}
		if _, ok := <-got; ok || a.Ending() != gone {
			t.Errorf("then %v, %+v; want the ending", ok, a.Ending())
		}
	})
}

func TestClosedOutboxStillDeliversWhatItHas(t *testing.T) {
	o := newOutbox(1000, 300, 1)
	a := o.attach(0)
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
		held := uint64(0) // number of the first frame that may not be told
		var a *Attachment
		t.Repeat(map[string]func(*rapid.T){
			"publish": func(t *rapid.T) {
				o.put(rapid.IntRange(1, 50).Draw(t, "size"))
				published++
				if a != nil && a.over { // a whole log behind
					a = nil
				}
			},
			"attach": func(t *rapid.T) {
				if a != nil {
					o.detach(a, Ending{})
				}
				if !o.reaches(seen) {
					seen = published // told the whole story instead
				}
				a = o.attach(seen)
			},
			"detach": func(t *rapid.T) {
				if a != nil {
					o.detach(a, Ending{})
					a = nil
				}
			},
			"hold": func(*rapid.T) {
				if from := o.hold(); held == 0 {
					held = from
				}
			},
			"release": func(*rapid.T) {
				o.release(0)
				held = 0
			},
			"take": func(t *rapid.T) {
				if a == nil || seen == published || held > 0 && seen+1 >= held {
					t.Skip("nothing to take")
				}
				frames, _ := a.Next(context.Background(), make([]Frame, 0, rapid.IntRange(1, 5).Draw(t, "most")))
				for _, f := range frames {
					if f.N != seen+1 || held > 0 && f.N >= held {
						t.Fatalf("frame %d after %d, held from %d", f.N, seen, held)
					}
					seen = f.N
				}
			},
		})
	})
}

// A token's frame, numbered, kept and taken by its reader, next to one that goes through a channel.
func BenchmarkOutbox(b *testing.B) {
	e := realtime.TranscriptDelta{Place: realtime.Place{ResponseID: newID("resp_"), ItemID: newID("item_")}, Delta: "안녕"}
	b.Run("floor", func(b *testing.B) {
		frames := make(chan Frame, 1)
		b.ReportAllocs()
		for n := uint64(1); b.Loop(); n++ {
			frames <- Frame{N: n, Data: realtime.AppendTranscriptDelta(make([]byte, 0, tokenFrameBytes), n, &e)}
			if f := <-frames; f.N != n {
				b.Fatal("got " + strconv.FormatUint(f.N, 10))
			}
		}
	})
	b.Run("outbox", func(b *testing.B) {
		o := newOutbox(4<<20, 256<<10, 1)
		a := o.attach(0)
		frames := make([]Frame, 0, 16)
		b.ReportAllocs()
		for b.Loop() {
			o.publish(false, tokenFrameBytes, func(dst []byte, n uint64) []byte { return realtime.AppendTranscriptDelta(dst, n, &e) })
			if frames, _ = a.Next(context.Background(), frames); len(frames) != 1 {
				b.Fatal("got " + strconv.Itoa(len(frames)))
			}
		}
	})
}
