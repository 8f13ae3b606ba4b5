package servertest

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"sync"
	"testing"
)

// Program builds the program in the test's folder, once a test process, and returns where it is. It is
// built without the race detector, with which it takes four times as long to start and a second to end:
// what a process of its own is for, such as being killed, is no matter of its memory.
func Program(tb testing.TB) string {
	tb.Helper()
	if !running.inMain {
		tb.Fatal("the package's TestMain has to call servertest.Main")
	}
	program, err := built()
	if err != nil {
		tb.Fatal(err)
	}
	return program
}

var built = sync.OnceValues(func() (string, error) {
	dir, err := tempDir("program", nil)
	if err != nil {
		return "", err
	}
	running.mu.Lock()
	running.folders = append(running.folders, dir)
	running.mu.Unlock()
	program := filepath.Join(dir, "program")
	//nolint:gosec // the words are this file's and the build's own
	cmd := exec.CommandContext(context.Background(), "go", "build", "-tags", buildTags(), "-o", program, ".")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return program, nil
})

// buildTags are those that the test itself was built with.
func buildTags() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "-tags" {
				return s.Value
			}
		}
	}
	return ""
}
