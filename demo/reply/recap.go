package reply

import (
	"regexp"
	"strings"
)

// recap is a request for notes of a conversation, as the server makes it: what is known
// and what was said stand between tags in the user's message.
type recap struct {
	earlier string   // the summary so far
	known   []string // facts so far
	said    []string // by the user, since
}

// noted is a fact for the notes.
type noted struct {
	kind, text string
	replaces   int // number of the known fact that it corrects, from 1; zero for none
}

var (
	recapBlock = regexp.MustCompile(`(?s)<(summary|facts|conversation)>\n(.*?)\n</(?:summary|facts|conversation)>`)
	knownLine  = regexp.MustCompile(`(?m)^\d+\.\s*(.+)$`)
	saidLine   = regexp.MustCompile(`(?m)^(?:사용자|User|ユーザー): (.+)$`)
	saidBefore = regexp.MustCompile(`사용자는 "([^"]*)"라고 말했습니다|The user said: "([^"]*)"|ユーザーは「([^」]*)」と言いました|用户说：“([^”]*)”`)
)

// recapWanted reads a request for notes; false for any other.
func (t *turn) recapWanted() (recap, bool) {
	var r recap
	found := false
	for _, m := range recapBlock.FindAllStringSubmatch(t.said, -1) {
		switch m[1] {
		case "summary":
			r.earlier = m[2]
		case "facts":
			for _, line := range knownLine.FindAllStringSubmatch(m[2], -1) {
				r.known = append(r.known, line[1])
			}
		case "conversation":
			found = true
			for _, line := range saidLine.FindAllStringSubmatch(m[2], -1) {
				r.said = append(r.said, line[1])
			}
		}
	}
	return r, found
}

// language is that of what was said.
func (r *recap) language(otherwise language) language {
	if l, ok := languageOf(strings.Join(r.said, " ")); ok {
		return l
	}
	return otherwise
}

// told are the facts that the summary so far tells of the user.
func (r *recap) told() (fs facts) {
	for _, sentence := range sentences(saidBefore.ReplaceAllString(r.earlier, "")) {
		for _, f := range told(asFirstPerson(sentence)) {
			fs = fs.with(f)
		}
	}
	return fs
}

// quotes are what the summary so far quotes of the user.
func (r *recap) quotes() (list []string) {
	for _, m := range saidBefore.FindAllStringSubmatch(r.earlier, -1) {
		list = append(list, strings.TrimSuffix(m[1]+m[2]+m[3]+m[4], "…"))
	}
	return list
}

// summary takes the summary so far up and adds what was said since.
func (r *recap) summary(lang language) string {
	return summarise(r.told(), append(r.quotes(), r.said...), lang)
}

// notes are the facts that the user has told since and that are not known yet.
func (r *recap) notes(lang language) (list []noted) {
	var before []fact // as they are known, with their numbers beside them
	var numbers []int
	for i, text := range r.known {
		for _, f := range told(asFirstPerson(text)) {
			before, numbers = append(before, f), append(numbers, i+1)
		}
	}
	var found facts
	for _, line := range r.said {
		for _, f := range told(line) {
			found = found.with(f)
		}
	}
	for _, f := range found {
		n, again := noted{kind: f.topic.kind(), text: factSentences(facts{f}, lang, false, false)[0]}, false
		for i, b := range before {
			if b.topic != f.topic || b.noun != f.noun {
				continue
			}
			switch {
			case b.value == f.value:
				again = true
			case !f.topic.several():
				n.replaces = numbers[i]
			}
		}
		if !again {
			list = append(list, n)
		}
	}
	return list
}

// kind is the topic in the words of the server's schema.
func (t topic) kind() string {
	switch t {
	case topicName:
		return "name"
	case topicLike, topicDislike, topicFavourite:
		return "like"
	}
	return "about"
}

// several says whether somebody can have more than one of a topic.
func (t topic) several() bool { return t == topicLike || t == topicDislike }

// note is the fact for the notes that a spot belongs to; false where it belongs to none.
func (c *content) note(at spot) (noted, bool) {
	if c.recap == nil || !factList.MatchString(at.list) || at.index >= len(c.notes) {
		return noted{}, false
	}
	return c.notes[at.index], true
}
