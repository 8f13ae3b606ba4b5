package realtime

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const maxInt = math.MaxInt32

// fields reads one JSON object strictly: each method takes a field out, and close
// reports what nobody took. The first error stays; after it everything reads as absent.
type fields struct {
	path   string // of the object, empty for the frame itself
	rest   map[string]json.RawMessage
	err    *Error
	parent *fields
}

func (f *fields) open(path string, data []byte) bool {
	f.path = path
	if err := json.Unmarshal(data, &f.rest); err != nil || f.rest == nil {
		f.fail(CodeInvalidType, "", "An object is needed here.")
		return false
	}
	return true
}

// close reports the first field, in order of the alphabet, that nobody took.
func (f *fields) close() {
	if len(f.rest) > 0 && f.first() == nil {
		names := make([]string, 0, len(f.rest))
		for name := range f.rest {
			names = append(names, name)
		}
		name := clip(slices.Min(names))
		f.fail(CodeUnknownParameter, name, "There is no parameter %q here.", name)
	}
	f.rest = nil
}

func (f *fields) root() *fields {
	for f.parent != nil {
		f = f.parent
	}
	return f
}

func (f *fields) first() *Error { return f.root().err }

func (f *fields) fail(code ErrorCode, name, format string, args ...any) {
	if r := f.root(); r.err == nil {
		r.err = Invalid(code, f.join(name), format, args...)
	}
}

func (f *fields) join(name string) string {
	switch {
	case f.path == "":
		return name
	case name == "":
		return f.path
	default:
		return f.path + "." + name
	}
}

// take removes a field. A null counts as absent, as Realtime's clients send it.
func (f *fields) take(name string) (json.RawMessage, bool) {
	raw, ok := f.rest[name]
	delete(f.rest, name)
	return raw, ok && !isNull(raw) && f.first() == nil
}

func isNull(raw json.RawMessage) bool { return bytes.Equal(raw, []byte("null")) }

func (f *fields) passOver(names ...string) {
	for _, name := range names {
		delete(f.rest, name)
	}
}

func (f *fields) passOverRest() { clear(f.rest) }

func (f *fields) object(name string, required bool) (*fields, bool) {
	raw, ok := f.take(name)
	if !ok {
		if required {
			f.fail(CodeMissingParameter, name, "It is missing.")
		}
		return nil, false
	}
	o := &fields{parent: f}
	return o, o.open(f.join(name), raw)
}

func (f *fields) list(name string) ([]*fields, bool) {
	raw, ok := f.take(name)
	if !ok {
		f.fail(CodeMissingParameter, name, "It is missing.")
		return nil, false
	}
	var elements []json.RawMessage
	if err := json.Unmarshal(raw, &elements); err != nil {
		f.fail(CodeInvalidType, name, "A list is needed here.")
		return nil, false
	}
	objects := make([]*fields, 0, len(elements))
	for i, element := range elements {
		o := &fields{parent: f}
		if !o.open(f.join(name)+"["+strconv.Itoa(i)+"]", element) {
			return nil, false
		}
		objects = append(objects, o)
	}
	return objects, true
}

// read decodes an optional field; want says in words what it must be.
func read[T any](f *fields, name, want string) *T {
	raw, ok := f.take(name)
	if !ok {
		return nil
	}
	v := new(T)
	if err := json.Unmarshal(raw, v); err != nil {
		f.fail(CodeInvalidType, name, "%s is needed here.", want)
		return nil
	}
	return v
}

func (f *fields) text(name string, dst *string) { set(dst, f.optText(name)) }
func (f *fields) optText(name string) *string   { return read[string](f, name, "A string") }
func (f *fields) optBool(name string) *bool     { return read[bool](f, name, "true or false") }
func (f *fields) require(name string, dst *string) {
	if s := f.optText(name); s != nil {
		*dst = *s
		return
	}
	f.fail(CodeMissingParameter, name, "It is missing.")
}

func (f *fields) optTextMax(name string, most int) *string {
	s := f.optText(name)
	if s != nil && utf8.RuneCountInString(*s) > most {
		f.fail(CodeTooLong, name, "It may have %d characters at most.", most)
	}
	return s
}

