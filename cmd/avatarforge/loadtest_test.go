package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"avatarforge/loadtest"
)

// The whole program under its own load test: two listeners, each of whom asks once.
func TestLoadTest(t *testing.T) {
	t.Parallel()
	p := launch(t, t.TempDir())
	var out, notes bytes.Buffer
	if status := run([]string{"loadtest", "-n", "2", "--turns", "1", "--think=-1s", "--ramp", "0s", "--json", "-", p.address}, nil, &out, &notes); status != 0 {
		t.Fatalf("status %d: %s", status, &notes)
	}
	var f loadtest.Figures
	if err := json.Unmarshal(out.Bytes(), &f); err != nil {
		t.Fatalf("%v in %s", err, &out)
	}
	if f.Turns.Whole != 2 || len(f.Faults) != 0 || f.Stutters.Speech == 0 {
		t.Errorf("%+v, faults %v, %+v; want two whole answers with speech", f.Turns, f.Faults, f.Stutters)
	}
	report := filepath.Join(t.TempDir(), "report.html")
	limited := []string{"loadtest", "--turns", "1", "-n", "1", "--text", "--think=-1s", "--limit", "errors<0", "--limit", "first_token.p50>9999s", "--html", report, p.address}
	if status := run(limited, nil, &out, &notes); status != 3 || !strings.Contains(notes.String(), "first_token.p50>") || strings.Contains(notes.String(), "errors<0:") {
		t.Errorf("status %d, %s; want 3 and the one limit that was not kept to", status, &notes)
	}
	if page, err := os.ReadFile(report); err != nil || !strings.Contains(string(page), "<svg") {
		t.Errorf("the report has %d bytes, %v", len(page), err)
	}
	if strings.Contains(notes.String(), "not this machine") {
		t.Errorf("it warned of a server on this machine: %s", &notes)
	}
}

func TestLoadTestCommandLine(t *testing.T) {
	for _, tt := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"loadtest", "--help"}, 0, "--listeners"},
		{[]string{"demo", "--help"}, 0, "--real-time-factor"},
		{[]string{"loadtest"}, 1, "the address of one server"},
		{[]string{"loadtest", "--script", "no such file", "http://localhost:1"}, 1, "no such file"},
		{[]string{"loadtest", "localhost:8000"}, 1, "not the http or https address"},
		{[]string{"loadtest", "--listeners", "many", "http://localhost:1"}, 1, "listeners"},
		{[]string{"loadtest", "--limit", "speed<3", "http://localhost:1"}, 1, "first_audio.p95"},
		{[]string{"loadtest", "--plan", "--servers", "1", "--real-time-factor", "0.2"}, 0, "first come, first served"},
		{[]string{"demo", "extra"}, 1, "extra"},
	} {
		var out bytes.Buffer
		if status := run(tt.args, nil, &out, &out); status != tt.status || !strings.Contains(out.String(), tt.says) {
			t.Errorf("%q: status %d, %q; want %d, %q", tt.args, status, &out, tt.status, tt.says)
		}
	}
}
