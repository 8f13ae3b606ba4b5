package voice

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// program writes a program that stands for espeak-ng.
func program(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "espeak-ng")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

var greeting = Utterance{Text: "안녕하세요?", Lang: "ko", Voice: "a.wav", Rate: testRate}

func TestTheProgramIsGivenUpAfterFailing(t *testing.T) {
	calls := filepath.Join(t.TempDir(), "calls")
	s := New(Config{Program: program(t, "echo x >> "+calls+"; echo broken >&2; exit 1")})
	if s.Name() != "espeak-ng" {
		t.Fatalf("it begins as %s, want the program tried first", s.Name())
	}
	for range failuresInRow + 2 {
		sound, err := s.Say(t.Context(), greeting)
		if err != nil || !slices.Equal(sound, Tone(greeting)) {
			t.Fatalf("a failing program gives %d samples and %v, want the tone voice", len(sound), err)
		}
	}
	log, err := os.ReadFile(calls)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(log), "x"); n != failuresInRow {
		t.Errorf("the program ran %d times, want %d and then no more", n, failuresInRow)
	}
	if s.Name() != "tone" {
		t.Errorf("it still calls itself %s", s.Name())
	}
}

func TestOneFailureIsForgiven(t *testing.T) {
	marker := filepath.Join(t.TempDir(), "failed")
	// It fails the first two times of every three, so never three times in a row.
	s := New(Config{Program: program(t, `n=$(cat `+marker+` 2>/dev/null || echo 0); n=$((n+1)); echo $n > `+marker+`; [ $((n % 3)) = 0 ]`)})
	for range 9 {
		if _, err := s.Say(t.Context(), greeting); err != nil {
			t.Fatal(err)
		}
	}
	if s.Name() != "espeak-ng" {
		t.Error("the program was given up though it never failed three times in a row")
	}
}

