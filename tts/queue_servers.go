package tts

import (
	"cmp"
	"slices"
	"time"
)

// voiceKey is what a server has to load to speak with a voice.
type voiceKey struct{ reference, gpt, sovits string }

func keyOf(v Voice) voiceKey {
	return voiceKey{reference: v.RefAudioPath, gpt: v.GPTWeights, sovits: v.SoVITSWeights}
}

// noServer stands for none where a server's index is expected.
const noServer = -1

// serverState is what the order needs to know of a synthesis server.
type serverState struct {
	idle      bool // it can begin at once
	rest      rest
	restVoice voiceKey // with restVoice only
	loaded    bool     // voice is valid
	voice     voiceKey
	lastUsed  time.Time
}

// rest says what a server that has failed is left alone with.
type rest uint8

const (
	restNone  rest = iota
	restVoice      // sentences in the one voice that all its failures had
	restAll
)

// takes reports whether the server may be asked for a sentence in a voice.
func (v *serverState) takes(voice voiceKey) bool {
	return v.rest == restNone || v.rest == restVoice && v.restVoice != voice
}

// serverFor returns the idle server that should speak s: one that has the voice
// loaded, else one that has none yet, else the one whose voice was used least recently,
// so that the voices in use spread over the pool.
func serverFor(s *queued, servers []serverState) int {
	best := noServer
	for i := range servers {
		v := &servers[i]
		if !v.idle || !v.takes(s.voice) || i == s.avoid && otherThan(i, s.voice, servers) {
			continue
		}
		if best == noServer || betterHome(v, &servers[best], s.voice) {
			best = i
		}
	}
	return best
}

func betterHome(a, b *serverState, voice voiceKey) bool {
	fit := func(v *serverState) int {
		switch {
		case v.loaded && v.voice == voice:
			return 0
		case !v.loaded:
			return 1
		default:
			return 2
		}
	}
	return cmp.Or(cmp.Compare(fit(a), fit(b)), a.lastUsed.Compare(b.lastUsed)) < 0
}

// otherThan reports whether a server other than the i-th can be hoped for.
func otherThan(i int, voice voiceKey, servers []serverState) bool {
	for j := range servers {
		if j != i && servers[j].takes(voice) {
			return true
		}
	}
	return false
}

// staysHome reports whether s is early and its voice is loaded on servers that are all
// busy: then it waits for one of these until it is pressing.
func (q *queue) staysHome(s *queued, servers []serverState, now time.Time) bool {
	if q.tolerance < 0 || q.rankOf(s, now) != rankEarly {
		return false
	}
	home := false
	for i := range servers {
		v := &servers[i]
		if v.loaded && v.voice == s.voice && v.takes(s.voice) && i != s.avoid {
			if v.idle {
				return false
			}
			home = true
		}
	}
	return home
}

// preferLoaded returns the first sentence that the server could speak without loading
// a voice, if it is of best's rank, due within voiceTolerance of it (or early as well)
// and going first makes none late that wouldn't be; else best.
//
// Whether one would be late is judged to the safe side: without the exchange all are
// taken to be spoken at once, with it one after the other on this one server.
func (q *queue) preferLoaded(best *queued, server int, servers []serverState, now time.Time) *queued {
	if q.tolerance < 0 {
		return best
	}
	class := q.rankOf(best, now)
	q.ahead = q.ahead[:0]
	for _, l := range q.lines {
		s := l.waiting[0]
		if now.Before(s.eligible) || s.claimed || q.rankOf(s, now) != class || q.compare(s, best, now) < 0 {
			continue
		}
		if class == rankEarly || s.due.Sub(best.due) <= q.tolerance {
			q.ahead = append(q.ahead, s)
		}
	}
	slices.SortFunc(q.ahead, func(a, b *queued) int { return q.compare(a, b, now) })
	defer clear(q.ahead)

	v := &servers[server]
	var before time.Duration // of those that would be kept waiting
	slack := time.Duration(1<<63 - 1)
	for _, s := range q.ahead {
		if s.voice == v.voice && v.takes(s.voice) && (s.avoid != server || !otherThan(server, s.voice, servers)) {
			if s.cost <= slack {
				return s
			}
			return best
		}
		before += s.cost
		if !s.due.Before(now) {
			slack = min(slack, s.due.Sub(now.Add(before)))
		}
	}
	return best
}
