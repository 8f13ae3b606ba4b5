package ttstest

import (
	"context"
	"hash/fnv"
	"math"
	"strings"
	"unicode"
)

// The tones' alphabet: pitches far enough apart to be told from 60 ms of sound.
const (
	pitches     = 48
	lowestPitch = 200 // Hz
	pitchStep   = 25  // Hz
)

// The tones' timing at speed 1.
const (
	syllableSeconds = 0.18
	gapSeconds      = 0.04 // of the syllable's, silent
	rampSeconds     = 0.008
	commaSeconds    = 0.15
)

// Tone is the source of sound that a Config has by default: each syllable is a tone
// whose pitch depends on the syllable alone, so that Pitches tells from the sound which
// text was spoken, in what order, and what is missing. The reference decides the timbre.
func Tone(_ context.Context, s Speech) ([]int16, error) {
	speed := s.SpeedFactor
	if speed <= 0 {
		speed = 1
	}
	samples := func(seconds float64) int { return int(seconds / speed * float64(s.Rate)) }
	overtone := 0.2 + 0.3*float64(hash(s.RefAudioPath+"\x00"+s.SoVITSWeights)%16)/15
	var pcm []int16
	for _, key := range syllables(s.Text) {
		if key == comma {
			pcm = append(pcm, make([]int16, samples(commaSeconds))...)
			continue
		}
		n, ramp := samples(syllableSeconds-gapSeconds), samples(rampSeconds)
		turnSin, turnCos := math.Sincos(2 * math.Pi * float64(lowestPitch+pitchStep*pitchOf(key)) / float64(s.Rate))
		sin, cos := 0.0, 1.0 // of the tone's phase, turned on from sample to sample
		for i := range n {
			loud := 8000 * math.Min(1, math.Min(float64(i+1), float64(n-i))/float64(ramp+1))
			pcm = append(pcm, int16(loud*(sin+overtone*2*sin*cos))) // 2·sin·cos is an octave up
			sin, cos = sin*turnCos+cos*turnSin, cos*turnCos-sin*turnSin
		}
		pcm = append(pcm, make([]int16, samples(gapSeconds))...)
	}
	return pcm, nil
}

// PitchesOf returns the pitches, one for each syllable, that Tone gives to a text.
func PitchesOf(text string) []int {
	var found []int
	for _, key := range syllables(text) {
		if key != comma {
			found = append(found, pitchOf(key))
		}
	}
	return found
}

// Pitches returns the pitches of the tones in 16-bit mono sound at any rate and any
// speed up to 2. Sound that Tone has not made gives nonsense.
func Pitches(pcm []int16, rate int) []int {
	const quiet = 300 // of a full 8000: what resampling leaves around a tone
	longestGap, shortest := rate/100, rate/25
	var found []int
	start, last := -1, 0
	flush := func() {
		if start >= 0 && last-start >= shortest {
			found = append(found, strongest(pcm[start:last], rate))
		}
		start = -1
	}
	for i, v := range pcm {
		if v > quiet || v < -quiet {
			if start < 0 {
				start = i
			}
			last = i
		} else if start >= 0 && i-last > longestGap {
			flush()
		}
	}
	flush()
	return found
}

// strongest returns the pitch with the most power in pcm, by Goertzel's recursion.
func strongest(pcm []int16, rate int) int {
	best, bestPower := 0, -1.0
	for p := range pitches {
		c := 2 * math.Cos(2*math.Pi*float64(lowestPitch+pitchStep*p)/float64(rate))
		var s1, s2 float64
		for _, v := range pcm {
			s1, s2 = float64(v)+c*s1-s2, s1
		}
		if power := s1*s1 + s2*s2 - c*s1*s2; power > bestPower {
			best, bestPower = p, power
		}
	}
	return best
}

const comma = ","

func pitchOf(key string) int { return int(hash(key) % pitches) }

func hash(s string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(s))
	// FNV's low bits differ little between neighbouring letters.
	v := h.Sum32()
	return v ^ v>>15
}

// syllables returns a key for each syllable of the text, and comma for a pause: a
// Hangul syllable, kana, Han character or digit is one; words in other scripts are cut
// behind their groups of vowels.
func syllables(text string) []string {
	var keys []string
	word := ""
	endWord := func() {
		keys = append(keys, wordSyllables(word)...)
		word = ""
	}
	for _, r := range text {
		switch {
		case unicode.In(r, unicode.Hangul, unicode.Hiragana, unicode.Katakana, unicode.Han) || unicode.IsDigit(r):
			endWord()
			keys = append(keys, string(r))
		case unicode.IsLetter(r):
			word += string(r)
		case strings.ContainsRune(",、，;:", r):
			endWord()
			if len(keys) > 0 {
				keys = append(keys, comma)
			}
		default:
			endWord()
		}
	}
	endWord()
	return keys
}

// wordSyllables cuts a word of letters behind each group of vowels; what remains of
// it belongs to the last syllable.
func wordSyllables(word string) []string {
	var keys []string
	start, inVowels := 0, false
	for i, r := range word {
		vowel := strings.ContainsRune("aeiouyAEIOUY", r)
		if inVowels && !vowel {
			keys = append(keys, word[start:i])
			start = i
		}
		inVowels = vowel
	}
	switch rest := word[start:]; {
	case rest == "":
	case inVowels || len(keys) == 0:
		keys = append(keys, rest)
	default:
		keys[len(keys)-1] += rest
	}
	return keys
}
