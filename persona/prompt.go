package persona

import (
	"regexp"
	"strings"
)

// Prompt is what a model is told about its part. The zero Prompt is a plain
// assistant's.
type Prompt struct {
	// Character is who speaks; nil means nobody in particular.
	Character *Character
	// Persona, where it is not blank, describes who speaks in place of all of
	// Character but its name.
	Persona string
	// Scenario is where the conversation takes place.
	Scenario Scenario
	// Lore is what the conversation touches on of the character's world, see Lorebook.
	// It joins the scenario's background, behind all of the prompt's material that stays
	// the same from turn to turn, so that a server's prompt cache holds for that.
	Lore []string
	// Known is what the character remembers of the listener from conversations past, a
	// fact an entry.
	Known []string
	// Earlier is a summary of what was said before the messages that the model is given.
	// Like Known it was written by a model: it is told as notes, not as instructions.
	Earlier string
	// Instructions are the client's own, followed as far as the rules allow.
	Instructions string
	// UserName is what the character may call the listener; empty means unknown.
	UserName string
	// Language is that of the prompt's own words. Empty means that of the character,
	// the persona or the instructions. The reply follows the listener's language in
	// any case.
	Language Language
}

// Scenario is the scene of a conversation, as the chat API has it.
type Scenario struct {
	// Opponent is whom the listener faces, that is the part the model plays in this
	// scene: the character itself, or somebody whom it is to play.
	Opponent string `json:"opponent"`
	// Situation is what is going on.
	Situation string `json:"situation"`
	// Background is the world around it.
	Background string `json:"background"`
}

