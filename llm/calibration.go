package llm

import (
	"context"
	"math"
	"sync"
	"time"
)

// Calibration learns by how much a model's own token counts differ from a Counter's, for
// wide characters and for the rest: vocabularies agree on English and differ on Korean by
// a factor of up to three. It is safe for use by several goroutines.
//
// A reported count is never more than the prompt's true one: it is less where a part of
// the prompt was cached or cut. So a higher count than expected is believed at once, and a
// lower one slowly, or not at all once a server has shown that it reports no cached part.
type Calibration struct {
	changed chan struct{} // has a value when something is to be kept; never closed

	mu     sync.Mutex
	models map[string]*modelRatios // guarded by mu
}

// modelRatios is what is known of a model. Guarded by Calibration.mu.
type modelRatios struct {
	plain, wide learned
	caches      bool // it reports prompts without what it had cached of them

	// A server that reports the same of ever other prompts does not count.
	size     int // of the last prompt
	reported int // of it
	repeated int // how often a prompt of another size had the same report
}

// fixed says that the reports are no counts, so that nothing was to be learned from them.
func (m *modelRatios) fixed() bool { return m.repeated >= maxRepeated }

// learned is the ratio of reported to counted tokens.
type learned struct {
	ratio   float64
	samples int // it was learned from; zero: nothing is known

	kept        float64 // the ratio as it was kept last
	keptSamples int
}

// Ratio is what a Calibration knows of a model, as it is kept over a restart.
type Ratio struct {
	Model   string
	Wide    bool    // of wide characters; else of all others
	Ratio   float64 // reported to counted tokens
	Samples int     // it was learned from
}

const (
	// unknownPlain and unknownWide stand for what has not been learned: more than the
	// vocabularies in use come to, Llama 2's 32,000 with Korean being the worst of them.
	unknownPlain, unknownWide = 1.5, 3.0
	// guessPlain and guessWide are what is likely: the part of a prompt that teaches
	// nothing is taken for that.
	guessPlain, guessWide = 1.1, 1.3

	// Outside of these a count is not of the whole text.
	minPlain, minWide, maxRatio = 0.85, 0.7, 6.0
	// minEstimate is the least prompt to learn from, in tokens: below it the chat
	// template's own outweigh the text.
	minEstimate = 64
	// A count below cachedShare of what was expected shows that the server leaves cached
	// tokens out. One below trustedShare teaches nothing.
	cachedShare, trustedShare = 0.5, 0.8
	learnDown                 = 0.1
	// Prompts whose sizes differ by more than that differ in their counts; after that many
	// that did not, nothing is believed any more.
	otherSize   = 0.05
	maxRepeated = 2
)

// firstCaution is for what is known from a reply or two, or guessed.
const firstCaution = 1.2

// caution is what is added to a ratio, since one text's differs from the next one's.
func (l *learned) caution() float64 {
	switch {
	case l.samples < 3:
		return firstCaution
	case l.samples < 10:
		return 1.1
	default:
		return 1.05
	}
}

// or is the ratio, or what is given while there is none.
func (l *learned) or(unknown float64) float64 {
	if l.samples == 0 {
		return unknown
	}
	return l.ratio
}

// NewCalibration makes a calibration that knows what was kept of an earlier one.
func NewCalibration(kept ...Ratio) *Calibration {
	c := &Calibration{changed: make(chan struct{}, 1), models: map[string]*modelRatios{}}
	for _, k := range kept {
		if k.Samples > 0 && k.Ratio >= minWide && k.Ratio <= maxRatio {
			*c.modelLocked(k.Model).part(k.Wide) = learned{k.Ratio, k.Samples, k.Ratio, k.Samples}
		}
	}
	return c
}

func (c *Calibration) modelLocked(name string) *modelRatios {
	m := c.models[name]
	if m == nil {
		m = &modelRatios{}
		c.models[name] = m
	}
	return m
}

func (m *modelRatios) part(wide bool) *learned {
	if wide {
		return &m.wide
	}
	return &m.plain
}

