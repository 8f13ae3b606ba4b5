package tts

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"avatarforge/internal/cputime"
)

// spokenCase is a line of testdata/spoken/LANG.tsv: what is displayed, a tab, what is
// to be spoken. "# topic" lines group them; \n stands for a newline.
type spokenCase struct {
	lang      Lang
	topic     string
	line      int
	shown     string
	wantVoice string
}

func spokenCases(t testing.TB) []spokenCase {
	t.Helper()
	var cases []spokenCase
	for _, lang := range []Lang{Korean, Japanese, English, Chinese} {
		data, err := os.ReadFile(filepath.Join("testdata", "spoken", string(lang)+".tsv"))
		if err != nil {
			t.Fatal(err)
		}
		topic := ""
		for i, line := range strings.Split(string(data), "\n") {
			shown, want, ok := strings.Cut(line, "\t")
			if !ok {
				if heading, is := strings.CutPrefix(line, "# "); is {
					topic = heading
				}
				continue
			}
			shown = strings.ReplaceAll(shown, `\n`, "\n")
			cases = append(cases, spokenCase{lang, topic, i + 1, shown, want})
		}
	}
	return cases
}

// The expectations are how a speaker of the language reads the text aloud. The
// readings of the Japanese ones were checked with Open JTalk 1.11, GPT-SoVITS's front
// end.
func TestSpokenTables(t *testing.T) {
	count := make(map[Lang]int)
	for _, c := range spokenCases(t) {
		count[c.lang]++
		if got := Spoken(c.shown, c.lang); got != c.wantVoice {
			t.Errorf("%s.tsv:%d (%s): %q is spoken %q, want %q", c.lang, c.line, c.topic, c.shown, got, c.wantVoice)
		}
	}
	for lang, least := range map[Lang]int{Korean: 180, Japanese: 80, English: 80, Chinese: 15} {
		if count[lang] < least {
			t.Errorf("%s.tsv holds %d cases, want %d at least: a table was lost", lang, count[lang], least)
		}
	}
}

// What has been spelled out is speech already: sending it through again, as a replay
// does, must not change it.
func TestSpokenTwiceIsSpokenOnce(t *testing.T) {
	for _, c := range spokenCases(t) {
		if c.lang == Chinese {
			continue // it keeps its digits and signs
		}
		if got := Spoken(c.wantVoice, c.lang); got != c.wantVoice {
			t.Errorf("%s: %q is spoken %q the second time", c.lang, c.wantVoice, got)
		}
	}
}

// The short cut for plain text must give what the long way gives.
func TestSpokenShortCut(t *testing.T) {
	taken := 0
	for _, c := range spokenCases(t) {
		for _, text := range []string{c.shown, c.wantVoice} {
			if text = strings.Trim(text, " \n"); plain(text, c.lang) {
				taken++
				if long := NewSpeller(c.lang).rewrite(text, c.lang); long != text {
					t.Errorf("%s: %q counts as plain, but is spoken %q", c.lang, text, long)
				}
			}
		}
	}
	if taken < 100 {
		t.Errorf("only %d texts of the tables are plain; the short cut is not tested", taken)
	}
}

// spokenTurn is a sentence of a response, and what it becomes.
type spokenTurn struct{ shown, want, why string }

