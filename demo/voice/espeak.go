package voice

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"
	"unicode"

	"avatarforge/tts"
)

const (
	// espeakTimeout is how long the program may take. It works at some hundred times
	// real time, so only a machine in trouble gets there.
	espeakTimeout = 10 * time.Second
	// espeakMost bounds what it may answer: two minutes at 22,050 Hz.
	espeakMost = 22050 * 2 * 120
	// espeakPace is the words per minute of a voice with tempo 1, somewhat calmer
	// than the program's own 175.
	espeakPace = 160
)

// espeak runs the program espeak-ng, once per utterance.
type espeak struct {
	path string
	// running bounds the processes at once to the processors.
	running chan struct{}
}

func newEspeak(path string) *espeak {
	return &espeak{path: path, running: make(chan struct{}, runtime.NumCPU())}
}

// The variants that come with every installation.
var (
	femaleVariants = []string{"f1", "f2", "f3", "f4", "f5"}
	maleVariants   = []string{"m1", "m2", "m3", "m4", "m7"}
)

// espeakVoices maps languages to the program's voices. Its plain "cmn" of release 1.51
// spells the pinyin out in English, tone digits included.
var espeakVoices = map[string]string{"ko": "ko", "ja": "ja", "en": "en", "zh": "cmn-latn-pinyin", "yue": "yue"}

// arguments are the program's for an utterance. The text is not among them: it goes
// through standard input, where nothing in it can be taken for an option.
func arguments(u Utterance, t timbre) []string {
	voice, ok := espeakVoices[baseLanguage(u.Lang, u.Text)]
	if !ok {
		voice = "en"
	}
	variants, pitch := maleVariants, 38.0
	if t.female {
		variants, pitch = femaleVariants, 52
	}
	// Two voices with the same variant still differ in pitch and pace.
	pitch += 24 * (float64(t.choice&0xFF)/0xFF - 0.5)
	return []string{
		"-v", voice + "+" + variants[t.choice>>8%uint64(len(variants))],
		"-p", strconv.Itoa(int(pitch)),
		"-s", strconv.Itoa(int(math.Round(espeakPace * t.tempo * u.pace()))),
		"-b", "1", // UTF-8
		"-z", // no pause at the end
		"--stdin", "--stdout",
	}
}

// reads reports whether the program can read a text. Its Japanese has no kanji: it
// would say "Chinese letter", in English, for each.
func (e *espeak) reads(u Utterance) bool {
	return baseLanguage(u.Lang, u.Text) != "ja" || !strings.ContainsFunc(u.Text, func(r rune) bool { return unicode.Is(unicode.Han, r) })
}

// say runs the program and returns its sound at the wanted rate.
func (e *espeak) say(ctx context.Context, u Utterance) ([]int16, error) {
	select {
	case e.running <- struct{}{}:
		defer func() { <-e.running }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	ctx, cancel := context.WithTimeout(ctx, espeakTimeout)
	defer cancel()

	//nolint:gosec // G204: the arguments are ours, the text goes to its standard input
	cmd := exec.CommandContext(ctx, e.path, arguments(u, timbreOf(u.Voice))...)
	// "[[" would begin a list of phonemes.
	cmd.Stdin = strings.NewReader(strings.ReplaceAll(u.Text, "[[", "["))
	wav := &boundedBuffer{most: espeakMost}
	cmd.Stdout = wav
	complaint := &boundedBuffer{most: 4 << 10}
	cmd.Stderr = complaint
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("run %s: %w: %s", e.path, err, bytes.TrimSpace(complaint.kept.Bytes()))
	}
	return decode(wav.kept.Bytes(), u.Rate)
}

// decode makes samples at the wanted rate of a WAV whose sizes cannot be trusted: the
// program does not know them when it writes the header.
func decode(wav []byte, rate int) ([]int16, error) {
	var d tts.WAVDecoder
	pcm, err := d.Append(nil, wav)
	if err != nil {
		return nil, fmt.Errorf("read the speech program's sound: %w", err)
	}
	if d.Rate() == 0 || len(pcm) == 0 {
		return nil, nil // it had nothing to say
	}
	r, err := tts.NewResampler(d.Rate(), rate)
	if err != nil {
		return nil, err
	}
	pcm = r.Flush(r.Append(nil, pcm))
	sound := make([]int16, len(pcm)/2)
	for i := range sound {
		sound[i] = int16(binary.LittleEndian.Uint16(pcm[2*i:]))
	}
	limit(sound)
	return sound, nil
}

var errTooMuch = errors.New("more output than expected")

// boundedBuffer refuses what is beyond its bound, which ends the program that writes.
// The buffer is not embedded: its ReadFrom would go past Write.
type boundedBuffer struct {
	kept bytes.Buffer
	most int
}

func (b *boundedBuffer) Write(p []byte) (int, error) {
	if b.kept.Len()+len(p) > b.most {
		return 0, errTooMuch
	}
	return b.kept.Write(p)
}
