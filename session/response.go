package session

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"

	"avatarforge/llm"
	"avatarforge/realtime"
	"avatarforge/tts"
	"avatarforge/tts/sentence"
)

// responseState is how far a response has come. The state after speaking is that
// there is no response.
type responseState int

const (
	generating responseState = iota // the model writes
	speaking                        // the model is done, speech is still being sent
)

// response is the one that runs. Owned by the session's loop, but for deltas.
type response struct {
	id       string
	item     *item
	audio    bool // whether the output is speech; else text
	aloud    bool // whether its sentences are spoken as they come
	reply    int  // the most tokens that it may have
	metadata map[string]string
	told     *told
	// summarised says that its prompt was the first with the summary in it.
	summarised bool

	state   responseState
	deltas  <-chan generated // nil once the model is done
	abort   context.CancelCauseFunc
	outcome outcome    // valid once speaking
	trace   *turnTrace // nil where nobody traces
	usage   *llm.Usage // nil until the LLM server said

	text     strings.Builder
	splitter sentence.Splitter
	speller  *tts.Speller
	paused   time.Time // when the model's pause counts as one; zero while nothing waits for that
	index    int       // of the next sentence

	// truncated is what the client said it heard while the response still ran.
	truncated    *time.Duration
	speechErrors int

	kept          time.Time // when its text was last put down to be saved
	started       time.Time
	firstToken    time.Time
	firstSentence time.Time
	firstAudio    time.Time
}

// outcome is how a response ends.
type outcome struct {
	status  realtime.Status
	details *realtime.StatusDetails
}

// generated is one step of the model's stream.
type generated struct {
	delta llm.Delta
	err   error
}

// errCancelled is the cause by which an upstream request ends with its response.
var errCancelled = errors.New("the response was cancelled")

// splitPause is how long the model must be silent for what the splitter holds open to
// count as ended: about two tokens of a slow model.
const splitPause = 80 * time.Millisecond

// mayRespond says why no response can begin.
func (s *Session) mayRespond() *realtime.Error {
	ext := &s.object.Avatarforge
	switch {
	case s.response != nil:
		return realtime.Invalid(realtime.CodeActiveResponse, "", "Response %s is still running; wait for its response.done, or send response.cancel.", s.response.id)
	case ext.MaxTurns > 0 && ext.Turn >= ext.MaxTurns:
		return realtime.Invalid(realtime.CodeTurnLimit, "", "This conversation has had its %d turns; start a new one.", ext.MaxTurns)
	case len(s.items.list) >= realtime.MaxItems:
		return realtime.Invalid(realtime.CodeItemLimit, "", "A session holds %d items at most.", realtime.MaxItems)
	}
	return nil
}

// createResponse begins a response. parent is the span of who asked for it; nil where there is none.
func (s *Session) createResponse(o *realtime.ResponseOverrides, parent trace.Span) *realtime.Error {
	began := time.Now()
	if err := s.mayRespond(); err != nil {
		return err
	}
	maxTokens := s.object.MaxOutputTokens
	if o.MaxOutputTokens != nil {
		maxTokens = *o.MaxOutputTokens
	}
	told, err := s.prompt(o, s.replyTokens(maxTokens))
	if err != nil {
		return err
	}
	ext := &s.object.Avatarforge
	ext.Turn++

	modalities := s.object.OutputModalities
	if o.OutputModalities != nil {
		modalities = o.OutputModalities
	}
	r := &response{
		id:       newID("resp_"),
		audio:    slices.Contains(modalities, realtime.ModalityAudio),
		reply:    told.request.MaxTokens,
		told:     told,
		metadata: o.Metadata,
		splitter: sentence.Splitter{FirstClause: true},
		speller:  tts.NewSpeller(s.speechLanguage()),
		started:  time.Now(),
	}
	r.kept = r.started
	r.aloud = r.audio && ext.TTS.Enabled && ext.TTS.Mode != realtime.SpeechOnClick
	r.summarised = told.summary != "" && told.summary != s.memory.told && !s.memory.summary.edited()
	if told.summary != "" {
		s.memory.told = told.summary
	}

	content := realtime.Content{Type: realtime.ContentOutputText}
	if r.audio {
		content.Type = realtime.ContentOutputAudio
	}
	r.item = &item{
		Item: realtime.Item{
			ID: newID("item_"), Role: realtime.RoleAssistant,
			Status: realtime.StatusInProgress, Content: []realtime.Content{content},
		},
		created: r.started,
	}
	s.response = r
	s.emit(realtime.ResponseCreated{Response: s.responseObject(r, realtime.StatusInProgress, nil)})

	empty := r.item.Item
	empty.Content = nil
	previous, _ := s.items.insert(r.item, "")
	s.emit(realtime.OutputItemAdded{ResponseID: r.id, Item: empty})
	s.emit(realtime.ItemAdded{PreviousItemID: previous, Item: empty})
	s.emit(realtime.ContentPartAdded{Place: r.place(), Part: realtime.Part{Audio: r.audio}})
	s.keepRecord(later) // of the turn that it takes, with the item, which the client has been told of
	s.keep(r.item, soon)

	r.trace = s.traceTurn(r, parent, began)
	ctx, abort := context.WithCancelCause(r.trace.generating())
	deltas := make(chan generated)
	r.abort, r.deltas = abort, deltas
	s.generators.Go(func() { generate(ctx, s.up.LLM, told.request, deltas) })
	return nil
}

