package avatar

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"avatarforge/persona"
	"avatarforge/store"
)

// What clients are shown of a figure's progress.
const (
	stepWaiting   = "대기 중..." //nolint:gosec // a text, no credential
	stepPicture   = "이미지 확인 중..."
	stepStyle     = "이미지 스타일 변환 중..."
	stepMesh      = "3D 메쉬 생성 중..."
	stepStoring   = "모델 저장 중..."
	stepAgain     = "잠시 후 다시 시도합니다..."
	stepCompleted = "완료"
	stepFailed    = "실패"
	stepCancelled = "취소됨"
)

// The percentages at which steps begin.
const (
	atPicture, atStyle, atMesh, atStoring, atEnd = 2, 5, 30, 95, 100
)

// figureArgs is what River carries: which run of which figure is to be worked on.
type figureArgs struct {
	ID  string `json:"id"`
	Run int64  `json:"run"`
}

// Kind names the jobs in River's tables.
func (figureArgs) Kind() string { return "figure" }

// worker works on figures for River.
type worker struct {
	river.WorkerDefaults[figureArgs]
	w *Workshop
}

// NextRetry is when a failed figure is tried again.
func (k *worker) NextRetry(job *river.Job[figureArgs]) time.Time {
	return time.Now().Add(k.w.pause(job.Attempt))
}

// pause is how long to wait after that many tries.
func (w *Workshop) pause(tries int) time.Duration {
	pause := w.cfg.Pause
	for range tries - 1 {
		pause *= 4
	}
	return pause
}

var (
	// errStale ends a run that may not go on: the figure was cancelled, or another run has it.
	errStale = errors.New("the figure is no longer this run's")
	// errTimeout ends a try that takes too long.
	errTimeout = errors.New("the time for one try is over")
)

// Work makes a figure. What it returns tells River whether to come again, and when.
func (k *worker) Work(ctx context.Context, job *river.Job[figureArgs]) error {
	w, run := k.w, job.Args.Run
	f, err := w.db.Figure(ctx, job.Args.ID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil // deleted
	case err != nil:
		return err
	case f.Run != run || f.Status.Final():
		return nil
	}
	holder := store.LaneHolder(f)
	if _, err := w.db.HoldLane(ctx, holder, w.cfg.Concurrency, w.cfg.Lease); errors.Is(err, store.ErrBusy) {
		return river.JobSnooze(w.cfg.Lease / 8) // other instances have all of them
	} else if err != nil {
		return err
	}
	defer func() {
		if err := w.db.LeaveLane(context.WithoutCancel(ctx), holder); err != nil {
			w.log.Warn("a lane runs out by itself", slog.Any("error", err))
		}
	}()
	return w.attempt(ctx, f, job.JobRow)
}

// attempt is one try at a figure, and what becomes of it.
func (w *Workshop) attempt(ctx context.Context, f store.Figure, job *rivertype.JobRow) error {
	log := w.log.With(slog.String("figure", f.ID), slog.Int64("run", f.Run), slog.Int("try", job.Attempt))
	began := time.Now()
	work, end := context.WithCancelCause(ctx)
	defer end(nil)
	timer := time.AfterFunc(w.cfg.Timeout, func() { end(errTimeout) })
	defer timer.Stop()
	p := w.watch(work, f, end)
	err := w.make(work, f, p)
	p.stop()
	cause := context.Cause(work) // why it was broken off, nil where it was not
	after := context.WithoutCancel(ctx)
	switch {
	case err == nil:
		w.pace.took(time.Since(began))
		log.Info("a figure is done", slog.Duration("took", time.Since(began)))
		return nil
	case errors.Is(err, errStale), errors.Is(cause, errStale):
		w.abandoned(after, f)
		return nil
	case ctx.Err() != nil && !errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		// The server is going away: the next one begins anew, and the try does not count.
		log.Info("a figure is left for later")
		return errors.Join(w.wait(after, f, stepWaiting), river.JobSnooze(0))
	case cause != nil:
		err = &Failure{
			Text:  fmt.Sprintf("제한 시간(%s) 안에 3D 모델을 만들지 못했습니다. 잠시 후 다시 시도해 주세요.", spokenDuration(w.cfg.Timeout)),
			Final: true, Cause: errors.Join(cause, err),
		}
	}
	var failure *Failure
	if !errors.As(err, &failure) {
		failure = &Failure{Text: "3D 모델을 만드는 중에 서버 오류가 발생했습니다.", Cause: err}
	}
	if !failure.Final && job.Attempt < job.MaxAttempts {
		log.Warn("a figure failed and is tried again", slog.Any("error", err), slog.Duration("pause", w.pause(job.Attempt)))
		if stale := w.wait(after, f, stepAgain); stale != nil {
			return stale
		}
		return err
	}
	f.Status, f.Step, f.Failure = store.FigureFailed, stepFailed, failure.Text
	if _, ended := w.db.EndFigure(after, f); errors.Is(ended, store.ErrNotFound) {
		w.abandoned(after, f)
		return nil
	} else if ended != nil {
		return ended // River comes again, and so does this
	}
	log.Error("a figure failed", slog.Any("error", err))
	w.discard(after, f)
	return river.JobCancel(err)
}

