package avatar

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"math"
	"sync"
	"time"

	"github.com/riverqueue/river"

	"avatarforge/store"
)

// Config is how a Workshop works. The zero value of each field works, but for the place of its queue: one of
// DatabaseURL and Dir is needed.
type Config struct {
	// DatabaseURL is PostgreSQL's, where the queue lies beside the store's tables; empty means SQLite in a file of
	// Dir.
	DatabaseURL string
	Dir         string

	Maker   Maker    // nil means Mesher
	Stylist *Stylist // draws pictures anew first; nil means nobody does

	Concurrency int           // figures at once, of all instances on one store; zero means 1
	Timeout     time.Duration // for one try at a figure; zero means 10 min
	Tries       int           // zero means 3
	Pause       time.Duration // before the second try, and four times as long before each further one; zero means 5 s

	// Lease is how long an instance may give no sign of life before its figure is begun anew; zero
	// means 15 s. A sign is given four times as often.
	Lease time.Duration
	// KeepModels is how long a model is kept that no character of its owner's shows, KeepFailed how long it is
	// known that a figure failed or was cancelled; zero means 30 days and 1 day.
	KeepModels, KeepFailed time.Duration
	// KeepPortraits is how long a character's picture is kept that no character of its owner's shows; zero means 7
	// days.
	KeepPortraits time.Duration

	Log *slog.Logger // nil discards
}

// Workshop makes figures. See the package's documentation.
type Workshop struct {
	// Immutable after Open.
	cfg   Config
	db    *store.Store
	blobs store.Blobs
	queue queue
	shut  func() error
	log   *slog.Logger

	reading chan struct{} // has room for as many pictures as may be read at once
	pace    pace

	stop     context.CancelFunc // ends the caretaker
	tending  sync.WaitGroup     // the caretaker
	stopping sync.Once
	stopped  error // of stopping
}

const (
	defaultTimeout    = 10 * time.Minute
	defaultTries      = 3
	defaultPause      = 5 * time.Second
	defaultLease      = 15 * time.Second
	defaultKeepModels = 30 * 24 * time.Hour
	defaultKeepFailed = 24 * time.Hour
	defaultPortraits  = 7 * 24 * time.Hour
	// readers is how many pictures are read at once: each may take 350 MB.
	readers = 2
	// readTimeout bounds the reading of one.
	readTimeout = 20 * time.Second
)

// Open opens the queue and begins to work on what is in it. The caller closes db and blobs after the workshop.
func Open(ctx context.Context, cfg Config, db *store.Store, blobs store.Blobs) (*Workshop, error) {
	cfg.defaults()
	w := &Workshop{cfg: cfg, db: db, blobs: blobs, log: cfg.Log, reading: make(chan struct{}, readers)}
	w.pace.usual = cfg.Maker.Usually()
	workers := river.NewWorkers()
	river.AddWorker(workers, &worker{w: w})
	timeout := cfg.Timeout + time.Minute // ours comes first, and says so
	var err error
	w.queue, w.shut, err = openQueue(ctx, cfg.DatabaseURL, cfg.Dir, &river.Config{
		Queues:     map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: cfg.Concurrency}},
		Workers:    workers,
		JobTimeout: timeout, RescueStuckJobsAfter: 2 * timeout,
		MaxAttempts: cfg.Tries,
		Logger:      cfg.Log,
	})
	if err != nil {
		return nil, err
	}
	life, stop := context.WithCancel(context.WithoutCancel(ctx))
	w.stop = stop
	if err := w.queue.Start(life); err != nil {
		stop()
		return nil, errors.Join(fmt.Errorf("start the job queue: %w", err), w.shut())
	}
	w.tending.Go(func() { w.tend(life) })
	return w, nil
}

func (cfg *Config) defaults() {
	set := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	set(&cfg.Timeout, defaultTimeout)
	set(&cfg.Pause, defaultPause)
	set(&cfg.Lease, defaultLease)
	set(&cfg.KeepModels, defaultKeepModels)
	set(&cfg.KeepFailed, defaultKeepFailed)
	set(&cfg.KeepPortraits, defaultPortraits)
	if cfg.Concurrency <= 0 {
		cfg.Concurrency = 1
	}
	if cfg.Tries <= 0 {
		cfg.Tries = defaultTries
	}
	if cfg.Maker == nil {
		cfg.Maker = Mesher{}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
}

// Close gives what is being worked on until ctx ends to be done, breaks the rest off so that another instance
// or the next start takes it up, and closes the queue. It may be called more than once.
func (w *Workshop) Close(ctx context.Context) error {
	w.stopping.Do(func() {
		w.stopped = w.close(ctx)
	})
	return w.stopped
}

// breakOff is how long breaking off may take.
const breakOff = 10 * time.Second

func (w *Workshop) close(ctx context.Context) error {
	err := w.queue.Stop(ctx)
	if err != nil {
		hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), breakOff)
		defer cancel()
		err = w.queue.StopAndCancel(hard)
	}
	w.stop()
	w.tending.Wait()
	return errors.Join(err, w.shut())
}

// Styled says whether there is somebody to draw pictures anew.
func (w *Workshop) Styled() bool { return w.cfg.Stylist != nil }

// Figure is what is known of a figure; store.ErrNotFound where there is none.
func (w *Workshop) Figure(ctx context.Context, id string) (store.Figure, error) {
	return w.db.Figure(ctx, id)
}

