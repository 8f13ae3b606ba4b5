package voice

import (
	"hash/fnv"
	"math"
	"strings"
)

// timbre is what makes a voice that voice.
type timbre struct {
	pitch  float64 // Hz, where a sentence starts
	tract  float64 // scales the formants: above 1 for a shorter vocal tract
	open   float64 // part of a glottal period in which the folds are open
	breath float64 // noise in the voice, relative to it
	tempo  float64
	lively float64 // scales the melody

	female bool
	choice uint64 // bits for further choices
}

// register is a range of pitch.
type register struct {
	low, high float64
	female    bool
}

var (
	lowVoices  = register{95, 150, false}
	highVoices = register{175, 250, true}
	childVoice = register{240, 300, true}

	// hints are words in a reference's path that tell what the voice is like, in the
	// order in which they count: "female" holds "male".
	hints = []struct {
		register register
		words    []string
	}{
		{childVoice, []string{"child", "kid", "아이", "어린이", "子供"}},
		{highVoices, []string{"female", "woman", "girl", "lady", "여성", "여자", "소녀", "女"}},
		{lowVoices, []string{"male", "man", "boy", "남성", "남자", "소년", "男"}},
	}
)

// timbreOf makes a timbre out of the path of a reference. Pitch and vocal tract go
// together, loosely, as they do in people.
func timbreOf(reference string) timbre {
	h := fnv.New64a()
	_, _ = h.Write([]byte(reference))
	bits := scramble(h.Sum64())
	part := func(shift uint) float64 { return float64(bits>>shift&0xFFF) / 0xFFF }

	reg := highVoices
	if bits&1 == 0 {
		reg = lowVoices
	}
	low := strings.ToLower(reference)
search:
	for _, hint := range hints {
		for _, w := range hint.words {
			if strings.Contains(low, w) {
				reg = hint.register
				break search
			}
		}
	}
	pitch := reg.low * math.Pow(reg.high/reg.low, part(1))
	return timbre{
		pitch:  pitch,
		tract:  0.92 + 0.2*math.Log(pitch/95)/math.Log(300.0/95) + 0.06*(part(13)-0.5),
		open:   0.5 + 0.2*part(25),
		breath: 0.02 + 0.05*part(37),
		tempo:  0.94 + 0.12*part(49),
		lively: 0.8 + 0.5*part(19),
		female: reg.female,
		choice: bits >> 7,
	}
}

// scramble spreads a hash over all bits: FNV leaves the high ones alike for texts
// that differ in the last letter (the finaliser of splitmix64).
func scramble(x uint64) uint64 {
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}
