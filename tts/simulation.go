package tts

import (
	"container/heap"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"
)

// Simulation is a crowd of listeners in front of synthesis servers, in virtual time: the
// order of synthesis is the scheduler's own, the rest is a model. Listeners think, ask, and
// play what they hear; a language model writes replies of some sentences at its pace; a
// server is occupied by a sentence for as long as its sound asks for.
type Simulation struct {
	Listeners int
	Servers   int // zero means 1
	// RealTimeFactor is the seconds of work for a second of sound, FirstChunk the work
	// before a sentence's first sound, and Chunk how much sound comes at a time after that;
	// zero Chunk means 600 ms.
	RealTimeFactor    float64
	FirstChunk, Chunk time.Duration
	// Length is the virtual time that is simulated; zero means half an hour.
	Length time.Duration
	Seed   uint64

	// Think is a listener's pause after a reply, on average; zero means 6 s. FirstToken is
	// what the model needs to begin, zero meaning 300 ms, and TokensPerSecond its pace, zero
	// meaning 25.
	Think, FirstToken time.Duration
	TokensPerSecond   float64
	// Sentences is how many a reply has, on average, zero meaning 5.5; between half of it
	// and one and a half. Sentence is how long one sounds, on average, zero meaning 3.25 s.
	Sentences float64
	Sentence  time.Duration

	// FirstComeFirstServed replaces the order, and lifts the bound of the look-ahead, to
	// compare with.
	FirstComeFirstServed bool

	// These are for the tests of the queue. Zero is the scheduler's own order and figures,
	// and one voice for all.
	order     order
	lookAhead time.Duration // negative: unbounded
	tolerance time.Duration // see voiceTolerance; negative: no voice is preferred
	voices    int           // the listeners take them in turn
	loading   time.Duration // of a voice that is not the server's last, before its first sound
	endless   bool          // no reply ends, and every other listener comes a quarter of Length later
}

// Simulated is what the listeners of a Simulation went through.
type Simulated struct {
	Replies, Sentences int
	Stutters           int // sentences that began after the one before had ended
	Silence, Longest   time.Duration
	// FirstAudio are the waits from the end of a reply's first sentence to its first sound,
	// in ascending order.
	FirstAudio []time.Duration
	// Stuttered is how many listeners had a stutter.
	Stuttered int
	// Heard is the share of its waiting and listening in which each listener heard something.
	Heard []float64
	// Busy is the share of the servers' time.
	Busy float64

	speech []time.Duration // that each listener heard
	late   time.Duration   // the most that sound came after it was needed, or had not by the end
	early  time.Duration   // the most that a synthesis began before its sound was needed
	loads  int             // how often a server loaded a voice
}

// tokensPerSoundSecond is how many tokens a second of speech has: about its syllables.
const tokensPerSoundSecond = 6.5

func (c *Simulation) setDefaults() {
	c.Servers, c.voices = max(c.Servers, 1), max(c.voices, 1)
	if c.FirstComeFirstServed {
		c.order, c.lookAhead = byArrival, -1
	}
	for field, def := range map[*time.Duration]time.Duration{
		&c.Chunk: 600 * time.Millisecond, &c.Length: 30 * time.Minute, &c.Think: 6 * time.Second,
		&c.FirstToken: 300 * time.Millisecond, &c.Sentence: 3250 * time.Millisecond,
		&c.lookAhead: defaultLookAhead, &c.tolerance: voiceTolerance,
	} {
		if *field == 0 {
			*field = def
		}
	}
	for field, def := range map[*float64]float64{&c.TokensPerSecond: 25, &c.Sentences: 5.5} {
		if *field == 0 {
			*field = def
		}
	}
}

// Run simulates. The same Simulation has the same result each time.
func (c Simulation) Run() *Simulated {
	c.setDefaults()
	start := time.Unix(0, 0)
	s := &crowd{cfg: &c, now: start, queue: newQueue(c.lookAhead), waiting: map[uint64]*uttered{}}
	s.queue.order, s.queue.tolerance = c.order, c.tolerance
	for range c.Servers {
		s.servers = append(s.servers, serverState{idle: true})
	}
	members := make([]*member, c.Listeners)
	for i := range members {
		m := &member{
			crowd: s, name: strconv.Itoa(i), voice: voiceKey{reference: strconv.Itoa(i % c.voices)},
			rand: rand.New(rand.NewPCG(c.Seed, uint64(i))),
		}
		members[i] = m
		// They come over the first minute, or all would ask at once for ever.
		comes := time.Duration(m.rand.Float64() * float64(time.Minute))
		if c.endless && i%2 == 1 {
			comes += c.Length / 4
		}
		s.after(comes, m.ask)
	}
	end := start.Add(c.Length)
	for len(s.events) > 0 && !s.events[0].at.After(end) {
		e := heap.Pop(&s.events).(happening)
		s.now = e.at
		e.do()
	}
	for _, m := range members {
		m.sumUp(end)
	}
	slices.Sort(s.result.FirstAudio)
	s.result.Busy = s.working.Seconds() / c.Length.Seconds() / float64(c.Servers)
	return &s.result
}

