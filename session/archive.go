package session

import (
	"context"
	"encoding/json"
	"time"

	"avatarforge/realtime"
)

// Archive keeps conversations: the transcript of record, from which a session that has
// ended, or whose server has died, is restored. Safe for use by several goroutines; its
// methods may take as long as a database does.
type Archive interface {
	// Load is the conversation with that id, with its items in order, or
	// ErrUnknownSession.
	Load(ctx context.Context, id string) (*Record, error)
	// Take is Load for an instance that takes the conversation over: whatever another one
	// still saves of it under an earlier epoch is refused with ErrUnknownSession.
	Take(ctx context.Context, id string) (*Record, error)
	// Save makes changes last: it returns once they would outlive the machine's
	// failing. It is called again with the same changes where it failed, so each must
	// be one that may come twice. ErrUnknownSession says that the conversation, or its
	// owner, has been deleted meanwhile, or that it has been taken over.
	Save(ctx context.Context, c Changes) error
	// Between is a position behind the one given as after and in front of the one given
	// as before; empty means the beginning and the end.
	Between(after, before string) (string, error)
}

// Record is a conversation as it is kept.
type Record struct {
	ID          string
	Owner       string
	Character   string          // empty for the plain assistant
	Settings    json.RawMessage // see settings
	NextEvent   uint64          // number of the next frame
	NextSegment uint32
	Turn        int
	Epoch       int64     // see Archive.Take; only where it is loaded
	New         bool      // whether the archive may not know it yet; only where it is saved
	Created     time.Time // only where it is loaded

	Items []ItemRecord // only where it is loaded
}

// ItemRecord is an item as it is kept.
type ItemRecord struct {
	ID       string
	Position string // where it stands, see Archive.Between
	Role     realtime.Role
	Status   realtime.Status
	Type     realtime.ContentType
	Text     string          // as the listener heard it
	Full     string          // as it was generated or given
	Speech   json.RawMessage // see itemSpeech; nil for none
	Created  time.Time
}

// Changes are what has become of a conversation since the last Save.
type Changes struct {
	Session string
	Epoch   int64        // of whoever saves
	Record  *Record      // without its items; nil where it has not changed
	Items   []ItemRecord // new or changed, each once
	Deleted []string     // items' ids
}

func (c *Changes) empty() bool {
	return c.Record == nil && len(c.Items) == 0 && len(c.Deleted) == 0
}

// settings are a session's own part of its Record.
type settings struct {
	Object realtime.Session `json:"object"`
	// Closed says that the session ended in order, so that nothing was sent after
	// NextEvent.
	Closed bool `json:"closed"`
	// Summary is what the summary covers that a response was told last, see Summary.
	Summary string `json:"summary,omitempty"`
}

// itemSpeech is what is kept of an item beside its text.
type itemSpeech struct {
	Segments []segmentSpeech `json:"segments,omitempty"` // of the latest speech, in order
	Parts    []int           `json:"parts,omitempty"`    // lengths of the text's parts in bytes, where there are several
}

// segmentSpeech is a stretch of an item's text and when it sounds.
type segmentSpeech struct {
	Bytes      int   `json:"bytes"` // of the text, behind the one before
	StartMS    int64 `json:"start_ms"`
	DurationMS int64 `json:"duration_ms"`
}
