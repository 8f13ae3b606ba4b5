package ttstest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Server is a GPT-SoVITS server. Close ends its work.
type Server struct {
	cfg Config // defaults filled in; immutable after New

	// loop is held by whatever runs on the event loop. It is a channel so that waiting
	// for it is durable inside a synctest bubble.
	loop chan struct{}

	mu sync.Mutex
	// process is the life of the present process: over when the server restarts.
	process  context.Context
	kill     context.CancelFunc
	upSince  time.Time
	closed   bool
	pipeline pipeline
	active   []*run // those at work on the pipeline
	records  []*Record
	requests int
	overlaps int
	calls    []string
}

// pipeline is the state that all requests share without a lock.
type pipeline struct {
	gpt, sovits string
	ref         string
	refSoVITS   string // the weights that encoded ref
}

// New returns a running server.
func New(cfg Config) *Server {
	if cfg.Version == "" {
		cfg.Version = V2ProPlus
	}
	if cfg.Voice == nil {
		cfg.Voice = Tone
	}
	if cfg.PieceBytes == 0 {
		cfg.PieceBytes = defaultPieceBytes
	}
	if cfg.KeepRecords <= 0 {
		cfg.KeepRecords = defaultKeepRecords
	}
	s := &Server{cfg: cfg, loop: make(chan struct{}, 1)}
	s.process, s.kill = context.WithCancel(context.Background())
	return s
}

// Close ends all work; what is connected is cut off and every later request is reset.
func (s *Server) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.kill()
}

// restart is os.execl: all connections break at once, and the new process starts with
// nothing in its cache. The weights survive, since they were written to the
// configuration.
func (s *Server) restart() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kill()
	if s.closed {
		return
	}
	s.process, s.kill = context.WithCancel(context.Background())
	s.upSince = time.Now().Add(s.cfg.RestartDelay)
	s.pipeline.ref, s.pipeline.refSoVITS = "", ""
}

// exit is SIGTERM: nobody starts the process again.
func (s *Server) exit() { s.Close() }

// up returns the life of the present process, or false while there is none.
func (s *Server) up() (context.Context, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.process, !s.closed && !time.Now().Before(s.upSince)
}

// ServeHTTP answers as api_v2.py does.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	process, up := s.up()
	if !up {
		reset(w)
	}
	w.Header().Set("Server", "uvicorn")
	method := http.MethodGet
	switch r.URL.Path {
	case "/tts":
		if r.Method == http.MethodGet || r.Method == http.MethodPost {
			s.tts(process, w, r)
			return
		}
		method = "GET, POST"
	case "/control", "/set_refer_audio", "/set_gpt_weights", "/set_sovits_weights", "/openapi.json":
		if r.Method == http.MethodGet {
			s.other(process, w, r)
			return
		}
	default:
		s.onLoop(process, w, func() { writeJSON(w, http.StatusNotFound, map[string]any{"detail": "Not Found"}) })
		return
	}
	s.onLoop(process, w, func() {
		w.Header().Set("Allow", method)
		writeJSON(w, http.StatusMethodNotAllowed, map[string]any{"detail": "Method Not Allowed"})
	})
}

// onLoop runs f on the event loop, after everything that is on it. It resets the
// connection when the process ends first.
func (s *Server) onLoop(process context.Context, w http.ResponseWriter, f func()) {
	select {
	case s.loop <- struct{}{}:
	case <-process.Done():
		reset(w)
	}
	defer func() { <-s.loop }()
	f()
}

// sleep does work for d, which nothing ends but the end of the process.
func (s *Server) sleep(process context.Context, w http.ResponseWriter, d time.Duration) {
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-process.Done():
		}
	}
	if process.Err() != nil {
		reset(w)
	}
}

// other answers everything but /tts. All of it blocks the event loop.
func (s *Server) other(process context.Context, w http.ResponseWriter, r *http.Request) {
	s.onLoop(process, w, func() {
		s.note(func() { s.calls = keepLast(append(s.calls, r.URL.RequestURI()), s.cfg.KeepRecords) })
		q := r.URL.Query()
		switch r.URL.Path {
		case "/openapi.json":
			writeJSON(w, http.StatusOK, openAPI)
		case "/control":
			s.control(w, q.Has("command"), q.Get("command"))
		case "/set_refer_audio":
			path := q.Get("refer_audio_path")
			if err := s.checkReference(path); err != nil {
				writeFailure(w, "set refer audio failed", err)
				return
			}
			s.sleep(process, w, s.cfg.NewReferenceDelay)
			s.note(func() { s.pipeline.ref, s.pipeline.refSoVITS = path, s.pipeline.sovits })
			writeMessage(w, http.StatusOK, "success")
		case "/set_gpt_weights":
			s.setWeights(process, w, "gpt", q.Get("weights_path"), &s.pipeline.gpt)
		case "/set_sovits_weights":
			s.setWeights(process, w, "sovits", q.Get("weights_path"), &s.pipeline.sovits)
		}
	})
}

