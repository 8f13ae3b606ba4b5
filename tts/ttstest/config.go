package ttstest

import (
	"context"
	"strings"
	"time"
)

// Version is the version of the loaded model. It decides the rate, the languages and
// whether streaming modes 2 and 3 work.
type Version string

// The versions of GPT-SoVITS's models.
const (
	V1        Version = "v1"
	V2        Version = "v2"
	V2Pro     Version = "v2Pro"
	V2ProPlus Version = "v2ProPlus"
	V3        Version = "v3"
	V4        Version = "v4"
)

// Rate is the model's rate in samples per second.
func (v Version) Rate() int {
	switch v {
	case V3:
		return 24000
	case V4:
		return 48000
	}
	return modelRate
}

// vocoder reports whether the model's sound goes through a vocoder, which cannot
// stream and needs a prompt text.
func (v Version) vocoder() bool { return v == V3 || v == V4 }

// Release is the version of the server program.
type Release uint8

const (
	// ReleaseCurrent knows streaming modes 0 to 3.
	ReleaseCurrent Release = iota
	// Release20250606 is the newest tagged release, 20250606v2pro: streaming_mode is a
	// boolean, 2 and 3 are refused with 422, and top_k defaults to 5.
	Release20250606
)

// Config describes a server. The zero value is a v2ProPlus model on the current
// program that works in no time at all, has every reference and every weights file,
// and speaks in tones.
type Config struct {
	// Version is the model's; empty means V2ProPlus.
	Version Version
	Release Release

	// RealTimeFactor is the work for a second of sound, in seconds.
	RealTimeFactor float64
	// FirstChunkDelay is the work before a request's first chunk, besides the above.
	FirstChunkDelay time.Duration
	// NewReferenceDelay is the work for a reference that is not the one in use.
	NewReferenceDelay time.Duration
	// WeightsDelay is the work for loading weights, RestartDelay the time during which
	// a restarted server takes no connection, ReloadDelay what the models need after
	// an exception in a stream.
	WeightsDelay, RestartDelay, ReloadDelay time.Duration

	// References gives the length of each reference file on the server's disk; nil
	// means that every path is there and 5 s long.
	References map[string]time.Duration
	// Weights lists the weights files on the server's disk; nil means every path.
	Weights []string

	// Faults says which requests go wrong, and how. The first rule that matches counts.
	Faults []Rule

	// Voice is the source of sound; nil means Tone. It returns the sound of one
	// segment at s.Rate. An error is an exception inside the inference. It is called
	// from several goroutines at once when requests overlap.
	Voice func(ctx context.Context, s Speech) ([]int16, error)

	// Encode makes an Ogg file or ADTS frames (mediaType is "ogg" or "aac") of a chunk of
	// sound. Nil means a machine without ffmpeg, and a libsndfile without Vorbis. An error
	// is the encoder's.
	Encode func(ctx context.Context, mediaType string, pcm []int16, rate int) ([]byte, error)

	// PieceBytes is how much of a chunk is written at a time; odd sizes put the
	// borders inside samples. Zero means 8191, negative a whole chunk at a time.
	PieceBytes int
	// KeepRecords is how many requests Records remembers; zero means the last 1000.
	KeepRecords int
}

// Speech is what a source of sound is asked for: one segment in one voice.
type Speech struct {
	Text, Lang string
	// RefAudioPath and the prompt are whose voice it is.
	RefAudioPath, PromptText, PromptLang string
	GPTWeights, SoVITSWeights            string
	// SpeedFactor is 1 for the voice's own pace.
	SpeedFactor float64
	Seed        int
	// Rate is in samples per second.
	Rate int
}

// Rule picks requests. Zero fields match all of them.
type Rule struct {
	// Text is a part of the request's text.
	Text string
	// Request is the request's number among those to /tts, the first being 1.
	Request int
	Fault   Fault
}

// Fault is something that goes wrong.
type Fault struct {
	Kind FaultKind
	// After is how much sound is sent first. Mode 0 sends nothing before its end.
	After time.Duration
	// For is how long FaultStall lasts; zero means until the client leaves.
	For time.Duration
	// Status is FaultStatus's.
	Status int
}

// FaultKind names a fault.
type FaultKind uint8

const (
	// FaultNone is a request that goes well.
	FaultNone FaultKind = iota
	// FaultException is an exception inside the inference (memory ran out, say). A
	// stream gets 16,000 zero samples and breaks off, and every other stream with it;
	// mode 0 answers 200 with a second of silence at 16,000 Hz.
	FaultException
	// FaultDrop ends the connection in the middle of a sample, as a killed process does.
	FaultDrop
	// FaultSilence answers 200 with a second of silence at 16,000 Hz that ends
	// normally, in every mode.
	FaultSilence
	// FaultEmpty answers 200 with no byte at all, not even a header.
	FaultEmpty
	// FaultStall sends nothing for a while.
	FaultStall
	// FaultRunaway repeats the sentence up to the model's limit of 60 s.
	FaultRunaway
	// FaultLoss loses all but the first eighth of the sound.
	FaultLoss
	// FaultStatus answers with Status and a web page, as a proxy in between does.
	FaultStatus
	// FaultReset resets the connection instead of an answer.
	FaultReset
)

func (c *Config) fault(number int, text string) Fault {
	for _, r := range c.Faults {
		if (r.Request == 0 || r.Request == number) && strings.Contains(text, r.Text) {
			return r.Fault
		}
	}
	return Fault{}
}

const (
	// modelRate is the rate at which versions 1 and 2 speak, and at which every
	// version counts the silence behind a fragment in modes 0 and 1.
	modelRate = 32000
	// errorRate is the rate of the silence that stands for an error, errorSamples its
	// length.
	errorRate    = 16000
	errorSamples = 16000
	// tokenTime is the length of a semantic token: 25 in a second.
	tokenTime = 40 * time.Millisecond
	// longestSegment is where the model gives up: 1500 tokens.
	longestSegment = 1500 * tokenTime

	defaultPieceBytes  = 8191
	defaultKeepRecords = 1000
	defaultReference   = 5 * time.Second
)
