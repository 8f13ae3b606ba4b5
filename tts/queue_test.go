package tts

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// second returns a moment on the tests' clock.
func second(s float64) time.Time {
	return time.Unix(1000, 0).Add(time.Duration(s * float64(time.Second)))
}

// idle is a pool of one server that has nothing loaded.
var oneIdle = []serverState{{idle: true}}

// sentence is a queued sentence as the tables write it: times in seconds.
type sentence struct {
	owner               string
	voice               string
	submitted, deadline float64
	length, cost        float64
	avoid               int // 1 + the server's index
	eager, continues    bool
}

func (s sentence) queued(id int) queued {
	return queued{
		id: uint64(id), owner: s.owner, voice: voiceKey{reference: s.voice},
		submitted: second(s.submitted), deadline: second(s.deadline),
		length: time.Duration(s.length * float64(time.Second)), cost: time.Duration(s.cost * float64(time.Second)),
		avoid: s.avoid - 1, eager: s.eager, continues: s.continues,
	}
}

// spoken empties the queue at one moment on an idle server with the given voice and
// returns the ids in order.
func spoken(q *queue, now time.Time, voice string) string {
	servers := []serverState{{idle: true, loaded: voice != "", voice: voiceKey{reference: voice}}}
	var ids []string
	for {
		s, _, ok := q.next(now, servers)
		if !ok {
			return strings.Join(ids, " ")
		}
		ids = append(ids, fmt.Sprint(s.id))
		servers[0].loaded, servers[0].voice = true, s.voice
	}
}

