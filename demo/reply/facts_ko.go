package reply

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// copulas end a Korean statement "X is Y"; those that begin with 이 follow a
// consonant. The longest come first.
var copulas = []string{
	"이라고 해요", "이라고 합니다", "이라고 불러줘", "이라고 불러 줘", "이라고 불러주세요", "이라고 불러 주세요", "이라고 불러", "이라고 해", "이라고 한다",
	"라고 해요", "라고 합니다", "라고 불러줘", "라고 불러 줘", "라고 불러주세요", "라고 불러 주세요", "라고 불러", "라고 해", "라고 한다",
	"이거든요", "거든요", "이거든", "거든", "이랍니다", "랍니다",
	"이에요", "이예요", "예요", "에요", "입니다", "이야", "이다", "이고", "이지", "이죠", "이네", "이라", "이며", "임",
	"야", "죠", "고", "다",
}

// splitCopula takes the copula off "지수야", "민준이라고 해". It reports false if s
// has none that fits: 이야 follows a consonant and 야 a vowel, so that 유이야 is 유이.
func splitCopula(s string) (string, bool) {
	s = strings.TrimRight(s, " .!~?,。…^ㅎㅋ")
	for _, c := range copulas {
		stem, ok := strings.CutSuffix(s, c)
		stem = strings.TrimSpace(stem)
		if !ok || stem == "" {
			continue
		}
		consonant := endingOf(stem) != endsInVowel
		if strings.HasPrefix(c, "이") && !consonant || (c == "야" || c == "고" || c == "예요" || c == "죠" || c == "다" || strings.HasPrefix(c, "라고") || strings.HasPrefix(c, "거든")) && consonant {
			continue
		}
		return stem, true
	}
	return s, false
}

const koMine = `(?:내|제|나의|저의|우리|저희|내가|제가)`

const koMe = `(?:나는|난|나|저는|전|저|내가|제가|우리는)`

var (
	koKnown     = regexp.MustCompile(`(?:^|[\s,])` + koMine + ` (이름|나이|직업|생일|취미|고향|집|사는 곳|하는 일)(?:은|는|이|가) ?(.+)$`)
	koOwn       = regexp.MustCompile(`(?:^|[\s,])(?:내|제|나의|저의|우리|저희) ([\p{Hangul}A-Za-z ]{1,14}?)(?:은|는) (.+)$`)
	koOwnSubj   = regexp.MustCompile(`(?:^|[\s,])(?:내|제|나의|저의|우리|저희) ([\p{Hangul}A-Za-z ]{1,14}?)(?:이|가) (.+)$`)
	koFavourite = regexp.MustCompile(`(?:제일|가장|제가|내가|나의|특히)?\s*좋아하는 ([\p{Hangul}]{1,6}?)(?:은|는|이|가) (.+)$`)
	koLike      = regexp.MustCompile(`^(?:` + koMe + `\s+)?(?:(?:정말|진짜|너무|제일|가장|아주|원래|요즘|엄청)\s+)*(.+?)\s+(?:정말\s*|진짜\s*|너무\s*|제일\s*|가장\s*|아주\s*|엄청\s*)*(좋아해|좋아합니다|좋아하는 편|좋아한다|좋아하고|좋아하지만|좋아하거든|좋아했|사랑해|싫어해|싫어합니다|싫어한다|싫어하고|싫어하거든|못 먹)`)
	koAge       = regexp.MustCompile(`(?:^|\s)(?:(?:` + koMe + `|내 나이는|제 나이는)\s+(?:올해\s+|이제\s+)?|^)((?:\d{1,3}|(?:열|스물|스무|서른|마흔|쉰|예순|일흔) ?(?:한|두|세|네|다섯|여섯|일곱|여덟|아홉)?|(?:다섯|여섯|일곱|여덟|아홉))\s*살|\d{1,3}세)`)
	koCalled    = regexp.MustCompile(`(?:^|[\s,])(?:` + koMe + `\s+)?(?:그냥\s+)?([\p{Hangul}A-Za-z]{1,12}?)(?:이라고|라고|이라|라) (?:해요|합니다|한다|해|불러|부르)`)
	koHome      = regexp.MustCompile(`([\p{Hangul}A-Za-z]{1,12})(?:에서|에) (?:살아|살고|삽니다|산다|사는|살거든|왔)`)
	koWork      = regexp.MustCompile(koMe + `?\s*([\p{Hangul}A-Za-z ]{1,12}?)(?:으로|로) 일(?:해|하고|합니다)`)
	koIAm       = regexp.MustCompile(`^(?:` + koMe + `)\s+([\p{Hangul}A-Za-z ]{2,14})$`)
	koPet       = regexp.MustCompile(`(?:^|\s)((?:\S+ (?:살|마리) )?(?:고양이|강아지|개|햄스터|토끼|거북이|앵무새|금붕어|물고기|고슴도치|도마뱀)(?: [가-힣]+ 마리)?)(?:를|을)?\s+(?:키우|키워|길러|기르|키웁)`)
	koHobby     = regexp.MustCompile(`취미는 (.+)$`)
	koName      = regexp.MustCompile(`^[\p{Hangul}]{1,5}$|^[A-Za-z]{2,12}$`)
	koSurname   = regexp.MustCompile(`^(?:김|이|박|최|정|강|조|윤|장|임|한|오|서|신|권|황|안|송|류|홍|전|고|문|손|양|배|백|허|남|심|노|하|곽|성|차|주|우|구|민|유|진|지)[가-힣]{2}$`)
	koJobs      = regexp.MustCompile(`(?:학생|고등학생|중학생|대학생|대학원생|선생님|교사|교수|의사|간호사|약사|개발자|프로그래머|디자이너|회사원|직장인|작가|화가|가수|배우|요리사|변호사|경찰|소방관|군인|기자|엔지니어|주부|백수|취준생|연구원|유튜버|농부|기사|공무원|사장|알바생)$`)
	koSubject   = regexp.MustCompile(`^(?:` + koMe + `|그리고|근데|그런데|그래서|사실|참고로|음|아|어)[ ,]+`)
)