func TestSpellerRemembers(t *testing.T) {
	for _, test := range []struct {
		name  string
		lang  Lang
		turns []spokenTurn
	}{
		{"code fence over many sentences", Korean, []spokenTurn{
			{"이렇게 하면 돼.\n", "이렇게 하면 돼.", "text before the fence"},
			{"```go\n", "", "the fence opens"},
			{"fmt.Println(\"안녕.", "", "code is not speech"},
			{" 반가워.\")\n", "", "nor the rest of its line"},
			{"```\n", "", "the fence closes"},
			{"쉽지?", "쉽지?", "speech again"},
		}},
		{"direction over two sentences", Korean, []spokenTurn{
			{"*그녀가 미소를 짓는다.", "", "an asterisk opens at the beginning"},
			{" 그리고 손을 내민다.* 안녕?", "안녕?", "it closes in the next sentence"},
			{" 나는 *루나*야.", "나는 루나야.", "the state is gone"},
		}},
		{"parenthesis over two sentences", Japanese, []spokenTurn{
			{"（彼女は笑う。", "", "a direction opens"},
			{"手を振る。）こんにちは。", "こんにちは。", "and closes"},
		}},
		{"a stray mark ends with its line", Korean, []spokenTurn{
			{"*안녕하세요.\n", "", "it looks like a direction to the end of the line"},
			{"반가워요.", "반가워요.", "the next line is spoken"},
		}},
		{"a stray mark ends after a while", Korean, []spokenTurn{
			{"*안녕.", "", "it looks like a direction"},
			{strings.Repeat("가", maxAside-1), "", "still"},
			{" 반가워.", "반가워.", "given up"},
		}},
		{"list marks stand only at the beginning of a line", Korean, []spokenTurn{
			{"목록:\n", "목록.", "a heading of sorts"},
			{"1. 사과\n", "사과.", "the number is a mark"},
			{"2. 배 3개\n", "배 세 개.", "again, but not the one inside"},
			{"점수는", "점수는.", "a line begins"},
			{" 3. 그래.", "삼. 그래.", "in the middle of a line a number is a number"},
		}},
		{"auto follows the script", Auto, []spokenTurn{
			{"3시야.", "세 시야.", "Hangul"},
			{"It is 3.", "It is three.", "Latin"},
			{"3時です。", "三時です。", "kana"},
			{"100", "百。", "no letters: as before"},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := NewSpeller(test.lang)
			for _, turn := range test.turns {
				if got := s.Spoken(turn.shown); got != turn.want {
					t.Errorf("%q is spoken %q, want %q: %s", turn.shown, got, turn.want, turn.why)
				}
			}
		})
	}
}

func TestDetect(t *testing.T) {
	for _, test := range []struct {
		text     string
		fallback Lang
		want     Lang
		why      string
	}{
		{"안녕", English, Korean, "Hangul"},
		{"AI는 LLM이야", English, Korean, "Hangul among more Latin"},
		{"こんにちは", Korean, Japanese, "hiragana"},
		{"日本語です", Korean, Japanese, "kana among Han"},
		{"안녕은 こんにちは です", Korean, Japanese, "more kana than Hangul"},
		{"ありがとう는 고맙다는 뜻이야", Japanese, Korean, "more Hangul than kana"},
		{"你好", Korean, Chinese, "Han alone"},
		{"大丈夫", Japanese, Japanese, "Han alone, in a Japanese conversation"},
		{"Hello", Korean, English, "Latin"},
		{"Señor", Korean, English, "Latin with marks"},
		{"123!", Korean, Korean, "no letters"},
		{"", Japanese, Japanese, "nothing"},
	} {
		if got := Detect(test.text, test.fallback); got != test.want {
			t.Errorf("Detect(%q, %s) = %s, want %s: %s", test.text, test.fallback, got, test.want, test.why)
		}
	}
}

func TestSpellerKnowsTheSynthesisersCodes(t *testing.T) {
	for code, want := range map[Lang]string{
		"ko": "삼.", "all_ko": "삼.", "KO": "삼.", "ja": "三。", "all_ja": "三。", "en": "three.", "zh": "3。", "yue": "3。",
	} {
		if got := Spoken("3", code); got != want {
			t.Errorf("in %s 3 is spoken %q, want %q", code, got, want)
		}
	}
}

// checkSpoken holds what is true of any text, and is returned for any input.
func checkSpoken(t *testing.T, shown, spoken string, lang Lang) {
	t.Helper()
	if !utf8.ValidString(spoken) || !norm.NFC.IsNormalString(spoken) {
		t.Errorf("%q is spoken %q: not NFC", shown, spoken)
	}
	for _, r := range spoken {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar {
			t.Errorf("%q is spoken %q: has %U", shown, spoken, r)
		}
		if lang != Chinese && unicode.IsDigit(r) {
			t.Errorf("%q is spoken %q: has a digit", shown, spoken)
		}
	}
	// The longest reading of a rune is a keyword of a unit or an e-mail mark.
	if len(spoken) > 40*len(shown)+20 {
		t.Errorf("%q of %d bytes grew to %d", shown, len(shown), len(spoken))
	}
	if spoken == "" {
		return
	}
	if first, _ := utf8.DecodeRuneInString(spoken); lang != Chinese && !unicode.IsLetter(first) && first != '々' && first != '〇' {
		t.Errorf("%q is spoken %q: begins with no letter", shown, spoken)
	}
	if last, _ := utf8.DecodeLastRuneInString(spoken); !strings.ContainsRune(".!?…。", last) {
		t.Errorf("%q is spoken %q: no mark at the end", shown, spoken)
	}
	if strings.Contains(spoken, "  ") {
		t.Errorf("%q is spoken %q: two spaces", shown, spoken)
	}
}