func TestQueueOrder(t *testing.T) {
	for _, tt := range []struct {
		name      string
		sentences []sentence // numbered from 1
		now       float64
		loaded    string
		want      string
	}{
		{"nothing waits", nil, 0, "", ""},
		{"equals go in the order of submission",
			[]sentence{{owner: "a"}, {owner: "b"}, {owner: "c"}}, 0, "", "1 2 3"},
		{"the earliest deadline first",
			[]sentence{{owner: "a", deadline: 6}, {owner: "b", deadline: 4}, {owner: "c", deadline: 5}}, 0, "", "2 3 1"},
		{"a reply's first sentence before those who still have audio",
			[]sentence{{owner: "a", deadline: 2.5}, {owner: "b", deadline: 0}}, 0, "", "2 1"},
		{"but after one whose audio is running out",
			[]sentence{{owner: "a", deadline: 0}, {owner: "b", deadline: 2}}, 0, "", "2 1"},
		{"and after one whose audio has run out while it waited",
			[]sentence{{owner: "a", submitted: 3, deadline: 3}, {owner: "b", submitted: 0, deadline: 1}}, 4, "", "2 1"},
		{"of those whose audio has run out, whose did first",
			[]sentence{{owner: "a", deadline: 3}, {owner: "b", deadline: 2}}, 9, "", "2 1"},
		{"nor if nothing has begun for as long as others wait patiently",
			[]sentence{{owner: "a", deadline: 0}, {owner: "b", submitted: 50, deadline: 61}}, 60, "", "1 2"},
		{"then one of those who wait begins, not all",
			[]sentence{{owner: "a", deadline: 0}, {owner: "c", submitted: 1, deadline: 1}, {owner: "b", submitted: 50, deadline: 61}}, 61, "", "1 3 2"},
		{"nothing begins that would leave another without audio",
			[]sentence{{owner: "a", deadline: 3, cost: 1}, {owner: "a", deadline: 4, cost: 1}, {owner: "b", deadline: 0, cost: 3.5}}, 0, "", "1 2 3"},
		{"something does that leaves everybody time",
			[]sentence{{owner: "a", deadline: 3, cost: 1}, {owner: "a", deadline: 4, cost: 1}, {owner: "b", deadline: 0, cost: 2}}, 0, "", "3 1 2"},
		{"all of the reply that begins is reckoned with",
			[]sentence{
				{owner: "a", deadline: 7, cost: 1}, {owner: "b", deadline: 0, length: 1, cost: 2},
				{owner: "b", deadline: 1, length: 1, cost: 2}, {owner: "b", deadline: 2, length: 1, cost: 2},
			}, 0, "", "1 2 3 4"},
		{"of those who have to wait, whoever came first",
			[]sentence{{owner: "a", deadline: 3, cost: 1}, {owner: "b", deadline: 0, cost: 9}, {owner: "c", deadline: 0, cost: 0.1}}, 0, "", "1 2 3"},
		{"a file is not made while somebody waits to begin",
			[]sentence{{owner: "a", deadline: 3, cost: 1}, {owner: "b", deadline: 0, cost: 9}, {owner: "c", deadline: 100, cost: 1, eager: true}}, 0, "", "1 2 3"},
		{"a reply goes on before others begin, although its listener has run out of audio",
			[]sentence{{owner: "a", deadline: 0}, {owner: "b", submitted: 1, deadline: 1, continues: true}}, 1, "", "2 1"},
		{"a deadline long past counts from the submission",
			[]sentence{{owner: "a", submitted: 1, deadline: 1}, {owner: "b", submitted: 2, deadline: -500}}, 2, "", "1 2"},
		{"not before the look-ahead",
			[]sentence{{owner: "a", deadline: 8.001}, {owner: "b", deadline: 8}}, 0, "", "2"},
		{"an eager one at any time, behind all that is listened to",
			[]sentence{
				{owner: "a", deadline: 100, eager: true}, {owner: "b", deadline: 7}, {owner: "c", deadline: 0}, {owner: "d", deadline: 1},
			}, 0, "", "4 3 2 1"},
		{"until its own deadline presses",
			[]sentence{{owner: "a", deadline: 30, eager: true}, {owner: "b", submitted: 28, deadline: 31}, {owner: "c", submitted: 28, deadline: 28}}, 28.5, "", "1 3 2"},
		{"an owner's sentences in order, whatever their deadlines",
			[]sentence{{owner: "a", deadline: 7}, {owner: "a", deadline: 5}, {owner: "b", deadline: 6}}, 0, "", "1 2 3"},
		{"one owner who wants everything at once gets no more than can be listened to",
			[]sentence{
				{owner: "a", length: 2}, {owner: "a", length: 2}, {owner: "a", length: 2},
				{owner: "b", submitted: 1, deadline: 1}, {owner: "c", submitted: 3, deadline: 3},
			}, 3, "", "1 4 5 2 3"},
		{"sentences without an owner don't wait for each other",
			[]sentence{{deadline: 7}, {deadline: 5}}, 0, "", "2 1"},
		{"a voice that is loaded goes first among close deadlines",
			[]sentence{
				{owner: "a", voice: "x", deadline: 1, cost: 0.2}, {owner: "b", voice: "y", deadline: 1.4, cost: 0.2},
				{owner: "c", voice: "x", deadline: 1.5, cost: 0.2},
			}, 0, "y", "2 1 3"},
		{"but not if another's audio would run out for it",
			[]sentence{{owner: "a", voice: "x", deadline: 1, cost: 0.6}, {owner: "b", voice: "y", deadline: 1.4, cost: 0.6}}, 0, "y", "1 2"},
		{"nor if another's would that is neither the first nor the loaded one",
			[]sentence{
				{owner: "a", voice: "x", deadline: 1, cost: 0.4}, {owner: "b", voice: "x", deadline: 1.1, cost: 0.4},
				{owner: "c", voice: "y", deadline: 1.2, cost: 0.4},
			}, 0, "y", "1 2 3"},
		{"nor if the deadlines are not close",
			[]sentence{{owner: "a", voice: "x", deadline: 1, cost: 0.1}, {owner: "b", voice: "y", deadline: 1.6, cost: 0.1}}, 0, "y", "1 2"},
		{"nor before sentences that are more urgent by rank",
			[]sentence{{owner: "a", voice: "x", deadline: 1.9, cost: 0.1}, {owner: "b", voice: "y", deadline: 2.1, cost: 0.1}}, 0, "y", "1 2"},
		{"while all have time a loaded voice is kept",
			[]sentence{{owner: "a", voice: "x", deadline: 4, cost: 0.2}, {owner: "b", voice: "y", deadline: 7, cost: 0.2}}, 0, "y", "2 1"},
		{"of a loaded voice the earliest deadline",
			[]sentence{
				{owner: "a", voice: "x", deadline: 4, cost: 0.2}, {owner: "b", voice: "y", deadline: 7, cost: 0.2},
				{owner: "c", voice: "y", deadline: 6, cost: 0.2},
			}, 0, "y", "3 2 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q := newQueue(defaultLookAhead)
			for i, s := range tt.sentences {
				q.push(s.queued(i + 1))
			}
			if got := spoken(q, second(tt.now), tt.loaded); got != tt.want {
				t.Errorf("spoken %q, want %q", got, tt.want)
			}
		})
	}
}

