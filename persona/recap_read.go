package persona

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// maxNotedFacts is how many facts one reply may bring.
	maxNotedFacts = 16
	// MaxFact is how long a fact may be, in characters.
	MaxFact = 300
)

// ErrNoNotes says that a model's reply to a Recap holds nothing that was asked for.
var ErrNoNotes = errors.New("the model wrote no notes")

// Read takes the notes out of a model's reply. Models keep to a schema more or less, or
// not at all: JSON may stand between other words, be cut in the middle, or name its fields
// differently; words without any JSON are the summary.
func (r Recap) Read(reply string) (Notes, error) {
	var n Notes
	start := strings.IndexByte(reply, '{')
	if r.Schema() == nil || start < 0 {
		if r.Summary {
			n.Summary = block(unquoted(reply))
		}
	} else {
		fields := jsonFields(reply[start:])
		if r.Facts {
			n.Facts = r.readFacts(fields)
		}
		if r.Summary {
			n.Summary = block(summaryOf(fields))
		}
	}
	if r.Summary && n.Summary == "" || !r.Summary && start < 0 {
		return Notes{}, ErrNoNotes
	}
	return n, nil
}

// unquoted takes off what models like to put around a text: a fence, and quotes.
func unquoted(text string) string {
	text = strings.TrimSpace(text)
	if rest, ok := strings.CutPrefix(text, "```"); ok {
		_, rest, _ = strings.Cut(rest, "\n")
		text = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "```"))
	}
	if len(text) > 1 && text[0] == '"' && text[len(text)-1] == '"' {
		text = text[1 : len(text)-1]
	}
	return text
}

// jsonField is a member of a JSON object.
type jsonField struct {
	name  string
	value json.RawMessage // may be cut
}

// jsonFields reads the members of an object as far as there is one. The last value is the
// rest of the text where it is cut.
func jsonFields(text string) (fields []jsonField) {
	d := json.NewDecoder(strings.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil
	}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return fields
		}
		begun := d.InputOffset()
		var value json.RawMessage
		if d.Decode(&value) != nil {
			_, rest, _ := strings.Cut(text[begun:], ":")
			return append(fields, jsonField{name, json.RawMessage(strings.TrimSpace(rest))})
		}
		fields = append(fields, jsonField{name, value})
	}
	return fields
}

// summaryOf is the member with that name, else the longest text.
func summaryOf(fields []jsonField) (summary string) {
	for _, f := range fields {
		text := jsonText(f.value)
		if strings.EqualFold(f.name, "summary") {
			return text
		}
		if len(text) > len(summary) {
			summary = text
		}
	}
	return summary
}

// jsonText is a JSON string, which may be cut; empty for anything else.
func jsonText(value json.RawMessage) string {
	var text string
	if len(value) == 0 || value[0] != '"' {
		return ""
	}
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	// Cut: without the escape that the cut may have hit.
	for back := range min(len(value), 12) {
		if json.Unmarshal(append(slices.Clone(value[:len(value)-back]), '"'), &text) == nil {
			return strings.ToValidUTF8(text, "")
		}
	}
	return ""
}

// readFacts are the facts of a reply, those that can be used.
func (r Recap) readFacts(fields []jsonField) (facts []NotedFact) {
	for _, f := range fields {
		if !strings.EqualFold(f.name, "facts") {
			continue
		}
		d := json.NewDecoder(strings.NewReader(string(f.value)))
		if t, err := d.Token(); err != nil || t != json.Delim('[') {
			continue
		}
		for d.More() && len(facts) < maxNotedFacts {
			var value json.RawMessage
			if d.Decode(&value) != nil {
				break // cut: what came before is whole
			}
			if fact, ok := r.readFact(value); ok {
				facts = append(facts, fact)
			}
		}
	}
	return facts
}

func (r Recap) readFact(value json.RawMessage) (NotedFact, bool) {
	var fields struct {
		Kind     FactKind
		Fact     string
		Text     string
		Replaces any
	}
	if json.Unmarshal(value, &fields) != nil {
		fields.Fact = jsonText(value)
	}
	fact := NotedFact{Kind: fields.Kind, Text: oneLine(fields.Fact)}
	if fact.Text == "" {
		fact.Text = oneLine(fields.Text)
	}
	if fact.Text == "" || utf8.RuneCountInString(fact.Text) > MaxFact {
		return fact, false
	}
	if !slices.Contains(FactKinds, fact.Kind) {
		fact.Kind = FactAbout
	}
	if n, ok := fields.Replaces.(float64); ok && n >= 1 && int(n) <= len(r.Known) {
		fact.Replaces = int(n)
	}
	return fact, true
}
