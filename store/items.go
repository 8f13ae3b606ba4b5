package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Item is one message of a transcript. Role, Status and ContentType are the protocol's words.
type Item struct {
	Session     string
	Epoch       int64  // of the session, as its writer knows it; not read
	ID          string // of its own within the session
	Position    string // where it stands, see PositionBetween
	Role        string
	Status      string
	ContentType string
	Text        string          // as the listener heard it
	Full        string          // as it was generated or given
	Speech      json.RawMessage // which text sounds when, as the session's own package writes it; nil for none
	// Created is set when it is saved first, where it is zero; Updated each time.
	Created, Updated time.Time
}

const itemColumns = `session_id, id, position, role, status, content_type, heard, full_text, speech, created, updated`

func scanItem(row scanner) (it Item, err error) {
	var (
		speech           string
		created, updated int64
	)
	err = row.Scan(&it.Session, &it.ID, &it.Position, &it.Role, &it.Status, &it.ContentType,
		&it.Text, &it.Full, &speech, &created, &updated)
	it.Speech = rawJSON(speech)
	it.Created, it.Updated = when(created), when(updated)
	return it, err
}

// itemStatement stores an item, new or as it has become, if its session is there and has its epoch.
func (s *Store) itemStatement(it *Item) (*statement, error) {
	if !validPosition(it.Position) {
		return nil, fmt.Errorf("%w: position %q", ErrInvalid, it.Position)
	}
	return &statement{
		text: `
		INSERT INTO items (` + itemColumns + `) 
		SELECT id, $2, $3, $4, $5, $6, $7, $8, $9, CAST($10 AS bigint), CAST($11 AS bigint)
		FROM sessions WHERE id = $1 AND epoch = $12
		ON CONFLICT (session_id, id) DO UPDATE
		SET position = excluded.position, role = excluded.role, status = excluded.status,
		    content_type = excluded.content_type, heard = excluded.heard, full_text = excluded.full_text,
		    speech = excluded.speech, updated = excluded.updated`,
		args: []any{
			plain(it.Session), plain(it.ID), it.Position, plain(it.Role), plain(it.Status), plain(it.ContentType),
			plain(it.Text), plain(it.Full), plain(string(it.Speech)), micros(s.orNow(it.Created)), micros(s.clock()), it.Epoch,
		},
	}, nil
}

// deletion deletes an item, if its session has that epoch.
func deletion(session string, epoch int64, id string) *statement {
	return &statement{
		text: `
		DELETE FROM items WHERE session_id = $1 AND id = $2
		AND EXISTS (SELECT 1 FROM sessions WHERE sessions.id = $1 AND epoch = $3)`,
		args: []any{plain(session), plain(id), epoch},
	}
}

// Items is a session's whole transcript, in order. It is empty for a session that is not there.
func (s *Store) Items(ctx context.Context, session string) ([]Item, error) {
	return all(ctx, s, "read transcript", scanItem, `
		SELECT `+itemColumns+` FROM items WHERE session_id = $1 ORDER BY position, id`, plain(session))
}

// Messages is a page of a session's transcript, the oldest first, and the cursor of the next page,
// empty at the end. An item that is put in front of a page that was read already is on no later
// page, and none is on two. limit is 50 where it is zero, and 200 at most.
func (s *Store) Messages(ctx context.Context, session, cursor string, limit int) ([]Item, string, error) {
	const doing = "list messages"
	after, err := parseCursor(messageList, cursor)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", doing, err)
	}
	size := pageSize(limit)
	list, err := all(ctx, s, doing, scanItem, `
		SELECT `+itemColumns+` FROM items
		WHERE session_id = $1 AND (position, id) > ($2, $3)
		ORDER BY position, id LIMIT $4`,
		plain(session), after.key, after.id, size+1)
	page, next := cut(list, size, messageList, func(it Item) mark { return mark{it.Position, it.ID} })
	return page, next, err
}
