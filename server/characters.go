package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"avatarforge/persona"
	"avatarforge/store"
)

var (
	errPreset = newProblem(http.StatusForbidden, codeForbidden,
		"A preset cannot be changed; create a character of your own from its fields.")
	errForeign = newProblem(http.StatusForbidden, codeForbidden,
		"The character belongs to somebody else; only its owner can change it.")
	errOwnerGone = newProblem(http.StatusUnauthorized, codeUnauthenticated,
		"The account that you are logged in with is gone; log in again.")
)

// characterBody is a character as clients send it. All that is left out is empty where a
// character is created, and stays as it is where one is updated; null is as left out.
// Its fields declare and check it; what was sent, and what was not, stands in given.
type characterBody struct {
	given map[string]json.RawMessage

	_              struct{} `additionalProperties:"true"`
	Name           string   `json:"name,omitempty" nullable:"true" example:"나만의 캐릭터" doc:"Required where a character is created."`
	Description    string   `json:"description,omitempty" nullable:"true" example:"캐릭터 설명"`
	Gender         string   `json:"gender,omitempty" nullable:"true" example:"여성"`
	Species        string   `json:"species,omitempty" nullable:"true" example:"인간"`
	Age            string   `json:"age,omitempty" nullable:"true" example:"20세"`
	Height         string   `json:"height,omitempty" nullable:"true" example:"160cm"`
	Job            string   `json:"job,omitempty" nullable:"true" example:"학생"`
	Personality    string   `json:"personality,omitempty" nullable:"true" example:"밝고 명랑한 성격, 활발함, 친근함"`
	Appearance     string   `json:"appearance,omitempty" nullable:"true" example:"검은 머리, 큰 눈, 밝은 표정"`
	Likes          []string `json:"likes,omitempty" nullable:"true" example:"음악,춤"`
	Dislikes       []string `json:"dislikes,omitempty" nullable:"true" example:"외로움"`
	SpeechStyle    string   `json:"speech_style,omitempty" nullable:"true" example:"반말을 사용하며 친근하고 밝은 말투"`
	Thoughts       string   `json:"thoughts,omitempty" nullable:"true" example:"'오늘도 즐거운 하루가 될 거야!'"`
	Features       string   `json:"features,omitempty" nullable:"true" example:"항상 웃는 얼굴"`
	Habits         string   `json:"habits,omitempty" nullable:"true" example:"'와!', '대박!' 같은 감탄사를 자주 사용"`
	Guidelines     string   `json:"guidelines,omitempty" nullable:"true" example:"- 친근하고 편안한 말투를 사용하세요." doc:"How the character is to be played."`
	VoiceID        string   `json:"voice_id,omitempty" nullable:"true" example:"default" doc:"One of GET /api/tts/voices; the default voice where it is left out."`
	Category       string   `json:"category,omitempty" nullable:"true" example:"커스텀"`
	Tags           []string `json:"tags,omitempty" nullable:"true" example:"태그1,태그2"`
	SampleDialogue string   `json:"sample_dialogue,omitempty" nullable:"true"`
	ImageURL       string   `json:"image_url,omitempty" nullable:"true" example:"/images/characters/custom.jpg" doc:"A path on this server, or an http or https address."`
	ModelURL       string   `json:"model_url,omitempty" nullable:"true" doc:"The character's figure, a binary glTF: a path below /mnt/user_assets/ on this server, or an https address. A job of POST /api/generate with the option character_id sets it."`
	SourceWork     string   `json:"source_work,omitempty" nullable:"true"`
	Worldview      string   `json:"worldview,omitempty" nullable:"true"`
	Greeting       string   `json:"greeting,omitempty" nullable:"true" doc:"What the character opens a conversation with."`
	Persona        string   `json:"persona,omitempty" nullable:"true" doc:"A ready-made description, played in place of the other fields; these are to be preferred."`
}

// UnmarshalJSON notes what is given.
func (b *characterBody) UnmarshalJSON(data []byte) error { return json.Unmarshal(data, &b.given) }

// TransformSchema adds the limits that persona.Validate has.
func (characterBody) TransformSchema(_ huma.Registry, schema *huma.Schema) *huma.Schema {
	lines := map[string]int{"name": persona.MaxName, "image_url": persona.MaxURL, "model_url": persona.MaxURL, "persona": persona.MaxPersona}
	for _, name := range []string{"gender", "species", "age", "height", "job", "voice_id", "category", "source_work"} {
		lines[name] = persona.MaxLine
	}
	for name, property := range schema.Properties {
		switch property.Type {
		case huma.TypeArray:
			entries, entry := persona.MaxEntries, persona.MaxEntry
			property.MaxItems, property.Items.MaxLength = &entries, &entry
		case huma.TypeString:
			limit, known := lines[name]
			if !known {
				limit = persona.MaxProse
			}
			property.MaxLength = &limit
		}
	}
	return schema
}

// characterPage is a page of characters.
type characterPage struct {
	Characters []*persona.Character `json:"characters"`
	NextCursor string               `json:"next_cursor" example:"" doc:"Where the next page begins; empty at the end."`
}

type (
	characterID struct {
		ID string `path:"character_id" maxLength:"64" example:"hermione" doc:"The character's id."`
	}
	newCharacter struct {
		Body characterBody
	}
	changedCharacter struct {
		ID   string `path:"character_id" maxLength:"64" example:"hermione" doc:"The character's id."`
		Body characterBody
	}
	deletedCharacter struct {
		ID string `json:"id" example:"0f8fad5b-d9cb-469f-a165-70867728950e" doc:"Of the character that is gone."`
	}
)

