package cluster

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// wire is what two streams are connected by: it loses, doubles and reorders.
type wire struct {
	t   *rapid.T
	on  [2][]segment // on their way to either end
	end [2]stream
	// What has been written at either end, and read at the other.
	written, read [2][]byte
	next          byte
}

func (w *wire) send(from int) {
	for {
		g, ok := w.end[from].next()
		if !ok {
			return
		}
		g.data = bytes.Clone(g.data)
		if g.offset+uint64(len(g.data)) > w.end[1-from].limit() {
			w.t.Fatalf("sent up to %d, though %d is the limit", g.offset+uint64(len(g.data)), w.end[1-from].limit())
		}
		w.on[1-from] = append(w.on[1-from], g)
	}
}

func (w *wire) write(from, n int) {
	b := make([]byte, n)
	for i := range b {
		b[i] = w.next
		w.next++
	}
	taken := w.end[from].write(b)
	w.written[from] = append(w.written[from], b[:taken]...)
}

func (w *wire) readAt(to, n int) {
	b := make([]byte, n)
	w.read[1-to] = append(w.read[1-to], b[:w.end[to].read(b)]...)
	if got := w.read[1-to]; !bytes.Equal(got, w.written[1-to][:len(got)]) {
		w.t.Fatal("what was read is not what was written")
	}
}

// deliver hands the i-th message on its way to its end.
func (w *wire) deliver(to, i int) {
	g := w.on[to][i]
	w.on[to] = slices.Delete(w.on[to], i, i+1)
	w.end[to].receive(&g)
}

// What is written at one end is read at the other, once and in order, whatever happens on
// the way, and once nothing is lost any more all of it arrives, and the end.
func TestStream(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := &wire{t: rt, end: [2]stream{newStream(), newStream()}}
		side := rapid.IntRange(0, 1)
		rt.Repeat(map[string]func(*rapid.T){
			"write": func(rt *rapid.T) { w.write(side.Draw(rt, "from"), rapid.IntRange(1, 200<<10).Draw(rt, "bytes")) },
			"read":  func(rt *rapid.T) { w.readAt(side.Draw(rt, "at"), rapid.IntRange(1, 200<<10).Draw(rt, "bytes")) },
			"send":  func(rt *rapid.T) { w.send(side.Draw(rt, "from")) },
			"deliver": func(rt *rapid.T) {
				to := side.Draw(rt, "to")
				if len(w.on[to]) == 0 {
					rt.Skip("nothing is on its way")
				}
				i := rapid.IntRange(0, len(w.on[to])-1).Draw(rt, "which")
				if rapid.Bool().Draw(rt, "twice") {
					w.on[to] = append(w.on[to], w.on[to][i])
				}
				w.deliver(to, i)
			},
			"lose": func(rt *rapid.T) { w.on[side.Draw(rt, "to")] = nil },
			"time": func(rt *rapid.T) { w.end[side.Draw(rt, "of")].resend() },
		})
		// Both close once the other has read all that was written.
		for round := 0; ; round++ {
			if round > 200 {
				rt.Fatalf("it does not all arrive: %d of %d and %d of %d", len(w.read[0]), len(w.written[0]), len(w.read[1]), len(w.written[1]))
			}
			for i := range w.end {
				w.end[i].resend()
				w.end[i].ackNow = true // the keepalive
				w.send(i)
				for len(w.on[1-i]) > 0 {
					w.deliver(1-i, 0)
				}
				w.readAt(1-i, window)
			}
			if len(w.read[0]) == len(w.written[0]) && len(w.read[1]) == len(w.written[1]) {
				break
			}
		}
		for i := range w.end {
			w.end[i].close()
			w.send(i)
			for len(w.on[1-i]) > 0 {
				w.deliver(1-i, 0)
			}
			if !w.end[1-i].ended {
				rt.Fatal("the end does not arrive")
			}
		}
		for i := range w.end {
			w.end[i].ackNow = true
			w.send(i)
			for len(w.on[1-i]) > 0 {
				w.deliver(1-i, 0)
			}
			if !w.end[1-i].finished() {
				rt.Fatal("that the end has arrived is not known")
			}
		}
	})
}

// A peer that sends more than it may, or nonsense, costs no more than its connection.
func FuzzStreamReceive(f *testing.F) {
	f.Add(uint64(0), uint64(0), uint64(0), byte(flagEnd), []byte("abc"))
	f.Add(uint64(1<<63), uint64(1<<63), uint64(1), byte(flagAgain), []byte("abc"))
	f.Fuzz(func(t *testing.T, offset, ack, limit uint64, fl byte, data []byte) {
		s := newStream()
		s.write(make([]byte, 1000))
		for {
			if _, ok := s.next(); !ok {
				break
			}
		}
		for range 3 {
			s.receive(&segment{offset: offset, ack: ack, limit: limit, flags: flags(fl), data: data})
			if len(s.in) > window || len(s.out) > window || s.acked > s.end() {
				t.Fatalf("in %d, out %d, acked %d of %d", len(s.in), len(s.out), s.acked, s.end())
			}
			s.next()
		}
	})
}

func FuzzSegment(f *testing.F) {
	s := segment{conn: connID{1, 2}, from: "me", flags: flagEnd, offset: 1, ack: 300, limit: 1 << 40, data: []byte("data")}
	f.Add(s.append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parseSegment(b)
		if err != nil {
			return
		}
		again, err := parseSegment(s.append(nil))
		if err != nil {
			t.Fatal(err)
		}
		if again.conn != s.conn || again.from != s.from || again.flags != s.flags || again.offset != s.offset ||
			again.ack != s.ack || again.limit != s.limit || !bytes.Equal(again.data, s.data) {
			t.Fatalf("%+v became %+v", s, again)
		}
	})
}
