package persona

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// DraftError says why what a model has written is no draft.
type DraftError struct {
	// Reason reads on after "what was written": "is not JSON", for instance.
	Reason string
}

// Error is the reason as a sentence.
func (e *DraftError) Error() string { return "what was written " + e.Reason }

// check reads a draft out of a text: one JSON object, in a code fence or with words
// around it. All of the brief's fields must be there, of their types and within their
// limits; what else there is is left out. It returns the object with its fields in order,
// and their texts without the space around them.
func (b *Brief) check(text string) (json.RawMessage, *DraftError) {
	begin := strings.IndexByte(text, '{')
	if begin < 0 {
		return nil, &DraftError{"is not a JSON object"}
	}
	var object map[string]json.RawMessage
	if err := json.NewDecoder(strings.NewReader(text[begin:])).Decode(&object); err != nil {
		return nil, &DraftError{"is not valid JSON (" + err.Error() + ")"}
	}
	draft := []byte("{")
	var wrong []string
	for i, f := range b.fields {
		value, reason := f.read(object[f.name])
		if reason != "" {
			wrong = append(wrong, f.name+" "+reason)
			continue
		}
		if f.name == "name" && b.name != "" {
			value = b.name
		}
		if i > 0 {
			draft = append(draft, ',')
		}
		encoded, err := json.Marshal(value)
		if err != nil {
			return nil, &DraftError{"cannot be written as JSON (" + err.Error() + ")"}
		}
		draft = fmt.Appendf(draft, "%q:%s", f.name, encoded)
	}
	if wrong != nil {
		return nil, &DraftError{"is not what was asked for: " + strings.Join(wrong, "; ")}
	}
	return append(draft, '}'), nil
}

// read is a field's value, a string or a []string, or what is wrong with it.
func (f *draftField) read(raw json.RawMessage) (value any, reason string) {
	if raw == nil || string(raw) == "null" {
		return nil, "is missing"
	}
	if !f.list {
		var text string
		if json.Unmarshal(raw, &text) != nil {
			return nil, "must be a text"
		}
		text, reason = f.tidy(text)
		return text, reason
	}
	var list []string
	if json.Unmarshal(raw, &list) != nil {
		return nil, "must be a list of texts"
	}
	entries := make([]string, 0, len(list))
	for _, entry := range list {
		if strings.TrimSpace(entry) == "" {
			continue
		}
		if entry, reason = f.tidy(entry); reason != "" {
			return nil, "has an entry that " + reason
		}
		if !slices.Contains(entries, entry) {
			entries = append(entries, entry)
		}
	}
	switch {
	case len(entries) == 0:
		return nil, "is empty"
	case len(entries) > MaxEntries:
		return nil, fmt.Sprintf("must have at most %d entries, not %d", MaxEntries, len(entries))
	}
	return entries, ""
}

// tidy takes away what is around a text, and what is wrong with it.
func (f *draftField) tidy(text string) (tidied, reason string) {
	if f.lines {
		text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	} else {
		text = strings.Join(strings.Fields(text), " ")
	}
	if text == "" {
		return "", "is empty"
	}
	return text, textProblem(text, f.max, f.lines)
}

// foreign says that a draft is in another script than it was to be.
func (b *Brief) foreign(draft json.RawMessage) bool {
	if b.script == scriptNone || b.script == scriptOther {
		return false
	}
	var object map[string]any
	if json.Unmarshal(draft, &object) != nil {
		return false
	}
	delete(object, "name") // the user's, and often foreign
	var all strings.Builder
	for _, value := range object {
		fmt.Fprintln(&all, value)
	}
	return scriptOf(all.String()) != b.script
}
