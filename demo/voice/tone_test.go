package voice

import (
	"math"
	"slices"
	"testing"
)

const testRate = 32000

func say(text, lang, reference string) []int16 {
	return Tone(Utterance{Text: text, Lang: lang, Voice: reference, Rate: testRate})
}

// pitchOf measures the pitch of a stretch of sound by its autocorrelation, in Hz; 0
// if it has none.
func pitchOf(sound []int16, rate int) float64 {
	sound = sound[:min(len(sound), rate/15)] // 67 ms are enough, and quick
	at := func(lag int) float64 {
		sum := 0.0
		for i := range len(sound) - lag {
			sum += float64(sound[i]) * float64(sound[i+lag])
		}
		return sum / float64(len(sound)-lag)
	}
	energy := at(0)
	if energy < 1 {
		return 0
	}
	lags := map[int]float64{}
	best := 0.0
	for lag := rate / 500; lag <= min(rate/70, len(sound)/2); lag++ {
		lags[lag] = at(lag) / energy
		best = max(best, lags[lag])
	}
	// The shortest lag that does nearly as well as the best is the period; its
	// multiples do as well.
	for lag := rate / 500; lag <= rate/70; lag++ {
		if lags[lag] > 0.9*best && lags[lag] >= lags[lag-1] && lags[lag] >= lags[lag+1] {
			return float64(rate) / float64(lag)
		}
	}
	return 0
}

func seconds(sound []int16) float64 { return float64(len(sound)) / testRate }

func TestLengthGoesByTheSyllables(t *testing.T) {
	per := map[string]float64{}
	for _, c := range []struct {
		name, text, lang string
		syllables        int
	}{
		{"four of Hangul", "나는간다", "ko", 4},
		{"eight of Hangul", "나는지금집에간다", "ko", 8},
		{"sixteen of Hangul", "나는지금집에가서너를기다린다니까", "ko", 16},
		{"spaces cost nothing", "나는 지금 집에 간다", "ko", 8},
		{"kana by morae", "ありがとう", "ja", 5},
		{"y-glides join their mora", "きょうは", "ja", 3},
		{"a doubled consonant is no beat", "まって", "ja", 2},
		{"vowel groups in English", "banana", "en", 3},
		{"a silent e", "make the cake", "en", 3},
		{"spelled letters", "AI", "en", 2},
		{"digits in Korean", "35", "ko", 2},
		{"digits in English: seven has two", "7", "en", 2},
		{"a Chinese character", "你好", "zh", 2},
	} {
		if got := len(syllables(c.text, c.lang)); got != c.syllables {
			t.Errorf("%s: %q has %d syllables, want %d", c.name, c.text, got, c.syllables)
			continue
		}
		per[c.name] = seconds(say(c.text, c.lang, "a.wav")) / float64(c.syllables)
	}
	short, long := per["eight of Hangul"], per["sixteen of Hangul"]
	if math.Abs(long/short-1) > 0.1 {
		t.Errorf("a syllable takes %.3f s in a short text and %.3f s in one twice as long", short, long)
	}
	if long < 1/7.0 || long > 1/5.0 {
		t.Errorf("%.3f s a syllable is not about six in a second", long)
	}
}

func TestSpeedAndRateScaleTheSound(t *testing.T) {
	u := Utterance{Text: "오늘은 날씨가 참 좋네요.", Lang: "ko", Voice: "a.wav", Rate: testRate}
	normal := seconds(Tone(u))
	u.Speed = 2
	if got := seconds(Tone(u)); math.Abs(got/normal-0.5) > 0.05 {
		t.Errorf("at double speed it takes %.2f of the time, want half", got/normal)
	}
	u.Speed = 100
	if got := seconds(Tone(u)); got < 0.4*normal {
		t.Errorf("a speed of 100 is taken as it is (%.2f of the time), want it bounded at 2", got/normal)
	}
	u.Speed = 1
	for _, rate := range []int{16000, 24000, 48000} {
		u.Rate = rate
		if got := float64(len(Tone(u))) / float64(rate); math.Abs(got-normal) > 0.002 {
			t.Errorf("at %d Hz it takes %.3f s, at %d Hz %.3f s", rate, got, testRate, normal)
		}
	}
}

