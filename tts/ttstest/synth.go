package ttstest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// run is one request's work on the pipeline.
type run struct {
	s       *Server
	process context.Context
	w       http.ResponseWriter
	r       *http.Request
	p       Params
	rec     *Record
	fault   Fault

	// rate is the model's; sound has what was made so far, for those whom it leaks to.
	rate  int
	sound []int16 // Guarded by s.mu.
	// poisoned is set when another run's exception took the models away.
	poisoned bool // Guarded by s.mu.

	// Owned by the handler's goroutine.
	sent    int // samples of the model's rate
	begun   bool
	stalled bool
	clock   time.Time // when the work done so far is over
}

func (s *Server) tts(process context.Context, w http.ResponseWriter, r *http.Request) {
	rec := s.newRecord(r.Method)
	defer s.note(func() { rec.End = time.Now() })
	run := &run{s: s, process: process, w: w, r: r, rec: rec, rate: s.cfg.Version.Rate()}

	// The body is read before anything runs on the event loop.
	var problems []problem
	if r.Method == http.MethodPost {
		run.p, problems = parsePOST(r, s.cfg.Release)
	} else {
		run.p, problems = parseGET(r.URL.Query(), s.cfg.Release)
	}
	run.fault = s.cfg.fault(rec.Number, run.p.Text)
	s.note(func() {
		rec.Params, rec.Fault = run.p, run.fault.Kind
		rec.GPTWeights, rec.SoVITSWeights = s.pipeline.gpt, s.pipeline.sovits
	})

	stream := false
	s.onLoop(process, w, func() {
		switch {
		case run.fault.Kind == FaultReset:
			reset(w)
		case run.fault.Kind == FaultStatus:
			run.status(run.fault.Status)
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(run.fault.Status)
			_, _ = w.Write([]byte("<!doctype html><title>proxy</title>\n"))
		case problems != nil:
			run.status(http.StatusUnprocessableEntity)
			writeJSON(w, http.StatusUnprocessableEntity, map[string]any{"detail": problems})
		case r.Method == http.MethodGet && (!r.URL.Query().Has("text_lang") || !r.URL.Query().Has("prompt_lang")):
			// The handler lower-cases both before it looks at them.
			run.status(http.StatusInternalServerError)
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write([]byte("Internal Server Error"))
		default:
			stream = run.begin()
		}
	})
	if stream {
		run.stream()
	}
}

func (r *run) status(code int) { r.s.note(func() { r.rec.Status = code }) }

// begin checks the parameters on the event loop. Mode 0 does all of its work there too;
// for the others it reports true.
func (r *run) begin() bool {
	if r.r.Method == http.MethodGet {
		r.p.TextLang, r.p.PromptLang = strings.ToLower(r.p.TextLang), strings.ToLower(r.p.PromptLang)
	}
	if message, ok := r.s.check(&r.p); !ok {
		r.status(http.StatusBadRequest)
		writeMessage(r.w, http.StatusBadRequest, message)
		return false
	}
	if r.p.StreamingMode == 0 {
		r.whole()
		return false
	}
	return true
}

// enter takes the pipeline, whoever else is in it, and leave gives it back.
func (r *run) enter() {
	s := r.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.active) > 0 {
		s.overlaps++
		r.rec.Overlapped = true
		for _, other := range s.active {
			other.rec.Overlapped = true
			if other.decoder() != r.decoder() {
				// The decoder is chosen by setting it on the one model, so one of the two
				// runs on with the other's.
				r.poisoned, other.poisoned = true, true
			}
		}
	}
	s.active = append(s.active, r)
	r.clock = time.Now()
}

func (r *run) leave() {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.s.active = slices.DeleteFunc(r.s.active, func(a *run) bool { return a == r })
	r.rec.End = time.Now()
}

// decoder names the model's function that the request sets.
func (r *run) decoder() string {
	switch {
	case r.tokens():
		return "naive"
	case r.p.ParallelInfer:
		return "batched"
	}
	return "naive batched"
}

// tokens reports whether sound comes token chunk by token chunk.
func (r *run) tokens() bool { return r.p.StreamingMode >= 2 && !r.s.cfg.Version.vocoder() }

// work spends d of the pipeline's time. The clock runs on from the last piece of work,
// so that what a source of sound takes is not added to it.
func (r *run) work(d time.Duration) {
	now := time.Now()
	if r.clock = r.clock.Add(d); r.clock.Before(now) {
		r.clock = now
	}
	r.s.sleep(r.process, r.w, r.clock.Sub(now))
}

