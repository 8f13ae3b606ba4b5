package server

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"avatarforge/speech"
	"avatarforge/tts"
)

// maxSpokenText is how long a text may be that is to be spoken, in characters: about a
// quarter of an hour.
const maxSpokenText = 5000

// speechBody is what is to be spoken, and how.
type speechBody struct {
	_             struct{} `additionalProperties:"true"`
	Text          string   `json:"text" minLength:"1" maxLength:"5000" example:"안녕하세요, 반갑습니다!" doc:"As it is displayed: numbers, signs and markup are spelled out or left out."`
	VoiceID       string   `json:"voice_id,omitempty" nullable:"true" example:"default" doc:"One of GET /api/tts/voices; the default voice where it is left out."`
	TextLang      string   `json:"text_lang,omitempty" nullable:"true" example:"ko" doc:"A language code of GPT-SoVITS; left out or auto: told by each sentence's script."`
	PromptLang    string   `json:"prompt_lang,omitempty" nullable:"true" example:"ko" doc:"The language of the voice's reference; left out: as the voice says."`
	StreamingMode int      `json:"streaming_mode,omitempty" nullable:"true" minimum:"0" maximum:"3" default:"0" doc:"GPT-SoVITS's: 0 whole sentences, 1 to 3 in pieces. Over 0 with return_binary, the sound comes as it is synthesised."`
	ReturnBinary  bool     `json:"return_binary,omitempty" nullable:"true" default:"false" doc:"Answer with the sound itself."`
	MediaType     string   `json:"media_type,omitempty" nullable:"true" enum:"wav,ogg,aac,raw" default:"wav" doc:"wav and raw are 16-bit mono at 32,000 Hz, raw little-endian without a header; ogg and aac are encoded by GPT-SoVITS."`
	Speed         float64  `json:"speed,omitempty" nullable:"true" minimum:"0.25" maximum:"4" default:"1" doc:"Multiplies the voice's own pace."`
}

// speechFile is speech that has been kept.
type speechFile struct {
	AudioURL  string        `json:"audio_url" example:"/mnt/user_assets/anonymous/audio/abc123.wav" doc:"Where the file is, on this server."`
	FileID    string        `json:"file_id" example:"abc123"`
	Duration  float64       `json:"duration" example:"2.5" doc:"Of the sound, in seconds."`
	FileSize  int64         `json:"file_size" example:"44100" doc:"In bytes."`
	Format    speech.Format `json:"format" enum:"wav,ogg,aac,raw" example:"wav"`
	VoiceID   string        `json:"voice_id" example:"default"`
	CreatedAt time.Time     `json:"created_at" example:"2026-01-26T10:00:00Z"`
	Cached    bool          `json:"cached" doc:"Whether it was there already."`
}

func shownFile(rec *speech.Recording) speechFile {
	return speechFile{
		AudioURL: rec.URL(), FileID: rec.FileID, Duration: rec.Duration.Seconds(), FileSize: rec.Size,
		Format: rec.Format, VoiceID: rec.VoiceID, CreatedAt: rec.Created.UTC().Truncate(time.Second), Cached: rec.Cached,
	}
}

func (s *Server) speechRoutes(api huma.API) {
	op := operation("speak", http.MethodPost, "/api/tts", tagSpeech, "Speak a text")
	op.Description = "Answers with the place of a file or, with return_binary, with the sound itself. " +
		"The same text in the same voice is not synthesised again. Sound that is passed on as it is synthesised " +
		"and cannot be finished ends with a broken connection."
	op.Responses = map[string]*huma.Response{"200": {
		Description: "The file, or its sound", Content: audioContent(speech.WAV, speech.Ogg, speech.AAC, speech.Raw),
	}}
	op.Responses["200"].Content["application/json"] = &huma.MediaType{
		Schema: api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[envelope[speechFile]](), true, "SpeechFile"),
	}
	handle(api, s.limited(s.owned(op)), s.speak)
	s.audioRoutes(api)
	s.openAISpeechRoutes(api)
}

// audioContent describes sound in each of the formats.
func audioContent(formats ...speech.Format) map[string]*huma.MediaType {
	content := map[string]*huma.MediaType{}
	for _, f := range formats {
		content[f.ContentType()] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	}
	return content
}