func TestAHangingProgramEndsWithTheContext(t *testing.T) {
	started := filepath.Join(t.TempDir(), "started")
	s := New(Config{Program: program(t, "mkfifo "+started+".p; exec cat "+started+".p")})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for { // the fifo is there once the program runs
			if _, err := os.Stat(started + ".p"); err == nil {
				break
			}
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	if _, err := s.Say(ctx, greeting); !errors.Is(err, context.Canceled) {
		t.Errorf("Say returns %v, want the context's error", err)
	}
	if s.Name() != "espeak-ng" {
		t.Error("a listener who left counts as a failure of the program")
	}
}

func TestTheProgramsOutputIsBounded(t *testing.T) {
	var log bytes.Buffer
	s := New(Config{Program: program(t, "exec cat /dev/zero"), Log: slog.New(slog.NewTextHandler(&log, nil))})
	sound, err := s.Say(t.Context(), greeting)
	if err != nil || !slices.Equal(sound, Tone(greeting)) {
		t.Errorf("a flood gives %d samples and %v, want the tone voice", len(sound), err)
	}
	// The writer ends of a broken pipe, and not of the timeout ten seconds later.
	if got := log.String(); !strings.Contains(got, "broken pipe") {
		t.Errorf("the log says %q, want that the pipe broke", got)
	}
}

func TestTheTextIsNoArgument(t *testing.T) {
	args := filepath.Join(t.TempDir(), "args")
	s := New(Config{Program: program(t, `echo "$@" > `+args+`; cat >> `+args)})
	u := greeting
	u.Text = "--path=/etc [[h@l'oU]] 안녕"
	if _, err := s.Say(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(args)
	if err != nil {
		t.Fatal(err)
	}
	line, input, _ := strings.Cut(string(log), "\n")
	if strings.Contains(line, "path") || strings.Contains(line, "안녕") {
		t.Errorf("the text is among the arguments: %s", line)
	}
	if !strings.Contains(input, "안녕") || strings.Contains(input, "[[") {
		t.Errorf("the program reads %q, want the text without the phoneme mark", input)
	}
}

func TestVoicesAndLanguagesBecomeArguments(t *testing.T) {
	of := func(lang, text, reference string) string {
		return strings.Join(arguments(Utterance{Lang: lang, Text: text, Rate: testRate}, timbreOf(reference)), " ")
	}
	for _, c := range []struct{ lang, text, want string }{
		{"ko", "안녕", "-v ko+"}, {"all_ko", "안녕", "-v ko+"}, {"ja", "やあ", "-v ja+"}, {"zh", "你好", "-v cmn-latn-pinyin+"}, {"en", "hi", "-v en+"},
		{"yue", "你好", "-v yue+"}, {"auto", "안녕", "-v ko+"}, {"auto", "やあ", "-v ja+"}, {"auto", "hello", "-v en+"}, {"KO", "안녕", "-v ko+"}, {"xx", "hm", "-v en+"},
	} {
		if got := of(c.lang, c.text, "a.wav"); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s %q becomes %q, want %s…", c.lang, c.text, got, c.want)
		}
	}
	if f := of("ko", "", "my_female.wav"); !strings.Contains(f, "ko+f") {
		t.Errorf("a female reference speaks as %s", f)
	}
	if m := of("ko", "", "my_male.wav"); !strings.Contains(m, "ko+m") {
		t.Errorf("a male reference speaks as %s", m)
	}
	distinct := map[string]bool{}
	for _, reference := range []string{"1.wav", "2.wav", "3.wav", "4.wav", "5.wav", "6.wav", "7.wav", "8.wav", "9.wav"} {
		distinct[of("ko", "", reference)] = true
	}
	if len(distinct) != 9 {
		t.Errorf("nine references make %d voices", len(distinct))
	}
}

func TestTheRealProgram(t *testing.T) {
	if _, err := exec.LookPath("espeak-ng"); err != nil {
		t.Skip("espeak-ng is not installed")
	}
	s := New(Config{})
	for _, rate := range []int{16000, 24000, 32000, 48000} {
		u := Utterance{Text: "안녕하세요, 만나서 반가워요.", Lang: "ko", Voice: "a.wav", Rate: rate}
		sound, err := s.Say(t.Context(), u)
		if err != nil {
			t.Fatal(err)
		}
		if slices.Equal(sound, Tone(u)) {
			t.Fatalf("at %d Hz the tone voice spoke", rate)
		}
		if s := float64(len(sound)) / float64(rate); s < 1 || s > 5 {
			t.Errorf("at %d Hz the greeting takes %.1f s, want some 2.5", rate, s)
		}
		if peak := max(slices.Max(sound), -slices.Min(sound)); peak > loudest || peak < loudest/8 {
			t.Errorf("at %d Hz the peak is %d", rate, peak)
		}
	}
	slow, err := s.Say(t.Context(), Utterance{Text: "안녕하세요, 만나서 반가워요.", Lang: "ko", Voice: "a.wav", Rate: testRate, Speed: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	quick, err := s.Say(t.Context(), Utterance{Text: "안녕하세요, 만나서 반가워요.", Lang: "ko", Voice: "a.wav", Rate: testRate, Speed: 1.5})
	if err != nil {
		t.Fatal(err)
	}
	if ratio := seconds(slow) / seconds(quick); ratio < 1.8 {
		t.Errorf("half speed takes %.1f times as long as one and a half", ratio)
	}
	// Kanji, which the program cannot read, are left to the tone voice.
	u := Utterance{Text: "元気ですか？", Lang: "ja", Voice: "a.wav", Rate: testRate}
	if sound, err := s.Say(t.Context(), u); err != nil || !slices.Equal(sound, Tone(u)) {
		t.Errorf("kanji give %d samples and %v, want the tone voice", len(sound), err)
	}
}

func TestToneOnlyLeavesTheProgramAlone(t *testing.T) {
	s := New(Config{Program: program(t, "exit 0"), ToneOnly: true})
	if sound, err := s.Say(t.Context(), greeting); s.Name() != "tone" || err != nil || !slices.Equal(sound, Tone(greeting)) {
		t.Errorf("it speaks as %s", s.Name())
	}
}

func BenchmarkProgram(b *testing.B) {
	if _, err := exec.LookPath("espeak-ng"); err != nil {
		b.Skip("espeak-ng is not installed")
	}
	s := New(Config{})
	spoken := 0.0
	for b.Loop() {
		sound, err := s.Say(b.Context(), greeting)
		if err != nil {
			b.Fatal(err)
		}
		spoken += seconds(sound)
	}
	b.ReportMetric(spoken/b.Elapsed().Seconds(), "x-real-time")
}
