package loadtest

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"avatarforge/tts"
)

// More servers hold more listeners, faster ones too, and in the scheduler's order more than
// first come, first served.
func TestPlan(t *testing.T) {
	ask := PlanConfig{RealTimeFactor: 0.05, FirstChunk: 50 * time.Millisecond, Servers: []int{1, 2}, Listen: tts.Simulation{Length: 10 * time.Minute, Seed: 1}}
	plan := Plan(ask)
	if len(plan) != 2 || plan[0].Listeners < 3 || plan[1].Listeners < plan[0].Listeners*3/2 {
		t.Fatalf("%+v: want more listeners on two servers than on one", plan)
	}
	for _, p := range plan {
		if p.Listeners <= p.FirstComeFirstServed || p.Stutters > 1 || p.FirstAudioP95 > 1500 || p.Busy <= 0.3 || p.Busy > 1 {
			t.Errorf("%+v", p)
		}
	}
	if again := Plan(ask); !slices.Equal(again, plan) {
		t.Errorf("asked again: %+v, before %+v", again, plan)
	}
	ask.RealTimeFactor, ask.FirstChunk, ask.Servers = 0.025, 25*time.Millisecond, []int{1}
	if faster := Plan(ask); faster[0].Listeners < plan[0].Listeners*3/2 {
		t.Errorf("%+v on a server of twice the speed, %+v before", faster[0], plan[0])
	}
	ask.RealTimeFactor = 3
	if slow := Plan(ask); slow[0].Listeners != 0 {
		t.Errorf("%+v: a server slower than speech holds nobody", slow[0])
	}
	var b bytes.Buffer
	if err := WritePlan(&b, plan); err != nil || strings.Count(b.String(), "\n") != 3 {
		t.Errorf("%v, %s", err, &b)
	}
}
