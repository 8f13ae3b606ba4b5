package server

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"avatarforge/realtime"
)

// realtimeSource is the protocol's package, where what is described here is implemented.
const realtimeSource = "../realtime/"

// component is the schema of an event, by its name on the wire.
func component(t *testing.T, r huma.Registry, union, event string) *huma.Schema {
	t.Helper()
	ref, there := r.Map()[union].Discriminator.Mapping[event]
	if !there {
		t.Fatalf("%s does not know %s", union, event)
	}
	return r.SchemaFromRef(ref)
}

// The frames that the protocol is held to, of every type and with every field, are what
// the document says of them.
func TestFramesAreAsDescribed(t *testing.T) {
	d, _ := described(t)
	r := d.Components.Schemas
	golden, err := os.ReadFile(realtimeSource + "testdata/frames.golden")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for line := range bytes.Lines(golden) {
		var event map[string]any
		if err := json.Unmarshal(line, &event); err != nil {
			t.Fatal(err)
		}
		name := event["type"].(string)
		seen[name] = true
		schema := component(t, r, "RealtimeServerEvent", name)
		checkExample(t, r, name, schema, huma.ModeReadFromServer, event)
	}
	for name := range r.Map()["RealtimeServerEvent"].Discriminator.Mapping {
		if !seen[name] {
			t.Errorf("%s is described, and never sent", name)
		}
	}
	for _, e := range serverEvents() {
		schema := component(t, r, "RealtimeServerEvent", e.example.Type())
		var event map[string]any
		if err := json.Unmarshal(frame(e.example), &event); err != nil {
			t.Fatal(err)
		}
		checkExample(t, r, "the example of "+e.example.Type(), schema, huma.ModeReadFromServer, event)
	}
}

// What clients may send, with every field that is described, is taken, and fills every
// field that the protocol has.
func TestClientEventsAreAsDescribed(t *testing.T) {
	d, _ := described(t)
	r := d.Components.Schemas
	for _, e := range clientEvents() {
		data, err := json.Marshal(e.example)
		if err != nil {
			t.Fatal(err)
		}
		var event map[string]any
		if err := json.Unmarshal(data, &event); err != nil {
			t.Fatal(err)
		}
		event["type"] = e.name
		schema := component(t, r, "RealtimeClientEvent", e.name)
		checkExample(t, r, e.name, schema, huma.ModeWriteToServer, event)
		everyField(t, r, e.name, schema, event)
		if data, err = json.Marshal(event); err != nil {
			t.Fatal(err)
		}
		decoded, refused := realtime.DecodeClient(data)
		if refused != nil {
			t.Errorf("%s as it is described is refused: %v", e.name, refused)
			continue
		}
		if decoded.ID() == "" {
			t.Errorf("%s: its event_id is not taken", e.name)
		}
		filled(t, e.name, reflect.ValueOf(decoded))
	}
}

// everyField checks that an example has all that its schema has.
func everyField(t *testing.T, r huma.Registry, name string, schema *huma.Schema, object map[string]any) {
	t.Helper()
	if schema.Ref != "" {
		schema = r.SchemaFromRef(schema.Ref)
	}
	for field, property := range schema.Properties {
		value, there := object[field]
		switch {
		case !there && field != "tools" && field != "transcript":
			t.Errorf("%s: the example lacks %s", name, field)
		case there:
			if inner, is := value.(map[string]any); is && (property.Ref != "" || property.Type == huma.TypeObject && property.AdditionalProperties == false) {
				everyField(t, r, name+"."+field, property, inner)
			}
		}
	}
}

// filled checks that an event has set each of its fields: one that nothing described
// reaches is missing from the description.
func filled(t *testing.T, name string, v reflect.Value) {
	t.Helper()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		value := v.Field(i)
		path := name + "." + f.Name
		if value.Kind() == reflect.Pointer && value.IsNil() {
			t.Errorf("%s is described nowhere", path)
			continue
		}
		if value = reflect.Indirect(value); value.Kind() == reflect.Struct {
			filled(t, path, value)
		} else if (value.Kind() == reflect.Slice || value.Kind() == reflect.Map) && value.Len() == 0 {
			t.Errorf("%s is described nowhere", path)
		}
	}
}

// The event types that the decoder knows are those that are described.
func TestEveryClientEventIsDescribed(t *testing.T) {
	d, _ := described(t)
	mapping := d.Components.Schemas.Map()["RealtimeClientEvent"].Discriminator.Mapping
	known := 0
	ast.Inspect(parseGo(t, "decode.go"), func(n ast.Node) bool {
		f, is := n.(*ast.FuncDecl)
		if !is || f.Name.Name != "decodeBody" {
			return true
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if c, is := n.(*ast.CaseClause); is && len(c.List) == 1 {
				name, err := strconv.Unquote(c.List[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				known++
				if mapping[name] == "" {
					t.Errorf("%s is not described", name)
				}
			}
			return true
		})
		return false
	})
	if known != len(mapping) {
		t.Errorf("%d events are decoded, %d are described", known, len(mapping))
	}
}

// The words that a field may hold are all of its type's constants.
func TestEveryWordIsDescribed(t *testing.T) {
	found := map[string]int{}
	for _, file := range []string{"object.go", "error.go"} {
		for _, decl := range parseGo(t, file).Decls {
			g, is := decl.(*ast.GenDecl)
			if !is || g.Tok != token.CONST {
				continue
			}
			for _, spec := range g.Specs {
				v := spec.(*ast.ValueSpec)
				typ, is := v.Type.(*ast.Ident)
				if !is {
					continue
				}
				word, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				for of, words := range realtimeWords {
					if of.Name() == typ.Name {
						found[typ.Name]++
						if !slices.Contains(words, any(word)) {
							t.Errorf("%s may be %q, which is not described", typ.Name, word)
						}
					}
				}
			}
		}
	}
	for of, words := range realtimeWords {
		if found[of.Name()] != len(words) {
			t.Errorf("%s: %d words are described, %d are there", of.Name(), len(words), found[of.Name()])
		}
	}
}

func parseGo(t *testing.T, file string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), realtimeSource+file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// The table of events in the handshake's description has them all.
func TestHandshakeListsTheEvents(t *testing.T) {
	d, _ := described(t)
	about := d.Paths["/v1/realtime"].Get.Description
	for _, union := range []string{"RealtimeServerEvent", "RealtimeClientEvent"} {
		for name := range d.Components.Schemas.Map()[union].Discriminator.Mapping {
			if !strings.Contains(about, "`"+name+"`") {
				t.Errorf("%s is not listed", name)
			}
		}
	}
}
