package session

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode"

	"avatarforge/persona"
)

// Facts keeps what characters know of their listeners from conversations past. Safe for
// use by several goroutines; its methods may take as long as a database does.
type Facts interface {
	// Facts is all that the character knows of the owner, in the order it was learned. The
	// plain assistant's id is empty.
	Facts(ctx context.Context, owner, character string) ([]Fact, error)
	// SaveFact keeps a fact, new where it has no ID, or as it has become.
	SaveFact(ctx context.Context, f Fact) error
	// DeleteFact forgets one. That it is gone already is no error.
	DeleteFact(ctx context.Context, owner, id string) error
}

// Fact is something that a character knows of a listener.
type Fact struct {
	ID               string // empty for a new one
	Owner, Character string
	Kind             persona.FactKind
	Text             string // a sentence
	Session          string // in which it was learned; empty where somebody wrote it down
	Created, Updated time.Time
}

// MaxFacts is how many facts a character knows of one listener.
const MaxFacts = 50

// drawn is a fact that a model has drawn from a conversation.
type drawn struct {
	persona.NotedFact
	replaces string // id of the fact that it corrects or repeats; empty for none
}

// mergeFacts is what becomes of what is known once more has been found out: which facts to
// save, new ones having no ID, and which to forget. What says the same as a known fact only
// makes that one younger, and what corrects one takes its place. What the listener has
// written down stays as it is.
func mergeFacts(known []Fact, found []drawn, most int) (save []Fact, forget []string) {
	type candidate struct {
		Fact
		changed bool
	}
	var list []candidate
	for _, f := range known {
		list = append(list, candidate{Fact: f})
	}
	for _, d := range found {
		i := slices.IndexFunc(list, func(c candidate) bool { return c.ID != "" && c.ID == d.replaces })
		if i < 0 {
			i = slices.IndexFunc(list, func(c candidate) bool {
				return alike(c.Text, d.Text) || d.Kind == persona.FactName && c.Kind == persona.FactName
			})
		}
		switch {
		case i < 0:
			list = append(list, candidate{})
			i = len(list) - 1
		case list[i].byHand():
			continue // the listener knows better than the model
		}
		list[i].Kind, list[i].Text, list[i].changed = d.Kind, d.Text, true
	}
	// The least useful go. What is new or confirmed counts as the youngest.
	byUse := slices.Clone(list)
	slices.SortStableFunc(byUse, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.use(), a.use()), compareBool(b.changed, a.changed), b.Updated.Compare(a.Updated))
	})
	for i, c := range byUse {
		switch {
		case i < most && c.changed:
			save = append(save, c.Fact)
		case i >= most && c.ID != "":
			forget = append(forget, c.ID)
		}
	}
	return save, forget
}

// SurplusFacts are the ids of the least useful of what a character knows of one listener,
// beyond MaxFacts.
func SurplusFacts(known []Fact) []string {
	_, forget := mergeFacts(known, nil, MaxFacts)
	return forget
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	default:
		return -1
	}
}

// byHand says whether the listener has written the fact down, rather than a model.
func (f *Fact) byHand() bool { return f.ID != "" && f.Session == "" }

// use is how useful a fact is: who somebody is outlasts what has happened, and nothing
// goes before what the listener has written down.
func (f *Fact) use() int {
	switch {
	case f.Kind == persona.FactName:
		return 4
	case f.byHand():
		return 3
	case f.Kind == persona.FactPromise:
		return 2
	case f.Kind == persona.FactEvent:
		return 0
	default:
		return 1
	}
}

// knownFacts are the facts to tell a model: the most useful that fit the budget, in the
// order they were learned. Their texts have budget tokens at most by count.
func knownFacts(facts []Fact, budget int, count func(string) int) []Fact {
	order := slices.Clone(facts)
	slices.SortStableFunc(order, func(a, b Fact) int {
		return cmp.Or(cmp.Compare(b.use(), a.use()), b.Updated.Compare(a.Updated))
	})
	told := map[string]bool{}
	for _, f := range order {
		cost := count(f.Text) + 2 // its mark and its line
		if cost > budget {
			continue
		}
		budget -= cost
		told[f.ID] = true
	}
	return slices.DeleteFunc(slices.Clone(facts), func(f Fact) bool { return !told[f.ID] })
}