func (r *run) seconds(samples int) time.Duration {
	return time.Duration(int64(samples) * int64(time.Second) / int64(r.rate))
}

func (r *run) samples(d time.Duration) int { return int(int64(d) * int64(r.rate) / int64(time.Second)) }

// workFor is the work that n samples take.
func (r *run) workFor(n int) time.Duration {
	return time.Duration(float64(r.seconds(n)) * r.s.cfg.RealTimeFactor)
}

// prepare is the pipeline's start: what it asserts, and the reference.
func (r *run) prepare() error {
	s := r.s
	known := s.cfg.Version.languages()
	switch {
	case !slices.Contains(known, r.p.TextLang), r.p.PromptText != "" && !slices.Contains(known, r.p.PromptLang):
		return errors.New("") // an assertion, which says nothing
	case r.p.PromptText == "" && s.cfg.Version.vocoder():
		return errors.New("prompt_text cannot be empty when using SoVITS_V3")
	}
	isNew := false
	s.note(func() { isNew = s.pipeline.ref != r.p.RefAudioPath })
	if isNew {
		if err := s.checkReference(r.p.RefAudioPath); err != nil {
			return err
		}
		r.work(s.cfg.NewReferenceDelay)
		s.note(func() { s.pipeline.ref, s.pipeline.refSoVITS = r.p.RefAudioPath, s.pipeline.sovits })
	}
	s.note(func() {
		r.rec.NewReference = isNew
		r.rec.StaleReference = s.pipeline.refSoVITS != s.pipeline.sovits
	})
	if onlyPunctuation(r.p.Text) {
		return errors.New("list index out of range")
	}
	segs := segments(r.p.Text, r.p.TextSplitMethod)
	s.note(func() { r.rec.Segments = segs })
	return nil
}

// say makes the sound of one segment.
func (r *run) say(segment string) ([]int16, error) {
	var ref string
	r.s.note(func() { ref = r.s.pipeline.ref })
	pcm, err := r.s.cfg.Voice(r.process, Speech{
		Text: segment, Lang: r.p.TextLang,
		// Whatever reference is in the cache, which is the other request's when two
		// overlap.
		RefAudioPath: ref, PromptText: r.p.PromptText, PromptLang: r.p.PromptLang,
		GPTWeights: r.rec.GPTWeights, SoVITSWeights: r.rec.SoVITSWeights,
		SpeedFactor: r.p.SpeedFactor, Seed: r.p.Seed, Rate: r.rate,
	})
	if err != nil {
		return nil, err
	}
	switch r.fault.Kind {
	case FaultRunaway:
		if len(pcm) > 0 {
			pcm = slices.Repeat(pcm, r.samples(longestSegment)/len(pcm)+1)
		}
	case FaultLoss:
		pcm = pcm[:len(pcm)/8]
	}
	return pcm[:min(len(pcm), r.samples(longestSegment))], nil
}

// pause is the silence behind a fragment. Outside of the token modes it is counted at
// the model's rate and played at the vocoder's.
func (r *run) pause() []int16 {
	rate := r.rate
	if !r.tokens() {
		rate = modelRate
	}
	return make([]int16, max(0, int(r.p.FragmentInterval*float64(rate))))
}

// batches groups the segments; all of a batch is spoken, but in the token modes only
// its first segment is.
func (r *run) batches() [][]string {
	var batches [][]string
	for batch := range slices.Chunk(r.rec.Segments, max(1, r.p.BatchSize)) {
		if r.tokens() && len(batch) > 1 {
			lost := batch[1:]
			r.s.note(func() { r.rec.Lost = append(r.rec.Lost, lost...) })
			batch = batch[:1]
		}
		batches = append(batches, batch)
	}
	return batches
}

