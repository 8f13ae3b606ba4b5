package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"avatarforge/avatar"
	"avatarforge/store"
)

// errForeignFigure says that a job, or its model, is another user's.
var errForeignFigure = newProblem(http.StatusForbidden, codeForbidden, "This figure is somebody else's; only its owner can see it.")

// errNoFigure says that there is no such job.
var errNoFigure = newProblem(http.StatusNotFound, codeNotFound, "There is no such job, or it has been cleared away.")

type (
	newFigure struct {
		ContentType string `header:"Content-Type" hidden:"true"`
		RawBody     []byte
	}
	startedFigure struct {
		JobID         string `json:"job_id" example:"550e8400-e29b-41d4-a716-446655440000"`
		StatusURL     string `json:"status_url" example:"/api/generate/status/550e8400-e29b-41d4-a716-446655440000" doc:"Where the job's status is, on this server."`
		EstimatedTime int    `json:"estimated_time" example:"300" doc:"How long the figure will take, in seconds, as far as earlier ones tell."`
	}
	acceptedFigure struct {
		Status   int
		Location string `header:"Location" doc:"status_url"`
		Body     envelope[startedFigure]
	}
	figureID struct {
		ID string `path:"job_id" maxLength:"64" example:"550e8400-e29b-41d4-a716-446655440000" doc:"The job's id."`
	}
	// figureStatus is a job as clients see it.
	figureStatus struct {
		JobID       string             `json:"job_id" example:"550e8400-e29b-41d4-a716-446655440000"`
		Status      store.FigureStatus `json:"status" enum:"pending,processing,completed,failed,cancelled" example:"processing"`
		Progress    int                `json:"progress" minimum:"0" maximum:"100" example:"45" doc:"In percent; it never goes back."`
		CurrentStep string             `json:"current_step" example:"3D 메쉬 생성 중..." doc:"What is being done, in Korean."`
		ResultURL   *string            `json:"result_url" nullable:"true" doc:"The model, a binary glTF, on this server; null until the job is completed."`
		Error       *string            `json:"error" nullable:"true" doc:"What failed, in Korean; null where nothing has."`
	}
)

const (
	statusPath = "/api/generate/status/"
	// maxOptions is how long the options may be, in bytes.
	maxOptions = 16 << 10
)

func (s *Server) figureRoutes(api huma.API) {
	if s.cfg.Figures == nil {
		return
	}
	in := operation("generateFigure", http.MethodPost, "/api/generate", tagFigures, "Make a 3D figure of a picture",
		"The picture is a PNG or JPEG by its content, up to 20 MiB and 40 million pixels; EXIF orientation is heeded. "+
			"The answer comes at once, the figure later: ask `status_url`, or listen to `/api/generate/events/{job_id}`.",
		"`options` is a JSON object, all of whose members may be left out: `triangles` (500 to 200,000; 40,000), `style` (draw the "+
			"picture anew first; true where a server for that is configured), `texture` (ask a Hunyuan3D-2 server for colours; false), `seed`, "+
			"`character_id` (a character of the caller's whose `model_url` is set when the figure is done).")
	in.DefaultStatus = http.StatusAccepted
	in.MaxBodyBytes = avatar.MaxPictureBytes + maxFormBytes + 1
	in.SkipValidateBody = true // a form, whose parts are looked at here
	in.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"multipart/form-data": {Schema: &huma.Schema{
			Type: huma.TypeObject, Required: []string{"image"}, Properties: map[string]*huma.Schema{
				"image":   {Type: huma.TypeString, Format: "binary", Description: "The picture."},
				"options": {Type: huma.TypeString, Description: "A JSON object.", Examples: []any{`{"triangles": 20000}`}},
			},
		}},
	}}
	in.Errors = []int{
		http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusRequestEntityTooLarge,
		http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity, http.StatusServiceUnavailable,
	}
	handle(api, s.limited(s.owned(in)), s.generateFigure)

	status := operation("getFigure", http.MethodGet, statusPath+"{job_id}", tagFigures, "How far a figure is",
		"A user's jobs are that user's alone; those of anonymous are everybody's. A job is known for 30 days after it is completed, and for a day after "+
			"it has failed or was cancelled; a model that a character shows is kept.")
	status.Errors = []int{http.StatusForbidden, http.StatusNotFound}
	handle(api, s.owned(status), s.getFigure)

	cancel := operation("cancelFigure", http.MethodDelete, "/api/generate/{job_id}", tagFigures, "Cancel a figure",
		"One that is completed or failed cannot be cancelled: 409. Cancelling twice does no harm.")
	cancel.Errors = []int{http.StatusForbidden, http.StatusNotFound, http.StatusConflict}
	handle(api, s.owned(cancel), s.cancelFigure)
	s.figureEventRoutes(api)
	s.modelFileRoutes(api)
}