// System returns the system prompt. It is the same text for the same Prompt, and has
// no heading without content. Nothing is cut: a text's length is the caller's
// concern.
func (p Prompt) System() string {
	words := phrases[p.language()]
	name := p.name()
	description := p.description(words)
	scene := p.scene(words, name)

	var b strings.Builder
	switch {
	case name != "":
		b.WriteString(words.part + name + "\n")
	case description != "" || scene != "":
		b.WriteString(words.somePart + "\n")
	default:
		b.WriteString(words.assistant + "\n")
	}
	if user := oneLine(p.UserName); user != "" {
		b.WriteString(words.user + user + "\n")
	}
	instructions := block(p.Instructions)
	known, earlier := bullets(p.Known), block(p.Earlier)
	fenced := false
	for _, section := range []struct{ tag, text string }{
		{"character", description},
		{"memory", known},
		{"summary", earlier},
		{"scene", scene},
		{"instructions", instructions},
	} {
		if section.text == "" {
			continue
		}
		fenced = true
		b.WriteString("\n<" + section.tag + ">\n" + section.text + "\n</" + section.tag + ">\n")
	}

	// The rules come last: nothing that a card says can follow them.
	b.WriteString("\n" + words.rules + "\n")
	if name != "" || description != "" || scene != "" {
		writeRules(&b, words.roleRules)
	} else {
		writeRules(&b, words.assistantRules)
	}
	writeRules(&b, words.speechRules)
	if fenced {
		writeRules(&b, words.fenceRules)
	}
	if known != "" || earlier != "" {
		writeRules(&b, words.noteRules)
	}
	if instructions != "" {
		writeRules(&b, words.clientRules)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// name is whom the model plays, empty where nobody has a name.
func (p Prompt) name() string {
	if p.Character != nil {
		if name := oneLine(p.Character.Name); name != "" {
			return name
		}
	}
	return oneLine(p.Scenario.Opponent)
}

// description is what there is to know about the character, a labelled line a field.
func (p Prompt) description(words *wording) string {
	if text := block(p.Persona); text != "" {
		return text
	}
	c := p.Character
	if c == nil {
		return ""
	}
	if text := block(c.Persona); text != "" {
		return text
	}
	lines := lines{}
	lines.add(words.profile, join(words.comma, c.Gender, c.Species, c.Age, c.Height, c.Job))
	lines.add(words.sourceWork, oneLine(c.SourceWork))
	lines.add(words.worldview, block(c.Worldview))
	lines.add(words.description, block(c.Description))
	lines.add(words.personality, block(c.Personality))
	lines.add(words.appearance, block(c.Appearance))
	lines.add(words.likes, join(words.comma, c.Likes...))
	lines.add(words.dislikes, join(words.comma, c.Dislikes...))
	lines.add(words.speechStyle, block(c.SpeechStyle))
	lines.add(words.habits, block(c.Habits))
	lines.add(words.thoughts, block(c.Thoughts))
	lines.add(words.features, block(c.Features))
	lines.add(words.guidelines, block(c.Guidelines))
	lines.add(words.sampleDialogue, block(c.SampleDialogue))
	return lines.String()
}

// scene is the scenario, a labelled line a field.
func (p Prompt) scene(words *wording, name string) string {
	lines := lines{}
	if opponent := oneLine(p.Scenario.Opponent); opponent != name {
		lines.add(words.opponent, opponent)
	}
	lines.add(words.situation, block(p.Scenario.Situation))
	lines.add(words.background, block(strings.Join(append([]string{p.Scenario.Background}, p.Lore...), "\n")))
	return lines.String()
}

// bullets is a list, a line an entry, without those that are blank.
func bullets(entries []string) string {
	var b strings.Builder
	for _, entry := range entries {
		if entry = oneLine(entry); entry == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString("- " + entry)
	}
	return b.String()
}

func writeRules(b *strings.Builder, rules []string) {
	for _, rule := range rules {
		b.WriteString("- " + rule + "\n")
	}
}

// lines collects labelled lines, leaving out those without a value.
type lines struct{ b strings.Builder }

func (l *lines) add(label, value string) {
	if value == "" {
		return
	}
	if l.b.Len() > 0 {
		l.b.WriteByte('\n')
	}
	l.b.WriteString(label)
	// A text of several lines starts below its label, so that its list marks line up.
	if strings.Contains(value, "\n") {
		l.b.WriteByte('\n')
	} else {
		l.b.WriteByte(' ')
	}
	l.b.WriteString(value)
}

func (l *lines) String() string { return l.b.String() }

// join makes one line of what is not blank.
func join(separator string, values ...string) string {
	kept := make([]string, 0, len(values))
	for _, value := range values {
		if value = oneLine(value); value != "" {
			kept = append(kept, value)
		}
	}
	return strings.Join(kept, separator)
}

// oneLine makes text harmless and a single line.
func oneLine(text string) string { return strings.Join(strings.Fields(harmless(text)), " ") }

// block makes text harmless and takes empty lines and the space at line ends out.
func block(text string) string {
	var b strings.Builder
	for line := range strings.Lines(harmless(text)) {
		line = strings.TrimRight(line, " \t\r\n")
		if line == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(line)
	}
	return strings.TrimSpace(b.String())
}

// marks are what could end a section of the prompt early, or be read as a control
// token by a chat template: the prompt's own tags, <|im_start|> and its like,
// Gemma's turns, Llama's [INST] and <<SYS>>, and the sentence marks <s> and <bos>.
var marks = regexp.MustCompile(`(?i)<\s*/?\s*(?:character|memory|summary|facts|conversation|scene|instructions|start_of_turn|end_of_turn|think|bos|eos|pad|unk|s)\s*>` +
	`|<[|｜][^<>]*[|｜]>|<<\s*/?\s*sys\s*>>|\[\s*/?\s*inst\s*\]`)

// brackets look like the real ones to a reader and are other characters to a
// tokeniser.
var brackets = strings.NewReplacer("<", "‹", ">", "›", "[", "⟦", "]", "⟧")

// harmless takes the power out of marks and leaves all other text as it is.
func harmless(text string) string {
	if !strings.ContainsAny(text, "<[") {
		return text
	}
	return marks.ReplaceAllStringFunc(text, brackets.Replace)
}