func FuzzSpoken(f *testing.F) {
	langs := []Lang{Korean, Japanese, English, Chinese, Auto}
	for _, c := range spokenCases(f) {
		for i, lang := range langs {
			if lang == c.lang {
				f.Add(c.shown, byte(i))
			}
		}
	}
	f.Fuzz(func(t *testing.T, shown string, which byte) {
		lang := langs[int(which)%len(langs)]
		spoken := Spoken(shown, lang)
		if lang == Auto {
			lang = Detect(shown, Korean)
		}
		checkSpoken(t, shown, spoken, lang)
		if trimmed := strings.Trim(shown, " \n"); plain(trimmed, lang) {
			if long := NewSpeller(lang).rewrite(trimmed, lang); long != trimmed {
				t.Errorf("%q counts as plain, but is spoken %q", trimmed, long)
			}
		}
		// Cut anywhere, the pieces are safe too.
		s := NewSpeller(lang)
		for i := 0; i < len(shown); i += 7 {
			checkSpoken(t, shown, s.Spoken(shown[i:min(i+7, len(shown))]), lang)
		}
	})
}

// Time has to grow with the text, not with its square: input full of opening marks
// is the worst case for a search of closing ones. Forty times for ten times the text
// leaves room for caches and the collector; a square would be a hundred.
func TestSpokenIsLinear(t *testing.T) {
	for _, unit := range []string{"(", "*a ", "[", "<a", "```", "1-", "1,", "a.", "~a", "(*[<", "1.", "https://a", "a@", "a.@", "한(글", "&amp;", ":-", "1:", "00",
		"Ⅳ", "1/", "A", "_a", "![", "1~2", "제1", "ㅋ", "1 "} {
		var growth float64
		for range 8 { // a busy machine can spoil a measurement, not all of them
			if growth = spokenTime(unit, 50_000) / spokenTime(unit, 5_000); growth <= 40 {
				break
			}
		}
		if growth > 40 {
			t.Errorf("ten times as many %q take %.0f times as long", unit, growth)
		}
	}
}

// spokenTime is the processor's time that it takes to make n units speakable.
func spokenTime(unit string, n int) float64 {
	text := strings.Repeat(unit, n)
	return float64(cputime.Of(func() { Spoken(text, Korean) }))
}

func BenchmarkSpoken(b *testing.B) {
	for _, bench := range []struct {
		name string
		lang Lang
		text string
	}{
		{"plain_ko", Korean, "오늘은 날씨가 정말 좋아서 공원에 산책하러 가고 싶어요, 같이 갈래요?"},
		{"typical_ko", Korean, "*환하게 웃으며* 오늘은 11월 24일이고, 지금은 오후 3시 30분이야! AI랑 놀자 😀"},
		{"numbers_ko", Korean, "키 165cm, 몸무게 48.5kg, 1,234,567원, 010-1234-5678, 3~5개, 1/2, -5℃, 50%"},
		{"typical_ja", Japanese, "こんにちは！今日は11月24日、午後3時30分です。AIと3人で遊ぼう（笑）"},
		{"typical_en", English, "*smiles* It's 3:30 PM on November 24, 2026, and Dr. Kim paid $5.99 for AI."},
		{"long_ko", Korean, strings.Repeat("그래서 나는 어제 친구랑 영화를 봤는데 정말 재미있었어 ", 16) + "😀."},
	} {
		b.Run(bench.name, func(b *testing.B) {
			s := NewSpeller(bench.lang)
			b.SetBytes(int64(len(bench.text)))
			b.ReportAllocs()
			for b.Loop() {
				if s.Spoken(bench.text) == "" {
					b.Fatal("nothing to say")
				}
			}
		})
	}
}
