package server

import (
	"context"
	"net/http"
	"path"

	"github.com/danielgtaylor/huma/v2"

	"avatarforge/avatar"
)

// errForeignPortrait says that a picture is another user's.
var errForeignPortrait = newProblem(http.StatusForbidden, codeForbidden, "This picture is somebody else's; only its owner can see it.")

type (
	newPortrait struct {
		ContentType string `header:"Content-Type" hidden:"true"`
		RawBody     []byte
	}
	keptPortrait struct {
		ImageURL string `json:"image_url" example:"/mnt/user_assets/anonymous/images/550e8400-e29b-41d4-a716-446655440000.jpg" doc:"Where the picture is on this server: what a character's image_url is to be."`
	}
	// portraitFile names the file of a character's picture.
	portraitFile struct {
		Owner string `path:"user_id" maxLength:"128" example:"anonymous" doc:"Whose it is."`
		File  string `path:"file" maxLength:"128" example:"550e8400-e29b-41d4-a716-446655440000.jpg" doc:"The last part of image_url."`
	}
)

func (s *Server) portraitRoutes(api huma.API) {
	if s.cfg.Figures == nil {
		return
	}
	in := operation("keepPortrait", http.MethodPost, "/api/pictures", tagCharacters, "Keep a picture for a character",
		"The picture is a PNG or JPEG by its content, up to 20 MiB and 40 million pixels; EXIF orientation is heeded. Of it a new file is kept, upright, at "+
			"most 1,024 pixels long and without EXIF data. Give the `image_url` of the answer to a character: a picture that no "+
			"character of the caller's shows is deleted after seven days.")
	in.MaxBodyBytes = avatar.MaxPictureBytes + maxFormBytes + 1
	in.SkipValidateBody = true // a form, whose parts are looked at here
	in.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"multipart/form-data": {Schema: &huma.Schema{
			Type: huma.TypeObject, Required: []string{"image"}, Properties: map[string]*huma.Schema{
				"image": {Type: huma.TypeString, Format: "binary", Description: "The picture."},
			},
		}},
	}}
	in.Errors = []int{
		http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity,
	}
	handle(api, s.limited(s.owned(in)), s.keepPortrait)

	const file = "/mnt/user_assets/{user_id}/images/{file}"
	binary := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	content := map[string]*huma.MediaType{"image/jpeg": binary, "image/png": binary}
	out := operation("getPortraitFile", http.MethodGet, file, tagCharacters, "A character's picture, as POST /api/pictures has kept it",
		"A user's files are that user's alone; those of anonymous are everybody's. Ranges, If-None-Match and HEAD are understood.")
	out.Responses = fileResponses(content)
	out.Errors = []int{http.StatusForbidden, http.StatusNotFound}
	handle(api, s.owned(out), s.portraitFile)
	head := s.owned(operation("headPortraitFile", http.MethodHead, file, tagCharacters, "A picture's size and kind"))
	head.Hidden = true
	handle(api, head, s.portraitFile)
}

func (s *Server) keepPortrait(ctx context.Context, in *newPortrait) (*answer[keptPortrait], error) {
	form, err := readFigureForm(in.ContentType, in.RawBody)
	if err != nil {
		return nil, err
	}
	url, err := s.cfg.Figures.KeepPortrait(ctx, ownerOf(ctx), form.image)
	if err != nil {
		return nil, err
	}
	return ok(keptPortrait{url}), nil
}

func (s *Server) portraitFile(ctx context.Context, in *portraitFile) (*huma.StreamResponse, error) {
	if err := mayHave(ctx, in.Owner, errForeignPortrait); err != nil {
		return nil, err
	}
	contentType, known := map[string]string{".jpg": "image/jpeg", ".png": "image/png"}[path.Ext(in.File)]
	if !known {
		return nil, errNoSuchFile
	}
	blob, err := s.cfg.Figures.OpenPortrait(ctx, in.Owner, in.File)
	return s.fileAnswer(blob, err, contentType)
}
