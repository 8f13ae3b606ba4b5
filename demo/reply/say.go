package reply

import (
	"hash/fnv"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// say chooses a line for an intent and fills it. It returns "" if there is none
// that can be filled. Asked for the same intent in consecutive turns it goes round
// its lines before it repeats one.
func (t *turn) say(i intent, v vars) string {
	all := t.vars(v)
	var usable []string
	for _, line := range books[t.lang][i].of(t.who.casual) {
		// Whoever has told his name is not asked for it.
		if s, ok := fill(line, all); ok && (all["user"] == "" || !asksName(s)) {
			usable = append(usable, s)
		}
	}
	if len(usable) == 0 {
		return ""
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(i))
	start := (h.Sum64() ^ t.seed*0x9E3779B97F4A7C15) >> 32
	return capitalised(strings.TrimSpace(usable[(start+uint64(t.number))%uint64(len(usable))]))
}

// capitalised makes the first letter a capital one: a line may begin with a value.
func capitalised(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToUpper(r)) + s[n:]
}

// vars are what every line can mention, and those of its intent.
func (t *turn) vars(more vars) vars {
	v := vars{
		"me":      nameIn(t.who.name, t.lang),
		"user":    t.callUser(),
		"nature":  t.nature(),
		"like":    t.any(t.who.likes),
		"likes":   enumerate(inLanguage(t.who.likes, t.lang, 2), t.lang),
		"dislike": first(t.who.dislikes, t.lang),
		"food":    t.known.get(topicFavourite, "음식"),
		"thought": t.thought(),
		"sample":  t.sample(),
	}
	if t.lang == english {
		v["food"] = t.known.get(topicFavourite, "food")
	}
	if v["me"] == "" {
		v["me"] = nobody[t.lang]
	}
	for key, f := range map[string]field{
		"job": fieldJob, "age": fieldAge, "home": fieldHome, "height": fieldHeight, "look": fieldAppearance, "feature": fieldFeatures,
	} {
		text := firstSentence(t.who.fields[f])
		if lang, ok := languageOf(text); ok && !speakable(lang, t.lang) || utf8.RuneCountInString(text) > 60 {
			text = ""
		}
		v[key] = text
	}
	if !startsWithDigit(v["height"]) {
		v["height"] = "" // "as tall as a tree" does not fit into a sentence
	}
	for key, value := range more {
		v[key] = value
	}
	return v
}

func startsWithDigit(s string) bool { return s != "" && isDigit(s[0]) }

// nobody is the name of a character who has none.
var nobody = map[language]string{korean: "아바타", english: "Avatar", japanese: "アバター", chinese: "小化"}

// callUser is what the user is called: in Korean without the family name.
func (t *turn) callUser() string {
	name := t.known.get(topicName, "")
	if runes := []rune(name); len(runes) == 3 && koSurname.MatchString(name) {
		name = string(runes[1:])
	}
	return nameIn(name, t.lang)
}

// any chooses one of a list's items that can be said in the turn's language.
func (t *turn) any(list []string) string {
	usable := inLanguage(list, t.lang, len(list))
	if len(usable) == 0 {
		return ""
	}
	return usable[(t.seed+uint64(t.number))%uint64(len(usable))]
}

// inLanguage are the first n items that can be said in lang.
func inLanguage(list []string, lang language, n int) []string {
	var out []string
	for _, item := range list {
		if of, ok := languageOf(item); ok && speakable(of, lang) && len(out) < n {
			out = append(out, item)
		}
	}
	return out
}

// enumerate joins items as a sentence does.
func enumerate(items []string, lang language) string {
	switch {
	case len(items) == 0:
		return ""
	case len(items) == 1:
		return items[0]
	}
	head, last := items[:len(items)-1], items[len(items)-1]
	switch lang {
	case korean:
		s := strings.Join(head, ", ")
		return s + particle(s, "과") + " " + last
	case japanese:
		return strings.Join(head, "、") + "と" + last
	case chinese:
		return strings.Join(head, "、") + "和" + last
	default:
		return strings.Join(head, ", ") + " and " + last
	}
}