// koNoun maps what people call a thing to a topic of its own.
var koNoun = map[string]topic{
	"이름": topicName, "나이": topicAge, "직업": topicJob, "생일": topicBirthday, "취미": topicHobby,
	"고향": topicHome, "집": topicHome, "사는 곳": topicHome, "하는 일": topicJob,
}

// clauses splits a sentence where people string statements together.
var koClause = regexp.MustCompile(`,\s*|\s+그리고\s+|\s+근데\s+|\s+그런데\s+`)

func toldKorean(sentence string) []fact {
	var fs []fact
	for _, clause := range koClause.Split(splitAfterGo(sentence), -1) {
		if f, ok := toldKoreanClause(strings.TrimSpace(clause)); ok {
			fs = append(fs, f)
		}
	}
	return fs
}

var koGo = regexp.MustCompile(`(이름은|이름이|직업은|취미는|나이는|생일은|음식은|색은|좋아하|싫어하|에 살|에서 살)((?:\s?\S+?)??)고 `)

// splitAfterGo puts a comma after the conjunction 고 where a new statement follows:
// "내 이름은 지수고 떡볶이를 좋아해".
func splitAfterGo(s string) string { return koGo.ReplaceAllString(s, "${1}${2}고, ") }

func toldKoreanClause(s string) (fact, bool) {
	if koQuestion.MatchString(s) {
		return fact{}, false
	}
	if m := koFavourite.FindStringSubmatch(s); m != nil {
		if value, ok := splitCopula(m[2]); ok {
			return fact{topicFavourite, koCategory(m[1]), value}, true
		}
	}
	if m := koKnown.FindStringSubmatch(s); m != nil {
		value, ok := splitCopula(m[2])
		t := koNoun[m[1]]
		if t == topicName {
			value = strings.TrimSuffix(value, "씨") // politeness, and no part of it
		}
		return fact{topic: t, value: value}, ok
	}
	for _, form := range []*regexp.Regexp{koOwn, koOwnSubj} {
		if m := form.FindStringSubmatch(s); m != nil {
			if value, ok := splitCopula(m[2]); ok && utf8.RuneCountInString(value) <= 20 {
				return fact{topicOwn, strings.TrimSpace(m[1]), value}, true
			}
		}
	}
	if m := koHobby.FindStringSubmatch(s); m != nil {
		if value, ok := splitCopula(m[1]); ok {
			return fact{topic: topicHobby, value: value}, true
		}
	}
	if m := koAge.FindStringSubmatch(s); m != nil {
		return fact{topic: topicAge, value: m[1]}, true
	}
	if m := koHome.FindStringSubmatch(s); m != nil && !koSomewhere[m[1]] {
		return fact{topic: topicHome, value: m[1]}, true
	}
	if m := koPet.FindStringSubmatch(s); m != nil {
		return fact{topic: topicPet, value: m[1]}, true
	}
	if m := koWork.FindStringSubmatch(s); m != nil {
		return fact{topic: topicJob, value: m[1]}, true
	}
	if m := koLike.FindStringSubmatch(s); m != nil {
		object := koObject(m[1])
		if object == "" {
			return fact{}, false
		}
		if strings.HasPrefix(m[2], "싫어") || strings.HasPrefix(m[2], "못") {
			return fact{topic: topicDislike, value: object}, true
		}
		return fact{topic: topicLike, value: object}, true
	}
	if m := koCalled.FindStringSubmatch(s); m != nil && koName.MatchString(m[1]) && !koNotName[m[1]] {
		return fact{topic: topicName, value: m[1]}, true
	}
	if m := koIAm.FindStringSubmatch(strings.TrimRight(s, ".!~ ")); m != nil {
		value, ok := splitCopula(m[1])
		switch {
		case !ok:
		case koJobs.MatchString(value):
			return fact{topic: topicJob, value: value}, true
		case koSurname.MatchString(value) && !koNotName[value]:
			return fact{topic: topicName, value: value}, true
		}
	}
	return fact{}, false
}

