package ttstest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Params are the parameters of /tts, with the server's defaults.
type Params struct {
	Text              string
	TextLang          string
	RefAudioPath      string
	AuxRefAudioPaths  []string
	PromptText        string
	PromptLang        string
	TopK              int
	TopP              float64
	Temperature       float64
	TextSplitMethod   string
	BatchSize         int
	BatchThreshold    float64
	SplitBucket       bool
	SpeedFactor       float64
	FragmentInterval  float64 // seconds
	Seed              int
	MediaType         string
	StreamingMode     int
	ParallelInfer     bool
	RepetitionPenalty float64
	SampleSteps       int
	SuperSampling     bool
	OverlapLength     int // tokens
	MinChunkLength    int // tokens
}

func defaultParams(r Release) Params {
	p := Params{
		TopK: 15, TopP: 1, Temperature: 1, TextSplitMethod: "cut5", BatchSize: 1, BatchThreshold: 0.75,
		SplitBucket: true, SpeedFactor: 1, FragmentInterval: 0.3, Seed: -1, MediaType: "wav", ParallelInfer: true,
		RepetitionPenalty: 1.35, SampleSteps: 32, OverlapLength: 2, MinChunkLength: 16,
	}
	if r == Release20250606 {
		p.TopK = 5
	}
	return p
}

// problem is one entry of the list that FastAPI answers with 422.
type problem struct {
	Type  string `json:"type"`
	Loc   []any  `json:"loc"`
	Msg   string `json:"msg"`
	Input any    `json:"input"`
}

// setter stores a value, or says which of pydantic's complaints apply. The suffix of a
// complaint's location is not empty for unions only.
type setter func(v any) []complaint

type complaint struct{ kind, msg, suffix string }

// fields lists the parameters that the release knows, in the order of its model; what
// is not in it is ignored.
func (p *Params) fields(r Release) []struct {
	name string
	set  setter
} {
	type field = struct {
		name string
		set  setter
	}
	all := []field{
		{"text", text(&p.Text)},
		{"text_lang", text(&p.TextLang)},
		{"ref_audio_path", text(&p.RefAudioPath)},
		{"aux_ref_audio_paths", list(&p.AuxRefAudioPaths)},
		{"prompt_lang", text(&p.PromptLang)},
		{"prompt_text", text(&p.PromptText)},
		{"top_k", integer(&p.TopK)},
		{"top_p", number(&p.TopP)},
		{"temperature", number(&p.Temperature)},
		{"text_split_method", text(&p.TextSplitMethod)},
		{"batch_size", integer(&p.BatchSize)},
		{"batch_threshold", number(&p.BatchThreshold)},
		{"split_bucket", boolean(&p.SplitBucket)},
		{"speed_factor", number(&p.SpeedFactor)},
		{"fragment_interval", number(&p.FragmentInterval)},
		{"seed", integer(&p.Seed)},
		{"media_type", text(&p.MediaType)},
		{"streaming_mode", mode(&p.StreamingMode, r)},
		{"parallel_infer", boolean(&p.ParallelInfer)},
		{"repetition_penalty", number(&p.RepetitionPenalty)},
		{"sample_steps", integer(&p.SampleSteps)},
		{"super_sampling", boolean(&p.SuperSampling)},
	}
	if r == ReleaseCurrent {
		all = append(all, field{"overlap_length", integer(&p.OverlapLength)}, field{"min_chunk_length", integer(&p.MinChunkLength)})
	}
	return all
}

// parsePOST reads the JSON body as FastAPI does.
func parsePOST(r *http.Request, release Release) (Params, []problem) {
	p := defaultParams(release)
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil || len(body) == 0 {
		return p, []problem{{Type: "missing", Loc: []any{"body"}, Msg: "Field required"}}
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		return p, []problem{notAnObject(string(body))}
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		var syntax *json.SyntaxError
		at := int64(len(body))
		if errors.As(err, &syntax) {
			at = syntax.Offset
		}
		return p, []problem{{Type: "json_invalid", Loc: []any{"body", at}, Msg: "JSON decode error", Input: map[string]any{}}}
	}
	object, ok := value.(map[string]any)
	if !ok {
		return p, []problem{notAnObject(value)}
	}
	var problems []problem
	for _, f := range p.fields(release) {
		if v, given := object[f.name]; given {
			problems = append(problems, complaints("body", f.name, v, f.set(v))...)
		}
	}
	return p, problems
}

func notAnObject(input any) problem {
	return problem{Type: "model_attributes_type", Loc: []any{"body"},
		Msg: "Input should be a valid dictionary or object to extract fields from", Input: input}
}

