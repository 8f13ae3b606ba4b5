package session

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/cenkalti/backoff/v5"

	"avatarforge/llm"
	"avatarforge/persona"
)

// Summaries keeps the summaries of conversations. Safe for use by several goroutines; its
// methods may take as long as a database does.
type Summaries interface {
	// Summaries are a session's, in any order.
	Summaries(ctx context.Context, session string) ([]Summary, error)
	// SaveSummary keeps one, in place of one that covers the same. ErrUnknownSession says
	// that the session is gone.
	SaveSummary(ctx context.Context, session string, x Summary) error
	// DeleteSummary forgets one. That it is gone already is no error.
	DeleteSummary(ctx context.Context, session, covers string) error
}

const (
	// keepTimeout is how long it may take to read or keep what was written.
	keepTimeout = 10 * time.Second
	// farewell is how long after a session's end facts are drawn from what is left of it:
	// whoever comes back before that goes on with the conversation.
	farewell = 15 * time.Second
	// patience is how often work yields to other sessions' replies before it runs beside
	// those: the server is busy, and does several things at once. To its own session's
	// replies it always yields.
	patience = 3
	// maxTries is how often a model that fails is asked for the same notes, in a quarter
	// of an hour. The session's next response begins anew.
	maxTries = 10
	// noteTemperature is low: notes are to be right, not lively.
	noteTemperature = 0.2
)

// task is notes to be written. Immutable.
type task struct {
	session, owner string
	character      string // whose facts they are
	model          string
	recap          persona.Recap
	facts          []Fact        // that recap.Known are
	delay          time.Duration // before it begins

	// Of a summary: what it will stand for.
	items, turns int
	upTo, covers string

	lookUp bool // nothing is to be written: see what is kept
}

// isFarewell says whether the task is what is done once a session is over.
func (t *task) isFarewell() bool { return !t.recap.Summary && !t.lookUp }

// scribe writes notes in the background: summaries, and facts about listeners. It works for
// sessions and outlives them, since a session that is asked by single requests ends with
// each answer. No session has more than one task under way, and its requests yield to all
// replies, see llm.Gate. Safe for use by several goroutines.
type scribe struct {
	// Immutable after newScribe.
	cfg *Config
	up  *Upstreams
	// hand gives a command to the session, if it lives. Once over is closed, it will not be
	// run any more.
	hand func(ctx context.Context, session string, c command) (over <-chan struct{}, err error)
	// learned hears that a character's facts about an owner have changed.
	learned func(ctx context.Context, owner, character string)

	workers sync.WaitGroup

	mu sync.Mutex
	// Guarded by mu:
	jobs   map[string]*job   // by session
	drawn  map[string]string // the last item that facts have been drawn from, by session
	closed bool
}

// job is a task under way. Guarded by scribe.mu.
type job struct {
	task   task
	cancel context.CancelCauseFunc
	next   *task // to follow
}

// Why a task ends before it is done.
var (
	errDropped = errors.New("the notes are no longer wanted")
	errClosing = errors.New("the server is shutting down")
)

func newScribe(r *Registry) *scribe {
	return &scribe{
		cfg: &r.cfg, up: &r.up, hand: r.hand, learned: r.FactsChanged,
		jobs: map[string]*job{}, drawn: map[string]string{},
	}
}

// begin takes a task up and says whether it did: it does not while it has another one for
// the session. What is to be drawn from a session at its end follows that.
func (c *scribe) begin(t task) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	if j := c.jobs[t.session]; j != nil {
		if t.isFarewell() {
			j.next = &t
		}
		return false
	}
	c.startLocked(t)
	return true
}

// busy says whether a session has a task under way.
func (c *scribe) busy(session string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.jobs[session] != nil
}

func (c *scribe) startLocked(t task) {
	ctx, cancel := context.WithCancelCause(context.Background())
	j := &job{task: t, cancel: cancel}
	c.jobs[t.session] = j
	c.workers.Go(func() {
		defer cancel(nil)
		c.work(ctx, j)
		c.done(j)
	})
}

// done makes way for the session's next task. It may be called more than once.
func (c *scribe) done(j *job) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.jobs[j.task.session] != j {
		return // dropped, or done
	}
	delete(c.jobs, j.task.session)
	if j.next != nil && !c.closed {
		c.startLocked(*j.next)
	}
}

// drop ends a session's task: what it is of has changed.
func (c *scribe) drop(session string) {
	c.dropIf(session, func(*task) bool { return true })
}

