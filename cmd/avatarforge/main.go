package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/spf13/pflag"
)

func main() {
	os.Exit(run(os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// usage is what a wrong command line gets.
const usage = `usage: avatarforge config [--json] [flags]
       avatarforge version
`

// run is the program: it returns the exit status, 2 for a wrong command line.
func run(args, environ []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		_, _ = io.WriteString(stderr, usage)
		return 2
	}
	var err error
	switch command := args[0]; command {
	case "config":
		err = runConfig(args[1:], environ, stdout)
	case "version":
		_, err = fmt.Fprintln(stdout, "avatarforge", version())
	default:
		_, _ = fmt.Fprintf(stderr, "avatarforge: unknown command %q\n%s", command, usage)
		return 2
	}
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "avatarforge:", err)
		return 1
	}
	return 0
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

// version is the module's, or the commit's where it was built in a clone.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return info.Main.Version
}
