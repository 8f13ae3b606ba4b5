package llmtest

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// State is how far a request has come.
type State string

// A request waits for a slot, has its prompt processed, is answered, and ends.
const (
	StateWaiting    State = "waiting"
	StatePrompt     State = "prompt"
	StateGenerating State = "generating"
	// StateDone: answered to the end.
	StateDone State = "done"
	// StateAborted: the client left before the end.
	StateAborted State = "aborted"
	// StateFailed: the server refused it, or a Fault ended it.
	StateFailed State = "failed"
)

// Ended says that nothing more happens to a request in this state.
func (s State) Ended() bool {
	return s == StateDone || s == StateAborted || s == StateFailed
}

// Record is what a server saw of one request.
type Record struct {
	// Path is the request's path below the server's prefix.
	Path string
	// Body is the request's body as it came.
	Body []byte
	// Chat is the request as the model saw it; Number is zero before its turn.
	Chat  ChatRequest
	State State
	// Tokens is how many tokens of the reply have been produced, thoughts not
	// counted.
	Tokens int
	// Arrived and Ended are times of the server; Ended is zero before the end.
	Arrived time.Time
	Ended   time.Time
}

const defaultKeepRecords = 256

// journal keeps the latest records and wakes those who wait for a change.
type journal struct {
	keep int // immutable

	mu      sync.Mutex
	entries []*entry      // guarded by mu; oldest first
	changed chan struct{} // guarded by mu; nil while nobody waits
}

// entry is a record that is still being written. Guarded by its journal's mu.
type entry struct {
	journal *journal
	record  Record
}

func newJournal(keep int) *journal {
	if keep == 0 {
		keep = defaultKeepRecords
	}
	return &journal{keep: keep}
}

func (j *journal) add(path string, body []byte) *entry {
	e := &entry{journal: j, record: Record{Path: path, Body: body, State: StateWaiting, Arrived: time.Now()}}
	if j.keep < 0 {
		return e
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.entries) == j.keep {
		j.entries = append(j.entries[:0], j.entries[1:]...)
	}
	j.entries = append(j.entries, e)
	j.wakeLocked()
	return e
}

func (e *entry) update(change func(*Record)) {
	e.journal.mu.Lock()
	defer e.journal.mu.Unlock()
	change(&e.record)
	e.journal.wakeLocked()
}

func (e *entry) state(s State) {
	e.update(func(r *Record) {
		r.State = s
		if s.Ended() {
			r.Ended = time.Now()
		}
	})
}

func (e *entry) token() { e.update(func(r *Record) { r.Tokens++ }) }

func (j *journal) wakeLocked() {
	if j.changed != nil {
		close(j.changed)
		j.changed = nil
	}
}

// Records returns the latest requests, oldest first.
func (j *journal) Records() []Record {
	j.mu.Lock()
	defer j.mu.Unlock()
	records := make([]Record, len(j.entries))
	for i, e := range j.entries {
		records[i] = e.record
	}
	return records
}

// Await returns the first record that the condition holds for, waiting for it if
// need be. It fails when ctx ends before that.
func (j *journal) Await(ctx context.Context, condition func(Record) bool) (Record, error) {
	for {
		j.mu.Lock()
		for _, e := range j.entries {
			if condition(e.record) {
				record := e.record
				j.mu.Unlock()
				return record, nil
			}
		}
		if j.changed == nil {
			j.changed = make(chan struct{})
		}
		changed := j.changed
		j.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return Record{}, fmt.Errorf("await a request: %w", context.Cause(ctx))
		}
	}
}
