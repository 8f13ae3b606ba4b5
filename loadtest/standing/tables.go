package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"avatarforge/loadtest"
	"avatarforge/loadtest/floor"
	"avatarforge/tts"
)

func listen(ctx context.Context) (net.Listener, error) {
	return (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
}

// Marks in the page, between which the tables stand.
const (
	tablesBegin = "<!-- The tables below are written by `make load`. -->"
	tablesEnd   = "<!-- The tables above are written by `make load`. -->"
)

// replaceTables writes the tables into the page, in place of those that are there.
func replaceTables(file, tables string) error {
	page, err := os.ReadFile(file) //nolint:gosec // it is named by whoever runs this
	if err != nil {
		return err
	}
	before, rest, ok := bytes.Cut(page, []byte(tablesBegin))
	_, after, ok2 := bytes.Cut(rest, []byte(tablesEnd))
	if !ok || !ok2 {
		return errors.New(file + " does not have the marks between which the tables stand")
	}
	page = []byte(string(before) + tablesBegin + "\n\n" + tables + "\n" + tablesEnd + string(after))
	return os.WriteFile(file, page, 0o644) //nolint:gosec // a page of documentation
}

func (b *bench) tables() string {
	var t strings.Builder
	fmt.Fprintf(&t, "One run of %s on %s; everything on the one machine.\n\n", b.started.UTC().Format("2006-01-02 15:04"), machine())
	b.writeSizes(&t)
	b.writeFloors(&t)
	b.writeOrders(&t)
	return t.String()
}

func (b *bench) writeSizes(t *strings.Builder) {
	if len(b.sizes) == 0 {
		return
	}
	t.WriteString("### What it holds\n\n| listeners | asked | whole | resumed | broken | first token p50 / p99 | first audio p50 / p99 | stutters | fairness | server, cores | memory | listeners, cores |\n" +
		"| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, s := range b.sizes {
		f := s.figures
		u := f.Server
		if u == nil {
			u = &loadtest.Usage{}
		}
		token, audio := f.Waits[loadtest.FirstToken], f.Waits[loadtest.FirstAudio]
		fmt.Fprintf(t, "| %s | %d | %d | %d | %d | %.0f / %.0f ms | %.0f / %.0f ms | %d of %.1f s, %.1f %% of the listeners | %.3f | %.2f | %.0f MB | %.2f |\n",
			s.name, f.Turns.Asked, f.Turns.Whole, f.Turns.Resumed, f.Turns.Broken, token.P50, token.P99, audio.P50, audio.P99,
			f.Stutters.Count, f.Stutters.Seconds, 100*f.Stutters.Share, f.Fairness, u.Cores, u.MemoryPeak/1e6, f.Self.Cores)
	}
	t.WriteString("\n")
	for _, s := range b.sizes {
		if len(s.figures.Faults) > 0 {
			fmt.Fprintf(t, "Errors with %s listeners: %v.\n\n", s.name, s.figures.Faults)
		}
	}
}

// goal is a row of the table of floors.
type goal struct {
	name        string
	relay, ours string
	ratio, goal string
}

func (b *bench) writeFloors(t *strings.Builder) {
	t.WriteString("### Next to a featureless relay\n\n| figure | relay | server | ratio | goal |\n| --- | --- | --- | --- | --- |\n")
	var rows []goal
	if b.steps[sideServer] != nil {
		rows = b.stepRows()
	}
	if b.busy[sideServer] != nil {
		rows = append(rows, b.loadRows()...)
	}
	for _, s := range b.sizes {
		if f := s.figures; s.name == "4,000" && f.Server != nil {
			rows = append(rows, goal{
				fmt.Sprintf("%d sessions, every turn whole", f.Listeners), "", fmt.Sprintf("%d of %d whole, %.2f cores", f.Turns.Whole, f.Turns.Asked, f.Server.Cores), "", "all, ≤ 0.55 cores",
			})
		}
	}
	for _, r := range rows {
		fmt.Fprintf(t, "| %s | %s | %s | %s | %s |\n", r.name, r.relay, r.ours, r.ratio, r.goal)
	}
	t.WriteString("\n")
}

// stepRows are the latencies of single steps.
func (b *bench) stepRows() (rows []goal) {
	relay, ours := b.steps[sideRelay], b.steps[sideServer]
	add := func(name string, r, o floor.Latencies, want string) {
		rows = append(rows, goal{
			name, fmt.Sprintf("%s / %s", us(r.At(0.5)), us(r.At(0.99))), fmt.Sprintf("%s / %s", us(o.At(0.5)), us(o.At(0.99))),
			fmt.Sprintf("%.2f / %.2f", ratio(o.At(0.5), r.At(0.5)), ratio(o.At(0.99), r.At(0.99))), want,
		})
	}
	n := len(relay.Token) / 40
	add(fmt.Sprintf("token in → token out, %d sessions, p50 / p99", n), relay.Token, ours.Token, "≤ 1.25 / 1.5")
	add("end of sentence → synthesis request", relay.Sentence, ours.Sentence, "≤ 1.3 / 1.5")
	add("first PCM byte in → client", relay.Sound, ours.Sound, "≤ 1.25 / 1.5")
	add("interrupt → last sound", relay.Hush, ours.Hush, "≤ 1.4 / 2")
	add("interrupt → end of the answer, which the server has saved", relay.Interrupt, ours.Interrupt, "")
	add("interrupt → upstream given up", relay.Abort, ours.Abort, "")
	return append(rows, goal{"audio frames after the end of an interrupted answer", strconv.Itoa(relay.After), strconv.Itoa(ours.After), "", "0"})
}

// loadRows are what a listener costs.
func (b *bench) loadRows() (rows []goal) {
	number := func(name, unit string, of func(*loadtest.Usage) float64, from map[string]*loadtest.Figures, want string) {
		r, o := from[sideRelay].Server, from[sideServer].Server
		if r == nil || o == nil {
			return
		}
		rows = append(rows, goal{name, fmt.Sprintf("%.1f %s", of(r), unit), fmt.Sprintf("%.1f %s", of(o), unit), fmt.Sprintf("%.2f", of(o)/of(r)), want})
	}
	listeners := b.busy[sideServer].Listeners
	number(fmt.Sprintf("CPU per session-minute, %d sessions", listeners), "ms", func(u *loadtest.Usage) float64 { return u.PerSessionMinute }, b.busy, "≤ 1.3")
	memory := func(u *loadtest.Usage) float64 { return u.MemoryPerListener / 1e3 }
	number("memory per idle session", "KB", memory, b.idle, "≤ 13 KB")
	number("memory per session in conversation", "KB", memory, b.busy, "≤ 60 KB")
	kept := map[string]*loadtest.Figures{sideRelay: b.busy[sideRelay], sideServer: b.lean}
	number("the same, with "+littleLog+" kept for a resume", "KB", memory, kept, "")
	number("CPU per session-minute, with "+littleLog+" kept", "ms", func(u *loadtest.Usage) float64 { return u.PerSessionMinute }, kept, "")
	return rows
}

func us(d time.Duration) string { return fmt.Sprintf("%d µs", d.Microseconds()) }

func ratio(a, b time.Duration) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

func (b *bench) writeOrders(t *strings.Builder) {
	if len(b.twenty) == 0 {
		return
	}
	t.WriteString("### Twenty listeners on one synthesis server\n\n" +
		"For 40 seconds, with servers that are several times too slow for them; what was not heard by the end counts with the time waited so far.\n\n" +
		"| real-time factor | order | first audio p50 / p95 | stutters | silence | listeners with stutters | speech heard | fairness |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, rtf := range [...]string{"0.5", "0.9"} {
		for _, side := range sides {
			f := b.twenty[side+rtf]
			name := "first come, first served (the relay)"
			if side == sideServer {
				name = "the server's"
			}
			a, s := f.Waits[loadtest.FirstAudio], f.Stutters
			fmt.Fprintf(t, "| %s | %s | %.1f / %.1f s | %d | %.1f s | %.0f %% | %.0f s | %.3f |\n",
				rtf, name, a.P50/1000, a.P95/1000, s.Count, s.Seconds, 100*s.Share, s.Speech, f.Fairness)
		}
	}
	t.WriteString("\nBy simulation with the scheduler's own queue, half an hour each:\n\n" +
		"| real-time factor | order | first audio p50 / p95 | stutters in 1,000 sentences | silence | listeners with stutters | fairness | server busy |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, rtf := range [...]float64{0.03, 0.05, 0.5, 0.9} {
		for _, fcfs := range [...]bool{true, false} {
			name := "the server's"
			if fcfs {
				name = "first come, first served"
			}
			r := tts.Simulation{Listeners: 20, RealTimeFactor: rtf, FirstChunk: 50 * time.Millisecond, Seed: 1, FirstComeFirstServed: fcfs}.Run()
			at := func(part float64) float64 { return r.FirstAudio[int(part*float64(len(r.FirstAudio)-1))].Seconds() }
			fmt.Fprintf(t, "| %g | %s | %.2f / %.2f s | %.1f | %.0f s | %d | %.3f | %.0f %% |\n", rtf, name, at(0.5), at(0.95),
				1000*float64(r.Stutters)/float64(max(r.Sentences, 1)), r.Silence.Seconds(), r.Stuttered, loadtest.Jain(r.Heard), 100*r.Busy)
		}
	}
}
