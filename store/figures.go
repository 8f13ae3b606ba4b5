package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// FigureStatus is how far a figure is. The last three are final.
type FigureStatus string

// The statuses of a figure.
const (
	FigurePending    FigureStatus = "pending"
	FigureProcessing FigureStatus = "processing"
	FigureCompleted  FigureStatus = "completed"
	FigureFailed     FigureStatus = "failed"
	FigureCancelled  FigureStatus = "cancelled"
)

// Final says whether nothing can change any more.
func (s FigureStatus) Final() bool { return s != FigurePending && s != FigureProcessing }

// Figure is a 3D model that is being made of a picture, or has been.
type Figure struct {
	ID          string
	Owner       string
	CharacterID string          // whose figure it is to be; empty: nobody's
	Options     json.RawMessage // the maker's business
	Picture     string          // the picture's name in Blobs
	Model       string          // the model's name in Blobs; empty until there is one
	Status      FigureStatus
	Progress    int    // in percent; never less than it was
	Step        string // what is being done, for the person who waits
	Failure     string // what went wrong, for the same
	// Version counts the changes of what is above.
	Version int64
	// Run counts how often the figure was begun. Only the last run may change it.
	Run              int64
	Created, Updated time.Time
}

const figureColumns = `id, owner, character_id, options, picture, model, status, progress, step, failure, version, run, created, updated`

func scanFigure(row scanner) (f Figure, err error) {
	var (
		options          string
		created, updated int64
	)
	err = row.Scan(&f.ID, &f.Owner, &f.CharacterID, &options, &f.Picture, &f.Model, &f.Status, &f.Progress, &f.Step, &f.Failure,
		&f.Version, &f.Run, &created, &updated)
	f.Options, f.Created, f.Updated = json.RawMessage(options), when(created), when(updated)
	return f, err
}

// CreateFigure stores a new figure, which is pending. If nobody calls FigureQueued or BeginFigure within
// lease, it is overdue. ErrConflict: another has the id.
func (s *Store) CreateFigure(ctx context.Context, f Figure, lease time.Duration) (Figure, error) {
	now := s.clock()
	return returnedOne(ctx, s, "create figure", scanFigure, `
		INSERT INTO figures (`+figureColumns+`, due) VALUES ($1, $2, $3, $4, $5, '', 'pending', 0, $6, '', 1, 1, $7, $8, $9)
		RETURNING `+figureColumns,
		plain(f.ID), plain(f.Owner), plain(f.CharacterID), plain(string(f.Options)), plain(f.Picture), plain(f.Step),
		micros(now), micros(now), micros(now.Add(lease)))
}

// Figure is the figure with that id, whoever owns it.
func (s *Store) Figure(ctx context.Context, id string) (Figure, error) {
	return one(ctx, s, "read figure", scanFigure, `SELECT `+figureColumns+` FROM figures WHERE id = $1`, plain(id))
}

// Figures is a page of an owner's figures, the newest first, and the cursor of the next page, empty at the end.
// limit is 50 where it is zero, and 200 at most.
func (s *Store) Figures(ctx context.Context, owner, cursor string, limit int) ([]Figure, string, error) {
	const doing = "list figures"
	before, id, err := newestFirst(figureList, cursor)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", doing, err)
	}
	size := pageSize(limit)
	list, err := all(ctx, s, doing, scanFigure, `
		SELECT `+figureColumns+` FROM figures
		WHERE owner = $1 AND (created, id) < ($2, $3)
		ORDER BY created DESC, id DESC LIMIT $4`,
		plain(owner), before, id, size+1)
	page, next := cut(list, size, figureList, func(f Figure) mark { return timeMark(f.Created, f.ID) })
	return page, next, err
}

// unfinishedRun is the condition of a figure that a run may change.
const unfinishedRun = ` id = $1 AND run = $2 AND status IN ('pending', 'processing')`

// FigureQueued notes that a queue has this run, so that no sign of life is waited for.
func (s *Store) FigureQueued(ctx context.Context, id string, run int64) error {
	return s.execOne(ctx, "queue figure", `UPDATE figures SET due = 0 WHERE`+unfinishedRun, plain(id), run)
}

// FigureForgotten makes a run overdue that was queued and has promised no sign of life. ErrNotFound: it has, or is over.
func (s *Store) FigureForgotten(ctx context.Context, id string, run int64) error {
	return s.execOne(ctx, "recall figure", `UPDATE figures SET due = $3 WHERE due = 0 AND`+unfinishedRun, plain(id), run, micros(s.clock()))
}

// ReportFigure says what a run is doing, and that it will give another sign of life within lease; a lease of
// zero promises none. A progress below that of before leaves it as it was. ErrNotFound: the figure
// is done, cancelled, or in the hands of a later run.
func (s *Store) ReportFigure(ctx context.Context, id string, run int64, step string, progress int, lease time.Duration) (Figure, error) {
	now := s.clock()
	due := int64(0)
	if lease > 0 {
		due = micros(now.Add(lease))
	}
	return returnedOne(ctx, s, "report on figure", scanFigure, `
		UPDATE figures SET
			version = CASE WHEN status <> 'processing' OR step <> $3 OR progress < $4 THEN version + 1 ELSE version END,
			updated = CASE WHEN status <> 'processing' OR step <> $5 OR progress < $6 THEN $7 ELSE updated END,
			status = 'processing', step = $8,
			progress = CASE WHEN progress < $9 THEN $10 ELSE progress END,
			due = $11
		WHERE`+unfinishedRun+` RETURNING `+figureColumns,
		plain(id), run, plain(step), progress, plain(step), progress, micros(now), plain(step), progress, progress, due)
}

