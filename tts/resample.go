package tts

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"sync"
)

// The filter: flat to 0.9 of the lower rate's Nyquist frequency, fully closed at that
// frequency, so that nothing aliases. Its length follows from the width between the
// two and from the attenuation (Kaiser's formula).
const (
	resamplePass  = 0.9 // of the lower rate's Nyquist frequency
	resampleDecay = 90  // dB in the stop band, by design; the tests hold it to 80
)

// resampleRates are the rates that GPT-SoVITS speaks at and that listeners ask for.
var resampleRates = []int{16000, 22050, 24000, 32000, 44100, 48000}

// Resampler converts 16-bit mono PCM from one rate to another as it arrives: a
// polyphase filter, a sinc under a Kaiser window. What comes out does not depend on how
// the sound is cut into calls, to the sample.
//
// It looks ahead by 60 samples of the lower rate at most (3.8 ms at 16,000 Hz, 2.5 ms
// at 24,000) and makes up for it: the output is as long as the input and not shifted, the
// last samples come with Flush. A Resampler is used by one goroutine.
type Resampler struct {
	filter *polyphase // nil when the rates are equal

	// buf[:have] holds the input that is still needed, in front of it silence at
	// first; start is where the next output's window begins and phase which of the
	// filter's phases it takes.
	buf         []float32
	have        int
	start       int
	phase       int
	read, wrote int64 // samples since the last Flush
}

// NewResampler returns a converter between any two of 16000, 22050, 24000, 32000, 44100
// and 48000 samples per second. The filter of a pair is computed once per process.
func NewResampler(from, to int) (*Resampler, error) {
	for _, rate := range []int{from, to} {
		if !slices.Contains(resampleRates, rate) {
			return nil, fmt.Errorf("resample from %d to %d Hz: rate not among %v", from, to, resampleRates)
		}
	}
	if from == to {
		return &Resampler{}, nil
	}
	f := filterFor(from, to)
	r := &Resampler{filter: f, buf: make([]float32, f.taps+resampleBlock)}
	r.reset()
	return r, nil
}

// resampleBlock is how many input samples are taken at a time: enough that moving the
// window's history down in front of each block costs little.
const resampleBlock = 1024

func (r *Resampler) reset() {
	// The first output's window is centred on the first sample.
	r.have = r.filter.taps/2 - 1
	clear(r.buf[:r.have])
	r.start, r.phase, r.read, r.wrote = 0, 0, 0, 0
}

// Append appends to dst what pcm brings forth, both 16-bit little-endian; half a
// sample at the end of pcm is left out. With equal rates and an empty dst it returns
// pcm itself.
func (r *Resampler) Append(dst, pcm []byte) []byte {
	pcm = pcm[:len(pcm)&^1]
	if r.filter == nil {
		if len(dst) == 0 {
			return pcm
		}
		return append(dst, pcm...)
	}
	r.read += int64(len(pcm) / 2)
	dst = slices.Grow(dst, 2*(r.filter.outputs(int64(len(pcm)/2))+1))
	for len(pcm) > 0 {
		n := min(len(pcm)/2, len(r.buf)-r.have)
		for i := range n {
			r.buf[r.have+i] = float32(int16(binary.LittleEndian.Uint16(pcm[2*i:])))
		}
		r.have += n
		pcm = pcm[2*n:]
		dst = r.produce(dst, math.MaxInt64)
	}
	return dst
}

// Flush appends the sound's last samples to dst and starts afresh. In all there were
// then round(input samples × to / from).
func (r *Resampler) Flush(dst []byte) []byte {
	if r.filter == nil {
		return dst
	}
	total := int64(r.filter.outputs(r.read))
	for r.wrote < total {
		n := len(r.buf) - r.have
		clear(r.buf[r.have:])
		r.have += n
		dst = r.produce(dst, total)
	}
	r.reset()
	return dst
}

