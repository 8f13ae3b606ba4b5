package server

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"avatarforge/account"
	"avatarforge/avatar"
)

// described is everything that a server with all its routes declares, and its routes.
func described(t *testing.T) (*huma.OpenAPI, gin.RoutesInfo) {
	t.Helper()
	s := New(Config{Metrics: prometheus.NewRegistry(), Transcripts: &Transcripts{}, Memories: &Memories{}, Figures: &avatar.Workshop{}, Accounts: &account.Accounts{}})
	routes := s.engine.Routes()
	s.engine = gin.New() // to declare on once more
	d := s.declare().OpenAPI()
	if _, err := document(d); err != nil {
		t.Fatal(err)
	}
	return d, routes
}

var update = flag.Bool("update", false, "write the golden files")

// The description is what clients are generated from: a change here is one of theirs.
func TestGoldenDescription(t *testing.T) {
	d, _ := described(t)
	text, err := document(d)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := json.Indent(&got, text, "", " "); err != nil {
		t.Fatal(err)
	}
	got.WriteByte('\n')
	file := filepath.Join("testdata", "openapi.json")
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("the description differs from %s; if that is meant, make golden writes it anew (-want +got):\n%s", file, diff)
	}
}

// ginParams are the parts of gin's paths that OpenAPI writes in braces.
var ginParams = regexp.MustCompile(`[:*]([a-z_]+)`)

func TestEveryRouteIsDescribed(t *testing.T) {
	d, routes := described(t)
	known := map[string]bool{}
	for _, op := range operations(d) {
		known[op.Method+" "+op.Path] = true
	}
	for _, r := range routes {
		path := ginParams.ReplaceAllString(r.Path, "{$1}")
		if r.Method == "HEAD" || r.Method == "OPTIONS" {
			continue // as the GET
		}
		if !known[r.Method+" "+path] {
			t.Errorf("%s %s is not described: declare it by handle, or tell of it by describe", r.Method, path)
		}
	}
}

// Every operation says what it does, can be tried with its examples, and says how it fails.
func TestEveryOperationIsDescribedWhole(t *testing.T) {
	d, _ := described(t)
	schemas := d.Components.Schemas
	ids := map[string]bool{}
	for _, op := range operations(d) {
		name := op.Method + " " + op.Path
		if op.OperationID == "" || ids[op.OperationID] {
			t.Errorf("%s: the operation's id %q is empty, or another's", name, op.OperationID)
		}
		ids[op.OperationID] = true
		if op.Summary == "" || op.Description == "" {
			t.Errorf("%s: it needs a summary and a description; operation takes both", name)
		}
		if len(op.Tags) != 1 || !slices.ContainsFunc(d.Tags, func(tag *huma.Tag) bool { return tag.Name == op.Tags[0] }) {
			t.Errorf("%s: its tags %v are not one of those that newDescription describes", name, op.Tags)
		}
		for _, p := range op.Parameters {
			if p.Description == "" || p.Required && p.Example == nil {
				t.Errorf(`%s: the parameter %s needs a doc:"…", and an example:"…" if it is required`, name, p.Name)
			}
			if p.Example != nil {
				checkExample(t, schemas, name+": the parameter "+p.Name, p.Schema, huma.ModeWriteToServer, p.Example)
			}
		}
		if op.RequestBody != nil {
			checkContent(t, schemas, name+": the request", huma.ModeWriteToServer, op.RequestBody.Content)
		}
		succeeds := false
		for status, response := range op.Responses {
			if status[0] < '4' {
				succeeds = true
				checkContent(t, schemas, name+": "+status, huma.ModeReadFromServer, response.Content)
			} else if response.Ref == "" && response.Content != nil {
				t.Errorf("%s: how it fails with %s is described by its own words; name the status in Errors", name, status)
			}
			if response.Ref != "" && d.Components.Responses[strings.TrimPrefix(response.Ref, "#/components/responses/")] == nil {
				t.Errorf("%s: problemSamples has none of status %s", name, status)
			}
		}
		if !succeeds {
			t.Errorf("%s: it never succeeds", name)
		}
	}
	for name, response := range d.Components.Responses {
		checkContent(t, schemas, name, huma.ModeReadFromServer, response.Content)
	}
}

func checkContent(t *testing.T, r huma.Registry, name string, mode huma.ValidateMode, content map[string]*huma.MediaType) {
	t.Helper()
	for contentType, media := range content {
		if !strings.HasSuffix(contentType, "json") {
			continue
		}
		if len(media.Examples) > 0 {
			for _, example := range media.Examples {
				checkExample(t, r, name, media.Schema, mode, example.Value)
			}
			continue
		}
		if media.Example == nil && !strings.HasPrefix(name, "Problem") && !strings.HasPrefix(name, "OpenAIError") {
			t.Errorf(`%s: it has no example; give the fields of its type example:"…"`, name)
			continue
		}
		if media.Example != nil {
			checkExample(t, r, name, media.Schema, mode, media.Example)
		}
	}
}

// checkExample checks an example against the schema that it is of.
func checkExample(t *testing.T, r huma.Registry, name string, schema *huma.Schema, mode huma.ValidateMode, example any) {
	t.Helper()
	data, err := json.Marshal(example)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		t.Fatal(err)
	}
	var result huma.ValidateResult
	huma.Validate(r, schema, huma.NewPathBuffer(nil, 0), mode, value, &result)
	for _, err := range result.Errors {
		t.Errorf(`%s: its example is not valid: %v; does a field lack its example:"…"?`, name, err)
	}
}

// A field that is always there has an example of its own, so that documents and generated
// clients show what it looks like.
func TestEveryFieldHasAnExample(t *testing.T) {
	d, _ := described(t)
	for _, name := range slices.Sorted(maps.Keys(d.Components.Schemas.Map())) {
		if strings.HasPrefix(name, "Realtime") || strings.HasPrefix(name, "Problem") {
			continue // whose examples are whole
		}
		schema := d.Components.Schemas.Map()[name]
		for _, field := range slices.Sorted(maps.Keys(schema.Properties)) {
			if p := schema.Properties[field]; slices.Contains(schema.Required, field) && !p.Nullable && exampleOf(d.Components.Schemas, p) == nil {
				t.Errorf(`%s.%s needs an example:"…"`, name, field)
			}
		}
	}
}

// Every address and every word for an error stands in the users' documentation.
func TestUsersAreToldOfEverything(t *testing.T) {
	files, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	var all, rest string
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all += string(text)
		if filepath.Base(name) == "rest.md" {
			rest = string(text)
		}
	}
	all = pathParams.ReplaceAllString(all, "{}")
	d, _ := described(t)
	for path := range d.Paths {
		if !strings.Contains(all, pathParams.ReplaceAllString(path, "{}")) {
			t.Errorf("docs/ does not tell of %s", path)
		}
	}
	f, err := parser.ParseFile(token.NewFileSet(), "problem.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	codes := 0
	ast.Inspect(f, func(n ast.Node) bool {
		v, is := n.(*ast.ValueSpec)
		if !is {
			return true
		}
		if typ, named := v.Type.(*ast.Ident); named && typ.Name == "problemCode" {
			codes++
			if word := strings.Trim(v.Values[0].(*ast.BasicLit).Value, `"`); !strings.Contains(rest, "`"+word+"`") {
				t.Errorf("docs/rest.md does not tell of the code %s", word)
			}
		}
		return true
	})
	if codes < 10 {
		t.Errorf("only %d codes were found", codes)
	}
}

// pathParams are the parameters in a path, by whatever name.
var pathParams = regexp.MustCompile(`\{[a-z_]+\}`)
