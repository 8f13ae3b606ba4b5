package persona

import (
	"fmt"
	"net/url"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of a character, in characters (Unicode code points) and entries. A full
// preset takes about a tenth of what they allow; at the limits one prompt would fill
// a context window by itself, which the session then reports.
const (
	MaxName    = 100
	MaxLine    = 200
	MaxProse   = 4000
	MaxPersona = 8000
	MaxEntries = 50
	MaxEntry   = 200
	MaxID      = 64
	MaxURL     = 2048
)

// textField is one text of a character: what JSON calls it, and what it may hold.
type textField struct {
	name string
	max  int // in characters
	// lines allows more than one.
	lines bool
	text  func(*Character) *string
}

// listField is one list of a character.
type listField struct {
	name string
	list func(*Character) *[]string
}

// textFields and listFields are all of a Character's texts and lists, in the order
// of its fields, which is the order of the errors.
var (
	textFields = []textField{
		{"id", MaxID, false, func(c *Character) *string { return &c.ID }},
		{"name", MaxName, false, func(c *Character) *string { return &c.Name }},
		{"description", MaxProse, true, func(c *Character) *string { return &c.Description }},
		{"gender", MaxLine, false, func(c *Character) *string { return &c.Gender }},
		{"species", MaxLine, false, func(c *Character) *string { return &c.Species }},
		{"age", MaxLine, false, func(c *Character) *string { return &c.Age }},
		{"height", MaxLine, false, func(c *Character) *string { return &c.Height }},
		{"job", MaxLine, false, func(c *Character) *string { return &c.Job }},
		{"personality", MaxProse, true, func(c *Character) *string { return &c.Personality }},
		{"appearance", MaxProse, true, func(c *Character) *string { return &c.Appearance }},
		{"speech_style", MaxProse, true, func(c *Character) *string { return &c.SpeechStyle }},
		{"thoughts", MaxProse, true, func(c *Character) *string { return &c.Thoughts }},
		{"features", MaxProse, true, func(c *Character) *string { return &c.Features }},
		{"habits", MaxProse, true, func(c *Character) *string { return &c.Habits }},
		{"guidelines", MaxProse, true, func(c *Character) *string { return &c.Guidelines }},
		{"voice_id", MaxLine, false, func(c *Character) *string { return &c.VoiceID }},
		{"category", MaxLine, false, func(c *Character) *string { return &c.Category }},
		{"sample_dialogue", MaxProse, true, func(c *Character) *string { return &c.SampleDialogue }},
		{"image_url", MaxURL, false, func(c *Character) *string { return &c.ImageURL }},
		{"model_url", MaxURL, false, func(c *Character) *string { return &c.ModelURL }},
		{"source_work", MaxLine, false, func(c *Character) *string { return &c.SourceWork }},
		{"worldview", MaxProse, true, func(c *Character) *string { return &c.Worldview }},
		{"greeting", MaxProse, true, func(c *Character) *string { return &c.Greeting }},
		{"persona", MaxPersona, true, func(c *Character) *string { return &c.Persona }},
	}
	listFields = []listField{
		{"likes", func(c *Character) *[]string { return &c.Likes }},
		{"dislikes", func(c *Character) *[]string { return &c.Dislikes }},
		{"tags", func(c *Character) *[]string { return &c.Tags }},
	}
)

// FieldError says what is wrong with one field of a character.
type FieldError struct {
	// Field is the field's name in JSON, "likes[3]" for a list's entry.
	Field string
	// Message says what the field may hold, in a way that reads on after its name.
	Message string
	// Value is what it holds, cut to its first characters where it is long.
	Value string
}

// Error names the field and says what it may hold.
func (e FieldError) Error() string { return e.Field + " " + e.Message }

// ValidationError is all that is wrong with a character.
type ValidationError struct {
	Fields []FieldError // at least one
}

// Error joins the fields' errors.
func (e *ValidationError) Error() string {
	texts := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		texts[i] = f.Error()
	}
	return strings.Join(texts, "; ")
}