// goOn ends what is of no use to a session that has come back with the given summary: what
// is done at a session's end, and a summary that would follow another one.
func (c *scribe) goOn(session, summary string) {
	c.dropIf(session, func(t *task) bool {
		return !t.lookUp && (!t.recap.Summary || t.recap.Earlier != summary)
	})
}

// dropAll ends the tasks of an owner's sessions.
func (c *scribe) dropAll(owner string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for session, j := range c.jobs {
		if j.task.owner == owner {
			c.dropIfLocked(session, func(*task) bool { return true })
		}
	}
}

func (c *scribe) dropIf(session string, which func(*task) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dropIfLocked(session, which)
}

func (c *scribe) dropIfLocked(session string, which func(*task) bool) {
	j := c.jobs[session]
	if j == nil {
		return
	}
	j.next = nil
	if which(&j.task) {
		j.cancel(errDropped)
		delete(c.jobs, session)
	}
}

// close ends all tasks and waits for them. What was to be drawn is left to whoever comes
// next. It may be called more than once.
func (c *scribe) close() {
	c.mu.Lock()
	var left []string
	for session, j := range c.jobs {
		if !c.closed && (j.task.isFarewell() || j.next != nil) {
			left = append(left, session)
		}
		j.cancel(errClosing)
	}
	c.closed = true
	c.mu.Unlock()
	c.workers.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), oweTimeout)
	defer cancel()
	var owing sync.WaitGroup
	for _, session := range left {
		owing.Go(func() { c.owe(ctx, session, 0) })
	}
	owing.Wait()
}

// work does a task to its end.
func (c *scribe) work(ctx context.Context, j *job) {
	t := &j.task
	log := c.cfg.Log.With(slog.String("session", t.session))
	if !sleep(ctx, t.delay) {
		return
	}
	if t.lookUp {
		c.lookUp(ctx, j, log)
		return
	}
	if t.recap.Summary && c.up.Summaries != nil {
		if x, ok := c.kept(ctx, t, log); ok {
			c.cfg.Metrics.summaries.WithLabelValues(summaryFound).Inc()
			c.give(ctx, j, x)
			return
		}
	}
	rest := t.recap.Lines
	for {
		part := t.recap
		part.Lines, rest = c.share(t, rest)
		notes, err := c.write(ctx, t, part, log)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			c.cfg.Metrics.summaries.WithLabelValues(summaryFailed).Inc()
			log.Warn("the notes of the conversation could not be written", slog.Any("error", err))
			if t.isFarewell() {
				c.settle(ctx, t.session) // there is no sense in trying again for ever
			}
			return
		}
		if t.recap.Summary && !c.summarised(ctx, j, notes.Summary, log) {
			return
		}
		c.learn(ctx, t, notes.Facts, log)
		if len(rest) == 0 {
			c.noteDrawn(t)
			if t.isFarewell() {
				c.settle(ctx, t.session)
			}
			return
		}
	}
}

// sleep waits, and says whether ctx still lasts.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// lookUp has the session see which of its summaries are still right, and forgets those
// that are not.
func (c *scribe) lookUp(ctx context.Context, j *job, log *slog.Logger) {
	t := &j.task
	if c.up.Summaries == nil {
		return
	}
	kept, err := within(ctx, func(ctx context.Context) ([]Summary, error) {
		return c.up.Summaries.Summaries(ctx, t.session)
	})
	if err != nil {
		log.Warn("the conversation's summaries cannot be read", slog.Any("error", err))
		return
	}
	c.done(j) // the session may have another task at once
	reply := make(chan []string, 1)
	over, err := c.hand(ctx, t.session, lookedUp{kept, reply})
	if err != nil {
		return
	}
	select {
	case stale := <-reply:
		c.forget(ctx, t.session, stale, log)
	case <-over:
	case <-ctx.Done():
	}
}

// forget deletes summaries of what no longer is.
func (c *scribe) forget(ctx context.Context, session string, covers []string, log *slog.Logger) {
	for _, x := range covers {
		_, err := within(ctx, func(ctx context.Context) (struct{}, error) {
			return struct{}{}, c.up.Summaries.DeleteSummary(ctx, session, x)
		})
		if err != nil {
			log.Warn("a summary cannot be deleted", slog.Any("error", err))
			return
		}
	}
}

// within gives a call to a database its time.
func within[T any](ctx context.Context, call func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, keepTimeout)
	defer cancel()
	return call(ctx)
}

