package voice

import (
	"hash/fnv"
	"math"
)

// syllablesPerSecond is the pace of a voice with tempo 1.
const syllablesPerSecond = 6

// formants are a vowel's first three resonances in Hz, for a tract of scale 1: the
// usual figures for an adult male voice.
var formants = [...][3]float64{
	vowelNone: {500, 1500, 2500},
	vowelA:    {780, 1250, 2500},
	vowelEo:   {600, 980, 2500},
	vowelO:    {430, 820, 2450},
	vowelU:    {340, 850, 2400},
	vowelEu:   {380, 1400, 2400},
	vowelI:    {290, 2250, 2950},
	vowelE:    {520, 1850, 2500},
}

// segment is a stretch of sound with constant targets. The synthesis glides from one
// to the next, which is what makes it sound connected.
type segment struct {
	seconds float64
	voice   float64 // amplitude of the voice, 0 to 1
	breath  float64 // of noise through the vocal tract
	hiss    float64 // of noise past it
	hissAt  float64 // Hz
	formant [3]float64
	pitch   float64 // Hz
}

// Tone speaks an utterance in syllables without words. It depends on nothing but its
// argument: the same utterance is the same sound. There is none for a text without
// letters.
func Tone(u Utterance) []int16 {
	u = u.bounded()
	list := syllables(u.Text, u.Lang)
	if len(list) == 0 {
		return nil
	}
	t := timbreOf(u.Voice)
	h := fnv.New64a()
	_, _ = h.Write([]byte(u.Text))
	s := newSynth(u.Rate, t, h.Sum64())
	return s.render(score(list, t, u.pace()))
}

// score turns syllables into segments: rhythm and melody.
func score(list []syllable, t timbre, speed float64) []segment {
	segments := []segment{{seconds: 0.01, formant: formants[list[0].vowel], pitch: t.pitch}}
	beat := 1 / (syllablesPerSecond * t.tempo * speed)
	start := 0
	for start < len(list) {
		end := start
		for end < len(list)-1 && list[end].end == 0 {
			end++
		}
		sentence := list[start : end+1]
		for i, syl := range sentence {
			last := i == len(sentence)-1
			d := beat
			if syl.long {
				d *= 1.4
			}
			if last || syl.after > 0 {
				d *= 1.25 // the last syllable of a phrase is drawn out
			}
			from := len(segments)
			segments = speakSyllable(segments, syl, d)
			melody(segments[from:], sentence, i, t)
			if syl.after > 0 {
				segments = append(segments, segment{seconds: syl.after / speed, formant: formants[syl.vowel], pitch: segments[len(segments)-1].pitch})
			}
		}
		start = end + 1
	}
	// Time for the resonances to die away.
	tail := segments[len(segments)-1]
	return append(segments, segment{seconds: 0.06, formant: tail.formant, pitch: tail.pitch})
}

// melody sets the pitch of a syllable's segments: it declines over the sentence,
// rises on a word's second syllable, falls at a statement's end and rises at a
// question's.
func melody(segments []segment, sentence []syllable, i int, t timbre) {
	progress := 0.0
	if len(sentence) > 1 {
		progress = float64(i) / float64(len(sentence)-1)
	}
	move := 0.04 - 0.20*progress // in parts of the pitch
	if i > 0 && sentence[i-1].first && !sentence[i].first {
		move += 0.06
	}
	end := sentence[len(sentence)-1].end
	if end == '!' {
		move += 0.08 * (1 - progress)
	}
	for k := range segments {
		m := move
		if i == len(sentence)-1 {
			within := float64(k+1) / float64(len(segments))
			switch end {
			case '?':
				m += 0.15 + 0.45*within
			default:
				m -= 0.10 * within
			}
		}
		segments[k].pitch = t.pitch * math.Exp2(m*t.lively)
	}
}