// Observe learns from one reply: the prompt's size as a Counter measured it, and its
// tokens as the server reported them, see Usage.InputTokens. A prompt teaches the ratio of
// the characters that make up most of it.
func (c *Calibration) Observe(model string, prompt Size, reported int) {
	if prompt.Total() < minEstimate {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.modelLocked(model)
	if m.repeats(prompt.Total(), reported); m.fixed() || reported <= 0 {
		return
	}
	plain, wide := m.plain.or(guessPlain), m.wide.or(guessWide)
	l, least, likely := &m.plain, minPlain, guessPlain
	ratio := (float64(reported) - wide*float64(prompt.Wide)) / float64(max(prompt.Plain, 1))
	if prompt.Wide >= prompt.Plain {
		l, least, likely = &m.wide, minWide, guessWide
		ratio = (float64(reported) - plain*float64(prompt.Plain)) / float64(prompt.Wide)
	}
	expected := plain*float64(prompt.Plain) + wide*float64(prompt.Wide)
	switch share := float64(reported) / expected; {
	case l.samples > 0 && share < cachedShare:
		m.caches = true
		return
	case ratio < least || ratio > maxRatio:
		return
	case share < trustedShare && m.plain.samples+m.wide.samples > 0:
		return
	case l.samples == 0 && m.caches: // it may be a part
		l.ratio = max(ratio, 1.2*likely)
	case l.samples == 0 || ratio > l.ratio:
		l.ratio = ratio
	case m.caches:
		return
	default:
		l.ratio += learnDown * (ratio - l.ratio)
	}
	l.samples++
	if l.worthKeeping() {
		select {
		case c.changed <- struct{}{}:
		default:
		}
	}
}

// repeats notes a report, and forgets what was learned where it shows that the server does
// not count.
func (m *modelRatios) repeats(size, reported int) {
	switch other := math.Abs(float64(size-m.size)) > otherSize*float64(size); {
	case reported != m.reported:
		m.repeated = 0
	case other:
		m.repeated++
	}
	m.size, m.reported = size, reported
	if m.fixed() {
		m.plain, m.wide, m.caches = learned{}, learned{}, false
	}
}

// Scale is how a model counts, with some caution: what has not been learned of it is
// taken for more than it will be.
func (c *Calibration) Scale(model string) Scale {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Scale{unknownPlain, unknownWide}
	m := c.models[model]
	switch {
	case m == nil:
		return s
	case m.fixed():
		return Scale{guessPlain * firstCaution, guessWide * firstCaution}
	}
	if m.plain.samples > 0 {
		s.plain = m.plain.ratio * m.plain.caution()
	}
	if m.wide.samples > 0 {
		s.wide = m.wide.ratio * m.wide.caution()
	}
	return s
}

// Likely is Scale without the caution: what a prompt will come to rather than what it may.
func (c *Calibration) Likely(model string) Scale {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.models[model]
	if m == nil {
		return Scale{guessPlain, guessWide}
	}
	return Scale{m.plain.or(guessPlain), m.wide.or(guessWide)}
}

// Scale turns a Counter's tokens into a model's own.
type Scale struct{ plain, wide float64 }

// Of is how many of the model's tokens a text of that size has, rounded up.
func (s Scale) Of(size Size) int {
	scaled := s.plain*float64(size.Plain) + s.wide*float64(size.Wide)
	whole := int(scaled)
	if float64(whole) < scaled {
		whole++
	}
	return whole
}

// worthKeeping says whether a restart would lose something that matters.
func (l *learned) worthKeeping() bool {
	if l.samples == 0 {
		return false
	}
	changed := l.ratio/max(l.kept, 0.01) - 1
	grown := l.keptSamples < 10 && l.samples >= min(10, 3*l.keptSamples)
	return changed > 0.01 || changed < -0.01 || grown
}

// keepPause is how long changes are gathered before they are kept.
const keepPause = 5 * time.Second

// Keep has what is learned saved, now and then and when ctx ends, and returns after that.
// save is told each ratio that has changed; one that it fails for is tried again with the
// next change.
func (c *Calibration) Keep(ctx context.Context, save func(context.Context, Ratio) error) {
	for {
		select {
		case <-c.changed:
		case <-ctx.Done():
		}
		pause := time.NewTimer(keepPause)
		select {
		case <-pause.C:
			c.keepChanges(ctx, save)
		case <-ctx.Done():
			pause.Stop()
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepPause)
			defer cancel()
			c.keepChanges(last, save)
			return
		}
	}
}

func (c *Calibration) keepChanges(ctx context.Context, save func(context.Context, Ratio) error) {
	for _, r := range c.changes() {
		if err := save(ctx, r); err != nil {
			continue
		}
		c.mu.Lock()
		l := c.modelLocked(r.Model).part(r.Wide)
		l.kept, l.keptSamples = r.Ratio, r.Samples
		c.mu.Unlock()
	}
}

// changes are the ratios that are worth keeping.
func (c *Calibration) changes() []Ratio {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []Ratio
	for name, m := range c.models {
		for _, wide := range []bool{false, true} {
			if l := m.part(wide); l.worthKeeping() {
				list = append(list, Ratio{name, wide, l.ratio, l.samples})
			}
		}
	}
	return list
}
