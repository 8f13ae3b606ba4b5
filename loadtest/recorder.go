package loadtest

import (
	"slices"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Waits are kept from a microsecond to an hour, three digits of each.
const (
	longestWait = time.Hour
	digits      = 3
)

// recorder collects what the listeners find. Its methods may be called from any goroutine.
type recorder struct {
	start time.Time // Immutable.

	mu sync.Mutex
	// Guarded by mu:
	waits     map[Measure]*hdrhistogram.Histogram
	faults    map[Fault]int
	turns     Turns
	stutters  Stutters
	shares    []float64 // of each listener that has heard something
	connected int
	talking   int
	moments   []moment
}

// moment is a second as it is collected.
type moment struct {
	connected, talking, asked, faults, stutters int
	audio, token                                []float64 // in milliseconds
}

func newRecorder(start time.Time) *recorder {
	r := &recorder{start: start, waits: map[Measure]*hdrhistogram.Histogram{}, faults: map[Fault]int{}}
	for _, m := range measures {
		r.waits[m] = hdrhistogram.New(1, longestWait.Microseconds(), digits)
	}
	return r
}

// momentLocked is the second that now lies in. Seconds without anything of their own have
// the same listeners as those before.
func (r *recorder) momentLocked(now time.Time) *moment {
	n := max(0, int(now.Sub(r.start)/time.Second))
	for len(r.moments) <= n {
		r.moments = append(r.moments, moment{connected: r.connected, talking: r.talking})
	}
	return &r.moments[n]
}

// wait records a wait that ended now.
func (r *recorder) wait(now time.Time, m Measure, d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	// A wait of nothing counts as the least there is; one of more than an hour as an hour.
	us := min(max(d.Microseconds(), 1), longestWait.Microseconds())
	if err := r.waits[m].RecordValue(us); err != nil {
		panic(err) // it is within the bounds
	}
	second := r.momentLocked(now)
	switch m {
	case FirstAudio:
		second.audio = append(second.audio, milliseconds(d))
	case FirstToken:
		second.token = append(second.token, milliseconds(d))
	}
}

func (r *recorder) fault(now time.Time, f Fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults[f]++
	r.momentLocked(now).faults++
}

// connection notes that a listener has come, or gone with -1.
func (r *recorder) connection(now time.Time, by int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	second := r.momentLocked(now)
	r.connected += by
	second.connected = r.connected
}

func (r *recorder) asked(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	second := r.momentLocked(now)
	r.turns.Asked++
	r.talking++
	second.talking = r.talking
	second.asked++
}

// ended notes what became of a turn.
func (r *recorder) ended(now time.Time, fate fate) {
	r.mu.Lock()
	defer r.mu.Unlock()
	second := r.momentLocked(now)
	r.talking--
	second.talking = r.talking
	switch fate {
	case fateWhole:
		r.turns.Whole++
	case fateResumed:
		r.turns.Whole++
		r.turns.Resumed++
	case fateInterrupted:
		r.turns.Interrupted++
	case fateBroken:
		r.turns.Broken++
	}
}

// heard adds up a turn's speech.
func (r *recorder) heard(now time.Time, p *player, sentences int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stutters.Count += p.stutters
	r.stutters.Seconds += p.silence.Seconds()
	r.stutters.Longest = max(r.stutters.Longest, p.longest.Seconds())
	r.stutters.Speech += p.played.Seconds()
	r.stutters.Sentences += sentences
	r.momentLocked(now).stutters += p.stutters
}

// listener adds up what one listener went through: the share of its waiting and listening
// in which it heard something, and whether it heard any stutter.
func (r *recorder) listener(heard, silent time.Duration, stuttered bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if heard+silent <= 0 {
		return
	}
	r.shares = append(r.shares, heard.Seconds()/(heard+silent).Seconds())
	if stuttered {
		r.stutters.Listeners++
	}
}

func (r *recorder) progress(now time.Time) Progress {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := Progress{
		Elapsed: now.Sub(r.start), Connected: r.connected, Talking: r.talking,
		Turns: r.turns.Whole + r.turns.Interrupted + r.turns.Broken, Stutters: r.stutters.Count,
		FirstAudio: microseconds(r.waits[FirstAudio].ValueAtQuantile(95)),
	}
	for _, n := range r.faults {
		p.Errors += n
	}
	return p
}

// figures sums everything up.
func (r *recorder) figures(now time.Time) *Figures {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := &Figures{
		Started: r.start, Seconds: now.Sub(r.start).Seconds(), Turns: r.turns, Stutters: r.stutters,
		Waits: map[Measure]Wait{}, Faults: r.faults, Fairness: Jain(r.shares), CDF: map[Measure][]float64{},
	}
	if n := len(r.shares); n > 0 {
		f.Stutters.Share = float64(f.Stutters.Listeners) / float64(n)
	}
	for m, h := range r.waits {
		if h.TotalCount() == 0 {
			continue
		}
		at := func(percent float64) float64 { return milliseconds(microseconds(h.ValueAtPercentile(percent))) }
		f.Waits[m] = Wait{
			Count: h.TotalCount(), Mean: h.Mean() / 1000, P50: at(50), P90: at(90), P95: at(95), P99: at(99), Max: at(100),
		}
		if m == FirstToken || m == FirstSentence || m == FirstAudio {
			for percent := range 101 {
				f.CDF[m] = append(f.CDF[m], at(float64(percent)))
			}
		}
	}
	for i, s := range r.moments {
		f.Timeline = append(f.Timeline, Moment{
			Second: i, Connected: s.connected, Talking: s.talking, Asked: s.asked, Faults: s.faults, Stutters: s.stutters,
			FirstAudio: p95(s.audio), FirstToken: p95(s.token),
		})
	}
	return f
}

func microseconds(us int64) time.Duration { return time.Duration(us) * time.Microsecond }

func p95(list []float64) *float64 {
	if len(list) == 0 {
		return nil
	}
	slices.Sort(list)
	return &list[(len(list)*95+99)/100-1]
}
