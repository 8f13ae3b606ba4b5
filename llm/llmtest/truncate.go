package llmtest

// messageOverhead is what a chat template puts around a message, in tokens.
const messageOverhead = 4

// numKeep is how many tokens at the front survive a cut in the middle: Ollama's
// default.
const numKeep = 4

// vocabulary cuts text into a model's tokens, which joined are the text; nil is
// SplitTokens.
type vocabulary func(text string) []string

func (v vocabulary) split(text string) []string {
	if v == nil {
		return SplitTokens(text)
	}
	return v(text)
}

func (v vocabulary) count(text string) int {
	if v == nil {
		return countTokens(text)
	}
	return len(v(text))
}

func promptTokens(v vocabulary, messages []Message) int {
	n := 0
	for _, m := range messages {
		n += v.count(m.Content) + messageOverhead
	}
	return n
}

// fitting is a prompt after the silent cut.
type fitting struct {
	messages []Message
	tokens   int
	dropped  int
	cut      bool
}

// fit does to a prompt that is longer than the window what Ollama does, without a
// word to the client. First whole messages go from the front; system messages met
// on the way stay, and the last message always stays. If that is still too long,
// only about half of the window survives: the very first tokens and the tail, the
// system prompt lost.
func fit(v vocabulary, messages []Message, window int) fitting {
	costs := make([]int, len(messages))
	total := 0
	for i, m := range messages {
		costs[i] = v.count(m.Content) + messageOverhead
		total += costs[i]
	}
	var system []Message
	first := 0
	for ; total > window && first < len(messages)-1; first++ {
		if messages[first].Role == "system" {
			system = append(system, messages[first])
		} else {
			total -= costs[first]
		}
	}
	kept := fitting{
		messages: append(system, messages[first:]...),
		tokens:   total,
		dropped:  first - len(system),
	}
	if total <= window {
		return kept
	}
	return cutMiddle(v, kept, window)
}

// cutMiddle keeps numKeep tokens of the front and the tail of what is left, half a
// window in all.
func cutMiddle(v vocabulary, f fitting, window int) fitting {
	rest := max(window-numKeep, 0)
	tail := rest - rest/2
	var messages []Message
	for i := len(f.messages) - 1; i >= 0 && tail > 0; i-- {
		m := f.messages[i]
		tail -= messageOverhead
		tokens := v.split(m.Content)
		if over := len(tokens) - max(tail, 0); over > 0 {
			lost := 0
			for _, t := range tokens[:over] {
				lost += len(t)
			}
			m.Content = m.Content[lost:]
			tail = 0
		} else {
			tail -= len(tokens)
		}
		messages = append([]Message{m}, messages...)
	}
	front := f.messages[0]
	head := v.split(front.Content)
	front.Content = ""
	for _, t := range head[:min(numKeep, len(head))] {
		front.Content += t
	}
	return fitting{
		messages: append([]Message{front}, messages...),
		tokens:   min(numKeep+rest-rest/2, window),
		dropped:  f.dropped,
		cut:      true,
	}
}

// cachedTokens is how much of the prompt the server still has from the one before.
func cachedTokens(v vocabulary, before, now []Message) int {
	n := 0
	for i, m := range now {
		if i >= len(before) || before[i] != m {
			break
		}
		n += v.count(m.Content) + messageOverhead
	}
	return n
}
