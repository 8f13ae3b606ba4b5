package server_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"avatarforge/persona"
	"avatarforge/server"
)

func TestOpenAPIDocument(t *testing.T) {
	h := build(t, saying("네."), server.Config{})
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string `json:"operationId"`
			Summary     string
			RequestBody *struct {
				Required bool
				Content  map[string]struct{ Schema object }
			} `json:"requestBody"`
			Responses map[string]struct {
				Ref     string `json:"$ref"`
				Content map[string]struct{ Schema object }
			}
		}
		Components struct {
			Responses map[string]object
			Schemas   map[string]struct {
				Properties map[string]struct {
					Type                string
					MaxLength, MaxItems int
					Nullable            bool
				}
				Required             []string
				AdditionalProperties any
			}
		}
	}
	var raw any
	getJSON(t, h.URL+"/api/openapi.json", &raw)
	getJSON(t, h.URL+"/api/openapi.json", &doc)
	if doc.OpenAPI != "3.0.3" {
		t.Errorf("OpenAPI %q", doc.OpenAPI)
	}
	for path, methods := range map[string]string{
		"/api/characters/presets":        "get",
		"/api/characters":                "get post",
		"/api/characters/{character_id}": "get put delete",
		"/api/characters/import":         "post",
		"/api/tts/voices":                "get",
	} {
		for method := range strings.FieldsSeq(methods) {
			op, there := doc.Paths[path][method]
			if !there || op.OperationID == "" || op.Summary == "" {
				t.Errorf("%s %s is not described: %+v", method, path, op)
				continue
			}
			if _, there := op.Responses["200"].Content["application/json"]; !there {
				t.Errorf("%s %s: responses %+v", method, path, op.Responses)
			}
			if got := op.Responses["default"].Ref; got != "#/components/responses/Problem" {
				t.Errorf("%s %s: an error is %v", method, path, got)
			}
		}
	}
	for ref := range references(raw) {
		_, schema := doc.Components.Schemas[strings.TrimPrefix(ref, "#/components/schemas/")]
		_, response := doc.Components.Responses[strings.TrimPrefix(ref, "#/components/responses/")]
		if !schema && !response {
			t.Errorf("%s leads nowhere", ref)
		}
	}
	// Types and examples as lists, and what content is, are OpenAPI 3.1's.
	walk(raw, func(key string, v any) {
		if key == "contentEncoding" || key == "contentMediaType" {
			t.Errorf("%s: %v", key, v)
		}
		if _, list := v.([]any); list && (key == "type" || key == "examples") {
			t.Errorf("%s is a list: %v", key, v)
		}
	})

	character := doc.Components.Schemas["Character"]
	for _, field := range printed {
		if p, there := character.Properties[field]; !there || p.Nullable || !slices.Contains(character.Required, field) {
			t.Errorf("a character's %s: %+v", field, p)
		}
	}
	if _, there := character.Properties["card"]; there {
		t.Error("the card behind a character is described, and never sent")
	}
	sent := doc.Components.Schemas["CharacterBody"]
	if sent.AdditionalProperties == false || sent.Properties["name"].MaxLength != persona.MaxName ||
		sent.Properties["likes"].MaxItems != persona.MaxEntries || !sent.Properties["likes"].Nullable {
		t.Errorf("a character as it is sent: %+v", sent)
	}
	// The document and persona.Validate know the same limits: what it allows is stored.
	fullest := object{}
	for field, p := range sent.Properties {
		switch {
		case field == "voice_id" || p.Type == "array":
		case field == "image_url":
			fullest[field] = "/" + strings.Repeat("x", p.MaxLength-1)
		case field == "model_url":
			fullest[field] = "https://x/" + strings.Repeat("x", p.MaxLength-10)
		default:
			fullest[field] = strings.Repeat("가", p.MaxLength)
		}
	}
	data, err := json.Marshal(fullest)
	if err != nil {
		t.Fatal(err)
	}
	want[object](&caller{h, t, ""}, "POST", "/api/characters", string(data), "every field as long as it may be")
}

// walk shows every member of every object.
func walk(v any, see func(key string, v any)) {
	switch v := v.(type) {
	case map[string]any:
		for key, member := range v {
			see(key, member)
			walk(member, see)
		}
	case []any:
		for _, entry := range v {
			walk(entry, see)
		}
	}
}

func references(document any) map[string]bool {
	refs := map[string]bool{}
	walk(document, func(key string, v any) {
		if ref, text := v.(string); text && key == "$ref" {
			refs[ref] = true
		}
	})
	return refs
}
