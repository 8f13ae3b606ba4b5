package reply

import (
	"regexp"
	"strings"

	"avatarforge/llm"
)

// content is what goes into a schema: the prompt's own details first, then those of
// a stock character, so that a generated character hangs together.
type content struct {
	turn  *turn
	given map[field]string // what the prompt says of the character to be made
	stock map[string][]string
	facts []string // sentences about the user
	recap *recap   // the notes that are asked for; nil where something else is
	notes []noted  // its facts
}

// newContent reads the prompt and draws a stock character.
func (t *turn) newContent() *content {
	idea, given := t.idea()
	lines := transcript(t.said)
	known := append(facts(nil), t.known...)
	for _, line := range lines {
		for _, f := range told(line) {
			known = known.with(f)
		}
	}
	c := &content{
		turn:  t,
		given: given,
		stock: t.cast(idea, given),
		facts: factSentences(known, t.lang, false, false),
	}
	if r, ok := t.recapWanted(); ok {
		c.recap, c.notes = &r, r.notes(r.language(t.lang))
	}
	return c
}

// idea is what is asked to be made up, and what it says of it, by the labels of its lines.
// It is the first message where that has such labels: a later one may only say what was
// wrong with an answer. What is made up is in the idea's language, whatever the labels'.
func (t *turn) idea() (text string, given map[field]string) {
	read := func(said string) map[field]string {
		c := character{fields: map[field]string{}}
		c.read(said)
		return c.fields
	}
	text = t.said
	for _, m := range t.messages {
		if m.Role != llm.RoleUser {
			continue
		}
		if f := read(m.Content); f[fieldName] != "" || f[fieldSituation] != "" {
			text = m.Content
		}
		break
	}
	given = read(text)
	if given[fieldName]+given[fieldSituation] == "" {
		return text, given
	}
	for _, values := range []string{
		given[fieldDescription] + given[fieldWorld] + given[fieldCategory] + given[fieldSituation], given[fieldName] + given[fieldWork],
	} {
		if lang, ok := languageOf(values); ok {
			t.lang = lang
			break
		}
	}
	return text, given
}

// worldOf is where somebody lives of whom only the work is known.
var worldOf = map[language]string{
	korean: "『{work}』의 이야기가 펼쳐지는 세계", english: "the world of {work}", japanese: "『{work}』の物語の世界", chinese: "《{work}》的世界",
}

var factList = regexp.MustCompile(`(?i)^(?:facts?|memor(?:y|ies)|user_facts|기억)$`)

// length is how many items a list gets.
func (c *content) length(name string) int {
	if factList.MatchString(name) {
		if c.recap != nil {
			return len(c.notes)
		}
		return len(c.facts)
	}
	if n := len(c.stock[name]); n > 1 {
		return n
	}
	return 3
}

// number is a plausible number for a property.
func (c *content) number(at spot) float64 {
	if n, ok := c.note(at); ok && at.name == "replaces" {
		return float64(n.replaces)
	}
	name := strings.ToLower(at.name)
	switch {
	case strings.Contains(name, "age"):
		return 17
	case strings.Contains(name, "height"):
		return 165
	case strings.Contains(name, "year"):
		return 2026
	case strings.Contains(name, "score"), strings.Contains(name, "confidence"), strings.Contains(name, "importance"):
		return 0.8
	}
	return float64(1 + at.index)
}

// givenFields are the properties that the prompt may have given.
var givenFields = map[string]field{
	"name": fieldName, "description": fieldDescription, "worldview": fieldWorld, "job": fieldJob, "gender": fieldGender, "age": fieldAge, "species": fieldSpecies,
}

// text is a plausible text for a property.
func (c *content) text(at spot) string {
	name := strings.ToLower(at.name)
	if n, ok := c.note(at); ok {
		return n.text
	}
	if factList.MatchString(at.list) && at.index < len(c.facts) {
		return c.facts[at.index]
	}
	if f, ok := givenFields[name]; ok && c.given[f] != "" {
		text, _, _ := strings.Cut(c.given[f], "\n")
		return strings.TrimSpace(text)
	}
	if work := c.given[fieldWork]; name == "worldview" && work != "" {
		text, _ := fill(worldOf[c.turn.lang], vars{"work": work})
		return text
	}
	switch {
	case strings.Contains(name, "plot"), strings.Contains(name, "story"), strings.Contains(name, "줄거리"):
		if situation := c.given[fieldSituation]; situation != "" {
			return c.turn.plot(situation, c.given[fieldOpponent])
		}
		situation := firstSentence(c.turn.said)
		if situation != "" {
			situation += plotbooks[c.turn.lang].stop
		}
		return c.turn.story(situation)
	case c.recap != nil && strings.Contains(name, "summary"):
		return c.recap.summary(c.recap.language(c.turn.lang))
	case strings.Contains(name, "summary"), strings.Contains(name, "요약"):
		said := transcript(c.turn.said)
		if said == nil {
			said = c.turn.userLines()
		}
		return c.turn.summary(said, c.turn.lang)
	case name == "content", name == "reply", name == "answer", name == "text", name == "message":
		return c.turn.answer()
	}
	if list := c.stock[name]; len(list) > 0 {
		return list[at.index%len(list)]
	}
	if noun := nounOf(c.turn.said, c.turn.lang); noun != "" && at.index == 0 {
		return noun
	}
	return c.filler()
}

// filler is text about nothing, and says so.
func (c *content) filler() string {
	if c.turn.lang == korean {
		return "데모 모델이 채운 글입니다."
	}
	return "Filled in by the demo model."
}
