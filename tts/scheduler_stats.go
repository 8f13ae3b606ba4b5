package tts

import (
	"slices"
	"time"
)

// SchedulerStats is what a Scheduler has done and is doing. The counters only grow.
type SchedulerStats struct {
	// Waiting is the number of sentences in the queue, those held back by the look-ahead
	// included; InFlight the number of syntheses under way.
	Waiting  int
	InFlight int

	// Submitted is the sum of Completed, Failed, Cancelled and of what is under way.
	Submitted uint64
	Completed uint64
	Failed    uint64
	Cancelled uint64
	// Retried counts second tries, whatever came of them.
	Retried uint64

	// QueueWait is the time from when a sentence could have begun (its submission, or
	// when it came within the look-ahead) to the request to the server.
	QueueWait Histogram
	// FirstAudio is the time from the request to the first audio.
	FirstAudio Histogram

	// Servers is in the order in which they were given to NewScheduler.
	Servers []ServerStats
}

// ServerStats is what one synthesis server has done and is doing.
type ServerStats struct {
	InFlight  int
	Completed uint64
	Failed    uint64
	// Busy is how long it was occupied altogether, by syntheses that have ended.
	Busy time.Duration
	// FailuresInARow is the number of sentences that failed since the last success,
	// requests that were at fault themselves not counted.
	FailuresInARow int
	// RestUntil is when a server that failed repeatedly will be tried again, at least in
	// the voice that failed; zero when it doesn't rest.
	RestUntil time.Time
}

// histogramBounds are the upper bounds of a Histogram's buckets.
var histogramBounds = [...]time.Duration{
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond,
	10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second,
	10 * time.Second, 30 * time.Second,
}

// Histogram counts durations in buckets.
type Histogram struct {
	// Counts holds, for each of Bounds, how many were no longer than it and longer than
	// the one before; the last is how many were longer than all.
	Counts [len(histogramBounds) + 1]uint64
	Sum    time.Duration
}

// Bounds returns the buckets' upper bounds, ascending.
func (Histogram) Bounds() []time.Duration { return slices.Clone(histogramBounds[:]) }

// Count returns the number of durations counted.
func (h *Histogram) Count() uint64 {
	var n uint64
	for _, c := range h.Counts {
		n += c
	}
	return n
}

func (h *Histogram) observe(d time.Duration) {
	i, _ := slices.BinarySearch(histogramBounds[:], d)
	h.Counts[i]++
	h.Sum += d
}

// Stats returns the present figures.
func (s *Scheduler) Stats() SchedulerStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	st := s.stats
	st.Waiting = len(s.waiting)
	for _, sv := range s.servers {
		v := ServerStats{
			InFlight:       sv.inFlight,
			Completed:      sv.completed,
			Failed:         sv.failed,
			Busy:           sv.busy,
			FailuresInARow: sv.failures,
		}
		if sv.restUntil.After(now) {
			v.RestUntil = sv.restUntil
		}
		st.InFlight += sv.inFlight
		st.Servers = append(st.Servers, v)
	}
	return st
}
