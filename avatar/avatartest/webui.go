package avatartest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// WebUIConfig is how a WebUI behaves. The zero value draws at once.
type WebUIConfig struct {
	// Work is how long a picture takes.
	Work time.Duration
	// NoAPI is a server that was started without --api: it knows none of the addresses.
	NoAPI bool
	// Fails is how many of the first pictures fail, with 500.
	Fails int
	// Empty answers a list of no pictures.
	Empty bool
}

// WebUI is a Stable Diffusion WebUI: img2img answers when it is done, one picture after the other; sides that are no
// multiple of 8 and pictures that cannot be read are errors. What it draws is the picture with its colours inverted, of the
// size that was asked for.
type WebUI struct {
	*httptest.Server
	cfg     WebUIConfig
	drawing sync.Mutex // one GPU

	mu       sync.Mutex
	fails    int
	begun    time.Time // of what is being drawn; zero: nothing is
	requests []map[string]any
}

// NewWebUI starts a server; the caller closes it.
func NewWebUI(cfg WebUIConfig) *WebUI {
	u := &WebUI{cfg: cfg, fails: cfg.Fails}
	mux := http.NewServeMux()
	if !cfg.NoAPI {
		mux.HandleFunc("POST /sdapi/v1/img2img", u.img2img)
		mux.HandleFunc("GET /sdapi/v1/progress", u.progress)
	}
	u.Server = httptest.NewServer(mux)
	return u
}

// Requests is what came to img2img, in order.
func (u *WebUI) Requests() []map[string]any {
	u.mu.Lock()
	defer u.mu.Unlock()
	return append([]map[string]any(nil), u.requests...)
}

func (u *WebUI) img2img(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var all map[string]any
	var asked struct {
		InitImages    []string `json:"init_images"`
		Width, Height int
	}
	if err != nil || json.Unmarshal(body, &all) != nil || json.Unmarshal(body, &asked) != nil {
		answer(w, http.StatusUnprocessableEntity, map[string]any{"detail": []any{map[string]any{"msg": "value is not a valid dict"}}})
		return
	}
	u.drawing.Lock()
	defer u.drawing.Unlock()
	u.mu.Lock()
	u.requests = append(u.requests, all)
	u.begun = time.Now()
	fails := u.fails > 0
	u.fails--
	u.mu.Unlock()
	select {
	case <-time.After(u.cfg.Work):
	case <-r.Context().Done():
	}
	u.mu.Lock()
	u.begun = time.Time{}
	u.mu.Unlock()
	switch {
	case fails:
		answer(w, http.StatusInternalServerError, map[string]any{"error": "OutOfMemoryError", "detail": "", "body": "", "errors": "CUDA out of memory"})
		return
	case len(asked.InitImages) == 0:
		answer(w, http.StatusNotFound, map[string]any{"detail": "Init image not found"})
		return
	case u.cfg.Empty:
		answer(w, http.StatusOK, map[string]any{"images": []string{}})
		return
	}
	drawn, err := invert(asked.InitImages[0], asked.Width, asked.Height)
	if err != nil {
		answer(w, http.StatusInternalServerError, map[string]any{"error": "HTTPException", "detail": "Invalid encoded image"})
		return
	}
	answer(w, http.StatusOK, map[string]any{"images": []string{drawn}, "parameters": map[string]any{}, "info": "{}"})
}

func invert(data string, w, h int) (string, error) {
	file, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		return "", err
	}
	in, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		return "", err
	}
	if w%8 != 0 || h%8 != 0 || w <= 0 || h <= 0 {
		return "", image.ErrFormat
	}
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	b := in.Bounds()
	for y := range h {
		for x := range w {
			c, _ := color.NRGBAModel.Convert(in.At(b.Min.X+x*b.Dx()/w, b.Min.Y+y*b.Dy()/h)).(color.NRGBA)
			out.SetNRGBA(x, y, color.NRGBA{255 - c.R, 255 - c.G, 255 - c.B, 255}) // transparency is lost
		}
	}
	var buf bytes.Buffer
	err = png.Encode(&buf, out)
	return base64.StdEncoding.EncodeToString(buf.Bytes()), err
}

func (u *WebUI) progress(w http.ResponseWriter, _ *http.Request) {
	u.mu.Lock()
	defer u.mu.Unlock()
	done := 0.0
	if !u.begun.IsZero() && u.cfg.Work > 0 {
		done = min(float64(time.Since(u.begun))/float64(u.cfg.Work), 0.99)
	}
	answer(w, http.StatusOK, map[string]any{"progress": done, "eta_relative": 0.0, "state": map[string]any{"job_count": 1}, "current_image": nil})
}
