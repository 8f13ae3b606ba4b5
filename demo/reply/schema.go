package reply

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// schemaDepth bounds nesting, so that a schema that refers to itself ends: below it
// only what is required is written, and below twice that nothing is.
const schemaDepth = 6

const (
	// arrayMost bounds an array that may have many items.
	arrayMost = 64
	// fillMost bounds the work for a schema, in values tried, and textMost a string
	// that must be long: whoever asks for more gets an error and no busy server.
	fillMost = 20_000
	textMost = 16_384
	// nestMost bounds the nesting of the schema's own JSON.
	nestMost = 256
)

var (
	errTooMuch = errors.New("schema asks for more than a demo writes")
	errTooDeep = errors.New("schema refers to itself without an end")
)

// fillSchema writes JSON that matches a schema.
func (t *turn) fillSchema(raw json.RawMessage) (string, error) {
	var word string
	if json.Unmarshal(raw, &word) == nil {
		if word != "json" {
			return "", fmt.Errorf("fill schema: format %q is neither \"json\" nor a schema", word)
		}
		raw = json.RawMessage(`{"type":"object","properties":{"content":{"type":"string"}},"required":["content"]}`)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	root, err := parseNode(d, 0)
	if err != nil {
		return "", fmt.Errorf("fill schema: %w", err)
	}
	f := filler{turn: t, root: root, content: t.newContent()}
	value, err := f.fill(root, spot{})
	if err != nil {
		return "", fmt.Errorf("fill schema: %w", err)
	}
	return string(value.append(nil)), nil
}

// filler makes a value for a schema.
type filler struct {
	turn    *turn
	root    *node
	content *content
	tried   int // values so far
}

// spot is where in the value we are.
type spot struct {
	name  string // of the nearest property
	list  string // of the nearest array's property
	index int    // in that array
	depth int
}

func (f *filler) fill(s *node, at spot) (*node, error) {
	if at.depth > 4*schemaDepth {
		return nil, errTooDeep
	}
	if s.kind == kindScalar { // true allows everything
		switch s.scalar {
		case true:
			return scalar(f.content.text(at)), nil
		case false:
			return nil, errors.New("schema allows nothing")
		}
	}
	if s.kind != kindObject {
		return nil, errors.New("a schema must be an object")
	}
	if ref := s.get("$ref").text(); ref != "" {
		target := f.resolve(ref)
		if target == nil {
			return nil, fmt.Errorf("no %s in the schema", ref)
		}
		at.depth++
		return f.fill(target, at)
	}
	if c := s.get("const"); c != nil {
		return c, nil
	}
	if e := s.get("enum"); e != nil && len(e.array) > 0 {
		return f.choose(e.array, at), nil
	}
	if all := s.get("allOf"); all != nil {
		return f.fill(f.merge(s, all.array), at)
	}
	for _, key := range []string{"anyOf", "oneOf"} {
		if options := s.get(key); options != nil && len(options.array) > 0 {
			return f.any(s, key, options.array, at)
		}
	}
	switch typeOf(s) {
	case "object":
		return f.object(s, at)
	case "array":
		return f.array(s, at)
	case "integer":
		return scalar(json.Number(strconv.FormatFloat(f.number(s, at, true), 'f', -1, 64))), nil
	case "number":
		return scalar(json.Number(strconv.FormatFloat(f.number(s, at, false), 'f', -1, 64))), nil
	case "boolean":
		return scalar(true), nil
	case "null":
		return scalar(nil), nil
	case "string":
		text, err := f.string(s, at)
		return scalar(text), err
	}
	return nil, fmt.Errorf("unknown type %q", typeOf(s))
}

func scalar(v any) *node { return &node{kind: kindScalar, scalar: v} }

// typeOf is a schema's type, the first that is not null, or what its keywords imply.
func typeOf(s *node) string {
	t := s.get("type")
	switch {
	case t == nil:
	case t.kind == kindArray:
		for _, option := range t.array {
			if option.text() != "null" {
				return option.text()
			}
		}
		return "null"
	default:
		return t.text()
	}
	switch {
	case s.get("properties") != nil || s.get("required") != nil || s.get("additionalProperties") != nil:
		return "object"
	case s.get("items") != nil || s.get("prefixItems") != nil || s.get("minItems") != nil:
		return "array"
	case s.get("minimum") != nil || s.get("maximum") != nil || s.get("multipleOf") != nil:
		return "number"
	}
	return "string"
}

// resolve follows a reference inside the document, "#/$defs/item".
func (f *filler) resolve(ref string) *node {
	path, ok := strings.CutPrefix(ref, "#")
	if !ok {
		return nil
	}
	n := f.root
	for part := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if part == "" {
			continue
		}
		part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		if i, err := strconv.Atoi(part); err == nil && n != nil && n.kind == kindArray && i < len(n.array) {
			n = n.array[i]
			continue
		}
		n = n.get(part)
	}
	return n
}

