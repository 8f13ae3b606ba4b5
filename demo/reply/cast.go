package reply

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// part is stock for two characters of a kind, what a made-up one is put together from.
type part struct {
	// suits are words of an idea that ask for this part; one of jobs is also what the
	// character then does.
	suits, jobs []string
	// texts are a property's versions, the first for one of the two, the second for the
	// other; {name} is the character's. One version is good for both.
	texts map[string][]string
	// lists have more entries than are taken.
	lists map[string][]string
}

var casts = map[language][]part{korean: castKorean, english: castEnglish, japanese: castJapanese, chinese: castChinese}

const (
	// taken is how many entries of a list are taken.
	taken = 3
	// beingIt is how much more it counts that a description is of a part's job than that
	// a word of the part occurs.
	beingIt = 3
)

// cast chooses a part for an idea, what somebody has said of a character, and makes one
// character of it, by property. The next seed gives another.
func (t *turn) cast(idea string, given map[field]string) map[string][]string {
	noun := nounIn(given[fieldDescription], t.lang)
	var best []part
	most := 0
	for _, p := range casts[t.lang] {
		hits := 0
		for _, word := range append(p.suits[:len(p.suits):len(p.suits)], p.jobs...) {
			if mentions(idea, word, t.lang) {
				hits++
			}
		}
		if jobIn(noun, p.jobs, t.lang) != "" {
			hits += beingIt
		}
		if hits > most {
			best, most = nil, hits
		}
		if hits == most {
			best = append(best, p)
		}
	}
	p := best[t.seed%uint64(len(best))]
	take := t.seed / uint64(len(best)) // so that all of it is of one of the two
	out := map[string][]string{}
	for property, versions := range p.texts {
		text, ok := fill(versions[take%uint64(len(versions))], vars{"name": given[fieldName]})
		if !ok {
			text = versions[0] // nobody has a name
		}
		out[property] = []string{text}
	}
	for property, entries := range p.lists {
		for i := range min(taken, len(entries)) {
			out[property] = append(out[property], entries[(take+uint64(i))%uint64(len(entries))])
		}
	}
	if job := noun; job != "" {
		out["job"] = []string{job}
	} else if job := jobIn(idea, p.jobs, t.lang); job != "" {
		out["job"] = []string{job}
	}
	if gender := genderOf(idea, t.lang); gender != "" {
		out["gender"] = []string{gender}
	}
	return out
}

// mentions says whether a word occurs in a text: as a word of its own where words are set
// apart by spaces alone.
func mentions(text, word string, lang language) bool {
	text = strings.ToLower(text)
	for {
		i := strings.Index(text, word)
		if i < 0 {
			return false
		}
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		text = text[i+len(word):]
		after, _ := utf8.DecodeRuneInString(text)
		if lang != english || !unicode.IsLetter(before) && !unicode.IsLetter(after) {
			return true
		}
	}
}

// jobIn is the first of some jobs that a text mentions, or "".
func jobIn(text string, jobs []string, lang language) string {
	for _, job := range jobs {
		if mentions(text, job, lang) {
			return job
		}
	}
	return ""
}

// What a description begins or ends with is what the character is.
var (
	koLastNoun = regexp.MustCompile(`(?:^|\s)([\p{Hangul}]{2,6})[.!]?$`)
	enNoun     = regexp.MustCompile(`(?i)^(?:an?|the)\s+(?:[a-z-]+\s+){0,2}?([a-z-]{3,})(?:\s+(?:who|that|with|from|of|in|at|to)\b|[.,!]|$)`)
	jaLastNoun = regexp.MustCompile(`([\p{Han}\p{Katakana}ー]{2,8})[。.!]?$`)
	zhLastNoun = regexp.MustCompile(`的([\p{Han}]{2,6})[。.!]?$`)

	koNoJob = regexp.MustCompile(`(?:다|요|죠|네|함|음|사람|소녀|소년|아이|여자|남자|여인|청년|캐릭터|친구|존재|주인공|인물|세계|이야기)$`)
	noJob   = regexp.MustCompile(`(?i)^(?:girl|boy|woman|man|person|child|character|friend|one|人|者|女|男|少女|少年|女性|男性|女の子|男の子|女孩|男孩|人物|主人公|世界)$`)
)

// nounIn is what a description says that somebody is by trade, "" if it does not say.
func nounIn(description string, lang language) string {
	form := map[language]*regexp.Regexp{korean: koLastNoun, english: enNoun, japanese: jaLastNoun, chinese: zhLastNoun}[lang]
	m := form.FindStringSubmatch(firstSentence(description))
	if m == nil || noJob.MatchString(m[1]) || lang == korean && koNoJob.MatchString(m[1]) {
		return ""
	}
	return m[1]
}

var genders = map[language][]struct {
	gender string
	words  *regexp.Regexp
}{
	korean: {
		{"여성", regexp.MustCompile(`소녀|여자|그녀|여왕|공주|마녀|아가씨|할머니|누나|언니`)},
		{"남성", regexp.MustCompile(`소년|남자|왕자|청년|아저씨|할아버지|오빠|형님`)},
	},
	english: {
		{"female", regexp.MustCompile(`(?i)\b(?:she|her|girl|woman|queen|princess|witch|lady|mother|sister)\b`)},
		{"male", regexp.MustCompile(`(?i)\b(?:he|his|boy|man|king|prince|lord|father|brother)\b`)},
	},
	japanese: {
		{"女性", regexp.MustCompile(`少女|女|彼女|姫|魔女|お嬢|姉|妹`)},
		{"男性", regexp.MustCompile(`少年|男|彼は|王子|青年|兄|弟`)},
	},
	chinese: {
		{"女", regexp.MustCompile(`少女|女|她|公主|姐|妹`)},
		{"男", regexp.MustCompile(`少年|男|他|王子|哥|弟`)},
	},
}

// genderOf is what an idea says of the gender, "" if it does not say.
func genderOf(idea string, lang language) string {
	for _, g := range genders[lang] {
		if g.words.MatchString(idea) {
			return g.gender
		}
	}
	return ""
}
