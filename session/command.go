package session

import (
	"errors"
	"log/slog"
	"slices"
	"time"

	"avatarforge/persona"
	"avatarforge/realtime"
)

// command is what other goroutines ask of the loop. run is called by the loop alone.
type command interface{ run(s *Session) }

type (
	doEvent struct {
		event realtime.ClientEvent
		part  part  // that a session.update asks for
		err   error // why there is none
	}
	reportError struct{ err *realtime.Error }
	attach      struct {
		last  uint64
		reply chan *Attachment // capacity 1
	}
	detached struct{ attachment *Attachment }
	end      struct{ ending Ending }
	drain    struct{ ending Ending }
)

func (c reportError) run(s *Session) { s.fail(c.err.EventID, c.err) }
func (c end) run(s *Session)         { s.stop(c.ending) }

func (c drain) run(s *Session) {
	s.leaving = &c.ending
	s.leaveIfDone()
}

// leaveIfDone ends a session that is to end once nothing runs.
func (s *Session) leaveIfDone() {
	if s.leaving != nil && s.response == nil && len(s.segments) == 0 {
		s.stop(*s.leaving)
	}
}

func (c doEvent) run(s *Session) {
	if s.state == stateWaiting {
		s.fail(c.event.ID(), waitingError())
		return
	}
	if err := s.do(&c); err != nil {
		s.fail(c.event.ID(), err)
	}
}

func waitingError() *realtime.Error {
	return realtime.Invalid(realtime.CodeWaiting, "", "The session waits for a slot; wait for session.created.")
}

// do takes up a client's event.
func (s *Session) do(c *doEvent) *realtime.Error {
	switch e := c.event.(type) {
	case realtime.SessionUpdate:
		return s.update(&e.Session, c.part, c.err)
	case realtime.ItemCreate:
		return s.createItem(&e)
	case realtime.ItemRetrieve:
		it := s.items.find(e.ItemID)
		if it == nil {
			return notFound(e.ItemID)
		}
		s.emit(realtime.ItemRetrieved{Item: s.snapshot(it)})
	case realtime.ItemDelete:
		return s.deleteItem(e.ItemID)
	case realtime.ItemTruncate:
		return s.truncateItem(&e)
	case realtime.ResponseCreate:
		return s.createResponse(&e.Response, nil)
	case realtime.ResponseCancel:
		return s.cancelResponse(e.ResponseID)
	case realtime.Playback:
		now := time.Now()
		s.playhead.report(now, e.Segment, time.Duration(e.PlayedMS)*time.Millisecond)
		s.moveDeadlines(now)
	case realtime.Speak:
		return s.speakItem(e.ItemID)
	case realtime.Unsupported:
		return realtime.Invalid(realtime.CodeUnsupported, "type", "%s: voice input is not supported yet; send text by conversation.item.create.", e.Type)
	}
	return nil
}

func notFound(id string) *realtime.Error {
	return realtime.Invalid(realtime.CodeItemNotFound, "item_id", "There is no item %q in the conversation.", id)
}

// stockVoices are the names that OpenAI's clients give; any of them means the voice that
// the session has.
var stockVoices = []string{
	"alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer", "verse",
}

// update applies a session.update: all of it, or nothing. wanted is the part that it
// asks for, failed why that could not be had.
func (s *Session) update(p *realtime.SessionPatch, wanted part, failed error) *realtime.Error {
	if p.Voice != nil {
		if _, ok := s.up.Voices.Get(*p.Voice); !ok {
			if !slices.Contains(stockVoices, *p.Voice) {
				return realtime.Invalid(realtime.CodeUnknownVoice, "session.audio.output.voice", "There is no voice %q; GET /api/tts/voices lists them.", *p.Voice)
			}
			p.Voice = nil
		}
	}
	if p.TTS != nil && p.TTS.TextLang != nil && !knownLanguage(*p.TTS.TextLang) {
		return realtime.Invalid(realtime.CodeInvalidValue, "session.avatarforge.tts.text_lang", "It can be %s.", languageList())
	}
	if most := s.object.Avatarforge.MaxTurns; p.MaxTurns != nil && most > 0 && (*p.MaxTurns == 0 || *p.MaxTurns > most) {
		return realtime.Invalid(realtime.CodeInvalidValue, "session.avatarforge.max_turns", "It can be lowered, not raised: 1 to %d.", most)
	}
	if p.Model != nil {
		model, character := s.cfg.named(*p.Model)
		p.Model = &model
		if character != "" {
			p.CharacterID = &character
		}
	}
	if p.CharacterID != nil && *p.CharacterID != "" {
		switch {
		case errors.Is(failed, persona.ErrUnknown):
			return realtime.Invalid(realtime.CodeUnknownCharacter, "session.avatarforge.character_id", "There is no character %q.", *p.CharacterID)
		case failed != nil:
			s.log.Error("character cannot be read", slog.String("character", *p.CharacterID), slog.Any("error", failed))
			return &realtime.Error{
				Type: realtime.ServerError, Code: realtime.CodeInternal, Param: "session.avatarforge.character_id",
				Message: "The character cannot be read at the moment; try again.",
			}
		}
		if _, ok := s.up.Voices.Get(wanted.character.VoiceID); ok && p.Voice == nil {
			p.Voice = &wanted.character.VoiceID
		}
	}
	if p.CharacterID != nil {
		s.part = wanted
	}
	p.Apply(&s.object)
	s.emit(realtime.SessionUpdated{Session: s.object})
	s.keepRecord(atOnce)
	return nil
}

