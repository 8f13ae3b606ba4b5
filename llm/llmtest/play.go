package llmtest

import (
	"context"
	"slices"
	"time"
)

// ending says how a reply came to its end.
type ending int

const (
	endDone    ending = iota // to the last token, or to the client's bound
	endAborted               // the client left
	endError                 // FaultError; the error was sent
	endSilent                // FaultEnd
	endBroken                // FaultDrop or FaultTear: the connection is to be cut
)

func (e ending) state() State {
	switch e {
	case endDone:
		return StateDone
	case endAborted:
		return StateAborted
	default:
		return StateFailed
	}
}

// sink is one service's layout of a reply. Errors mean that the client has gone.
type sink interface {
	thought(text string) error
	// token sends one token; final is true for one that travels with the end.
	token(text string, final bool) error
	// flush sends what token has put together.
	flush() error
	// fail sends an error, as a status if nothing has been sent so far.
	fail(status int, message string) error
	// tear sends half of what a token would look like.
	tear() error
	done(sum summary) error
}

// summary is what the end of a reply tells. Durations are the server's own.
type summary struct {
	reason       string
	promptTokens int // as reported: without those that were cached
	evalTokens   int
	load, prompt time.Duration
	eval, total  time.Duration
}

// finish reasons; both services call them the same.
const (
	reasonStop   = "stop"
	reasonLength = "length"
)

// performance is one reply on its way out. Owned by the request's goroutine.
type performance struct {
	entry *entry
	reply Reply
	// limit is the most tokens to send, thoughts included; negative: all.
	limit int
	// stubborn servers do not notice while the prompt is processed that the client
	// has left.
	stubborn bool
	sum      summary
}

// play sends the reply to the sink at its pace, with its faults.
func (p *performance) play(ctx context.Context, out sink) ending {
	begun := time.Now()
	p.entry.state(StatePrompt)
	if !p.processPrompt(ctx) {
		return endAborted
	}
	p.sum.prompt = time.Since(begun)

	p.entry.state(StateGenerating)
	thoughts, tokens, reason := p.bounded()
	p.sum.reason = reason
	p.sum.evalTokens = len(thoughts) + len(tokens)
	clock := newMetronome(p.reply.Pace.interval())
	defer clock.stop()

	for _, text := range thoughts {
		if !clock.wait(ctx) || out.thought(text) != nil || out.flush() != nil {
			return endAborted
		}
	}
	faults := slices.Clone(p.reply.Faults)
	slices.SortStableFunc(faults, func(a, b Fault) int { return a.After - b.After })
	batch := max(p.reply.Wire.Batch, 1)
	for i, text := range tokens {
		for len(faults) > 0 && faults[0].After <= i {
			if end, over := p.strike(ctx, out, faults[0]); over {
				return end
			}
			faults = faults[1:]
		}
		if !clock.wait(ctx) {
			return endAborted
		}
		final := p.reply.Wire.FinalContent && i == len(tokens)-1
		if out.token(text, final) != nil {
			return endAborted
		}
		p.entry.token()
		if (i+1)%batch == 0 && !final && out.flush() != nil {
			return endAborted
		}
	}
	for _, f := range faults {
		if end, over := p.strike(ctx, out, f); over {
			return end
		}
	}
	p.sum.eval = time.Since(begun) - p.sum.prompt
	p.sum.total = p.sum.load + time.Since(begun)
	if out.done(p.sum) != nil {
		return endAborted
	}
	return endDone
}

// processPrompt waits for the first token's time, and reports whether the client
// is still there.
func (p *performance) processPrompt(ctx context.Context) bool {
	if p.stubborn {
		ctx = context.WithoutCancel(ctx)
	}
	return pause(ctx, p.reply.Pace.FirstToken)
}

// bounded applies the client's bound on the number of tokens.
func (p *performance) bounded() (thoughts, tokens []string, reason string) {
	thoughts, tokens = p.reply.Thinking, p.reply.tokens()
	if p.limit < 0 || len(thoughts)+len(tokens) <= p.limit {
		return thoughts, tokens, reasonStop
	}
	thoughts = thoughts[:min(len(thoughts), p.limit)]
	tokens = tokens[:min(len(tokens), p.limit-len(thoughts))]
	return thoughts, tokens, reasonLength
}

// strike lets one fault happen; over means that the reply has ended by it.
func (p *performance) strike(ctx context.Context, out sink, f Fault) (end ending, over bool) {
	if out.flush() != nil {
		return endAborted, true
	}
	switch f.Kind {
	case FaultError:
		status := f.Status
		if status == 0 {
			status = 500
		}
		if out.fail(status, f.Message) != nil {
			return endAborted, true
		}
		return endError, true
	case FaultEnd:
		return endSilent, true
	case FaultTear:
		if out.tear() != nil {
			return endAborted, true
		}
		return endBroken, true
	case FaultDrop:
		return endBroken, true
	case FaultStall:
		if f.Stall <= 0 {
			<-ctx.Done()
		} else {
			pause(ctx, f.Stall)
		}
		return endAborted, ctx.Err() != nil
	default:
		panic("llmtest: a Fault without a Kind")
	}
}

// pause sleeps for d and reports whether ctx is still good.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// metronome beats at an interval, from its first wait on, and catches up after a
// beat was late so that the average speed is kept.
type metronome struct {
	interval time.Duration
	next     time.Time
	timer    *time.Timer
}

func newMetronome(interval time.Duration) *metronome {
	return &metronome{interval: interval, next: time.Now()}
}

// wait returns at the next beat; the first one is at once. It reports whether ctx
// is still good.
func (m *metronome) wait(ctx context.Context) bool {
	if m.interval <= 0 {
		return ctx.Err() == nil
	}
	d := time.Until(m.next)
	m.next = m.next.Add(m.interval)
	if d <= 0 {
		return ctx.Err() == nil
	}
	if m.timer == nil {
		m.timer = time.NewTimer(d)
	} else {
		m.timer.Reset(d)
	}
	select {
	case <-m.timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (m *metronome) stop() {
	if m.timer != nil {
		m.timer.Stop()
	}
}
