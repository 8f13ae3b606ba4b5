package avatar

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"sync/atomic"
	"time"
)

// HunyuanConfig is where a Hunyuan3D-2 API server is. The zero value of all but BaseURL works.
type HunyuanConfig struct {
	BaseURL string
	// Poll is how often it is asked whether the model is done; zero means 2 s.
	Poll time.Duration
}

// Hunyuan is a Maker that has a Hunyuan3D-2 API server (api_server.py of Tencent/Hunyuan3D-2) make the models. The server
// takes any number of jobs and lets them collide on one GPU, so whoever calls sees to it that few run at once. It
// never says that a job has failed: the context has to end.
type Hunyuan struct {
	server upstream
	poll   time.Duration
	// heard is when the server last answered a poll, in Unix nanoseconds.
	heard atomic.Int64
}

// NewHunyuan makes the client of a server.
func NewHunyuan(cfg HunyuanConfig) *Hunyuan {
	if cfg.Poll <= 0 {
		cfg.Poll = 2 * time.Second
	}
	return &Hunyuan{server: newUpstream(cfg.BaseURL), poll: cfg.Poll}
}

const (
	// maxSilence is how many polls in a row may fail before the server counts as gone, and its jobs with it.
	maxSilence = 15
	// heardLately is for how long an answered poll proves that the server is well.
	heardLately = 30 * time.Second
)

// Usually is what the specification's example gives.
func (h *Hunyuan) Usually() time.Duration { return 300 * time.Second }

type (
	hunyuanJob struct {
		Image     string `json:"image"` // base64
		Texture   bool   `json:"texture"`
		Seed      int64  `json:"seed,omitempty"`
		FaceCount int    `json:"face_count,omitempty"` // heeded with a texture
		Type      string `json:"type"`
	}
	hunyuanStatus struct {
		Status  string `json:"status"`
		Model   string `json:"model_base64"`
		Message string `json:"message"`
	}
)

// Make sends the picture and asks until the model is there.
func (h *Hunyuan) Make(ctx context.Context, w Work, report func(float64)) ([]byte, error) {
	var sent struct {
		UID string `json:"uid"`
	}
	job := hunyuanJob{
		Image: base64.StdEncoding.EncodeToString(w.Picture), Texture: w.Options.Texture, Seed: w.Options.Seed,
		FaceCount: w.Options.Triangles, Type: "glb",
	}
	if err := h.server.ask(ctx, http.MethodPost, "/send", job, &sent); err != nil {
		return nil, h.failed("send the picture to Hunyuan3D-2", err)
	}
	if sent.UID == "" {
		return nil, h.failed("send the picture to Hunyuan3D-2", errors.New("the answer has no uid"))
	}
	return h.wait(ctx, sent.UID, report)
}

func (h *Hunyuan) wait(ctx context.Context, uid string, report func(float64)) ([]byte, error) {
	began := time.Now()
	tick := time.NewTicker(h.poll)
	defer tick.Stop()
	silent := 0
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for Hunyuan3D-2, which says of a job that failed that it goes on: %w", context.Cause(ctx))
		}
		model, err := h.look(ctx, uid)
		var failure *Failure
		switch {
		case model != nil:
			return model, nil
		case err == nil:
			silent = 0
		case ctx.Err() != nil: // said above
		case errors.As(err, &failure):
			return nil, err
		default:
			if silent++; silent >= maxSilence {
				return nil, h.failed("ask Hunyuan3D-2 for the model", err)
			}
		}
		// It tells nothing of its progress: two thirds at the time when it is usually done, and never all.
		report(1 - math.Exp(-time.Since(began).Seconds()/h.Usually().Seconds()*1.1))
	}
}

// look asks once: the model, nil while there is none. A model that is cut off is none yet: the server gives out the
// file while it is still writing it.
func (h *Hunyuan) look(ctx context.Context, uid string) ([]byte, error) {
	var is hunyuanStatus
	err := h.server.ask(ctx, http.MethodGet, "/status/"+uid, nil, &is)
	var answer *answerError
	if errors.As(err, &answer) {
		// Release 2.1 says so with a 500 where a job has failed.
		if json.Unmarshal([]byte(answer.body), &is) == nil && is.Status == "error" {
			return nil, h.rejected(fmt.Errorf("it says: %s", is.Message))
		}
		return nil, err
	}
	if err != nil {
		return nil, err
	}
	h.heard.Store(time.Now().UnixNano())
	switch is.Status {
	case "completed":
		model, err := base64.StdEncoding.DecodeString(is.Model)
		if err != nil {
			return nil, fmt.Errorf("read the model: %w", err)
		}
		if whole, err := checkGLB(model); err != nil {
			return nil, h.rejected(err)
		} else if !whole {
			return nil, nil
		}
		return model, nil
	case "error", "failed":
		return nil, h.rejected(fmt.Errorf("it says: %s", is.Message))
	}
	return nil, nil
}

// failed is an error that may pass, or a refusal.
func (h *Hunyuan) failed(doing string, err error) error {
	if refused(err) {
		return &Failure{Text: "3D 생성 서버가 요청을 거부했습니다.", Final: true, Cause: fmt.Errorf("%s: %w", doing, err)}
	}
	return &Failure{Text: "3D 생성 서버에 연결할 수 없습니다. 잠시 후 다시 시도해 주세요.", Cause: fmt.Errorf("%s: %w", doing, err)}
}

func (h *Hunyuan) rejected(err error) error {
	return &Failure{Text: "3D 생성 서버가 모델을 만들지 못했습니다.", Cause: fmt.Errorf("Hunyuan3D-2 failed: %w", err)}
}

// Probe asks whether the server is there. While it makes a model for somebody else it may not answer; while it
// makes one for us, its answers to that are the proof.
func (h *Hunyuan) Probe(ctx context.Context) error {
	if time.Since(time.Unix(0, h.heard.Load())) < heardLately {
		return nil
	}
	var is hunyuanStatus
	if err := h.server.ask(ctx, http.MethodGet, "/status/probe", nil, &is); err != nil {
		return fmt.Errorf("probe Hunyuan3D-2: %w", err)
	}
	if is.Status == "" {
		return errors.New("probe Hunyuan3D-2: what answers there is another server")
	}
	return nil
}