// merge makes one schema of a schema and the parts of its allOf: properties and
// required names are joined, other keywords are taken as they come.
func (f *filler) merge(s *node, parts []*node) *node {
	out := &node{kind: kindObject, object: map[string]*node{}}
	properties := &node{kind: kindObject, object: map[string]*node{}}
	required := &node{kind: kindArray}
	for _, part := range append([]*node{s}, f.flatten(parts, 0)...) {
		for _, key := range part.keys {
			switch value := part.object[key]; key {
			case "allOf", "$ref": // flattened
			case "properties":
				for _, name := range value.keys {
					properties.put(name, value.object[name])
				}
			case "required":
				required.array = append(required.array, value.array...)
			default:
				out.put(key, value)
			}
		}
	}
	if len(properties.keys) > 0 {
		out.put("properties", properties)
	}
	if len(required.array) > 0 {
		out.put("required", required)
	}
	return out
}

// flatten follows the references and the allOf of parts. What goes deeper than
// schemaDepth is left out: a part that holds itself adds nothing to itself.
func (f *filler) flatten(parts []*node, depth int) []*node {
	var flat []*node
	for _, part := range parts {
		if ref := part.get("$ref").text(); ref != "" {
			part = f.resolve(ref)
		}
		if part == nil || depth > schemaDepth {
			continue
		}
		f.tried++
		flat = append(flat, part)
		if all := part.get("allOf"); all != nil && f.tried < fillMost {
			flat = append(flat, f.flatten(all.array, depth+1)...)
		}
	}
	return flat
}

// any fills the first of several schemas that can be filled, null last, together
// with what stands beside the choice.
func (f *filler) any(s *node, key string, options []*node, at spot) (*node, error) {
	at.depth++
	beside := &node{kind: kindObject, object: map[string]*node{}}
	for _, k := range s.keys {
		if k != key {
			beside.put(k, s.object[k])
		}
	}
	options = slices.Clone(options)
	slices.SortStableFunc(options, func(a, b *node) int {
		return nullness(a) - nullness(b)
	})
	var failed error
	for _, option := range options {
		value, err := f.fill(f.merge(beside, []*node{option}), at)
		if err == nil {
			return value, nil
		}
		failed = err
	}
	return nil, failed
}

func nullness(s *node) int {
	if s.kind == kindObject && typeOf(s) == "null" {
		return 1
	}
	return 0
}

// choose picks an enumerated value: one that the prompt mentions, else by the seed.
func (f *filler) choose(options []*node, at spot) *node {
	if n, ok := f.content.note(at); ok && at.name == "kind" {
		for _, o := range options {
			if o.text() == n.kind {
				return o
			}
		}
	}
	for _, o := range options {
		if word := o.text(); utf8.RuneCountInString(word) > 1 && strings.Contains(f.turn.said, word) {
			return o
		}
	}
	return options[(f.turn.seed+uint64(at.index))%uint64(len(options))]
}

func (f *filler) object(s *node, at spot) (*node, error) {
	out := &node{kind: kindObject, object: map[string]*node{}}
	required := map[string]bool{}
	if r := s.get("required"); r != nil {
		for _, name := range r.array {
			required[name.text()] = true
		}
	}
	at.depth++
	if p := s.get("properties"); p != nil {
		for _, name := range p.keys {
			if at.depth > schemaDepth && !required[name] {
				continue
			}
			at.name = name
			value, err := f.fill(p.object[name], at)
			if err != nil {
				if required[name] {
					return nil, err
				}
				continue
			}
			out.put(name, value)
		}
	}
	// A required name without a schema of its own takes that of the others.
	if r := s.get("required"); r != nil {
		for _, n := range r.array {
			if name := n.text(); out.object[name] == nil {
				at.name = name
				others := s.get("additionalProperties")
				if others == nil {
					others = scalar(true)
				}
				value, err := f.fill(others, at)
				if err != nil {
					return nil, err
				}
				out.put(name, value)
			}
		}
	}
	return out, nil
}

func (f *filler) array(s *node, at spot) (*node, error) {
	least, most := s.get("minItems").intOr(0), s.get("maxItems").intOr(arrayMost)
	if least > fillMost {
		return nil, errTooMuch
	}
	length := min(max(f.content.length(at.name), least), most, max(least, arrayMost))
	if at.depth > schemaDepth {
		length = least
	}
	out := &node{kind: kindArray}
	at.list = at.name
	at.depth++
	prefix := s.get("prefixItems")
	items := s.get("items")
	if items == nil {
		items = scalar(true)
	}
	if prefix != nil {
		length = min(max(length, len(prefix.array)), most)
	}
	seen := map[string]bool{}
	for at.index = 0; len(out.array) < length; at.index++ {
		schema := items
		if prefix != nil && len(out.array) < len(prefix.array) {
			schema = prefix.array[len(out.array)]
		}
		value, err := f.fill(schema, at)
		if err != nil {
			if len(out.array) >= least && prefix == nil {
				break
			}
			return nil, err
		}
		key := string(value.append(nil))
		if seen[key] && s.get("uniqueItems") != nil && s.get("uniqueItems").scalar == true {
			if at.index > length+arrayMost {
				if len(out.array) >= least {
					break
				}
				return nil, errors.New("not enough different items")
			}
			continue
		}
		seen[key] = true
		out.array = append(out.array, value)
	}
	return out, nil
}