// kept is the summary that the task asks for, if another server, or an earlier life of the
// session, has written it.
func (c *scribe) kept(ctx context.Context, t *task, log *slog.Logger) (Summary, bool) {
	list, err := within(ctx, func(ctx context.Context) ([]Summary, error) {
		return c.up.Summaries.Summaries(ctx, t.session)
	})
	if err != nil {
		log.Warn("the conversation's summaries cannot be read", slog.Any("error", err))
	}
	for _, x := range list {
		if x.Covers == t.covers {
			return x, true
		}
	}
	return Summary{}, false
}

// write has the model write notes. It waits for as long as replies come first, and asks
// again, after ever longer pauses, where the model fails.
func (c *scribe) write(ctx context.Context, t *task, recap persona.Recap, log *slog.Logger) (persona.Notes, error) {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.Multiplier, pause.MaxInterval = 2*time.Second, 2, 5*time.Minute
	request, size := c.request(t, recap)
	for yielded, tries := 0, 0; ; {
		if yielded >= patience {
			request.Priority = llm.PrioritySpare
		}
		notes, err := c.ask(ctx, recap, request, size)
		switch {
		case err == nil, ctx.Err() != nil:
			return notes, err
		case errors.Is(err, llm.ErrYielded):
			if !llm.YieldedToOwn(err) {
				yielded++
			}
			c.cfg.Metrics.summaries.WithLabelValues(summaryYielded).Inc()
			continue
		}
		if tries++; tries == maxTries {
			return notes, err
		}
		log.Debug("the model wrote no notes; it will be asked again", slog.Any("error", err))
		if !sleep(ctx, pause.NextBackOff()) {
			return notes, context.Cause(ctx)
		}
	}
}

// ask has the model write notes, once.
func (c *scribe) ask(ctx context.Context, recap persona.Recap, request llm.Request, size llm.Size) (persona.Notes, error) {
	var text strings.Builder
	cut := false
	for delta, err := range c.up.LLM.Stream(ctx, request) {
		if err != nil {
			return persona.Notes{}, err
		}
		text.WriteString(delta.Text)
		if delta.Finish != "" {
			cut = delta.Finish == llm.FinishLength
			c.up.Calibration.Observe(request.Model, size, delta.Usage.InputTokens)
		}
	}
	notes, err := recap.Read(text.String())
	if cut {
		if whole := wholeSentences(notes.Summary); whole != "" {
			notes.Summary = whole
		}
	}
	return notes, err
}

// longest is how long notes may be, in the model's tokens.
func (c *scribe) longest(t *task, recap *persona.Recap) (summary, all int) {
	window := c.up.window(c.cfg, t.model)
	if recap.Summary {
		summary = window / summaryShare
		all = summary
	}
	if recap.Facts {
		all += window / factShare
	}
	return summary, all
}

// request is what a recap asks of the model, and its size. Lines are cut where even one
// turn is too long.
func (c *scribe) request(t *task, recap persona.Recap) (llm.Request, llm.Size) {
	_, longest := c.longest(t, &recap)
	room := c.up.window(c.cfg, t.model) - windowMargin - longest
	scale := c.up.Calibration.Scale(t.model)
	var system, user string
	var size llm.Size
	for {
		system, user = recap.Prompt()
		size = c.up.Tokens.SharedMessageSize(system).Plus(c.up.Tokens.MessageSize(user)).Plus(llm.PromptSize())
		if scale.Of(size) <= room || !shorten(&recap) {
			break
		}
	}
	temperature := noteTemperature
	return llm.Request{
		Owner: t.owner + "/" + t.session, Model: t.model,
		Messages:    []llm.Message{{Role: llm.RoleSystem, Content: system}, {Role: llm.RoleUser, Content: user}},
		Temperature: &temperature, MaxTokens: longest, Schema: recap.Schema(),
		Priority: llm.PriorityIdle,
	}, size
}

// shorten halves the longest of a recap's lines, and says whether there was one to halve.
func shorten(recap *persona.Recap) bool {
	const least = 40 // characters
	longest := 0
	for i, line := range recap.Lines {
		if len(line.Text) > len(recap.Lines[longest].Text) {
			longest = i
		}
	}
	if len(recap.Lines) == 0 || utf8.RuneCountInString(recap.Lines[longest].Text) < least {
		return false
	}
	said := append([]persona.Line(nil), recap.Lines...)
	runes := []rune(said[longest].Text)
	said[longest].Text = string(runes[:len(runes)/4]) + " … " + string(runes[len(runes)*3/4:])
	recap.Lines = said
	return true
}

