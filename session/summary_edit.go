package session

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// edited says that somebody has written it rather than a model.
func (x *Summary) edited() bool { return x.Model == "" }

// Recollection is what stands for the front of a conversation.
type Recollection struct {
	Summary Summary // the zero value where nothing does
	Turns   int     // that it stands for
}

// ErrSummaryTooLong says that a summary would take too much of the window.
var ErrSummaryTooLong = errors.New("the summary is too long")

// Summary is what stands for the front of a conversation of the owner's, whether it is
// going on or over. Errors are ErrUnknownSession, ctx's, and those of the archive.
func (r *Registry) Summary(ctx context.Context, owner, id string) (Recollection, error) {
	c := askSummary{make(chan recalled, 1)}
	x, err := r.recollect(ctx, owner, id, c, c.reply, nil)
	return Recollection{x.summary, x.turns}, err
}

// SetSummary puts a text of somebody's in the place of what stands for the front of a
// conversation. It holds until the next summary, which takes it up. Errors are those of
// Summary, and ErrSummaryTooLong.
func (r *Registry) SetSummary(ctx context.Context, owner, id, text string) (Recollection, error) {
	tokens := r.up.Tokens.Count(text)
	if tokens > r.cfg.ContextSize/summaryShare*2 {
		return Recollection{}, fmt.Errorf("%w: it has %d tokens, %d is the most in a window of %d",
			ErrSummaryTooLong, tokens, r.cfg.ContextSize/summaryShare*2, r.cfg.ContextSize)
	}
	set := func(x *recalled) {
		x.summary = Summary{
			Covers: x.digest.String(), Text: text, UpTo: x.summary.UpTo, Tokens: tokens, Created: time.Now(),
		}
	}
	c := setSummary{set, make(chan recalled, 1)}
	x, err := r.recollect(ctx, owner, id, c, c.reply, set)
	if err == nil && r.up.Summaries != nil {
		err = r.up.Summaries.SaveSummary(ctx, id, x.summary)
	}
	return Recollection{x.summary, x.turns}, err
}

// recollect has a session run c, or reads, and changes, what was kept of one that is over.
func (r *Registry) recollect(
	ctx context.Context, owner, id string, c command, reply <-chan recalled, change func(*recalled),
) (recalled, error) {
	if s, live := r.Find(owner, id); live {
		if s.fleeting {
			return recalled{}, ErrUnknownSession
		}
		if err := s.post(ctx, c); err == nil {
			select {
			case x := <-reply:
				return x, nil
			case <-s.over:
			case <-ctx.Done():
				return recalled{}, context.Cause(ctx)
			}
		} else if !errors.Is(err, ErrEnded) {
			return recalled{}, err
		}
		select { // until all of it is in the archive
		case <-s.done:
		case <-ctx.Done():
			return recalled{}, context.Cause(ctx)
		}
	}
	if r.up.Archive == nil || r.up.Summaries == nil {
		return recalled{}, ErrUnknownSession
	}
	rec, err := r.up.Archive.Load(ctx, id)
	if err != nil {
		return recalled{}, err
	}
	if rec.Owner != owner {
		return recalled{}, ErrUnknownSession
	}
	list := make([]*item, len(rec.Items))
	for i := range rec.Items {
		if list[i], err = restoreItem(&rec.Items[i]); err != nil {
			return recalled{}, err
		}
	}
	if change != nil {
		r.scribe.drop(id) // what it writes would be of another text
	}
	kept, err := r.up.Summaries.Summaries(ctx, id)
	if err != nil {
		return recalled{}, err
	}
	x, _ := recall(list, kept)
	if change != nil {
		change(&x)
	}
	return x, nil
}

type (
	// askSummary asks for what stands for the front of the conversation.
	askSummary struct{ reply chan recalled } // capacity 1
	// setSummary puts another text in its place.
	setSummary struct {
		set   func(*recalled)
		reply chan recalled // capacity 1
	}
)

func (c askSummary) run(s *Session) { c.reply <- s.memory.recalled }

func (c setSummary) run(s *Session) {
	s.house.scribe.drop(s.id)
	c.set(&s.memory.recalled)
	c.reply <- s.memory.recalled
	s.tellContext()
	s.considerSummary()
}
