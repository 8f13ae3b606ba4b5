package server

import (
	"context"
	"errors"
	"math"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"avatarforge/session"
	"avatarforge/speech"
	"avatarforge/store"
)

// errForeignFile says that a file's path names somebody else. It is said of every path that
// does, whether or not there is such a file.
var errForeignFile = newProblem(http.StatusForbidden, codeForbidden, "These files are somebody else's; only their owner can hear them.")

// audioFile names a speech file.
type audioFile struct {
	Owner string `path:"user_id" maxLength:"128" example:"anonymous" doc:"Whose it is."`
	File  string `path:"file" maxLength:"128" example:"abc123.wav" doc:"The file's id and its format, as in abc123.wav."`
}

// pendingFile is what is said of a file that is promised and not made yet.
type pendingFile struct {
	Status     string `json:"status" enum:"pending" example:"pending"`
	RetryAfter int    `json:"retry_after" example:"2" doc:"When to ask again, in seconds from now."`
}

func (s *Server) audioRoutes(api huma.API) {
	const path = "/mnt/user_assets/{user_id}/audio/{file}"
	content := audioContent(speech.WAV, speech.Ogg, speech.AAC, speech.Raw)
	op := operation("getSpeechFile", http.MethodGet, path, tagSpeech, "A speech file")
	op.Description = "A user's files are that user's alone; those of anonymous are everybody's. Ranges, If-None-Match and HEAD are understood."
	op.Responses = fileResponses(content)
	op.Responses["202"] = &huma.Response{
		Description: "The file is promised, and not made yet; Retry-After says when to ask again",
		Content: map[string]*huma.MediaType{"application/json": {
			Schema: api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[envelope[pendingFile]](), true, "PendingFile"),
		}},
	}
	op.Errors = []int{http.StatusForbidden, http.StatusNotFound, http.StatusBadGateway}
	handle(api, s.owned(op), s.audioFile)
	head := s.owned(operation("headSpeechFile", http.MethodHead, path, tagSpeech, "A speech file's size and kind"))
	head.Hidden = true
	handle(api, head, s.audioFile)
}

func (s *Server) audioFile(ctx context.Context, in *audioFile) (*huma.StreamResponse, error) {
	if err := mayHave(ctx, in.Owner, errForeignFile); err != nil {
		return nil, err
	}
	blob, format, err := s.cfg.Speech.Open(ctx, in.Owner, in.File)
	var pending *speech.NotYetError
	if errors.As(err, &pending) {
		return &huma.StreamResponse{Body: func(c huma.Context) { notYet(humagin.Unwrap(c), pending.RetryAfter) }}, nil
	}
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		defer blob.Close()
		g := humagin.Unwrap(c)
		g.Header(policyHeader, audioPolicy)
		s.giveOut(g, blob, format.ContentType())
	}}, nil
}

// mayHave says whether whoever asks may have what is owner's: their own, and what is anonymous'. foreign is the problem
// of another user's.
func mayHave(ctx context.Context, owner string, foreign *problem) error {
	switch caller := ownerOf(ctx); {
	case owner == session.Anonymous || owner == caller:
		return nil
	case caller == session.Anonymous:
		return errUnauthenticated
	}
	return foreign
}

// fileResponses are how a file of that content is given out, see giveOut.
func fileResponses(content map[string]*huma.MediaType) map[string]*huma.Response {
	return map[string]*huma.Response{
		"200": {Description: "The file", Content: content},
		"206": {Description: "The part that Range asks for", Content: content},
		"304": {Description: "The file is as If-None-Match says"},
		"416": {Description: "The file has no such part"},
	}
}

var errNoSuchFile = newProblem(http.StatusNotFound, codeNotFound, "There is no such file.")

// fileAnswer gives out a file that was opened, or says why it could not be.
func (s *Server) fileAnswer(blob *store.Blob, err error, contentType string) (*huma.StreamResponse, error) {
	if errors.Is(err, store.ErrNotFound) {
		return nil, errNoSuchFile
	}
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		defer blob.Close()
		s.giveOut(humagin.Unwrap(c), blob, contentType)
	}}, nil
}

// giveOut answers with a file that somebody owns, or with the part that is asked for.
func (s *Server) giveOut(c *gin.Context, blob *store.Blob, contentType string) {
	c.Header("Content-Type", contentType)
	c.Header("ETag", blob.ETag)
	// Asked again each time, since whoever logs in next at this browser may not have it.
	c.Header("Cache-Control", "private, no-cache")
	w := &rangeWriter{ResponseWriter: c.Writer}
	http.ServeContent(w, c.Request, "", blob.Modified, blob)
	if w.refused {
		s.fail(c, errNoSuchRange)
	}
}

var errNoSuchRange = newProblem(http.StatusRequestedRangeNotSatisfiable, codeInvalidRequest,
	"The file has no such part; Content-Range says how many bytes it has.")

// rangeWriter keeps back what net/http says in its own words of a range that a file does
// not have, but not the headers.
type rangeWriter struct {
	gin.ResponseWriter
	refused bool
}

func (w *rangeWriter) WriteHeader(status int) {
	if w.refused = status == http.StatusRequestedRangeNotSatisfiable; !w.refused {
		w.ResponseWriter.WriteHeader(status)
	}
}

func (w *rangeWriter) Write(p []byte) (int, error) {
	if w.refused {
		return len(p), nil
	}
	return w.ResponseWriter.Write(p)
}

// audioPolicy lets a browser play a file that is opened by itself.
const audioPolicy = "default-src 'none'; media-src 'self'; frame-ancestors 'none'"

func notYet(c *gin.Context, wait time.Duration) {
	seconds := int(math.Ceil(wait.Seconds()))
	c.Header("Retry-After", strconv.Itoa(seconds))
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusAccepted, envelope[pendingFile]{Success: true, Data: pendingFile{Status: "pending", RetryAfter: seconds}})
}
