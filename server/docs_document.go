package server

import (
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"avatarforge/persona"
	"avatarforge/realtime"
	"avatarforge/session"
	"avatarforge/slots"
)

// description is the text that the document begins with.
const description = `A self-hosted server for talking with characters.

The conversation itself runs over a WebSocket: [GET /v1/realtime](/docs/realtime) speaks the OpenAI Realtime
protocol, text in, text and speech out. Everything else is here.

- What succeeds answers ` + "`{\"success\": true, \"data\": …}`" + `, unless it is described otherwise.
- What fails answers ` + "`application/problem+json`" + ` (RFC 9457): ` + "`detail`" + ` is a sentence that a person can act on,
  ` + "`code`" + ` a stable word, ` + "`errors`" + ` the offending fields. Under ` + "`/v1/`" + ` errors have OpenAI's shape.
- Lists come in pages: pass ` + "`next_cursor`" + ` on as ` + "`cursor`" + ` until it is empty.
- No login is needed unless the server is set up so; with one, characters and files are one's own.`

// newDescription is the document before any operation is declared.
func newDescription() *huma.OpenAPI {
	return &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title:       "Avatar Forge",
			Version:     apiVersion,
			Description: description,
			License:     &huma.License{Name: "MIT", URL: "https://opensource.org/license/mit"},
		},
		Servers:      []*huma.Server{{URL: "/", Description: "This server."}},
		ExternalDocs: &huma.ExternalDocs{URL: "/docs/realtime", Description: "The protocol of the WebSocket"},
		Tags: []*huma.Tag{
			{Name: string(tagRealtime), Description: "The conversation, over a WebSocket.", ExternalDocs: &huma.ExternalDocs{
				URL: "/docs/realtime", Description: "The protocol, with every event",
			}},
			{Name: string(tagChat), Description: "The conversation, a request at a time."},
			{Name: string(tagCharacters), Description: "Who can be talked with."},
			{Name: string(tagMemory), Description: "What stands for older turns, and what characters know of their listeners."},
			{Name: string(tagSpeech), Description: "Voices and speech."},
			{Name: string(tagAuth), Description: "Logging in and out."},
			{Name: string(tagOpenAI), Description: "For programs that speak OpenAI's protocol: a character is a model."},
			{Name: string(tagFigures), Description: "3D models, made of pictures."},
			{Name: string(tagSystem), Description: "How the server is, and what it can do."},
		},
		Components: &huma.Components{
			Schemas:   huma.NewMapRegistry(schemaPrefix, schemaName),
			Responses: map[string]*huma.Response{},
			SecuritySchemes: map[string]*huma.SecurityScheme{
				"bearer": {
					Type: "http", Scheme: "bearer", BearerFormat: "JWT",
					Description: "A token of this server's. One that is not is as none, unless a login is needed.",
				},
				"cookie": {Type: "apiKey", In: "cookie", Name: tokenCookie, Description: "The same token, as the login sets it."},
			},
		},
	}
}

// schemaName is the name of a type's component. Those of the WebSocket's protocol share
// names with those of the REST API.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.PkgPath() == reflect.TypeFor[realtime.Session]().PkgPath() {
		return "Realtime" + name
	}
	return name
}

// declared marks operations whose Errors are all the failures that they have.
const declared = "declared"

// describe adds a route that huma does not serve to the document, with all of its Errors.
func describe(api huma.API, op huma.Operation) {
	op.Metadata = map[string]any{declared: true}
	api.OpenAPI().AddOperation(&op)
}