// produce appends the outputs whose windows are complete, up to the limit-th, and
// drops the input that no later window needs.
func (r *Resampler) produce(dst []byte, limit int64) []byte {
	f := r.filter
	start, phase := r.start, r.phase
	// Positions in units of one phase, of which each output is down behind the last.
	left := (r.have-f.taps+1)*f.phases - (start*f.phases + phase)
	n := int(min(int64(max(left+f.down-1, 0)/f.down), limit-r.wrote))
	r.wrote += int64(n)
	at := len(dst)
	dst = slices.Grow(dst, 2*n)[:at+2*n]
	for out := dst[at:]; len(out) >= 2; out = out[2:] {
		v := dot(f.coeffs[phase*f.taps:(phase+1)*f.taps], r.buf[start:start+f.taps])
		binary.LittleEndian.PutUint16(out, uint16(toInt16(v)))
		start += f.step
		if phase += f.phaseStep; phase >= f.phases {
			phase -= f.phases
			start++
		}
	}
	// A window may begin behind the input that there is when the step is large.
	drop := min(start, r.have)
	r.have = copy(r.buf, r.buf[drop:r.have])
	r.start, r.phase = start-drop, phase
	return dst
}

// toInt16 rounds to the nearest, halves away from zero, and saturates. Sound changes its sign too
// often for a branch on it.
func toInt16(v float32) int16 {
	const half, sign = 0x3F000000, 1 << 31 // 0.5, and where a float32 has its sign
	v += math.Float32frombits(half | math.Float32bits(v)&sign)
	return int16(min(max(int32(v), math.MinInt16), math.MaxInt16))
}

// polyphase is the filter of one ratio. Immutable.
type polyphase struct {
	// phases/down is the ratio to/from in lowest terms; output n lies at input
	// position n × down / phases.
	phases, down int
	// step and phaseStep are down / phases and down % phases.
	step, phaseStep int
	// taps is the window's length in input samples, a multiple of 8.
	taps int
	// coeffs has taps coefficients for each phase.
	coeffs []float32
}

// outputs is how many samples n input samples become.
func (f *polyphase) outputs(n int64) int {
	return int((2*n*int64(f.phases) + int64(f.down)) / (2 * int64(f.down)))
}

// filters holds a func() *polyphase for each [2]int{from, to} asked for so far.
var filters sync.Map

func filterFor(from, to int) *polyphase {
	build, _ := filters.LoadOrStore([2]int{from, to}, sync.OnceValue(func() *polyphase {
		return newPolyphase(from, to)
	}))
	return build.(func() *polyphase)()
}

func newPolyphase(from, to int) *polyphase {
	g := gcd(from, to)
	f := &polyphase{phases: to / g, down: from / g}
	f.step, f.phaseStep = f.down/f.phases, f.down%f.phases

	// All in cycles per input sample.
	nyquist := 0.5 * math.Min(1, float64(to)/float64(from))
	cutoff := nyquist * (1 + resamplePass) / 2
	width := nyquist * (1 - resamplePass)
	beta := 0.1102 * (resampleDecay - 8.7)
	f.taps = int(math.Ceil((resampleDecay-8)/(2.285*2*math.Pi*width)/8)) * 8

	half := float64(f.taps / 2)
	f.coeffs = make([]float32, f.phases*f.taps)
	row := make([]float64, f.taps)
	for phase := range f.phases {
		sum := 0.0
		for k := range row {
			// From the output's position to the k-th sample of its window.
			t := float64(k-(f.taps/2-1)) - float64(phase)/float64(f.phases)
			row[k] = 2 * cutoff * sinc(2*cutoff*t) * kaiser(t/half, beta)
			sum += row[k]
		}
		for k, c := range row {
			// Every phase passes a constant unchanged: no hum at the phases' rhythm.
			f.coeffs[phase*f.taps+k] = float32(c / sum)
		}
	}
	return f
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// kaiser is the window at x, from -1 to 1.
func kaiser(x, beta float64) float64 {
	if x <= -1 || x >= 1 {
		return 0
	}
	return bessel0(beta*math.Sqrt(1-x*x)) / bessel0(beta)
}

// bessel0 is the modified Bessel function of the first kind, order 0, by its series.
func bessel0(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > sum*1e-17; k++ {
		term *= (x / (2 * k)) * (x / (2 * k))
		sum += term
	}
	return sum
}