func TestQueueServers(t *testing.T) {
	x, y, z := voiceKey{reference: "x"}, voiceKey{reference: "y"}, voiceKey{reference: "z"}
	at := func(v voiceKey, used float64) serverState {
		return serverState{idle: true, loaded: true, voice: v, lastUsed: second(used)}
	}
	busy := func(v serverState) serverState { v.idle = false; return v }
	resting := func(v serverState) serverState { v.rest = restAll; return v }
	without := func(v serverState, voice voiceKey) serverState { v.rest, v.restVoice = restVoice, voice; return v }
	opening := sentence{voice: "x"}
	early := sentence{voice: "x", deadline: 5}
	for _, tt := range []struct {
		name    string
		s       sentence
		servers []serverState
		want    int
	}{
		{"no server", opening, nil, noServer},
		{"all busy", opening, []serverState{busy(at(x, 0)), busy(at(y, 0))}, noServer},
		{"all resting", opening, []serverState{resting(at(x, 0))}, noServer},
		{"the one that has the voice", opening, []serverState{at(y, -9), {idle: true}, at(x, -1)}, 2},
		{"else the one that has none", opening, []serverState{at(y, -9), {idle: true}, at(z, -8)}, 1},
		{"else the one whose voice was used least recently", opening, []serverState{at(y, -8), at(z, -9)}, 1},
		{"not a resting one, though it has the voice", opening, []serverState{resting(at(x, 0)), at(y, 0)}, 1},
		{"nor one that rests from the voice", opening, []serverState{without(at(x, 0), x), at(y, 0)}, 1},
		{"but one that rests from another", opening, []serverState{without(at(x, 0), y), at(y, 0)}, 0},
		{"who is in silence doesn't wait for the voice's server", opening, []serverState{busy(at(x, 0)), at(y, 0)}, 1},
		{"who has audio does", early, []serverState{busy(at(x, 0)), at(y, 0)}, noServer},
		{"but not for a resting one", early, []serverState{busy(resting(at(x, 0))), at(y, 0)}, 1},
		{"nor for one, when another has the voice too", early, []serverState{busy(at(x, 0)), at(x, 0)}, 1},
		{"not where it failed", sentence{voice: "x", avoid: 1}, []serverState{at(x, 0), at(y, 0)}, 1},
		{"not where it failed, though the other is busy", sentence{voice: "x", avoid: 1}, []serverState{at(x, 0), busy(at(y, 0))}, noServer},
		{"where it failed, if the other rests", sentence{voice: "x", avoid: 1}, []serverState{at(x, 0), resting(at(y, 0))}, 0},
		{"where it failed, if the other rests from the voice", sentence{voice: "x", avoid: 1}, []serverState{at(x, 0), without(at(y, 0), x)}, 0},
		{"where it failed, if there is no other", sentence{voice: "x", avoid: 1}, []serverState{at(x, 0)}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q := newQueue(defaultLookAhead)
			q.push(tt.s.queued(1))
			_, got, ok := q.next(second(0), tt.servers)
			if got != tt.want || ok != (got != noServer) {
				t.Errorf("server %d (%v), want %d", got, ok, tt.want)
			}
			if left := q.len(); ok == (left == 1) {
				t.Errorf("%d sentences wait, and one was given out: %v", left, ok)
			}
		})
	}
}

func TestQueueNextAt(t *testing.T) {
	q := newQueue(defaultLookAhead)
	if _, ok := q.nextAt(second(0)); ok {
		t.Error("an empty queue has something to wait for")
	}
	q.push(sentence{owner: "a", deadline: 20}.queued(1))
	q.push(sentence{owner: "b", deadline: 15}.queued(2))
	if at, _ := q.nextAt(second(0)); !at.Equal(second(7)) {
		t.Errorf("next at %v, want 8 s before the earliest deadline", at)
	}
	if _, _, ok := q.next(second(7).Add(-1), oneIdle); ok {
		t.Error("a sentence went before its look-ahead")
	}
	q.setDeadline(1, second(12))
	if at, _ := q.nextAt(second(0)); !at.Equal(second(4)) {
		t.Errorf("next at %v, want the moved deadline's", at)
	}
	if s, _, _ := q.next(second(4), oneIdle); s.id != 1 {
		t.Errorf("sentence %d, want the one whose deadline moved forward", s.id)
	}
	// The voice's server is busy: the sentence waits for it until it is pressing.
	home := []serverState{{loaded: true}, {idle: true, loaded: true, voice: voiceKey{reference: "y"}}}
	if _, _, ok := q.next(second(8), home); ok {
		t.Error("a voice moved with seven seconds left")
	}
	if at, _ := q.nextAt(second(8)); !at.Equal(second(13)) {
		t.Errorf("next at %v, want when the sentence is pressing", at)
	}
	if _, server, ok := q.next(second(13), home); !ok || server != 1 {
		t.Error("a pressing sentence waited for its voice's server")
	}
}