// document is the finished description, as OpenAPI 3.0.3. Every operation gets what all
// have in common: the errors that it can answer with, and examples.
func document(d *huma.OpenAPI) ([]byte, error) {
	describeProblems(d)
	describeNulls(d.Components.Schemas)
	for _, op := range operations(d) {
		for _, status := range problemStatuses(op) {
			op.Responses[strconv.Itoa(status)] = &huma.Response{Ref: "#/components/responses/" + problemName(op.Path, status)}
		}
		op.Responses["default"] = &huma.Response{Ref: "#/components/responses/" + problemName(op.Path, 0)}
		for _, p := range op.Parameters {
			if p.Schema != nil && p.Example == nil && len(p.Examples) == 0 {
				p.Example = exampleOf(d.Components.Schemas, p.Schema)
			}
		}
		if op.RequestBody != nil {
			exemplify(d.Components.Schemas, op.RequestBody.Content)
		}
		for _, response := range op.Responses {
			exemplify(d.Components.Schemas, response.Content)
		}
	}
	data, err := d.Downgrade()
	if err != nil {
		return nil, err
	}
	var doc any
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, err
	}
	downgradeContent(doc)
	return json.Marshal(doc)
}

// operations are all that the document describes, by path.
func operations(d *huma.OpenAPI) []*huma.Operation {
	var all []*huma.Operation
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		p := d.Paths[path]
		for _, op := range []*huma.Operation{p.Get, p.Head, p.Post, p.Put, p.Patch, p.Delete, p.Options, p.Trace} {
			if op != nil {
				all = append(all, op)
			}
		}
	}
	return all
}

