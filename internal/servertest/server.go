package servertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"avatarforge/internal/spareport"
)

// startTimeout is how long a server may take until it answers.
const startTimeout = 60 * time.Second

// Main runs the tests of a package and then ends the servers that they started, and removes what was built for them. It does not return.
// In CI a test whose server cannot be had fails; elsewhere it is skipped. Where all tests have passed,
// the checks look at what is left then, such as goroutines.
func Main(m *testing.M, ci bool, checks ...func() error) {
	running.inMain, running.ci = true, ci
	code := m.Run()
	err := stopAll()
	if code == 0 {
		for _, check := range checks {
			err = errors.Join(err, check())
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "after the tests:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// running is what Main has to end.
var running struct {
	inMain, ci bool // set before any test runs

	mu      sync.Mutex
	servers []*process
	folders []string // to be removed
	ports   []func() error
}

func stopAll() error {
	running.mu.Lock()
	servers, folders, ports := running.servers, running.folders, running.ports
	running.servers, running.folders, running.ports = nil, nil, nil
	running.mu.Unlock()
	var all error
	for _, p := range servers {
		all = errors.Join(all, p.stop())
	}
	for _, dir := range folders {
		all = errors.Join(all, os.RemoveAll(dir))
	}
	for _, release := range ports {
		all = errors.Join(all, release())
	}
	return all
}

// process is a server that runs.
type process struct {
	cmd    *exec.Cmd
	dir    string         // its files; removed at the end
	signal syscall.Signal // that ends it at once
	log    string         // file with its output

	ended chan struct{} // closed when it is gone; err may be read after that
	err   error

	once     sync.Once
	watchdog *exec.Cmd
	told     io.WriteCloser // the watchdog's input
}

// watchdog ends the server in our place: its input ends when we do. "$1" is the signal, "$2" the
// server's pid, "$3" its folder.
const watchdog = `read -r word || kill -"$1" "$2" 2>/dev/null; rm -rf "$3"`

// start runs a server, as another user where one is given, and waits until ready says so.
func start(dir string, as *syscall.Credential, signal syscall.Signal, ready func() error, name string, args ...string) (*process, error) {
	p := &process{dir: dir, signal: signal, log: filepath.Join(dir, "log"), ended: make(chan struct{})}
	out, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	p.cmd = exec.CommandContext(context.Background(), name, args...) //nolint:gosec // a program that find has found
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, out, out
	// A group of its own: ^C in a terminal is for the tests, which then end it.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: as}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { // stop and the wait below wait for it
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	if err := p.watch(as); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	running.mu.Lock()
	running.servers = append(running.servers, p)
	running.mu.Unlock()
	if err := p.wait(ready); err != nil {
		output, _ := os.ReadFile(p.log) // before stop removes it
		return nil, errors.Join(fmt.Errorf("%s: %w\n%s", name, err, output), p.stop())
	}
	return p, nil
}

func (p *process) watch(as *syscall.Credential) (err error) {
	//nolint:gosec // the script is ours and quotes what it is given
	p.watchdog = exec.CommandContext(context.Background(), "sh", "-c", watchdog, "watchdog", strconv.Itoa(int(p.signal)), strconv.Itoa(p.cmd.Process.Pid), p.dir)
	p.watchdog.Dir = "/"
	p.watchdog.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: as}
	if p.told, err = p.watchdog.StdinPipe(); err != nil {
		return err
	}
	if err := p.watchdog.Start(); err != nil {
		p.watchdog = nil
		return err
	}
	return nil
}

// wait asks until the server answers; no server tells us by itself.
func (p *process) wait(ready func() error) error {
	deadline := time.After(startTimeout)
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		err := ready()
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("ended at once: %w", p.err)
		case <-deadline:
			return fmt.Errorf("does not answer: %w", err)
		case <-again.C:
		}
	}
}

// stop ends the server and removes its files. It may be called more than once.
func (p *process) stop() (err error) {
	p.once.Do(func() {
		err = p.cmd.Process.Signal(p.signal)
		if errors.Is(err, os.ErrProcessDone) {
			err = nil
		}
		<-p.ended
		if p.watchdog != nil {
			_, told := io.WriteString(p.told, "ended\n")
			err = errors.Join(err, told, p.told.Close(), p.watchdog.Wait())
		}
	})
	return err
}

// sparePort is a port of loopback that nobody else gets while this process lives: a server that is
// stopped can be started again.
func sparePort() (int, error) {
	port, release, err := spareport.Hold()
	if err != nil {
		return 0, err
	}
	running.mu.Lock()
	defer running.mu.Unlock()
	running.ports = append(running.ports, release)
	return port, nil
}

// tempDir makes a folder below /tmp, which every user can enter, whatever TMPDIR says; its name is
// short enough for a socket's.
func tempDir(name string, as *syscall.Credential) (string, error) {
	dir, err := os.MkdirTemp("/tmp", "avatarforge-"+name+"-")
	if err != nil || as == nil {
		return dir, err
	}
	return dir, os.Chown(dir, int(as.Uid), int(as.Gid))
}

// require ends the test when a server cannot be had.
func require(tb testing.TB, err error) {
	tb.Helper()
	var missing *missingError
	switch {
	case err == nil:
	case errors.As(err, &missing) && !running.ci:
		tb.Skip(err)
	default:
		tb.Fatal(err)
	}
}
