package servertest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// missingError says that a program is not there and how it can be had.
type missingError struct {
	program, pkg string
	cause        error // why we could not install it
}

func (e *missingError) Error() string {
	return fmt.Sprintf("this test needs %s: install Debian's package %s (%v)", e.program, e.pkg, e.cause)
}

func (e *missingError) Unwrap() error { return e.cause }

var installing sync.Mutex

// find is the path of a program, in PATH or where a pattern matches; the last match, which is the
// newest version, counts. A program that is missing is installed where we may.
func find(program, pattern, pkg string) (string, error) {
	if path, ok := look(program, pattern); ok {
		return path, nil
	}
	installing.Lock()
	defer installing.Unlock()
	if err := install(pkg); err != nil {
		return "", &missingError{program, pkg, err}
	}
	if path, ok := look(program, pattern); ok {
		return path, nil
	}
	return "", &missingError{program, pkg, errors.New("installed, but not found")}
}

func look(program, pattern string) (string, bool) {
	if pattern != "" {
		if found, _ := filepath.Glob(filepath.Join(pattern, program)); len(found) > 0 {
			return found[len(found)-1], true
		}
	}
	path, err := exec.LookPath(program)
	return path, err == nil
}

func install(pkg string) error {
	if os.Geteuid() != 0 {
		return errors.New("only root can install it")
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		return err
	}
	for _, args := range [][]string{{"update", "-qq"}, {"install", "-y", "-qq", "--no-install-recommends", pkg}} {
		// Test binaries of other packages may be installing at the same time. Run level 1 keeps the
		// package from starting a server of its own.
		//nolint:gosec // the words are this file's
		cmd := exec.CommandContext(context.Background(), "env", append([]string{
			"DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1", "apt-get", "-o", "DPkg::Lock::Timeout=300",
		}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w\n%s", args[0], err, out)
		}
	}
	return nil
}
