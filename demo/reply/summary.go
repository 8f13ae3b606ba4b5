package reply

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"avatarforge/llm"
)

var (
	summaryTask = regexp.MustCompile(`(?i)요약(?:해|하|본|문)|대화를? 정리|summar(?:y|i[sz]e)|要約(?:し|せよ)|总结`)
	// transcriptLine is a line of a conversation that is quoted in a message.
	transcriptLine = regexp.MustCompile(`(?m)^\s*[-*]?\s*\[?(사용자|유저|나|user|human|ユーザー|用户|[\p{L}\p{N} ]{1,20})\]?\s*[:：]\s*(.+)$`)
	userSpeaker    = regexp.MustCompile(`(?i)^(?:사용자|유저|나|user|human|ユーザー|用户)$`)
)

// summaryWanted recognises a request for a summary that is a program's, not the
// user's: an instruction in the system prompt, or a transcript in the message.
func (t *turn) summaryWanted() (string, bool) {
	var told strings.Builder
	for _, m := range t.messages {
		if m.Role == llm.RoleSystem {
			told.WriteString(m.Content + "\n")
		}
	}
	if r, ok := t.recapWanted(); ok {
		return r.summary(r.language(t.lang)), true
	}
	system := told.String()
	lines := transcript(t.said)
	switch {
	case len(lines) > 0 && (summaryTask.MatchString(t.said) || summaryTask.MatchString(system)):
	case t.who.name == "" && summaryTask.MatchString(firstLines(system, 6)):
		lines = t.userLines()
	default:
		return "", false
	}
	lang := t.lang
	if l, ok := languageOf(strings.Join(lines, " ")); ok {
		lang = l
	}
	return t.summary(lines, lang), true
}

func firstLines(s string, n int) string {
	lines := strings.SplitN(s, "\n", n+1)
	return strings.Join(lines[:min(n, len(lines))], "\n")
}

// transcript takes the user's lines out of a conversation quoted in text; at least
// two speakers' lines make a transcript.
func transcript(text string) []string {
	var said []string
	speakers := map[string]bool{}
	for _, m := range transcriptLine.FindAllStringSubmatch(text, -1) {
		speaker := strings.TrimSpace(m[1])
		speakers[speaker] = true
		if userSpeaker.MatchString(speaker) {
			said = append(said, strings.TrimSpace(m[2]))
		}
	}
	if len(speakers) < 2 {
		return nil
	}
	return said
}

// userLines are the user's messages but the last, which asks for the summary.
func (t *turn) userLines() []string {
	var said []string
	for _, m := range t.messages {
		if m.Role == llm.RoleUser {
			said = append(said, m.Content)
		}
	}
	if len(said) > 0 && summaryTask.MatchString(said[len(said)-1]) {
		said = said[:len(said)-1]
	}
	return said
}

// summaryQuotes is how many of the user's sentences a summary quotes besides the
// facts.
const summaryQuotes = 4

// summary says in the third person what is known about the user and quotes the
// latest of what else he said. Its sentences are of the form that learn reads, so
// that a summary given back in a later prompt is remembered.
func (t *turn) summary(said []string, lang language) string { return summarise(t.known, said, lang) }

// summarise is summary of what was known before.
func summarise(before facts, said []string, lang language) string {
	known := append(facts(nil), before...)
	var rest []string
	for _, line := range said {
		fs := told(line)
		for _, f := range fs {
			known = known.with(f)
		}
		if len(fs) == 0 && worthQuoting(line, lang) {
			rest = append(rest, strings.Join(strings.Fields(line), " "))
		}
	}
	list := factSentences(known, lang, false, false)
	for _, line := range rest[max(0, len(rest)-summaryQuotes):] {
		if runes := []rune(line); len(runes) > 60 {
			line = string(runes[:60]) + "…"
		}
		list = append(list, fmt.Sprintf(saidForms[lang], line))
	}
	if len(list) == 0 {
		list = []string{nothingSaid[lang]}
	}
	out := ""
	for _, s := range list {
		out = join(out, s, lang)
	}
	return out
}