// speakSyllable appends a syllable of d seconds.
func speakSyllable(out []segment, syl syllable, d float64) []segment {
	target := formants[syl.vowel]
	toward := func(locus float64) [3]float64 { return [3]float64{300, (target[1] + locus) / 2, target[2]} }
	left := d
	add := func(part float64, s segment) {
		s.seconds = part * d
		left -= s.seconds
		out = append(out, s)
	}
	switch c := syl.onset; c.manner {
	case silentOnset:
		add(0.06, segment{voice: 0.55, formant: target})
	case stop:
		add(0.16, segment{voice: 0.04, formant: toward(c.locus)})
		add(0.05, segment{hiss: 0.25, hissAt: c.locus * 1.5, voice: 0.2, formant: toward(c.locus)})
	case aspirated:
		add(0.16, segment{formant: toward(c.locus)})
		add(0.06, segment{hiss: 0.35, hissAt: c.locus * 1.7, formant: toward(c.locus)})
		add(0.16, segment{breath: 0.5, formant: target})
	case tense:
		add(0.26, segment{formant: toward(c.locus)})
		add(0.04, segment{hiss: 0.3, hissAt: c.locus * 1.7, voice: 0.5, formant: toward(c.locus)})
	case fricative:
		add(0.32, segment{hiss: 0.45, hissAt: c.locus, formant: toward(atTeeth)})
	case breathy:
		add(0.26, segment{breath: 0.6, voice: 0.15, formant: target})
	case affricate:
		add(0.14, segment{formant: toward(atPalate)})
		add(0.18, segment{hiss: 0.4, hissAt: c.locus, formant: toward(atPalate)})
	case nasal:
		add(0.26, segment{voice: 0.4, formant: [3]float64{260, c.locus * 0.7, 2400}})
	case liquid:
		add(0.16, segment{voice: 0.5, formant: [3]float64{360, 1300, 2500}})
	}
	if syl.glide != vowelNone {
		add(0.12, segment{voice: 0.8, formant: formants[syl.glide]})
	}
	coda := segment{seconds: -1}
	switch c := syl.coda; c.manner {
	case nasal:
		coda = segment{seconds: 0.26 * d, voice: 0.4, formant: [3]float64{270, c.locus * 0.7, 2400}}
	case liquid:
		coda = segment{seconds: 0.2 * d, voice: 0.5, formant: [3]float64{360, 1300, 2500}}
	case fricative:
		coda = segment{seconds: 0.22 * d, hiss: 0.3, hissAt: c.locus, formant: target}
	case stop:
		coda = segment{seconds: 0.16 * d, formant: toward(c.locus)}
	}
	if coda.seconds > 0 {
		left -= coda.seconds
	}
	// The vowel itself, softer at its end: a beat that can be felt.
	out = append(out,
		segment{seconds: left * 0.7, voice: 1, formant: target},
		segment{seconds: left * 0.3, voice: 0.6, formant: target})
	if coda.seconds > 0 {
		out = append(out, coda)
	}
	return out
}

// resonator is a two-pole filter with unit gain at 0 Hz: y = a·x + b·y₁ + c·y₂.
type resonator struct {
	a, b, c float64
	y1, y2  float64
	decay   float64 // exp(-π·bandwidth/rate)
}

func newResonator(bandwidth, rate float64) resonator {
	return resonator{decay: math.Exp(-math.Pi * bandwidth / rate)}
}

func (r *resonator) tune(hz, rate float64) {
	r.c = -r.decay * r.decay
	r.b = 2 * r.decay * math.Cos(2*math.Pi*min(hz/rate, 0.48))
	r.a = 1 - r.b - r.c
}

func (r *resonator) step(x float64) float64 {
	y := r.a*x + r.b*r.y1 + r.c*r.y2
	r.y2, r.y1 = r.y1, y
	return y
}

// bandwidths of the three formants and of a fixed fourth, in Hz.
var bandwidths = [4]float64{80, 100, 140, 260}

const (
	fourthFormant = 3500.0 // Hz, for a tract of scale 1
	hissBandwidth = 1400.0
	frameSeconds  = 0.002 // how often the filters are tuned

	// How fast the targets are approached, as time constants in seconds. The
	// amplitudes' are what keeps clicks away.
	formantGlide = 0.016
	pitchGlide   = 0.030
	voiceGlide   = 0.006
	hissGlide    = 0.003
)

// synth is a source-filter synthesiser: a glottal pulse train and noise through
// resonators in series, and hiss beside them.
type synth struct {
	rate    float64
	timbre  timbre
	noise   uint64 // xorshift state
	phase   float64
	tilt    float64 // state of the low-pass that softens the pulses
	formant [3]float64
	pitch   float64
	tract   [4]resonator
	hiss    resonator

	voiceNow, breathNow, hissNow float64
}

