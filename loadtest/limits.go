package loadtest

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Limit is a bound on one figure, such as first_audio.p95<800.
type Limit struct {
	Figure string  // see Figures.Value
	Less   bool    // the figure must be less than Bound, or the same; else more, or the same
	Bound  float64 // in the figure's unit
}

var limitText = regexp.MustCompile(`^([a-z0-9_]+(?:\.[a-z0-9_]+)?)\s*(<=|<|>=|>)\s*([0-9.]+)\s*(ms|s|%|)$`)

// ParseLimit reads a limit: a figure, one of < and >, both of which allow the bound itself,
// and a number, which may have the unit ms, s or %.
func ParseLimit(text string) (Limit, error) {
	m := limitText.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return Limit{}, fmt.Errorf("%q is no limit; first_audio.p95<800ms is one", text)
	}
	bound, err := strconv.ParseFloat(m[3], 64)
	if err != nil {
		return Limit{}, fmt.Errorf("%q is no limit: %w", text, err)
	}
	l := Limit{Figure: m[1], Less: m[2][0] == '<', Bound: bound}
	switch m[4] {
	case "s":
		if strings.Contains(l.Figure, ".") {
			l.Bound *= 1000 // waits are in milliseconds
		}
	case "%":
		l.Bound /= 100
	}
	if _, ok := (&Figures{}).Value(l.Figure); !ok {
		return Limit{}, fmt.Errorf("%q: there is no figure %q; there are %s", text, l.Figure, strings.Join(figureNames(), ", "))
	}
	return l, nil
}

// String is what ParseLimit reads.
func (l Limit) String() string {
	sign := ">"
	if l.Less {
		sign = "<"
	}
	return l.Figure + sign + strconv.FormatFloat(l.Bound, 'f', -1, 64)
}

// Broken says which limits the figures do not keep to, and by what. A wait that never
// happened keeps to no limit: nobody knows how long it would have been.
func (f *Figures) Broken(limits []Limit) []string {
	var broken []string
	for _, l := range limits {
		wait, _, _ := strings.Cut(l.Figure, ".")
		if slices.Contains(measures[:], Measure(wait)) && f.Waits[Measure(wait)].Count == 0 {
			broken = append(broken, fmt.Sprintf("%s: there was no %s", l, strings.ReplaceAll(wait, "_", " ")))
			continue
		}
		v, _ := f.Value(l.Figure)
		if l.Less && v > l.Bound || !l.Less && v < l.Bound {
			broken = append(broken, fmt.Sprintf("%s: it is %.6g", l, v))
		}
	}
	return broken
}

// Value is a figure by its name: a wait's with its part, "first_audio.p95" in milliseconds,
// or one of the others: "errors", "broken", "whole_share", "stutters", "stutter_seconds",
// "stutter_share", "fairness", "cores", "cpu_ms_per_session_minute", "memory_bytes".
func (f *Figures) Value(name string) (v float64, ok bool) {
	if wait, part, is := strings.Cut(name, "."); is {
		if !slices.Contains(measures[:], Measure(wait)) {
			return 0, false
		}
		return f.Waits[Measure(wait)].part(part)
	}
	u := f.Server
	if u == nil {
		u = &Usage{}
	}
	switch name {
	case "errors":
		for _, n := range f.Faults {
			v += float64(n)
		}
	case "broken":
		v = float64(f.Turns.Broken)
	case "whole_share":
		v = 1
		if n := f.Turns.Asked - f.Turns.Interrupted; n > 0 {
			v = float64(f.Turns.Whole) / float64(n)
		}
	case "stutters":
		v = float64(f.Stutters.Count)
	case "stutter_seconds":
		v = f.Stutters.Seconds
	case "stutter_share":
		v = f.Stutters.Share
	case "fairness":
		v = f.Fairness
	case "cores":
		v = u.Cores
	case "cpu_ms_per_session_minute":
		v = u.PerSessionMinute
	case "memory_bytes":
		v = u.MemoryPeak
	default:
		return 0, false
	}
	return v, true
}

func figureNames() []string {
	names := []string{"WAIT.PART"}
	for _, m := range measures {
		names = append(names, string(m)+".p95")
	}
	return append(names, "errors", "broken", "whole_share", "stutters", "stutter_seconds", "stutter_share", "fairness",
		"cores", "cpu_ms_per_session_minute", "memory_bytes")
}

func (w Wait) part(name string) (v float64, ok bool) {
	switch name {
	case "count":
		return float64(w.Count), true
	case "mean":
		return w.Mean, true
	case "p50":
		return w.P50, true
	case "p90":
		return w.P90, true
	case "p95":
		return w.P95, true
	case "p99":
		return w.P99, true
	case "max":
		return w.Max, true
	}
	return 0, false
}