func (s *Server) characterRoutes(api huma.API) {
	const all, one = "/api/characters", "/api/characters/{character_id}"
	handle(api, operation("listPresets", http.MethodGet, "/api/characters/presets", tagCharacters,
		"The characters that come with the server, by id",
		"They are files in the folder that `CHARACTERS_DIR` names, read again when they change."), s.presets)
	handle(api, s.owned(operation("listCharacters", http.MethodGet, all, tagCharacters,
		"The caller's own characters, the newest first",
		"Without a login: those that belong to nobody.")), s.ownCharacters)
	handle(api, s.owned(operation("createCharacter", http.MethodPost, all, tagCharacters,
		"Create a character",
		"What is left out is empty; `voice_id` is the default voice. A `persona` is played in place of the other fields.")), s.createCharacter)
	handle(api, s.owned(operation("getCharacter", http.MethodGet, one, tagCharacters,
		"A character, whoever made it",
		"A preset, or one that somebody has made: whoever knows its id may read it and talk with it.")), s.getCharacter)
	handle(api, s.owned(operation("updateCharacter", http.MethodPut, one, tagCharacters,
		"Change a character: the fields that are given",
		"Only its owner may, and presets stay as they are. An empty string empties a field; null leaves it.")), s.updateCharacter)
	handle(api, s.owned(operation("deleteCharacter", http.MethodDelete, one, tagCharacters,
		"Delete a character",
		"Only its owner may, and presets stay.")), s.deleteCharacter)
	s.cardRoutes(api)
}

func (s *Server) presets(_ context.Context, in *page) (*answer[characterPage], error) {
	list, next, err := s.cfg.Characters.page(in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	shownList := characterPage{Characters: make([]*persona.Character, len(list)), NextCursor: next}
	for i, c := range list {
		shownList.Characters[i] = shown(*c)
	}
	return ok(shownList), nil
}

func (s *Server) ownCharacters(ctx context.Context, in *page) (*answer[characterPage], error) {
	list, next, err := s.cfg.Characters.store.Characters(ctx, ownerOf(ctx), in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	shownList := characterPage{Characters: make([]*persona.Character, len(list)), NextCursor: next}
	for i, c := range list {
		shownList.Characters[i] = shown(c.Character)
	}
	return ok(shownList), nil
}

func (s *Server) getCharacter(ctx context.Context, in *characterID) (*answer[*persona.Character], error) {
	c, err := s.cfg.Characters.Character(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return ok(shown(*c)), nil
}

func (s *Server) createCharacter(ctx context.Context, in *newCharacter) (*answer[*persona.Character], error) {
	c, err := s.edited(persona.Character{}, in.Body)
	if err != nil {
		return nil, err
	}
	return s.keep(ctx, c)
}

// keep stores a new character for whoever asks.
func (s *Server) keep(ctx context.Context, c persona.Character) (*answer[*persona.Character], error) {
	made, err := s.cfg.Characters.store.CreateCharacter(ctx, ownerOf(ctx), c)
	if errors.Is(err, store.ErrNotFound) {
		return nil, errOwnerGone
	}
	if err != nil {
		return nil, err
	}
	return ok(shown(made.Character)), nil
}

func (s *Server) updateCharacter(ctx context.Context, in *changedCharacter) (*answer[*persona.Character], error) {
	owner := ownerOf(ctx)
	c, err := s.cfg.Characters.own(ctx, owner, in.ID)
	if err != nil {
		return nil, err
	}
	if c, err = s.edited(c, in.Body); err != nil {
		return nil, err
	}
	made, err := s.cfg.Characters.store.UpdateCharacter(ctx, owner, c)
	if errors.Is(err, store.ErrNotFound) {
		return nil, persona.ErrUnknown // deleted meanwhile
	}
	if err != nil {
		return nil, err
	}
	return ok(shown(made.Character)), nil
}

func (s *Server) deleteCharacter(ctx context.Context, in *characterID) (*answer[deletedCharacter], error) {
	owner := ownerOf(ctx)
	if _, err := s.cfg.Characters.own(ctx, owner, in.ID); err != nil {
		return nil, err
	}
	err := s.cfg.Characters.store.DeleteCharacter(ctx, owner, in.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, persona.ErrUnknown
	}
	if err != nil {
		return nil, err
	}
	return ok(deletedCharacter{in.ID}), nil
}

// edited is the character with what a client's JSON says put over it. What a client
// cannot set, such as the id, stays.
func (s *Server) edited(c persona.Character, in characterBody) (persona.Character, error) {
	id, card := c.ID, c.Card
	c.Card = nil // or its bytes would be written over
	for field, value := range in.given {
		if string(value) == "null" {
			continue
		}
		if err := json.Unmarshal(fmt.Appendf(nil, "{%q:%s}", field, value), &c); err != nil {
			return c, badBody(field, err.Error(), "")
		}
	}
	c.ID, c.Card = id, card
	return c, s.admit(&c)
}

// admit makes a character one that can be stored, or says why it cannot.
func (s *Server) admit(c *persona.Character) error {
	c.IsPreset = false
	c.Clean()
	if c.VoiceID == "" {
		c.VoiceID = s.cfg.Voices.Default().ID
	}
	if err := c.Validate(); err != nil {
		return err
	}
	if _, known := s.cfg.Voices.Get(c.VoiceID); !known {
		return badBody("voice_id", "There is no such voice; GET /api/tts/voices lists them.", c.VoiceID)
	}
	return nil
}

// shown is a character as clients see it: without the card that it came from, which is
// exported instead.
func shown(c persona.Character) *persona.Character {
	c.Card = nil
	return &c
}
