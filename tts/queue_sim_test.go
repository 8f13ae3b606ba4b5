package tts

import (
	"cmp"
	"container/heap"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// The simulation drives the real queue through half an hour of simulated time: sessions
// whose replies come as an LLM writes them, listeners that play what they have got,
// servers that take as long as the audio's length asks for.
const (
	simSessions  = 20
	simLength    = 30 * time.Minute
	simTokenRate = 25.0                   // tokens a second
	simTokens    = 6.5                    // tokens, and syllables, per second of speech
	simFirst     = 300 * time.Millisecond // to the first token
	simThink     = 6 * time.Second        // a listener's pause, on average
	simSentences = 5.5                    // per reply, on average
	simAudio     = 3.25                   // seconds per sentence, on average
)

// simConfig is one run.
type simConfig struct {
	load      float64 // speech needed ÷ what the servers can do
	seed      uint64
	order     order
	lookAhead time.Duration
	servers   int           // zero means 1
	voices    int           // zero means 1
	loading   time.Duration // of a voice that is not the server's last
	tolerance time.Duration // zero means voiceTolerance
	endless   bool          // replies never end, and half of the sessions come later
}

// simResult is what the listeners went through.
type simResult struct {
	replies   int
	stutters  int           // sentences that began after the one before had ended
	silence   time.Duration // of the stutters
	longest   time.Duration // stutter
	openings  []time.Duration
	spoken    []time.Duration // audio heard, per session
	listening []time.Duration // from the first of it to the end, per session
	unheard   time.Duration   // longest time that a sentence waited past its deadline, or still does
	loads     int             // voices loaded
	busy      float64         // share of the servers' time
	mostAhead time.Duration   // from a synthesis' start to its sentence's deadline
}

func (r *simResult) String() string {
	slices.Sort(r.openings)
	var sum time.Duration
	for _, d := range r.openings {
		sum += d
	}
	n := max(len(r.openings), 1)
	return fmt.Sprintf("%4d replies, %5d stutters, %8.1f s of silence, longest %5.2f s; first audio after %5.0f ms on average, p95 %5.0f p99 %5.0f ms, longest %5.0f ms; busy %.2f, %d loads",
		r.replies, r.stutters, r.silence.Seconds(), r.longest.Seconds(), ms(sum)/float64(n), ms(r.openings[len(r.openings)*95/100]), ms(r.openings[len(r.openings)*99/100]), ms(r.openings[len(r.openings)-1]), r.busy, r.loads)
}

func ms(d time.Duration) float64 { return float64(d) / 1e6 }

type simEvent struct {
	at time.Time
	n  int
	do func()
}

type simEvents []simEvent

func (e simEvents) Len() int { return len(e) }
func (e simEvents) Less(i, j int) bool {
	if !e[i].at.Equal(e[j].at) {
		return e[i].at.Before(e[j].at)
	}
	return e[i].n < e[j].n
}
func (e simEvents) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *simEvents) Push(x any)   { *e = append(*e, x.(simEvent)) }
func (e *simEvents) Pop() any {
	old := *e
	x := old[len(old)-1]
	*e = old[:len(old)-1]
	return x
}

type simulation struct {
	cfg     simConfig
	start   time.Time
	now     time.Time
	events  simEvents
	n       int
	queue   *queue
	servers []serverState
	rtf     float64 // seconds of synthesis per second of audio
	byID    map[uint64]*simSentence
	lastID  uint64
	alarm   time.Time
	result  simResult
	working time.Duration
}

type simSentence struct {
	session  *simSession
	id       uint64
	index    int
	audio    time.Duration
	guess    time.Duration // what the session takes audio to be, from the text
	deadline time.Time
	ready    bool // its first audio is there
}

type simSession struct {
	sim     *simulation
	name    string
	voice   voiceKey
	rand    *rand.Rand
	pending []*simSentence // submitted, no audio yet, in order
	asked   time.Time      // when the reply's first sentence was submitted
	runsOut time.Time      // when the audio got so far is played
	left    int            // sentences of the reply whose audio is to come
	spoken  time.Duration
	begun   time.Time // when its first reply did
}

