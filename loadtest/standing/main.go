// Command standing runs the standing load tests against the built program and writes what
// they find into docs/load.md. It takes a quarter of an hour on two cores; -short takes a
// minute and says little.
//
// The server is a process of its own, and so are the built-in upstreams and the listeners,
// so that processor time and memory are the server's alone. The latencies of single steps
// are taken by listeners and upstreams in this process, of one clock, in front of the same
// server process and of a featureless relay, which is a process too.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"avatarforge/loadtest"
	"avatarforge/loadtest/floor"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "standing:", err)
		os.Exit(1)
	}
}

func run() error {
	bin := flag.String("bin", "bin/avatarforge", "the program")
	doc := flag.String("doc", "docs/load.md", "whose tables to write")
	short := flag.Bool("short", false, "few listeners for a few seconds, to see that it works")
	only := flag.String("only", "", "parts to run, of set,steps,loads,orders, without writing the page; all by default")
	asRelay := flag.Bool("relay", false, "be the featureless relay")
	llm := flag.String("llm", "", "with -relay: the model's address")
	tts := flag.String("tts", "", "with -relay: the synthesis servers' addresses")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *asRelay {
		return serveRelay(ctx, *llm, strings.Split(*tts, ","))
	}
	if err := enoughFiles(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "standing-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path, err := filepath.Abs(*bin)
	if err != nil {
		return err
	}
	b := &bench{bin: path, dir: dir, short: *short, keeps: resumeLog}
	if err := b.run(ctx, *only); err != nil {
		return err
	}
	text := b.tables()
	fmt.Println(text)
	if *short || *only != "" {
		return nil
	}
	return replaceTables(*doc, text)
}

// enoughFiles sees to 4,000 connections on both of a process's sides.
func enoughFiles() error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("read the limit of open files: %w", err)
	}
	const needed = 12_000
	if limit.Max < needed {
		return fmt.Errorf("a process may open %d files, and %d are needed: raise the limit (ulimit -n)", limit.Max, needed)
	}
	limit.Cur = limit.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("raise the limit of open files: %w", err)
	}
	return nil
}

