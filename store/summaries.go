package store

import (
	"context"
	"time"
)

// Summary is what stands in a prompt for the front of a conversation.
type Summary struct {
	Session  string
	Covers   string // hash of what was summarised
	Text     string
	UpToItem string // the last item that it covers
	Tokens   int
	Model    string
	Created  time.Time // zero means now
}

const summaryColumns = `session_id, covers, body, up_to_item, tokens, model, created`

func scanSummary(row scanner) (x Summary, err error) {
	var created int64
	err = row.Scan(&x.Session, &x.Covers, &x.Text, &x.UpToItem, &x.Tokens, &x.Model, &created)
	x.Created = when(created)
	return x, err
}

// SaveSummary stores a summary, in place of one that covers the same. ErrNotFound: the session is gone.
func (s *Store) SaveSummary(ctx context.Context, x Summary) error {
	_, err := s.exec(ctx, "save summary", `
		INSERT INTO summaries (`+summaryColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (session_id, covers) DO UPDATE
		SET body = excluded.body, up_to_item = excluded.up_to_item, tokens = excluded.tokens,
		    model = excluded.model, created = excluded.created`,
		plain(x.Session), plain(x.Covers), plain(x.Text), plain(x.UpToItem), x.Tokens, plain(x.Model), micros(s.orNow(x.Created)))
	return err
}

// LatestSummary is the session's newest summary.
func (s *Store) LatestSummary(ctx context.Context, session string) (Summary, error) {
	return one(ctx, s, "read the latest summary", scanSummary, `
		SELECT `+summaryColumns+` FROM summaries WHERE session_id = $1 ORDER BY created DESC, covers LIMIT 1`, plain(session))
}

// maxSummaries bounds how many of a session's summaries are of any use.
const maxSummaries = 1000

// Summaries are the session's summaries, the newest first, 1,000 at most.
func (s *Store) Summaries(ctx context.Context, session string) ([]Summary, error) {
	return all(ctx, s, "list summaries", scanSummary, `
		SELECT `+summaryColumns+` FROM summaries WHERE session_id = $1 ORDER BY created DESC, covers LIMIT $2`, plain(session), maxSummaries)
}

// DeleteSummary deletes the session's summary of what has that hash; one that is not there is
// ErrNotFound.
func (s *Store) DeleteSummary(ctx context.Context, session, covers string) error {
	return s.execOne(ctx, "delete summary", `DELETE FROM summaries WHERE session_id = $1 AND covers = $2`, plain(session), plain(covers))
}

// SummaryOf is the session's summary that covers what has that hash.
func (s *Store) SummaryOf(ctx context.Context, session, covers string) (Summary, error) {
	return one(ctx, s, "read summary", scanSummary, `
		SELECT `+summaryColumns+` FROM summaries WHERE session_id = $1 AND covers = $2`, plain(session), plain(covers))
}