func simulate(cfg simConfig) *simResult {
	cfg.servers, cfg.voices = max(cfg.servers, 1), max(cfg.voices, 1)
	start := time.Unix(0, 0)
	s := &simulation{cfg: cfg, start: start, now: start, queue: newQueue(cfg.lookAhead), byID: map[uint64]*simSentence{}}
	s.queue.order = cfg.order
	if cfg.tolerance != 0 {
		s.queue.tolerance = cfg.tolerance
	}
	for range cfg.servers {
		s.servers = append(s.servers, serverState{idle: true})
	}
	reply := simSentences * simAudio
	talking := reply / (reply + simThink.Seconds() + simFirst.Seconds() + simAudio*simTokens/simTokenRate)
	if cfg.endless {
		talking = 1
	}
	s.rtf = cfg.load * float64(cfg.servers) / (simSessions * talking)
	var sessions []*simSession
	for i := range simSessions {
		ses := &simSession{
			sim: s, name: fmt.Sprint(i),
			voice: voiceKey{reference: fmt.Sprint(i % cfg.voices)},
			rand:  rand.New(rand.NewPCG(cfg.seed, uint64(i))),
		}
		sessions = append(sessions, ses)
		begin := time.Duration(ses.rand.Float64() * float64(10*time.Second))
		if cfg.endless && i%2 == 1 {
			begin += simLength / 4
		}
		s.after(begin, ses.reply)
	}
	end := start.Add(simLength)
	for len(s.events) > 0 {
		e := heap.Pop(&s.events).(simEvent)
		if e.at.After(end) {
			break
		}
		s.now = e.at
		e.do()
	}
	for _, ses := range sessions {
		s.result.spoken = append(s.result.spoken, ses.spoken)
		s.result.listening = append(s.result.listening, end.Sub(ses.begun))
		for _, p := range ses.pending {
			s.result.unheard = max(s.result.unheard, end.Sub(p.deadline))
		}
	}
	s.result.busy = s.working.Seconds() / simLength.Seconds() / float64(cfg.servers)
	return &s.result
}

func (s *simulation) after(d time.Duration, do func()) {
	s.n++
	heap.Push(&s.events, simEvent{s.now.Add(d), s.n, do})
}

// dispatch does what the scheduler does with the queue.
func (s *simulation) dispatch() {
	for {
		q, i, ok := s.queue.next(s.now, s.servers)
		if !ok {
			break
		}
		p := s.byID[q.id]
		delete(s.byID, q.id)
		took := time.Duration(s.rtf * float64(p.audio))
		first := took / 4
		sv := &s.servers[i]
		if !sv.loaded || sv.voice != q.voice {
			s.result.loads++
			took, first = took+s.cfg.loading, first+s.cfg.loading
		}
		*sv = serverState{loaded: true, voice: q.voice, lastUsed: s.now}
		s.working += took
		s.result.mostAhead = max(s.result.mostAhead, p.deadline.Sub(s.now))
		s.after(first, func() { p.session.arrive(p) })
		s.after(took, func() { s.servers[i].idle = true; s.dispatch() })
	}
	if at, ok := s.queue.nextAt(s.now); ok && (s.alarm.Before(s.now) || s.alarm.Equal(s.now) || at.Before(s.alarm)) {
		s.alarm = at
		s.after(at.Sub(s.now), s.dispatch)
	}
}

// reply has the LLM write a reply of 3 to 8 sentences of 1.5 to 5 s.
func (ses *simSession) reply() {
	ses.left = 3 + ses.rand.IntN(6)
	at := simFirst
	for i := range ses.left {
		at += ses.write(i, at)
	}
}

func (ses *simSession) write(index int, at time.Duration) (took time.Duration) {
	audio := time.Duration((1.5 + 3.5*ses.rand.Float64()) * float64(time.Second))
	guess := time.Duration((0.8 + 0.4*ses.rand.Float64()) * float64(audio))
	took = time.Duration(float64(audio) * simTokens / simTokenRate)
	ses.sim.after(at+took, func() { ses.submit(&simSentence{session: ses, index: index, audio: audio, guess: guess}) })
	return took
}

