package loadtest

import (
	"context"
	"errors"
	"time"

	"avatarforge/realtime"
)

// What a listener does in the middle of an answer, if it does, at some moment within these.
const (
	interruptWithin = 2 * time.Second // after the first sound, or text
	hangUpWithin    = 3 * time.Second // after the question
	comesBackWithin = 2 * time.Second // after it was cut off
)

// reportEvery is how often a player says where it is, as the chat room's does.
const reportEvery = time.Second

// plan is what is to happen in one turn, and when. Zero moments never come. Owned by
// the listener's run.
type plan struct {
	interrupts bool
	interrupt  time.Time
	hangUp     time.Time
	back       time.Time // when it comes back
	report     time.Time
	heard      time.Time // when the last of the answer will have been heard
}

// next is the earliest of what is planned, or the end of patience.
func (p *plan) next(patience time.Time) time.Time {
	at := patience
	for _, t := range [...]time.Time{p.interrupt, p.hangUp, p.back, p.report, p.heard} {
		if !t.IsZero() && t.Before(at) {
			at = t
		}
	}
	return at
}

// due says whether a planned moment has come, and takes it off the plan.
func due(t *time.Time, now time.Time) bool {
	if t.IsZero() || now.Before(*t) {
		return false
	}
	*t = time.Time{}
	return true
}

// take asks, and listens to the answer. It returns when the listener had heard it all.
func (l *listener) take(ctx context.Context, intended time.Time) (time.Time, error) {
	now := time.Now()
	l.rec.wait(now, Late, now.Sub(intended))
	t := newTurn(intended, l.cfg)
	l.mu.Lock()
	l.turn = t
	l.mu.Unlock()
	l.rec.asked(now)
	text := l.cfg.Script[l.line%len(l.cfg.Script)]
	l.line++
	p := plan{interrupts: l.rand.Float64() < l.cfg.Interrupt}
	if l.rand.Float64() < l.cfg.HangUp {
		p.interrupts, p.hangUp = false, now.Add(l.within(hangUpWithin))
	}
	err := l.send(ctx, says(text))
	if err == nil {
		err = l.send(ctx, []byte(createResponse))
	}
	if err == nil {
		err = l.follow(ctx, t, &p)
	}
	return l.finish(t, err)
}

func (l *listener) within(d time.Duration) time.Duration {
	return time.Duration(l.rand.Float64() * float64(d))
}

// errImpatient says that nothing came for Config.Patience.
var errImpatient = errors.New("nothing came any more")

// follow does what is planned until the answer has been heard, or is given up.
func (l *listener) follow(ctx context.Context, t *turn, p *plan) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		l.mu.Lock()
		patience := t.moved.Add(l.cfg.Patience)
		l.mu.Unlock()
		timer.Reset(time.Until(p.next(patience)))
		select {
		case s := <-l.signals:
			if s.conn != l.conn {
				continue // of a connection that is history
			}
			if err := l.follows(ctx, t, p, s); err != nil {
				return err
			}
		case <-timer.C:
			done, err := l.act(ctx, t, p, patience)
			if done || err != nil {
				return err
			}
		case <-ctx.Done():
			return errGone
		}
	}
}

// follows goes on by what has been heard.
func (l *listener) follows(ctx context.Context, t *turn, p *plan, s signal) error {
	now := time.Now()
	switch s.kind {
	case signalAudio:
		p.report = now.Add(reportEvery)
		if p.interrupts {
			p.interrupt = now.Add(l.within(interruptWithin))
		}
	case signalDone:
		l.mu.Lock()
		p.heard = t.player.finish(now)
		l.mu.Unlock()
		p.hangUp = time.Time{}
	case signalLost:
		l.rec.fault(now, FaultLost)
		return l.resume(ctx)
	case signalReady:
	}
	return nil
}

