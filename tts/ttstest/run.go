package ttstest

import (
	"context"
	"errors"
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

func (r *run) isPoisoned() (yes bool) {
	r.s.note(func() { yes = r.poisoned })
	return yes
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