// wait shows that the figure waits; River has it.
func (w *Workshop) wait(ctx context.Context, f store.Figure, step string) error {
	_, err := w.db.ReportFigure(ctx, f.ID, f.Run, step, 0, 0)
	if errors.Is(err, store.ErrNotFound) {
		w.abandoned(ctx, f)
		return nil
	}
	return err
}

// abandoned clears up after a run that lost its figure: what it may have stored meanwhile nobody wants,
// unless another run has the figure, whose files have the same names.
func (w *Workshop) abandoned(ctx context.Context, f store.Figure) {
	is, err := w.db.Figure(ctx, f.ID)
	if errors.Is(err, store.ErrNotFound) || err == nil && is.Status == store.FigureCancelled {
		w.discard(ctx, f)
	}
}

// make makes the figure.
func (w *Workshop) make(ctx context.Context, f store.Figure, p *progress) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &Failure{Text: "이 이미지로는 3D 모델을 만들지 못했습니다.", Final: true, Cause: fmt.Errorf("panic: %v", v)}
		}
	}()
	p.at(stepPicture, atPicture)
	var o Options
	if err := json.Unmarshal(f.Options, &o); err != nil {
		return fmt.Errorf("options as they are stored: %w", err)
	}
	picture, err := w.picture(ctx, f)
	if err != nil {
		return err
	}
	if w.cfg.Stylist != nil && (o.Style == nil || *o.Style) {
		p.at(stepStyle, atStyle)
		if picture, err = w.cfg.Stylist.Restyle(ctx, picture, o.Seed, p.part(stepStyle, atStyle, atMesh)); err != nil {
			return err
		}
	}
	p.at(stepMesh, atMesh)
	model, err := w.cfg.Maker.Make(ctx, Work{picture, o}, p.part(stepMesh, atMesh, atStoring))
	if err != nil {
		return err
	}
	p.at(stepStoring, atStoring)
	if err := w.blobs.Put(ctx, modelName(f), bytes.NewReader(model), int64(len(model)), "model/gltf-binary"); err != nil {
		return err
	}
	// Before anybody is told that it is done, so that whoever hears it finds it with the character.
	if err := w.attach(ctx, f); err != nil {
		return err
	}
	p.stop()
	f.Status, f.Progress, f.Step, f.Failure, f.Model = store.FigureCompleted, atEnd, stepCompleted, "", modelName(f)
	_, err = w.db.EndFigure(ctx, f)
	if errors.Is(err, store.ErrNotFound) {
		return errStale
	}
	if err != nil {
		return err
	}
	if err := w.blobs.Delete(context.WithoutCancel(ctx), f.Picture); err != nil {
		w.log.Warn("a picture that is no longer needed could not be deleted", slog.Any("error", err))
	}
	return nil
}

