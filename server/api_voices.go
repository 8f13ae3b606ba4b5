package server

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// voiceInfo is a voice as its listener may know it, without the synthesiser's paths.
type voiceInfo struct {
	ID          string `json:"id" example:"default"`
	Name        string `json:"name" example:"기본 음성"`
	Language    string `json:"language" example:"ko"`
	Description string `json:"description" example:"기본 한국어 음성"`
}

type voiceList struct {
	Voices    []voiceInfo `json:"voices"`
	DefaultID string      `json:"default_voice_id" example:"default"`
}

func (s *Server) voiceRoutes(api huma.API) {
	handle(api, operation("listVoices", http.MethodGet, "/api/tts/voices", tagSpeech, "The voices that can be chosen",
		"They stand in the file that `VOICES_FILE` names, which is read again when it changes."), s.voices)
}

func (s *Server) voices(context.Context, *struct{}) (*answer[voiceList], error) {
	list := voiceList{Voices: []voiceInfo{}, DefaultID: s.cfg.Voices.Default().ID}
	for _, v := range s.cfg.Voices.List() {
		list.Voices = append(list.Voices, voiceInfo{v.ID, v.Name, v.Language, v.Description})
	}
	return ok(list), nil
}
