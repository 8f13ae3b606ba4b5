package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

const deployDir = "../../deploy"

// composed is what of a compose file matters here.
type composed struct {
	Services map[string]struct {
		Image           string            `yaml:"image"`
		EnvFile         string            `yaml:"env_file"`
		Environment     map[string]string `yaml:"environment"`
		StopGracePeriod string            `yaml:"stop_grace_period"`
		Volumes         []string          `yaml:"volumes"`
		Networks        []string          `yaml:"networks"`
		DependsOn       any               `yaml:"depends_on"`
		Build           struct {
			Context    string `yaml:"context"`
			Dockerfile string `yaml:"dockerfile"`
		} `yaml:"build"`
	} `yaml:"services"`
	Volumes  map[string]any `yaml:"volumes"`
	Networks map[string]any `yaml:"networks"`
}

// The compose file is one, names what there is, and gives instances what they need.
func TestComposeFile(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(deployDir, "compose.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var c composed
	if err := yaml.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	instances := 0
	for name, s := range c.Services {
		for _, n := range s.Networks {
			if _, ok := c.Networks[n]; !ok {
				t.Errorf("%s is in network %s, which there is not", name, n)
			}
		}
		for _, v := range s.Volumes {
			from, _, _ := strings.Cut(v, ":")
			if _, ok := c.Volumes[from]; ok {
				continue
			}
			if _, err := os.Stat(filepath.Join(deployDir, from)); err != nil {
				t.Errorf("%s mounts %s: %v", name, from, err)
			}
		}
		if all, ok := s.DependsOn.(map[string]any); ok {
			for other := range all {
				if _, ok := c.Services[other]; !ok {
					t.Errorf("%s depends on %s, which there is not", name, other)
				}
			}
		}
		if s.Image != "avatarforge" {
			continue
		}
		instances++
		if _, err := os.Stat(filepath.Join(deployDir, s.Build.Context, s.Build.Dockerfile)); err != nil {
			t.Error(err)
		}
		known := map[string]bool{}
		for _, o := range allOptions() {
			known[o.key] = true
		}
		for key := range s.Environment {
			if !known[key] {
				t.Errorf("%s is given %s, which is no option", name, key)
			}
		}
		for _, key := range []string{"DATABASE_URL", "REDIS_URL", "BLOB_URL", "JWT_SECRET"} {
			if s.Environment[key] == "" {
				t.Errorf("%s is not given %s, which all instances share", name, key)
			}
		}
		drain, err1 := time.ParseDuration(s.Environment["DRAIN_TIMEOUT"])
		grace, err2 := time.ParseDuration(s.StopGracePeriod)
		if err1 != nil || err2 != nil || grace < drain+10*time.Second {
			t.Errorf("%s is killed after %q, though it may drain for %q", name, s.StopGracePeriod, s.Environment["DRAIN_TIMEOUT"])
		}
	}
	if instances != 2 {
		t.Errorf("%d instances, two are meant", instances)
	}
}

// What the example of an environment names are options, or what the compose file asks for.
func TestExampleEnvironment(t *testing.T) {
	f, err := os.Open(filepath.Join(deployDir, "avatarforge.env.example"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	known := map[string]bool{"POSTGRES_PASSWORD": true, "S3_SECRET": true}
	for _, o := range allOptions() {
		known[o.key] = true
	}
	assignment := regexp.MustCompile(`^#?([A-Z][A-Z0-9_]*)=`)
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if m := assignment.FindStringSubmatch(lines.Text()); m != nil && !known[m[1]] {
			t.Errorf("%s is no option", m[1])
		}
	}
}

// The unit is one that systemd takes, and gives the program the time to drain.
func TestSystemdUnit(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(deployDir, "avatarforge.service"))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^TimeoutStopSec=(\d+)$`).FindSubmatch(text)
	if m == nil {
		t.Fatal("it does not say how long a stop may take")
	}
	var cfg Config
	if cfg, _, err = loadConfig(nil, nil); err != nil {
		t.Fatal(err)
	}
	if stop, err := time.ParseDuration(string(m[1]) + "s"); err != nil || stop < cfg.Server.DrainTimeout+10*time.Second {
		t.Errorf("it is killed after %v, though it may drain for %v", stop, cfg.Server.DrainTimeout)
	}
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd is not here to look at it")
	}
	unit := filepath.Join(t.TempDir(), "avatarforge.service")
	here := strings.ReplaceAll(string(text), "/usr/local/bin/avatarforge", os.Args[0]) // it has to exist
	if err := os.WriteFile(unit, []byte(here), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), analyze, "verify", unit).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v: %s", err, out)
	}
}
