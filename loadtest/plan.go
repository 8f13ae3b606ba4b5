package loadtest

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"avatarforge/tts"
)

// PlanConfig asks how many listeners synthesis servers hold. The zero value asks about
// servers that synthesise at twice the speed of speech.
type PlanConfig struct {
	// RealTimeFactor and FirstChunk are a server's speed: the seconds of work for a second of
	// sound, zero meaning 0.5, and the work before a sentence's first sound, zero meaning
	// 200 ms. The scheduler's own order and its bounds are simulated, see tts.Simulation.
	RealTimeFactor float64
	FirstChunk     time.Duration
	Servers        []int // to ask about; nil means 1, 2 and 4
	// Listen is how the listeners and the model are; what says the speed and number of the
	// servers, and the number of the listeners, is not used.
	Listen tts.Simulation

	// Stutters is how many there may be in a thousand sentences, zero meaning one, and
	// FirstAudio how long 19 of 20 replies may take from the end of their first sentence to
	// their first sound, zero meaning 1.5 s.
	Stutters   float64
	FirstAudio time.Duration
}

// Planned is the answer for a number of servers.
type Planned struct {
	Servers   int `json:"servers"`
	Listeners int `json:"listeners"`
	// FirstComeFirstServed is how many there could be if sentences were synthesised in the
	// order in which they come.
	FirstComeFirstServed int     `json:"first_come_first_served"`
	FirstAudioP50        float64 `json:"first_audio_p50_ms"`
	FirstAudioP95        float64 `json:"first_audio_p95_ms"`
	Stutters             float64 `json:"stutters_per_1000_sentences"`
	Busy                 float64 `json:"busy"` // the share of the servers' time
}

func (c *PlanConfig) setDefaults() {
	if c.RealTimeFactor == 0 {
		c.RealTimeFactor = 0.5
	}
	if c.FirstChunk == 0 {
		c.FirstChunk = 200 * time.Millisecond
	}
	if c.Servers == nil {
		c.Servers = []int{1, 2, 4}
	}
	if c.Stutters == 0 {
		c.Stutters = 1
	}
	if c.FirstAudio == 0 {
		c.FirstAudio = 1500 * time.Millisecond
	}
}

// Plan says how many listeners the servers hold. The same question has the same answer.
func Plan(c PlanConfig) []Planned {
	c.setDefaults()
	var list []Planned
	for _, servers := range c.Servers {
		n, held := c.most(servers, false)
		fcfs, _ := c.most(servers, true)
		p := Planned{Servers: servers, Listeners: n, FirstComeFirstServed: fcfs}
		if held != nil {
			p.FirstAudioP50 = milliseconds(quantile(held.FirstAudio, 0.5))
			p.FirstAudioP95 = milliseconds(quantile(held.FirstAudio, 0.95))
			p.Stutters, p.Busy = perThousand(held), held.Busy
		}
		list = append(list, p)
	}
	return list
}

// most is the greatest number of listeners with whom the conditions are met, and what they
// went through; nil where not even one is served well enough.
func (c *PlanConfig) most(servers int, fcfs bool) (int, *tts.Simulated) {
	var best *tts.Simulated
	fits := func(n int) bool {
		s := c.Listen
		s.Listeners, s.Servers, s.RealTimeFactor, s.FirstChunk, s.FirstComeFirstServed = n, servers, c.RealTimeFactor, c.FirstChunk, fcfs
		if s.Length == 0 {
			// A few listeners are simulated for longer, or chance would decide.
			s.Length = 30 * time.Minute * time.Duration(max(1, 60/n))
		}
		r := s.Run()
		ok := len(r.FirstAudio) > 0 && perThousand(r) <= c.Stutters && quantile(r.FirstAudio, 0.95) <= c.FirstAudio
		if ok {
			best = r
		}
		return ok
	}
	low, high := 0, 1 // the first fits, the second may not
	for fits(high) {
		low, high = high, high*2
	}
	for high-low > 1 {
		if middle := (low + high) / 2; fits(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	return low, best
}

func perThousand(r *tts.Simulated) float64 {
	if r.Sentences == 0 {
		return 0
	}
	return 1000 * float64(r.Stutters) / float64(r.Sentences)
}

// quantile of a list in ascending order.
func quantile(list []time.Duration, part float64) time.Duration {
	if len(list) == 0 {
		return 0
	}
	if !slices.IsSorted(list) {
		panic("loadtest: a list that is not in order")
	}
	return list[int(part*float64(len(list)-1))]
}

// WritePlan writes the answers for a person at a terminal.
func WritePlan(w io.Writer, list []Planned) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "servers\tlisteners\tfirst come, first served\tfirst audio p50\tp95\tstutters in 1,000 sentences\tservers busy\t") // errors come with Flush
	for _, p := range list {
		fmt.Fprintf(t, "%d\t%d\t%d\t%.0f ms\t%.0f ms\t%.2f\t%.0f %%\t\n", p.Servers, p.Listeners, p.FirstComeFirstServed, p.FirstAudioP50, p.FirstAudioP95, p.Stutters, 100*p.Busy)
	}
	return t.Flush()
}
