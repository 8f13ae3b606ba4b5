package llmtest

import (
	"encoding/json"
	"fmt"
)

// Instance makes the smallest JSON text that matches a JSON schema: every property
// that the schema lists, arrays at their minimum length (one item if the schema says
// nothing), text in every free string, the first value of an enumeration. The
// string "json" in place of a schema gives an object with text in it.
func Instance(schema json.RawMessage, text string) (string, error) {
	var word string
	if json.Unmarshal(schema, &word) == nil {
		if word != "json" {
			return "", fmt.Errorf("invalid format: %q; expected \"json\" or a valid JSON Schema object", word)
		}
		schema = json.RawMessage(`{"type":"object","properties":{"text":{"type":"string"}}}`)
	}
	value, err := instance(schema, text, 0)
	if err != nil {
		return "", err
	}
	out, err := json.Marshal(value)
	return string(out), err
}

// schemaNode is the part of a JSON schema that Instance knows.
type schemaNode struct {
	Type       string                     `json:"type"`
	Enum       []json.RawMessage          `json:"enum"`
	Const      json.RawMessage            `json:"const"`
	Properties map[string]json.RawMessage `json:"properties"`
	Items      json.RawMessage            `json:"items"`
	MinItems   *int                       `json:"minItems"`
	Minimum    json.RawMessage            `json:"minimum"`
}

const maxSchemaDepth = 32

func instance(schema json.RawMessage, text string, depth int) (any, error) {
	if depth > maxSchemaDepth {
		return nil, fmt.Errorf("schema is nested more than %d deep", maxSchemaDepth)
	}
	var node schemaNode
	if err := json.Unmarshal(schema, &node); err != nil {
		return nil, fmt.Errorf("invalid JSON schema in format: %w", err)
	}
	switch {
	case node.Const != nil:
		return node.Const, nil
	case len(node.Enum) > 0:
		return node.Enum[0], nil
	}
	switch node.Type {
	case "object":
		object := make(map[string]any, len(node.Properties))
		for name, property := range node.Properties {
			value, err := instance(property, text, depth+1)
			if err != nil {
				return nil, err
			}
			object[name] = value
		}
		return object, nil
	case "array":
		length := 1
		if node.MinItems != nil {
			length = min(*node.MinItems, 64)
		}
		array := make([]any, length)
		for i := range array {
			if node.Items == nil {
				array[i] = text
				continue
			}
			value, err := instance(node.Items, text, depth+1)
			if err != nil {
				return nil, err
			}
			array[i] = value
		}
		return array, nil
	case "integer", "number":
		if node.Minimum != nil {
			return node.Minimum, nil
		}
		return 1, nil
	case "boolean":
		return true, nil
	case "null":
		return nil, nil
	case "string", "":
		return text, nil
	default:
		return nil, fmt.Errorf("invalid JSON schema in format: unknown type %q", node.Type)
	}
}
