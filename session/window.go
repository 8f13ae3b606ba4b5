package session

import (
	"avatarforge/llm"
	"avatarforge/persona"
	"avatarforge/realtime"
)

const (
	// messageTokens is what a message costs beside its text: role and marks.
	messageTokens = 8
	// windowMargin is kept free of the window: our count and the server's differ.
	windowMargin = 64
	// loreShare is the part of the window that a character's lorebook may fill.
	loreShare = 8
	// openReply is the most that a reply may have where the client sets no limit.
	openReply = 2048
)

// replyTokens is the most that a reply may have: never over half of the window.
func (s *Session) replyTokens(asked realtime.MaxTokens) int {
	n := int(asked)
	if n <= 0 {
		n = openReply
	}
	return min(n, s.cfg.ContextSize/2)
}

// prompt is what the model is told, and what that costs in tokens by our own count.
func (s *Session) prompt(o *realtime.ResponseOverrides, reply int) (request llm.Request, tokens int) {
	ext := &s.object.Avatarforge
	instructions := s.object.Instructions
	if o.Instructions != nil {
		instructions = *o.Instructions
	}
	temperature := ext.Temperature
	if o.Temperature != nil {
		temperature = *o.Temperature
	}
	system := persona.Prompt{
		Character: s.part.character,
		Persona:   ext.Persona,
		Scenario: persona.Scenario{
			Opponent: ext.Scenario.Opponent, Situation: ext.Scenario.Situation, Background: ext.Scenario.Background,
		},
		Lore:         s.part.lore.Select(latest(s.items.list, loreMessages), s.cfg.ContextSize/loreShare, s.up.Tokens.Count),
		Instructions: instructions,
	}.System()
	if s.bare {
		system = instructions
	}

	for _, it := range s.items.list {
		if it.tokens < 0 {
			it.tokens = s.up.Tokens.Count(it.Text()) + messageTokens
		}
	}
	tokens = s.up.Tokens.Count(system) + messageTokens
	kept := window(s.items.list, s.cfg.ContextSize-reply-windowMargin-tokens)
	request = llm.Request{
		Model:       s.object.Model,
		Messages:    make([]llm.Message, 0, 1+len(kept)),
		Temperature: &temperature,
		MaxTokens:   reply,
		Owner:       s.owner + "/" + s.id,
	}
	if system != "" {
		request.Messages = append(request.Messages, llm.Message{Role: llm.RoleSystem, Content: system})
	}
	for _, it := range kept {
		if text := it.Text(); text != "" {
			request.Messages = append(request.Messages, llm.Message{Role: llm.Role(it.Role), Content: text})
			tokens += it.tokens
		}
	}
	return request, tokens
}

// loreMessages is how far back a lorebook may look, whatever it says.
const loreMessages = 100

// latest are the texts of the last n items.
func latest(list []*item, n int) []string {
	list = list[max(0, len(list)-n):]
	texts := make([]string, len(list))
	for i, it := range list {
		texts[i] = it.Text()
	}
	return texts
}

// window is the latest items that fit the budget, in tokens. It begins with a user's
// message where there is one, since models expect that, and always holds the last item.
func window(list []*item, budget int) []*item {
	first := len(list)
	for first > 0 {
		cost := list[first-1].tokens
		if cost > budget && first < len(list) {
			break
		}
		budget -= cost
		first--
	}
	if first > 0 {
		for i := first; i < len(list); i++ {
			if list[i].Role == realtime.RoleUser {
				return list[i:]
			}
		}
	}
	return list[first:]
}

// contextEvent says how full the window was for a response.
func (s *Session) contextEvent(r *response) realtime.Context {
	used := 0
	if r.usage != nil && r.usage.InputTokens > 0 {
		used = r.usage.InputTokens + r.usage.OutputTokens
	}
	if used == 0 {
		used = r.promptTokens + s.up.Tokens.Count(r.item.full)
	}
	return realtime.Context{UsedTokens: used, LimitTokens: s.cfg.ContextSize, Turns: s.object.Avatarforge.Turn}
}
