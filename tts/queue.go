package tts

import (
	"cmp"
	"slices"
	"time"
)

// The order of synthesis, as figures. Each was chosen by Simulation, as queue_sim_test.go
// runs it.
const (
	// defaultLookAhead bounds how far synthesis runs ahead of a listener, so that an
	// interruption wastes little.
	defaultLookAhead = 8 * time.Second

	// urgency is how close the end of a listener's audio must be for that listener to
	// come before those who have not heard anything yet. With 20 listeners who need
	// 1.2 times what a server can do, 2 s leave 1 stutter in two hours, 1 s 24, plain
	// earliest deadline first 19,100. When they need two thirds of it, 2 s cost a
	// reply's first sentence 4 ms on average.
	urgency = 2 * time.Second

	// patience is how long the servers go on with replies that are being listened to
	// while others wait to begin: then one of these begins, whoever it disturbs. It is
	// longer than a reply lasts, or replies would be broken up that could be carried through.
	patience = time.Minute

	// longestWait bounds how far into the future a deadline counts, from the time of
	// submission: it is longer than any reply, and keeps a sentence whose deadline
	// is shifted again and again from waiting for ever.
	longestWait = 5 * time.Minute

	// voiceTolerance is how much later a sentence's deadline may be than the most
	// urgent one's and yet go first, on a server that has its voice loaded. It does not
	// hold among sentences that have more than urgency left. Four voices on two servers
	// at 0.85 of what they can do are loaded 1.9 times less often than without
	// preference.
	voiceTolerance = 500 * time.Millisecond
)

// queued is a sentence that waits.
type queued struct {
	id    uint64 // ascending in the order of submission, never zero
	owner string // empty: a sentence that stands alone
	voice voiceKey

	submitted time.Time
	// deadline is when the listener's audio runs out. One that is not after submitted
	// says that the listener sits in silence already, as before a reply's first
	// sentence.
	deadline time.Time
	// length is the least that the listener will listen to it.
	length time.Duration
	// cost is how long it is expected to occupy a server.
	cost time.Duration
	// avoid is the server that failed to speak it, or noServer.
	avoid int
	// continues says that it belongs to a reply that has begun, also where the listener has
	// run out of audio before it was written.
	continues bool
	// eager lifts the bound of the look-ahead.
	eager bool
	// claimed is set while a server is asked for on its account, so that no other is.
	claimed bool

	// These are kept by line.arrange.
	wanted   time.Time // the deadline within plausible bounds
	eligible time.Time // from when on it may be spoken
	due      time.Time // wanted, but not before line.floor
}

// opening reports whether q begins something: its listener was in silence already when q was
// submitted, and not for want of it.
func (q *queued) opening() bool { return !q.continues && !q.wanted.After(q.submitted) }

// line is one owner's sentences, in the order of submission. Audio of one listener is
// heard in order, so only the first competes with other owners' sentences.
type line struct {
	owner string
	at    int // its index in queue.lines
	// floor is when what was spoken while these waited has been heard, at the earliest.
	floor   time.Time
	waiting []*queued
}

// arrange works out when each sentence of the line is wanted and due.
//
// A sentence is wanted no later than the ones behind it, which can't be heard before
// it. It is due no earlier than what was spoken while it waited has been heard: an owner
// who asks for many sentences at once gets no more speech than can be listened to, until
// others have theirs.
func (l *line) arrange(lookAhead time.Duration) {
	for i, q := range slices.Backward(l.waiting) {
		q.wanted = q.deadline
		if i+1 < len(l.waiting) {
			q.wanted = earlier(q.wanted, l.waiting[i+1].wanted)
		}
		q.wanted = later(q.submitted, earlier(q.wanted, q.submitted.Add(longestWait)))
		q.eligible = q.submitted
		if lookAhead >= 0 && !q.eager {
			q.eligible = later(q.submitted, q.wanted.Add(-lookAhead))
		}
		q.due = later(q.wanted, l.floor)
	}
}

// order is the rule by which the next sentence is chosen. All but the first are what
// the simulation compares it with.
type order uint8

const (
	byRank     order = iota // see queue
	byArrival               // first come, first served
	byDeadline              // earliest deadline first, by itself
)

