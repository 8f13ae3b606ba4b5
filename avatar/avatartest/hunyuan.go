package avatartest

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"
)

// HunyuanConfig is how a Hunyuan behaves. The zero value finishes every job at once.
type HunyuanConfig struct {
	// Work is how long a job takes.
	Work time.Duration
	// Fails makes every job fail, of which the server says nothing: it is "processing" for ever.
	Fails bool
	// NoTexture is a server that was started without --enable_tex: jobs that ask for a texture fail.
	NoTexture bool
	// CutOff is how many times the answer "completed" comes with a file that is still being written.
	CutOff int
	// Down makes the first that many requests fail with 502, as a proxy in front of a server that starts does.
	Down int
	// Says21 makes a job that fails say so, with status 500, as release 2.1 does.
	Says21 bool
	// Model is what it answers; nil means a small one.
	Model []byte
}

// Hunyuan is api_server.py of Tencent/Hunyuan3D-2: /send takes any number of jobs at once and anything for parameters;
// /status knows only "processing" and "completed", also for jobs that failed and ids it never gave; /generate keeps
// everything else waiting while it works; every error of it is a 404 about high traffic.
type Hunyuan struct {
	*httptest.Server
	cfg HunyuanConfig

	loop sync.Mutex // the one event loop: held by /generate

	mu       sync.Mutex
	down     int
	cutOff   int
	jobs     map[string]job
	requests []map[string]any
	most     int
}

type job struct {
	begun time.Time
	fails bool
}

// NewHunyuan starts a server; the caller closes it.
func NewHunyuan(cfg HunyuanConfig) *Hunyuan {
	h := &Hunyuan{cfg: cfg, down: cfg.Down, cutOff: cfg.CutOff, jobs: map[string]job{}}
	if h.cfg.Model == nil {
		h.cfg.Model = Triangle()
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /send", h.send)
	mux.HandleFunc("GET /status/{uid}", h.status)
	mux.HandleFunc("POST /generate", h.generate)
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		down := h.down > 0
		h.down--
		h.mu.Unlock()
		if down {
			http.Error(w, "<html>502 Bad Gateway</html>", http.StatusBadGateway)
			return
		}
		if r.URL.Path != "/generate" {
			h.loop.Lock()
			defer h.loop.Unlock()
		}
		mux.ServeHTTP(w, r)
	}))
	return h
}

// Requests is what came to /send and /generate, in order.
func (h *Hunyuan) Requests() []map[string]any {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]map[string]any(nil), h.requests...)
}

// Most is how many jobs were under way at once: over 1, they collided.
func (h *Hunyuan) Most() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.most
}

func (h *Hunyuan) begin(r *http.Request) (uid string, fails, ok bool) {
	body, err := io.ReadAll(r.Body)
	var params map[string]any
	if err != nil || json.Unmarshal(body, &params) != nil {
		return "", false, false
	}
	image, _ := params["image"].(string)
	_, bad := base64.StdEncoding.DecodeString(image)
	textured, _ := params["texture"].(bool)
	h.mu.Lock()
	defer h.mu.Unlock()
	uid = strings.ToLower(rand.Text())
	fails = h.cfg.Fails || image == "" || bad != nil || textured && h.cfg.NoTexture
	h.jobs[uid] = job{time.Now(), fails}
	h.requests = append(h.requests, params)
	running := 0
	for _, j := range h.jobs {
		if !j.fails && time.Since(j.begun) < h.cfg.Work {
			running++
		}
	}
	h.most = max(h.most, running)
	return uid, fails, true
}

func (h *Hunyuan) send(w http.ResponseWriter, r *http.Request) {
	uid, _, ok := h.begin(r)
	if !ok {
		http.Error(w, "Internal Server Error", http.StatusInternalServerError)
		return
	}
	answer(w, http.StatusOK, map[string]string{"uid": uid})
}

func (h *Hunyuan) status(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	j, known := h.jobs[r.PathValue("uid")]
	done := known && !j.fails && time.Since(j.begun) >= h.cfg.Work
	model := h.cfg.Model
	if done && h.cutOff > 0 {
		h.cutOff--
		model = model[:len(model)*2/3]
	}
	h.mu.Unlock()
	switch {
	case known && j.fails && h.cfg.Says21:
		answer(w, http.StatusInternalServerError, map[string]string{"status": "error", "message": "CUDA out of memory"})
	case !done:
		answer(w, http.StatusOK, map[string]string{"status": "processing"})
	default:
		answer(w, http.StatusOK, map[string]string{"status": "completed", "model_base64": base64.StdEncoding.EncodeToString(model)})
	}
}

func (h *Hunyuan) generate(w http.ResponseWriter, r *http.Request) {
	h.loop.Lock()
	defer h.loop.Unlock()
	_, fails, ok := h.begin(r)
	if !ok {
		http.Error(w, "Internal Server Error", http.StatusInternalServerError)
		return
	}
	select {
	case <-time.After(h.cfg.Work):
	case <-r.Context().Done():
		return
	}
	if fails {
		answer(w, http.StatusNotFound, map[string]any{"text": "**NETWORK ERROR DUE TO HIGH TRAFFIC. PLEASE REGENERATE OR REFRESH THIS PAGE.**", "error_code": 1})
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8") // the host's table knows no better
	_, _ = w.Write(h.cfg.Model)
}

func answer(w http.ResponseWriter, status int, body any) {
	data, err := json.Marshal(body)
	if err != nil {
		panic(err) // of this package's own
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(data) // to a client that may be gone
}
