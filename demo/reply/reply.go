package reply

import (
	"encoding/json"
	"hash/fnv"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"avatarforge/llm"
)

// Request is one request for a reply.
type Request struct {
	// Messages are what the LLM server was sent, the system prompt included.
	Messages []llm.Message
	// Schema, if not nil, is a JSON schema that the reply must match, or the string
	// "json" as Ollama takes it.
	Schema json.RawMessage
	// Seed chooses among what can be said. Equal requests get equal replies.
	Seed uint64
	// Now is what a question for the time is answered with, in its location.
	Now time.Time
}

// Generate answers a request. It fails only if Schema is not a JSON schema.
func Generate(req Request) (string, error) {
	t := newTurn(req)
	if req.Schema != nil {
		return t.fillSchema(req.Schema)
	}
	return t.answer(), nil
}

// turn is a request as understood.
type turn struct {
	lang     language
	who      character
	known    facts
	messages []llm.Message
	said     string // the last user message
	number   int    // of user messages so far
	now      time.Time
	seed     uint64
	rng      *rand.Rand // seeded by seed and number
}

func newTurn(req Request) *turn {
	t := &turn{
		lang:     conversationLanguage(req.Messages),
		who:      understand(req.Messages),
		messages: req.Messages,
		now:      req.Now,
		seed:     req.Seed,
	}
	for _, m := range req.Messages {
		if m.Role == llm.RoleUser {
			t.number++
			t.said = strings.TrimSpace(m.Content)
		}
	}
	t.known = learn(t.who, req.Messages)
	t.rng = rand.New(rand.NewPCG(req.Seed, uint64(t.number)))
	return t
}

// answer finds what the user wants and says it.
func (t *turn) answer() string {
	if s, ok := t.summaryWanted(); ok {
		return s
	}
	if t.said == "" {
		return t.dress(t.say(intentEmpty, nil))
	}
	want, _ := intentOf(t.said, t.lang)
	if want == intentHonest {
		// The one thing that is not said in the character's manner.
		return t.say(intentHonest, nil)
	}
	if s, ok := t.recall(t.said); ok {
		return t.dress(s)
	}
	if s, ok := t.calculate(); ok {
		return t.dress(s)
	}
	if s, ok := t.acknowledge(); ok {
		if question := lastQuestion(t.said); question != "" {
			s += " " + t.react(question)
		}
		return t.dress(s)
	}
	return t.dress(t.react(t.said))
}

// lastQuestion is the last sentence of a message with a question mark.
func lastQuestion(text string) string {
	list := sentences(text)
	for i := len(list) - 1; i >= 0; i-- {
		if strings.ContainsAny(list[i], "?？") {
			return list[i]
		}
	}
	return ""
}

// react answers a text by its intent.
func (t *turn) react(text string) string {
	if s, ok := t.recall(text); ok {
		return s
	}
	want, ok := intentOf(text, t.lang)
	if !ok {
		return t.fallback(text)
	}
	switch want {
	case intentGreeting:
		if t.number > 1 {
			want = intentGreetAgain
		}
	case intentStory:
		return t.story("")
	case intentContinue:
		if t.lang != chinese {
			return t.story("")
		}
		return t.fallback(text)
	case intentTime:
		return t.say(want, vars{"clock": clock(t.now, t.lang)})
	case intentDate:
		return t.say(want, vars{"day": day(t.now, t.lang)})
	case intentRepeat:
		if last := t.lastReply(); last != "" {
			return t.say(want, vars{"last": last})
		}
		want = intentEmpty
	case intentSummary:
		return t.recallAll()
	case intentLikes:
		if thing := likedThing(text, t.lang); thing != "" {
			want = intentLikesThat
			if slices.Contains(t.who.likes, thing) {
				want = intentLikesThis
			}
			if s := t.say(want, vars{"noun": thing}); s != "" {
				return s
			}
			want = intentLikes
		}
	case intentWho:
		if t.who.name == "" {
			want = intentNobody
		}
	case intentHonest:
		return t.say(want, nil)
	}
	if s := t.say(want, nil); s != "" {
		return t.keepGoing(want, s)
	}
	return t.fallback(text)
}

var (
	koLikedThing = regexp.MustCompile(`^(?:(?:너|넌|너는|너도|당신은|혹시)\s+)?([\p{Hangul}A-Za-z]{1,10}?(?: [\p{Hangul}]{1,8}?)?)(?:을|를|도|은|는)?\s+좋아(?:해|하니|하세요|해요|하냐|합니까)\s*\?`)
	koAskedWhat  = regexp.MustCompile(`뭐|뭘|무엇|무슨|어떤|누구`)
	enLikedThing = regexp.MustCompile(`(?i)\bdo you (?:like|love|enjoy) ([a-z' -]{2,30})\?`)
	jaLikedThing = regexp.MustCompile(`^(?:(?:あなた|君)は)?([^はがも？?、何]{1,10})(?:は|が|も)?好き(?:ですか|なの)?[?？]`)
)

// likedThing is what a question asks whether the character likes, or "".
func likedThing(text string, lang language) string {
	form := map[language]*regexp.Regexp{korean: koLikedThing, english: enLikedThing, japanese: jaLikedThing}[lang]
	if form == nil {
		return ""
	}
	m := form.FindStringSubmatch(text)
	if m == nil || koAskedWhat.MatchString(m[1]) {
		return ""
	}
	return m[1]
}

