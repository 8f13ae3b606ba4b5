package ttstest

import (
	"errors"
	"net/http"
	"strconv"
	"time"
)

// whole is mode 0: on the event loop to its end, whether or not the client is there.
func (r *run) whole() {
	r.enter()
	defer r.leave()
	pcm, rate, err := r.wholeSound()
	var body []byte
	if err == nil {
		body, err = r.encode(pcm, rate)
	}
	if err != nil {
		r.status(http.StatusBadRequest)
		r.s.note(func() { r.rec.Failed = true })
		writeFailure(r.w, "tts failed", err)
		return
	}
	if r.fault.Kind == FaultDrop {
		reset(r.w)
	}
	r.status(http.StatusOK)
	if r.fault.Kind == FaultEmpty {
		body = nil
	} else if r.p.MediaType == "wav" {
		body = append(appendWAVHeader(nil, rate, 2*len(pcm)), body...)
	}
	r.w.Header().Set("Content-Type", "audio/"+r.p.MediaType)
	r.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	r.s.note(func() {
		r.rec.FirstSound = time.Now()
		r.rec.Sent = time.Duration(len(pcm)) * time.Second / time.Duration(rate)
		r.rec.Aborted = r.r.Context().Err() != nil
	})
	_, _ = r.w.Write(body)
}

// encode makes bytes of sound, those of a WAV without its header.
func (r *run) encode(pcm []int16, rate int) ([]byte, error) {
	switch encode := r.s.cfg.Encode; {
	case r.p.MediaType == "wav" || r.p.MediaType == "raw":
		return appendPCM(nil, pcm), nil
	case encode != nil:
		return encode(r.process, r.p.MediaType, pcm, rate)
	case r.p.MediaType == "ogg":
		return nil, errors.New("Error opening <_io.BytesIO object>: Format not recognised.") //nolint:revive,staticcheck // soundfile's words
	default:
		return nil, errors.New("[Errno 2] No such file or directory: 'ffmpeg'")
	}
}

// wholeSound is the sound of mode 0. Its errors are those that become a 400; an
// exception inside the inference is a second of silence.
func (r *run) wholeSound() (pcm []int16, rate int, err error) {
	silence := make([]int16, errorSamples)
	if err := r.prepare(); err != nil {
		return nil, 0, err
	}
	r.work(r.s.cfg.FirstChunkDelay)
	if len(r.rec.Segments) == 0 || r.fault.Kind == FaultSilence {
		return silence, errorRate, nil
	}
	if r.fault.Kind == FaultStall {
		r.stall()
	}
	for _, batch := range r.batches() {
		for _, segment := range batch {
			sound, err := r.say(segment)
			r.work(r.workFor(len(sound)))
			if err != nil || r.fault.Kind == FaultException || r.isPoisoned() {
				r.s.note(func() { r.rec.Failed = true })
				return silence, errorRate, nil //nolint:nilerr // the answer is a 200: that is how the server hides it
			}
			sound = r.leaked(sound, len(pcm))
			pcm = append(append(pcm, sound...), r.pause()...)
		}
	}
	return pcm, r.rate, nil
}
