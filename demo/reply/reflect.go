package reply

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// echoLimit is how much of the user's sentence, in letters, is worth repeating.
const echoLimit = 28

// echoOf turns a statement to the one who made it: "나 오늘 시험 망쳤어" becomes
// "오늘 시험 망쳤구나", "I lost my key" becomes "you lost your key". It reports
// false where it does not know how.
func echoOf(text string, lang language, casual bool) (string, bool) {
	list := sentences(text)
	for i := len(list) - 1; i >= 0; i-- {
		s := strings.TrimRight(list[i], " .!~…。！,^")
		s = strings.TrimRight(s, "ㅋㅎㅠㅜ ")
		if s == "" || utf8.RuneCountInString(s) > echoLimit {
			continue
		}
		switch lang {
		case korean:
			return echoKorean(s, casual)
		case english:
			return echoEnglish(s)
		}
	}
	return "", false
}

// --- Korean

func echoKorean(s string, casual bool) (string, bool) {
	for koSubject.MatchString(s) {
		s = koSubject.ReplaceAllString(s, "")
	}
	words := strings.Fields(s)
	if len(words) == 0 {
		return "", false
	}
	for i, w := range words {
		if turned, ok := koTurn[w]; ok {
			if !casual {
				turned = ""
			}
			words[i] = turned
		}
	}
	stem, ok := perceive(words[len(words)-1], strings.Join(words, " "))
	if !ok {
		return "", false
	}
	words[len(words)-1] = stem
	ending := "군요"
	if casual {
		ending = "구나"
	}
	return strings.Join(strings.Fields(strings.Join(words, " ")), " ") + ending, true
}

// koTurn maps words about the speaker to words about the listener. Polite speech
// leaves them out.
var koTurn = map[string]string{
	"내": "네", "제": "네", "나의": "너의", "내가": "네가", "제가": "네가", "나는": "너는", "난": "넌", "저는": "너는",
	"나를": "너를", "날": "널", "저를": "너를", "나도": "너도", "저도": "너도", "나한테": "너한테", "저한테": "너한테",
}

var (
	koPresent = regexp.MustCompile(`^(.+)(?:는다|습니다)$`)

	// Adjectives take 구나, verbs 는구나. The language does not mark which is which,
	// so these are lists of stems, by their last syllables.
	koAdjective    = regexp.MustCompile(`(?:좋|싫|많|같|작|적|짧|넓|높|낮|깊|밝|젊|늦|얇|괜찮|귀찮|하찮|있|없|길|힘들|달|멀|크|아프|바쁘|고프|슬프|기쁘|예쁘|나쁘|다르|빠르|춥|덥|맵|쉽)$`)
	koHaAdjectives = regexp.MustCompile(`(?:피곤|행복|심심|우울|불안|답답|편안|편|뿌듯|허전|궁금|중요|필요|가능|이상|조용|따뜻|시원|깨끗|친절|착|똑똑|간단|복잡|비슷|유명|위험|건강|완벽|지루|섭섭|서운|억울|미안|부족|특별|신기|화려|촉촉|막막|불쌍|소중|다양|당연)하$`)
	koUVerbs       = regexp.MustCompile(`(?:배|싸|키|비|채|피|세|지|외|태|깨|치|데|재)워$`)
)

// koPastEndings follow the past (갔, 먹었) and 있, 없, 싶.
var koPastEndings = []string{"거든요", "는데요", "습니다", "어요", "네요", "지요", "거든", "는데", "단다", "어", "다", "지", "네", "음", "죠"}

