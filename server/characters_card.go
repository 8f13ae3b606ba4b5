package server

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"avatarforge/persona"
)

type cardFormat string

const (
	cardJSON cardFormat = "json"
	cardPNG  cardFormat = "png"
)

type (
	importedCard struct {
		ContentType string `header:"Content-Type" hidden:"true"`
		RawBody     []byte
	}
	exportedCard struct {
		ID     string     `path:"character_id" maxLength:"64" example:"hermione" doc:"The character's id."`
		Format cardFormat `query:"format" enum:"json,png" default:"json" doc:"JSON, or a picture with the JSON in it."`
	}
	cardFile struct {
		ContentType        string `header:"Content-Type"`
		ContentDisposition string `header:"Content-Disposition"`
		Body               []byte
	}
)

func (s *Server) cardRoutes(api huma.API) {
	in := s.owned(operation("importCharacter", http.MethodPost, "/api/characters/import", tagCharacters,
		"Create a character from a Tavern card (V1, V2 or V3)"))
	in.Description = "The card is JSON, or a PNG with a `chara` or `ccv3` chunk: as the body, or as the field `file` of a form. " +
		"What has no field here is kept for the export."
	in.MaxBodyBytes = persona.MaxCardFile + maxFormBytes + 1
	in.SkipValidateBody = true // a card's form is its own
	binary := &huma.Schema{Type: huma.TypeString, Format: "binary"}
	in.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"application/json": {Schema: &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}, Example: sampleCard},
		"image/png":        {Schema: binary},
		"multipart/form-data": {Schema: &huma.Schema{
			Type: huma.TypeObject, Required: []string{"file"}, Properties: map[string]*huma.Schema{"file": binary},
		}},
	}}
	in.Errors = append(in.Errors, http.StatusUnsupportedMediaType)
	handle(api, in, s.importCharacter)

	out := operation("exportCharacter", http.MethodGet, "/api/characters/{character_id}/export", tagCharacters,
		"A character as a Tavern card", "A character that was imported keeps what its card had beside our fields.")
	out.Responses = map[string]*huma.Response{"200": {Description: "The card", Content: map[string]*huma.MediaType{
		"application/json": {Schema: &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}, Example: sampleCard},
		"image/png":        {Schema: binary},
	}}}
	handle(api, s.owned(out), s.exportCharacter)
}

// sampleCard is a card as small as one can be.
var sampleCard = map[string]any{
	"spec": "chara_card_v2", "spec_version": "2.0",
	"data": map[string]any{"name": "나루", "description": "부끄럼이 많은 여우", "first_mes": "아, 안녕!"},
}

// maxFormBytes is what a form may have around its file.
const maxFormBytes = 64 << 10

func (s *Server) importCharacter(ctx context.Context, in *importedCard) (*answer[*persona.Character], error) {
	data, err := uploaded(in.ContentType, in.RawBody)
	if err != nil {
		return nil, err
	}
	if len(data) > persona.MaxCardFile {
		return nil, newProblem(http.StatusRequestEntityTooLarge, codeTooLarge, "A card may have 20 MiB at most.")
	}
	if first := bytes.TrimLeft(data, " \t\r\n\xEF\xBB\xBF"); !persona.IsPNG(data) && !bytes.HasPrefix(first, []byte("{")) {
		return nil, newProblem(http.StatusUnsupportedMediaType, codeMediaType, "A card is a PNG picture or JSON, whatever its name says; this is neither.")
	}
	card, err := persona.ParseCard(data)
	if err != nil {
		return nil, err
	}
	c, err := card.Character()
	if err != nil {
		return nil, err
	}
	if _, known := s.cfg.Voices.Get(c.VoiceID); !known {
		c.VoiceID = "" // another server's
	}
	if err := s.admit(&c); err != nil {
		return nil, err
	}
	return s.keep(ctx, c)
}

// uploaded is the file in a request's body: a form's field "file", or all of it.
func uploaded(contentType string, body []byte) ([]byte, error) {
	kind, params, _ := mime.ParseMediaType(contentType) // unreadable: the content says what it is
	if kind != "multipart/form-data" {
		return body, nil
	}
	form := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, badBody("file", "It is required: the card, as a file.", "")
		}
		if err == nil && part.FormName() != "file" {
			continue
		}
		var data []byte
		if err == nil {
			data, err = io.ReadAll(part) // of a body whose size is bounded
		}
		if err != nil {
			return nil, newProblem(http.StatusBadRequest, codeInvalidRequest, "The form cannot be read.")
		}
		return data, nil
	}
}

func (s *Server) exportCharacter(ctx context.Context, in *exportedCard) (*cardFile, error) {
	c, err := s.cfg.Characters.Character(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	card, err := persona.CardOf(c)
	if err != nil {
		// Ours, not the client's: it is no persona.ErrCard here.
		return nil, errors.New("card of character " + c.ID + ": " + err.Error())
	}
	out := &cardFile{ContentType: "application/json"}
	if in.Format == cardPNG {
		out.ContentType = "image/png"
		var picture []byte
		if picture, err = portrait(c.Name); err == nil {
			out.Body, err = card.AppendPNG(nil, picture)
		}
	} else {
		out.Body, err = card.MarshalJSON()
	}
	name := strings.NewReplacer("/", "_", "\\", "_").Replace(c.Name) + "." + string(in.Format)
	out.ContentDisposition = "attachment; filename=\"character." + string(in.Format) + "\"; filename*=UTF-8''" + url.PathEscape(name)
	return out, err
}

// The size of a card's picture, in pixels: the one that programs for cards expect.
const portraitWidth, portraitHeight = 400, 600

// portrait is a picture for a card whose character has none that we hold: a slope of
// two colours that come from the name.
func portrait(name string) ([]byte, error) {
	hash := uint32(2166136261) // FNV-1a
	for _, b := range []byte(name) {
		hash = (hash ^ uint32(b)) * 16777619
	}
	tone := func(shift int) color.RGBA {
		bits := hash >> shift
		return color.RGBA{64 + uint8(bits&0x7f), 64 + uint8(bits>>5&0x7f), 96 + uint8(bits>>10&0x7f), 255}
	}
	top, bottom := tone(0), tone(13)
	img := image.NewRGBA(image.Rect(0, 0, portraitWidth, portraitHeight))
	for y := range portraitHeight {
		mix := func(a, b uint8) uint8 {
			return uint8((int(a)*(portraitHeight-y) + int(b)*y) / portraitHeight)
		}
		row := color.RGBA{mix(top.R, bottom.R), mix(top.G, bottom.G), mix(top.B, bottom.B), 255}
		for x := range portraitWidth {
			img.SetRGBA(x, y, row)
		}
	}
	var b bytes.Buffer
	err := png.Encode(&b, img)
	return b.Bytes(), err
}
