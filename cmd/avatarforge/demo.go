package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"avatarforge/demo"
)

// runDemo runs the built-in model and voice as servers of their own, for servers that are
// to be measured, and prints what to set for those to find them.
func runDemo(args []string, stdout, stderr io.Writer) error {
	fs := pflag.NewFlagSet("demo", pflag.ContinueOnError)
	fs.SortFlags = false
	fs.Usage = func() {}
	cfg := demo.Config{LLM: true, TTS: true, Speeds: &demo.Speeds{}}
	s := cfg.Speeds
	fs.DurationVar(&s.FirstToken, "first-token", 250*time.Millisecond, "work before a reply's first token")
	fs.Float64Var(&s.TokensPerSecond, "tokens-per-second", 25, "of one reply; 0: as fast as can be")
	fs.IntVar(&s.Parallel, "parallel", 32, "replies generated at once")
	fs.IntVar(&cfg.Voices, "voices", 1, "synthesis servers")
	fs.DurationVar(&s.FirstChunk, "first-chunk", 80*time.Millisecond, "work before a sentence's first sound")
	fs.Float64Var(&s.RealTimeFactor, "real-time-factor", 0, "seconds of work for a second of sound")
	fs.BoolVar(&cfg.Plain, "plain", false, "the same few replies in turn and a plain tone, which cost next to nothing")
	fs.BoolVar(&cfg.ToneOnly, "tone", false, "leave espeak-ng alone")
	model := fs.String("model", "", "a further name under which the model answers")
	if err := fs.Parse(args); err != nil {
		return flagHelp(err, stdout, "avatarforge demo [flags] runs the built-in model and voice by themselves, on free ports of 127.0.0.1.", fs)
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("demo takes flags only, not %q", fs.Arg(0))
	}
	if *model != "" {
		cfg.Models = []string{*model}
	}
	cfg.Log = newLogger(&TelemetryConfig{}, stderr)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	d, err := demo.Start(ctx, cfg)
	if err != nil {
		return err
	}
	// In one write, so that a program that reads it has all of it or nothing.
	if _, err := fmt.Fprintf(stdout, "LLM_SERVICE=ollama\nOLLAMA_BASE_URL=%s\nLLM_MODEL=%s\nTTS_SERVICE=gpt-sovits\nTTS_BASE_URL=%s\n",
		d.LLMURL(), demo.Model, strings.Join(d.TTSURLs(), ",")); err != nil {
		return errors.Join(err, d.Close())
	}
	<-ctx.Done()
	return d.Close()
}

// flagHelp prints the help where that is what was asked for; any other error is passed on.
func flagHelp(err error, out io.Writer, what string, fs *pflag.FlagSet) error {
	if !errors.Is(err, pflag.ErrHelp) {
		return err
	}
	_, err = fmt.Fprintf(out, "%s\n\n%s", what, fs.FlagUsages())
	return err
}