// perceive turns the predicate of a statement into the stem that 구나 or 군요
// follows: 망했어 to 망했, 추워 to 춥, 먹어 to 먹는, 학생이야 to 학생이.
func perceive(word, sentence string) (string, bool) {
	plain := strings.TrimSuffix(word, "요")
	runes := []rune(plain)
	if len(runes) == 0 || !isHangul(runes[len(runes)-1]) {
		return "", false
	}
	for _, ending := range koPastEndings {
		stem, ok := strings.CutSuffix(word, ending)
		last, _ := utf8.DecodeLastRuneInString(stem)
		if !ok || !isHangul(last) {
			continue
		}
		if _, _, coda := jamo(last); coda == codaS || last == '없' || last == '싶' {
			return stem, true
		}
	}
	if strings.HasSuffix(sentence, "것 같아") || strings.HasSuffix(sentence, "것 같아요") {
		return "같", true
	}
	if noun, ok := splitCopula(word); ok && (strings.HasSuffix(plain, "야") || strings.HasSuffix(plain, "에") || strings.HasSuffix(plain, "예") || strings.HasSuffix(word, "입니다")) {
		return noun + strings.TrimSuffix(particle(noun, "이구나"), "구나"), true
	}
	if stem, ok := strings.CutSuffix(plain, "해"); ok && stem != "" {
		return predicate(stem + "하"), true
	}
	if stem, ok := strings.CutSuffix(word, "합니다"); ok && stem != "" {
		return predicate(stem + "하"), true
	}
	if stem, ok := koIrregular[plain]; ok {
		return predicate(stem), true
	}
	for _, suffix := range []string{"고파", "아파", "바빠", "슬퍼", "기뻐", "예뻐", "나빠"} {
		if stem, ok := strings.CutSuffix(plain, suffix); ok {
			return stem + koIrregular[suffix], true
		}
	}
	if stem, ok := strings.CutSuffix(plain, "워"); ok && stem != "" {
		if koUVerbs.MatchString(plain) {
			return stem + "우는", true
		}
		if last := runes[len(runes)-2]; isHangul(last) {
			if _, _, coda := jamo(last); coda == 0 {
				return string(runes[:len(runes)-2]) + string(withCoda(last, codaB)), true
			}
		}
		return "", false
	}
	if m := koPresent.FindStringSubmatch(word); m != nil && m[1] != "" {
		return predicate(m[1]), true
	}
	last := runes[len(runes)-1]
	head := string(runes[:len(runes)-1])
	if (last == '어' || last == '아') && len(runes) > 1 && isHangul(runes[len(runes)-2]) {
		if _, _, coda := jamo(runes[len(runes)-2]); coda != 0 {
			return predicate(head), true
		}
		return "", false
	}
	return contracted(head, last)
}

// koIrregular are predicates whose stem cannot be seen.
var koIrregular = map[string]string{
	"고파": "고프", "아파": "아프", "바빠": "바쁘", "슬퍼": "슬프", "기뻐": "기쁘", "예뻐": "예쁘", "나빠": "나쁘", "커": "크",
	"몰라": "모르", "빨라": "빠르", "달라": "다르", "돼": "되", "써": "쓰", "가": "가", "나가": "나가", "떠나": "떠나", "만나": "만나", "자라": "자라",
}

// contracted undoes the contraction of a vowel stem: 마셔 마시, 봐 보, 줘 주.
func contracted(head string, last rune) (string, bool) {
	if !isHangul(last) {
		return "", false
	}
	onset, vowel, coda := jamo(last)
	if coda != 0 {
		return "", false
	}
	back := map[int]int{6: 20, 9: 8, 14: 13} // ㅕ to ㅣ, ㅘ to ㅗ, ㅝ to ㅜ
	to, ok := back[vowel]
	if !ok {
		return "", false
	}
	stem := rune(hangulFirst + (onset*hangulVowels+to)*hangulCodas)
	return head + string(stem) + "는", true
}

// predicate adds 는 to a verb's stem and nothing to an adjective's. A ㄹ at the
// stem's end goes before 는: 만들 to 만드는.
func predicate(stem string) string {
	if koAdjective.MatchString(stem) || koHaAdjectives.MatchString(stem) {
		return stem
	}
	runes := []rune(stem)
	if last := runes[len(runes)-1]; isHangul(last) {
		if _, _, coda := jamo(last); coda == codaL {
			runes[len(runes)-1] = withCoda(last, 0)
		}
	}
	return string(runes) + "는"
}

// --- English

var enTurn = map[string]string{
	"i": "you", "me": "you", "my": "your", "mine": "yours", "myself": "yourself", "am": "are", "i'm": "you're", "i've": "you've",
	"i'll": "you'll", "i'd": "you'd", "was": "were", "you": "I", "your": "my", "yours": "mine", "you're": "I'm", "we": "you", "our": "your", "us": "you",
}

var enSpeaks = regexp.MustCompile(`(?i)\b(?:i|i'm|i've|i'll|i'd|my|we|our|you|your)\b`)

