package loadtest

import (
	"strings"
	"testing"
)

func TestLimits(t *testing.T) {
	f := &Figures{
		Turns:    Turns{Asked: 100, Whole: 90, Interrupted: 5, Broken: 5},
		Waits:    map[Measure]Wait{FirstAudio: {Count: 95, P50: 300, P95: 800, Max: 2500}},
		Stutters: Stutters{Count: 3, Seconds: 1.5, Share: 0.02},
		Fairness: 0.98, Faults: map[Fault]int{FaultLost: 2, FaultTimeout: 3},
		Server: &Usage{Cores: 0.5, PerSessionMinute: 12, MemoryPeak: 2e8},
	}
	for _, tt := range []struct {
		limit string
		kept  bool
	}{
		{"first_audio.p95<800ms", true}, {"first_audio.p95<799", false}, {"first_audio.max<2.5s", true}, {"first_audio.max < 2s", false},
		{"first_audio.count>95", true}, {"first_token.p50<1000", false}, // there was none
		{"errors<5", true}, {"errors<4", false}, {"broken<=5", true}, {"whole_share>=94%", true}, {"whole_share>95%", false},
		{"stutters<3", true}, {"stutter_seconds<1s", false}, {"stutter_share<2%", true}, {"stutter_share<0.01", false},
		{"fairness>0.95", true}, {"cores<0.55", true}, {"cpu_ms_per_session_minute<12", true}, {"memory_bytes<100000000", false},
	} {
		l, err := ParseLimit(tt.limit)
		if err != nil {
			t.Errorf("%s: %v", tt.limit, err)
			continue
		}
		if broken := f.Broken([]Limit{l}); (len(broken) == 0) != tt.kept {
			t.Errorf("%s: %q, want kept %v", tt.limit, broken, tt.kept)
		}
		if again, err := ParseLimit(l.String()); err != nil || again != l {
			t.Errorf("%s is written as %s, which is %v, %v", tt.limit, l, again, err)
		}
	}
	for _, bad := range []string{"", "first_audio<800", "first_audio.p96<800", "speed<3", "errors=3", "errors<", "errors<x", "errors<3h"} {
		if l, err := ParseLimit(bad); err == nil {
			t.Errorf("%q was read as %v", bad, l)
		} else if strings.Contains(bad, "speed") && !strings.Contains(err.Error(), "first_audio.p95") {
			t.Errorf("%v does not say what there is", err)
		}
	}
}
