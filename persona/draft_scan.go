package persona

import (
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// DraftField is a field of a draft, whole or as far as it has been written.
type DraftField struct {
	Name string `json:"name"`
	// Value is a string or a []string.
	Value any `json:"value"`
	// Done says that nothing will be added to it.
	Done bool `json:"done"`
}

// draftScanner reads the JSON object of a draft while it is being written, in pieces that
// may end anywhere. It looks for an object with texts and lists of texts by name, passes
// over what else there is in one, and over all that stands before it, a code fence for
// instance. Where the text is no JSON it falls silent: whether a draft is one is found
// out when it is whole, by Brief.check. The zero value is not usable; it is a pure
// function of the bytes so far.
type draftScanner struct {
	fields []draftField
	state  scanState
	text   scanText // the key or the text that is being read

	field   string // the name of the member that is being read; empty: it is none of ours
	entries []string
	told    int // bytes of the growing value, so as not to tell the same again
	depth   int // of what is passed over
	quoted  bool
	escaped bool
}

// scanState is what comes next.
type scanState int

const (
	scanSeek   scanState = iota // the beginning of the object
	scanKey                     // a member's name, or the object's end
	scanInKey                   // the rest of the name
	scanColon                   // the colon behind it
	scanValue                   // the member's value
	scanInText                  // the rest of a text
	scanEntry                   // an entry of a list, or its end
	scanInList                  // the rest of an entry
	scanPass                    // the rest of what is passed over
	scanAfter                   // a comma, or the object's end
	scanOver                    // nothing
)

func newDraftScanner(fields []draftField) *draftScanner { return &draftScanner{fields: fields} }

// push reads a piece and returns what it adds: each field that it completes, and last the
// one that it leaves unfinished.
func (s *draftScanner) push(piece string) (news []DraftField) {
	for i := range len(piece) {
		if done, ok := s.step(piece[i]); ok {
			news = append(news, done)
		}
	}
	if growing, ok := s.growing(); ok {
		news = append(news, growing)
	}
	return news
}

// step reads a byte; ok says that it completes a field.
func (s *draftScanner) step(c byte) (done DraftField, ok bool) {
	space := c == ' ' || c == '\t' || c == '\n' || c == '\r'
	switch s.state {
	case scanSeek:
		if c == '{' {
			s.state = scanKey
		}
	case scanKey, scanAfter:
		switch {
		case space:
		case c == '"' && s.state == scanKey:
			s.text, s.state = scanText{}, scanInKey
		case c == ',' && s.state == scanAfter:
			s.state = scanKey
		default:
			s.state = scanOver
		}
	case scanInKey:
		if s.text.step(c) {
			s.name(s.text.String())
			s.state = scanColon
		}
	case scanColon:
		switch {
		case space:
		case c == ':':
			s.state = scanValue
		default:
			s.state = scanOver
		}
	case scanValue:
		if !space {
			s.value(c)
		}
	case scanInText:
		if s.text.step(c) {
			s.state = scanAfter
			return DraftField{s.field, s.text.String(), true}, s.field != ""
		}
	case scanEntry:
		return s.entry(c)
	case scanInList:
		if s.text.step(c) {
			s.entries = append(s.entries, s.text.String())
			s.text, s.state = scanText{}, scanEntry
		}
	case scanPass:
		s.pass(c)
	case scanOver:
	}
	return DraftField{}, false
}

// name begins a member.
func (s *draftScanner) name(name string) {
	s.field, s.told, s.entries = "", 0, nil
	if slices.ContainsFunc(s.fields, func(f draftField) bool { return f.name == name }) {
		s.field = name
	}
}

// value begins a value by its first byte.
func (s *draftScanner) value(c byte) {
	list := slices.ContainsFunc(s.fields, func(f draftField) bool { return f.name == s.field && f.list })
	switch {
	case c == '"' && !list:
		s.text, s.state = scanText{}, scanInText
	case c == '[' && list:
		s.text, s.state = scanText{}, scanEntry
	default:
		s.field, s.depth, s.quoted, s.escaped = "", 0, false, false
		s.state = scanPass
		s.pass(c)
	}
}

// entry reads what stands between the entries of a list.
func (s *draftScanner) entry(c byte) (done DraftField, ok bool) {
	switch c {
	case ' ', '\t', '\n', '\r', ',':
	case '"':
		s.state = scanInList
	case ']':
		s.state = scanAfter
		return DraftField{s.field, append([]string{}, s.entries...), true}, true
	default:
		s.state = scanOver // a list of something else
	}
	return DraftField{}, false
}

// pass reads over a value of another kind.
func (s *draftScanner) pass(c byte) {
	if s.quoted {
		switch {
		case s.escaped:
			s.escaped = false
		case c == '\\':
			s.escaped = true
		case c == '"':
			s.quoted = false
		}
		if !s.quoted && s.depth == 0 {
			s.state = scanAfter
		}
		return
	}
	switch c {
	case '"':
		s.quoted = true
	case '{', '[':
		s.depth++
	case '}', ']':
		s.depth--
	}
	switch {
	case s.depth < 0: // the object's own end, right behind a number
		s.state = scanOver
	case s.depth == 0 && c == ',':
		s.state = scanKey
	case s.depth == 0 && (c == '}' || c == ']'):
		s.state = scanAfter
	}
}

// growing is the field that is being written, if there is more of it than was told.
func (s *draftScanner) growing() (DraftField, bool) {
	if s.field == "" {
		return DraftField{}, false
	}
	switch s.state {
	case scanInText:
		text := s.text.whole()
		if len(text) == s.told {
			return DraftField{}, false
		}
		s.told = len(text)
		return DraftField{Name: s.field, Value: text}, true
	case scanEntry, scanInList:
		entries := append([]string{}, s.entries...)
		if text := s.text.whole(); text != "" {
			entries = append(entries, text)
		}
		length := len(entries)
		for _, entry := range entries {
			length += len(entry)
		}
		if length == s.told {
			return DraftField{}, false
		}
		s.told = length
		return DraftField{Name: s.field, Value: entries}, true
	default:
		return DraftField{}, false
	}
}

// scanText is a JSON string that is being read, after its opening quote.
type scanText struct {
	buf    []byte
	escape int // bytes of an escape so far: 1 is the backslash, from 2 on \u and its digits
	digits rune
	high   rune // the first half of a surrogate pair; 0: none
}

// step reads a byte; true says that it is the closing quote.
func (t *scanText) step(c byte) (end bool) {
	switch {
	case t.escape == 1:
		t.escape = 0
		if c == 'u' {
			t.escape, t.digits = 2, 0
			return false
		}
		t.settle()
		if plain, known := scanEscapes[c]; known {
			c = plain
		}
		t.buf = append(t.buf, c)
	case t.escape > 1:
		t.digits = t.digits<<4 | hexValue(c)
		if t.escape++; t.escape == 6 {
			t.escape = 0
			t.unit(t.digits)
		}
	case c == '\\':
		t.escape = 1
	case c == '"':
		t.settle()
		return true
	default:
		t.settle()
		t.buf = append(t.buf, c)
	}
	return false
}

var scanEscapes = map[byte]byte{'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// hexValue is a digit's value; what is none counts as 0, for the check to find.
func hexValue(c byte) rune {
	switch {
	case c >= '0' && c <= '9':
		return rune(c - '0')
	case c >= 'a' && c <= 'f':
		return rune(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return rune(c-'A') + 10
	}
	return 0
}

// unit takes what a \u says, half of a pair perhaps.
func (t *scanText) unit(r rune) {
	if t.high != 0 {
		if pair := utf16.DecodeRune(t.high, r); pair != utf8.RuneError {
			t.high = 0
			t.buf = utf8.AppendRune(t.buf, pair)
			return
		}
		t.settle()
	}
	if r >= 0xd800 && r < 0xdc00 {
		t.high = r
		return
	}
	t.buf = utf8.AppendRune(t.buf, r) // U+FFFD for a second half by itself
}

// settle replaces the half of a pair that nothing has followed, as encoding/json does.
func (t *scanText) settle() {
	if t.high != 0 {
		t.high = 0
		t.buf = utf8.AppendRune(t.buf, utf8.RuneError)
	}
}

// String is the text so far.
func (t *scanText) String() string { return string(t.buf) }

// whole is the text so far without the bytes of a character that has not come whole.
func (t *scanText) whole() string {
	for n := 1; n < utf8.UTFMax && n <= len(t.buf); n++ {
		if last := t.buf[len(t.buf)-n:]; utf8.RuneStart(last[0]) {
			if !utf8.FullRune(last) {
				return string(t.buf[:len(t.buf)-n])
			}
			break
		}
	}
	return string(t.buf)
}
