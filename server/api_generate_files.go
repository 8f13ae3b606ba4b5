package server

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// modelType is a binary glTF's media type, see https://www.iana.org/assignments/media-types/model/gltf-binary.
const modelType = "model/gltf-binary"

// modelFile names the file of a model.
type modelFile struct {
	Owner string `path:"user_id" maxLength:"128" example:"anonymous" doc:"Whose it is."`
	File  string `path:"file" maxLength:"128" example:"550e8400-e29b-41d4-a716-446655440000.glb" doc:"The job's id, with .glb."`
}

func (s *Server) modelFileRoutes(api huma.API) {
	const path = "/mnt/user_assets/{user_id}/models/{file}"
	content := map[string]*huma.MediaType{modelType: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}
	op := operation("getModelFile", http.MethodGet, path, tagFigures, "A figure's model, a binary glTF",
		"A user's files are that user's alone; those of anonymous are everybody's. Ranges, If-None-Match and HEAD are understood.")
	op.Responses = fileResponses(content)
	op.Errors = []int{http.StatusForbidden, http.StatusNotFound}
	handle(api, s.owned(op), s.modelFile)
	head := s.owned(operation("headModelFile", http.MethodHead, path, tagFigures, "A model's size"))
	head.Hidden = true
	handle(api, head, s.modelFile)
}

func (s *Server) modelFile(ctx context.Context, in *modelFile) (*huma.StreamResponse, error) {
	if err := mayHave(ctx, in.Owner, errForeignFigure); err != nil {
		return nil, err
	}
	blob, err := s.cfg.Figures.OpenModel(ctx, in.Owner, in.File)
	return s.fileAnswer(blob, err, modelType)
}