func (s *Server) speak(ctx context.Context, in *struct{ Body speechBody }) (*huma.StreamResponse, error) {
	req, err := s.speechRequest(&in.Body)
	if err != nil {
		return nil, err
	}
	if in.Body.ReturnBinary {
		sound, err := s.cfg.Speech.Stream(ctx, ownerOf(ctx), req)
		if err != nil {
			return nil, speechError(err, req.Format)
		}
		return s.passOn(sound), nil
	}
	rec, err := s.cfg.Speech.Record(ctx, ownerOf(ctx), req)
	if err != nil {
		return nil, speechError(err, req.Format)
	}
	return jsonResponse(ok(shownFile(&rec)).Body)
}

// speechRequest is the request that a body makes, or what is wrong with it.
func (s *Server) speechRequest(body *speechBody) (speech.Request, error) {
	var bad []fieldProblem
	wrong := func(field, message, value string) {
		bad = append(bad, fieldProblem{Location: "body." + field, Message: message, Value: scalar(value)})
	}
	voice := s.cfg.Voices.Default()
	if body.VoiceID != "" {
		var known bool
		if voice, known = s.cfg.Voices.Get(body.VoiceID); !known {
			wrong("voice_id", "There is no such voice; GET /api/tts/voices lists them.", body.VoiceID)
		}
	}
	languages := tts.Languages()
	for field, code := range map[string]*string{"text_lang": &body.TextLang, "prompt_lang": &body.PromptLang} {
		*code = strings.ToLower(*code)
		if *code != "" && !slices.Contains(languages, *code) {
			wrong(field, "It can be "+strings.Join(languages, ", ")+".", *code)
		}
	}
	if len(bad) > 0 {
		slices.SortFunc(bad, func(a, b fieldProblem) int { return strings.Compare(a.Location, b.Location) })
		p := newProblem(http.StatusUnprocessableEntity, codeInvalid, summary(bad))
		p.Errors = bad
		return speech.Request{}, p
	}
	return speech.Request{
		Text: body.Text, Voice: voice, TextLang: body.TextLang, PromptLang: body.PromptLang, Speed: body.Speed,
		StreamingMode: body.StreamingMode, Format: speech.Format(body.MediaType),
	}, nil
}

// speechError is an error of speech in a format that the synthesis server may not know to
// encode.
func speechError(err error, format speech.Format) error {
	var failed *tts.Error
	encoded := format == speech.Ogg || format == speech.AAC
	if !encoded || !errors.As(err, &failed) || failed.Kind != tts.ErrorRefused {
		return err
	}
	detail := "GPT-SoVITS refused to make " + string(format) + ". "
	if format == speech.AAC {
		detail += "It needs ffmpeg on its own machine for that. "
	}
	p := newProblem(http.StatusBadGateway, codeUpstreamFailed, detail+"Ask for wav instead; if that is refused as well, see the server's log.")
	p.cause = err
	return p
}

// speechProblem is a synthesis that failed; failed is nil where no server was asked.
func speechProblem(err error, failed *tts.Error) *problem {
	p := newProblem(http.StatusBadGateway, codeUpstreamFailed, "")
	p.cause = err
	if errors.Is(err, tts.ErrNoServer) {
		p.retryAfter = slotRetry
	}
	if failed == nil {
		p.Detail = "No GPT-SoVITS server works at the moment; the server's log says why. Try again in a few seconds."
		return p
	}
	switch failed.Kind {
	case tts.ErrorTimeout:
		p.Status, p.Code = http.StatusGatewayTimeout, codeUpstreamTimeout
		p.Detail = "GPT-SoVITS took too long to speak; try again, or raise TTS_TIMEOUT."
	case tts.ErrorUnreachable:
		p.Detail = "GPT-SoVITS cannot be reached, or answers with an error of its own; see that it runs and that TTS_BASE_URL leads to it."
	case tts.ErrorRefused:
		p.Detail = "GPT-SoVITS refused to speak this; the server's log has its words. Mostly the voice's reference is missing on its machine or is not 3 to 10 s long."
	case tts.ErrorTruncated:
		p.Detail = "GPT-SoVITS broke off while it spoke. If it does so each time, the voice's reference is missing on its machine or is not 3 to 10 s long."
	case tts.ErrorSilent:
		p.Detail = "GPT-SoVITS failed and sent silence instead of speech; its own log says why. Try again."
	case tts.ErrorImplausible:
		p.Detail = "GPT-SoVITS sent speech that does not fit its text; try again, or in other words."
	case tts.ErrorMalformed:
		p.Detail = "What answers at TTS_BASE_URL sent something that is no speech; see that it is GPT-SoVITS's api_v2.py."
	default:
		p.Detail = "GPT-SoVITS failed to speak; the server's log says why."
	}
	return p
}
