package ttstest

import (
	"context"
	_ "embed" // for the recordings
	"errors"
)

// What libsndfile and ffmpeg have made, with the settings of GPT-SoVITS: a second of a tone
// at 32,000 Hz, and the second of silence at 16,000 Hz that stands for an error.
var (
	//go:embed recorded/tone.ogg
	toneOgg []byte
	//go:embed recorded/tone.aac
	toneAAC []byte
	//go:embed recorded/silence.ogg
	silenceOgg []byte
	//go:embed recorded/silence.aac
	silenceAAC []byte
)

// Recorded is an encoder for Config.Encode that has its answers ready: whatever the sound,
// it is real Ogg or ADTS of a second's tone or, at 16,000 Hz, of silence.
func Recorded(_ context.Context, mediaType string, _ []int16, rate int) ([]byte, error) {
	switch {
	case mediaType == "ogg" && rate == errorRate:
		return silenceOgg, nil
	case mediaType == "ogg":
		return toneOgg, nil
	case mediaType == "aac" && rate == errorRate:
		return silenceAAC, nil
	case mediaType == "aac":
		return toneAAC, nil
	}
	return nil, errors.New("no recording of " + mediaType)
}