// EndFigure makes a figure completed or failed, as f's fields Status, Progress, Step, Failure and Model
// say. ErrNotFound is as for ReportFigure.
func (s *Store) EndFigure(ctx context.Context, f Figure) (Figure, error) {
	const doing = "end figure"
	if !f.Status.Final() {
		return Figure{}, fmt.Errorf("%s: %w: the status %s", doing, ErrInvalid, f.Status)
	}
	return returnedOne(ctx, s, doing, scanFigure, `
		UPDATE figures SET status = $3, progress = CASE WHEN progress < $4 THEN $5 ELSE progress END, step = $6, failure = $7,
			model = $8, version = version + 1, due = 0, updated = $9
		WHERE`+unfinishedRun+` RETURNING `+figureColumns,
		plain(f.ID), f.Run, string(f.Status), f.Progress, f.Progress, plain(f.Step), plain(f.Failure), plain(f.Model), micros(s.clock()))
}

// CancelFigure makes a figure cancelled, whichever run has it. ErrNotFound: there is none, or it is
// final.
func (s *Store) CancelFigure(ctx context.Context, id, step string) (Figure, error) {
	return returnedOne(ctx, s, "cancel figure", scanFigure, `
		UPDATE figures SET status = 'cancelled', step = $2, version = version + 1, due = 0, updated = $3
		WHERE id = $1 AND status IN ('pending', 'processing') RETURNING `+figureColumns,
		plain(id), plain(step), micros(s.clock()))
}

// TakeOverdueFigures begins a new run of every figure whose last has given no sign of life in time, and returns
// them. They are the caller's to queue, within lease.
func (s *Store) TakeOverdueFigures(ctx context.Context, lease time.Duration) ([]Figure, error) {
	now := s.clock()
	return returned(ctx, s, "take overdue figures", scanFigure, `
		UPDATE figures SET run = run + 1, due = $1
		WHERE due > 0 AND due <= $2 AND status IN ('pending', 'processing') RETURNING `+figureColumns,
		micros(now.Add(lease)), micros(now))
}

// WaitingFigures is how many figures are pending or being worked on.
func (s *Store) WaitingFigures(ctx context.Context) (int, error) {
	n, err := one(ctx, s, "count figures", scanInt, `SELECT COUNT(*) FROM figures WHERE status IN ('pending', 'processing')`)
	return int(n), err
}

// FiguresEndedBefore is up to 200 figures that completed before the one time, or ended in another way before the
// other, the oldest first.
func (s *Store) FiguresEndedBefore(ctx context.Context, completed, others time.Time) ([]Figure, error) {
	return all(ctx, s, "list old figures", scanFigure, `
		SELECT `+figureColumns+` FROM figures
		WHERE status = 'completed' AND updated < $1 OR status IN ('failed', 'cancelled') AND updated < $2
		ORDER BY updated, id LIMIT $3`, micros(completed), micros(others), maxPage)
}

// RenewFigure makes a figure as old as if it had ended this moment.
func (s *Store) RenewFigure(ctx context.Context, id string) error {
	_, err := s.exec(ctx, "renew figure", `UPDATE figures SET updated = $1 WHERE id = $2`, micros(s.clock()), plain(id))
	return err
}

// DeleteFigure deletes a figure; its files are the caller's to delete. One that is gone is no error.
func (s *Store) DeleteFigure(ctx context.Context, id string) error {
	_, err := s.exec(ctx, "delete figure", `DELETE FROM figures WHERE id = $1`, plain(id))
	return err
}

// HoldLane takes one of n lanes for the holder, or renews the one that it has, for lease. Without one that
// is free it is ErrBusy.
func (s *Store) HoldLane(ctx context.Context, holder string, n int, lease time.Duration) (int, error) {
	const doing = "take a lane"
	now := s.clock()
	held, err := one(ctx, s, doing, scanInt, `SELECT lane FROM figure_lanes WHERE holder = $1`, plain(holder))
	lanes := make([]int64, 0, n)
	switch {
	case err == nil:
		lanes = append(lanes, held)
	case !errors.Is(err, errNoRow):
		return 0, err
	default:
		for lane := range int64(n) {
			lanes = append(lanes, lane)
		}
	}
	for _, lane := range lanes {
		_, err := returnedOne(ctx, s, doing, scanInt, `
			INSERT INTO figure_lanes (lane, holder, held_until) VALUES ($1, $2, $3)
			ON CONFLICT (lane) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until
			WHERE figure_lanes.held_until <= $4 OR figure_lanes.holder = $5
			RETURNING lane`,
			lane, plain(holder), micros(now.Add(lease)), micros(now), plain(holder))
		if err == nil {
			return int(lane), nil
		}
		if !errors.Is(err, errNoRow) {
			return 0, err
		}
	}
	return 0, fmt.Errorf("%s: %w", doing, ErrBusy)
}

// LeaveLane gives the holder's lane back.
func (s *Store) LeaveLane(ctx context.Context, holder string) error {
	_, err := s.exec(ctx, "leave a lane", `DELETE FROM figure_lanes WHERE holder = $1`, plain(holder))
	return err
}

// LaneHolder names a run of a figure as a holder of lanes.
func LaneHolder(f Figure) string { return f.ID + "/" + strconv.FormatInt(f.Run, 10) }

// NewFigureID makes an id for CreateFigure: the files are stored under it first.
func NewFigureID() string { return uuid.NewString() }