// queue holds the sentences that wait and says which is next, on which server. It has
// no clock: whoever asks says what time it is. Not safe for concurrent use.
//
// The order has three ranks, and within each the earliest due time goes first, then
// the earliest submission:
//
//  1. Pressing: continuations (the listener hears the sentence before) whose audio runs
//     out within urgency, or has run out; and openings, once none has begun for patience.
//  2. Openings: the listener is in silence already, as before a reply's first sentence. None
//     begins that would leave another listener without audio: see affords.
//  3. Early: other continuations, once their deadline is within the look-ahead, and eager
//     ones, of which more is wanted than is listened to, at any time.
//
// While a server keeps up, the first rank is nearly always empty and this is earliest
// deadline first. When it doesn't, somebody has to wait in any case; then replies that
// have begun are carried through and new ones begin later, instead of all being
// broken up, which is what earliest deadline first by itself does under overload.
// A server that does a seventh of what is asked for keeps everybody waiting for as long as
// first come, first served does, and then leaves hardly a stutter.
//
// Nobody starves: a due time is never changed to later than longestWait after the
// submission (plus the owner's own speech ahead), every continuation becomes pressing in
// bounded time, and then only those that are due earlier go before; of the openings the
// first in the line begins after patience at the latest.
//
// A voice stays where it is loaded as far as time allows: see preferLoaded, and
// staysHome for pools.
type queue struct {
	// Immutable after newQueue, but for tests.
	lookAhead time.Duration // negative: unbounded
	tolerance time.Duration // voiceTolerance; negative: no voice is preferred
	order     order

	lines   []*line
	byOwner map[string]*line
	byID    map[uint64]*line
	begun   time.Time // when an opening began last
	ahead   []*queued // scratch of preferLoaded
}

func newQueue(lookAhead time.Duration) *queue {
	return &queue{
		lookAhead: lookAhead,
		tolerance: voiceTolerance,
		byOwner:   map[string]*line{},
		byID:      map[uint64]*line{},
	}
}

// len returns the number of sentences that wait.
func (q *queue) len() int { return len(q.byID) }

// push adds a sentence. One that comes back, to be tried again, takes its old place
// among its owner's.
func (q *queue) push(s queued) {
	l := q.byOwner[s.owner]
	if l == nil {
		l = &line{owner: s.owner, at: len(q.lines)}
		q.lines = append(q.lines, l)
		if s.owner != "" {
			q.byOwner[s.owner] = l
		}
	}
	q.byID[s.id] = l
	i, _ := slices.BinarySearchFunc(l.waiting, s.id, compareID)
	l.waiting = slices.Insert(l.waiting, i, &s)
	l.arrange(q.lookAhead)
}

// remove takes a sentence out, as if it had never been there; false: it doesn't wait.
func (q *queue) remove(id uint64) bool {
	_, ok := q.take(id)
	return ok
}

func (q *queue) take(id uint64) (queued, bool) {
	l := q.byID[id]
	if l == nil {
		return queued{}, false
	}
	i, _ := slices.BinarySearchFunc(l.waiting, id, compareID)
	s := *l.waiting[i]
	delete(q.byID, id)
	l.waiting = slices.Delete(l.waiting, i, i+1)
	if len(l.waiting) > 0 {
		l.arrange(q.lookAhead)
		return s, true
	}
	last := q.lines[len(q.lines)-1]
	q.lines[l.at], last.at = last, l.at
	q.lines[len(q.lines)-1] = nil
	q.lines = q.lines[:len(q.lines)-1]
	if l.owner != "" {
		delete(q.byOwner, l.owner)
	}
	return s, true
}

// setDeadline changes when a sentence's listener runs out of audio; false: it doesn't
// wait.
func (q *queue) setDeadline(id uint64, t time.Time) bool {
	l := q.byID[id]
	if l == nil {
		return false
	}
	i, _ := slices.BinarySearchFunc(l.waiting, id, compareID)
	l.waiting[i].deadline = t
	l.arrange(q.lookAhead)
	return true
}

// wantedBefore returns the sentences that are wanted before the limit of their voice.
func (q *queue) wantedBefore(limit func(voiceKey) time.Time) []uint64 {
	var ids []uint64
	for _, l := range q.lines {
		for _, s := range l.waiting {
			if s.wanted.Before(limit(s.voice)) {
				ids = append(ids, s.id)
			}
		}
	}
	slices.Sort(ids)
	return ids
}

// reprice says how long each that waits is expected to occupy a server, by what it has of speech.
func (q *queue) reprice(cost func(length time.Duration) time.Duration) {
	for _, l := range q.lines {
		for _, s := range l.waiting {
			s.cost = cost(s.length)
		}
	}
}

// setClaimed notes whether a server is asked for on a sentence's account.
func (q *queue) setClaimed(id uint64, claimed bool) {
	if l := q.byID[id]; l != nil {
		i, _ := slices.BinarySearchFunc(l.waiting, id, compareID)
		l.waiting[i].claimed = claimed
	}
}

// next takes out the sentence to be spoken now and says on which server. It is false
// when no server is idle, or nothing may be spoken yet: see nextAt.
func (q *queue) next(now time.Time, servers []serverState) (s queued, server int, ok bool) {
	best, server := q.choose(now, servers)
	if best == nil {
		return queued{}, noServer, false
	}
	return q.begin(best, now), server, true
}

// begin takes out a sentence that is about to be spoken. It will be heard from now on, where it is late.
func (q *queue) begin(best *queued, now time.Time) queued {
	if best.opening() {
		q.begun = now
	}
	q.byID[best.id].floor = later(best.due, now).Add(best.length)
	s, _ := q.take(best.id)
	return s
}