// problemStatuses are those that an operation can fail with: what its own Errors name, and
// what follows from what it takes.
func problemStatuses(op *huma.Operation) []int {
	found := map[int]bool{}
	for _, status := range op.Errors {
		found[status] = true
	}
	if op.Metadata[declared] != nil {
		return slices.Sorted(maps.Keys(found))
	}
	found[http.StatusInternalServerError] = true
	if strings.Contains(op.Path, "{") {
		found[http.StatusNotFound] = true
	}
	if len(op.Parameters) > 0 {
		found[http.StatusUnprocessableEntity] = true
	}
	if op.RequestBody != nil {
		found[http.StatusBadRequest] = true
		found[http.StatusRequestTimeout] = true
		found[http.StatusRequestEntityTooLarge] = true
		found[http.StatusUnprocessableEntity] = true
	}
	if op.Security != nil {
		found[http.StatusUnauthorized] = true
		found[http.StatusServiceUnavailable] = true // the database may be gone
		if op.Method != http.MethodGet {
			found[http.StatusForbidden] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// problemName is the component that describes a failure, whatever its status for zero.
func problemName(path string, status int) string {
	name := "Problem"
	if speaksOpenAI(path) {
		name = "OpenAIError"
	}
	if status == 0 {
		return name
	}
	return name + strconv.Itoa(status)
}

// problemSamples are the failures that there can be, as they would be answered.
func problemSamples() []*problem {
	invalid := newProblem(http.StatusUnprocessableEntity, codeInvalid, "")
	invalid.Errors = []fieldProblem{{Location: "body.temperature", Message: "expected number <= 2", Value: 7}}
	invalid.Detail = summary(invalid.Errors)
	sample := func(status int, code problemCode, detail string, retryAfter time.Duration) *problem {
		p := newProblem(status, code, detail)
		p.retryAfter = retryAfter
		return p
	}
	return []*problem{
		sample(http.StatusBadRequest, codeInvalidRequest, "Send the body as JSON, with Content-Type: application/json.", 0),
		errUnauthenticated,
		errPreset,
		toProblem(persona.ErrUnknown),
		requestProblem(http.StatusRequestTimeout, "", nil),
		sample(http.StatusConflict, codeConflict, "Something else has this id already.", 0),
		sample(http.StatusRequestEntityTooLarge, codeTooLarge, "The request's body is larger than this address takes.", 0),
		sample(http.StatusUnsupportedMediaType, codeMediaType, "Send a PNG or JPEG picture.", 0),
		invalid,
		sample(http.StatusTooManyRequests, codeRateLimited, "Too many requests; wait as long as Retry-After says.", time.Second),
		sample(http.StatusInternalServerError, codeInternal, "Something went wrong in the server; its log says what.", 0),
		sample(http.StatusBadGateway, codeUpstreamFailed, "The LLM server failed: ollama: failed (status 500): out of memory", 0),
		toProblem(slots.ErrFull),
		toProblem(session.ErrClosing),
		sample(http.StatusServiceUnavailable, codeUnavailable, "The LLM server cannot be reached.", slotRetry),
		errNoLogin,
		sample(http.StatusGatewayTimeout, codeUpstreamTimeout, "The LLM server took too long.", 0),
	}
}

// describeProblems makes a component of every failure, in both shapes.
func describeProblems(d *huma.OpenAPI) {
	problems := schemaOf[problem](d)
	openAI := schemaOf[openAIError](d)
	add := func(path string, schema *huma.Schema, status int, contentType, text string, examples map[string]*huma.Example, retry bool) {
		r := &huma.Response{Description: text, Content: map[string]*huma.MediaType{contentType: {Schema: schema, Examples: examples}}}
		if retry {
			r.Headers = map[string]*huma.Param{"Retry-After": {
				Description: "Seconds to wait before trying again, where waiting helps.", Schema: &huma.Schema{Type: huma.TypeInteger}, Example: 5,
			}}
		}
		d.Components.Responses[problemName(path, status)] = r
	}
	byStatus := map[int][]*problem{}
	for _, p := range problemSamples() {
		byStatus[p.Status] = append(byStatus[p.Status], p)
	}
	const ours, theirs = "/api/", "/v1/models"
	for status, samples := range byStatus {
		codes := make([]string, len(samples))
		native, foreign := map[string]*huma.Example{}, map[string]*huma.Example{}
		retry := false
		for i, p := range samples {
			codes[i] = "`" + string(p.Code) + "`"
			whole := *p
			whole.Type, whole.Title, whole.Instance = "about:blank", http.StatusText(status), "/api/…"
			native[string(p.Code)] = &huma.Example{Value: &whole}
			foreign[string(p.Code)] = &huma.Example{Value: toOpenAI(p)}
			retry = retry || p.retryAfter > 0
		}
		add(ours, problems, status, "application/problem+json", http.StatusText(status)+": "+strings.Join(codes, ", "), native, retry)
		add(theirs, openAI, status, "application/json", http.StatusText(status), foreign, retry)
	}
	add(ours, problems, 0, "application/problem+json", "Any other failure.", nil, false)
	add(theirs, openAI, 0, "application/json", "Any other failure.", nil, false)
}

// describeNulls says of which objects null can stand in the place: huma says it of nothing
// that is an object.
func describeNulls(r huma.Registry) {
	for name := range r.Map() {
		t := r.TypeFromRef(schemaPrefix + name)
		// Data in an envelope is always there, pointer or not.
		if t == nil || t.Kind() != reflect.Struct || strings.HasPrefix(t.Name(), "envelope[") {
			continue
		}
		for i := range t.NumField() {
			f := t.Field(i)
			if f.Type.Kind() != reflect.Pointer || f.Type.Elem().Kind() != reflect.Struct || strings.Contains(f.Tag.Get("json"), ",omit") {
				continue
			}
			key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if property := r.Map()[name].Properties[key]; property != nil && property.Ref != "" {
				r.SchemaFromRef(property.Ref).Nullable = true
			}
		}
	}
}

// schemaPrefix begins the references to schemas.
const schemaPrefix = "#/components/schemas/"

// schemaOf is the component that describes a type.
func schemaOf[T any](d *huma.OpenAPI) *huma.Schema {
	return d.Components.Schemas.Schema(reflect.TypeFor[T](), true, reflect.TypeFor[T]().Name())
}

// downgradeContent takes out what huma leaves of JSON Schema 2020-12, which 3.0 does not
// know: it says the same by a schema's format. What can be null and is of several types has
// none of its own.
func downgradeContent(v any) {
	switch v := v.(type) {
	case map[string]any:
		if encoding, is := v["contentEncoding"].(string); is && encoding == "base64" {
			v["format"] = "byte"
		}
		for _, key := range []string{"contentMediaType", "contentEncoding"} {
			if _, is := v[key].(string); is {
				delete(v, key)
			}
		}
		if typ, is := v["type"].(string); is && typ == "" {
			delete(v, "type")
		}
		for _, member := range v {
			downgradeContent(member)
		}
	case []any:
		for _, entry := range v {
			downgradeContent(entry)
		}
	}
}