// whole is mode 0: on the event loop to its end, whether or not the client is there.
func (r *run) whole() {
	r.enter()
	defer r.leave()
	pcm, rate, err := r.wholeSound()
	if err != nil || r.p.MediaType == "ogg" || r.p.MediaType == "aac" {
		if err == nil {
			err = errors.New("[Errno 2] No such file or directory: 'ffmpeg'")
		}
		r.status(http.StatusBadRequest)
		r.s.note(func() { r.rec.Failed = true })
		writeFailure(r.w, "tts failed", err)
		return
	}
	if r.fault.Kind == FaultDrop {
		reset(r.w)
	}
	r.status(http.StatusOK)
	body := []byte{}
	if r.fault.Kind != FaultEmpty {
		if r.p.MediaType == "wav" {
			body = appendWAVHeader(body, rate, 2*len(pcm))
		}
		body = appendPCM(body, pcm)
	}
	r.w.Header().Set("Content-Type", "audio/"+r.p.MediaType)
	r.w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	r.s.note(func() {
		r.rec.FirstSound = time.Now()
		r.rec.Sent = time.Duration(len(pcm)) * time.Second / time.Duration(rate)
		r.rec.Aborted = r.r.Context().Err() != nil
	})
	_, _ = r.w.Write(body)
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
				return silence, errorRate, nil
			}
			sound = r.leaked(sound, len(pcm))
			pcm = append(append(pcm, sound...), r.pause()...)
		}
	}
	return pcm, r.rate, nil
}

func (r *run) isPoisoned() (yes bool) {
	r.s.note(func() { yes = r.poisoned })
	return yes
}

// stream is modes 1 to 3: the headers leave at once, the work is done in a thread of
// its own and each chunk passes the event loop.
func (r *run) stream() {
	r.status(http.StatusOK)
	r.w.Header().Set("Content-Type", "audio/"+r.p.MediaType)
	r.w.WriteHeader(http.StatusOK)
	r.flush()

	r.enter()
	defer r.leave()
	if err := r.prepare(); err != nil || r.p.MediaType == "ogg" || r.p.MediaType == "aac" {
		r.s.note(func() { r.rec.Failed = true })
		breakOff()
	}
	switch r.fault.Kind {
	case FaultEmpty:
		return
	case FaultSilence:
		r.send(make([]int16, errorSamples), errorRate)
		return
	}
	if len(r.rec.Segments) == 0 {
		return
	}
	r.work(r.s.cfg.FirstChunkDelay)
	for _, batch := range r.batches() {
		if !r.streamBatch(batch) {
			return
		}
	}
}

// streamBatch sends the chunks of a batch. It reports false once the client is gone.
func (r *run) streamBatch(batch []string) bool {
	var fragment []int16
	for _, segment := range batch {
		sound, err := r.say(segment)
		if err != nil {
			r.exception()
		}
		if !r.tokens() {
			sound = append(sound, r.pause()...)
		}
		fragment = append(fragment, sound...)
	}
	r.s.note(func() { r.sound = append(r.sound, fragment...) })
	if !r.tokens() {
		return r.chunk(fragment)
	}
	for rest := fragment; len(rest) > 0; {
		n := r.nextChunk(rest, len(rest) == len(fragment))
		if !r.chunk(rest[:n]) {
			return false
		}
		rest = rest[n:]
	}
	if pause := r.pause(); len(pause) > 0 {
		return r.chunk(pause)
	}
	return true
}

// nextChunk is the length of the next token chunk. The joins are searched for, so it
// varies by some samples.
func (r *run) nextChunk(rest []int16, first bool) int {
	tokens := r.p.MinChunkLength
	if first {
		tokens -= r.p.OverlapLength
	}
	token := r.samples(tokenTime)
	n := max(1, tokens)*token + int(uint32(len(rest))*2654435761>>23)%321
	if r.p.StreamingMode == 2 {
		// On to a token that is nearly silent.
		for n+token < len(rest) && !silent(rest[n:n+token/8]) {
			n += token / 8
		}
	}
	if n+token > len(rest) {
		n = len(rest)
	}
	return n
}

func silent(pcm []int16) bool {
	return !slices.ContainsFunc(pcm, func(v int16) bool { return v > 100 || v < -100 })
}

// chunk makes one chunk of sound and sends it. It reports false once the client is gone,
// which is noticed here and nowhere else.
func (r *run) chunk(pcm []int16) bool {
	strikes := false
	if r.strikesAfterSound() {
		// The fault comes in the middle of this chunk.
		if n := r.samples(r.fault.After) - r.sent; n < len(pcm) {
			strikes = true
			if r.fault.Kind != FaultStall {
				pcm = pcm[:max(0, n)]
			}
		}
	}
	if strikes && r.fault.Kind == FaultStall {
		n := max(0, r.samples(r.fault.After)-r.sent)
		r.stalled = true
		if n > 0 && !r.chunk(pcm[:n]) {
			return false
		}
		r.stall()
		return r.chunk(pcm[n:])
	}

	r.work(r.workFor(len(pcm)))
	if r.isPoisoned() {
		r.exception()
	}
	if r.r.Context().Err() != nil {
		r.s.note(func() { r.rec.Aborted, r.rec.ChunksAfterDisconnect = true, r.rec.ChunksAfterDisconnect+1 })
		return false
	}
	if len(pcm) > 0 && !r.send(r.leaked(pcm, r.sent), r.rate) {
		r.s.note(func() { r.rec.Aborted = true })
		return false
	}
	r.sent += len(pcm)
	switch {
	case strikes && r.fault.Kind == FaultException:
		r.exception()
	case strikes && r.fault.Kind == FaultDrop:
		if r.begun {
			_, _ = r.w.Write([]byte{1}) // half a sample
			r.flush()
		}
		breakOff()
	}
	return true
}

