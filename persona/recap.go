package persona

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Recap asks a model for notes of a conversation, to stand for its messages in later
// prompts: a summary, and facts about the listener that hold beyond the conversation.
type Recap struct {
	// Name is who speaks with the listener; empty means nobody in particular.
	Name string
	// Earlier is the summary so far, which the new one takes up; empty for none.
	Earlier string
	// Known are the facts so far. A new one may take the place of one of them.
	Known []string
	// Lines are what was said since, in order.
	Lines []Line
	// Summary and Facts are what to write; one of them at least.
	Summary, Facts bool
	// Sentences is how long the summary may be; zero means 12.
	Sentences int
	// Language is that of the request's own words; empty means the conversation's. The
	// notes are in the conversation's language in any case.
	Language Language
}

// Line is one thing that was said.
type Line struct {
	Speaker Speaker
	Text    string
}

// Speaker is who says a line.
type Speaker int

// The speakers. SpeakerNobody is of what was told rather than said: a change of scene,
// for instance.
const (
	SpeakerUser Speaker = iota
	SpeakerCharacter
	SpeakerNobody
)

const defaultSentences = 12

// Notes are what a model answers to a Recap.
type Notes struct {
	Summary string
	Facts   []NotedFact
}

// NotedFact is something that the model found out about the listener.
type NotedFact struct {
	Kind FactKind
	Text string // one sentence
	// Replaces is which of Recap.Known it corrects or repeats, from 1; zero for none.
	Replaces int
}

// FactKind says what a fact is about.
type FactKind string

// The kinds of facts, which a schema binds the model to.
const (
	FactName    FactKind = "name"    // how the listener is called
	FactAbout   FactKind = "about"   // the listener's life
	FactLike    FactKind = "like"    // likes and dislikes
	FactPromise FactKind = "promise" // what the two have agreed on
	FactEvent   FactKind = "event"   // what has happened between them
)

// FactKinds are all kinds.
var FactKinds = []FactKind{FactName, FactAbout, FactLike, FactPromise, FactEvent}

// recapSchema is what the model's JSON must match. The summary comes first, so that a
// reply that is cut has the better part of it.
var recapSchema = func() map[bool]json.RawMessage {
	var kinds []string
	for _, k := range FactKinds {
		kinds = append(kinds, strconv.Quote(string(k)))
	}
	facts := fmt.Sprintf(`"facts":{"type":"array","maxItems":%d,"items":{"type":"object","properties":{`+
		`"kind":{"type":"string","enum":[%s]},"fact":{"type":"string"},"replaces":{"type":"integer","minimum":0}},`+
		`"required":["kind","fact","replaces"]}}`, maxNotedFacts, strings.Join(kinds, ","))
	schema := func(properties, required string) json.RawMessage {
		return json.RawMessage(`{"type":"object","properties":{` + properties + `},"required":[` + required + `]}`)
	}
	return map[bool]json.RawMessage{
		true:  schema(`"summary":{"type":"string"},`+facts, `"summary","facts"`),
		false: schema(facts, `"facts"`),
	}
}()

// Schema is what the reply must match; nil means free text, which a summary alone is.
func (r Recap) Schema() json.RawMessage {
	if !r.Facts {
		return nil
	}
	return recapSchema[r.Summary]
}

// Prompt is what the model is told: who it is, and the conversation. What was said
// stands between tags, out of which it cannot break.
func (r Recap) Prompt() (system, user string) {
	words := recapPhrases[r.language()]
	name := oneLine(r.Name)
	if name == "" {
		name = words.nobody
	}
	return r.system(words, name), r.user(words, name)
}

func (r Recap) system(words *recapWording, name string) string {
	fill := strings.NewReplacer("{name}", name, "{sentences}", strconv.Itoa(r.sentences())).Replace
	var b strings.Builder
	b.WriteString(fill(words.task) + "\n")
	section := func(heading string, lines []string) {
		b.WriteString("\n" + fill(heading) + "\n")
		for _, line := range lines {
			b.WriteString("- " + fill(line) + "\n")
		}
	}
	if r.Summary {
		section(words.summary, words.summaryRules)
	}
	if r.Facts {
		section(words.facts, words.factRules)
	}
	section(words.rules, words.allRules)
	if r.Facts {
		form := words.formFacts
		if r.Summary {
			form = words.formBoth
		}
		b.WriteString("\n" + form + "\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func (r Recap) sentences() int {
	if r.Sentences <= 0 {
		return defaultSentences
	}
	return r.Sentences
}

func (r Recap) user(words *recapWording, name string) string {
	var b strings.Builder
	section := func(tag, text string) {
		if text != "" {
			b.WriteString("<" + tag + ">\n" + text + "\n</" + tag + ">\n\n")
		}
	}
	section("summary", block(r.Earlier))
	if r.Facts {
		var facts strings.Builder
		for i, known := range r.Known {
			facts.WriteString(strconv.Itoa(i+1) + ". " + oneLine(known) + "\n")
		}
		section("facts", strings.TrimSuffix(facts.String(), "\n"))
	}
	var lines strings.Builder
	for _, line := range r.Lines {
		who := name
		switch line.Speaker {
		case SpeakerUser:
			who = words.user
		case SpeakerNobody:
			who = words.told
		case SpeakerCharacter:
		}
		if text := oneLine(line.Text); text != "" {
			lines.WriteString(who + ": " + text + "\n")
		}
	}
	section("conversation", strings.TrimSuffix(lines.String(), "\n"))
	b.WriteString(words.now)
	return b.String()
}

// language is the request's: the one asked for if it is one of ours, else that of what
// the listener said, else of what he was told.
func (r Recap) language() Language {
	if _, ok := recapPhrases[r.Language]; ok {
		return r.Language
	}
	for _, speaker := range []Speaker{SpeakerUser, SpeakerCharacter} {
		var said strings.Builder
		for _, line := range r.Lines {
			if line.Speaker == speaker {
				said.WriteString(line.Text)
			}
		}
		if l := languageOf(said.String()); l != "" {
			return l
		}
	}
	return Korean
}
