package persona

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"strings"
)

// Assignment is what a Writer writes by.
type Assignment struct {
	System string
	// Turns are the user's and the model's in turn, the first and the last the user's: the
	// request, and on a second attempt what was written and what is wrong with it.
	Turns []string
	// Schema is the JSON schema of what is to be written.
	Schema json.RawMessage
	// MaxTokens bounds it, in tokens.
	MaxTokens int
}

// Writer lets a model write. It yields the text piece by piece, or an error, which ends
// it: a *DraftError where the text is of no use, to be tried again; any other is final.
type Writer func(context.Context, Assignment) iter.Seq2[string, error]

// DraftEvent is one of the things that happen while a draft is being written; the others
// are empty.
type DraftEvent struct {
	// Field has begun, grown or come to its end.
	Field *DraftField
	// Again is why the draft is being written again from its beginning, so that the fields
	// until here are no more.
	Again string
	// Draft is the whole draft as a JSON object, checked: the last event.
	Draft json.RawMessage
}

const (
	// draftAttempts is how often a model may try.
	draftAttempts = 2
	// maxDraftBytes bounds what it may write whatever its server makes of MaxTokens.
	maxDraftBytes = 64 << 10
	// maxMirrored is how much of what it wrote it is shown again, in bytes.
	maxMirrored = 6 << 10
)

// Draft lets a model write what the brief asks for. What it writes is checked against the
// brief; if that fails it is told what is wrong and tries once more. The last event has
// the draft, or there is an error: the Writer's, or a *DraftError. Leaving the loop ends
// the writing.
func (b *Brief) Draft(ctx context.Context, write Writer) iter.Seq2[DraftEvent, error] {
	return func(yield func(DraftEvent, error) bool) {
		task := Assignment{System: b.system, Turns: []string{b.material}, Schema: b.schema, MaxTokens: b.maxTokens}
		for attempt := 1; ; attempt++ {
			text, wrong, err := b.attempt(write(ctx, task), yield)
			if err != nil {
				if !errors.Is(err, errLeft) {
					yield(DraftEvent{}, err)
				}
				return
			}
			var draft json.RawMessage
			if wrong == nil {
				draft, wrong = b.check(text)
			}
			if wrong == nil && attempt < draftAttempts && b.foreign(draft) {
				wrong = &DraftError{"is not in the language of the request"}
			}
			if wrong == nil {
				yield(DraftEvent{Draft: draft}, nil)
				return
			}
			if attempt == draftAttempts {
				yield(DraftEvent{}, wrong)
				return
			}
			if !yield(DraftEvent{Again: wrong.Reason}, nil) {
				return
			}
			task.Turns = b.mirrored(text, wrong)
		}
	}
}

// errLeft says that nobody listens any more.
var errLeft = errors.New("the reader has left")

// attempt takes down one try and tells the fields as they come.
func (b *Brief) attempt(pieces iter.Seq2[string, error], yield func(DraftEvent, error) bool) (written string, wrong *DraftError, err error) {
	tell := func(f DraftField) bool { return yield(DraftEvent{Field: &f}, nil) }
	fields := b.fields
	if b.name != "" {
		if !tell(DraftField{"name", b.name, true}) {
			return "", nil, errLeft
		}
		fields = fields[1:] // characterDraftFields begin with it
	}
	var text strings.Builder
	scan := newDraftScanner(fields)
	for piece, err := range pieces {
		switch {
		case errors.As(err, &wrong):
			return text.String(), wrong, nil
		case err != nil:
			return "", nil, err
		}
		text.WriteString(piece)
		if text.Len() > maxDraftBytes {
			return text.String(), &DraftError{"is far too long"}, nil
		}
		for _, field := range scan.push(piece) {
			if !tell(field) {
				return "", nil, errLeft
			}
		}
	}
	return text.String(), nil, nil
}

// mirrored are the turns of a second attempt.
func (b *Brief) mirrored(text string, wrong *DraftError) []string {
	if strings.TrimSpace(text) == "" {
		return []string{b.material} // there is nothing to be shown
	}
	if len(text) > maxMirrored {
		text = strings.ToValidUTF8(text[:maxMirrored], "") + "…"
	}
	return []string{b.material, text, b.words.again[0] + wrong.Reason + b.words.again[1]}
}