// Order takes a picture, as a PNG or JPEG file, and begins to make a figure of it for its owner. It returns as soon as
// the picture has been looked at and the order is safe, with an estimate of how long the figure will take. Its
// errors are those of Picture and of the store.
func (w *Workshop) Order(ctx context.Context, owner string, file []byte, o Options) (store.Figure, time.Duration, error) {
	var f store.Figure
	picture, err := w.read(ctx, file)
	if err != nil {
		return f, 0, err
	}
	options, err := json.Marshal(o)
	if err != nil {
		return f, 0, err
	}
	f.ID = store.NewFigureID()
	f.Owner, f.CharacterID, f.Options, f.Step = owner, o.CharacterID, options, stepWaiting
	f.Picture = pictureName(f)
	if err := w.blobs.Put(ctx, f.Picture, bytes.NewReader(picture), int64(len(picture)), "image/png"); err != nil {
		return f, 0, err
	}
	waiting, err := w.db.WaitingFigures(ctx)
	made := f
	if err == nil {
		made, err = w.db.CreateFigure(ctx, f, w.cfg.Lease)
	}
	if err != nil {
		return f, 0, errors.Join(err, w.blobs.Delete(context.WithoutCancel(ctx), f.Picture))
	}
	// From here on the caretaker sees to it, should the queue not have it.
	if err := w.enqueue(ctx, made); err != nil {
		w.log.Warn("a figure could not be queued at once", slog.String("figure", made.ID), slog.Any("error", err))
	}
	return made, w.pace.estimate(waiting, w.cfg.Concurrency), nil
}

// read reads a picture and writes it as it is kept for a figure.
func (w *Workshop) read(ctx context.Context, file []byte) ([]byte, error) {
	img, err := w.look(ctx, file)
	if err != nil {
		return nil, err
	}
	return writeWork(img)
}

// look reads a picture when it is its turn.
func (w *Workshop) look(ctx context.Context, file []byte) (*image.NRGBA, error) {
	select {
	case w.reading <- struct{}{}:
		defer func() { <-w.reading }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, readTimeout, badPicture("the picture takes too long to read; save it anew, not as a progressive JPEG"))
	defer cancel()
	return Picture(ctx, file)
}

// enqueue gives a run of a figure to River.
func (w *Workshop) enqueue(ctx context.Context, f store.Figure) error {
	if _, err := w.queue.Insert(ctx, figureArgs{ID: f.ID, Run: f.Run}, nil); err != nil {
		return fmt.Errorf("queue a figure: %w", err)
	}
	err := w.db.FigureQueued(ctx, f.ID, f.Run)
	if errors.Is(err, store.ErrNotFound) { // it was fast, or cancelled
		return nil
	}
	return err
}

// Cancel ends a figure that is not done. store.ErrNotFound: there is none, or it is final.
func (w *Workshop) Cancel(ctx context.Context, id string) (store.Figure, error) {
	f, err := w.db.CancelFigure(ctx, id, stepCancelled)
	if err != nil {
		return f, err
	}
	// Whoever works on it learns it from the store at its next sign of life.
	w.discard(context.WithoutCancel(ctx), f)
	return f, nil
}

// discard takes away what a figure that is not to be has left: its files, and its place with a character.
func (w *Workshop) discard(ctx context.Context, f store.Figure) {
	err := errors.Join(
		w.detach(ctx, f), w.blobs.Delete(ctx, pictureName(f)), w.blobs.Delete(ctx, modelName(f)),
	)
	if err != nil {
		w.log.Warn("a figure's files could not be deleted", slog.String("figure", f.ID), slog.Any("error", err))
	}
}

// pictureName and modelName are the names of a figure's files.
func pictureName(f store.Figure) string { return pictureFolder + f.Owner + "/" + f.ID + ".png" }
func modelName(f store.Figure) string   { return modelFolder + f.Owner + "/" + modelFile(f) }
func modelFile(f store.Figure) string   { return f.ID + ".glb" }

// Where figures' files are in Blobs: each owner's in a folder of their own.
const (
	pictureFolder = "pictures/" // until there is a model
	modelFolder   = "models/"
)

// Folders are those of Blobs that hold a folder for each owner with what the workshop keeps for them.
func Folders() []string { return []string{pictureFolder, modelFolder, portraitFolder} }

// ModelURL is the path under which the server gives a figure's model out.
func ModelURL(f store.Figure) string {
	return "/mnt/user_assets/" + f.Owner + "/models/" + modelFile(f)
}

// OpenModel opens the model in a file of an owner's, as ModelURL names them; store.ErrNotFound where there is
// none. ctx has to last until it is closed.
func (w *Workshop) OpenModel(ctx context.Context, owner, file string) (*store.Blob, error) {
	return w.blobs.Open(ctx, modelFolder+owner+"/"+file)
}

// pace learns how long a figure takes.
type pace struct {
	mu    sync.Mutex
	usual time.Duration
}

func (p *pace) took(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.usual += (d - p.usual) / 4
}

// estimate is how long the last of a line waits, at least a second.
func (p *pace) estimate(ahead, atOnce int) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	seconds := p.usual.Seconds() * float64(ahead/atOnce+1)
	return max(time.Duration(math.Round(seconds))*time.Second, time.Second)
}
