package tts

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// eachPair runs f for every pair of different rates.
func eachPair(t *testing.T, f func(t *testing.T, from, to int)) {
	for _, from := range resampleRates {
		for _, to := range resampleRates {
			if from != to {
				t.Run(fmt.Sprintf("%d to %d", from, to), func(t *testing.T) { f(t, from, to) })
			}
		}
	}
}

func sinePCM(amplitude, freq float64, rate, n int) []byte {
	pcm := make([]byte, 0, 2*n)
	for i := range n {
		v := math.Round(amplitude * math.Sin(2*math.Pi*freq*float64(i)/float64(rate)))
		pcm = binary.LittleEndian.AppendUint16(pcm, uint16(int16(v)))
	}
	return pcm
}

func resampleWhole(t *testing.T, from, to int, pcm []byte) []byte {
	t.Helper()
	r, err := NewResampler(from, to)
	if err != nil {
		t.Fatalf("new resampler: %v", err)
	}
	return r.Flush(r.Append(nil, pcm))
}

// fitSine finds the sine of the given frequency in the middle of pcm, where the edges
// have no influence: its amplitude, its phase, and the amplitude of all the rest taken
// as one sine.
func fitSine(pcm []byte, freq float64, rate int) (amplitude, phase, rest float64) {
	n := len(pcm) / 2
	lo, hi := n/4, n-n/4
	// Least squares for a·sin + b·cos: over an arbitrary stretch the two are not quite
	// orthogonal.
	var ss, sc, cc, ys, yc float64
	for i := lo; i < hi; i++ {
		s, c := math.Sincos(2 * math.Pi * freq * float64(i) / float64(rate))
		y := float64(int16(binary.LittleEndian.Uint16(pcm[2*i:])))
		ss, sc, cc, ys, yc = ss+s*s, sc+s*c, cc+c*c, ys+y*s, yc+y*c
	}
	det := ss*cc - sc*sc
	a, b := (ys*cc-yc*sc)/det, (yc*ss-ys*sc)/det
	var power float64
	for i := lo; i < hi; i++ {
		s, c := math.Sincos(2 * math.Pi * freq * float64(i) / float64(rate))
		d := float64(int16(binary.LittleEndian.Uint16(pcm[2*i:]))) - a*s - b*c
		power += d * d
	}
	return math.Hypot(a, b), math.Atan2(b, a), math.Sqrt(2 * power / float64(hi-lo))
}

func decibels(ratio float64) float64 { return 20 * math.Log10(ratio) }

func TestResamplerPassBand(t *testing.T) {
	const amplitude = 30000
	eachPair(t, func(t *testing.T, from, to int) {
		nyquist := float64(min(from, to)) / 2
		worstGain, worstRest := 0.0, math.Inf(-1)
		for part := 0.02; part <= 0.9001; part += 0.04 {
			freq := part * nyquist
			out := resampleWhole(t, from, to, sinePCM(amplitude, freq, from, from/5))
			a, phase, rest := fitSine(out, freq, to)
			worstGain = math.Max(worstGain, math.Abs(decibels(a/amplitude)))
			worstRest = math.Max(worstRest, decibels(rest/amplitude))
			if math.Abs(phase) > 0.01 {
				t.Errorf("%.0f Hz comes out %.4f rad late: sound would drift from its text", freq, phase)
			}
		}
		if worstGain > 0.1 {
			t.Errorf("loudness changes by %.3f dB below 0.9 of the Nyquist frequency, want 0.1 at most", worstGain)
		}
		if worstRest > -80 {
			t.Errorf("images and noise at %.1f dB, want -80 at most", worstRest)
		}
		t.Logf("ripple %.4f dB, all else %.1f dB", worstGain, worstRest)
	})
}

func TestResamplerStopBand(t *testing.T) {
	const amplitude = 30000
	eachPair(t, func(t *testing.T, from, to int) {
		if from < to {
			t.Skip("nothing above the new Nyquist frequency to begin with; images are the pass band's test")
		}
		worst := math.Inf(-1)
		for freq := float64(to) / 2; freq < float64(from)/2; freq += float64(from-to) / 2 / 25 {
			out := resampleWhole(t, from, to, sinePCM(amplitude, freq, from, from/5))
			var power float64
			n := len(out) / 2
			for i := n / 4; i < n-n/4; i++ {
				v := float64(int16(binary.LittleEndian.Uint16(out[2*i:])))
				power += v * v
			}
			worst = math.Max(worst, decibels(math.Sqrt(2*power/float64(n-2*(n/4)))/amplitude))
		}
		if worst > -80 {
			t.Errorf("a tone above the new Nyquist frequency is heard at %.1f dB, want -80 at most", worst)
		}
		t.Logf("stop band %.1f dB", worst)
	})
}

func TestResamplerChunksChangeNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		from := rapid.SampledFrom(resampleRates).Draw(rt, "from")
		to := rapid.SampledFrom(resampleRates).Draw(rt, "to")
		noise := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
		pcm := make([]byte, 2*rapid.IntRange(0, 6000).Draw(rt, "samples"))
		for i := range pcm {
			pcm[i] = byte(noise.Uint32())
		}
		r, err := NewResampler(from, to)
		if err != nil {
			rt.Fatal(err)
		}
		whole := r.Flush(append([]byte(nil), r.Append(nil, pcm)...))

		wantSamples := int(math.Floor(float64(len(pcm)/2)*float64(to)/float64(from) + 0.5))
		if len(whole) != 2*wantSamples {
			rt.Fatalf("%d samples became %d, want %d", len(pcm)/2, len(whole)/2, wantSamples)
		}
		// The same resampler again: Flush must have left nothing behind.
		cut := []byte{}
		for rest := pcm; len(rest) > 0; {
			n := 2 * rapid.IntRange(1, 1500).Draw(rt, "piece")
			n = min(n, len(rest))
			cut = append(cut, r.Append(nil, rest[:n])...)
			rest = rest[n:]
		}
		cut = r.Flush(cut)
		if !bytes.Equal(cut, whole) {
			rt.Fatalf("in pieces: %d samples, as a whole: %d; or they differ", len(cut)/2, len(whole)/2)
		}
	})
}

func TestResamplerLookAhead(t *testing.T) {
	eachPair(t, func(t *testing.T, from, to int) {
		r, err := NewResampler(from, to)
		if err != nil {
			t.Fatal(err)
		}
		out := r.Append(nil, make([]byte, 2*from/10)) // 100 ms
		missing := float64(to)/10 - float64(len(out)/2)
		if limit := 61 * math.Max(1, float64(to)/float64(from)); missing > limit {
			t.Errorf("%.0f of the samples are held back, want %.0f at most", missing, limit)
		}
	})
}

func TestResamplerSaturates(t *testing.T) {
	// A full-scale square wave overshoots once its harmonics are cut off. Wrapping
	// around instead would be a loud crackle.
	pcm := make([]byte, 0, 9600)
	for i := range 4800 {
		v := int16(math.MaxInt16)
		if i/40%2 == 1 {
			v = math.MinInt16
		}
		pcm = binary.LittleEndian.AppendUint16(pcm, uint16(v))
	}
	out := resampleWhole(t, 48000, 24000, pcm)
	clipped := 0
	for i := range len(out) / 2 {
		v := int16(binary.LittleEndian.Uint16(out[2*i:]))
		if v == math.MaxInt16 || v == math.MinInt16 {
			clipped++
		}
		// Away from the edges of the square the sign is the input's.
		if pos := i % 20; pos >= 5 && pos < 15 && (v < 0) != (i/20%2 == 1) {
			t.Fatalf("sample %d is %d: it has wrapped around", i, v)
		}
	}
	if clipped == 0 {
		t.Fatal("no sample was clipped: this test proves nothing")
	}
}

func TestResamplerEqualRates(t *testing.T) {
	r, err := NewResampler(24000, 24000)
	if err != nil {
		t.Fatal(err)
	}
	pcm := []byte{1, 2, 3, 4}
	if got := r.Append(nil, pcm); &got[0] != &pcm[0] || len(got) != 4 {
		t.Errorf("got a copy, or %v; want pcm itself", got)
	}
	if got := r.Flush(r.Append([]byte{9, 9}, pcm)); !bytes.Equal(got, []byte{9, 9, 1, 2, 3, 4}) {
		t.Errorf("appended to a filled slice: %v", got)
	}
}

func TestResamplerRefusesOtherRates(t *testing.T) {
	for _, pair := range [][2]int{{0, 24000}, {24000, 0}, {8000, 24000}, {24000, -1}} {
		if _, err := NewResampler(pair[0], pair[1]); err == nil {
			t.Errorf("a resampler from %d to %d Hz was made", pair[0], pair[1])
		}
	}
}

func TestResamplerDoesNotAllocatePerChunk(t *testing.T) {
	r, err := NewResampler(32000, 24000)
	if err != nil {
		t.Fatal(err)
	}
	pcm := make([]byte, 1280)
	var out []byte
	if n := testing.AllocsPerRun(100, func() { out = r.Append(out[:0], pcm) }); n != 0 {
		t.Errorf("%v allocations per chunk, want none", n)
	}
}

func TestRounding(t *testing.T) {
	for v, want := range map[float32]int16{
		0: 0, 0.4: 0, 0.5: 1, -0.4: 0, -0.5: -1, 1.49: 1, -1.51: -2, 32766.6: math.MaxInt16, 32767.5: math.MaxInt16, 1e6: math.MaxInt16,
		-32767.6: math.MinInt16, -32769: math.MinInt16, -1e6: math.MinInt16,
	} {
		if got := toInt16(v); got != want {
			t.Errorf("%v is rounded to %d, want %d", v, got, want)
		}
	}
}

func TestDotIsTheSumOfProducts(t *testing.T) {
	for n := 0; n <= 400; n += 8 {
		a, b := make([]float32, n+1)[1:], make([]float32, n) // a is not 16-byte aligned
		want := 0.0
		for i := range n {
			a[i], b[i] = rand.Float32()-0.5, rand.Float32()-0.5
			want += float64(a[i]) * float64(b[i])
		}
		for name, dot := range dots() {
			got := dot(a, b)
			if math.Abs(float64(got)-want) > 1e-4 {
				t.Errorf("%s of %d values is %v, want %v", name, n, got, want)
			}
		}
	}
}