func TestEveryVoiceStaysWithinItsLevel(t *testing.T) {
	texts := []struct{ text, lang string }{
		{"안녕하세요, 저는 유별이에요. 오늘 기분이 어때요?", "ko"}, {"쓰읍! 뜨거워, 뜨거워!", "ko"}, {"이", "ko"},
		{"Hello there. How are you today?", "en"}, {"こんにちは、元気ですか？", "ja"}, {"你好！今天过得怎么样？", "zh"}, {"1234567890", "ko"},
	}
	for _, reference := range []string{"a.wav", "b.wav", "c.wav", "d.wav", "female.wav", "male.wav", "child.wav", ""} {
		for _, c := range texts {
			sound := say(c.text, c.lang, reference)
			var peak, sum, squares, jump float64
			for i, v := range sound {
				x := float64(v) / math.MaxInt16
				peak = max(peak, math.Abs(x))
				sum += x
				squares += x * x
				if i > 0 {
					jump = max(jump, math.Abs(x-float64(sound[i-1])/math.MaxInt16))
				}
			}
			n := float64(len(sound))
			if db := 20 * math.Log10(peak); db > -3 || db < -20 {
				t.Errorf("%q by %q peaks at %.1f dBFS, want -20 to -3", c.text, reference, db)
			}
			if rms := 20 * math.Log10(math.Sqrt(squares/n)); rms < -30 {
				t.Errorf("%q by %q has a level of %.1f dBFS: hardly audible", c.text, reference, rms)
			}
			if dc := math.Abs(sum / n); dc > 0.002 {
				t.Errorf("%q by %q is off zero by %.4f", c.text, reference, dc)
			}
			// A full-scale step between two samples would be 2; what a voice makes at
			// this rate stays below a quarter of that.
			if jump > 0.5 {
				t.Errorf("%q by %q jumps by %.2f between two samples: a click", c.text, reference, jump)
			}
			if first, last := sound[0], sound[len(sound)-1]; max(first, -first) > 50 || max(last, -last) > 50 {
				t.Errorf("%q by %q begins at %d and ends at %d, want silence there", c.text, reference, first, last)
			}
		}
	}
}

func TestVoicesAreToldApartByPitch(t *testing.T) {
	middle := func(reference string) float64 {
		sound := say("아아아아아아", "ko", reference)
		return pitchOf(sound[len(sound)*2/5:len(sound)*3/5], testRate)
	}
	male, female, child := middle("voices/male_1.wav"), middle("voices/female_1.wav"), middle("voices/child.wav")
	if male < 80 || male > 160 {
		t.Errorf("a male reference speaks at %.0f Hz", male)
	}
	if female < 1.15*male || child < female*0.95 {
		t.Errorf("pitches are %.0f, %.0f and %.0f Hz for a man, a woman and a child", male, female, child)
	}
	// Without a hint the pitch is drawn: nobody sounds exactly like another, and five
	// are not all in one corner.
	var pitches []float64
	for _, reference := range []string{"hermione.wav", "sherlock.wav", "alice.wav", "hana.wav", "nuri.wav"} {
		pitches = append(pitches, timbreOf(reference).pitch)
	}
	slices.Sort(pitches)
	if len(slices.Compact(slices.Clone(pitches))) != 5 || pitches[4] < 1.3*pitches[0] {
		t.Errorf("five references speak at %.1f Hz", pitches)
	}
}

