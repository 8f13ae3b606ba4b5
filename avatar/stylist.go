package avatar

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"net/http"
	"sync"
	"time"
)

// StylistConfig is where a Stable Diffusion WebUI is, started with --api. The zero value of all but BaseURL works.
type StylistConfig struct {
	BaseURL string
	Prompt  string // empty means a figure in front of a plain background
	// Strength is by how much the picture changes, over 0 to 1; zero means 0.4.
	Strength float64
	// Poll is how often it is asked for its progress; zero means 1 s.
	Poll time.Duration
}

// Stylist draws pictures anew, by the img2img of a Stable Diffusion WebUI.
type Stylist struct {
	cfg    StylistConfig
	server upstream
}

const (
	defaultPrompt   = "full character, figurine style, clean outline, soft even light, plain white background"
	negativePrompt  = "busy background, cropped, text, watermark, blurry, extra limbs"
	defaultStrength = 0.4
	// styleSide is the longer side that the picture is drawn with: common models know no larger.
	styleSide = 768
	// styleStep is what its sides are a multiple of.
	styleStep = 8
	// styleTimeout is for one picture, of which the answer comes at the end.
	styleTimeout = 5 * time.Minute
)

// NewStylist makes the client of a server.
func NewStylist(cfg StylistConfig) *Stylist {
	if cfg.Prompt == "" {
		cfg.Prompt = defaultPrompt
	}
	if cfg.Strength <= 0 {
		cfg.Strength = defaultStrength
	}
	if cfg.Poll <= 0 {
		cfg.Poll = time.Second
	}
	s := &Stylist{cfg, newUpstream(cfg.BaseURL)}
	s.server.client.Timeout = styleTimeout
	return s
}

type (
	img2img struct {
		InitImages     []string `json:"init_images"` // base64
		Prompt         string   `json:"prompt"`
		NegativePrompt string   `json:"negative_prompt"`
		Strength       float64  `json:"denoising_strength"`
		Width          int      `json:"width"`
		Height         int      `json:"height"`
		Steps          int      `json:"steps"`
		Seed           int64    `json:"seed"` // -1: any
	}
	styleProgress struct {
		Progress *float64 `json:"progress"` // 0 to 1
	}
)

// Restyle draws a picture, a PNG, anew. report is as for Maker.Make.
func (s *Stylist) Restyle(ctx context.Context, picture []byte, seed int64, report func(float64)) ([]byte, error) {
	img, err := readWork(picture)
	if err != nil {
		return nil, err
	}
	w, h := fit(img.Rect.Dx(), img.Rect.Dy(), styleSide)
	if seed == 0 {
		seed = -1
	}
	job := img2img{
		InitImages: []string{base64.StdEncoding.EncodeToString(picture)},
		Prompt:     s.cfg.Prompt, NegativePrompt: negativePrompt, Strength: s.cfg.Strength,
		Width: max(w/styleStep, 8) * styleStep, Height: max(h/styleStep, 8) * styleStep, Steps: 24, Seed: seed,
	}
	stop := s.follow(ctx, report)
	var drawn struct {
		Images []string `json:"images"`
	}
	err = s.server.ask(ctx, http.MethodPost, "/sdapi/v1/img2img", job, &drawn)
	stop()
	if err != nil {
		return nil, s.failed(err)
	}
	if len(drawn.Images) == 0 {
		return nil, s.failed(errors.New("the answer has no picture"))
	}
	data, err := base64.StdEncoding.DecodeString(drawn.Images[0])
	if err != nil {
		return nil, s.failed(fmt.Errorf("read the picture: %w", err))
	}
	var redrawn *image.NRGBA
	if redrawn, err = Picture(ctx, data); err != nil {
		return nil, s.failed(fmt.Errorf("read the picture: %w", err))
	}
	return writeWork(redrawn)
}

// follow reports the server's progress until stop is called.
func (s *Stylist) follow(ctx context.Context, report func(float64)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var following sync.WaitGroup
	following.Go(func() {
		tick := time.NewTicker(s.cfg.Poll)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
			var is styleProgress
			// It is a courtesy: whether the picture fails is said elsewhere.
			if s.server.ask(ctx, http.MethodGet, progressPath, nil, &is) == nil && is.Progress != nil {
				report(*is.Progress)
			}
		}
	})
	return func() {
		cancel()
		following.Wait()
	}
}

const progressPath = "/sdapi/v1/progress?skip_current_image=true"

func (s *Stylist) failed(err error) error {
	err = fmt.Errorf("draw the picture anew by Stable Diffusion WebUI: %w", err)
	if refused(err) {
		return &Failure{Text: "스타일 변환 서버가 요청을 거부했습니다. 스타일 변환 없이(\"style\": false) 다시 시도해 주세요.", Final: true, Cause: err}
	}
	return &Failure{Text: "스타일 변환 서버가 이미지를 변환하지 못했습니다. 스타일 변환 없이(\"style\": false) 다시 시도해 주세요.", Cause: err}
}

// Probe asks whether the server is there.
func (s *Stylist) Probe(ctx context.Context) error {
	var is styleProgress
	if err := s.server.ask(ctx, http.MethodGet, progressPath, nil, &is); err != nil {
		var answer *answerError
		if errors.As(err, &answer) && answer.status == http.StatusNotFound {
			return fmt.Errorf("probe Stable Diffusion WebUI: it has no API, start it with --api: %w", err)
		}
		return fmt.Errorf("probe Stable Diffusion WebUI: %w", err)
	}
	if is.Progress == nil {
		return errors.New("probe Stable Diffusion WebUI: what answers there is another server")
	}
	return nil
}
