package reply

import (
	"regexp"
	"strings"

	"avatarforge/llm"
)

// topic says what a fact is about.
type topic string

const (
	topicName      topic = "name"
	topicAge       topic = "age"
	topicHome      topic = "home"
	topicJob       topic = "job"
	topicBirthday  topic = "birthday"
	topicHobby     topic = "hobby"
	topicPet       topic = "pet"
	topicLike      topic = "like"      // several
	topicDislike   topic = "dislike"   // several
	topicFavourite topic = "favourite" // one per noun: food, colour
	topicOwn       topic = "own"       // "my X is Y", one per noun
)

// fact is one thing that the user said about himself, in his words.
type fact struct {
	topic topic
	noun  string // of topicFavourite and topicOwn
	value string
}

// facts are in the order told. Immutable once gathered.
type facts []fact

// with adds a fact. What can only have one value takes the latest.
func (fs facts) with(f fact) facts {
	f.value = strings.TrimSpace(f.value)
	if f.value == "" {
		return fs
	}
	for i, old := range fs {
		if old.topic != f.topic || old.noun != f.noun {
			continue
		}
		several := f.topic == topicLike || f.topic == topicDislike
		if several && old.value != f.value {
			continue
		}
		fs[i].value = f.value
		return fs
	}
	return append(fs, f)
}

// get returns the value of a topic; noun "" means any.
func (fs facts) get(t topic, noun string) string {
	for _, f := range fs {
		if f.topic == t && (noun == "" || f.noun == noun) {
			return f.value
		}
	}
	return ""
}

// all returns the values of a topic in the order told.
func (fs facts) all(t topic) []string {
	var values []string
	for _, f := range fs {
		if f.topic == t {
			values = append(values, f.value)
		}
	}
	return values
}

// learn gathers the facts of a conversation: what the system prompt remembers, then
// what each user message says, so that the latest word counts.
func learn(who character, messages []llm.Message) facts {
	var fs facts
	for _, line := range who.memoryLines {
		for _, f := range told(asFirstPerson(line)) {
			fs = fs.with(f)
		}
	}
	asked := false // the assistant's last message asked for the name
	for _, m := range messages {
		switch m.Role {
		case llm.RoleAssistant:
			asked = asksName(m.Content)
		case llm.RoleUser:
			for _, f := range toldIn(m.Content, asked) {
				fs = fs.with(f)
			}
			asked = false
		}
	}
	return fs
}

// toldIn is told, with the one case in which the question before matters: a bare
// name as the answer to "what is your name?".
func toldIn(text string, askedName bool) []fact {
	fs := told(text)
	if !askedName || len(fs) > 0 {
		return fs
	}
	if name := bareName(text); name != "" {
		return []fact{{topic: topicName, value: name}}
	}
	return nil
}

// told finds the facts in one message.
func told(text string) []fact {
	var fs []fact
	for _, s := range sentences(text) {
		if strings.ContainsAny(s, "?？") {
			continue
		}
		switch lang, _ := languageOf(s); lang {
		case korean:
			fs = append(fs, toldKorean(s)...)
		case english:
			fs = append(fs, toldEnglish(s)...)
		case japanese:
			fs = append(fs, toldJapanese(s)...)
		case chinese:
			fs = append(fs, toldChinese(s)...)
		}
	}
	return fs
}

var sentenceEnd = regexp.MustCompile(`[.!?。！？~…\n]+`)

// sentences splits a message, each sentence with its terminator. A full stop
// between digits does not end one.
func sentences(text string) []string {
	var list []string
	start := 0
	for _, m := range sentenceEnd.FindAllStringIndex(text, -1) {
		if m[1]-m[0] == 1 && text[m[0]] == '.' && m[0] > 0 && m[1] < len(text) && isDigit(text[m[0]-1]) && isDigit(text[m[1]]) {
			continue
		}
		if s := strings.TrimSpace(text[start:m[1]]); s != "" {
			list = append(list, s)
		}
		start = m[1]
	}
	if s := strings.TrimSpace(text[start:]); s != "" {
		list = append(list, s)
	}
	return list
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

// asFirstPerson turns what a memory says of the user into what he would have said,
// so that one set of patterns reads both.
func asFirstPerson(line string) string {
	line = strings.TrimSpace(line)
	if m := userLabel.FindStringSubmatch(line); m != nil { // "사용자의 이름: 지수"
		switch lang, _ := languageOf(line); lang {
		case english:
			line = m[1] + " is " + m[2]
		case japanese:
			line = m[1] + "は" + m[2] + "です"
		default:
			line = m[1] + particle(m[1], "은") + " " + m[2] + "입니다"
		}
	}
	return thirdPerson.Replace(line)
}

var userLabel = regexp.MustCompile(`^((?:사용자의|유저의|상대방의|[Tt]he user's|ユーザーの) ?[\p{L} ]{1,16}?)\s*[:：]\s*(.+)$`)

var thirdPerson = strings.NewReplacer(
	"사용자가 제일", "내가 제일", "사용자의", "내", "사용자는", "나는", "사용자가", "내가", "상대방의", "내", "상대방은", "나는", "상대방이", "내가",
	"유저의", "내", "유저는", "나는", "유저가", "내가",
	"The user's", "My", "the user's", "my", "The user ", "I ", "the user ", "I ",
	"ユーザーの", "私の", "ユーザーは", "私は", "用户叫", "我叫", "用户喜欢", "我喜欢",
)

var (
	askedForName = regexp.MustCompile(`(?:이름|성함)[^.!?]*(?:\?|알려|말해)|(?i:your name|call you|name\?)|お?名前[^。！]*[?？]|怎么称呼|叫什么`)
	bareNameForm = regexp.MustCompile(`^(?:음|어|아)?[, ]*([\p{L}]+(?: [\p{Lu}][\p{L}]+)?(?:이라고 (?:해|해요|합니다|불러 ?줘)|라고 (?:해|해요|합니다|불러 ?줘))?)[.!~。 ]*$`)
)

func asksName(text string) bool { return askedForName.MatchString(text) }

// bareName reads a one-word answer as a name: "지수", "민준이야", "Tom".
func bareName(text string) string {
	m := bareNameForm.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return ""
	}
	name, _ := splitCopula(m[1])
	name = strings.TrimSuffix(strings.TrimSuffix(name, "です"), "だよ")
	if n := len([]rune(name)); n < 2 || n > 12 || notAName.MatchString(name) || strings.ContainsAny(name, "\n") {
		return ""
	}
	return name
}

var notAName = regexp.MustCompile(`^(?i:비밀|싫어|싫은데|몰라|아니|아니요|안녕|왜|글쎄|그래|응|네|예|ㅋ+|ㅎ+|no|yes|hi|hello|why|secret|nothing|いや|秘密|はい|いいえ|不要|秘密)$`)