func (s *Server) generateFigure(ctx context.Context, in *newFigure) (*acceptedFigure, error) {
	form, err := readFigureForm(in.ContentType, in.RawBody)
	if err != nil {
		return nil, err
	}
	options, err := avatar.ParseOptions(form.options)
	if err != nil {
		return nil, err
	}
	owner := ownerOf(ctx)
	if options.CharacterID != "" {
		if _, err := s.cfg.Characters.own(ctx, owner, options.CharacterID); err != nil {
			return nil, err
		}
	}
	if options.Style != nil && *options.Style && !s.cfg.Figures.Styled() {
		return nil, newProblem(http.StatusServiceUnavailable, codeNotConfigured,
			"No server that draws pictures anew is configured: leave the option style out, or set STYLE_BASE_URL.")
	}
	f, estimate, err := s.cfg.Figures.Order(ctx, owner, form.image, options)
	if errors.Is(err, store.ErrNotFound) {
		return nil, errOwnerGone
	}
	if err != nil {
		return nil, err
	}
	started := startedFigure{JobID: f.ID, StatusURL: statusPath + f.ID, EstimatedTime: int(estimate.Seconds())}
	return &acceptedFigure{
		Status: http.StatusAccepted, Location: started.StatusURL, Body: envelope[startedFigure]{Success: true, Data: started},
	}, nil
}

// figureForm is what POST /api/generate is sent.
type figureForm struct {
	image   []byte
	options string
}

// readFigureForm reads the form's two fields; what else is in it is left alone.
func readFigureForm(contentType string, body []byte) (figureForm, error) {
	var f figureForm
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
		return f, newProblem(http.StatusBadRequest, codeInvalidRequest, "Send a form, as multipart/form-data, with the picture in its field image.")
	}
	unreadable := newProblem(http.StatusBadRequest, codeInvalidRequest, "The form cannot be read.")
	form := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	given := false
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return f, unreadable
		}
		switch part.FormName() {
		case "image":
			given = true
			if f.image, err = io.ReadAll(part); err != nil { // of a body whose size is bounded
				return f, unreadable
			}
			if len(f.image) > avatar.MaxPictureBytes {
				return f, newProblem(http.StatusRequestEntityTooLarge, codeTooLarge, "A picture may have 20 MiB at most.")
			}
		case "options":
			text, err := io.ReadAll(io.LimitReader(part, maxOptions+1))
			if err != nil {
				return f, unreadable
			}
			if len(text) > maxOptions {
				return f, badBody("options", "It may have 16 KiB at most.", "")
			}
			f.options = string(text)
		}
	}
	if !given {
		return f, badBody("image", "It is required: the picture, as a file.", "")
	}
	return f, nil
}

// figureProblem is what is wrong with a picture or its options; nil for other errors.
func figureProblem(err error) *problem {
	var (
		picture *avatar.PictureError
		option  *avatar.OptionError
	)
	switch {
	case errors.Is(err, avatar.ErrNotPicture):
		return newProblem(http.StatusUnsupportedMediaType, codeMediaType, "A picture is a PNG or JPEG by its content, whatever its name says; this is neither.")
	case errors.As(err, &picture):
		return badBody("image", sentence(picture.Problem), "")
	case errors.As(err, &option):
		field := "options"
		if option.Name != "" {
			field += "." + option.Name
		}
		return badBody(field, option.Message, "")
	}
	return nil
}

// sentence makes a sentence of words without its marks.
func sentence(words string) string { return string(bytes.ToUpper([]byte(words[:1]))) + words[1:] + "." }

func (s *Server) getFigure(ctx context.Context, in *figureID) (*answer[figureStatus], error) {
	f, err := s.figureOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return ok(shownFigure(f)), nil
}

// figureOf is a job that whoever asks may see.
func (s *Server) figureOf(ctx context.Context, id string) (store.Figure, error) {
	f, err := s.cfg.Figures.Figure(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return f, errNoFigure
	}
	if err != nil {
		return f, err
	}
	return f, mayHave(ctx, f.Owner, errForeignFigure)
}

func (s *Server) cancelFigure(ctx context.Context, in *figureID) (*answer[figureStatus], error) {
	f, err := s.figureOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	cancelled, err := s.cfg.Figures.Cancel(ctx, f.ID)
	if err == nil {
		return ok(shownFigure(cancelled)), nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	if f, err = s.figureOf(ctx, in.ID); err != nil { // it ended meanwhile, or before
		return nil, err
	}
	if f.Status == store.FigureCancelled {
		return ok(shownFigure(f)), nil
	}
	return nil, newProblem(http.StatusConflict, codeConflict, "The job has ended already; there is nothing to cancel.")
}

func shownFigure(f store.Figure) figureStatus {
	shown := figureStatus{JobID: f.ID, Status: f.Status, Progress: f.Progress, CurrentStep: f.Step}
	if f.Status == store.FigureCompleted {
		url := avatar.ModelURL(f)
		shown.ResultURL = &url
	}
	if f.Failure != "" {
		shown.Error = &f.Failure
	}
	return shown
}
