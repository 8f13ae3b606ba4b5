package reply

import (
	"encoding/json"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"time"

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