// generate reads the model's stream into deltas and closes it. It is held back by
// whoever reads them, and with it the LLM server.
func generate(ctx context.Context, model llm.Model, request llm.Request, deltas chan<- generated) {
	defer close(deltas)
	for delta, err := range model.Stream(ctx, request) {
		select {
		case deltas <- generated{delta, err}:
		case <-ctx.Done():
			return
		}
	}
}

// takeDelta goes on by one step of the model's stream; more is false at its end.
func (s *Session) takeDelta(g generated, more bool) {
	r := s.response
	switch {
	case g.err != nil:
		s.generatedAll(s.failure(g.err))
	case !more:
		// An iterator that ends without its last delta: the stream was cut.
		s.generatedAll(s.failure(&llm.Error{Kind: llm.KindTruncated}))
	default:
		if g.delta.Text != "" {
			s.takeText(g.delta.Text)
		}
		if g.delta.Finish == "" {
			return
		}
		if g.delta.Usage != (llm.Usage{}) {
			r.usage = &g.delta.Usage
		}
		o := outcome{status: realtime.StatusCompleted, details: &realtime.StatusDetails{Type: realtime.StatusCompleted}}
		if g.delta.Finish == llm.FinishLength {
			o = outcome{
				status:  realtime.StatusIncomplete,
				details: &realtime.StatusDetails{Type: realtime.StatusIncomplete, Reason: realtime.ReasonMaxOutputTokens},
			}
		}
		s.generatedAll(o)
	}
}

// takeText sends a token on and feeds it to the splitter.
func (s *Session) takeText(text string) {
	r := s.response
	now := time.Now()
	if r.firstToken.IsZero() {
		r.firstToken = now
		s.cfg.Metrics.firstToken.Observe(now.Sub(r.started).Seconds())
		r.trace.firstToken(now)
	}
	r.text.WriteString(text)
	if now.Sub(r.kept) >= keepEvery {
		r.kept = now
		s.keep(r.item, later)
	}
	if !r.audio {
		delta := realtime.TextDelta{Place: r.place(), Delta: text}
		s.outbox.publish(false, tokenFrameBytes+len(text), func(dst []byte, n uint64) []byte {
			return realtime.AppendTextDelta(dst, n, &delta)
		})
		return
	}
	delta := realtime.TranscriptDelta{Place: r.place(), Delta: text}
	s.outbox.publish(false, tokenFrameBytes+len(text), func(dst []byte, n uint64) []byte {
		return realtime.AppendTranscriptDelta(dst, n, &delta)
	})
	if !r.aloud {
		return
	}
	s.say(now, r.splitter.Push(text))
	r.paused = time.Time{}
	if r.splitter.Held() {
		r.paused = now.Add(splitPause)
	}
}

// keepEvery is how often the text of a running response is put down to be saved: so much of
// it, and of saveLater, may be lost with the server.
const keepEvery = time.Second

// tokenFrameBytes is a token frame without its token, rounded up.
const tokenFrameBytes = 256

// pauseEnd is when a pause of the model ends a sentence that waits for one.
func (s *Session) pauseEnd() time.Time {
	if s.response == nil {
		return time.Time{}
	}
	return s.response.paused
}

func (s *Session) endPause() {
	r := s.response
	r.paused = time.Time{}
	s.say(time.Now(), r.splitter.Pause())
}

// generatedAll notes that the model is done. The response is, once its speech has been
// sent.
func (s *Session) generatedAll(o outcome) {
	r := s.response
	r.state, r.outcome = speaking, o
	r.trace.generated(o)
	r.deltas, r.paused = nil, time.Time{}
	r.abort(nil)
	if r.aloud {
		s.say(time.Now(), r.splitter.Flush())
	}
	s.sendSpeech()
}