func TestSentencesHaveAMelody(t *testing.T) {
	tail := func(text string) float64 {
		sound := say(text, "ko", "male.wav")
		end := len(sound) - testRate*110/1000 // before the sound dies away
		return pitchOf(sound[end-testRate*60/1000:end], testRate)
	}
	statement, question := tail("밥을 먹어야 하나."), tail("밥을 먹어야 하나?")
	if question < 1.25*statement {
		t.Errorf("a question ends at %.0f Hz and a statement at %.0f: no rise", question, statement)
	}
	sound := say("나나나나나나나나나나나나.", "ko", "male.wav")
	part := func(from, to int) float64 { return pitchOf(sound[len(sound)*from/100:len(sound)*to/100], testRate) }
	if early, late := part(10, 20), part(70, 80); late > 0.97*early {
		t.Errorf("the pitch goes from %.0f to %.0f Hz: no declination", early, late)
	}
}

func TestPunctuationPauses(t *testing.T) {
	without, with := say("그래 좋아", "ko", "a.wav"), say("그래, 좋아", "ko", "a.wav")
	if extra := seconds(with) - seconds(without); extra < 0.1 {
		t.Errorf("a comma adds %.3f s, want a pause", extra)
	}
	quiet, longest := 0, 0
	for _, v := range with {
		if v > -60 && v < 60 {
			quiet++
		} else {
			quiet = 0
		}
		longest = max(longest, quiet)
	}
	if got := float64(longest) / testRate; got < 0.05 {
		t.Errorf("the longest silence is %.3f s, want one at the comma", got)
	}
}

func TestVowelsDiffer(t *testing.T) {
	// The zero crossings of a vowel go with its formants: ㅣ has a second formant
	// three octaves above its first, ㅜ has both low.
	crossings := func(text string) float64 {
		sound, n := say(text, "ko", "male.wav"), 0
		for i := 1; i < len(sound); i++ {
			if (sound[i] < 0) != (sound[i-1] < 0) {
				n++
			}
		}
		return float64(n) / seconds(sound)
	}
	if u, a := crossings("우우우우"), crossings("아아아아"); a < 1.2*u {
		t.Errorf("ㅏ crosses zero %.0f times a second and ㅜ %.0f: they sound alike", a, u)
	}
}

func TestToneIsAFunctionOfItsUtterance(t *testing.T) {
	first := say("같은 말은 같은 소리.", "ko", "a.wav")
	if !slices.Equal(first, say("같은 말은 같은 소리.", "ko", "a.wav")) {
		t.Error("the same utterance gives another sound")
	}
	if slices.Equal(first, say("같은 말은 같은 소리.", "ko", "b.wav")) {
		t.Error("another voice gives the same sound")
	}
}

func TestNothingToSay(t *testing.T) {
	for _, text := range []string{"", "   ", "...?!", "😀🎉", "\n"} {
		if sound := say(text, "ko", "a.wav"); sound != nil {
			t.Errorf("%q gives %d samples, want none", text, len(sound))
		}
	}
}

func FuzzTone(f *testing.F) {
	for _, text := range []string{"안녕", "Hello", "きょっと", "ーっん", "ㅋㅋㅋ", "ʻokina Ελλάδα 12", "don't", "rhythm", "\xff\xfe"} {
		f.Add(text, "auto")
	}
	f.Fuzz(func(t *testing.T, text, lang string) {
		// Property: whatever the text, the sound is bounded in length and level.
		sound := Tone(Utterance{Text: text, Lang: lang, Rate: 16000})
		if got, most := float64(len(sound))/16000, float64(longestText)*4; got > most {
			t.Fatalf("%d characters give %.0f s", len([]rune(text)), got)
		}
		for _, v := range sound {
			if v > loudest || v < -loudest {
				t.Fatalf("sample %d is above -3 dBFS", v)
			}
		}
	})
}

func BenchmarkTone(b *testing.B) {
	u := Utterance{Text: "안녕하세요, 저는 유별이에요. 오늘 기분이 어때요? 밥은 먹었어요?", Lang: "ko", Voice: "a.wav", Rate: testRate}
	spoken := 0.0
	for b.Loop() {
		spoken += seconds(Tone(u))
	}
	b.ReportMetric(spoken/b.Elapsed().Seconds(), "x-real-time")
}