func TestQueueRemove(t *testing.T) {
	q := newQueue(defaultLookAhead)
	for i := range 3 {
		q.push(sentence{owner: "a", length: 5}.queued(i + 1))
	}
	q.push(sentence{owner: "b", submitted: 4, deadline: 4}.queued(4))
	if !q.remove(1) || q.remove(1) || q.remove(99) {
		t.Error("remove must tell whether the sentence waited")
	}
	if q.setDeadline(1, second(0)) {
		t.Error("a removed sentence took a deadline")
	}
	// The second is due as if the first had never been; the third is due at 5.
	if got := spoken(q, second(4), ""); got != "2 4 3" {
		t.Errorf("spoken %q, want %q", got, "2 4 3")
	}
	if q.len() != 0 || len(q.lines) != 0 || len(q.byOwner) != 0 {
		t.Errorf("the empty queue keeps %d sentences, %d lines, %d owners", q.len(), len(q.lines), len(q.byOwner))
	}
}

// A sentence that comes back to be tried again takes its old place.
func TestQueuePushAgain(t *testing.T) {
	q := newQueue(defaultLookAhead)
	for i := range 3 {
		q.push(sentence{owner: "a", deadline: 5}.queued(i + 1))
	}
	s, _, _ := q.next(second(0), oneIdle)
	q.push(s)
	if got := spoken(q, second(0), ""); got != "1 2 3" {
		t.Errorf("spoken %q, want %q", got, "1 2 3")
	}
}

func TestQueueWantedBefore(t *testing.T) {
	q := newQueue(defaultLookAhead)
	q.push(sentence{owner: "a", deadline: 1}.queued(1))
	q.push(sentence{owner: "a", deadline: 3}.queued(2))
	q.push(sentence{owner: "b", deadline: 2}.queued(3))
	q.push(sentence{owner: "c", voice: "x", deadline: 2}.queued(4))
	limit := func(v voiceKey) time.Time {
		if v.reference == "x" {
			return time.Time{}
		}
		return second(3)
	}
	if got := q.wantedBefore(limit); !slices.Equal(got, []uint64{1, 3}) {
		t.Errorf("wanted before 3 s: %v, want 1 and 3", got)
	}
}