func (ses *simSession) submit(p *simSentence) {
	s := ses.sim
	switch {
	case p.index == 0:
		ses.asked, p.deadline = s.now, s.now
	case len(ses.pending) > 0:
		last := ses.pending[len(ses.pending)-1]
		p.deadline = later(last.deadline, s.now).Add(last.guess)
	default:
		p.deadline = ses.runsOut
	}
	s.lastID++
	p.id = s.lastID
	ses.pending = append(ses.pending, p)
	s.byID[p.id] = p
	syllables := int(p.guess.Seconds() * simTokens)
	length := time.Duration(syllables) * 100 * time.Millisecond
	s.queue.push(queued{
		id: p.id, owner: ses.name, voice: ses.voice, submitted: s.now, deadline: p.deadline, length: length,
		cost: time.Duration(s.rtf * float64(p.guess)), avoid: noServer, continues: p.index > 0,
	})
	s.dispatch()
}

// arrive is a sentence's first audio. The rest comes faster than it is played. It is heard
// when those before it have arrived too.
func (ses *simSession) arrive(p *simSentence) {
	p.ready = true
	for len(ses.pending) > 0 && ses.pending[0].ready {
		ses.hear(ses.pending[0])
	}
	ses.sim.dispatch()
}

func (ses *simSession) hear(p *simSentence) {
	s := ses.sim
	ses.pending = ses.pending[1:]
	gap := s.now.Sub(ses.runsOut)
	switch {
	case p.index == 0:
		if ses.begun.IsZero() {
			ses.begun = s.now
		}
		s.result.openings = append(s.result.openings, s.now.Sub(ses.asked))
		s.result.unheard = max(s.result.unheard, s.now.Sub(ses.asked))
		ses.runsOut = s.now
	case gap > 0:
		s.result.stutters++
		s.result.silence += gap
		s.result.longest = max(s.result.longest, gap)
		s.result.unheard = max(s.result.unheard, gap)
		ses.runsOut = s.now
	}
	ses.runsOut = ses.runsOut.Add(p.audio)
	ses.spoken += p.audio
	at := ses.runsOut
	for _, o := range ses.pending {
		o.deadline = at
		s.queue.setDeadline(o.id, at)
		at = at.Add(o.guess)
	}
	ses.left--
	switch {
	case s.cfg.endless:
		ses.write(p.index+5, 0)
	case ses.left == 0:
		s.result.replies++
		think := time.Duration((0.5 + ses.rand.Float64()) * float64(simThink))
		s.after(ses.runsOut.Sub(s.now)+think, ses.reply)
	}
}

// add sums up the results of several seeds.
func (r *simResult) add(o *simResult) {
	r.replies += o.replies
	r.stutters += o.stutters
	r.silence += o.silence
	r.longest = max(r.longest, o.longest)
	r.unheard = max(r.unheard, o.unheard)
	r.mostAhead = max(r.mostAhead, o.mostAhead)
	r.loads += o.loads
	r.busy += o.busy / float64(len(simSeeds))
	r.openings = append(r.openings, o.openings...)
	r.spoken = append(r.spoken, o.spoken...)
	r.listening = append(r.listening, o.listening...)
}

var simSeeds = []uint64{1, 2, 3, 4}

// simulateAll runs every seed and logs the sum.
func simulateAll(t *testing.T, name string, cfg simConfig) *simResult {
	t.Helper()
	var sum simResult
	for _, seed := range simSeeds {
		cfg.seed = seed
		sum.add(simulate(cfg))
	}
	t.Logf("%-24s %v", name, &sum)
	return &sum
}

// wantFairShares fails when a session heard less than a part of what the others did.
func wantFairShares(t *testing.T, r *simResult, part float64) {
	t.Helper()
	var sum time.Duration
	for _, d := range r.spoken {
		sum += d
	}
	mean := sum / time.Duration(len(r.spoken))
	if least := slices.Min(r.spoken); least.Seconds() < mean.Seconds()*part {
		t.Errorf("a session heard %v, the average session %v", least, mean)
	}
}

