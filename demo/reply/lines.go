package reply

// lines are what can be said to an intent. In a line {x} is a value, {x:은} a value
// with its particle, and [ … ] a part that is left out where a value is missing; see
// fill. A line that needs a value which is not known is passed over.
//
// The values: me (the character), user (the user's name, without a family name),
// like, dislike, job, age, home, height, look, nature, thought, feature, scene (of the
// character), noun (a word of the user's), echo (his words turned to him), label and
// value (of a fact), list, said, number, expression, clock, day.
type lines struct {
	casual []string
	// polite is empty for a language or an intent that makes no difference.
	polite []string
}

// of returns the lines of a register.
func (l lines) of(casual bool) []string {
	if casual || len(l.polite) == 0 {
		return l.casual
	}
	return l.polite
}

// books holds the lines of each language.
var books = map[language]map[intent]lines{
	korean:   koreanLines,
	english:  englishLines,
	japanese: japaneseLines,
	chinese:  chineseLines,
}
