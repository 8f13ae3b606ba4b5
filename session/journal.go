package session

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	// saveTimeout is how long one attempt to save may take.
	saveTimeout = 10 * time.Second
	// tellAnyway is how long a listener waits for a failing archive before the
	// conversation goes on without it: long enough for a fail-over of a database, short
	// enough not to be taken for a hang.
	tellAnyway = 2 * time.Second
	// saveLate is how long the changes of a session that has ended are kept for an archive
	// that fails, and saveLeaving the same while the server shuts down.
	saveLate    = 10 * time.Minute
	saveLeaving = 5 * time.Second
	// saveLater is how long a change may wait that may be lost, for others to be written with
	// it. It ends on a multiple of saveTogether, so that the changes of many sessions share
	// a flush of the disk.
	saveLater    = time.Second
	saveTogether = 100 * time.Millisecond
)

// urgency is how soon a change must be saved.
type urgency int

const (
	// beforeTelling is for what the frames tell that are published from here on: they wait.
	beforeTelling urgency = iota
	// atOnce is for what no frame waits for.
	atOnce
	// soon is for what no frame waits for and many sessions have at the same time.
	soon
	// later is for what may be lost with the server: how far a running response has come.
	later
)

// journal makes a session's changes last, behind the loop's back: write, then tell. The
// frames that tell of a change are held in the outbox until it has been written, so that
// nothing that a client was told is lost; the loop, and the model, go on meanwhile.
//
// While the archive fails, changes are kept and tried again. After tellAnyway the frames
// are let go, and the listener is told that the conversation is not being saved.
type journal struct {
	// Immutable after newJournal.
	archive  Archive // nil keeps nothing
	outbox   *outbox
	log      *slog.Logger
	troubled func() // the listener is to be told; called by the writer

	ctx    context.Context // of the writer's work
	giveUp func()          // ends ctx; called by close

	writer sync.WaitGroup // the goroutine, while there is something to write

	mu sync.Mutex
	// Guarded by mu:
	pending Changes
	holding uint64      // number of the first frame that waits for pending; zero for none
	urgent  bool        // whether pending is not to wait
	writing bool        // whether the writer runs
	waiting *time.Timer // calls flush; nil where nobody will
	flushAt time.Time   // when it does
	failing bool        // whether frames are let go unsaved
	deleted bool        // whether the conversation is no longer to be kept
	fresh   bool        // whether the archive has yet to hear of the session
}

// newJournal makes a session's journal; none says whose changes they are, fresh that the
// archive does not know it yet.
func newJournal(archive Archive, none Changes, fresh bool, o *outbox, log *slog.Logger, troubled func()) *journal {
	ctx, giveUp := context.WithCancel(context.Background())
	return &journal{
		archive: archive, outbox: o, log: log, troubled: troubled,
		ctx: ctx, giveUp: giveUp, pending: none, fresh: fresh,
	}
}

// saveRecord saves the session as it has become.
func (j *journal) saveRecord(r *Record, u urgency) {
	j.change(u, func(c *Changes) {
		r.New = j.fresh
		c.Record = r
	})
}

// saveItem saves an item.
func (j *journal) saveItem(it ItemRecord, u urgency) {
	j.change(u, func(c *Changes) {
		if i := slices.IndexFunc(c.Items, func(x ItemRecord) bool { return x.ID == it.ID }); i >= 0 {
			c.Items[i] = it
			return
		}
		c.Items = append(c.Items, it)
	})
}

// deleteItem forgets an item; the frames published from here on tell of it.
func (j *journal) deleteItem(id string) {
	j.change(beforeTelling, func(c *Changes) {
		c.Items = slices.DeleteFunc(c.Items, func(x ItemRecord) bool { return x.ID == id })
		c.Deleted = append(c.Deleted, id)
	})
}

func (j *journal) change(u urgency, apply func(*Changes)) {
	if j.archive == nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.deleted {
		return
	}
	apply(&j.pending)
	if u == beforeTelling && !j.failing {
		if from := j.outbox.hold(); j.holding == 0 {
			j.holding = from
		}
	}
	switch u {
	case soon:
		j.waitLocked(saveTogether)
	case later:
		j.waitLocked(saveLater)
	default:
		j.hurryLocked()
	}
}

// waitLocked has what is pending written within that time, with what others have.
func (j *journal) waitLocked(most time.Duration) {
	if j.urgent {
		return // it is next
	}
	now := time.Now()
	at := now.Add(most).Truncate(saveTogether)
	if j.waiting != nil && !at.Before(j.flushAt) {
		return
	}
	if j.waiting != nil {
		j.waiting.Stop()
	}
	j.flushAt, j.waiting = at, time.AfterFunc(at.Sub(now), j.flush)
}