// alikeShare is the part of their letter pairs from which on two sentences say the same of
// the same: "이름은 지수" and "이름은 민수", but not "사과를" and "포도를 좋아한다".
const alikeShare = 0.85

// alike says whether two facts are the same one, told again or corrected.
func alike(a, b string) bool {
	x, y := pairs(a), pairs(b)
	if len(x) == 0 || len(y) == 0 {
		return false
	}
	shared := 0
	for pair, n := range x {
		shared += min(n, y[pair])
	}
	size := func(m map[[2]rune]int) (n int) {
		for _, k := range m {
			n += k
		}
		return n
	}
	return float64(2*shared) >= alikeShare*float64(size(x)+size(y))
}

// pairs are the pairs of neighbouring letters of a text, with how often each occurs.
func pairs(text string) map[[2]rune]int {
	m := map[[2]rune]int{}
	var last rune
	for _, r := range strings.ToLower(text) {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			continue
		}
		if last != 0 {
			m[[2]rune{last, r}]++
		}
		last = r
	}
	return m
}

// Remembering says of whom characters keep facts from one conversation to the next.
type Remembering int

// Whoever is not logged in is one with everybody else who is not: what a character learned
// of one of them, it would tell the others.
const (
	RememberUsers Remembering = iota // who is logged in
	RememberAll                      // and all others, as one
	RememberNobody
)

// remembers says whether facts are kept of an owner.
func (u *Upstreams) remembers(cfg *Config, owner string) bool {
	return u.Facts != nil && cfg.Remember != RememberNobody && (owner != Anonymous || cfg.Remember == RememberAll)
}

// remembered says whether the character of this session knows its listener, and learns of
// him. A persona without a character is nobody who could.
func (s *Session) remembered() bool {
	ext := &s.object.Avatarforge
	return !s.fleeting && s.up.remembers(s.cfg, s.owner) && (ext.CharacterID != "" || ext.Persona == "")
}

// know reads what a character knows of an owner into a part. A conversation does not fail
// for what cannot be remembered.
func (u *Upstreams) know(ctx context.Context, cfg *Config, owner, character string, p *part) {
	if !u.remembers(cfg, owner) {
		return
	}
	facts, err := within(ctx, func(ctx context.Context) ([]Fact, error) { return u.Facts.Facts(ctx, owner, character) })
	if err != nil {
		cfg.Log.Warn("what is known of a listener cannot be read", slog.Any("error", err))
		return
	}
	p.facts = knownFacts(facts, cfg.ContextSize/factShare, u.Tokens.Count)
	p.known = make([]string, len(p.facts))
	for i, f := range p.facts {
		p.known[i] = f.Text
	}
}

// factsChanged is what a session's character knows by now.
type factsChanged struct {
	character string
	part      part // its facts only
}

func (c factsChanged) run(s *Session) {
	if s.object.Avatarforge.CharacterID == c.character {
		s.part.facts, s.part.known = c.part.facts, c.part.known
	}
}

// FactsChanged has the owner's sessions with a character, who knows other facts than
// before, know them.
func (r *Registry) FactsChanged(ctx context.Context, owner, character string) {
	r.mu.Lock()
	var concerned []*Session
	for _, s := range r.live {
		if s.owner == owner && !s.fleeting {
			concerned = append(concerned, s)
		}
	}
	r.mu.Unlock()
	if len(concerned) == 0 {
		return
	}
	c := factsChanged{character: character}
	r.up.know(ctx, &r.cfg, owner, character, &c.part)
	for _, s := range concerned {
		_ = s.post(ctx, c) // one that ends meanwhile needs no facts
	}
}