func newSynth(rate int, t timbre, seed uint64) *synth {
	s := &synth{rate: float64(rate), timbre: t, noise: scramble(seed) | 1}
	for i, bw := range bandwidths {
		s.tract[i] = newResonator(bw, s.rate)
	}
	s.tract[3].tune(fourthFormant*t.tract, s.rate)
	s.hiss = newResonator(hissBandwidth, s.rate)
	return s
}

// render makes the sound of a score.
func (s *synth) render(score []segment) []int16 {
	total := 0.0
	for _, seg := range score {
		total += seg.seconds
	}
	sound := make([]float32, 0, int(total*s.rate)+1)
	s.formant, s.pitch = score[0].formant, score[0].pitch
	clock := 0.0
	for _, seg := range score {
		// Ends are rounded, not lengths, so that roundings do not add up.
		clock += seg.seconds
		for end := int(math.Round(clock * s.rate)); len(sound) < end; {
			frame := min(int(frameSeconds*s.rate), end-len(sound))
			sound = s.frame(sound, seg, frame)
		}
	}
	return toPCM(sound)
}

// frame appends n samples on the way to a segment's targets.
func (s *synth) frame(sound []float32, seg segment, n int) []float32 {
	elapsed := float64(n) / s.rate
	near := 1 - math.Exp(-elapsed/formantGlide)
	for i := range s.formant {
		s.formant[i] += (seg.formant[i] - s.formant[i]) * near
		s.tract[i].tune(s.formant[i]*s.timbre.tract, s.rate)
	}
	s.pitch += (seg.pitch - s.pitch) * (1 - math.Exp(-elapsed/pitchGlide))
	if seg.hiss > 0 {
		s.hiss.tune(seg.hissAt, s.rate)
	}
	step := s.pitch / s.rate
	voiceStep, hissStep := 1-math.Exp(-1/(voiceGlide*s.rate)), 1-math.Exp(-1/(hissGlide*s.rate))
	breath := seg.breath
	open := s.timbre.open
	tilt := 1 - math.Exp(-2*math.Pi*2800/s.rate)
	for range n {
		s.voiceNow += (seg.voice - s.voiceNow) * voiceStep
		s.breathNow += (breath - s.breathNow) * voiceStep
		s.hissNow += (seg.hiss - s.hissNow) * hissStep

		if s.phase += step; s.phase >= 1 {
			s.phase--
		}
		// The derivative of the flow u²-u³ while the folds are open: it swings up
		// slowly and falls at once, and has no mean.
		pulse := 0.0
		if u := s.phase / open; u < 1 {
			pulse = u * (2 - 3*u)
		}
		s.noise ^= s.noise << 13
		s.noise ^= s.noise >> 7
		s.noise ^= s.noise << 17
		noise := float64(int32(s.noise)) / (1 << 31)

		s.tilt += (pulse - s.tilt) * tilt
		x := s.voiceNow*(s.tilt+s.timbre.breath*noise) + 0.15*s.breathNow*noise
		for i := range s.tract {
			x = s.tract[i].step(x)
		}
		sound = append(sound, float32(x+s.hissNow*0.25*s.hiss.step(noise)))
	}
	return sound
}

const (
	targetLevel = 0.12 // RMS of the loud parts, about -18 dBFS
	mostPeak    = 0.70 // just below -3 dBFS
)

// toPCM brings the sound to its level: as loud as other
// speech, with its peak below -3 dBFS.
func toPCM(sound []float32) []int16 {
	var sum, peak float64
	loud := 0
	for _, v := range sound {
		x := math.Abs(float64(v))
		peak = max(peak, x)
		if x > 1e-4 {
			sum += x * x
			loud++
		}
	}
	if loud == 0 {
		return make([]int16, len(sound))
	}
	gain := min(targetLevel/math.Sqrt(sum/float64(loud)), mostPeak/peak) * math.MaxInt16
	pcm := make([]int16, len(sound))
	for i, v := range sound {
		pcm[i] = int16(math.Round(float64(v) * gain))
	}
	return pcm
}