func (s *Session) createItem(e *realtime.ItemCreate) *realtime.Error {
	if len(s.items.list) >= realtime.MaxItems {
		return realtime.Invalid(realtime.CodeItemLimit, "item", "A session holds %d items at most.", realtime.MaxItems)
	}
	if e.Item.ID == "" {
		e.Item.ID = newID("item_")
	} else if s.items.find(e.Item.ID) != nil {
		return realtime.Invalid(realtime.CodeItemExists, "item.id", "There is an item %q already.", e.Item.ID)
	}
	it := &item{Item: e.Item, full: e.Item.Text(), created: time.Now()}
	previous, ok := s.items.insert(it, e.PreviousItemID)
	if !ok {
		return realtime.Invalid(realtime.CodeItemNotFound, "previous_item_id", "There is no item %q in the conversation.", e.PreviousItemID)
	}
	if e.PreviousItemID != "" {
		s.edited(it)
	}
	s.emit(realtime.ItemAdded{PreviousItemID: previous, Item: it.snapshot()})
	s.keep(it, beforeTelling)
	s.emit(realtime.ItemDone{PreviousItemID: previous, Item: it.snapshot()})
	return nil
}

func (s *Session) deleteItem(id string) *realtime.Error {
	it := s.items.find(id)
	if it == nil {
		return notFound(id)
	}
	if it.Status == realtime.StatusInProgress {
		return realtime.Invalid(realtime.CodeItemInProgress, "item_id", "Item %q is being written; cancel its response first.", id)
	}
	s.dropSpeech(func(seg *segment) bool { return seg.item == it })
	s.edited(it)
	s.items.remove(it)
	s.journal.deleteItem(id)
	s.emit(realtime.ItemDeleted{ItemID: id})
	return nil
}

func (s *Session) truncateItem(e *realtime.ItemTruncate) *realtime.Error {
	it := s.items.find(e.ItemID)
	if it == nil {
		return notFound(e.ItemID)
	}
	if e.ContentIndex != 0 {
		return realtime.Invalid(realtime.CodeInvalidValue, "content_index", "An item has one part, with index 0.")
	}
	if it.Role != realtime.RoleAssistant || it.Content[0].Type != realtime.ContentOutputAudio {
		return realtime.Invalid(realtime.CodeInvalidValue, "item_id", "Item %q is not speech, so it cannot be truncated.", it.ID)
	}
	heard := time.Duration(e.AudioEndMS) * time.Millisecond
	switch r := s.response; {
	case r != nil && r.item == it:
		r.truncated = &heard // its text is not whole yet
	case len(it.speech) == 0:
		return realtime.Invalid(realtime.CodeInvalidValue, "item_id", "Item %q has not been spoken, so it cannot be truncated.", it.ID)
	case heard >= it.audioFor()+time.Millisecond: // clients count in whole ones, and may round up
		return realtime.Invalid(realtime.CodeInvalidValue, "audio_end_ms", "Of item %q there are only %d ms of audio.", it.ID, it.audioFor().Milliseconds())
	default:
		it.hear(heard)
		if it.audioEnd == s.playhead.sent {
			s.playhead.silence(time.Now()) // whoever truncates has emptied the player
		}
		s.edited(it)
		s.keep(it, beforeTelling)
	}
	s.emit(realtime.ItemTruncated{ItemID: it.ID, ContentIndex: 0, AudioEndMS: e.AudioEndMS})
	return nil
}

func (c attach) run(s *Session) {
	complete := s.outbox.reaches(c.last) && !s.torn
	s.torn = false
	if !complete {
		// The log no longer tells the story: tell what it came to.
		c.last = s.outbox.nextNumber() - 1
	}
	if before := s.audience.listener; before != nil {
		s.outbox.detach(before, Ending{realtime.CloseTakenOver, "another connection has taken the session over"})
	}
	a := s.outbox.attach(c.last)
	s.audience.listener, s.audience.until, s.audience.returns = a, time.Time{}, false
	c.reply <- a
	if complete || !s.told {
		return
	}
	s.retell = true
	switch {
	case s.state == stateLive:
		s.tell()
	case s.admission.place != realtime.Queue{}:
		s.emit(s.admission.place) // its first telling lies before what this listener gets
	}
}

func (c detached) run(s *Session) {
	if i := slices.Index(s.audience.askers, c.attachment); i >= 0 {
		s.audience.askers = slices.Delete(s.audience.askers, i, i+1)
		s.leaveUnlessFollowed()
		return
	}
	if s.audience.listener != c.attachment {
		return // somebody else has come meanwhile
	}
	s.audience.listener = nil
	if s.state == stateWaiting {
		s.stop(Ending{realtime.CloseNormal, "the listener left the line"})
		return
	}
	s.audience.until, s.audience.returns = time.Now().Add(s.cfg.ResumeGrace), true
}

// leaveUnlessFollowed ends a session that only askers followed.
func (s *Session) leaveUnlessFollowed() {
	if a := &s.audience; a.listener == nil && len(a.askers) == 0 && !a.returns {
		s.stop(Ending{realtime.CloseNormal, "the answer has been given"})
	}
}
