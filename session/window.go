package session

import (
	"avatarforge/llm"
	"avatarforge/persona"
	"avatarforge/realtime"
)

const (
	// windowMargin is kept free of the window, in tokens: for what a chat template adds
	// that we do not know of.
	windowMargin = 64
	// The parts of the window, one in so many, that may be filled by a character's
	// lorebook, by facts, by the summary, and by a reply where the client sets no limit.
	loreShare    = 8
	factShare    = 16
	summaryShare = 8
	replyShare   = 8
	// openReply bounds a reply where the client sets no limit, in tokens.
	openReply = 2048
	// shortShare is the part of the window that a reply may be cut down to before
	// anything else has to give way, and leastReply the fewest tokens worth asking for.
	shortShare = 16
	leastReply = 64
	// loreMessages is how far back a lorebook may look, whatever it says.
	loreMessages = 100
)

// told is what a model is told for a response.
type told struct {
	request llm.Request
	size    llm.Size // of the prompt, by our own count
	dropped int      // turns that are neither in it nor in the summary
	summary string   // what the summary in it covers; empty where there is none
}

// replyTokens is the most that a reply may have: never over half of the window.
func (s *Session) replyTokens(asked realtime.MaxTokens) int {
	if asked <= 0 {
		return min(openReply, s.window()/replyShare)
	}
	return min(int(asked), s.window()/2)
}

// room is what a prompt may have beside a reply of that length, in tokens.
func (s *Session) room(reply int) int { return s.window() - windowMargin - reply }

// prompt is what the model is told: who it plays, what it remembers, and as many of the
// last messages as the window has room for. The reply is cut down, and what is told
// beside the messages left out bit by bit, where the last message would not fit.
func (s *Session) prompt(o *realtime.ResponseOverrides, reply int) (*told, *realtime.Error) {
	list := s.items.list
	scale := s.up.Calibration.Scale(s.object.Model)
	last := 0
	if len(list) > 0 {
		last = scale.Of(s.size(list[len(list)-1]))
	}
	fit, err := s.fitting(s.toTell(o), reply, last)
	if err != nil {
		return nil, err
	}
	budget := s.room(fit.reply) - scale.Of(fit.system.size)
	first := window(list, s.memory.items, budget, func(it *item) int { return scale.Of(s.size(it)) })

	temperature := s.object.Avatarforge.Temperature
	if o.Temperature != nil {
		temperature = *o.Temperature
	}
	t := &told{
		request: llm.Request{
			Owner:       s.owner + "/" + s.id,
			Model:       s.object.Model,
			Messages:    make([]llm.Message, 0, 1+len(list)-first),
			Temperature: &temperature,
			MaxTokens:   fit.reply,
		},
		size:    fit.system.size,
		dropped: countTurns(list, s.memory.items, first),
	}
	if fit.prompt.Earlier != "" {
		t.summary = s.memory.summary.Covers
	}
	if fit.system.text != "" {
		t.request.Messages = append(t.request.Messages, llm.Message{Role: llm.RoleSystem, Content: fit.system.text})
	}
	for _, it := range list[first:] {
		if text := it.Text(); text != "" {
			t.request.Messages = append(t.request.Messages, llm.Message{Role: llm.Role(it.Role), Content: text})
			t.size = t.size.Plus(s.size(it))
		}
	}
	return t, nil
}

// toTell is what there is to tell beside the messages.
func (s *Session) toTell(o *realtime.ResponseOverrides) persona.Prompt {
	ext := &s.object.Avatarforge
	p := persona.Prompt{
		Character: s.part.character,
		Persona:   ext.Persona,
		Scenario: persona.Scenario{
			Opponent: ext.Scenario.Opponent, Situation: ext.Scenario.Situation, Background: ext.Scenario.Background,
		},
		Earlier:      s.memory.summary.Text,
		Instructions: s.object.Instructions,
	}
	if o.Instructions != nil {
		p.Instructions = *o.Instructions
	}
	if s.remembered() {
		p.Known = s.part.known
	}
	if s.part.lore != nil {
		p.Lore = s.part.lore.Select(latest(s.items.list, loreMessages), s.window()/loreShare, s.up.Tokens.CountShared)
	}
	return p
}

// fit is a system prompt beside which the last message has room, and a reply of that
// length, in tokens.
type fit struct {
	prompt persona.Prompt
	system counted
	reply  int
}

// counted is a text, and what it comes to in a prompt.
type counted struct {
	text string
	size llm.Size
}

