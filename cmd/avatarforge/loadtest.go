package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/pflag"

	"avatarforge/loadtest"
)

// errLimits says that a load test ran, and found more than its limits allow.
var errLimits = errors.New("the limits were not kept")

// loadTestFlags is the command line of loadtest.
type loadTestFlags struct {
	run    loadtest.Config
	script string // a file; empty: the built-in one
	json   string // files to write; empty: none; "-": stdout
	html   string
	limits []string
	quiet  bool

	plan    bool
	planned loadtest.PlanConfig
}

func (l *loadTestFlags) flagSet() *pflag.FlagSet {
	fs := pflag.NewFlagSet("loadtest", pflag.ContinueOnError)
	fs.SortFlags = false
	fs.Usage = func() {}
	c := &l.run
	fs.IntVarP(&c.Listeners, "listeners", "n", 10, "simulated listeners")
	fs.DurationVar(&c.Ramp, "ramp", 5*time.Second, "over which they arrive")
	fs.DurationVarP(&c.Duration, "duration", "d", time.Minute, "for how long they ask, the ramp included")
	fs.DurationVar(&c.Grace, "grace", 0, "how long answers may go on after that; 0: as long as something comes")
	fs.IntVar(&c.Turns, "turns", 0, "questions of each; 0: as many as there is time for")
	fs.DurationVar(&c.Think, "think", 6*time.Second, "thinking time before a question, on average; negative: none")
	fs.DurationVar(&c.Every, "every", 0, "ask at fixed times so far apart, however slow the server is; 0: after hearing and thinking")
	fs.DurationVar(&c.Patience, "patience", time.Minute, "how long nothing may come")
	fs.StringVar(&l.script, "script", "", "file of what they say, a line a question; empty: small talk in Korean and English")
	fs.StringVar(&c.Character, "character", "", "id of the character that they talk with")
	fs.StringVar(&c.Model, "model", "", "the LLM's name; empty: the server's default")
	fs.StringVar(&c.Token, "token", "", "bearer token")
	fs.BoolVar(&c.TextOnly, "text", false, "text only, no speech")
	fs.BoolVar(&c.JSON, "base64", false, "sound as base64 in JSON, as stock Realtime clients have it; else in binary frames")
	fs.IntVar(&c.Rate, "rate", 24000, "of the sound, in samples per second")
	fs.DurationVar(&c.Buffer, "buffer", 100*time.Millisecond, "sound that a player collects before it plays; negative: none")
	fs.BoolVar(&c.Queue, "queue", false, "wait in the line where no slot is free")
	fs.Float64Var(&c.Interrupt, "interrupt", 0, "part of the answers that are interrupted, 0 to 1")
	fs.Float64Var(&c.HangUp, "hang-up", 0, "part of the answers in which the connection breaks and is resumed, 0 to 1")
	fs.Float64Var(&c.Slow, "slow", 0, "part of the listeners who read no faster than they listen, 0 to 1")
	fs.Float64Var(&c.REST, "rest", 0, "part of the listeners who use POST /api/chat, 0 to 1")
	fs.Uint64Var(&c.Seed, "seed", 1, "of all that is left to chance")
	fs.StringVar(&l.json, "json", "", "file for the figures as JSON; -: to stdout, in place of the table")
	fs.StringVar(&l.html, "html", "", "file for a report with plots, which needs no other file")
	fs.StringArrayVar(&l.limits, "limit", nil, "what to keep to, such as first_audio.p95<800ms, stutter_share<1%, errors<0; several can be given. Exit status 3 where one is not kept to")
	fs.BoolVarP(&l.quiet, "quiet", "q", false, "no progress")
	p := &l.planned
	fs.BoolVar(&l.plan, "plan", false, "no test: work out by simulation how many listeners synthesis servers hold")
	fs.Float64Var(&p.RealTimeFactor, "real-time-factor", 0.5, "with --plan: seconds of work for a second of sound")
	fs.DurationVar(&p.FirstChunk, "first-chunk", 200*time.Millisecond, "with --plan: work before a sentence's first sound")
	fs.IntSliceVar(&p.Servers, "servers", []int{1, 2, 4}, "with --plan: synthesis servers")
	fs.Float64Var(&p.Listen.TokensPerSecond, "tokens-per-second", 25, "with --plan: the model's pace")
	fs.Float64Var(&p.Listen.Sentences, "sentences", 5.5, "with --plan: of a reply, on average")
	fs.DurationVar(&p.Listen.Sentence, "sentence", 3250*time.Millisecond, "with --plan: how long one sounds, on average")
	fs.Float64Var(&p.Stutters, "stutters", 1, "with --plan: how many there may be in 1,000 sentences")
	fs.DurationVar(&p.FirstAudio, "first-audio", 1500*time.Millisecond, "with --plan: how long 19 of 20 replies may take from their first sentence to their first sound")
	return fs
}

