package demo

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"time"
)

// encodeTimeout is far more than ffmpeg needs for a sentence.
const encodeTimeout = 20 * time.Second

// encoders are ffmpeg's arguments for each media type. Those of aac are GPT-SoVITS's own;
// its ogg is libsndfile's, which has Vorbis in it.
var encoders = map[string][]string{
	"aac": {"-c:a", "aac", "-b:a", "192k", "-vn", "-f", "adts"},
	"ogg": {"-c:a", "libvorbis", "-q:a", "4", "-vn", "-f", "ogg"},
}

// encoder encodes sound with ffmpeg, as the original does, if the machine has it; nil
// where it has not.
func encoder() func(ctx context.Context, mediaType string, pcm []int16, rate int) ([]byte, error) {
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		return nil
	}
	return func(ctx context.Context, mediaType string, pcm []int16, rate int) ([]byte, error) {
		arguments, known := encoders[mediaType]
		if !known {
			return nil, errors.New("no encoder for " + mediaType)
		}
		ctx, cancel := context.WithTimeout(ctx, encodeTimeout)
		defer cancel()
		all := append([]string{"-loglevel", "error", "-f", "s16le", "-ar", strconv.Itoa(rate), "-ac", "1", "-i", "pipe:0"}, arguments...)
		cmd := exec.CommandContext(ctx, path, append(all, "pipe:1")...) //nolint:gosec // G204: the arguments are ours
		samples := make([]byte, 0, 2*len(pcm))
		for _, v := range pcm {
			samples = binary.LittleEndian.AppendUint16(samples, uint16(v))
		}
		cmd.Stdin = bytes.NewReader(samples)
		var sound, complaint bytes.Buffer
		cmd.Stdout, cmd.Stderr = &sound, &complaint
		cmd.WaitDelay = time.Second
		if err := cmd.Run(); err != nil {
			return nil, fmt.Errorf("run ffmpeg: %w: %s", err, bytes.TrimSpace(complaint.Bytes()))
		}
		return sound.Bytes(), nil
	}
}