func (f *fields) optInt(name string, least, most int) *int {
	// A float first: 1.0 and 1e3 are whole numbers too, as JavaScript sends them.
	x := read[float64](f, name, "A whole number")
	if x == nil {
		return nil
	}
	if *x != math.Trunc(*x) {
		f.fail(CodeInvalidType, name, "A whole number is needed here.")
		return nil
	}
	if *x < float64(least) || *x > float64(most) {
		f.fail(CodeInvalidValue, name, "It can be %d to %d.", least, most)
		return nil
	}
	n := int(*x)
	return &n
}

// requireInt takes a whole number from 0 to most.
func (f *fields) requireInt(name string, dst *int, most int) {
	if n := f.optInt(name, 0, most); n != nil {
		*dst = *n
		return
	}
	f.fail(CodeMissingParameter, name, "It is missing.")
}

// requireMS takes a time in milliseconds. Players compute it from seconds, so a fraction,
// which says nothing, is dropped.
func (f *fields) requireMS(name string, dst *int) {
	if x := f.optNumber(name, 0, maxInt); x != nil {
		*dst = int(*x)
		return
	}
	f.fail(CodeMissingParameter, name, "It is missing.")
}

func (f *fields) optNumber(name string, least, most float64) *float64 {
	x := read[float64](f, name, "A number")
	if x != nil && (*x < least || *x > most) {
		f.fail(CodeInvalidValue, name, "It can be %g to %g.", least, most)
	}
	return x
}

func optEnum[T ~string](f *fields, name string, allowed ...T) *T {
	v := read[T](f, name, "A string")
	if v == nil || slices.Contains(allowed, *v) {
		return v
	}
	words := make([]string, len(allowed))
	for i, a := range allowed {
		words[i] = string(a)
	}
	f.fail(CodeInvalidValue, name, "It can be %s.", strings.Join(words, ", "))
	return nil
}

func (f *fields) modalities(name string) []Modality {
	list := read[[]Modality](f, name, "A list")
	if list == nil {
		return nil
	}
	// Realtime's clients may name both: speech comes with its text anyhow.
	audio, text := slices.Contains(*list, ModalityAudio), slices.Contains(*list, ModalityText)
	for _, m := range *list {
		if m != ModalityAudio && m != ModalityText {
			f.fail(CodeInvalidValue, name, "It can be [\"audio\"] or [\"text\"].")
		}
	}
	switch {
	case audio:
		return []Modality{ModalityAudio}
	case text:
		return []Modality{ModalityText}
	}
	f.fail(CodeInvalidValue, name, "It can be [\"audio\"] or [\"text\"].")
	return nil
}

func (f *fields) maxTokens(name string) *MaxTokens {
	m := read[MaxTokens](f, name, "A number of tokens or \"inf\"")
	raw := m != nil && *m != 0
	if raw && (*m < 1 || *m > maxOutputTokens) {
		f.fail(CodeInvalidValue, name, "It can be 1 to %d, or \"inf\".", maxOutputTokens)
	}
	return m
}

// voice takes a name, or {"id": name} as Realtime also allows.
func (f *fields) voice(name string) *string {
	raw, ok := f.take(name)
	if !ok {
		return nil
	}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return &s
	}
	o := &fields{parent: f}
	if !o.open(f.join(name), raw) {
		return nil
	}
	o.require("id", &s)
	o.close()
	return &s
}

func (f *fields) metadata(name string) map[string]string {
	m := read[map[string]string](f, name, "An object of strings")
	if m == nil {
		return nil
	}
	if len(*m) > maxMetadataKeys {
		f.fail(CodeInvalidValue, name, "It may have %d keys at most.", maxMetadataKeys)
	}
	for k, v := range *m {
		if len(k) > maxIDRunes || len(v) > maxIDRunes {
			f.fail(CodeTooLong, name, "Its keys and values may have %d bytes at most.", maxIDRunes)
		}
	}
	return *m
}

func (f *fields) noTools() {
	if tools := read[[]json.RawMessage](f, "tools", "A list"); tools != nil && len(*tools) > 0 {
		f.fail(CodeUnsupported, "tools", "Characters call no tools; leave the list empty.")
	}
}