// Whatever is submitted, moved and removed: what comes out waited, may be spoken now,
// and is its owner's first; and nothing is lost.
func TestQueueProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := newQueue(defaultLookAhead)
		now := 0.0
		waiting := map[uint64]*queued{}
		var last uint64
		ids := func() []uint64 {
			var ids []uint64
			for id := range waiting {
				ids = append(ids, id)
			}
			slices.Sort(ids)
			return ids
		}
		check := func(t *rapid.T, s queued, server int, servers []serverState) {
			w := waiting[s.id]
			if w == nil {
				t.Fatalf("sentence %d doesn't wait", s.id)
			}
			if v := servers[server]; !v.idle || v.rest == restAll || v.rest == restVoice && v.restVoice == w.voice {
				t.Fatalf("server %d is %+v", server, v)
			}
			wanted := w.deadline
			for id, o := range waiting {
				if o.owner != "" && o.owner == w.owner {
					if id < s.id {
						t.Fatalf("%q's sentence %d overtook its %d", w.owner, s.id, id)
					}
					wanted = earlier(wanted, o.deadline)
				}
			}
			bound := earlier(wanted, w.submitted.Add(longestWait)).Add(-defaultLookAhead)
			if n := second(now); n.Before(bound) && !w.eager {
				t.Fatalf("sentence %d was spoken %v before its look-ahead", s.id, bound.Sub(n))
			}
			delete(waiting, s.id)
		}
		t.Repeat(map[string]func(*rapid.T){
			"push": func(t *rapid.T) {
				last++
				s := sentence{
					owner:     rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "owner"),
					voice:     rapid.SampledFrom([]string{"x", "y", "z"}).Draw(t, "voice"),
					submitted: now,
					deadline:  now + rapid.Float64Range(-10, 400).Draw(t, "deadline"),
					length:    rapid.Float64Range(0, 5).Draw(t, "length"),
					cost:      rapid.Float64Range(0, 2).Draw(t, "cost"),
					avoid:     rapid.IntRange(0, 2).Draw(t, "avoid"),
					eager:     rapid.Bool().Draw(t, "eager"),
				}.queued(int(last))
				q.push(s)
				waiting[last] = &s
			},
			"deadline": func(t *rapid.T) {
				if len(waiting) == 0 {
					t.Skip()
				}
				id := rapid.SampledFrom(ids()).Draw(t, "id")
				waiting[id].deadline = second(now + rapid.Float64Range(-10, 400).Draw(t, "deadline"))
				if !q.setDeadline(id, waiting[id].deadline) {
					t.Fatalf("sentence %d waits and took no deadline", id)
				}
			},
			"remove": func(t *rapid.T) {
				if len(waiting) == 0 {
					t.Skip()
				}
				id := rapid.SampledFrom(ids()).Draw(t, "id")
				delete(waiting, id)
				if !q.remove(id) {
					t.Fatalf("sentence %d waits and was not removed", id)
				}
			},
			"next": func(t *rapid.T) {
				servers := make([]serverState, rapid.IntRange(0, 3).Draw(t, "servers"))
				for i := range servers {
					servers[i] = serverState{
						idle: rapid.Bool().Draw(t, "idle"), loaded: rapid.Bool().Draw(t, "loaded"),
						rest:      rapid.SampledFrom([]rest{restNone, restVoice, restAll}).Draw(t, "rest"),
						restVoice: voiceKey{reference: rapid.SampledFrom([]string{"x", "y"}).Draw(t, "rest from")},
						voice:     voiceKey{reference: rapid.SampledFrom([]string{"x", "y"}).Draw(t, "loaded voice")},
						lastUsed:  second(now - rapid.Float64Range(0, 10).Draw(t, "used")),
					}
				}
				if s, server, ok := q.next(second(now), servers); ok {
					check(t, s, server, servers)
				}
			},
			"time": func(t *rapid.T) { now += rapid.Float64Range(0, 10).Draw(t, "passed") },
			"": func(t *rapid.T) {
				if q.len() != len(waiting) {
					t.Fatalf("%d wait, want %d", q.len(), len(waiting))
				}
			},
		})
		// By following nextAt alone everything comes out, in bounded time.
		limit := second(now).Add(longestWait)
		for len(waiting) > 0 {
			n := second(now)
			if s, server, ok := q.next(n, oneIdle); ok {
				check(t, s, server, oneIdle)
				continue
			}
			at, ok := q.nextAt(n)
			if !ok || at.After(limit) {
				t.Fatalf("%d sentences are left and the next is eligible at %v (%v)", len(waiting), at, ok)
			}
			now = at.Sub(second(0)).Seconds() + 1e-6
		}
	})
}

// A listener whose deadline is put off for ever, and one with a far deadline, are served
// although others always have something more urgent.
func TestQueueNobodyStarves(t *testing.T) {
	q := newQueue(defaultLookAhead)
	q.push(sentence{owner: "shifting", deadline: 5}.queued(1))
	q.push(sentence{owner: "far", deadline: 1e6}.queued(2))
	q.push(sentence{owner: "late", deadline: 0}.queued(3))
	last := map[uint64]float64{}
	id := uint64(3)
	for now := 0.0; len(last) < 3; now++ {
		if now > 2*longestWait.Seconds()+10 { // twice: the server is half as fast as it must be
			t.Fatalf("after %v only %v were served", time.Duration(now)*time.Second, last)
		}
		if _, served := last[1]; !served {
			q.setDeadline(1, second(now+100))
		}
		// Two more every second, each with hardly any audio left; the server manages one.
		for range 2 {
			id++
			q.push(sentence{submitted: now, deadline: now + 0.1}.queued(int(id)))
		}
		if s, _, ok := q.next(second(now), oneIdle); ok && s.id <= 3 {
			last[s.id] = now
		}
	}
	if last[3] > patience.Seconds()+1 {
		t.Errorf("the first sentence of a reply waited %v s, want no more than %v", last[3], patience)
	}
	t.Logf("served after %v s", last)
}

func BenchmarkQueueNext(b *testing.B) {
	for _, n := range []int{1, 20, 1000} {
		b.Run(fmt.Sprintf("%d owners", n), func(b *testing.B) {
			q := newQueue(defaultLookAhead)
			for i := range n {
				q.push(sentence{owner: fmt.Sprint(i), deadline: float64(i % 8)}.queued(i + 1))
			}
			b.ReportAllocs()
			for b.Loop() {
				s, _, ok := q.next(second(1), oneIdle)
				if !ok {
					b.Fatal("nothing is next")
				}
				q.push(s)
			}
		})
	}
}