// share is as many of the lines as one request has room for, and the rest. A summary's
// lines have been chosen so that they are one share.
func (c *scribe) share(t *task, rest []persona.Line) (now, later []persona.Line) {
	if t.recap.Summary {
		return rest, nil
	}
	room, scale := c.noteRoom(t), c.up.Calibration.Scale(t.model)
	for i, line := range rest {
		room -= scale.Of(c.up.Tokens.MessageSize(line.Text))
		if room < 0 && i > 0 {
			return rest[:i], rest[i:]
		}
	}
	return rest, nil
}

// noteRoom is how many tokens of conversation one request for the task's notes has room
// for.
func (c *scribe) noteRoom(t *task) int {
	recap := t.recap
	recap.Lines = nil
	_, longest := c.longest(t, &recap)
	system, user := recap.Prompt()
	size := c.up.Tokens.SharedMessageSize(system).Plus(c.up.Tokens.MessageSize(user)).Plus(llm.PromptSize())
	return c.up.window(c.cfg, t.model) - windowMargin - longest - c.up.Calibration.Scale(t.model).Of(size)
}

// summarised hands a summary over and keeps it, and says whether it is of any use still.
func (c *scribe) summarised(ctx context.Context, j *job, text string, log *slog.Logger) bool {
	t := &j.task
	most, _ := c.longest(t, &t.recap)
	likely := c.up.Calibration.Likely(t.model)
	text = sentencesUpTo(text, most, func(text string) int { return likely.Of(c.up.Tokens.Measure(text)) })
	x := Summary{
		Covers: t.covers, Text: text, UpTo: t.upTo, Model: t.model,
		Tokens: c.up.Tokens.Count(text), Created: time.Now(),
	}
	if !c.give(ctx, j, x) {
		return false
	}
	c.cfg.Metrics.summaries.WithLabelValues(summaryMade).Inc()
	if c.up.Summaries == nil {
		return true
	}
	_, err := within(ctx, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, c.up.Summaries.SaveSummary(ctx, t.session, x)
	})
	if err != nil && ctx.Err() == nil && !errors.Is(err, ErrUnknownSession) {
		log.Warn("the summary could not be saved", slog.Any("error", err))
	}
	return true
}

// give hands a summary to its session, and says whether it is of any use: to the session,
// or to a later life of it. The session may begin another task at once.
func (c *scribe) give(ctx context.Context, j *job, x Summary) bool {
	c.done(j)
	reply := make(chan bool, 1)
	over, err := c.hand(ctx, j.task.session, summarised{&j.task, x, reply})
	if err != nil {
		return ctx.Err() == nil // it has ended
	}
	select {
	case taken := <-reply:
		return taken
	case <-over:
		return true
	case <-ctx.Done():
		return false
	}
}

// learn keeps facts that were found, and forgets the least useful where there are too many.
func (c *scribe) learn(ctx context.Context, t *task, notes []persona.NotedFact, log *slog.Logger) {
	if len(notes) == 0 {
		return
	}
	_, err := within(ctx, func(ctx context.Context) (struct{}, error) { return struct{}{}, c.keepFacts(ctx, t, notes) })
	if err != nil {
		if ctx.Err() == nil {
			log.Warn("what was learned could not be saved", slog.Any("error", err))
		}
		return
	}
	c.learned(ctx, t.owner, t.character)
}

func (c *scribe) keepFacts(ctx context.Context, t *task, notes []persona.NotedFact) error {
	found := make([]drawn, len(notes))
	for i, n := range notes {
		found[i].NotedFact = n
		if n.Replaces > 0 {
			found[i].replaces = t.facts[n.Replaces-1].ID
		}
	}
	known, err := c.up.Facts.Facts(ctx, t.owner, t.character)
	if err != nil {
		return err
	}
	save, forget := mergeFacts(known, found, MaxFacts)
	for _, f := range save {
		f.Owner, f.Character, f.Session = t.owner, t.character, t.session
		if err := c.up.Facts.SaveFact(ctx, f); err != nil {
			return err
		}
	}
	for _, id := range forget {
		if err := c.up.Facts.DeleteFact(ctx, t.owner, id); err != nil {
			return err
		}
	}
	return nil
}

// maxDrawn bounds how many sessions' places are held: where one is forgotten, facts are
// drawn twice, which changes nothing.
const maxDrawn = 10_000

// noteDrawn notes up to where facts have been drawn from a session.
func (c *scribe) noteDrawn(t *task) {
	if !t.recap.Facts {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.drawn) >= maxDrawn {
		clear(c.drawn)
	}
	c.drawn[t.session] = t.upTo
}

// drawnUpTo is the last item of a session that facts have been drawn from; empty where
// nothing is known of that.
func (c *scribe) drawnUpTo(session string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.drawn[session]
}