func (s *Server) control(w http.ResponseWriter, given bool, command string) {
	switch {
	case !given:
		writeMessage(w, http.StatusBadRequest, "command is required")
	case command == "restart":
		s.restart()
		reset(w)
	case command == "exit":
		s.exit()
		reset(w)
	default:
		writeJSON(w, http.StatusOK, nil)
	}
}

// setWeights swaps a model under whatever is at work. A reference that was encoded by
// the old SoVITS weights stays in the cache.
func (s *Server) setWeights(process context.Context, w http.ResponseWriter, kind, path string, loaded *string) {
	if path == "" {
		writeMessage(w, http.StatusBadRequest, kind+" weight path is required")
		return
	}
	if s.cfg.Weights != nil && !slices.Contains(s.cfg.Weights, path) {
		writeFailure(w, "change "+kind+" weight failed", fmt.Errorf("[Errno 2] No such file or directory: '%s'", path))
		return
	}
	s.sleep(process, w, s.cfg.WeightsDelay)
	s.note(func() { *loaded = path })
	writeMessage(w, http.StatusOK, "success")
}

// checkReference refuses a file that is not there or not 3 to 10 s long.
func (s *Server) checkReference(path string) error {
	length := defaultReference
	if s.cfg.References != nil {
		var ok bool
		if length, ok = s.cfg.References[path]; !ok {
			return fmt.Errorf("%s not exists", path)
		}
	}
	if length < 3*time.Second || length > 10*time.Second {
		return errors.New("参考音频在3~10秒范围外，请更换！")
	}
	return nil
}

// languages are the codes that the model's version knows.
func (v Version) languages() []string {
	known := []string{"auto", "en", "zh", "ja", "all_zh", "all_ja"}
	if v != V1 {
		known = append(known, "auto_yue", "yue", "ko", "all_yue", "all_ko")
	}
	return known
}

// check makes the checks that end in a 400 before any work, in api_v2.py's order. It
// compares languages in lower case; the pipeline behind it does not.
func (s *Server) check(p *Params) (message string, ok bool) {
	known := s.cfg.Version.languages()
	switch {
	case p.RefAudioPath == "":
		return "ref_audio_path is required", false
	case p.Text == "":
		return "text is required", false
	case p.TextLang == "":
		return "text_lang is required", false
	case !slices.Contains(known, strings.ToLower(p.TextLang)):
		return fmt.Sprintf("text_lang: %s is not supported in version %s", p.TextLang, s.cfg.Version), false
	case p.PromptLang == "":
		return "prompt_lang is required", false
	case !slices.Contains(known, strings.ToLower(p.PromptLang)):
		return fmt.Sprintf("prompt_lang: %s is not supported in version %s", p.PromptLang, s.cfg.Version), false
	case !slices.Contains([]string{"wav", "raw", "ogg", "aac"}, p.MediaType):
		return fmt.Sprintf("media_type: %s is not supported", p.MediaType), false
	case !slices.Contains(splitMethods, p.TextSplitMethod):
		return fmt.Sprintf("text_split_method:%s is not supported", p.TextSplitMethod), false
	case p.StreamingMode < 0 || p.StreamingMode > 3:
		return "the value of streaming_mode must be 0, 1, 2, 3(int) or true/false(bool)", false
	}
	return "", true
}

// openAPI is enough of FastAPI's own description to be told from anything else.
var openAPI = map[string]any{
	"openapi": "3.1.0",
	"info":    map[string]any{"title": "FastAPI", "version": "0.1.0"},
	"paths": map[string]any{
		"/control": map[string]any{}, "/tts": map[string]any{}, "/set_refer_audio": map[string]any{},
		"/set_gpt_weights": map[string]any{}, "/set_sovits_weights": map[string]any{},
	},
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		panic(err) // the bodies are all ours, of types that always can be
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	_, _ = w.Write(b)
}

func writeMessage(w http.ResponseWriter, status int, message string) {
	writeJSON(w, status, map[string]any{"message": message})
}

func writeFailure(w http.ResponseWriter, message string, err error) {
	writeJSON(w, http.StatusBadRequest, map[string]any{"message": message, "Exception": err.Error()})
}

// reset ends the connection without another byte, so that the client sees a reset, and
// does not return.
func reset(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		if c, ok := conn.(interface{ SetLinger(int) error }); ok {
			_ = c.SetLinger(0)
		}
		_ = conn.Close()
	}
	panic(http.ErrAbortHandler)
}

// breakOff ends the connection without the stream's last chunk, behind what was sent,
// and does not return.
func breakOff() { panic(http.ErrAbortHandler) }
