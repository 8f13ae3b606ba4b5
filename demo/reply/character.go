package reply

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"avatarforge/llm"
)

// character is who speaks, as far as the system prompt tells.
type character struct {
	name        string
	fields      map[field]string
	likes       []string
	dislikes    []string
	phrases     []string // catchphrases, from the habits
	casual      bool     // 반말, タメ口
	suffix      string   // what is put after every sentence, 냥 for instance
	scene       string
	memoryLines []string // what the system prompt tells about the user
}

// field names a detail of a character.
type field string

const (
	fieldName        field = "name"
	fieldAge         field = "age"
	fieldJob         field = "job"
	fieldSpecies     field = "species"
	fieldGender      field = "gender"
	fieldHeight      field = "height"
	fieldPersonality field = "personality"
	fieldAppearance  field = "appearance"
	fieldLikes       field = "likes"
	fieldDislikes    field = "dislikes"
	fieldSpeech      field = "speech_style"
	fieldThoughts    field = "thoughts"
	fieldFeatures    field = "features"
	fieldHabits      field = "habits"
	fieldGuidelines  field = "guidelines"
	fieldHome        field = "home"
	fieldWorld       field = "worldview"
	fieldDescription field = "description"
	fieldSituation   field = "situation"
	fieldBackground  field = "background"
	fieldOpponent    field = "opponent"
	fieldWork        field = "source_work"
	fieldCategory    field = "category"
	fieldSample      field = "sample_dialogue"
	fieldProfile     field = "profile" // several of the above in one line
	fieldMemory      field = "memory"
	fieldOther       field = ""
)

// fieldWords are what headings and labels contain, the longer and more particular
// before the shorter: 싫어하는 것 before 것, "speech style" before "style".
var fieldWords = []struct {
	field field
	words []string
}{
	{fieldMemory, []string{"기억", "요약", "사용자 정보", "상대 정보", "memory", "memories", "about the user", "remember", "summary", "記憶", "要約"}},
	{fieldSample, []string{"대사", "예시", "sample", "せりふ", "例"}},
	{fieldProfile, []string{"프로필", "profile", "プロフィール"}},
	{fieldDislikes, []string{"싫어", "dislike", "hate", "嫌い", "苦手"}},
	{fieldLikes, []string{"좋아", "likes", "好き", "好み"}},
	{fieldSpeech, []string{"말투", "어투", "화법", "speech", "speaking", "tone", "口調", "話し方"}},
	{fieldThoughts, []string{"생각", "속마음", "가치관", "thought", "考え", "心の声"}},
	{fieldHabits, []string{"습관", "버릇", "habit", "catchphrase", "口ぐせ", "癖"}},
	{fieldFeatures, []string{"특징", "특기", "feature", "traits", "特徴"}},
	{fieldGuidelines, []string{"지침", "규칙", "주의", "guideline", "play the part", "rules", "指針", "ルール"}},
	{fieldPersonality, []string{"성격", "personality", "性格"}},
	{fieldAppearance, []string{"외모", "외형", "생김새", "appearance", "外見", "容姿"}},
	{fieldHome, []string{"고향", "출신", "거주지", "사는 곳", "hometown", "birthplace", "出身"}},
	{fieldSituation, []string{"상황", "situation", "状況"}},
	{fieldBackground, []string{"배경", "background", "背景"}},
	{fieldOpponent, []string{"상대", "opponent", "相手"}},
	{fieldWork, []string{"작품", "source work", "from", "作品"}},
	{fieldCategory, []string{"분류", "category", "分類"}},
	{fieldWorld, []string{"세계관", "worldview", "world", "世界観"}},
	{fieldDescription, []string{"소개", "설명", "description", "about", "紹介", "説明"}},
	{fieldSpecies, []string{"종족", "species", "種族"}},
	{fieldGender, []string{"성별", "gender", "性別"}},
	{fieldHeight, []string{"신장", "height", "身長"}},
	{fieldAge, []string{"나이", "연령", "age", "年齢"}},
	{fieldJob, []string{"직업", "job", "occupation", "職業"}},
	{fieldName, []string{"이름", "name", "名前", "캐릭터"}},
}

