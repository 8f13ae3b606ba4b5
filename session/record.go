package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"avatarforge/persona"
	"avatarforge/realtime"
)

// beginning is what a session starts with: a new conversation, or one from the archive.
type beginning struct {
	id, owner string
	object    realtime.Session
	part      part
	items     []*item
	next      uint64 // number of the next frame
	segment   uint32 // the last segment's number
	archive   Archive
	epoch     int64   // under which it is saved
	frames    []Frame // that another instance has sent last, up to next
	tenure    *tenure // nil where no other instance can have it
	// told says that session.created has been sent, now or before a restoration; torn,
	// that frames may have been sent after that of which nothing is known.
	told, torn bool
	bare       bool     // whether the model is told nothing but the messages
	fleeting   bool     // nothing of it is kept, and nothing of its listener
	recalled   recalled // the summary of its front
	summarised string   // what the summary covers that a response was told last
}

const (
	// tornFrames and tornSegments are what may have been sent between the last save of a
	// session and the death of its server: no client sees a number twice. Frames go on from
	// the last one that a client names.
	tornFrames   = 100_000
	tornSegments = 10_000
)

// restore makes a conversation of its record; last is the number of the last frame that
// its client has seen, 0 where it names none; left is what another instance has left of it.
// A character that is gone leaves the plain assistant.
func (r *Registry) restore(ctx context.Context, rec *Record, last uint64, left *estate) (*beginning, error) {
	var kept settings
	if err := json.Unmarshal(rec.Settings, &kept); err != nil {
		return nil, fmt.Errorf("restore session %s: %w", rec.ID, err)
	}
	b := &beginning{
		id: rec.ID, owner: rec.Owner, object: kept.Object,
		next: max(rec.NextEvent, 1), segment: rec.NextSegment,
		archive: r.up.Archive, epoch: rec.Epoch, told: true, torn: !kept.Closed,
	}
	b.object.Avatarforge.Turn = rec.Turn
	b.object.Avatarforge.Demo = r.cfg.Demo
	if b.torn {
		if b.next = max(b.next, last+1); last == 0 {
			b.next += tornFrames
		}
		b.segment += tornSegments
	} else if left != nil && left.Next == b.next {
		b.frames = left.Frames
	}
	var err error
	if b.part, err = r.up.part(ctx, &r.cfg, rec.Owner, rec.Character); errors.Is(err, persona.ErrUnknown) {
		r.cfg.Log.Warn("the character of a restored session is gone", slog.String("session", rec.ID))
		b.object.Avatarforge.CharacterID = ""
	} else if err != nil {
		return nil, err
	}
	for i := range rec.Items {
		it, err := restoreItem(&rec.Items[i])
		if err != nil {
			return nil, fmt.Errorf("restore session %s: %w", rec.ID, err)
		}
		b.items = append(b.items, it)
	}
	b.summarised = kept.Summary
	b.recalled = r.recall(ctx, rec.ID, b.items)
	r.up.askWindow(ctx, b.object.Model)
	measure(b.items[b.recalled.items:], r.up.Tokens, r.up.window(&r.cfg, b.object.Model))
	return b, nil
}

// record is the session as it is kept; closed says that nothing more will be sent.
func (s *Session) record(closed bool) *Record {
	object := s.object
	object.Avatarforge.Resumed = nil
	text, err := json.Marshal(settings{Object: object, Closed: closed, Summary: s.memory.told})
	if err != nil {
		s.log.Error("the session's settings cannot be written", slog.Any("error", err)) // they are plain data
		return nil
	}
	return &Record{
		ID: s.id, Owner: s.owner, Character: object.Avatarforge.CharacterID, Settings: text,
		NextEvent: s.outbox.nextNumber(), NextSegment: s.segment, Turn: object.Avatarforge.Turn,
	}
}

// keep saves an item as it has become.
func (s *Session) keep(it *item, u urgency) {
	if s.journal.archive == nil {
		return
	}
	if it.position == "" {
		it.position = s.positionOf(it)
	}
	s.journal.saveItem(s.recordItem(it), u)
}

// positionOf is where the item stands, for the archive.
func (s *Session) positionOf(it *item) string {
	after, before := s.items.neighbours(it)
	position, err := s.journal.archive.Between(after, before)
	if err != nil {
		s.log.Error("an item has no place in the transcript", slog.String("item", it.ID), slog.Any("error", err))
	}
	return position
}

func (s *Session) recordItem(it *item) ItemRecord {
	r := ItemRecord{
		ID: it.ID, Position: it.position, Role: it.Role, Status: it.Status,
		Type: it.Content[0].Type, Text: it.Text(), Full: it.full, Created: it.created,
	}
	if running := s.response; running != nil && running.item == it {
		r.Full = running.text.String()
		r.Text = r.Full
		if running.aloud {
			r.Text = heardText(r.Full, it.speech, it.audioFor())
		}
	}
	var kept itemSpeech
	for _, seg := range it.speech {
		kept.Segments = append(kept.Segments, segmentSpeech{len(seg.text), seg.start.Milliseconds(), seg.duration.Milliseconds()})
	}
	if len(it.Content) > 1 {
		for _, c := range it.Content {
			kept.Parts = append(kept.Parts, len(c.Text))
		}
	}
	if kept.Segments != nil || kept.Parts != nil {
		text, err := json.Marshal(kept)
		if err != nil {
			s.log.Error("an item's speech cannot be written", slog.Any("error", err)) // it is numbers
		}
		r.Speech = text
	}
	return r
}

// restoreItem makes an item of its record. One that was being written when its server
// died is incomplete.
func restoreItem(r *ItemRecord) (*item, error) {
	it := &item{
		Item: realtime.Item{
			ID: r.ID, Role: r.Role, Status: r.Status,
			Content: []realtime.Content{{Type: r.Type, Text: r.Text}},
		},
		full: r.Full, position: r.Position, created: r.Created,
	}
	if it.Status == realtime.StatusInProgress {
		it.Status = realtime.StatusIncomplete
	}
	if r.Speech == nil {
		return it, nil
	}
	var kept itemSpeech
	if err := json.Unmarshal(r.Speech, &kept); err != nil {
		return nil, fmt.Errorf("item %s: %w", r.ID, err)
	}
	rest := r.Full
	for _, seg := range kept.Segments {
		n := min(max(seg.Bytes, 0), len(rest))
		it.speech = append(it.speech, spokenText{
			text:  rest[:n],
			start: time.Duration(seg.StartMS) * time.Millisecond, duration: time.Duration(seg.DurationMS) * time.Millisecond,
		})
		rest = rest[n:]
	}
	if n := len(it.speech); n > 0 {
		// It has been heard, or will never be: it lies before the session's playhead.
		it.audioEnd = it.speech[n-1].start + it.speech[n-1].duration
	}
	if len(kept.Parts) > 1 {
		it.Content = nil
		rest := r.Text
		for _, n := range kept.Parts {
			n = min(max(n, 0), len(rest))
			it.Content = append(it.Content, realtime.Content{Type: r.Type, Text: rest[:n]})
			rest = rest[n:]
		}
	}
	return it, nil
}
