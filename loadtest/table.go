package loadtest

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// waitNames say the measures to a person.
var waitNames = map[Measure]string{
	FirstToken: "first token", FirstSentence: "first sentence told", FirstAudio: "first audio", Answer: "whole answer",
	Silence: "interrupt to silence", Admission: "arrival to session", Resumption: "reconnecting",
	ServerFirstToken: "server: first token", ServerFirstSentence: "server: first sentence", ServerFirstAudio: "server: first audio",
	Late: "listeners' own delay",
}

// WriteTable writes the figures for a person at a terminal.
func (f *Figures) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	line := func(format string, args ...any) { fmt.Fprintf(t, format+"\n", args...) } // errors come with Flush
	line("wait, ms\tcount\tmean\tp50\tp90\tp95\tp99\tmax\t")
	for _, m := range measures {
		if d, ok := f.Waits[m]; ok {
			line("%s\t%d\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t", waitNames[m], d.Count, d.Mean, d.P50, d.P90, d.P95, d.P99, d.Max)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, s := range f.sentences() {
		if _, err := fmt.Fprintln(w, s); err != nil {
			return err
		}
	}
	return nil
}

// sentences say what is not a wait.
func (f *Figures) sentences() []string {
	n := &f.Turns
	list := []string{
		"",
		fmt.Sprintf("%d listeners, %.0f s. %d questions: %d answers whole (%d of them over more than one connection), %d interrupted, %d broken.",
			f.Listeners, f.Seconds, n.Asked, n.Whole, n.Resumed, n.Interrupted, n.Broken),
	}
	if s := &f.Stutters; s.Speech > 0 {
		list = append(list, fmt.Sprintf("%d stutters of %.1f s in %d sentences (%.0f s of speech), the longest %.2f s; %d listeners had any (%.1f %%). Fairness (Jain) %.3f.",
			s.Count, s.Seconds, s.Sentences, s.Speech, s.Longest, s.Listeners, 100*s.Share, f.Fairness))
	}
	if len(f.Faults) == 0 {
		list = append(list, "No errors.")
	} else {
		kinds := []string{"Errors:"}
		for _, kind := range slices.Sorted(maps.Keys(f.Faults)) {
			kinds = append(kinds, fmt.Sprintf("%s %d", kind, f.Faults[kind]))
		}
		list = append(list, strings.Join(kinds, " "))
	}
	if u := f.Server; u != nil {
		list = append(list, fmt.Sprintf("Server: %.2f cores, %.1f ms of CPU a session-minute; memory %.0f MB, at first %.0f, %.1f KB a listener; %.0f goroutines.",
			u.Cores, u.PerSessionMinute, u.MemoryPeak/1e6, u.MemoryBefore/1e6, u.MemoryPerListener/1e3, u.GoroutinesPeak))
	} else {
		list = append(list, "Server: its /metrics could not be read.")
	}
	list = append(list, fmt.Sprintf("Listeners: %.2f cores.", f.Self.Cores))
	if d := f.Waits[Late]; d.P99 > 20 {
		list = append(list, fmt.Sprintf("The listeners themselves were late (p99 %.0f ms): their machine is too slow for so many, and the waits hold some of that.", d.P99))
	}
	return list
}