// fitting is what of p can be told beside a last message of that many tokens. The lorebook
// gives way first, then the facts, then the reply's length, then the summary.
func (s *Session) fitting(p persona.Prompt, reply, last int) (fit, *realtime.Error) {
	scale := s.up.Calibration.Scale(s.object.Model)
	short := min(reply, max(leastReply, s.window()/shortShare))
	noLore, noFacts, noSummary := p, p, p
	noLore.Lore = nil
	noFacts.Lore, noFacts.Known = nil, nil
	noSummary.Lore, noSummary.Known, noSummary.Earlier = nil, nil, ""
	var system counted
	for _, try := range []struct {
		prompt persona.Prompt
		reply  int // at least
	}{{p, reply}, {noLore, reply}, {noFacts, reply}, {noFacts, short}, {noSummary, short}} {
		system = s.system(try.prompt)
		if left := s.room(0) - scale.Of(system.size) - last; left >= try.reply {
			return fit{try.prompt, system, min(reply, left)}, nil
		}
	}
	// It may fit all the same, since scale is cautious.
	size := system.size
	if n := len(s.items.list); n > 0 {
		size = size.Plus(s.size(s.items.list[n-1]))
	}
	likely := s.up.Calibration.Likely(s.object.Model).Of(size)
	if left := s.room(0) - likely; left >= leastReply {
		return fit{noSummary, system, min(short, left)}, nil
	}
	return fit{}, realtime.Invalid(realtime.CodeContextOverflow, "",
		"The character's description and the last message come to about %d tokens, for which the model's window of %d has no room; shorten them, or raise LLM_NUM_CTX.",
		likely, s.window())
}

// system is the system prompt, with all that a prompt has beside messages counted in. It
// is counted again only where it has changed.
func (s *Session) system(p persona.Prompt) counted {
	text := p.System()
	if s.bare {
		text = p.Instructions
	}
	if c := &s.memory.system; text != c.text {
		*c = counted{text, s.up.Tokens.SharedMessageSize(text).Plus(llm.PromptSize())}
	}
	return s.memory.system
}

// size is an item's in a prompt. It is counted when it is needed first: a conversation
// that has been restored may have thousands of items that never are.
func (s *Session) size(it *item) llm.Size {
	if it.size == (llm.Size{}) {
		it.size = s.up.Tokens.MessageSize(it.Text())
	}
	return it.size
}

// measure counts the latest items, as many as a window has room for: whoever restores a
// conversation does it, rather than the listener on the way to the first token.
func measure(list []*item, counter *llm.Counter, window int) {
	for i := len(list) - 1; i >= 0 && window > 0; i-- {
		list[i].size = counter.MessageSize(list[i].Text())
		window -= list[i].size.Total()
	}
}

// latest are the texts of the last n items.
func latest(list []*item, n int) []string {
	list = list[max(0, len(list)-n):]
	texts := make([]string, len(list))
	for i, it := range list {
		texts[i] = it.Text()
	}
	return texts
}

// window is where the latest items begin that fit the budget, in tokens, from being the
// first that may be among them. Where it leaves any out it begins with a user's message,
// since models expect that, and it always has the last item.
func window(list []*item, from, budget int, cost func(*item) int) int {
	first := len(list)
	for first > from {
		c := cost(list[first-1])
		if c > budget && first < len(list) {
			break
		}
		budget -= c
		first--
	}
	if first > from {
		for i := first; i < len(list); i++ {
			if list[i].Role == realtime.RoleUser {
				return i
			}
		}
	}
	return first
}

// startsTurn says whether a turn begins with the i-th item: the first thing that a user
// says after somebody else.
func startsTurn(list []*item, i int) bool {
	return list[i].Role == realtime.RoleUser && (i == 0 || list[i-1].Role != realtime.RoleUser)
}

// countTurns is how many turns begin among list[from:to].
func countTurns(list []*item, from, to int) int {
	n := 0
	for i := from; i < to; i++ {
		if startsTurn(list, i) {
			n++
		}
	}
	return n
}

// contextEvent says how full the window was for a response.
func (s *Session) contextEvent(r *response) realtime.Context {
	likely := s.up.Calibration.Likely(s.object.Model)
	input, output := likely.Of(r.told.size), 0
	if r.usage != nil {
		// A count far below ours leaves out what the server had cached.
		if r.usage.InputTokens*5 >= input*4 {
			input = r.usage.InputTokens
		}
		output = r.usage.OutputTokens
	}
	if output == 0 {
		output = likely.Of(s.up.Tokens.Measure(r.item.full))
	}
	return s.context(input+output, r.told.dropped)
}

func (s *Session) context(used, dropped int) realtime.Context {
	return realtime.Context{
		UsedTokens: used, LimitTokens: s.window(), Turns: s.object.Avatarforge.Turn,
		SummarizedTurns: s.memory.turns, DroppedTurns: dropped,
	}
}

// calibrate learns from what the LLM server counted for a response.
func (s *Session) calibrate(r *response) {
	if r.usage != nil {
		s.up.Calibration.Observe(r.told.request.Model, r.told.size, r.usage.InputTokens)
	}
}
