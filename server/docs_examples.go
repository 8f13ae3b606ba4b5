package server

import (
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// exemplify gives what is sent as JSON an example where it has none, put together from
// those of its fields.
func exemplify(r huma.Registry, content map[string]*huma.MediaType) {
	for contentType, media := range content {
		if !strings.HasSuffix(contentType, "json") || media.Schema == nil || media.Example != nil || len(media.Examples) > 0 {
			continue
		}
		media.Example = exampleOf(r, media.Schema)
	}
}

// exampleOf is a value that a schema allows, and nil where its fields give none.
func exampleOf(r huma.Registry, s *huma.Schema) any {
	switch {
	case len(s.Examples) > 0:
		return s.Examples[0]
	case s.Default != nil:
		return s.Default
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Ref != "":
		return exampleOf(r, r.SchemaFromRef(s.Ref))
	case len(s.OneOf) > 0:
		return exampleOf(r, s.OneOf[0])
	case len(s.AllOf) > 0:
		return exampleOf(r, s.AllOf[0])
	}
	switch s.Type {
	case huma.TypeObject:
		return exampleObject(r, s)
	case huma.TypeArray:
		if entry := exampleOf(r, s.Items); entry != nil {
			return []any{entry}
		}
		return nil
	case huma.TypeBoolean:
		return true
	case huma.TypeString:
		if s.Format == "date-time" {
			return "2026-01-26T10:00:00Z"
		}
	}
	return nil
}

func exampleObject(r huma.Registry, s *huma.Schema) any {
	object := map[string]any{}
	for name, property := range s.Properties {
		target := property
		if target.Ref != "" {
			target = r.SchemaFromRef(target.Ref)
		}
		value := exampleOf(r, property)
		if target.Nullable && target.Type == huma.TypeObject && len(target.Properties) == 0 {
			value = nil
		}
		if value == nil && (!slices.Contains(s.Required, name) || !target.Nullable) {
			continue
		}
		object[name] = value
	}
	return object
}