// Twenty sessions on one server that is 1.5 times faster than it must be, on one that is
// barely fast enough and on one that is too slow: fewer stutters than first come, first
// served, in number and in seconds, and nobody starves. What it is compared with is the
// same code with another order.
func TestSimulationFewerStutters(t *testing.T) {
	for _, tt := range []struct {
		load    float64
		opening time.Duration // the longest that anybody may wait for a reply to begin
		share   float64       // of the average, the least that anybody must hear
	}{
		{load: 1 / 1.5, opening: 2 * time.Second, share: 0.75},
		{load: 0.9, opening: 15 * time.Second, share: 0.75},
		{load: 1, opening: 15 * time.Second, share: 0.75},
		{load: 1.2, opening: 25 * time.Second, share: 0.75},
		{load: 1.5, opening: 35 * time.Second, share: 0.75},
		{load: 7, opening: 4 * time.Minute, share: 0.6}, // of some ten replies each
	} {
		t.Run(fmt.Sprintf("load %.2f", tt.load), func(t *testing.T) {
			run := func(name string, o order, lookAhead time.Duration) *simResult {
				t.Helper()
				return simulateAll(t, name, simConfig{load: tt.load, order: o, lookAhead: lookAhead})
			}
			ours := run("ours", byRank, defaultLookAhead)
			for _, base := range []*simResult{
				run("first come, first served", byArrival, -1),
				run("the same, look-ahead 8 s", byArrival, defaultLookAhead),
			} {
				if ours.stutters >= base.stutters || ours.silence >= base.silence {
					t.Errorf("%d stutters of %v, not fewer than %d of %v", ours.stutters, ours.silence, base.stutters, base.silence)
				}
			}
			plain := run("earliest deadline first", byDeadline, defaultLookAhead)
			if ours.stutters > plain.stutters || ours.silence > plain.silence {
				t.Errorf("%d stutters of %v, plain earliest deadline first has %d of %v", ours.stutters, ours.silence, plain.stutters, plain.silence)
			}
			wantFairShares(t, ours, tt.share)
			if ours.unheard > tt.opening {
				t.Errorf("a sentence came %v late: starved", ours.unheard)
			}
			if ours.mostAhead > defaultLookAhead {
				t.Errorf("a synthesis began %v before its deadline", ours.mostAhead)
			}
		})
	}
}

// Replies that never end, on a server half as fast as it must be: nobody can be served
// well, but all are let in, one by one, and then get the same.
func TestSimulationEndlessOverload(t *testing.T) {
	r := simulateAll(t, "endless", simConfig{load: 2, lookAhead: defaultLookAhead, endless: true})
	if len(r.openings) != simSessions*len(simSeeds) {
		t.Errorf("%d of %d were let in", len(r.openings), simSessions*len(simSeeds))
	}
	if longest, bound := slices.Max(r.openings), simSessions*patience; longest < urgency || longest > bound {
		t.Errorf("the last to be let in waited %v; it must be more than nothing and less than %v", longest, bound)
	}
	// Of the last ten minutes each has had about a twentieth: who came early has heard more
	// before that, never less.
	slices.SortFunc(r.listening, func(a, b time.Duration) int { return cmp.Compare(b, a) })
	slices.SortFunc(r.spoken, func(a, b time.Duration) int { return cmp.Compare(b, a) })
	if most, least := r.spoken[0], r.spoken[len(r.spoken)-1]; least < most/8 {
		t.Errorf("of what never ends one heard %v, another %v", most, least)
	}
}

// Four voices on two servers that take a while to load one: keeping a voice where it is
// loaded saves loading and with it the servers' time, and disturbs hardly anybody.
func TestSimulationVoices(t *testing.T) {
	cfg := simConfig{load: 0.8, servers: 2, voices: 4, loading: 100 * time.Millisecond, lookAhead: defaultLookAhead}
	with := simulateAll(t, "with affinity", cfg)
	cfg.tolerance = -1
	without := simulateAll(t, "without", cfg)
	if with.loads > without.loads*2/3 || with.busy > without.busy {
		t.Errorf("%d voices loaded, busy %.2f; without affinity %d, %.2f: it saves too little", with.loads, with.busy, without.loads, without.busy)
	}
	if sentences := float64(with.replies) * simSentences; float64(with.stutters) > sentences/2000 {
		t.Errorf("%d stutters in %.0f sentences", with.stutters, sentences)
	}
}
