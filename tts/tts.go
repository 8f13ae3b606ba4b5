package tts

import (
	"context"
	"iter"
	"time"
)

// Voice is one entry of voices.json: who speaks. Immutable once loaded.
type Voice struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Language    string `json:"language"`
	Description string `json:"description"`

	// RefAudioPath is a path on the synthesiser's machine, to 3 to 10 s of the
	// voice's sound.
	RefAudioPath string `json:"ref_audio_path"`
	// PromptText is what RefAudioPath says. It may be empty up to model v2.
	PromptText string `json:"prompt_text"`
	// PromptLang is the language of PromptText, in lower case.
	PromptLang string `json:"prompt_lang"`
	// SpeedFactor is the voice's own pace; zero means 1.
	SpeedFactor float64 `json:"speed_factor"`

	AuxRefAudioPaths []string `json:"aux_ref_audio_paths,omitempty"`
	// GPTWeights and SoVITSWeights are paths on the synthesiser's machine; empty
	// leaves the server's weights as they are.
	GPTWeights    string `json:"gpt_weights,omitempty"`
	SoVITSWeights string `json:"sovits_weights,omitempty"`
}

// Request asks for one sentence's speech.
type Request struct {
	// Text is the spoken form of the sentence, see Spoken.
	Text string
	// TextLang is a GPT-SoVITS language code in lower case, "ko" for instance.
	TextLang string
	Voice    Voice
	// Speed multiplies the voice's own pace; zero means 1.
	Speed float64
	// StreamingMode is GPT-SoVITS's, 0 to 3.
	StreamingMode int
	// Encoding is what the speech is to come as; the zero value is PCM. Anything else comes
	// whole, whatever StreamingMode says.
	Encoding Encoding
	// Pause is a silence that encoded speech ends with. (To PCM whoever wants one adds it.)
	Pause time.Duration
	// Seed makes a synthesis repeatable; negative means random.
	Seed int
}

// Chunk is a piece of speech as it arrives: whole samples, 16-bit little-endian
// mono, or the encoded speech, see Measure. PCM is valid until the next step of the
// iteration that yielded it.
type Chunk struct {
	// Rate is in samples per second and the same for all chunks of a synthesis.
	Rate int
	PCM  []byte
}

// Synthesizer turns one request into speech. Implementations are safe for use by
// several goroutines at once, but the scheduler never has more syntheses under way
// on one than it was told to.
type Synthesizer interface {
	// Synthesize streams the speech as it is made. An error ends the iteration.
	// Leaving the loop or cancelling ctx ends the upstream request, and the
	// iteration returns only once the upstream connection has been given up.
	Synthesize(ctx context.Context, req Request) iter.Seq2[Chunk, error]
}
