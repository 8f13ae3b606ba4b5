package tts

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
)

// soVITSBody is the JSON of POST /tts. Strings that may be empty are left out then: the
// server refuses null.
type soVITSBody struct {
	Text              string   `json:"text"`
	TextLang          string   `json:"text_lang"`
	RefAudioPath      string   `json:"ref_audio_path"`
	AuxRefAudioPaths  []string `json:"aux_ref_audio_paths,omitempty"`
	PromptText        string   `json:"prompt_text,omitempty"`
	PromptLang        string   `json:"prompt_lang"`
	TopK              int      `json:"top_k"`
	TextSplitMethod   string   `json:"text_split_method"`
	BatchSize         int      `json:"batch_size"`
	SpeedFactor       float64  `json:"speed_factor"`
	FragmentInterval  float64  `json:"fragment_interval"`
	Seed              int      `json:"seed"`
	MediaType         string   `json:"media_type"`
	StreamingMode     any      `json:"streaming_mode"` // int, or bool for older releases
	ParallelInference bool     `json:"parallel_infer"`
}

func newSoVITSBody(req Request, boolModes bool) soVITSBody {
	b := soVITSBody{
		Text: req.Text,
		// POST does not lower-case the codes, and fails late on upper case.
		TextLang:         strings.ToLower(req.TextLang),
		RefAudioPath:     req.Voice.RefAudioPath,
		AuxRefAudioPaths: req.Voice.AuxRefAudioPaths,
		PromptText:       req.Voice.PromptText,
		PromptLang:       strings.ToLower(req.Voice.PromptLang),
		// The default was 5 until the end of 2025.
		TopK: 15,
		// The text is one sentence: it needs no cutting, and no pause behind it but the
		// scheduler's.
		TextSplitMethod:  "cut0",
		FragmentInterval: 0.01,
		// Modes 2 and 3 lose text with more.
		BatchSize:   1,
		SpeedFactor: speed(req),
		Seed:        max(req.Seed, -1),
		// raw would not tell the rate.
		MediaType:     "wav",
		StreamingMode: req.StreamingMode,
		// The server turns it off where it does not apply. Models 3 and 4, which turn
		// modes 2 and 3 into mode 1, are faster with it.
		ParallelInference: true,
	}
	if b.TextLang == "" {
		b.TextLang = strings.ToLower(req.Voice.Language)
	}
	if b.PromptLang == "" {
		b.PromptLang = b.TextLang
	}
	if boolModes && req.StreamingMode > 1 {
		b.StreamingMode = true
	}
	if req.Encoding != PCM {
		b.MediaType = string(req.Encoding)
		b.FragmentInterval = max(b.FragmentInterval, req.Pause.Seconds())
	}
	return b
}

// speed is the pace asked for, with the voice's own.
func speed(req Request) float64 {
	s := 1.0
	for _, factor := range []float64{req.Speed, req.Voice.SpeedFactor} {
		if factor > 0 {
			s *= factor
		}
	}
	return s
}

// post sends the request and returns an answer with status 200, whose headers mean
// nothing: they leave the server before it has looked for the reference.
func (c *SoVITS) post(ctx context.Context, req Request) (*http.Response, error) {
	for {
		c.mu.Lock()
		boolModes := c.boolModes
		c.mu.Unlock()

		body, err := json.Marshal(newSoVITSBody(req, boolModes))
		if err != nil {
			return nil, c.error(ErrorRefused, 0, fmt.Errorf("encode request: %w", err))
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.ttsURL, bytes.NewReader(body))
		if err != nil {
			return nil, c.error(ErrorRefused, 0, fmt.Errorf("make request: %w", err))
		}
		r.Header.Set("Content-Type", "application/json")
		resp, err := c.http.Do(r)
		if err != nil {
			return nil, c.transportError(ctx, err, ErrorUnreachable)
		}
		if resp.StatusCode == http.StatusOK {
			return resp, nil
		}
		failure := c.statusError(resp)
		_ = resp.Body.Close()
		if boolModes || req.StreamingMode < 2 || !refusesMode(failure) {
			return nil, failure
		}
		c.mu.Lock()
		c.boolModes = true
		c.mu.Unlock()
		c.log.Warn("GPT-SoVITS release without streaming modes 2 and 3: using mode 1 instead", slog.Int("streaming_mode", req.StreamingMode))
	}
}

// refusesMode reports whether the server objects to streaming_mode's type, as releases
// up to 20250606 do to 2 and 3.
func refusesMode(e *Error) bool {
	return e.Status == http.StatusUnprocessableEntity && strings.Contains(e.Err.Error(), `"streaming_mode"`)
}

// load has the server load the voice's weights if they are not those loaded last, and
// the reference with them: it would otherwise keep using what the old weights made of
// it, should its path be the same.
func (c *SoVITS) load(ctx context.Context, v Voice) error {
	c.mu.Lock()
	gpt, sovits := c.gptWeights, c.sovitsWeights
	c.mu.Unlock()

	if v.GPTWeights != "" && v.GPTWeights != gpt {
		if err := c.set(ctx, "set_gpt_weights", "weights_path", v.GPTWeights); err != nil {
			return err
		}
		c.mu.Lock()
		c.gptWeights = v.GPTWeights
		c.mu.Unlock()
	}
	if v.SoVITSWeights != "" && v.SoVITSWeights != sovits {
		// Forgotten first: if the second request fails, both are made again.
		c.mu.Lock()
		c.sovitsWeights = ""
		c.mu.Unlock()
		if err := c.set(ctx, "set_sovits_weights", "weights_path", v.SoVITSWeights); err != nil {
			return err
		}
		if err := c.set(ctx, "set_refer_audio", "refer_audio_path", v.RefAudioPath); err != nil {
			return err
		}
		c.mu.Lock()
		c.sovitsWeights = v.SoVITSWeights
		c.mu.Unlock()
	}
	return nil
}

func (c *SoVITS) set(ctx context.Context, endpoint, parameter, path string) error {
	u := c.base.JoinPath(endpoint)
	q := u.Query()
	q.Set(parameter, path)
	u.RawQuery = q.Encode()
	return c.get(ctx, c.weightsTimeout, u)
}