// fieldOf finds the field that a heading or label means.
func fieldOf(label string) field {
	label = strings.ToLower(strings.Trim(label, " \t*_#[]【】<>-•:：\"'"))
	if label == "키" {
		return fieldHeight
	}
	for _, f := range fieldWords {
		for _, w := range f.words {
			// Short English words occur inside others: "age" in "language".
			if label == w || ((len(w) > 4 || w[0] >= utf8.RuneSelf) && strings.Contains(label, w)) {
				return f.field
			}
		}
	}
	return fieldOther
}

var (
	headingLine = regexp.MustCompile(`^\s*(?:#{1,6}\s*(.+?)|\*\*([^*]+)\*\*\s*[:：]?|[\[【]([^\]】]+)[\]】]|<([^/<>][^<>]*)>)\s*#*\s*$`)
	labelLine   = regexp.MustCompile(`^\s*(?:[-*•]\s*)?(?:\*\*)?([\p{L}\p{N}_ /()・]{1,24}?)(?:\*\*)?\s*[:：]\s*(?:\*\*)?\s*(.*)$`)

	closingTag = regexp.MustCompile(`^\s*</[^<>]+>\s*$`)

	// How prompts say who the model is. The name is what stands before the copula.
	nameForms = []*regexp.Regexp{
		regexp.MustCompile(`(?:연기한다|play this character|人物を演じる)\s*[:：]\s*([^\n]{1,60})`),
		regexp.MustCompile(`(?:당신|너|넌|너는|당신은|넌)(?:은|는)?\s*(?:지금부터|이제|이제부터)?\s*["'‘“「『]([^"'’”」』\n]{1,30})["'’”」』]`),
		regexp.MustCompile(`(?:당신은|너는|넌)\s+(?:지금부터\s+|이제부터\s+|이제\s+)?([\p{Hangul}A-Za-z0-9· ]{1,30}?)(?:\([^)]*\))?(?:입니다|이다|이야(?:[^\p{Hangul}]|$)|이라는|라는|(?:이|가) 되어|(?:을|를) 연기|(?:으)?로서|역할)`),
		regexp.MustCompile(`(?i:\byou(?:'re| are)(?: now)?(?: playing)?(?: the character)?) ["']?([A-Z][\p{L}'-]*(?: [A-Z][\p{L}'-]*){0,3})`),
		regexp.MustCompile(`(?:あなた|君|きみ)は[「『]?([^「」『』。、\n]{1,20}?)[」』]?(?:です|だ|という|になりきって|として)`),
		regexp.MustCompile(`你是[「『“"]?([^，。」』”"\n]{1,12})`),
	}
	quoted     = regexp.MustCompile(`['‘"“「『]([^'’"”」』\n]{1,30})['’"”」』]`)
	suffixRule = regexp.MustCompile(`(?:말끝|끝|문장 끝|語尾)(?:에|마다|에는|に)?\s*(?:항상\s*)?['‘"“「『]~?([\p{Hangul}\p{Hiragana}\p{Katakana}]{1,4})(?:\([^)]*\))?['’"”」』]`)
	// grammatical are endings that the lines have already: putting 요 or だよ after them
	// would make no sense.
	grammatical = regexp.MustCompile(`^(?:.*(?:요|다|까|네|지|군|오|소|라|어|아)|.*(?:だ|です|ます|よ|ね|の|わ))$`)
	listSep     = regexp.MustCompile(`\s*[,、，;/·\n]\s*`)
	bullet      = regexp.MustCompile(`^\s*(?:[-*•]|\d+[.)])\s*`)
)

