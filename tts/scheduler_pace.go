package tts

import (
	"time"
	"unicode/utf8"
)

// synthesisPace is how long a synthesis occupies a server, per unit of leastSpeech. It is
// learnt from each synthesis that completes.
type synthesisPace struct {
	ratio float64
	seen  int // syntheses, up to paceMemory
}

// startPace is on the slow side: a Korean sentence on a server that synthesises at three
// times real time.
var startPace = synthesisPace{ratio: 0.5}

// paceMemory is what part of the pace a synthesis makes up, once as many have been seen: a
// server that has grown slow is noticed within some ten sentences.
const paceMemory = 8

func (p *synthesisPace) cost(length time.Duration) time.Duration {
	return time.Duration(p.ratio * float64(length))
}

// learn corrects the pace by a synthesis. The first ones say more than nothing being known.
func (p *synthesisPace) learn(length, took time.Duration) {
	if length <= 0 {
		return
	}
	p.seen = min(p.seen+1, paceMemory)
	p.ratio += (float64(took)/float64(length) - p.ratio) / float64(p.seen)
}

// leastSpeech returns a time that text takes to be spoken at the least: 100 ms for a
// Hangul syllable, kana or Han character, 45 ms for any other, two thirds of what
// unhurried speakers take (6.5 syllables or 15 letters a second).
func leastSpeech(text string) time.Duration {
	const hangulJamo = 0x1100 // East Asian scripts begin here
	var d time.Duration
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		i += n
		if r >= hangulJamo {
			d += 100 * time.Millisecond
		} else {
			d += 45 * time.Millisecond
		}
	}
	return d
}
