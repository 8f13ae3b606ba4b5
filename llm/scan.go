package llm

import (
	"unicode/utf8"
)

// scanner reads the JSON that a server writes for a token, and nothing else: no
// white space, no nesting beyond what its caller knows. Whatever it does not expect
// makes it say no, and encoding/json has its turn; so it may be as narrow as it
// likes, but what it accepts must mean the same to both.
type scanner struct {
	data []byte
	pos  int
	// scratch is where strings with escapes are put together.
	scratch []byte
}

// literal moves past the given bytes if they come next.
func (s *scanner) literal(want string) bool {
	if len(s.data)-s.pos < len(want) || string(s.data[s.pos:s.pos+len(want)]) != want {
		return false
	}
	s.pos += len(want)
	return true
}

// optional moves past the given bytes if they come next, and is content if not.
func (s *scanner) optional(want string) bool {
	s.literal(want)
	return true
}

// atEnd says that nothing is left.
func (s *scanner) atEnd() bool { return s.pos == len(s.data) }

// raw moves past a string and returns what is between its quotes, and whether
// there are escapes in it.
func (s *scanner) raw() (text []byte, escaped, ok bool) {
	if s.pos >= len(s.data) || s.data[s.pos] != '"' {
		return nil, false, false
	}
	begin := s.pos + 1
	for i := begin; i < len(s.data); i++ {
		switch c := s.data[i]; {
		case c == '"':
			s.pos = i + 1
			return s.data[begin:i], escaped, true
		case c == '\\':
			escaped = true
			i++
		case c < 0x20:
			return nil, false, false
		}
	}
	return nil, false, false
}

// key moves past a member's name and its colon.
func (s *scanner) key() (name []byte, ok bool) {
	name, escaped, ok := s.raw()
	return name, ok && !escaped && s.literal(":")
}

// skipString moves past a string whose value does not matter.
func (s *scanner) skipString() bool {
	_, escaped, ok := s.raw()
	return ok && !escaped
}

// skipNumber moves past a natural number.
func (s *scanner) skipNumber() bool {
	begin := s.pos
	for s.pos < len(s.data) && s.data[s.pos] >= '0' && s.data[s.pos] <= '9' {
		s.pos++
	}
	digits := s.data[begin:s.pos]
	return len(digits) == 1 || len(digits) > 1 && digits[0] != '0'
}

// text moves past a string and returns its value.
func (s *scanner) text() (string, bool) {
	raw, escaped, ok := s.raw()
	if !ok || !utf8.Valid(raw) {
		return "", false
	}
	if !escaped {
		return string(raw), true
	}
	s.scratch, ok = appendUnescaped(s.scratch[:0], raw)
	return string(s.scratch), ok
}

// appendUnescaped appends the value of a JSON string. It says no to escapes that
// are wrong, and to surrogates, which encoding/json pairs or replaces.
func appendUnescaped(buf, raw []byte) ([]byte, bool) {
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if c != '\\' {
			buf = append(buf, c)
			continue
		}
		i++
		if i == len(raw) {
			return buf, false
		}
		switch raw[i] {
		case '"', '\\', '/':
			buf = append(buf, raw[i])
		case 'b':
			buf = append(buf, '\b')
		case 'f':
			buf = append(buf, '\f')
		case 'n':
			buf = append(buf, '\n')
		case 'r':
			buf = append(buf, '\r')
		case 't':
			buf = append(buf, '\t')
		case 'u':
			r, ok := hexRune(raw[i+1:])
			if !ok {
				return buf, false
			}
			buf = utf8.AppendRune(buf, r)
			i += 4
		default:
			return buf, false
		}
	}
	return buf, true
}

func hexRune(digits []byte) (rune, bool) {
	if len(digits) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range digits[:4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, r < 0xd800 || r > 0xdfff
}