func (w *Workshop) picture(ctx context.Context, f store.Figure) ([]byte, error) {
	file, err := w.blobs.Open(ctx, f.Picture)
	if errors.Is(err, store.ErrNotFound) {
		return nil, &Failure{Text: "보낸 이미지를 찾을 수 없습니다. 다시 올려 주세요.", Final: true, Cause: err}
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(file)
	if err != nil {
		return nil, fmt.Errorf("read the picture: %w", err)
	}
	return data, nil
}

// attach gives the character its figure. One that is gone gets none.
func (w *Workshop) attach(ctx context.Context, f store.Figure) error {
	return w.edit(ctx, f, func(c *persona.Character) bool {
		c.ModelURL = ModelURL(f)
		return true
	})
}

// detach takes a figure away from its character again.
func (w *Workshop) detach(ctx context.Context, f store.Figure) error {
	return w.edit(ctx, f, func(c *persona.Character) bool {
		if c.ModelURL != ModelURL(f) {
			return false
		}
		c.ModelURL = ""
		return true
	})
}

func (w *Workshop) edit(ctx context.Context, f store.Figure, edit func(*persona.Character) bool) error {
	if f.CharacterID == "" {
		return nil
	}
	err := w.db.EditCharacter(ctx, f.Owner, f.CharacterID, edit)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// spokenDuration is a duration in Korean, to the second.
func spokenDuration(d time.Duration) string {
	switch seconds := int(d.Round(time.Second).Seconds()); {
	case seconds < 60:
		return fmt.Sprintf("%d초", max(seconds, 1))
	case seconds%60 == 0:
		return fmt.Sprintf("%d분", seconds/60)
	default:
		return fmt.Sprintf("%d분 %d초", seconds/60, seconds%60)
	}
}

// progress writes what a run says of itself into the store, and so gives signs of life.
type progress struct {
	w   *Workshop
	run store.Figure // whose it is
	end context.CancelCauseFunc

	mu      sync.Mutex
	step    string
	percent int
	changed bool

	quit chan struct{} // closed by stop
	once sync.Once
	done sync.WaitGroup // the watcher
}

// watchEvery is how often what changed is written.
const watchEvery = 250 * time.Millisecond

// watch begins to give signs of life; end is called when they find that the run may not go on.
func (w *Workshop) watch(ctx context.Context, f store.Figure, end context.CancelCauseFunc) *progress {
	p := &progress{w: w, run: f, end: end, step: stepPicture, quit: make(chan struct{})}
	p.done.Go(func() { p.watch(ctx) })
	return p
}

// at says what is being done, and how far it is.
func (p *progress) at(step string, percent int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.changed = p.changed || step != p.step || percent > p.percent
	p.step, p.percent = step, max(percent, p.percent)
}

// part is at for something that fills a part of the whole.
func (p *progress) part(step string, from, to int) func(float64) {
	return func(done float64) { p.at(step, from+int(min(max(done, 0), 1)*float64(to-from))) }
}

// stop writes nothing more. It may be called more than once.
func (p *progress) stop() {
	p.once.Do(func() { close(p.quit) })
	p.done.Wait()
}

func (p *progress) watch(ctx context.Context) {
	lease := p.w.cfg.Lease
	tick := time.NewTicker(min(watchEvery, lease/8))
	defer tick.Stop()
	sign := time.Now().Add(-lease)
	for {
		p.mu.Lock()
		step, percent, due := p.step, p.percent, p.changed || time.Since(sign) >= lease/4
		p.changed = false
		p.mu.Unlock()
		if due {
			sign = time.Now()
			if !p.report(ctx, step, percent) {
				return
			}
		}
		select {
		case <-tick.C:
		case <-p.quit:
			return
		case <-ctx.Done():
			return
		}
	}
}

// report gives a sign of life and says whether the run may go on. A store that cannot be reached for a
// moment ends nothing: the lease is there for that.
func (p *progress) report(ctx context.Context, step string, percent int) bool {
	_, err := p.w.db.ReportFigure(ctx, p.run.ID, p.run.Run, step, percent, p.w.cfg.Lease)
	if err == nil {
		_, err = p.w.db.HoldLane(ctx, store.LaneHolder(p.run), p.w.cfg.Concurrency, p.w.cfg.Lease)
	}
	switch {
	case err == nil || ctx.Err() != nil:
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrBusy):
		p.end(errStale)
		return false
	default:
		p.w.log.Warn("a figure's progress could not be written", slog.String("figure", p.run.ID), slog.Any("error", err))
	}
	return true
}