// serveRelay is the relay's process.
func serveRelay(ctx context.Context, llm string, tts []string) error {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	mux.Handle("/", floor.NewRelay(llm, "avatarforge-demo", tts))
	listener, err := listen(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("  relay is at http://%s\n", listener.Addr())
	s := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	context.AfterFunc(ctx, func() { _ = s.Close() })
	if err := s.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// bench is one run of everything.
type bench struct {
	bin   string
	dir   string
	short bool
	keeps string // of each conversation, to be sent again

	started time.Time
	sizes   []sized
	idle    map[string]*loadtest.Figures // by side
	busy    map[string]*loadtest.Figures
	lean    *loadtest.Figures // of the server that keeps little of a conversation
	steps   map[string]*floor.Measured
	twenty  map[string]*loadtest.Figures // by side and real-time factor
}

// sized is the standing set's line of one size.
type sized struct {
	name    string
	figures *loadtest.Figures
}

// The two sides that are compared.
const (
	sideServer = "server"
	sideRelay  = "relay"
)

var sides = [...]string{sideRelay, sideServer}

// run runs the parts that only names, between commas; all where it names none.
func (b *bench) run(ctx context.Context, only string) error {
	b.started = time.Now()
	b.idle, b.busy, b.steps, b.twenty = map[string]*loadtest.Figures{}, map[string]*loadtest.Figures{}, map[string]*floor.Measured{}, map[string]*loadtest.Figures{}
	parts := []struct {
		name string
		run  func(context.Context) error
	}{{"set", b.standingSet}, {"steps", b.compareSteps}, {"loads", b.compareLoads}, {"orders", b.compareOrders}}
	wanted := strings.Split(only, ",")
	for _, part := range parts {
		if only != "" && !slices.Contains(wanted, part.name) {
			continue
		}
		if err := part.run(ctx); err != nil {
			return err
		}
	}
	return nil
}

// scale is n, or a few where little is wanted.
func (b *bench) scale(n, few int) string {
	if b.short {
		return strconv.Itoa(min(n, few))
	}
	return strconv.Itoa(n)
}

func (b *bench) seconds(n, few int) string { return b.scale(n, few) + "s" }

// standingSet is what the server holds: 1, 20, 100, 1,000 and 4,000 listeners.
func (b *bench) standingSet(ctx context.Context) error {
	for _, size := range []struct {
		name                  string
		listeners             int
		ramp, duration, think int // in seconds
		voices, hangUps       string
	}{
		{"1", 1, 0, 20, 4, "1", "0"},
		{"20", 20, 3, 20, 10, "4", "0"},
		{"100", 100, 5, 20, 10, "16", "0"},
		{"1,000", 1000, 10, 60, 60, "32", "0"},
		{"4,000", 4000, 20, 90, 60, "96", "0"},
		{"4,000, one in ten answers cut off and resumed", 4000, 20, 70, 60, "96", "0.1"},
	} {
		fmt.Fprintf(os.Stderr, "%s listeners\n", size.name)
		// Synthesis at twenty times the speed of speech, by about twice the servers that are needed.
		f, err := b.load(ctx, sideServer, []string{"--plain", "--parallel", "8192", "--voices", size.voices, "--real-time-factor", "0.05", "--first-chunk", "80ms"},
			"-n", b.scale(size.listeners, 20), "--ramp", b.seconds(size.ramp, 1), "--duration", b.seconds(size.duration, 4), "--think", b.seconds(size.think, 1),
			"--hang-up", size.hangUps)
		if err != nil {
			return err
		}
		b.sizes = append(b.sizes, sized{size.name, f})
	}
	return nil
}

// compareSteps measures single steps through the relay and through the server.
func (b *bench) compareSteps(ctx context.Context) error {
	for _, side := range sides {
		fmt.Fprintf(os.Stderr, "single steps, %s\n", side)
		u, err := floor.StartUpstreams(64)
		if err != nil {
			return err
		}
		err = b.with(ctx, side, map[string]string{"OLLAMA_BASE_URL": u.LLM, "TTS_BASE_URL": strings.Join(u.TTS, ",")}, func(url string) error {
			p := floor.Plan{Texts: 1000, Speakers: 1000, SpeakOver: 20 * time.Second, Interrupts: 64}
			if b.short {
				p = floor.Plan{Texts: 20, Speakers: 20, SpeakOver: 2 * time.Second, Interrupts: 10}
			}
			m, err := u.Measure(ctx, url, p)
			b.steps[side] = m
			return err
		})
		u.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// compareLoads measures what a listener costs, idle and in conversation, at the rate of the
// synthesisers, since the relay does not resample.
func (b *bench) compareLoads(ctx context.Context) error {
	for _, side := range sides {
		fmt.Fprintf(os.Stderr, "idle and busy listeners, %s\n", side)
		idle, err := b.load(ctx, side, busyDemo, "-n", b.scale(1000, 20), "--ramp", b.seconds(5, 1), "--duration", b.seconds(10, 3), "--think", "10h", "--rate", "32000")
		if err != nil {
			return err
		}
		busy, err := b.load(ctx, side, busyDemo, b.busyFlags()...)
		if err != nil {
			return err
		}
		b.idle[side], b.busy[side] = idle, busy
	}
	fmt.Fprintln(os.Stderr, "busy listeners for whom little is kept")
	var err error
	b.keeps = littleLog
	b.lean, err = b.load(ctx, sideServer, busyDemo, b.busyFlags()...)
	b.keeps = resumeLog
	return err
}

var busyDemo = []string{"--plain", "--parallel", "8192", "--voices", "64", "--real-time-factor", "0.05", "--first-chunk", "80ms"}

func (b *bench) busyFlags() []string {
	return []string{"-n", b.scale(1000, 20), "--ramp", b.seconds(10, 1), "--duration", b.seconds(50, 4), "--think", b.seconds(60, 1), "--rate", "32000"}
}

// compareOrders has twenty listeners on one synthesis server that is too slow for them: the
// relay serves the sentences as they come.
func (b *bench) compareOrders(ctx context.Context) error {
	for _, rtf := range [...]string{"0.5", "0.9"} {
		for _, side := range sides {
			fmt.Fprintf(os.Stderr, "twenty listeners on a server of real-time factor %s, %s\n", rtf, side)
			f, err := b.load(ctx, side, []string{"--plain", "--parallel", "8192", "--real-time-factor", rtf, "--first-chunk", "200ms"},
				"-n", b.scale(20, 5), "--ramp", b.seconds(5, 1), "--duration", b.seconds(30, 5), "--grace", b.seconds(10, 3), "--think", b.seconds(6, 1), "--rate", "32000")
			if err != nil {
				return err
			}
			b.twenty[side+rtf] = f
		}
	}
	return nil
}

// load runs one load test in front of built-in upstreams.
func (b *bench) load(ctx context.Context, side string, demo []string, flags ...string) (*loadtest.Figures, error) {
	settings := map[string]string{}
	d, out, err := b.start(ctx, nil, b.bin, append([]string{"demo"}, demo...)...)
	if err != nil {
		return nil, err
	}
	defer d.stop()
	for settings["TTS_BASE_URL"] == "" {
		line, err := out.ReadString('\n')
		if err != nil {
			return nil, fmt.Errorf("the built-in upstreams did not start: %w; %s", err, d.errors())
		}
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			settings[key] = value
		}
	}
	var figures loadtest.Figures
	err = b.with(ctx, side, settings, func(url string) error {
		file := filepath.Join(b.dir, "figures.json")
		args := append([]string{"loadtest", "--quiet", "--json", file}, flags...)
		cmd := exec.CommandContext(ctx, b.bin, append(args, url)...) //nolint:gosec // the program under test
		if text, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("load test: %w\n%s", err, text)
		}
		data, err := os.ReadFile(file) //nolint:gosec // our own
		if err != nil {
			return err
		}
		return json.Unmarshal(data, &figures)
	})
	return &figures, err
}

// with runs the server, or the relay, in front of the upstreams that the settings name.
func (b *bench) with(ctx context.Context, side string, settings map[string]string, do func(url string) error) error {
	var p *process
	var out *bufio.Reader
	var err error
	if side == sideRelay {
		self, exeErr := os.Executable()
		if exeErr != nil {
			return exeErr
		}
		p, out, err = b.start(ctx, nil, self, "-relay", "-llm", settings["OLLAMA_BASE_URL"], "-tts", settings["TTS_BASE_URL"])
	} else {
		data, mkErr := os.MkdirTemp(b.dir, "data-")
		if mkErr != nil {
			return mkErr
		}
		env := map[string]string{
			"LLM_SERVICE": "ollama", "TTS_SERVICE": "gpt-sovits", "LISTEN_ADDR": "127.0.0.1:0", "DATA_DIR": data,
			"RATE_LIMIT": "off", "MAX_CONCURRENT_SESSIONS": "10000", "LLM_CONCURRENCY": "4096", "MAX_TURNS": "0", "LOG_LEVEL": "warn",
			"RESUME_LOG_BYTES": b.keeps,
		}
		for k, v := range settings {
			env[k] = v
		}
		p, out, err = b.start(ctx, env, b.bin, "serve")
	}
	if err != nil {
		return err
	}
	defer p.stop()
	for {
		line, err := out.ReadString('\n')
		if err != nil {
			return fmt.Errorf("the %s did not start: %w; %s", side, err, p.errors())
		}
		if _, url, ok := strings.Cut(line, " is at "); ok {
			go func() { _, _ = out.WriteTo(discard{}) }() // ends with the process
			return do(strings.TrimSpace(url))
		}
	}
}

// How much each conversation keeps to be sent again, in place of 4 MiB: with thousands of listeners
// that is what memory goes into.
const (
	resumeLog = "1MiB"
	littleLog = "64KiB"
)

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// process is a program that was started.
type process struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer
}

func (b *bench) start(ctx context.Context, env map[string]string, name string, args ...string) (*process, *bufio.Reader, error) {
	p := &process{cmd: exec.CommandContext(ctx, name, args...)} //nolint:gosec // ourselves, or the program under test
	p.cmd.Env = p.cmd.Environ()
	for k, v := range env {
		p.cmd.Env = append(p.cmd.Env, k+"="+v)
	}
	p.cmd.Stderr = &p.stderr
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	p.cmd.WaitDelay = 30 * time.Second
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, nil, fmt.Errorf("start %s: %w", name, err)
	}
	return p, bufio.NewReader(out), nil
}

// stop ends the process and waits for it.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	timer := time.AfterFunc(20*time.Second, func() { _ = p.cmd.Process.Kill() })
	defer timer.Stop()
	_ = p.cmd.Wait() // it was told to end
}

// errors is what the process complained of. It must have ended its output.
func (p *process) errors() string {
	p.stop()
	return p.stderr.String()
}

func machine() string {
	return fmt.Sprintf("%d processors, %s, %s/%s", runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
