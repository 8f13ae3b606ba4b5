package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// metricName is a metric of ours, or of Go's collectors, in an expression.
var metricName = regexp.MustCompile(`\b(avatarforge|process|go)_[a-z0-9_]+`)

// Whatever the dashboard and the alerts ask for, the server has.
func TestDashboardsKnowTheMetrics(t *testing.T) {
	t.Parallel()
	deploy := filepath.Join("..", "..", "deploy")
	read := func(name string) []byte {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(deploy, name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	var dashboard struct {
		UID    string
		Panels []struct {
			Title   string
			GridPos struct{ H, W, X, Y int }
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(read(filepath.Join("grafana", "avatarforge.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	var alerts struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For string
				Annotations      map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(read(filepath.Join("prometheus", "alerts.yaml")), &alerts); err != nil {
		t.Fatal(err)
	}
	asked := map[string]string{} // expressions, by where they stand
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			asked["panel "+p.Title+": "+target.Expr] = target.Expr
		}
	}
	for _, g := range alerts.Groups {
		for _, r := range g.Rules {
			asked["alert "+r.Alert] = r.Expr
			if r.Annotations["summary"] == "" || r.Annotations["action"] == "" || r.For == "" {
				t.Errorf("alert %s does not say what is wrong, what to do, and for how long", r.Alert)
			}
		}
	}
	if len(asked) < 20 {
		t.Fatalf("only %d expressions were found", len(asked))
	}

	// A conversation, so that metrics with labels are there, and a Gemini, which has some of its own.
	p := launch(t, t.TempDir(), "--google-api-key", testKey, "--google-api-endpoint", "http://127.0.0.1:1")
	p.converse(p.dial(nil))
	p.post("/api/ai/generate/story", `{"situation":"밤","opponent_name":"친구","character_persona":"밝다"}`)
	resp, err := http.Get(p.address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	// The help of a metric is there whether or not it has been counted.
	there := map[string]bool{}
	for line := range strings.Lines(string(body)) {
		if fields := strings.Fields(line); len(fields) > 3 && fields[1] == "TYPE" {
			there[fields[2]] = true
			if fields[3] == "histogram" {
				for _, part := range []string{"_bucket", "_count", "_sum"} {
					there[fields[2]+part] = true
				}
			}
		}
	}
	for where, expr := range asked {
		names := metricName.FindAllString(expr, -1)
		for _, name := range names {
			if !there[name] && !uncounted[name] {
				t.Errorf("%s asks for %s, which /metrics does not have", where, name)
			}
		}
		if len(names) == 0 && !strings.HasPrefix(expr, "up{") {
			t.Errorf("%s asks for nothing of ours: %s", where, expr)
		}
	}
}

// uncounted are metrics with labels that a server without trouble does not show. They are held against the source.
var uncounted = map[string]bool{"avatarforge_summaries_total": true, "avatarforge_errors_total": true, "avatarforge_websocket_closes_total": true}

func TestUncountedMetricsExist(t *testing.T) {
	var source strings.Builder
	for _, file := range []string{"session/metrics.go", "server/metrics.go"} {
		data, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(file)))
		if err != nil {
			t.Fatal(err)
		}
		source.Write(data)
	}
	for name := range uncounted {
		if !strings.Contains(source.String(), `"`+name+`"`) {
			t.Errorf("no metric is called %s", name)
		}
	}
}
