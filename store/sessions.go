package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

// Session is what a conversation needs, beside its items, to be gone on with.
type Session struct {
	ID          string
	Owner       string
	CharacterID string          // of a preset or of a stored character; empty for the plain assistant
	Config      json.RawMessage // the session's settings, as the session's own package writes them
	NextEvent   uint64          // number of the next event
	NextSegment uint32
	Turn        int
	Epoch       int64 // by how many instances it has been taken over, see TakeSession
	// Created is set when it is saved first, where it is zero; Updated each time.
	Created, Updated time.Time
}

const sessionColumns = `id, owner, character_id, config, next_event, next_segment, turn, epoch, created, updated`

func scanSession(row scanner) (x Session, err error) {
	var (
		config           string
		event            int64
		created, updated int64
	)
	err = row.Scan(&x.ID, &x.Owner, &x.CharacterID, &config, &event, &x.NextSegment, &x.Turn, &x.Epoch, &created, &updated)
	x.Config = rawJSON(config)
	x.NextEvent = uint64(event)
	x.Created, x.Updated = when(created), when(updated)
	return x, err
}

// rawJSON is a column's JSON; empty is none.
func rawJSON(text string) json.RawMessage {
	if text == "" {
		return nil
	}
	return json.RawMessage(text)
}

// sessionStatement stores a session, new or as it has become. The owner and the time it was created
// stay what they were: it changes no row where the session has another owner, or has been taken over
// since by another instance.
func (s *Store) sessionStatement(x *Session) *statement {
	return &statement{
		text: `
		INSERT INTO sessions (` + sessionColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (id) DO UPDATE
		SET character_id = excluded.character_id, config = excluded.config, next_event = excluded.next_event,
		    next_segment = excluded.next_segment, turn = excluded.turn, updated = excluded.updated
		WHERE sessions.owner = excluded.owner AND sessions.epoch = excluded.epoch`,
		args: []any{
			plain(x.ID), plain(x.Owner), plain(x.CharacterID), plain(string(x.Config)),
			int64(x.NextEvent), int64(x.NextSegment), x.Turn, x.Epoch, micros(s.orNow(x.Created)), micros(s.clock()),
		},
	}
}

// updateStatement stores a session as it has become, if it has not been deleted, nor taken over since
// by another instance.
func (s *Store) updateStatement(x *Session) *statement {
	return &statement{
		text: `
		UPDATE sessions
		SET character_id = $3, config = $4, next_event = $5, next_segment = $6, turn = $7, updated = $8
		WHERE id = $1 AND owner = $2 AND epoch = $9`,
		args: []any{
			plain(x.ID), plain(x.Owner), plain(x.CharacterID), plain(string(x.Config)),
			int64(x.NextEvent), int64(x.NextSegment), x.Turn, micros(s.clock()), x.Epoch,
		},
	}
}

// Changes are what has become of a conversation since it was saved last. What it has of the session's
// id and epoch, SaveChanges fills in for the session and the items.
type Changes struct {
	ID      string
	Epoch   int64    // of the session, as its writer knows it
	Session *Session // nil where it has not changed
	New     bool     // whether Session has yet to be inserted
	Deleted []string // items' ids; one that is not there will do
	Items   []Item   // new, also under a deleted one's id, or as they have become
}

// SaveChanges saves all of it or nothing, in one transaction, which holds the session: TakeSession and
// DeleteSession come before it or after it. ErrNotFound: the session was never saved, has been
// deleted, or has been taken over since by another instance; or its owner is no user. ErrConflict: what should be
// new is there, and is another owner's or instance's: trying again will not help. ErrInvalid: an item's
// position is not one of PositionBetween's.
func (s *Store) SaveChanges(ctx context.Context, c *Changes) error {
	const doing = "save conversation"
	if c.Session == nil && len(c.Items) == 0 && len(c.Deleted) == 0 {
		return nil
	}
	list := []*statement{s.holdStatement(c)}
	list[0].vital = true
	for _, id := range c.Deleted {
		list = append(list, deletion(c.ID, c.Epoch, id))
	}
	for _, it := range c.Items {
		it.Session, it.Epoch = c.ID, c.Epoch
		st, err := s.itemStatement(&it)
		if err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
		list = append(list, st)
	}
	if err := s.write.run(ctx, list...); err != nil {
		return wrap(doing, err)
	}
	switch {
	case list[0].rows > 0:
		return nil
	case c.New:
		return fmt.Errorf("%s: %w: the session belongs to another owner, or has been taken over", doing, ErrConflict)
	}
	return wrap(doing, sql.ErrNoRows)
}

// holdStatement changes the session's row, and so holds it for the rest of the transaction, if the
// session still has its epoch.
func (s *Store) holdStatement(c *Changes) *statement {
	if c.Session == nil {
		return &statement{
			text: `UPDATE sessions SET updated = $3 WHERE id = $1 AND epoch = $2`,
			args: []any{plain(c.ID), c.Epoch, micros(s.clock())},
		}
	}
	x := *c.Session
	x.ID, x.Epoch = c.ID, c.Epoch
	if c.New {
		return s.sessionStatement(&x)
	}
	return s.updateStatement(&x)
}

// TakeSession makes a session the caller's alone: under an epoch that was read before, nothing of it
// is saved any more. ErrNotFound: there is none.
func (s *Store) TakeSession(ctx context.Context, id string) error {
	return s.execOne(ctx, "take session", `UPDATE sessions SET epoch = epoch + 1 WHERE id = $1`, plain(id))
}

// Session is the session with that id, whoever owns it: the caller looks at Owner.
func (s *Store) Session(ctx context.Context, id string) (Session, error) {
	return one(ctx, s, "read session", scanSession, `SELECT `+sessionColumns+` FROM sessions WHERE id = $1`, plain(id))
}

// Sessions is a page of an owner's sessions, the one begun last first, and the cursor of the next
// page, empty at the end. limit is 50 where it is zero, and 200 at most.
func (s *Store) Sessions(ctx context.Context, owner, cursor string, limit int) ([]Session, string, error) {
	const doing = "list sessions"
	before, id, err := newestFirst(sessionList, cursor)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", doing, err)
	}
	size := pageSize(limit)
	list, err := all(ctx, s, doing, scanSession, `
		SELECT `+sessionColumns+` FROM sessions
		WHERE owner = $1 AND (created, id) < ($2, $3)
		ORDER BY created DESC, id DESC LIMIT $4`,
		plain(owner), before, id, size+1)
	page, next := cut(list, size, sessionList, func(x Session) mark { return timeMark(x.Created, x.ID) })
	return page, next, err
}

// SessionIDs are the ids of all of an owner's sessions, in no order.
func (s *Store) SessionIDs(ctx context.Context, owner string) ([]string, error) {
	return all(ctx, s, "list sessions", func(row scanner) (id string, err error) { return id, row.Scan(&id) },
		`SELECT id FROM sessions WHERE owner = $1`, plain(owner))
}

// DeleteSession deletes the owner's session with its transcript and summaries. ErrNotFound stands
// also for one that is another's.
func (s *Store) DeleteSession(ctx context.Context, owner, id string) error {
	return s.execOne(ctx, "delete session", `DELETE FROM sessions WHERE id = $1 AND owner = $2`, plain(id), plain(owner))
}

// idleBatch is how many sessions DeleteIdle deletes at once, so that a first clean-up of a large
// database holds no writer up.
const idleBatch = 50

// DeleteEmpty deletes the sessions without an item that were not saved since the given time: somebody
// connected and said nothing.
func (s *Store) DeleteEmpty(ctx context.Context, before time.Time) (deleted int64, err error) {
	return s.exec(ctx, "delete empty sessions", `
		DELETE FROM sessions
		WHERE updated < $1 AND NOT EXISTS (SELECT 1 FROM items WHERE items.session_id = sessions.id)`, micros(before))
}

// DeleteIdle deletes the sessions that neither were saved nor got an item since the given time, and
// says how many.
func (s *Store) DeleteIdle(ctx context.Context, before time.Time) (deleted int64, err error) {
	for {
		n, err := s.exec(ctx, "delete idle sessions", `
			DELETE FROM sessions WHERE id IN (
				SELECT id FROM sessions
				WHERE updated < $1 AND NOT EXISTS (
					SELECT 1 FROM items WHERE items.session_id = sessions.id AND items.updated >= $2)
				ORDER BY updated LIMIT $3)`,
			micros(before), micros(before), idleBatch)
		deleted += n
		if err != nil || n == 0 {
			return deleted, err
		}
	}
}
