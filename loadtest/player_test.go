package loadtest

import (
	"math"
	"testing"
	"time"
)

// A player is told of sound as it comes, in milliseconds: at, and how much of it.
func TestPlayer(t *testing.T) {
	type sound struct{ at, lasts int }
	for _, tt := range []struct {
		name             string
		buffer           int
		sounds           []sound
		finish           int
		began, until     int
		stutters, silent int
	}{
		{"in time", 100, []sound{{0, 200}, {150, 200}, {300, 200}}, 310, 0, 600, 0, 0},
		{"it waits for its buffer", 300, []sound{{0, 200}, {50, 200}}, 60, 50, 450, 0, 0},
		{"an answer shorter than the buffer", 300, []sound{{0, 200}}, 40, 40, 240, 0, 0},
		{"to the very moment", 0, []sound{{0, 100}, {100, 100}}, 100, 0, 200, 1, 0},
		{"one silence", 0, []sound{{0, 100}, {250, 100}}, 260, 0, 350, 1, 150},
		{"it fills its buffer again", 100, []sound{{0, 100}, {250, 50}, {300, 50}}, 310, 0, 400, 1, 200},
		{"silence behind the end is none", 0, []sound{{0, 100}}, 900, 0, 900, 0, 0},
		{"silence before the beginning is none", 0, []sound{{700, 100}}, 700, 700, 800, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			start := time.Unix(1000, 0)
			ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
			p := player{buffer: ms(tt.buffer)}
			for _, s := range tt.sounds {
				p.push(start.Add(ms(s.at)), ms(s.lasts))
			}
			if got := p.finish(start.Add(ms(tt.finish))).Sub(start); got != ms(tt.until) {
				t.Errorf("heard at %v, want %v ms", got, tt.until)
			}
			if got := p.began.Sub(start); got != ms(tt.began) {
				t.Errorf("it began at %v, want %v ms", got, tt.began)
			}
			if p.stutters != tt.stutters || p.silence != ms(tt.silent) || p.longest > p.silence {
				t.Errorf("%d stutters of %v, the longest %v; want %d of %d ms", p.stutters, p.silence, p.longest, tt.stutters, tt.silent)
			}
		})
	}
}

func TestPlayerStops(t *testing.T) {
	start := time.Unix(1000, 0)
	p := player{buffer: 100 * time.Millisecond}
	p.push(start, 500*time.Millisecond)
	if held := p.held(start.Add(100 * time.Millisecond)); held != 400*time.Millisecond {
		t.Errorf("it holds %v", held)
	}
	if heard := p.stop(start.Add(200 * time.Millisecond)); heard != 200*time.Millisecond {
		t.Errorf("of 500 ms, interrupted after 200, %v were heard", heard)
	}
	if held := p.held(start.Add(200 * time.Millisecond)); held != 0 {
		t.Errorf("an empty player holds %v", held)
	}
}

func TestJain(t *testing.T) {
	for _, tt := range []struct {
		shares []float64
		want   float64
	}{
		{[]float64{1, 1, 1, 1}, 1},
		{[]float64{5, 0, 0, 0}, 0.25},
		{[]float64{1, 3}, 0.8},
		{[]float64{0.2}, 1},
		{[]float64{0, 0}, 1},
		{nil, 1},
	} {
		if got := Jain(tt.shares); math.Abs(got-tt.want) > 1e-12 {
			t.Errorf("Jain(%v) = %v, want %v", tt.shares, got, tt.want)
		}
	}
}