// Validate checks a character that has been through Clean. The name is required, and
// the id, where there is one, consists of ASCII letters, digits, '-' and '_', so that
// it can stand in a path and in "character:ID". It returns nil or a *ValidationError
// with every field that is wrong.
func (c *Character) Validate() error {
	var bad []FieldError
	report := func(field, value, format string, args ...any) {
		bad = append(bad, FieldError{Field: field, Message: fmt.Sprintf(format, args...), Value: excerpt(value)})
	}
	for _, f := range textFields {
		text := *f.text(c)
		if reason := textProblem(text, f.max, f.lines); reason != "" {
			report(f.name, text, "%s", reason)
			continue
		}
		switch {
		case f.name == "name" && text == "":
			report(f.name, text, "is required")
		case f.name == "id" && !validID(text):
			report(f.name, text, "must consist of letters a to z, digits, '-' and '_'")
		case f.name == "image_url" && !validImageURL(text):
			report(f.name, text, "must be a path that begins with '/', or an http or https address")
		case f.name == "model_url" && !validModelURL(text):
			report(f.name, text, "must be a path of this server's that begins with '/mnt/user_assets/', or an https address")
		}
	}
	for _, f := range listFields {
		list := *f.list(c)
		if len(list) > MaxEntries {
			report(f.name, "", "must have at most %d entries, not %d", MaxEntries, len(list))
			continue
		}
		for i, entry := range list {
			name := fmt.Sprintf("%s[%d]", f.name, i)
			if reason := textProblem(entry, MaxEntry, false); reason != "" {
				report(name, entry, "%s", reason)
			} else if strings.TrimSpace(entry) == "" {
				report(name, entry, "must not be empty")
			}
		}
	}
	if bad == nil {
		return nil
	}
	return &ValidationError{Fields: bad}
}

// textProblem says why text cannot be a field's value, or nothing.
func textProblem(text string, limit int, lines bool) string {
	if !utf8.ValidString(text) {
		return "must be valid UTF-8"
	}
	if n := utf8.RuneCountInString(text); n > limit {
		return fmt.Sprintf("must have at most %d characters, not %d", limit, n)
	}
	for _, r := range text {
		switch {
		case r == '\n' || r == '\t':
			if !lines {
				return "must be a single line"
			}
		case unicode.IsControl(r):
			return "must not contain control characters"
		}
	}
	return ""
}

// validID accepts the empty id: a character gets one when it is stored.
func validID(id string) bool {
	return strings.IndexFunc(id, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
	}) < 0
}

// validImageURL refuses what a browser would do more with than show it
// (javascript:, data:) and the scheme-less "//host".
func validImageURL(text string) bool {
	if text == "" {
		return true
	}
	u, err := url.Parse(text)
	if err != nil {
		return false
	}
	switch u.Scheme {
	case "":
		return u.Host == "" && strings.HasPrefix(u.Path, "/")
	case "http", "https":
		return u.Host != ""
	}
	return false
}

// validModelURL takes a file of this server's, or what any viewer may load: a page over https
// loads nothing over http.
func validModelURL(text string) bool {
	if text == "" {
		return true
	}
	u, err := url.Parse(text)
	if err != nil {
		return false
	}
	switch u.Scheme {
	case "":
		return u.Host == "" && u.RawQuery == "" && strings.HasPrefix(u.Path, "/mnt/user_assets/") && path.Clean(u.Path) == u.Path
	case "https":
		return u.Host != ""
	}
	return false
}

// excerpt keeps an error's size sane.
func excerpt(text string) string {
	const limit = 80
	text = strings.ToValidUTF8(text, "\uFFFD")
	n := 0
	for i := range text {
		if n == limit {
			return text[:i] + "…"
		}
		n++
	}
	return text
}