// happening is something that happens at a moment; those of the same moment in the order
// in which they were planned.
type happening struct {
	at time.Time
	n  int
	do func()
}

type happenings []happening

func (h happenings) Len() int { return len(h) }
func (h happenings) Less(i, j int) bool {
	if !h[i].at.Equal(h[j].at) {
		return h[i].at.Before(h[j].at)
	}
	return h[i].n < h[j].n
}
func (h happenings) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *happenings) Push(x any)   { *h = append(*h, x.(happening)) }
func (h *happenings) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

// crowd is a simulation that runs.
type crowd struct {
	cfg     *Simulation
	now     time.Time
	events  happenings
	n       int
	queue   *queue
	servers []serverState
	waiting map[uint64]*uttered
	lastID  uint64
	alarm   time.Time
	working time.Duration
	result  Simulated
}

func (s *crowd) after(d time.Duration, do func()) {
	s.n++
	heap.Push(&s.events, happening{s.now.Add(d), s.n, do})
}

// uttered is a sentence of a reply.
type uttered struct {
	of    *member
	id    uint64
	first bool // of its reply
	last  bool
	sound time.Duration
	guess time.Duration // what the session takes sound to be, from the text
	due   time.Time
	come  []time.Time // when each chunk of its sound came
	whole bool        // whether all of it has come
}

// member is a listener of the crowd.
type member struct {
	crowd *crowd
	name  string
	voice voiceKey
	rand  *rand.Rand

	pending []*uttered // submitted and not yet played to their ends as far as they are known, in order
	asked   time.Time  // when the first sentence of the reply was submitted
	runsOut time.Time  // when the sound that has come is played
	chunks  int        // of pending[0], already played or being played
	begun   bool       // whether the reply is being heard

	heard, silent time.Duration
	stuttered     bool
}

// ask has the model write a reply.
func (m *member) ask() {
	c := m.crowd.cfg
	n := max(1, int(c.Sentences*(0.5+m.rand.Float64())+0.5))
	m.begun = false
	at := c.FirstToken
	for i := range n {
		at += m.write(&uttered{of: m, first: i == 0, last: i == n-1 && !c.endless}, at)
	}
}

// write has the model write a sentence from then on, and says how long that takes.
func (m *member) write(u *uttered, then time.Duration) (took time.Duration) {
	c := m.crowd.cfg
	u.sound = time.Duration((0.5 + m.rand.Float64()) * float64(c.Sentence))
	u.guess = time.Duration((0.8 + 0.4*m.rand.Float64()) * float64(u.sound))
	took = time.Duration(u.sound.Seconds() * tokensPerSoundSecond / c.TokensPerSecond * float64(time.Second))
	m.crowd.after(then+took, func() { m.submit(u) })
	return took
}

// submit does what a session does with a sentence that has ended.
func (m *member) submit(u *uttered) {
	s := m.crowd
	u.due = s.now
	if u.first {
		m.asked = s.now
	} else {
		u.due = later(m.runsOut, s.now)
		for _, p := range m.pending {
			u.due = u.due.Add(max(p.guess-m.crowd.cfg.Chunk*time.Duration(len(p.come)), 0))
		}
	}
	s.lastID++
	u.id = s.lastID
	m.pending = append(m.pending, u)
	s.waiting[u.id] = u
	length := time.Duration(u.guess.Seconds()*tokensPerSoundSecond) * 100 * time.Millisecond
	s.queue.push(queued{
		id: u.id, owner: m.name, voice: m.voice, submitted: s.now, deadline: u.due, length: length,
		cost: s.cost(u.guess), avoid: noServer, continues: !u.first,
	})
	s.dispatch()
}

// cost is how long a server is occupied by so much sound.
func (s *crowd) cost(sound time.Duration) time.Duration {
	return s.cfg.FirstChunk + time.Duration(s.cfg.RealTimeFactor*float64(sound))
}

