package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"avatarforge/speech"
	"avatarforge/tts"
)

// openAIVoices are OpenAI's own. Programs have one of them built in; here they are the
// default voice, unless a voice of ours has the name.
var openAIVoices = []string{
	"alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer", "verse",
}

// openAIFormats are the response_formats that can be had.
var openAIFormats = map[string]speech.Format{"wav": speech.WAV, "pcm": speech.Raw, "opus": speech.Ogg, "aac": speech.AAC}

const (
	// openAIRate is that of OpenAI's pcm, in samples per second.
	openAIRate = 24000
	// openAIStreaming is the streaming mode of a conversation.
	openAIStreaming = 2

	slowestSpeech, fastestSpeech = 0.25, 4
)

// openAISpeechBody is what OpenAI's clients ask for. What is not listed is passed over. Its
// limits are looked at by hand, since OpenAI answers 400 where the others of ours are 422.
type openAISpeechBody struct {
	_              struct{}    `additionalProperties:"true"`
	Input          string      `json:"input" example:"안녕하세요, 반갑습니다!" doc:"Up to 5,000 characters."`
	Model          string      `json:"model,omitempty" nullable:"true" example:"tts-1" doc:"Not looked at."`
	Voice          openAIVoice `json:"voice,omitempty" doc:"One of GET /api/tts/voices; a voice of OpenAI's is the default voice."`
	ResponseFormat string      `json:"response_format,omitempty" nullable:"true" example:"wav" doc:"wav (the default), pcm (24,000 Hz), opus or aac. opus is the Ogg that GPT-SoVITS makes."`
	Speed          *float64    `json:"speed,omitempty" nullable:"true" example:"1" doc:"0.25 to 4."`
	StreamFormat   string      `json:"stream_format,omitempty" nullable:"true" example:"audio" doc:"audio is all there is."`
}

// openAIVoice is a voice's name, which may come as an object's id.
type openAIVoice string

// Schema is both shapes.
func (openAIVoice) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{
		{Type: huma.TypeString, Examples: []any{"alloy"}},
		{Type: huma.TypeObject, Properties: map[string]*huma.Schema{"id": {Type: huma.TypeString}}, Required: []string{"id"}},
	}, Nullable: true}
}

// UnmarshalJSON takes either.
func (v *openAIVoice) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, (*string)(v)) == nil { // null too
		return nil
	}
	var named struct{ ID string }
	if err := json.Unmarshal(data, &named); err != nil {
		return err
	}
	*v = openAIVoice(named.ID)
	return nil
}

func (s *Server) openAISpeechRoutes(api huma.API) {
	op := operation("createSpeech", http.MethodPost, "/v1/audio/speech", tagOpenAI, "Speak a text, as OpenAI does")
	op.Description = "The sound comes as it is synthesised; what cannot be finished ends with a broken connection. " +
		"Without response_format it is wav, since mp3, which OpenAI takes then, cannot be had."
	op.Responses = map[string]*huma.Response{"200": {
		Description: "The sound", Content: audioContent(speech.WAV, speech.Raw, speech.Ogg, speech.AAC),
	}}
	handle(api, s.limited(s.owned(op)), s.openAISpeech)
}

func (s *Server) openAISpeech(ctx context.Context, in *struct{ Body openAISpeechBody }) (*huma.StreamResponse, error) {
	req, err := s.openAISpeechRequest(&in.Body)
	if err != nil {
		return nil, err
	}
	sound, err := s.cfg.Speech.Stream(ctx, ownerOf(ctx), req)
	if errors.Is(err, speech.ErrNothingToSay) {
		return nil, badOpenAI("input", "There is nothing in it that can be spoken.")
	}
	if err != nil {
		return nil, speechError(err, req.Format)
	}
	return s.passOn(sound), nil
}

func (s *Server) openAISpeechRequest(body *openAISpeechBody) (speech.Request, error) {
	req := speech.Request{Text: body.Input, Speed: 1, StreamingMode: openAIStreaming, Format: speech.WAV, Rate: openAIRate}
	var known bool
	if body.ResponseFormat != "" {
		if req.Format, known = openAIFormats[body.ResponseFormat]; !known {
			return req, badOpenAI("response_format", "It can be wav, pcm, opus or aac; "+quoted(body.ResponseFormat)+" cannot be made here.")
		}
	}
	if req.Voice, known = s.openAIVoice(string(body.Voice)); !known {
		return req, badOpenAI("voice", "There is no voice "+quoted(string(body.Voice))+"; GET /api/tts/voices lists them.")
	}
	if body.Speed != nil {
		req.Speed = *body.Speed
	}
	switch n := utf8.RuneCountInString(body.Input); {
	case n > maxSpokenText:
		return req, badOpenAI("input", "It may have "+strconv.Itoa(maxSpokenText)+" characters at most, and has "+strconv.Itoa(n)+".")
	case req.Speed < slowestSpeech || req.Speed > fastestSpeech:
		return req, badOpenAI("speed", "It can be 0.25 to 4.")
	case body.StreamFormat != "" && body.StreamFormat != "audio":
		return req, badOpenAI("stream_format", "It can be audio; the sound is streamed as it is.")
	}
	return req, nil
}

// openAIVoice is the voice that a client of OpenAI's means.
func (s *Server) openAIVoice(name string) (tts.Voice, bool) {
	if voice, ours := s.cfg.Voices.Get(name); ours {
		return voice, true
	}
	return s.cfg.Voices.Default(), name == "" || slices.Contains(openAIVoices, strings.ToLower(name))
}

// badOpenAI is one thing that is wrong with the body of a client of OpenAI's.
func badOpenAI(field, message string) *problem {
	p := newProblem(http.StatusBadRequest, codeInvalid, "The request is not valid: "+field+": "+message)
	p.Errors = []fieldProblem{{Location: "body." + field, Message: message}}
	return p
}
