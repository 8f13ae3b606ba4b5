package ttstest

import (
	"net/http"
	"slices"
	"time"
)

// stream is modes 1 to 3: the headers leave at once, the work is done in a thread of
// its own and each chunk passes the event loop.
func (r *run) stream() {
	r.status(http.StatusOK)
	r.w.Header().Set("Content-Type", "audio/"+r.p.MediaType)
	r.w.WriteHeader(http.StatusOK)
	r.flush()

	r.enter()
	defer r.leave()
	if err := r.prepare(); err != nil {
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
	body, err := r.encode(pcm, rate)
	if err != nil {
		r.s.note(func() { r.rec.Failed = true })
		breakOff()
	}
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