// number is the nearest to a plausible value that the bounds allow.
func (f *filler) number(s *node, at spot, whole bool) float64 {
	step, stepped := s.get("multipleOf").number()
	if !stepped || step <= 0 {
		step, stepped = 1, whole
	}
	lowest, highest := math.Inf(-1), math.Inf(1)
	if v, ok := s.get("minimum").number(); ok {
		lowest = v
	}
	if v, ok := s.get("exclusiveMinimum").number(); ok {
		lowest = max(lowest, math.Nextafter(v, math.Inf(1)))
	}
	if v, ok := s.get("maximum").number(); ok {
		highest = v
	}
	if v, ok := s.get("exclusiveMaximum").number(); ok {
		highest = min(highest, math.Nextafter(v, math.Inf(-1)))
	}
	v := min(max(f.content.number(at), lowest), highest)
	if whole && step != math.Trunc(step) {
		step = math.Ceil(step) // an integer that is a multiple of 0.5 is one of 1
	}
	if stepped && !math.IsInf(v/step, 0) {
		if up := math.Ceil(v/step) * step; up <= highest {
			return up
		}
		return math.Floor(v/step) * step
	}
	return v
}

// maxFilledRunes bounds a string that a schema can ask for.
const maxFilledRunes = 2000

func (f *filler) string(s *node, at spot) (string, error) {
	if pattern := s.get("pattern").text(); pattern != "" {
		re, err := syntax.Parse(pattern, syntax.Perl)
		if err != nil {
			return "", fmt.Errorf("pattern %q: %w", pattern, err)
		}
		if text := f.content.text(at); matches(pattern, text) {
			return text, nil
		}
		return exampleOf(re.Simplify()), nil
	}
	if text, ok := formats[s.get("format").text()]; ok {
		return text, nil
	}
	text := f.content.text(at)
	least, most := s.get("minLength").intOr(0), s.get("maxLength").intOr(math.MaxInt32)
	if least > maxFilledRunes {
		return "", fmt.Errorf("minLength %d: the demo model writes %d characters at most", least, maxFilledRunes)
	}
	if least > textMost {
		return "", errTooMuch
	}
	if missing := least - utf8.RuneCountInString(text); missing > 0 {
		more := " " + f.content.filler()
		text += strings.Repeat(more, missing/utf8.RuneCountInString(more)+1)
	}
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:max(most, 0)])
	}
	return text, nil
}

// formats are examples of the formats that JSON schemas name.
var formats = map[string]string{
	"date": "2026-03-14", "time": "09:30:00Z", "date-time": "2026-03-14T09:30:00Z", "duration": "PT30M",
	"email": "demo@example.com", "hostname": "example.com", "uri": "https://example.com/", "ipv4": "192.0.2.1", "ipv6": "2001:db8::1",
	"uuid": "0b5a4c1e-7f4f-4d0a-9c55-2f6f2f1f6a10",
}

// matches reports whether a text matches a pattern.
func matches(pattern, text string) bool {
	re, err := regexp.Compile(pattern)
	return err == nil && re.MatchString(text)
}

// exampleOf makes the shortest text that a regular expression matches.
func exampleOf(re *syntax.Regexp) string {
	switch re.Op {
	case syntax.OpLiteral:
		return string(re.Rune)
	case syntax.OpCharClass:
		for _, r := range []rune{'a', '가', '1'} { // what reads best, if allowed
			for i := 0; i+1 < len(re.Rune); i += 2 {
				if re.Rune[i] <= r && r <= re.Rune[i+1] {
					return string(r)
				}
			}
		}
		if len(re.Rune) > 0 {
			return string(re.Rune[0])
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return "a"
	case syntax.OpCapture, syntax.OpPlus:
		return exampleOf(re.Sub[0])
	case syntax.OpRepeat:
		return strings.Repeat(exampleOf(re.Sub[0]), re.Min)
	case syntax.OpConcat:
		var b strings.Builder
		for _, sub := range re.Sub {
			b.WriteString(exampleOf(sub))
		}
		return b.String()
	case syntax.OpAlternate:
		return exampleOf(re.Sub[0])
	}
	return ""
}