// dispatch does what the scheduler does with the queue.
func (s *crowd) dispatch() {
	for {
		q, i, ok := s.queue.next(s.now, s.servers)
		if !ok {
			break
		}
		u := s.waiting[q.id]
		delete(s.waiting, q.id)
		s.result.early = max(s.result.early, u.due.Sub(s.now))
		var loading time.Duration
		if v := &s.servers[i]; !v.loaded || v.voice != q.voice {
			loading = s.cfg.loading
			s.result.loads++
		}
		s.servers[i] = serverState{loaded: true, voice: q.voice, lastUsed: s.now}
		took := loading + s.cost(u.sound)
		s.working += took
		for at := min(s.cfg.Chunk, u.sound); ; at = min(at+s.cfg.Chunk, u.sound) {
			s.after(loading+s.cost(at), func() { u.of.arrive(u, at == u.sound) })
			if at == u.sound {
				break
			}
		}
		s.after(took, func() { s.servers[i].idle = true; s.dispatch() })
	}
	if at, ok := s.queue.nextAt(s.now); ok && (!s.alarm.After(s.now) || at.Before(s.alarm)) {
		s.alarm = at
		s.after(at.Sub(s.now), s.dispatch)
	}
}

// arrive is a chunk of a sentence's sound. It is heard when all before it has come.
func (m *member) arrive(u *uttered, whole bool) {
	u.come = append(u.come, m.crowd.now)
	u.whole = whole
	for len(m.pending) > 0 {
		p := m.pending[0]
		for ; m.chunks < len(p.come); m.chunks++ {
			m.play(p, m.chunks)
		}
		if !p.whole {
			break
		}
		m.pending, m.chunks = m.pending[1:], 0
		switch {
		case p.last:
			m.replied()
		case m.crowd.cfg.endless:
			m.write(&uttered{of: m}, 0)
		}
	}
	m.moveDeadlines()
}

// play plays a chunk behind what is being played.
func (m *member) play(u *uttered, n int) {
	s := m.crowd
	lasts := min(s.cfg.Chunk, u.sound-s.cfg.Chunk*time.Duration(n))
	if n == 0 {
		s.result.Sentences++
	}
	gap := s.now.Sub(m.runsOut)
	switch {
	case !m.begun:
		m.begun = true
		wait := s.now.Sub(m.asked)
		s.result.FirstAudio = append(s.result.FirstAudio, wait)
		s.result.late = max(s.result.late, wait)
		m.silent += wait
		m.runsOut = s.now
	case gap > 0:
		s.result.Stutters++
		s.result.Silence += gap
		s.result.Longest = max(s.result.Longest, gap)
		s.result.late = max(s.result.late, gap)
		m.silent += gap
		m.stuttered = true
		m.runsOut = s.now
	}
	m.runsOut = m.runsOut.Add(lasts)
	m.heard += lasts
}

// replied has the listener think once it has heard the reply.
func (m *member) replied() {
	s := m.crowd
	s.result.Replies++
	think := time.Duration((0.5 + m.rand.Float64()) * float64(s.cfg.Think))
	s.after(m.runsOut.Sub(s.now)+think, m.ask)
}

// moveDeadlines tells the queue when each sentence that waits is due, as a session does
// when the listener's clock has moved.
func (m *member) moveDeadlines() {
	at := later(m.runsOut, m.crowd.now)
	for i, p := range m.pending {
		if i > 0 || len(p.come) == 0 {
			p.due = at
			m.crowd.queue.setDeadline(p.id, at)
		}
		at = at.Add(max(p.guess-m.crowd.cfg.Chunk*time.Duration(len(p.come)), 0))
	}
	m.crowd.dispatch()
}

// sumUp counts what has not been heard by the end with what it was waited for.
func (m *member) sumUp(end time.Time) {
	r := &m.crowd.result
	switch {
	case len(m.pending) == 0:
	case m.begun:
		r.late = max(r.late, end.Sub(m.runsOut))
	default:
		wait := end.Sub(m.asked)
		r.FirstAudio = append(r.FirstAudio, wait)
		r.late = max(r.late, wait)
		m.silent += wait
	}
	r.speech = append(r.speech, m.heard)
	if m.stuttered {
		r.Stuttered++
	}
	if all := m.heard + m.silent; all > 0 {
		r.Heard = append(r.Heard, m.heard.Seconds()/all.Seconds())
	}
}
