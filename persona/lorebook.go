package persona

import (
	"cmp"
	"encoding/json"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of a lorebook: what is over them is not used. They bound what a turn can cost,
// whoever wrote the book: some milliseconds.
const (
	maxLoreEntries = 1000
	maxLoreKeys    = 2000 // of all entries
	maxLoreRegexps = 32   // of all entries
	maxLoreRegexp  = 256  // bytes of one
	maxLoreSteps   = 100  // instructions of one, which a{1,900} has 1,800 of
	maxLoreScan    = 8 << 10
	maxLoreMatch   = 2 << 10 // for regular expressions
	defaultScan    = 4       // messages
)

// bytesPerToken is more than what any tokeniser gets out of a token on average.
const bytesPerToken = 16

// Lorebook is what a character knows of its world, told to the model only where the
// conversation comes to it. It is immutable, and nil is an empty one.
type Lorebook struct {
	scan      int // messages to look through
	budget    int // tokens; zero where the book does not say
	recursive bool
	entries   []lore
}

// lore is one entry.
type lore struct {
	content         string
	keys, secondary []loreKey
	selective       bool // needs one of secondary too
	constant        bool // needs no key
	order, priority float64
}

// loreKey is a word to look for: a regular expression, or text, in lower case where its
// case does not matter.
type loreKey struct {
	text    string
	exact   bool
	pattern *regexp.Regexp
}

// Lorebook is the one in the character's card; nil where it has none. It is read anew at
// each call.
func (c *Character) Lorebook() *Lorebook {
	if len(c.Card) == 0 {
		return nil
	}
	card, err := parseCardJSON(c.Card)
	if err != nil {
		return nil
	}
	return parseLorebook(card.data["character_book"])
}

// parseLorebook reads a card's character_book. Entries that cannot be read, or can never
// be used, are left out.
func parseLorebook(data json.RawMessage) *Lorebook {
	var book struct {
		ScanDepth   *float64          `json:"scan_depth"`
		TokenBudget float64           `json:"token_budget"`
		Recursive   bool              `json:"recursive_scanning"`
		Entries     []json.RawMessage `json:"entries"`
	}
	if json.Unmarshal(data, &book) != nil || len(book.Entries) == 0 {
		return nil
	}
	b := &Lorebook{scan: defaultScan, budget: int(max(0, min(book.TokenBudget, 1<<20))), recursive: book.Recursive}
	if book.ScanDepth != nil {
		b.scan = int(max(0, min(*book.ScanDepth, 100)))
	}
	keys, regexps := maxLoreKeys, maxLoreRegexps
	for _, raw := range book.Entries[:min(len(book.Entries), maxLoreEntries)] {
		var e struct {
			Keys          []string `json:"keys"`
			Secondary     []string `json:"secondary_keys"`
			Content       string   `json:"content"`
			Enabled       *bool    `json:"enabled"`
			Constant      bool     `json:"constant"`
			Selective     bool     `json:"selective"`
			CaseSensitive bool     `json:"case_sensitive"`
			UseRegex      bool     `json:"use_regex"`
			Order         float64  `json:"insertion_order"`
			Priority      float64  `json:"priority"`
		}
		if json.Unmarshal(raw, &e) != nil || e.Enabled != nil && !*e.Enabled {
			continue
		}
		entry := lore{
			content: loreText(e.Content), constant: e.Constant, selective: e.Selective && len(e.Secondary) > 0,
			order: e.Order, priority: e.Priority,
		}
		read := func(texts []string) (list []loreKey) {
			for _, text := range texts {
				k, ok := newLoreKey(text, e.CaseSensitive, e.UseRegex, &regexps)
				if ok && keys > 0 {
					keys--
					list = append(list, k)
				}
			}
			return list
		}
		entry.keys, entry.secondary = read(e.Keys), read(e.Secondary)
		if entry.content != "" && (entry.constant || len(entry.keys) > 0) {
			b.entries = append(b.entries, entry)
		}
	}
	return b
}

// loreText is an entry's content without the lines in front that tell a program what to
// do with it, which begin with @@.
func loreText(text string) string {
	for strings.HasPrefix(text, "@@") {
		_, text, _ = strings.Cut(text, "\n")
	}
	return block(text)
}

// slashed is a regular expression as JavaScript writes it.
var slashed = regexp.MustCompile(`(?s)^/(.+)/([a-z]*)$`)

func newLoreKey(text string, exact, isPattern bool, regexps *int) (loreKey, bool) {
	text = strings.TrimSpace(text)
	if text == "" {
		return loreKey{}, false
	}
	if !isPattern {
		if !exact {
			text = strings.ToLower(text)
		}
		return loreKey{text: text, exact: exact}, true
	}
	if len(text) > maxLoreRegexp || *regexps == 0 {
		return loreKey{}, false
	}
	flags := ""
	if m := slashed.FindStringSubmatch(text); m != nil {
		text, exact = m[1], !strings.Contains(m[2], "i")
	}
	if !exact {
		flags = "(?i)"
	}
	// Go's take time in proportion to pattern and text. What they do not know, such as
	// a look ahead, is left out.
	tree, err := syntax.Parse(flags+text, syntax.Perl)
	if err != nil {
		return loreKey{}, false
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil || len(program.Inst) > maxLoreSteps {
		return loreKey{}, false
	}
	pattern, err := regexp.Compile(flags + text)
	if err != nil {
		return loreKey{}, false
	}
	*regexps--
	return loreKey{pattern: pattern}, true
}

// scanned is a text to look for keys in: as it is, in lower case, and its end, which is
// all that regular expressions see.
type scanned struct{ text, lower, end string }

func scan(text string) scanned {
	text = tail(text, maxLoreScan)
	return scanned{text, strings.ToLower(text), tail(text, maxLoreMatch)}
}

// found says whether the key occurs. A key that begins with an ASCII letter or digit
// begins a word there, so that "art" is not in "start"; how words end differs by
// language, and in Korean nothing would match if the end counted.
func (k *loreKey) found(in scanned) bool {
	if k.pattern != nil {
		return k.pattern.MatchString(in.end)
	}
	text := in.lower
	if k.exact {
		text = in.text
	}
	for from := 0; ; {
		i := strings.Index(text[from:], k.text)
		if i < 0 {
			return false
		}
		at := from + i
		if at == 0 || !wordByte(k.text[0]) || !wordByte(text[at-1]) {
			return true
		}
		from = at + 1
	}
}

func wordByte(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9'
}

func (e *lore) wanted(in scanned) bool {
	found := func(k loreKey) bool { return k.found(in) }
	return e.constant ||
		slices.ContainsFunc(e.keys, found) && (!e.selective || slices.ContainsFunc(e.secondary, found))
}

// Select returns the contents to tell a model after these messages, the latest being the
// last, in the order of their insertion_order. They cost budget tokens at most by count,
// and not more than the book's own budget: constant entries come first, then those of
// higher priority, then those of lower insertion_order; what does not fit is left out.
// The same arguments give the same answer.
func (b *Lorebook) Select(messages []string, budget int, count func(string) int) []string {
	if b == nil || budget <= 0 {
		return nil
	}
	if b.budget > 0 {
		budget = min(budget, b.budget)
	}
	text := scan(strings.Join(messages[max(0, len(messages)-b.scan):], "\n"))
	chosen := make([]bool, len(b.entries))
	var candidates []*lore
	for {
		var told strings.Builder
		for i := range b.entries {
			e := &b.entries[i]
			if !chosen[i] && e.wanted(text) {
				chosen[i] = true
				candidates = append(candidates, e)
				if told.Len() < maxLoreScan {
					told.WriteString(e.content + "\n")
				}
			}
		}
		if !b.recursive || told.Len() == 0 || len(candidates) > maxLoreEntries/10 {
			break
		}
		// What has been chosen may speak of further things.
		text = scan(told.String())
	}
	slices.SortStableFunc(candidates, func(x, y *lore) int {
		if x.constant != y.constant {
			if x.constant {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(y.priority, x.priority), cmp.Compare(x.order, y.order))
	})
	kept := candidates[:0]
	for _, e := range candidates {
		if len(e.content) > budget*bytesPerToken {
			continue
		}
		if cost := count(e.content); cost <= budget {
			budget -= cost
			kept = append(kept, e)
		}
	}
	slices.SortStableFunc(kept, func(x, y *lore) int { return cmp.Compare(x.order, y.order) })
	var contents []string
	for _, e := range kept {
		contents = append(contents, e.content)
	}
	return contents
}

// tail is the end of a text, of limit bytes at most.
func tail(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	text = text[len(text)-limit:]
	for len(text) > 0 && !utf8.RuneStart(text[0]) {
		text = text[1:]
	}
	return text
}
