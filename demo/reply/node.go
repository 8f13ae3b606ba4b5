package reply

import (
	"bytes"
	"encoding/json"
)

// node is a JSON value that remembers the order of an object's keys: a reply that
// streams should have its properties in the schema's order.
type node struct {
	keys   []string
	object map[string]*node
	array  []*node
	scalar any // string, json.Number, bool or nil
	kind   byte
}

const (
	kindObject = '{'
	kindArray  = '['
	kindScalar = '.'
)

func parseNode(d *json.Decoder, depth int) (*node, error) {
	if depth > nestMost {
		return nil, errTooMuch
	}
	tok, err := d.Token()
	if err != nil {
		return nil, err
	}
	delim, ok := tok.(json.Delim)
	if !ok {
		return &node{kind: kindScalar, scalar: tok}, nil
	}
	if delim == '[' {
		n := &node{kind: kindArray}
		for d.More() {
			item, err := parseNode(d, depth+1)
			if err != nil {
				return nil, err
			}
			n.array = append(n.array, item)
		}
		_, err = d.Token()
		return n, err
	}
	n := &node{kind: kindObject, object: map[string]*node{}}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		value, err := parseNode(d, depth+1)
		if err != nil {
			return nil, err
		}
		n.put(key.(string), value) // the decoder has checked that keys are strings
	}
	_, err = d.Token()
	return n, err
}

func (n *node) put(key string, value *node) {
	if n.object[key] == nil {
		n.keys = append(n.keys, key)
	}
	n.object[key] = value
}

// get is nil-safe, so that absent keywords need no checks.
func (n *node) get(key string) *node {
	if n == nil {
		return nil
	}
	return n.object[key]
}

func (n *node) text() string {
	if n == nil {
		return ""
	}
	s, _ := n.scalar.(string)
	return s
}

func (n *node) number() (float64, bool) {
	if n == nil {
		return 0, false
	}
	num, ok := n.scalar.(json.Number)
	if !ok {
		return 0, false
	}
	f, err := num.Float64()
	return f, err == nil
}

func (n *node) intOr(otherwise int) int {
	if f, ok := n.number(); ok {
		return int(f)
	}
	return otherwise
}

// append writes a value as JSON.
func (n *node) append(b []byte) []byte {
	switch n.kind {
	case kindObject:
		b = append(b, '{')
		for i, key := range n.keys {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, key)
			b = append(b, ':')
			b = n.object[key].append(b)
		}
		return append(b, '}')
	case kindArray:
		b = append(b, '[')
		for i, item := range n.array {
			if i > 0 {
				b = append(b, ',')
			}
			b = item.append(b)
		}
		return append(b, ']')
	}
	return appendJSON(b, n.scalar)
}

// appendJSON writes a scalar, without the escapes that are for HTML.
func appendJSON(b []byte, v any) []byte {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return append(b, "null"...) // scalars of JSON always encode
	}
	return append(b, bytes.TrimRight(buf.Bytes(), "\n")...)
}