// parseGET reads the query as FastAPI does. The list of further references is a body
// parameter there, so it cannot be given.
func parseGET(q url.Values, release Release) (Params, []problem) {
	p := defaultParams(release)
	var problems []problem
	for _, f := range p.fields(release) {
		if q.Has(f.name) && f.name != "aux_ref_audio_paths" {
			v := q.Get(f.name)
			problems = append(problems, complaints("query", f.name, v, f.set(v))...)
		}
	}
	return p, problems
}

func complaints(place, name string, input any, found []complaint) []problem {
	var problems []problem
	for _, c := range found {
		loc := []any{place, name}
		if c.suffix != "" {
			loc = append(loc, c.suffix)
		}
		problems = append(problems, problem{Type: c.kind, Loc: loc, Msg: c.msg, Input: input})
	}
	return problems
}

func text(dst *string) setter {
	return func(v any) []complaint {
		s, ok := v.(string)
		if !ok { // null as well: only a left-out field takes the default
			return []complaint{{kind: "string_type", msg: "Input should be a valid string"}}
		}
		*dst = s
		return nil
	}
}

func list(dst *[]string) setter {
	return func(v any) []complaint {
		items, ok := v.([]any)
		if !ok {
			return []complaint{{kind: "list_type", msg: "Input should be a valid list"}}
		}
		for _, item := range items {
			if s, ok := item.(string); ok {
				*dst = append(*dst, s)
			}
		}
		return nil
	}
}

func integer(dst *int) setter {
	return func(v any) []complaint {
		n, c := asInt(v)
		if c.kind != "" {
			return []complaint{c}
		}
		*dst = n
		return nil
	}
}

func asInt(v any) (int, complaint) {
	switch v := v.(type) {
	case bool:
		if v {
			return 1, complaint{}
		}
		return 0, complaint{}
	case json.Number:
		f, err := v.Float64()
		if err == nil && f == float64(int(f)) {
			return int(f), complaint{}
		}
		return 0, complaint{kind: "int_from_float", msg: "Input should be a valid integer, got a number with a fractional part"}
	case string:
		if n, err := strconv.Atoi(strings.TrimSpace(v)); err == nil {
			return n, complaint{}
		}
		return 0, complaint{kind: "int_parsing", msg: "Input should be a valid integer, unable to parse string as an integer"}
	}
	return 0, complaint{kind: "int_type", msg: "Input should be a valid integer"}
}

func number(dst *float64) setter {
	return func(v any) []complaint {
		switch v := v.(type) {
		case bool:
			*dst = 0
			if v {
				*dst = 1
			}
			return nil
		case json.Number:
			f, err := v.Float64()
			if err == nil {
				*dst = f
				return nil
			}
		case string:
			if f, err := strconv.ParseFloat(strings.TrimSpace(v), 64); err == nil {
				*dst = f
				return nil
			}
			return []complaint{{kind: "float_parsing", msg: "Input should be a valid number, unable to parse string as a number"}}
		}
		return []complaint{{kind: "float_type", msg: "Input should be a valid number"}}
	}
}

func boolean(dst *bool) setter {
	return func(v any) []complaint {
		b, c := asBool(v)
		if c.kind != "" {
			return []complaint{c}
		}
		*dst = b
		return nil
	}
}

func asBool(v any) (bool, complaint) {
	var word string
	switch v := v.(type) {
	case bool:
		return v, complaint{}
	case json.Number:
		word = v.String()
	case string:
		word = strings.ToLower(v)
	default:
		return false, complaint{kind: "bool_type", msg: "Input should be a valid boolean"}
	}
	switch word {
	case "1", "true", "t", "yes", "y", "on":
		return true, complaint{}
	case "0", "false", "f", "no", "n", "off":
		return false, complaint{}
	}
	return false, complaint{kind: "bool_parsing", msg: "Input should be a valid boolean, unable to interpret input"}
}

// mode is streaming_mode: a boolean, and an integer as well since the end of 2025.
func mode(dst *int, r Release) setter {
	return func(v any) []complaint {
		b, notBool := asBool(v)
		n, notInt := asInt(v)
		switch {
		case notBool.kind == "":
			*dst = 0
			if b {
				*dst = 1
			}
			return nil
		case r == Release20250606:
			return []complaint{notBool}
		case notInt.kind == "":
			*dst = n
			return nil
		}
		notBool.suffix, notInt.suffix = "bool", "int"
		return []complaint{notBool, notInt}
	}
}