// worthQuoting reports whether a message tells something: it is no question and no
// pleasantry.
func worthQuoting(line string, lang language) bool {
	if utf8.RuneCountInString(line) <= 3 || isQuestion(line, lang) {
		return false
	}
	switch want, ok := intentOf(line, lang); want {
	case intentSad, intentHappy, intentAngry, intentTired, intentSick, intentWorried, intentLonely, intentHungry, intentBored, intentMeal, intentDoing:
		return true
	default:
		return !ok
	}
}

var saidForms = map[language]string{
	korean: "사용자는 \"%s\"라고 말했습니다.", english: "The user said: \"%s\"", japanese: "ユーザーは「%s」と言いました。", chinese: "用户说：“%s”",
}

var nothingSaid = map[language]string{
	korean: "인사를 나누었고, 아직 특별한 내용은 없습니다.", english: "They greeted each other; nothing of note was said yet.",
	japanese: "挨拶を交わしましたが、まだ特別な話はありません。", chinese: "双方互相问候，还没有特别的内容。",
}

// factForms are how a fact is told, to the user or about him.
type factForms struct {
	fact, like, dislike string
}

var factTold = map[language]factForms{ // about the user
	korean:   {"{of} {label} {value}.", "사용자는 {value} 좋아합니다.", "사용자는 {value} 싫어합니다."},
	english:  {"The user's {label} is {value}.", "The user likes {value}.", "The user dislikes {value}."},
	japanese: {"ユーザーの{label}は{value}です。", "ユーザーは{value}が好きです。", "ユーザーは{value}が嫌いです。"},
	chinese:  {"用户的{label}是{value}。", "用户喜欢{value}。", "用户讨厌{value}。"},
}

var factRecalled = map[language]factForms{ // to the user
	korean:   {"{of} {label} {value}.", "너는 {value} 좋아해.", "너는 {value} 싫어해."},
	english:  {"Your {label} is {value}.", "You like {value}.", "You don't like {value}."},
	japanese: {"{label}は{value}。", "{value}が好き。", "{value}が苦手。"},
	chinese:  {"你的{label}是{value}。", "你喜欢{value}。", "你不喜欢{value}。"},
}

var factRecalledPolite = map[language]factForms{
	korean:   {"{label} {value}.", "{value} 좋아하세요.", "{value} 싫어하세요."},
	english:  factRecalled[english],
	japanese: {"{label}は{value}です。", "{value}がお好きです。", "{value}が苦手です。"},
	chinese:  factRecalled[chinese],
}

// factSentences tells facts, a sentence each, to the user or about him.
func factSentences(fs facts, lang language, toUser, casual bool) []string {
	forms, copula := factTold[lang], "입니다"
	if toUser {
		forms, copula = factRecalledPolite[lang], "이에요"
		if casual {
			forms, copula = factRecalled[lang], "이야"
		}
	}
	var list []string
	for _, f := range fs {
		name, value := label(f.topic, f.noun, lang), f.value
		form := forms.fact
		switch f.topic {
		case topicLike:
			form = forms.like
		case topicDislike:
			form = forms.dislike
		}
		of := ""
		if lang == korean {
			of = koOf(f.topic, toUser)
			name += particle(name, "은")
			switch {
			case form != forms.fact:
				value += particle(value, "을")
			case copula == "입니다":
				value += copula
			default:
				value += particle(value, copula)
			}
		}
		if s, ok := fill(form, vars{"label": name, "value": value, "of": of}); ok {
			list = append(list, s)
		}
	}
	return list
}

// koOf is the possessive of a Korean fact told in full.
func koOf(t topic, toUser bool) string {
	switch {
	case toUser && t.isClause():
		return "네가"
	case toUser:
		return "네"
	case t.isClause():
		return "사용자가"
	}
	return "사용자의"
}