// fallback answers what no rule knows by turning the user's own words to him.
func (t *turn) fallback(text string) string {
	if _, ok := languageOf(text); !ok {
		return t.say(intentEmpty, nil)
	}
	noun := nounOf(text, t.lang)
	v := vars{"noun": noun}
	if isQuestion(text, t.lang) {
		return t.say(intentQuestion, v)
	}
	if echo, ok := echoOf(text, t.lang, t.who.casual); ok {
		if s := t.say(intentStatement, vars{"echo": echo}); s != "" {
			return s
		}
	}
	if s := t.say(intentTopic, v); s != "" {
		return s
	}
	if s := t.say(intentYes, nil); s != "" {
		return s
	}
	return t.say(intentEmpty, nil)
}

func isQuestion(text string, lang language) bool {
	return strings.ContainsAny(text, "?？") || lang == korean && koQuestion.MatchString(text) || lang == english && enQuestion.MatchString(text)
}

var enQuestion = regexp.MustCompile(`(?i)^(?:what|who|where|when|why|how|which|do|does|did|is|are|can|could|would|will|should)\b`)

// keepGoing adds a question to a reply that has none, every other time, except
// where it would be tactless.
func (t *turn) keepGoing(after intent, s string) string {
	switch after {
	case intentFarewell, intentNight, intentSad, intentSick, intentCry, intentLonely, intentHonest, intentSong:
		return s
	}
	if strings.ContainsAny(s, "?？") || t.rng.IntN(2) == 0 {
		return s
	}
	if hook := t.say(intentHook, nil); hook != "" {
		return join(s, hook, t.lang)
	}
	return s
}

// join puts two sentences in sequence; Japanese and Chinese have no space.
func join(a, b string, lang language) string {
	switch {
	case a == "":
		return b
	case b == "":
		return a
	case lang == japanese || lang == chinese:
		return a + b
	}
	return a + " " + b
}

// recall answers a question about what the user told.
func (t *turn) recall(text string) (string, bool) {
	if !isQuestion(text, t.lang) && !strings.Contains(text, "기억") && !strings.Contains(text, "말해") && t.lang != chinese {
		return "", false
	}
	q, ok := askedAbout(text, t.lang)
	if !ok {
		return "", false
	}
	if q.all {
		return t.recallAll(), true
	}
	v := vars{"label": label(q.topic, q.noun, t.lang), "your": t.your(q.topic), "value": t.known.find(q)}
	if q.topic == topicLike || q.topic == topicDislike {
		v["value"] = enumerate(t.known.all(q.topic), t.lang)
		if q.topic == topicLike && v["value"] == "" {
			v["value"] = t.known.get(topicFavourite, "")
		}
	}
	if v["value"] == "" {
		return t.say(intentRecallNone, v), true
	}
	switch q.topic {
	case topicName:
		name := nameIn(v["value"], t.lang)
		return t.say(intentRecallName, vars{"value": name}), true
	case topicLike:
		return t.say(intentRecallLikes, v), true
	}
	return t.say(intentRecallFact, v), true
}

// recallAll says everything that is known about the user.
func (t *turn) recallAll() string {
	list := factSentences(t.known, t.lang, true, t.who.casual)
	if len(list) == 0 {
		return t.say(intentRecallNone, vars{"label": label(topicName, "", t.lang), "your": t.your(topicName)})
	}
	all := ""
	for _, s := range list {
		all = join(all, s, t.lang)
	}
	return t.say(intentRecallAll, vars{"list": all})
}

// your is the Korean possessive before a topic's label: 네 이름, but 네가 좋아하는 색.
// Polite speech names the user, or leaves it out.
func (t *turn) your(topic topic) string {
	owner, possessor := "네 ", "네가 "
	if !t.who.casual {
		user := t.callUser()
		if user == "" {
			return ""
		}
		owner, possessor = user+" 님의 ", user+" 님이 "
	}
	if topic.isClause() {
		return possessor
	}
	return owner
}

// acknowledge answers facts that the user has just told, the first two of them.
func (t *turn) acknowledge() (string, bool) {
	list := toldIn(t.said, t.askedName())
	var out string
	for i, f := range list {
		if i == 2 {
			break
		}
		v := vars{"value": f.value, "label": label(f.topic, f.noun, t.lang), "your": t.your(f.topic)}
		want := intentToldFact
		switch f.topic {
		case topicName:
			want = intentToldName
		case topicLike:
			want = intentToldLike
		case topicDislike:
			want = intentToldDislike
		}
		s := t.say(want, v)
		if i > 0 && strings.ContainsAny(out, "?？") {
			// One question at a time: the second fact is only noted.
			s = firstStatement(s)
		}
		out = join(out, s, t.lang)
	}
	return out, out != ""
}

// firstStatement is the first sentence of a reply.
func firstStatement(s string) string {
	if list := sentences(s); len(list) > 0 {
		return list[0]
	}
	return s
}

// askedName reports whether the assistant's message before the last user message
// asked for the name.
func (t *turn) askedName() bool { return asksName(t.lastReply()) }

// lastReply is the assistant's last message.
func (t *turn) lastReply() string {
	for i := len(t.messages) - 1; i >= 0; i-- {
		if t.messages[i].Role == llm.RoleAssistant {
			return strings.TrimSpace(t.messages[i].Content)
		}
	}
	return ""
}

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