func (r *run) strikesAfterSound() bool {
	switch r.fault.Kind {
	case FaultException, FaultDrop:
		return true
	case FaultStall:
		return !r.stalled
	}
	return false
}

// stall sends nothing for as long as the fault says. The pipeline stays taken.
func (r *run) stall() {
	if r.fault.For > 0 {
		r.s.sleep(r.process, r.w, r.fault.For)
		return
	}
	select {
	case <-r.r.Context().Done():
	case <-r.process.Done():
	}
	r.s.sleep(r.process, r.w, 0)
}

// leaked is pcm, spoilt by what another request at work has made.
func (r *run) leaked(pcm []int16, at int) []int16 {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	for _, other := range r.s.active {
		if other == r || len(other.sound) == 0 {
			continue
		}
		mixed := slices.Clone(pcm)
		for i := range mixed {
			mixed[i] = mixed[i]/2 + other.sound[(at+i)%len(other.sound)]/2
		}
		return mixed
	}
	return pcm
}

// exception is what an exception does to a stream: silence at the wrong rate, both
// models gone for everyone, and the connection broken off. It does not return.
func (r *run) exception() {
	s := r.s
	s.note(func() {
		r.rec.Failed = true
		for _, other := range s.active {
			if other != r {
				other.poisoned = true
			}
		}
	})
	r.send(make([]int16, errorSamples), errorRate)
	s.sleep(r.process, r.w, s.cfg.ReloadDelay)
	breakOff()
}

// send passes a chunk on, behind the header if it is the first. It reports false when
// the client is gone.
func (r *run) send(pcm []int16, rate int) bool {
	r.s.onLoop(r.process, r.w, func() {}) // a turn of the loop; writing does not hold it
	if !r.begun && r.p.MediaType == "wav" {
		if _, err := r.w.Write(appendWAVHeader(nil, rate, 0)); err != nil {
			return false
		}
		r.flush() // the header is a piece of its own
	}
	r.begun = true
	if len(pcm) == 0 {
		return true
	}
	body := appendPCM(nil, pcm)
	size := r.s.cfg.PieceBytes
	if size < 0 {
		size = len(body)
	}
	for piece := range slices.Chunk(body, size) {
		if _, err := r.w.Write(piece); err != nil {
			return false
		}
		r.flush()
	}
	r.s.note(func() {
		if r.rec.FirstSound.IsZero() {
			r.rec.FirstSound = time.Now()
		}
		r.rec.Sent += time.Duration(len(pcm)) * time.Second / time.Duration(rate)
	})
	return true
}

func (r *run) flush() { _ = http.NewResponseController(r.w).Flush() }

// appendWAVHeader appends a header as Python's wave module writes it: with dataBytes of
// 0 the RIFF size is 36.
func appendWAVHeader(dst []byte, rate, dataBytes int) []byte {
	le := binary.LittleEndian
	dst = le.AppendUint32(append(dst, "RIFF"...), uint32(36+dataBytes))
	dst = le.AppendUint32(append(dst, "WAVEfmt "...), 16)
	dst = le.AppendUint16(le.AppendUint16(dst, 1), 1)
	dst = le.AppendUint32(le.AppendUint32(dst, uint32(rate)), uint32(2*rate))
	dst = le.AppendUint16(le.AppendUint16(dst, 2), 16)
	return le.AppendUint32(append(dst, "data"...), uint32(dataBytes))
}

func appendPCM(dst []byte, pcm []int16) []byte {
	dst = slices.Grow(dst, 2*len(pcm))
	for _, v := range pcm {
		dst = binary.LittleEndian.AppendUint16(dst, uint16(v))
	}
	return dst
}