// choose says which sentence that is not claimed should be spoken now, and on which server;
// nil where there is none.
//
// The time is linear in the number of sentences that wait.
func (q *queue) choose(now time.Time, servers []serverState) (best *queued, server int) {
	if !slices.ContainsFunc(servers, func(v serverState) bool { return v.idle }) {
		return nil, noServer
	}
	best = q.first(now, servers, true)
	if best != nil && q.order == byRank && q.rankOf(best, now) == rankOpening && !q.affords(best, now, servers) {
		best = q.first(now, servers, false)
	}
	if best == nil {
		return nil, noServer
	}
	server = serverFor(best, servers)
	if v := servers[server]; v.loaded && v.voice != best.voice {
		best = q.preferLoaded(best, server, servers, now)
	}
	return best, server
}

// first returns the sentence that goes before all others that could be spoken now; without
// openings, of those that listeners will need within the look-ahead.
func (q *queue) first(now time.Time, servers []serverState, openings bool) (best *queued) {
	for _, l := range q.lines {
		head := l.waiting[0]
		if now.Before(head.eligible) || head.claimed {
			continue
		}
		if !openings && (q.rankOf(head, now) == rankOpening || head.eager && head.due.Sub(now) > q.lookAhead) {
			continue
		}
		if best != nil && q.compare(head, best, now) >= 0 {
			continue
		}
		if serverFor(head, servers) != noServer && !q.staysHome(head, servers, now) {
			best = head
		}
	}
	return best
}

// How far ahead affords looks, and how closely, and what part of the work, in percent, it
// takes there to be: more than is known of. With twenty listeners on a server of real-time
// factor 0.1 (one that can do half of what they ask for) 125 leaves no stutter in half an hour, 112 one and
// 100 ten, with the same number of replies; first come, first served has nineteen.
const (
	affordStep   = 250 * time.Millisecond
	affordSteps  = 80
	affordMargin = 125
)

// affords reports whether the servers can begin a reply now and carry it through, while
// every sentence that waits and continues another reply still begins before its listener runs
// out of audio. Where none waits they can: then there is nobody to be disturbed.
//
// What it does not know is what the language model has not written yet.
func (q *queue) affords(opening *queued, now time.Time, servers []serverState) bool {
	var work [affordSteps]time.Duration // by when it is due
	need := func(s *queued, in time.Duration) {
		if i := max(in, 0) / affordStep; i < affordSteps {
			work[i] += s.cost
		}
	}
	disturbed := false
	for _, l := range q.lines {
		if l.waiting[0].opening() {
			continue
		}
		disturbed = true
		for _, s := range l.waiting {
			need(s, s.due.Sub(now))
		}
	}
	if !disturbed {
		return true
	}
	var heard time.Duration // of the new reply
	for _, s := range q.byID[opening.id].waiting {
		need(s, heard)
		if opening.owner == "" {
			break
		}
		heard += s.length * 3 / 2 // see leastSpeech
	}
	able := 0
	for i := range servers {
		if servers[i].takes(opening.voice) {
			able++
		}
	}
	var before time.Duration
	for i, d := range work {
		if d > 0 && before*affordMargin/100 > time.Duration(able)*affordStep*time.Duration(i) {
			return false
		}
		before += d
	}
	return true
}

// nextAt returns when next may have an answer that it doesn't have at now, by time alone:
// a sentence becomes eligible, or pressing; false: never.
func (q *queue) nextAt(now time.Time) (at time.Time, ok bool) {
	for _, l := range q.lines {
		head := l.waiting[0]
		t := head.eligible
		if !t.After(now) {
			t = q.pressing(head)
		}
		if t.After(now) && (!ok || t.Before(at)) {
			at, ok = t, true
		}
	}
	return at, ok
}

// compare is negative when a goes before b.
func (q *queue) compare(a, b *queued, now time.Time) int {
	switch q.order {
	case byArrival:
		return cmp.Compare(a.id, b.id)
	case byDeadline:
		return cmp.Or(a.due.Compare(b.due), cmp.Compare(a.id, b.id))
	}
	return cmp.Or(cmp.Compare(q.rankOf(a, now), q.rankOf(b, now)), a.due.Compare(b.due), cmp.Compare(a.id, b.id))
}

// rank is a class of urgency, as queue explains; the lower goes first.
type rank uint8

const (
	rankPressing rank = iota
	rankOpening
	rankEarly
)

// pressing is from when on a sentence is rankPressing.
func (q *queue) pressing(s *queued) time.Time {
	if s.opening() {
		return later(s.submitted, q.begun).Add(patience)
	}
	return s.due.Add(-urgency)
}

func (q *queue) rankOf(s *queued, now time.Time) rank {
	switch {
	case !now.Before(q.pressing(s)):
		return rankPressing
	case s.opening():
		return rankOpening
	default:
		return rankEarly
	}
}

func compareID(s *queued, id uint64) int { return cmp.Compare(s.id, id) }

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
