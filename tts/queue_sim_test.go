package tts

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// simSeeds are those of the runs that simulateAll sums up.
var simSeeds = []uint64{1, 2, 3, 4}

// underLoad has twenty listeners need so much speech, in parts of what the servers can do.
func underLoad(load float64, c Simulation) Simulation {
	c.Listeners = 20
	c.setDefaults()
	reply := c.Sentences * c.Sentence.Seconds()
	writing := c.Sentence.Seconds() * tokensPerSoundSecond / c.TokensPerSecond // of the first sentence
	talking := reply / (reply + c.Think.Seconds() + c.FirstToken.Seconds() + writing)
	if c.endless {
		talking = 1
	}
	c.RealTimeFactor = load * float64(c.Servers) / (float64(c.Listeners) * talking)
	return c
}

// simulateAll runs every seed and logs the sum.
func simulateAll(t *testing.T, name string, c Simulation) *Simulated {
	t.Helper()
	var sum Simulated
	for _, seed := range simSeeds {
		c.Seed = seed
		r := c.Run()
		sum.Replies += r.Replies
		sum.Sentences += r.Sentences
		sum.Stutters += r.Stutters
		sum.Silence += r.Silence
		sum.Longest = max(sum.Longest, r.Longest)
		sum.FirstAudio = append(sum.FirstAudio, r.FirstAudio...)
		sum.Busy += r.Busy / float64(len(simSeeds))
		sum.speech = append(sum.speech, r.speech...)
		sum.late = max(sum.late, r.late)
		sum.early = max(sum.early, r.early)
		sum.loads += r.loads
	}
	slices.Sort(sum.FirstAudio)
	first := func(percent int) time.Duration {
		return sum.FirstAudio[(len(sum.FirstAudio)-1)*percent/100].Round(time.Millisecond)
	}
	t.Logf("%-24s %4d replies, %5d stutters, %8.1f s of silence, longest %5.2f s; first audio p50 %v p95 %v p99 %v, longest %v; busy %.2f, %d loads", name,
		sum.Replies, sum.Stutters, sum.Silence.Seconds(), sum.Longest.Seconds(), first(50), first(95), first(99), first(100), sum.Busy, sum.loads)
	return &sum
}

// wantFairShares fails when a listener heard less than a part of what the others did.
func wantFairShares(t *testing.T, r *Simulated, part float64) {
	t.Helper()
	var sum time.Duration
	for _, d := range r.speech {
		sum += d
	}
	mean := sum / time.Duration(len(r.speech))
	if least := slices.Min(r.speech); least.Seconds() < mean.Seconds()*part {
		t.Errorf("a listener heard %v, the average listener %v", least, mean)
	}
}

// Twenty listeners on one server that is 1.5 times faster than it must be, on one that is
// barely fast enough and on one that is too slow: fewer stutters than first come, first
// served, in number and in seconds, and nobody starves. What it is compared with is the
// same code with another order.
func TestSimulationFewerStutters(t *testing.T) {
	for _, tt := range []struct {
		load    float64
		opening time.Duration // the longest that anybody may wait for a reply to begin
		share   float64       // of the average, the least that anybody must hear
	}{
		{load: 1 / 1.5, opening: 1500 * time.Millisecond, share: 0.75},
		{load: 0.9, opening: 8 * time.Second, share: 0.75},
		{load: 1, opening: 13 * time.Second, share: 0.75},
		{load: 1.2, opening: 20 * time.Second, share: 0.75},
		{load: 1.5, opening: 30 * time.Second, share: 0.75},
		{load: 7, opening: 4 * time.Minute, share: 0.6}, // of some ten replies each
	} {
		t.Run(fmt.Sprintf("load %.2f", tt.load), func(t *testing.T) {
			run := func(name string, c Simulation) *Simulated {
				t.Helper()
				return simulateAll(t, name, underLoad(tt.load, c))
			}
			ours := run("ours", Simulation{})
			for _, base := range []*Simulated{
				run("first come, first served", Simulation{FirstComeFirstServed: true}),
				run("the same, look-ahead 8 s", Simulation{order: byArrival}),
			} {
				if ours.Stutters >= base.Stutters || ours.Silence >= base.Silence {
					t.Errorf("%d stutters of %v, not fewer than %d of %v", ours.Stutters, ours.Silence, base.Stutters, base.Silence)
				}
			}
			plain := run("earliest deadline first", Simulation{order: byDeadline})
			if ours.Stutters > plain.Stutters || ours.Silence > plain.Silence {
				t.Errorf("%d stutters of %v, plain earliest deadline first has %d of %v", ours.Stutters, ours.Silence, plain.Stutters, plain.Silence)
			}
			wantFairShares(t, ours, tt.share)
			if ours.late > tt.opening {
				t.Errorf("a sentence came %v late: starved", ours.late)
			}
			if ours.early > defaultLookAhead {
				t.Errorf("a synthesis began %v before its deadline", ours.early)
			}
		})
	}
}

// Replies that never end, on a server half as fast as it must be: nobody can be served
// well, but all are let in, one by one, and then get the same.
func TestSimulationEndlessOverload(t *testing.T) {
	c := underLoad(2, Simulation{endless: true})
	r := simulateAll(t, "endless", c)
	if slices.Min(r.speech) == 0 || len(r.FirstAudio) != c.Listeners*len(simSeeds) {
		t.Errorf("%d began to wait, and one heard %v: not all were let in", len(r.FirstAudio), slices.Min(r.speech))
	}
	if longest, bound := slices.Max(r.FirstAudio), time.Duration(c.Listeners)*patience; longest < urgency || longest > bound {
		t.Errorf("the last to be let in waited %v; it must be more than nothing and less than %v", longest, bound)
	}
	// Of the last ten minutes each has had about a twentieth: who came early has heard more
	// before that, never less.
	if most, least := slices.Max(r.speech), slices.Min(r.speech); least < most/8 {
		t.Errorf("of what never ends one heard %v, another %v", most, least)
	}
}

// Four voices on two servers that take a while to load one: keeping a voice where it is
// loaded saves loading and with it the servers' time, and disturbs hardly anybody.
func TestSimulationVoices(t *testing.T) {
	c := underLoad(0.85, Simulation{Servers: 2, voices: 4, loading: 100 * time.Millisecond})
	with := simulateAll(t, "with affinity", c)
	c.tolerance = -1
	without := simulateAll(t, "without", c)
	if with.loads > without.loads*2/3 || with.Busy > without.Busy {
		t.Errorf("%d voices loaded, busy %.2f; without affinity %d, %.2f: it saves too little", with.loads, with.Busy, without.loads, without.Busy)
	}
	if float64(with.Stutters) > float64(with.Sentences)/10_000 {
		t.Errorf("%d stutters in %d sentences", with.Stutters, with.Sentences)
	}
}