// nature is the first trait of the personality that can stand before 성격: 똑똑함
// becomes 똑똑한, 긍정적 becomes 긍정적인.
func (t *turn) nature() string {
	for _, trait := range items(t.who.fields[fieldPersonality]) {
		lang, _ := languageOf(trait)
		if lang != t.lang || strings.Count(trait, " ") > 1 {
			continue
		}
		if t.lang != korean {
			return trait
		}
		trait = strings.TrimSuffix(trait, " 성격")
		runes := []rune(trait)
		last := runes[len(runes)-1]
		switch _, _, coda := koJamo(last); {
		case last == '적':
			return trait + "인"
		case last == '음' && len(runes) > 1: // 밝음, 많음
			return string(runes[:len(runes)-1]) + "은"
		case coda == codaN: // already an adjective: 밝고 명랑한
			return trait
		case last == '함' || last == '쾌': // 똑똑함
			if last == '함' {
				return string(runes[:len(runes)-1]) + "한"
			}
		}
	}
	return ""
}

func koJamo(r rune) (onset, vowel, coda int) {
	if !isHangul(r) {
		return 0, 0, 0
	}
	return jamo(r)
}

// thought is one of the character's thoughts as a sentence.
func (t *turn) thought() string {
	text := t.who.fields[fieldThoughts]
	if m := quoted.FindAllStringSubmatch(text, -1); len(m) > 0 {
		text = m[(t.seed+uint64(t.number))%uint64(len(m))][1]
	} else {
		text = firstSentence(text)
	}
	if lang, ok := languageOf(text); !ok || lang != t.lang {
		return ""
	}
	text = strings.TrimSpace(text)
	if !strings.ContainsAny(text[len(text)-1:], ".!?") && !strings.HasSuffix(text, "…") {
		text += "."
	}
	return text
}

// sample is the character's sample line, if it is in the turn's language.
func (t *turn) sample() string {
	text, _, _ := strings.Cut(t.who.fields[fieldSample], "\n")
	text = strings.Trim(text, "\"“”'「」 ")
	if lang, ok := languageOf(text); !ok || lang != t.lang || utf8.RuneCountInString(text) > 160 {
		return ""
	}
	return text
}

// dress gives a reply the character's manner: a catchphrase in front, now and then,
// and the suffix that some characters put after everything.
func (t *turn) dress(s string) string {
	if phrases := inLanguage(t.who.phrases, t.lang, 4); len(phrases) > 0 && t.number > 1 && t.rng.IntN(4) == 0 {
		s = opening(phrases[t.rng.IntN(len(phrases))], t.lang) + s
	}
	if t.who.suffix != "" {
		if of, ok := languageOf(t.who.suffix); ok && of == t.lang {
			s = suffixed(s, t.who.suffix)
		}
	}
	return s
}

// opening makes a catchphrase the beginning of a reply: 정확히 말하면 goes before a
// comma, 대박! stands by itself.
func opening(phrase string, lang language) string {
	phrase = strings.TrimRight(phrase, ",、 ")
	last, _ := utf8.DecodeLastRuneInString(phrase)
	sep := ", "
	switch {
	case strings.ContainsRune(".!?…", last):
		sep = " "
	case utf8.RuneCountInString(phrase) > 8:
		sep = ". "
	}
	if lang == japanese || lang == chinese {
		sep = map[string]string{", ": "、", ". ": "。", " ": ""}[sep]
	}
	return phrase + sep
}

var clauseEnd = regexp.MustCompile(`([\p{L}\p{N}])([.!?。！？]+)(\s|$)`)

// suffixed puts a suffix before the end of every sentence.
func suffixed(s, suffix string) string {
	return clauseEnd.ReplaceAllString(s, "${1}"+suffix+"${2}${3}")
}