func echoEnglish(s string) (string, bool) {
	if !enSpeaks.MatchString(s) {
		return "", false
	}
	words := strings.Fields(s)
	first := strings.ToLower(strings.Trim(words[0], ","))
	for i, w := range words {
		bare := strings.Trim(w, ",;")
		low := strings.ToLower(strings.ReplaceAll(bare, "’", "'"))
		turned, ok := enTurn[low]
		if low == "was" && first != "i" {
			ok = false // only "I was" becomes "you were"
		}
		if ok {
			words[i] = strings.Replace(w, bare, turned, 1)
		} else if i == 0 && low != "i" {
			words[i] = strings.ToLower(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, " "), true
}

// --- A word worth taking up

var (
	koParticles = []string{"에서는", "에게서", "이라는", "에서", "에게", "한테", "이랑", "하고", "까지", "부터", "처럼", "보다", "라는", "으로", "을", "를", "이", "가", "은", "는", "랑", "와", "과", "의", "에", "도", "로", "만"}
	koStop      = regexp.MustCompile(`^(?:나|너|내|네|저|제|우리|그|이|저|것|거|때|뭐|무엇|누구|언제|어디|왜|어떻게|어떤|무슨|오늘|내일|어제|지금|요즘|정말|진짜|너무|아주|많이|조금|그냥|다시|그리고|그래서|하지만|근데|그런데|사실|아마|혹시|제일|가장|여기|거기|저기|사람|생각|이거|그거|저거|당신|자기|얘기|이야기|어제는|오늘은)$`)
	koNotJosa   = regexp.MustCompile(`(?:고양이|떡볶이|어린이|호랑이|아이|오이|종이|거북이|원숭이|나이|놀이|거미|차이|회의|강의|가게|휴가|작가|포도|제주도|바다|종로|하와이|튀김이|멍멍이|지도|기도|온도|속도|태도|시도|인도|파도|의도|식이|높이|길이|놀이|하나|모두)$`)
	enStop      = regexp.MustCompile(`(?i)^(?:what|when|where|which|about|there|their|they|them|this|that|these|those|have|been|were|with|from|into|your|you're|would|could|should|think|really|very|much|some|just|like|know|tell|want|will|does|don't|because|today|yesterday|tomorrow|people|thing|things|something|anything|than|then|also|even|only|most|more|many|such|here|went|going|being|doing|make|made|good|great|well)$`)
	jaNoun      = regexp.MustCompile(`([\p{Han}\p{Katakana}ー]{2,10})(?:は|が|を|に|で|の|と|って|も)`)
)

// nounOf picks a word of the user's that the reply can take up, or "".
func nounOf(text string, lang language) string {
	switch lang {
	case korean:
		return koNounOf(text)
	case english:
		best := ""
		for _, w := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' && r != '-' }) {
			if len(w) >= 4 && len(w) > len(best) && !enStop.MatchString(w) {
				best = w
			}
		}
		return best
	case japanese:
		if m := jaNoun.FindStringSubmatch(text); m != nil {
			return m[1]
		}
	}
	return ""
}

// koNounOf takes the longest word that carries a particle, without the particle.
func koNounOf(text string) string {
	best := ""
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsPunct(r) }) {
		noun := ""
		if koNotJosa.MatchString(w) {
			noun = w
		} else {
			for _, p := range koParticles {
				stem, ok := strings.CutSuffix(w, p)
				if ok && stem != "" && fits(stem, p) {
					noun = stem
					break
				}
			}
		}
		if utf8.RuneCountInString(noun) >= 2 && strings.ContainsFunc(noun, unicode.IsLetter) && !koStop.MatchString(noun) && len(noun) > len(best) {
			best = noun
		}
	}
	return best
}

// fits reports whether a particle has the form that stem asks for: 사과 is no 사
// with 과, for 사 ends in a vowel.
func fits(stem, p string) bool {
	consonant := endingOf(stem) != endsInVowel
	switch p {
	case "은", "을", "과", "이", "이랑", "이라는":
		return consonant
	case "는", "를", "와", "가", "랑", "라는":
		return !consonant
	case "으로":
		return endingOf(stem) == endsInConsonant
	case "로":
		return endingOf(stem) != endsInConsonant
	}
	return true
}
