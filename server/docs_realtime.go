package server

import (
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"avatarforge/realtime"
)

// describeRealtime describes the WebSocket: its handshake as an operation, its events as
// components, which the operation's x-websocket names.
func (s *Server) describeRealtime(api huma.API) {
	d := api.OpenAPI()
	op := operation("realtime", http.MethodGet, "/v1/realtime", tagRealtime, "Converse, over a WebSocket",
		"Upgrades to a WebSocket that speaks the OpenAI Realtime protocol, text in, text and speech out. "+
			"Text frames hold a `RealtimeClientEvent` on the way in and a `RealtimeServerEvent` on the way out; "+
			"with `transport: \"binary\"` speech comes in binary frames. [The protocol](/docs/realtime) has it in words, with an example.",
		"Offer the subprotocol `realtime`. A token may come in `Authorization`, in the cookie, or as the offered subprotocol "+
			"`openai-insecure-api-key.TOKEN`. A browser's `Origin` must be the server's own host or one of `ALLOWED_ORIGINS`.",
		"What is refused is refused before the upgrade. Afterwards the server closes with 1001 (going away: reconnect and resume), "+
			"1008, 1009 (a frame over 256 KiB), 1011, 1013 or 4409 (another connection has taken the session over).",
		eventTable())
	op.Security = []map[string][]string{{}, {"bearer": {}}, {"cookie": {}}}
	if s.cfg.AuthRequired {
		op.Security = op.Security[1:]
	}
	op.ExternalDocs = &huma.ExternalDocs{URL: "/docs/realtime", Description: "The protocol"}
	op.Parameters = []*huma.Param{
		query("model", "gemma-3-27b-it", "The LLM's name, or `character:ID`. The default is the server's."),
		query("character", "hermione", "The id of the character to talk with, a preset or one's own. Without one: a plain assistant."),
		query("session", "0f8fad5b-d9cb-469f-a165-70867728950e", "The id of a session to resume. Without one: a new session."),
		query("last_event", 42, "With `session`: the number of the last frame seen. Those after it are sent again, and then it goes on live."),
		query("queue", "1", "`1`: wait for a free slot inside the socket, where `avatarforge.queue` says how long the line is. `0`: be refused with 503."),
	}
	op.Parameters[4].Schema.Enum = []any{"0", "1"}
	header := func(text, example string) *huma.Param {
		return &huma.Param{Description: text, Schema: &huma.Schema{Type: huma.TypeString}, Example: example}
	}
	op.Responses = map[string]*huma.Response{"101": {
		Description: "The conversation begins; the first event is `session.created`, or `avatarforge.queue` while there is no slot.",
		Headers: map[string]*huma.Param{
			"Upgrade":                header("As RFC 6455 has it.", "websocket"),
			"Sec-WebSocket-Accept":   header("As RFC 6455 has it.", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
			"Sec-WebSocket-Protocol": header("Where it was offered.", realtimeSubprotocol),
		},
	}}
	op.Errors = []int{
		http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound,
		http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable,
	}
	op.Extensions = map[string]any{"x-websocket": map[string]any{
		"subprotocol": realtimeSubprotocol,
		"client":      map[string]any{"$ref": schemaPrefix + "RealtimeClientEvent"},
		"server":      map[string]any{"$ref": schemaPrefix + "RealtimeServerEvent"},
		"binary":      "Speech: 12 bytes of header, big-endian (version u8 = 1, kind u8 = 1, flags u16 with bit 0 for a segment's last frame, event u32, segment u32), then 16-bit little-endian mono PCM.",
		"closeCodes":  []int{1000, 1001, 1008, 1009, 1011, 1013, 4409},
	}}
	describe(api, op)
	describeEvents(d.Components.Schemas)
}

// query is an optional parameter.
func query(name string, example any, text string) *huma.Param {
	schema := &huma.Schema{Type: huma.TypeString}
	if _, number := example.(int); number {
		least := 0.0
		schema = &huma.Schema{Type: huma.TypeInteger, Minimum: &least}
	}
	return &huma.Param{Name: name, In: "query", Description: text, Schema: schema, Example: example}
}

// eventTable lists the events for people.
func eventTable() string {
	var b strings.Builder
	b.WriteString("| the client sends | |\n| --- | --- |\n")
	for _, e := range clientEvents() {
		b.WriteString("| `" + e.name + "` | " + e.about + " |\n")
	}
	b.WriteString("\n| the server sends | |\n| --- | --- |\n")
	for _, e := range serverEvents() {
		b.WriteString("| `" + e.example.Type() + "` | " + e.about + " |\n")
	}
	return b.String()
}

// describeEvents makes a component of every event, and of all events either way.
func describeEvents(r huma.Registry) {
	for of, alias := range realtimeShapes {
		r.RegisterTypeAlias(of, alias)
	}
	var server, client union
	longest := 512 // of a client's name for an event
	for _, e := range serverEvents() {
		t := reflect.TypeOf(e.example)
		schema := huma.SchemaFromType(r, shapeOf(t))
		schema.Description = e.about
		id := &huma.Schema{
			Type: huma.TypeString, Pattern: `^event_[1-9][0-9]*$`,
			Description: "The frame's number: the session's next, from 1, without a gap.",
		}
		schema.Properties["event_id"] = id
		schema.Required = append(schema.Required, "event_id")
		server.add(r, "Realtime"+t.Name(), e.example.Type(), schema)
		schema.Examples = []any{frame(e.example)}
	}
	for _, e := range clientEvents() {
		t := reflect.TypeOf(e.example)
		schema := huma.SchemaFromType(r, t)
		schema.Description = e.about
		schema.Properties["event_id"] = &huma.Schema{
			Type: huma.TypeString, MaxLength: &longest, Description: "The client's own name for the event; errors repeat it.",
		}
		schema.Examples = []any{e.example}
		client.add(r, huma.DefaultSchemaNamer(t, ""), e.name, schema)
	}
	describeWords(r)
	r.Map()["RealtimeServerEvent"] = server.schema("Whatever the server sends as a text frame.")
	r.Map()["RealtimeClientEvent"] = client.schema("Whatever a client may send.")
}

// union is one of several events, told apart by their type.
type union struct {
	oneOf   []*huma.Schema
	mapping map[string]string
}

func (u *union) add(r huma.Registry, component, event string, schema *huma.Schema) {
	schema.Properties["type"] = &huma.Schema{Type: huma.TypeString, Enum: []any{event}}
	schema.Required = append([]string{"type"}, schema.Required...)
	schema.PrecomputeMessages()
	r.Map()[component] = schema
	ref := schemaPrefix + component
	if u.mapping == nil {
		u.mapping = map[string]string{}
	}
	u.oneOf = append(u.oneOf, &huma.Schema{Ref: ref})
	u.mapping[event] = ref
}

func (u *union) schema(about string) *huma.Schema {
	return &huma.Schema{
		Description: about, OneOf: u.oneOf,
		Discriminator: &huma.Discriminator{PropertyName: "type", Mapping: u.mapping},
	}
}

// realtimeShapes are what types look like that write their JSON themselves.
var realtimeShapes = map[reflect.Type]reflect.Type{
	reflect.TypeFor[realtime.Item]():       reflect.TypeFor[realtimeItem](),
	reflect.TypeFor[realtime.Part]():       reflect.TypeFor[realtimePart](),
	reflect.TypeFor[realtime.ErrorEvent](): reflect.TypeFor[realtimeErrorEvent](),
	reflect.TypeFor[realtime.MaxTokens]():  reflect.TypeFor[realtimeMaxTokens](),
}

func shapeOf(t reflect.Type) reflect.Type {
	if shape, own := realtimeShapes[t]; own {
		return shape
	}
	return t
}

// describeWords says of the protocol's objects which words their fields may hold, which
// cannot be seen in the Go types.
func describeWords(r huma.Registry) {
	for name, schema := range r.Map() {
		t := r.TypeFromRef(schemaPrefix + name)
		if t == nil || t.PkgPath() != reflect.TypeFor[realtime.Session]().PkgPath() {
			continue
		}
		for i := range t.NumField() {
			f := t.Field(i)
			key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			property := schema.Properties[key]
			if property == nil {
				continue
			}
			of, target := f.Type, property
			if of.Kind() == reflect.Slice && property.Items != nil {
				of, target = of.Elem(), property.Items
			}
			if words := realtimeWords[of]; words != nil {
				target.Enum = words
			}
			if f.Type.Kind() == reflect.Map {
				property.Nullable = true
			}
		}
		schema.PrecomputeMessages()
	}
}

// realtimeWords are the words of those types that have a fixed set.
var realtimeWords = map[reflect.Type][]any{
	reflect.TypeFor[realtime.Modality]():   words(realtime.ModalityText, realtime.ModalityAudio),
	reflect.TypeFor[realtime.SpeechMode](): words(realtime.SpeechRealtime, realtime.SpeechDelayed, realtime.SpeechOnClick),
	reflect.TypeFor[realtime.Transport]():  words(realtime.TransportJSON, realtime.TransportBinary),
	reflect.TypeFor[realtime.Status](): words(realtime.StatusInProgress, realtime.StatusCompleted, realtime.StatusIncomplete,
		realtime.StatusCancelled, realtime.StatusFailed),
	reflect.TypeFor[realtime.StatusReason](): words(realtime.ReasonClientCancelled, realtime.ReasonMaxOutputTokens, realtime.ReasonContentFilter),
	reflect.TypeFor[realtime.ErrorType]():    words(realtime.InvalidRequestError, realtime.RateLimitError, realtime.ServerError),
}

func words[T ~string](list ...T) []any {
	values := make([]any, len(list))
	for i, w := range list {
		values[i] = string(w)
	}
	return values
}