// koSomewhere are places that tell nothing.
var koSomewhere = map[string]bool{"어디": true, "여기": true, "거기": true, "저기": true, "집": true}

var koNotName = map[string]bool{
	"뭐": true, "그": true, "뭐라": true, "이": true, "저": true, "어떻게": true, "누구": true, "바보": true, "오빠": true, "언니": true, "형": true, "누나": true,
	"한국인": true, "외국인": true, "주인공": true, "지구인": true, "구경꾼": true,
}

// koObject cleans the object of liking: no pronouns of the listener, which is a
// confession and not a taste; 걸 back to 것.
func koObject(s string) string {
	for koSubject.MatchString(s) {
		s = koSubject.ReplaceAllString(s, "")
	}
	s = strings.TrimSpace(s)
	if koYou.MatchString(s) {
		return ""
	}
	for _, p := range []string{"을", "를", "은", "는", "이", "가", "도"} {
		if stem, ok := strings.CutSuffix(s, p); ok && fits(stem, p) && !koNotJosa.MatchString(s) {
			s = stem
			break
		}
	}
	if koYou.MatchString(s) || s == "" || len([]rune(s)) > 20 {
		return ""
	}
	if stem, ok := strings.CutSuffix(s, " 걸"); ok {
		s = stem + " 것"
	}
	return s
}

var koYou = regexp.MustCompile(`^(?:너|널|넌|네|니|당신|그대|나|날|저|이거|그거|저거|이것|그것|이런 거|그런 거|별로|안)(?:를|을|도|가|이|은|는)?$`)

// koQuestion finds questions that came without a question mark.
var koQuestion = regexp.MustCompile(`(?:(?:뭐|누구|어디|언제|얼마)(?:야|예요|이야|이에요|니|냐|지|죠)?|몇|무슨|뭘|뭔지|얼마|어떤|어때|알아|아니|기억나|기억해|맞지|맞아|할래|냐|니|까|나요|가요)\s*[.!~]*$|뭐(?:라고|였|지|게)|누구(?:게|지|야)|(?:뭘|뭐를|무엇을|누구를|어디에|어디서) `)

// koCategory unifies what categories are called.
func koCategory(s string) string {
	switch s {
	case "색깔", "컬러":
		return "색"
	case "요리", "먹을 거":
		return "음식"
	case "노래":
		return "음악"
	}
	return s
}