// runLoadTest has simulated listeners talk with a server.
func runLoadTest(args []string, stdout, stderr io.Writer) error {
	var l loadTestFlags
	fs := l.flagSet()
	if err := fs.Parse(args); err != nil {
		return flagHelp(err, stdout, "avatarforge loadtest [flags] URL has simulated listeners talk with the server there.", fs)
	}
	if l.plan {
		return l.writePlan(stdout)
	}
	if fs.NArg() != 1 {
		return errors.New("loadtest takes the address of one server, http://localhost:8000 for instance")
	}
	l.run.URL = fs.Arg(0)
	var limits []loadtest.Limit
	for _, text := range l.limits {
		limit, err := loadtest.ParseLimit(text)
		if err != nil {
			return err
		}
		limits = append(limits, limit)
	}
	if err := l.readScript(); err != nil {
		return err
	}
	if !loadtest.Local(l.run.URL) {
		if _, err := fmt.Fprintf(stderr, "Note: %s is not this machine. Have its owner's leave; what lies between counts in the figures.\n", l.run.URL); err != nil {
			return err
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends it at once
	if !l.quiet {
		l.run.Progress = progress(stderr)
	}
	figures, err := loadtest.Run(ctx, l.run)
	if err != nil {
		return err
	}
	if err := l.report(figures, limits, stdout); err != nil {
		return err
	}
	if broken := figures.Broken(limits); len(broken) > 0 {
		return fmt.Errorf("%w: %s", errLimits, strings.Join(broken, "; "))
	}
	return nil
}

// writePlan writes how many listeners synthesis servers hold.
func (l *loadTestFlags) writePlan(stdout io.Writer) error {
	l.planned.Listen.Think = l.run.Think
	l.planned.Listen.Seed = l.run.Seed
	plan := loadtest.Plan(l.planned)
	switch l.json {
	case "":
		return loadtest.WritePlan(stdout, plan)
	default:
		return writeJSON(l.json, plan, stdout)
	}
}

// writeJSON writes to a file, or to stdout where that is "-".
func writeJSON(name string, v any, stdout io.Writer) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the figures: %w", err)
	}
	data = append(data, '\n')
	if name == "-" {
		_, err = stdout.Write(data)
		return err
	}
	return os.WriteFile(name, data, 0o644) //nolint:gosec // figures are nobody's secret
}

func (l *loadTestFlags) readScript() error {
	if l.script == "" {
		return nil
	}
	f, err := os.Open(l.script)
	if err != nil {
		return err
	}
	defer f.Close()
	l.run.Script, err = loadtest.ReadScript(f)
	return err
}

// report writes what was found, to where it is wanted.
func (l *loadTestFlags) report(f *loadtest.Figures, limits []loadtest.Limit, stdout io.Writer) error {
	if l.html != "" {
		var page bytes.Buffer
		if err := f.WriteReport(&page, limits); err != nil {
			return err
		}
		if err := os.WriteFile(l.html, page.Bytes(), 0o644); err != nil { //nolint:gosec // the same
			return err
		}
	}
	if l.json != "" {
		if err := writeJSON(l.json, f, stdout); err != nil || l.json == "-" {
			return err
		}
	}
	return f.WriteTable(stdout)
}

// progress shows how a run stands: a bar at a terminal, else a line now and then.
func progress(out io.Writer) func(loadtest.Progress) {
	describe := func(p loadtest.Progress) string {
		return fmt.Sprintf("%d listeners, %d in an answer; %d answers, first audio p95 %d ms, %d stutters, %d errors",
			p.Connected, p.Talking, p.Turns, p.FirstAudio.Milliseconds(), p.Stutters, p.Errors)
	}
	if !isTerminal(out) {
		last := time.Duration(0)
		return func(p loadtest.Progress) {
			if p.Elapsed-last >= 10*time.Second {
				last = p.Elapsed
				_, _ = fmt.Fprintf(out, "%4.0f s: %s\n", p.Elapsed.Seconds(), describe(p)) // the run matters more
			}
		}
	}
	var bar *progressbar.ProgressBar
	return func(p loadtest.Progress) {
		if bar == nil {
			bar = progressbar.NewOptions64(p.Total.Milliseconds(),
				progressbar.OptionSetWriter(out), progressbar.OptionShowDescriptionAtLineEnd(), progressbar.OptionSetWidth(20),
				progressbar.OptionSetPredictTime(false), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(200*time.Millisecond))
		}
		bar.Describe(describe(p))
		_ = bar.Set64(min(p.Elapsed, p.Total).Milliseconds()) // the same
	}
}