// flush writes what has waited.
func (j *journal) flush() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.hurryLocked()
}

// hurryLocked has what is pending written as soon as can be.
func (j *journal) hurryLocked() {
	if j.waiting != nil {
		j.waiting.Stop()
		j.waiting = nil
	}
	if j.pending.empty() {
		return
	}
	j.urgent = true
	if !j.writing {
		j.writing = true
		j.writer.Go(j.write)
	}
}

// write saves what is pending until nothing is that cannot wait.
func (j *journal) write() {
	for {
		c, ok := j.take()
		if !ok {
			return
		}
		if err := j.save(c); err != nil {
			j.drop(err)
			return
		}
	}
}

// take is the changes to write next. What has been written before may be told.
func (j *journal) take() (c Changes, ok bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.outbox.release(j.holding)
	if !j.urgent {
		j.writing = false
		return Changes{}, false
	}
	c = j.pending
	j.pending, j.holding, j.urgent = Changes{Session: c.Session, Epoch: c.Epoch}, 0, false
	return c, true
}

// save tries until the changes are saved, or the archive no longer wants them.
func (j *journal) save(c Changes) error {
	over := j.watch()
	defer over()
	pause := backoff.NewExponentialBackOff() // from 0.5 s
	pause.MaxInterval = 10 * time.Second
	for tries := 1; ; tries++ {
		ctx, cancel := context.WithTimeout(j.ctx, saveTimeout)
		err := j.archive.Save(ctx, c)
		cancel()
		switch {
		case err == nil:
			over()
			if j.isFailing() {
				j.setFailing(false)
				j.log.Info("the conversation is saved again")
			}
			if c.Record != nil {
				j.known()
			}
			return nil
		case errors.Is(err, ErrUnknownSession):
			return err
		}
		if tries == 1 {
			j.log.Warn("the conversation could not be saved; it will be tried again", slog.Any("error", err))
		}
		select {
		case <-time.After(pause.NextBackOff()):
		case <-j.ctx.Done():
			return err
		}
	}
}

// watch lets what is being saved be told after tellAnyway, whether the archive fails or
// does not answer. over ends that, and waits for it; it may be called twice.
func (j *journal) watch() (over func()) {
	if j.isFailing() {
		return func() {}
	}
	told := make(chan struct{})
	late := time.AfterFunc(tellAnyway, func() {
		defer close(told)
		j.setFailing(true)
		j.log.Error("the conversation is not being saved; it goes on all the same")
		j.troubled()
	})
	return sync.OnceFunc(func() {
		if !late.Stop() {
			<-told
		}
	})
}

// known notes that the archive has heard of the session.
func (j *journal) known() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.fresh = false
	if j.pending.Record != nil {
		j.pending.Record.New = false
	}
}

func (j *journal) isFailing() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.failing
}

func (j *journal) setFailing(failing bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.failing = failing
	if failing {
		j.letGoLocked()
	}
}

// letGoLocked lets frames be told that are not saved.
func (j *journal) letGoLocked() {
	j.holding = 0
	j.outbox.release(0)
}

// drop ends the writer: nothing more of the conversation is kept.
func (j *journal) drop(err error) {
	if errors.Is(err, ErrUnknownSession) {
		j.log.Info("the conversation has been deleted, or taken over, and is no longer saved")
	} else {
		j.log.Error("the last of the conversation was not saved", slog.Any("error", err))
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.deleted, j.writing, j.urgent = true, false, false
	j.pending = Changes{}
	j.letGoLocked()
}

// disown gives up what is not saved: the conversation is another instance's.
func (j *journal) disown() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.deleted, j.urgent = true, false
	j.pending = Changes{Session: j.pending.Session, Epoch: j.pending.Epoch}
	j.letGoLocked()
}

// close waits until everything is saved: for saveLate where the archive fails, for
// saveLeaving once hurry is closed. Nothing is changed after it.
func (j *journal) close(hurry <-chan struct{}) {
	j.mu.Lock()
	j.hurryLocked()
	j.mu.Unlock()
	saved := make(chan struct{})
	go func() { // ends with the writer, which is waited for below
		j.writer.Wait()
		close(saved)
	}()
	late := time.NewTimer(saveLate)
	defer late.Stop()
	defer j.giveUp()
	select {
	case <-saved:
		return
	case <-late.C:
	case <-hurry:
		late.Reset(saveLeaving)
		select {
		case <-saved:
			return
		case <-late.C:
		}
	}
	j.giveUp()
	<-saved
}
