package llm

// Calibration learns by how much a model's own token counts differ from a Counter's.
// The zero value is ready; a copy shares what it learned. It is not safe for use by
// several goroutines at once.
type Calibration struct {
	ratios map[string]float64 // reported to estimated, by model; absent means 1
}

const (
	minRatio = 0.5
	maxRatio = 2.0
	// minEstimate is the least prompt to learn from: below it the chat template's own
	// tokens outweigh the text.
	minEstimate = 64
	// A count that is higher than expected is believed sooner than a lower one: too
	// low an estimate overflows the window in silence, and a low count may just be a
	// prompt that the server had partly cached, or has cut.
	learnUp   = 0.5
	learnDown = 0.1
)

// Observe learns from one reply: the prompt's tokens as a Counter estimated them and
// as the server reported them, see Usage.InputTokens. A report that cannot be of the
// same text is ignored: none, less than half of the estimate (most of it was cached,
// or cut), or more than double.
func (c *Calibration) Observe(model string, estimated, reported int) {
	if estimated < minEstimate || reported <= 0 {
		return
	}
	ratio := float64(reported) / float64(estimated)
	if ratio < minRatio || ratio > maxRatio {
		return
	}
	old := c.ratio(model)
	learn := learnUp
	if ratio < old {
		learn = learnDown
	}
	if c.ratios == nil {
		c.ratios = map[string]float64{}
	}
	c.ratios[model] = old + learn*(ratio-old)
}

// Scale turns a Counter's tokens into the model's own, rounded up.
func (c *Calibration) Scale(model string, tokens int) int {
	scaled := float64(tokens) * c.ratio(model)
	whole := int(scaled)
	if float64(whole) < scaled {
		whole++
	}
	return whole
}

func (c *Calibration) ratio(model string) float64 {
	if r, ok := c.ratios[model]; ok {
		return r
	}
	return 1
}