// understand reads the system messages. Prompts are written by people: headings in
// any of the usual marks, labels with a colon, lists in any of the usual forms, or
// plain prose; what cannot be found stays empty.
func understand(messages []llm.Message) character {
	c := character{fields: map[field]string{}}
	var all strings.Builder
	for _, m := range messages {
		if m.Role != llm.RoleSystem {
			continue
		}
		all.WriteString(m.Content)
		all.WriteByte('\n')
		c.read(m.Content)
	}
	prompt := all.String()

	c.name = cleanName(c.fields[fieldName])
	for _, form := range nameForms {
		if c.name != "" {
			break
		}
		if m := form.FindStringSubmatch(prompt); m != nil {
			c.name = cleanName(m[1])
		}
	}
	c.readProfile()
	c.likes = items(c.fields[fieldLikes])
	c.dislikes = items(c.fields[fieldDislikes])
	habits := c.fields[fieldHabits]
	for _, m := range quoted.FindAllStringSubmatchIndex(habits, -1) {
		// What is said after something else is no way to begin.
		if before := strings.TrimRight(habits[:m[0]], " "); !strings.HasSuffix(before, "뒤에") && !strings.HasSuffix(before, "끝에") {
			c.phrases = append(c.phrases, strings.Trim(habits[m[2]:m[3]], "~ "))
		}
	}
	c.casual = speaksCasually(c.fields[fieldSpeech]+"\n"+c.fields[fieldGuidelines], prompt)
	if m := suffixRule.FindStringSubmatch(c.fields[fieldSpeech] + "\n" + c.fields[fieldHabits]); m != nil && !grammatical.MatchString(m[1]) {
		c.suffix = m[1]
		c.phrases = nil // the suffix is the habit; quoting it as an interjection reads oddly
	}
	c.scene = firstSentence(c.fields[fieldSituation])
	return c
}

// read collects the fields of one system message, line by line.
func (c *character) read(prompt string) {
	under := fieldOther
	for line := range strings.Lines(prompt) {
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) == "" {
			continue
		}
		if closingTag.MatchString(line) {
			under = fieldOther
			continue
		}
		if m := headingLine.FindStringSubmatch(line); m != nil {
			heading := m[1] + m[2] + m[3] + m[4]
			if label, value, ok := strings.Cut(heading, ":"); ok && strings.TrimSpace(value) != "" {
				c.set(fieldOf(label), value)
			}
			under = fieldOf(heading)
			continue
		}
		if mentionsUser(line) {
			c.memoryLines = append(c.memoryLines, bullet.ReplaceAllString(line, ""))
			if under == fieldOther || under == fieldMemory {
				continue
			}
		}
		if m := labelLine.FindStringSubmatch(line); m != nil {
			f := fieldOf(m[1])
			switch {
			case under == fieldMemory:
				// A label in the memory section is about the user, not the character.
				c.memoryLines = append(c.memoryLines, "사용자의 "+m[1]+"은 "+m[2]+"입니다")
				continue
			case f != fieldOther && m[2] != "":
				c.set(f, m[2])
				under = f
				continue
			case f != fieldOther || bullet.FindString(line) == "":
				under = f
				continue
			}
		}
		switch under {
		case fieldOther:
		case fieldMemory:
			c.memoryLines = append(c.memoryLines, bullet.ReplaceAllString(line, ""))
		default:
			c.set(under, bullet.ReplaceAllString(line, ""))
		}
	}
}

var (
	profileAge    = regexp.MustCompile(`\d+\s*(?:세|살|歳|years?)|나이|년|불명|미상`)
	profileHeight = regexp.MustCompile(`\d+\s*(?:cm|센티|m\b|ft)`)
	profileGender = regexp.MustCompile(`(?i)^(?:여성|남성|여자|남자|여|남|소녀|소년|무성|없음|female|male|woman|man|girl|boy|女性|男性|女|男)$`)
)

// readProfile takes apart a line such as "여성, 인간, 17세, 165cm, 마법사", in which
// some may be missing: age, height and gender are known by their form, the job is
// what stands last, a species before it.
func (c *character) readProfile() {
	var rest []string
	for _, item := range items(c.fields[fieldProfile]) {
		switch {
		case profileGender.MatchString(item):
			c.fields[fieldGender] = item
		case profileHeight.MatchString(item):
			c.fields[fieldHeight] = item
		case profileAge.MatchString(item):
			c.fields[fieldAge] = item
		default:
			rest = append(rest, item)
		}
	}
	if len(rest) > 0 && c.fields[fieldJob] == "" && !species.MatchString(rest[len(rest)-1]) {
		c.fields[fieldJob] = rest[len(rest)-1]
	}
	if len(rest) > 1 {
		c.fields[fieldSpecies] = rest[0]
	}
}