// cancelResponse stops the running response, or what avatarforge.speak has begun.
func (s *Session) cancelResponse(id string) *realtime.Error {
	r := s.response
	if r == nil && id == "" && len(s.segments) > 0 {
		s.dropSpeech(func(*segment) bool { return true })
		s.playhead.silence(time.Now())
		return nil
	}
	if r == nil || id != "" && id != r.id {
		return realtime.Invalid(realtime.CodeNoActiveResponse, "", "There is no such response running.")
	}
	s.breakOff(outcome{
		status:  realtime.StatusCancelled,
		details: &realtime.StatusDetails{Type: realtime.StatusCancelled, Reason: realtime.ReasonClientCancelled},
	})
	return nil
}

// breakOff ends the running response where it is: its upstream requests are aborted, and
// its item keeps what the listener has heard.
func (s *Session) breakOff(o outcome) {
	r := s.response
	now := time.Now()
	r.abort(errCancelled)
	r.deltas = nil
	if r.aloud {
		if r.truncated == nil {
			heard := s.heardOf(r.item, now)
			r.truncated = &heard
		}
		// What was written but never said is still told, so that the sentences of the
		// response joined are its text.
		for _, text := range r.splitter.Flush() {
			s.segments = append(s.segments, s.newSegment(text, now))
		}
		s.dropSpeech(func(seg *segment) bool { return seg.response == r })
		s.playhead.silence(now)
	}
	r.outcome = o
	s.finishResponse()
}

// finishResponse is the one way in which a response ends.
func (s *Session) finishResponse() {
	r := s.response
	now := time.Now()
	it := r.item
	it.full = r.text.String()
	if r.aloud && r.truncated != nil {
		it.hear(*r.truncated)
	} else {
		it.setText(it.full)
	}
	it.Status = realtime.StatusCompleted
	if r.outcome.status != realtime.StatusCompleted {
		it.Status = realtime.StatusIncomplete
	}

	s.response = nil
	s.calibrate(r)
	s.keepRecord(later) // with the item
	s.keep(it, beforeTelling)
	if r.audio {
		s.emit(realtime.AudioDone{Place: r.place()})
		s.emit(realtime.TranscriptDone{Place: r.place(), Transcript: it.full})
	} else {
		s.emit(realtime.TextDone{Place: r.place(), Text: it.full})
	}
	s.emit(realtime.ContentPartDone{Place: r.place(), Part: realtime.Part{Audio: r.audio, Text: it.full}})
	s.emit(realtime.OutputItemDone{ResponseID: r.id, Item: it.snapshot()})
	s.emit(realtime.ItemDone{PreviousItemID: s.items.previous(it), Item: it.snapshot()})
	s.emit(realtime.ResponseDone{Response: s.responseObject(r, r.outcome.status, &now)})
	s.emit(s.contextEvent(r))

	r.trace.end(r, now)
	s.cfg.Metrics.responses.WithLabelValues(string(r.outcome.status)).Inc()
	s.log.Info("response ended", slog.String("response", r.id), slog.String("status", string(r.outcome.status)),
		slog.Duration("took", now.Sub(r.started)), slog.Int("sentences", r.index), slog.Int("speech_errors", r.speechErrors))
	s.considerSummary()
	s.leaveIfDone()
}

func (r *response) place() realtime.Place {
	return realtime.Place{ResponseID: r.id, ItemID: r.item.ID}
}

// responseObject is a response as an event shows it; ended is nil while it runs.
func (s *Session) responseObject(r *response, status realtime.Status, ended *time.Time) realtime.Response {
	object := realtime.Response{
		Object: "realtime.response", ID: r.id, ConversationID: "conv_" + s.id,
		Status: status, Output: []realtime.Item{},
		OutputModalities: []realtime.Modality{realtime.ModalityText},
		MaxOutputTokens:  realtime.MaxTokens(r.reply), Metadata: r.metadata,
	}
	if r.audio {
		object.OutputModalities[0] = realtime.ModalityAudio
		object.Audio = &realtime.ResponseAudio{Output: realtime.ResponseAudioOutput{
			Format: s.object.Audio.Output.Format, Voice: s.object.Audio.Output.Voice,
		}}
	}
	if ended == nil {
		return object
	}
	object.StatusDetails = r.outcome.details
	object.Output = append(object.Output, r.item.snapshot())
	if u := r.usage; u != nil {
		object.Usage = &realtime.Usage{InputTokens: u.InputTokens, OutputTokens: u.OutputTokens, TotalTokens: u.InputTokens + u.OutputTokens}
	}
	object.Avatarforge = &realtime.ResponseExtension{
		ContextSummarized: r.summarised,
		Timings: realtime.Timings{
			FirstTokenMS:    r.since(r.firstToken),
			FirstSentenceMS: r.since(r.firstSentence),
			FirstAudioMS:    r.since(r.firstAudio),
			TotalMS:         ended.Sub(r.started).Milliseconds(),
		},
		SpeechErrors: r.speechErrors,
	}
	return object
}

func (r *response) since(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	ms := t.Sub(r.started).Milliseconds()
	return &ms
}
