package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const exampleFile = "../../configs/avatarforge.example.yaml"

func TestConfigurationPage(t *testing.T) {
	file := filepath.Join("..", "..", "docs", "configuration.md")
	if *update {
		if err := os.WriteFile(file, []byte(page()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(data), page()); diff != "" {
		t.Errorf("the page is behind the table; run with -update (-file +table):\n%s", diff)
	}
}

func TestExampleFile(t *testing.T) {
	if *update {
		if err := os.WriteFile(exampleFile, []byte(example()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(data), example()); diff != "" {
		t.Errorf("the example file is behind the table; run with -update (-file +table):\n%s", diff)
	}

	// As a reader would use it: every key with its default, and all of them taken in.
	settings := regexp.MustCompile(`(?m)^#([a-z0-9_]+: .*)$`)
	if n := len(settings.FindAllString(string(data), -1)); n != len(each) {
		t.Errorf("it has %d keys, there are %d", n, len(each))
	}
	path := writeFile(t, settings.ReplaceAllString(string(data), "$1"))
	c, s := load(t, []string{"--config", path}, nil)
	want := defaults()
	want.LLM.ModelChosen = true
	if diff := cmp.Diff(want, c, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Errorf("uncommented it says something else than the defaults (-defaults +example):\n%s", diff)
	}
	for _, setting := range s {
		if setting.option.def != "" && setting.source != fromFile {
			t.Errorf("%s is not taken from the example", setting.option.key)
		}
	}
	commented, _ := load(t, []string{"--config", exampleFile}, nil)
	if diff := cmp.Diff(defaults(), commented, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Errorf("as it is, it changes nothing:\n%s", diff)
	}
}

// hush stands in every secret below and may be seen nowhere.
var hush = []string{
	"JWT_SECRET=hush",
	"GOOGLE_API_KEY=hush",
	"GOOGLE_CLIENT_ID=client-7",
	"GOOGLE_CLIENT_SECRET=hush",
	"DATABASE_URL=postgres://ann:hush@db:5432/af?sslmode=require&sslpassword=hush",
	"REDIS_URL=redis://:hu@sh:hush@cache/0",
	"BLOB_URL=s3://AKIA7:hush@minio:9000/af?secret_key=hush&region=eu",
	"OLLAMA_BASE_URL=http://bob:hush@gpu/ollama",
	"TTS_BASE_URL=http://bob:hush@a:9880, http://bob:hush@b:9880",
}

func TestSecretsAreMasked(t *testing.T) {
	for _, args := range [][]string{{"config"}, {"config", "--json"}} {
		var out, errs strings.Builder
		if status := run(args, hush, &out, &errs); status != 0 {
			t.Fatalf("%q: status %d: %s", args, status, &errs)
		}
		if strings.Contains(out.String(), "hush") {
			t.Errorf("%q tells a secret:\n%s", args, &out)
		}
		for _, shown := range []string{
			"client-7", "********",
			"postgres://ann:********@db:5432/af?sslmode=require&sslpassword=********",
			"redis://:********@cache/0",
			"s3://AKIA7:********@minio:9000/af?secret_key=********&region=eu",
			"http://bob:********@gpu/ollama",
		} {
			if !strings.Contains(out.String(), shown) {
				t.Errorf("%q does not show %s:\n%s", args, shown, &out)
			}
		}
	}

	c, s := load(t, nil, hush)
	if got := string(c.Auth.JWTSecret) + string(c.Storage.DatabaseURL); !strings.Contains(got, "hush@db") || !strings.HasPrefix(got, "hush") {
		t.Errorf("the program itself has them: %s", got)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", slog.Any("secret", c.Auth.JWTSecret), slog.Any("storage", c.Storage))
	encoded, err := json.Marshal(c.Storage)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{log.String(), string(encoded), fmt.Sprintf("%v %+v %#v", c.Auth, c.Storage, c.Gemini)} {
		if strings.Contains(text, "hush") || !strings.Contains(text, stars) {
			t.Errorf("a Config that is logged by accident tells a secret: %s", text)
		}
	}
	if got := s.of(t, "JWT_SECRET").shown(); got != stars {
		t.Errorf("a mask says nothing of a secret's length: %s", got)
	}

	for _, bad := range []string{"DATABASE_URL=host=db password=hush", "DATABASE_URL=postgres://u:hush@h:port/",
		"REDIS_URL=http://:hush@h", "JWT_SECRET=hush\x00", "OLLAMA_BASE_URL=ftp://u:hush@h", "TTS_BASE_URL=ftp://u:hush@h,x"} {
		if _, _, err := loadConfig(nil, []string{bad}); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%q: the error tells the secret, or there is none: %v", bad, err)
		}
	}
}

func TestPrint(t *testing.T) {
	path := writeFile(t, "llm_model: from-file\n")
	var out, errs strings.Builder
	args := []string{"config", "--config", path, "--tts-timeout", "9s"}
	if status := run(args, []string{"NEXT_PUBLIC_MAX_TURNS=12"}, &out, &errs); status != 0 {
		t.Fatalf("status %d: %s", status, &errs)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != len(each) {
		t.Errorf("%d lines, want one for each of %d options", len(lines), len(each))
	}
	column := strings.Index(lines[0], "127.0.0.1:8000")
	for _, want := range [][]string{
		{"LISTEN_ADDR", "127.0.0.1:8000", "default"},
		{"REDIS_URL", "-", "default"},
		{"LLM_MODEL", "from-file", "file", path},
		{"MAX_TURNS", "12", "env", "NEXT_PUBLIC_MAX_TURNS"},
		{"TTS_TIMEOUT", "9s", "flag", "--tts-timeout"},
	} {
		found := false
		for _, line := range lines {
			if fields := strings.Fields(line); fields[0] == want[0] {
				found = true
				if !cmp.Equal(fields, want) || strings.Index(line, want[1]) != column && want[1] != "-" {
					t.Errorf("line %q, want %q, aligned", line, want)
				}
			}
		}
		if !found {
			t.Errorf("%s is not there", want[0])
		}
	}

	out.Reset()
	if status := run(append(args, "--json"), []string{"NEXT_PUBLIC_MAX_TURNS=12"}, &out, &errs); status != 0 {
		t.Fatalf("status %d: %s", status, &errs)
	}
	var entries map[string]map[string]string
	if err := json.Unmarshal([]byte(out.String()), &entries); err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(each) {
		t.Errorf("%d entries, want %d", len(entries), len(each))
	}
	for key, want := range map[string]map[string]string{
		"LISTEN_ADDR": {"value": "127.0.0.1:8000", "source": "default"},
		"REDIS_URL":   {"value": "", "source": "default"},
		"LLM_MODEL":   {"value": "from-file", "source": "file", "from": path},
		"MAX_TURNS":   {"value": "12", "source": "env", "from": "NEXT_PUBLIC_MAX_TURNS"},
	} {
		if diff := cmp.Diff(want, entries[key]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
	}
}

func TestHelpNamesEveryOption(t *testing.T) {
	var out, errs strings.Builder
	if status := run([]string{"config", "--help"}, nil, &out, &errs); status != 0 {
		t.Fatalf("status %d: %s", status, &errs)
	}
	for _, o := range allOptions() {
		if !strings.Contains(out.String(), "\n  --"+o.flag()+" ") {
			t.Errorf("--%s is missing", o.flag())
		}
		if !strings.HasSuffix(o.help, ".") {
			t.Errorf("%s: its help is no sentence: %q", o.key, o.help)
		}
	}
	for _, line := range strings.Split(out.String(), "\n") {
		if len(line) > 90 {
			t.Errorf("a terminal would break this line: %q", line)
		}
	}
}

func TestCommandLine(t *testing.T) {
	for _, tt := range []struct {
		args   []string
		status int
		says   string
	}{
		{nil, 2, "usage"},
		{[]string{"dance"}, 2, "dance"},
		{[]string{"config", "--max-turns", "x"}, 1, "MAX_TURNS"},
		{[]string{"version"}, 0, "avatarforge "},
	} {
		var out, errs strings.Builder
		if status := run(tt.args, nil, &out, &errs); status != tt.status || !strings.Contains(out.String()+errs.String(), tt.says) {
			t.Errorf("%q: status %d, want %d with %q: %s%s", tt.args, status, tt.status, tt.says, &out, &errs)
		}
	}
}