var species = regexp.MustCompile(`(?i)^(?:인간|사람|엘프|로봇|요정|고양이|안드로이드|human|elf|robot|fairy|人間|エルフ|ロボット)`)

// set adds to a field; further lines of a field are kept apart by newlines.
func (c *character) set(f field, value string) {
	value = strings.TrimSpace(strings.Trim(value, "*"))
	if f == fieldOther || value == "" {
		return
	}
	if f == fieldName && c.fields[f] != "" {
		return // the first name is the character's, later ones are of others
	}
	if c.fields[f] != "" {
		value = c.fields[f] + "\n" + value
	}
	c.fields[f] = value
}

var userWords = []string{"사용자", "상대방은", "상대방의", "유저", "the user", "The user", "user's", "ユーザー", "用户"}

func mentionsUser(line string) bool {
	for _, w := range userWords {
		if strings.Contains(line, w) {
			return true
		}
	}
	return false
}

// speaksCasually decides the register from the speech style, and where that says
// nothing from the whole prompt. Without any sign a stranger is spoken to politely.
func speaksCasually(style, prompt string) bool {
	for _, text := range []string{style, prompt} {
		low := strings.ToLower(text)
		for _, w := range []string{"존댓말", "존대", "해요'", "예요'", "어요'", "합니다'", "습니다'", "하오체", "정중", "공손", "높임말", "경어", "해요체", "합쇼체", "격식", "반말을 쓰지", "반말을 사용하지", "반말 금지", "敬語", "丁寧", "です・ます", "polite", "formal speech", "respectful"} {
			if strings.Contains(low, w) {
				return false
			}
		}
		for _, w := range []string{"반말", "친구처럼", "친근", "편안한 말투", "タメ口", "ため口", "くだけた", "casual"} {
			if strings.Contains(low, w) {
				return true
			}
		}
	}
	return false
}

// items splits a list field. It keeps what is short enough to be mentioned.
func items(s string) []string {
	var list []string
	for _, item := range listSep.Split(strings.Trim(s, "[]"), -1) {
		item = strings.Trim(item, " \t\"'‘’“”[].。")
		if n := utf8.RuneCountInString(item); n > 0 && n <= 20 && !strings.ContainsAny(item, `"'‘’“”`) {
			list = append(list, item)
		}
	}
	return list
}

func cleanName(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	s, _, _ = strings.Cut(s, "(")
	s = strings.Trim(s, " \t\"'‘’“”「」『』*.,。:")
	// "당신은 사용자와 이야기하는 AI 도우미이다" gives a role and not a name.
	if mentionsUser(s) || utf8.RuneCountInString(s) > nameMost {
		return ""
	}
	return s
}

// nameMost is how long a name can be, in characters.
const nameMost = 30

// firstSentence is the text up to its first full stop, without it.
func firstSentence(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	if i := strings.IndexAny(s, ".!?。！？"); i > 0 {
		s = s[:i]
	}
	return strings.TrimSpace(s)
}

// first is the first item of a list field that is written in lang.
func first(list []string, lang language) string {
	for _, item := range list {
		if l, ok := languageOf(item); ok && speakable(l, lang) {
			return item
		}
	}
	return ""
}

// speakable reports whether words in language of can stand in a sentence in
// language in. Latin words can stand in any.
func speakable(of, in language) bool {
	return of == in || of == english || (of == chinese && in == japanese)
}

// nameIn writes a name so that a voice of lang can read it.
func nameIn(name string, lang language) string {
	if of, ok := languageOf(name); !ok || of != korean {
		return name
	}
	switch lang {
	case english, chinese:
		return romanize(name)
	case japanese:
		return katakana(name)
	default:
		return name
	}
}