// act does what is due. done says that the answer has been heard.
func (l *listener) act(ctx context.Context, t *turn, p *plan, patience time.Time) (done bool, err error) {
	now := time.Now()
	switch {
	case due(&p.heard, now):
		return true, nil
	case due(&p.hangUp, now):
		l.conn.close()
		l.conn = nil
		l.mu.Lock()
		t.cutOff = true
		t.moved = now // it is nobody's fault that nothing comes
		l.mu.Unlock()
		p.back, p.report = now.Add(l.within(comesBackWithin)), time.Time{}
	case due(&p.back, now):
		p.report = now.Add(reportEvery)
		return false, l.resume(ctx)
	case due(&p.interrupt, now):
		return false, l.interrupt(ctx, t, p, now)
	case due(&p.report, now):
		p.report = now.Add(reportEvery)
		return false, l.report(ctx, t, now)
	case p.back.IsZero() && !now.Before(patience):
		return false, errImpatient
	}
	return false, nil
}

// interrupt stops the answer, as somebody does who has heard enough. Where all of it has
// come, what was not heard is all that is left to stop.
func (l *listener) interrupt(ctx context.Context, t *turn, p *plan, now time.Time) error {
	l.mu.Lock()
	running := t.running()
	if running {
		t.cancelled = now
	}
	heard := t.player.stop(now)
	l.mu.Unlock()
	if running {
		return l.send(ctx, []byte(cancelResponse))
	}
	p.heard = now
	return l.send(ctx, truncate(t.item, heard))
}

// report says where the player is.
func (l *listener) report(ctx context.Context, t *turn, now time.Time) error {
	l.mu.Lock()
	held := t.player.held(now)
	segment := t.segment
	played := max(0, t.lasts(t.sound[segment])-held)
	l.mu.Unlock()
	if held == 0 || played == 0 {
		return nil
	}
	return l.send(ctx, playback(segment, played, held))
}

// finish sums a turn up. The error is passed on where the listener can't go on.
func (l *listener) finish(t *turn, err error) (heard time.Time, _ error) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.turnsLeft > 0 {
		l.turnsLeft--
	}
	fate := t.fate()
	switch {
	case errors.Is(err, errImpatient):
		l.rec.fault(now, FaultTimeout)
		fate = fateBroken
	case err != nil:
		l.rec.fault(now, FaultUnfinished)
		fate = fateBroken
	case fate == fateBroken && len(t.faults) == 0:
		l.rec.fault(now, responseFault(t.status))
	}
	for _, f := range t.faults {
		l.rec.fault(now, f)
	}
	l.waitsLocked(t, now)
	l.rec.ended(now, fate)
	if errors.Is(err, errImpatient) {
		// The session may be stuck in that answer; the next question begins a new one.
		l.turnsLeft, err = 0, nil
	}
	return now, err
}

// waitsLocked records what the listener waited for. What never came counts with the time
// waited so far. A turn that was cut off says nothing of the server's speed.
func (l *listener) waitsLocked(t *turn, now time.Time) {
	if t.cutOff {
		return
	}
	record := func(m Measure, at time.Time) {
		if at.IsZero() {
			at = now
		}
		l.rec.wait(now, m, at.Sub(t.intended))
	}
	cancelledBefore := func(at time.Time) bool { return at.IsZero() && !t.cancelled.IsZero() }
	if !cancelledBefore(t.token) {
		record(FirstToken, t.token)
	}
	if !l.cfg.TextOnly && !cancelledBefore(t.audio) {
		record(FirstSentence, t.sentence)
		record(FirstAudio, t.audio)
	}
	switch {
	case t.cancelled.IsZero() || t.status == realtime.StatusCompleted: // in spite of an interruption, which came too late
		record(Answer, t.ended)
	case !t.ended.IsZero():
		l.rec.wait(now, Silence, t.ended.Sub(t.cancelled))
	}
	if tm := t.timings; tm != nil {
		for m, ms := range map[Measure]*int64{
			ServerFirstToken: tm.FirstTokenMS, ServerFirstSentence: tm.FirstSentenceMS, ServerFirstAudio: tm.FirstAudioMS,
		} {
			if ms != nil {
				l.rec.wait(now, m, time.Duration(*ms)*time.Millisecond)
			}
		}
	}
	if l.cfg.TextOnly || l.slow {
		return
	}
	l.rec.heard(now, &t.player, t.spoken)
	l.heard += t.player.played
	l.silent += t.player.silence
	if !t.audio.IsZero() {
		l.silent += t.audio.Sub(t.intended)
	} else if t.cancelled.IsZero() {
		l.silent += now.Sub(t.intended)
	}
	l.stuttered = l.stuttered || t.player.stutters > 0
}
