package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/pflag"
)

func main() {
	os.Exit(run(os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// usage is what a wrong command line gets, and who asks.
const usage = `usage: avatarforge serve [flags]             runs the server
       avatarforge config [--json] [flags]   prints the configuration in force
       avatarforge loadtest [flags] URL      has simulated listeners talk with a server
       avatarforge demo [flags]              runs the built-in model and voice by themselves
       avatarforge version                   prints the version

"avatarforge serve --help" lists the flags; so do loadtest and demo.
`

// run is the program: it returns the exit status, 2 for a wrong command line, 3 for a load
// test that kept not to its limits.
func run(args, environ []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		_, _ = io.WriteString(stderr, usage)
		return 2
	}
	var err error
	switch command := args[0]; command {
	case "help", "--help", "-help", "-h":
		_, err = io.WriteString(stdout, usage)
	case "serve":
		err = runServe(args[1:], environ, stdout, stderr)
	case "config":
		err = runConfig(args[1:], environ, stdout)
	case "loadtest":
		err = runLoadTest(args[1:], stdout, stderr)
	case "demo":
		err = runDemo(args[1:], stdout, stderr)
	case "version":
		_, err = fmt.Fprintln(stdout, "avatarforge", version())
	default:
		_, _ = fmt.Fprintf(stderr, "avatarforge: unknown command %q\n%s", command, usage)
		return 2
	}
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "avatarforge:", err)
		if errors.Is(err, errLimits) {
			return 3
		}
		return 1
	}
	return 0
}

// runServe serves until the program is told to end: SIGTERM and SIGINT drain, a second
// one ends it at once.
func runServe(args, environ []string, stdout, stderr io.Writer) error {
	cfg, settings, err := loadConfig(args, environ)
	if errors.Is(err, pflag.ErrHelp) {
		if _, err := io.WriteString(stdout, "avatarforge serve [flags] runs the server.\n\n"); err != nil {
			return err
		}
		return printHelp(stdout)
	}
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // from here on a signal has its usual effect
	log := newLogger(&cfg.Telemetry, stderr)
	for _, s := range settings {
		if s.option.later && s.source != fromDefault {
			log.Warn("a setting is used by nothing yet", slog.String("key", s.option.key))
		}
	}
	return serve(ctx, &cfg, stdout, log)
}

// newLogger writes text to a person and JSON to a machine, unless it is told which.
func newLogger(cfg *TelemetryConfig, out io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: cfg.LogLevel}
	if cfg.LogFormat == logText || cfg.LogFormat == "" && isTerminal(out) {
		return slog.New(slog.NewTextHandler(out, options))
	}
	return slog.New(slog.NewJSONHandler(out, options))
}

func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// runConfig prints the configuration in force.
func runConfig(args, environ []string, stdout io.Writer) error {
	fs := newFlagSet()
	asJSON := fs.Bool("json", false, "")
	_, settings, err := loadFlags(fs, args, environ)
	switch {
	case errors.Is(err, pflag.ErrHelp):
		if _, err := io.WriteString(stdout, "avatarforge config [--json] [flags] prints what is in force, secrets masked.\n\n"); err != nil {
			return err
		}
		return printHelp(stdout)
	case err != nil:
		return err
	case *asJSON:
		return settings.printJSON(stdout)
	default:
		return settings.print(stdout)
	}
}

// buildVersion is set by the linker.
var buildVersion string //nolint:gochecknoglobals // the linker sets nothing else

// version is what the build said, the module's, or the commit's where it was built in a clone.
func version() string {
	if buildVersion != "" {
		return buildVersion
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return info.Main.Version
}
