package tts

import (
	"testing"
	"time"
)

// The public simulation is of the same queue, so it must tell the same: under load fewer
// stutters than first come, first served, and with little load hardly any waiting.
func TestSimulationOfACrowd(t *testing.T) {
	crowd := Simulation{Listeners: 20, RealTimeFactor: 0.05, FirstChunk: 50 * time.Millisecond, Seed: 1}
	ours := crowd.Run()
	crowd.FirstComeFirstServed = true
	fcfs := crowd.Run()
	t.Logf("busy %.2f: %d stutters of %v; first come, first served %d of %v", ours.Busy, ours.Stutters, ours.Silence, fcfs.Stutters, fcfs.Silence)
	if ours.Stutters >= fcfs.Stutters || ours.Silence >= fcfs.Silence {
		t.Errorf("%d stutters of %v, not fewer than %d of %v", ours.Stutters, ours.Silence, fcfs.Stutters, fcfs.Silence)
	}
	if ours.Replies == 0 || ours.Sentences < ours.Replies || len(ours.FirstAudio) < ours.Replies || len(ours.Heard) != 20 {
		t.Errorf("%d replies, %d sentences, %d first sounds, %d listeners", ours.Replies, ours.Sentences, len(ours.FirstAudio), len(ours.Heard))
	}

	idle := Simulation{Listeners: 1, RealTimeFactor: 0.1, FirstChunk: 100 * time.Millisecond, Seed: 1}.Run()
	// 100 ms, and a tenth of the first 600 ms of sound.
	if idle.Stutters != 0 || idle.FirstAudio[0] != 160*time.Millisecond || idle.FirstAudio[len(idle.FirstAudio)-1] != 160*time.Millisecond {
		t.Errorf("a single listener had %d stutters and waited %v to %v", idle.Stutters, idle.FirstAudio[0], idle.FirstAudio[len(idle.FirstAudio)-1])
	}
}
