package avatar

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"avatarforge/store"
)

const (
	// maxRuns is how often a figure is begun: what ends the process each time will do so again.
	maxRuns = 5
	// clearEvery is how often old figures and portraits are looked for.
	clearEvery = time.Hour
)

// tend takes up what other instances, or this one before it was killed, have left lying, and clears away what is
// old.
func (w *Workshop) tend(ctx context.Context) {
	tick := time.NewTicker(w.cfg.Lease / 4)
	defer tick.Stop()
	cleared := time.Time{}
	for {
		if err := errors.Join(w.recall(ctx), w.takeUp(ctx)); err != nil && ctx.Err() == nil {
			w.log.Warn("figures that were left could not be taken up", slog.Any("error", err))
		}
		if time.Since(cleared) >= clearEvery {
			cleared = time.Now()
			if err := errors.Join(w.clear(ctx, cleared), w.clearPortraits(ctx, cleared)); err != nil && ctx.Err() == nil {
				w.log.Warn("old figures and portraits could not be cleared away", slog.Any("error", err))
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// recall makes figures overdue that the queue takes to be in somebody's hands, but of which nobody has given a sign of
// life: an instance was killed between fetching the job and saying so, or between putting it back and River's
// hearing of that. River itself would wait for twice the time that a figure may take.
func (w *Workshop) recall(ctx context.Context) error {
	list, err := w.queue.JobList(ctx, river.NewJobListParams().States(rivertype.JobStateRunning).Kinds(figureArgs{}.Kind()))
	if err != nil {
		return fmt.Errorf("list the queue's jobs: %w", err)
	}
	for _, job := range list.Jobs {
		if job.AttemptedAt == nil || time.Since(*job.AttemptedAt) < w.cfg.Lease {
			continue
		}
		var args figureArgs
		if err := json.Unmarshal(job.EncodedArgs, &args); err != nil {
			return fmt.Errorf("read a job's figure: %w", err)
		}
		if err := w.db.FigureForgotten(ctx, args.ID, args.Run); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return nil
}

// takeUp begins figures anew whose last run is silent.
func (w *Workshop) takeUp(ctx context.Context) error {
	list, err := w.db.TakeOverdueFigures(ctx, w.cfg.Lease)
	if err != nil {
		return err
	}
	for _, f := range list {
		if f.Run > maxRuns {
			f.Status, f.Step, f.Failure = store.FigureFailed, stepFailed, "작업이 여러 번 중단되어 포기했습니다. 다른 이미지로 시도해 주세요."
			if _, ended := w.db.EndFigure(ctx, f); ended != nil && !errors.Is(ended, store.ErrNotFound) {
				err = errors.Join(err, ended)
				continue
			}
			w.log.Error("a figure ended the process several times and is given up", slog.String("figure", f.ID))
			w.discard(ctx, f)
			continue
		}
		w.log.Info("a figure is begun anew: nothing was heard of it", slog.String("figure", f.ID), slog.Int64("run", f.Run))
		err = errors.Join(err, w.enqueue(ctx, f))
	}
	return err
}

// clear deletes the figures that are old, but for those that a character of their owner's shows.
func (w *Workshop) clear(ctx context.Context, now time.Time) error {
	for {
		list, err := w.db.FiguresEndedBefore(ctx, now.Add(-w.cfg.KeepModels), now.Add(-w.cfg.KeepFailed))
		if err != nil || len(list) == 0 {
			return err
		}
		for _, f := range list {
			if err := w.clearOne(ctx, f); err != nil {
				return err
			}
		}
	}
}

func (w *Workshop) clearOne(ctx context.Context, f store.Figure) error {
	if f.Status == store.FigureCompleted {
		shown, err := w.db.CharacterShows(ctx, f.Owner, ModelURL(f))
		if err != nil {
			return err
		}
		if shown {
			return w.db.RenewFigure(ctx, f.ID)
		}
	}
	if err := errors.Join(w.blobs.Delete(ctx, pictureName(f)), w.blobs.Delete(ctx, modelName(f))); err != nil {
		return err
	}
	return w.db.DeleteFigure(ctx, f.ID)
}
