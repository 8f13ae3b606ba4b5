package session

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"avatarforge/persona"
	"avatarforge/realtime"
)

// Summary stands in a session's prompts for the front of its conversation.
type Summary struct {
	// Covers is the SHA-256, in hex, of what it stands for: see digest.
	Covers  string
	Text    string
	UpTo    string    // id of the last item that it stands for; empty for none
	Tokens  int       // of Text, by our own count
	Model   string    // that wrote it; empty where somebody did
	Created time.Time // of this text; zero is set by whoever keeps it
}

// memory is what a session knows beside its items. Owned by the session's loop.
type memory struct {
	recalled
	told   string  // Summary.Covers of what the last response was told
	system counted // the latest system prompt
}

// recalled is a summary, and what of a conversation it stands for. The zero value stands
// for nothing.
type recalled struct {
	summary Summary
	items   int // at the front
	turns   int // that these are
	digest  digest
}

const (
	// batchTurns is how many turns a summary takes up at least once there is one, unless
	// the next turn would not fit otherwise: each costs a request to the model.
	batchTurns = 4
	// leastRoom is the fewest tokens of conversation worth a request of their own.
	leastRoom = 128
)

// considerSummary has older turns summarised if the window is nearly full. The work is
// done behind the session's back, see scribe.
func (s *Session) considerSummary() {
	if s.fleeting || s.response != nil || s.memory.system.text == "" || s.house.scribe.busy(s.id) {
		return
	}
	t, ok := s.summaryTask()
	if ok && s.house.scribe.begin(t) {
		s.log.Debug("summarising", slog.Int("items", t.items), slog.Int("turns", t.turns))
	}
}

// summaryTask is what there is to summarise, if it is time for that.
func (s *Session) summaryTask() (t task, ok bool) {
	list, covered := s.items.list, s.memory.items
	scale, likely := s.up.Calibration.Scale(s.object.Model), s.up.Calibration.Likely(s.object.Model)
	cost := func(it *item) int { return scale.Of(s.size(it)) }
	room := s.room(s.replyTokens(s.object.MaxOutputTokens))
	system := scale.Of(s.memory.system.size)
	next := lastTurn(list, covered, cost)

	full, used := system+next, likely.Of(s.memory.system.size)
	for i := len(list) - 1; i >= covered && full <= s.window(); i-- {
		full += cost(list[i])
		used += likely.Of(s.size(list[i]))
	}
	urgent := full > room
	if !urgent && float64(used) < s.cfg.ContextTrigger*float64(s.window()) {
		return t, false
	}
	longest := s.window() / summaryShare
	if s.memory.summary.Text != "" {
		longest -= scale.Of(s.up.Tokens.Measure(s.memory.summary.Text)) // system has that already
	}
	to := keepFrom(list, covered, s.cfg.KeepTurns, room-system-max(longest, 0)-next, cost)
	if !urgent && covered > 0 && countTurns(list, covered, to) < batchTurns {
		return t, false
	}
	t = s.task(true)
	if to = s.upTo(to, s.house.scribe.noteRoom(&t)); to <= covered {
		return t, false
	}
	t.recap.Lines = lines(list[covered:to])
	t.items, t.turns = to, s.memory.turns+countTurns(list, covered, to)
	t.upTo, t.covers = list[to-1].ID, s.memory.digest.over(list[covered:to]).String()
	return t, true
}

// task is notes to be written for this session.
func (s *Session) task(summary bool) task {
	t := task{
		session: s.id, owner: s.owner, character: s.object.Avatarforge.CharacterID, model: s.object.Model,
		recap: persona.Recap{Earlier: s.memory.summary.Text, Summary: summary, Facts: s.remembered()},
	}
	switch c := s.part.character; {
	case c != nil:
		t.recap.Name = c.Name
	default:
		t.recap.Name = s.object.Avatarforge.Scenario.Opponent
	}
	if t.recap.Facts {
		t.recap.Known, t.facts = s.part.known, s.part.facts
	}
	return t
}

// farewell is the facts to be drawn from what has been said and not been summarised, once
// the session is over.
func (s *Session) farewell() (t task, ok bool) {
	list := s.items.list[min(s.memory.items, len(s.items.list)):]
	if drawn := s.house.scribe.drawnUpTo(s.id); drawn != "" {
		if i := slices.IndexFunc(list, func(it *item) bool { return it.ID == drawn }); i >= 0 {
			list = list[i+1:]
		}
	}
	said := slices.ContainsFunc(list, func(it *item) bool { return it.Role == realtime.RoleUser && it.Text() != "" })
	if !said || !s.remembered() {
		return t, false
	}
	t = s.task(false)
	t.recap.Lines, t.upTo, t.delay = lines(list), list[len(list)-1].ID, farewell
	return t, true
}

// lastTurn is what the last turn costs.
func lastTurn(list []*item, from int, cost func(*item) int) (sum int) {
	for i := len(list) - 1; i >= from; i-- {
		sum += cost(list[i])
		if startsTurn(list, i) {
			break
		}
	}
	return sum
}

// keepFrom is where the turns begin that stay word for word: the last keep turns, or as
// many as fit the budget, less some then, so that not every further turn needs a summary.
// One stays in any case.
func keepFrom(list []*item, from, keep, budget int, cost func(*item) int) int {
	var starts []int // of the turns that fit, the last one first
	for i := len(list) - 1; i >= from && len(starts) < keep; i-- {
		budget -= cost(list[i])
		if budget < 0 && len(starts) > 0 {
			break
		}
		if startsTurn(list, i) {
			starts = append(starts, i)
		}
	}
	n := len(starts)
	switch {
	case n == 0:
		return from
	case budget < 0 && n < keep-1:
		n -= n / 4
	}
	return starts[n-1]
}

// upTo is where a request with room for so many tokens of conversation ends, to at the
// latest: with a turn, and behind one at least.
func (s *Session) upTo(to, room int) int {
	list, covered := s.items.list, s.memory.items
	if room < leastRoom {
		return covered
	}
	scale := s.up.Calibration.Scale(s.object.Model)
	end := covered
	for i := covered; i < to; i++ {
		room -= scale.Of(s.size(list[i]))
		if room < 0 && end > covered {
			return end
		}
		if i+1 == to || startsTurn(list, i+1) {
			end = i + 1
		}
	}
	return end
}

// lines are items as a recap has them.
func lines(list []*item) []persona.Line {
	said := make([]persona.Line, 0, len(list))
	for _, it := range list {
		speaker := persona.SpeakerUser
		switch it.Role {
		case realtime.RoleAssistant:
			speaker = persona.SpeakerCharacter
		case realtime.RoleSystem:
			speaker = persona.SpeakerNobody
		case realtime.RoleUser:
		}
		said = append(said, persona.Line{Speaker: speaker, Text: it.Text()})
	}
	return said
}

type (
	// summarised hands over a summary that the scribe has written.
	summarised struct {
		task    *task
		summary Summary
		reply   chan bool // capacity 1; whether it was taken
	}
	// lookedUp hands over the summaries that were kept.
	lookedUp struct {
		kept  []Summary
		reply chan []string // capacity 1; those that are no longer right
	}
)

func (c summarised) run(s *Session) {
	c.reply <- s.summarised(c.task, c.summary)
	// There may be more than one request has room for, or the conversation has changed.
	s.considerSummary()
}

func (c lookedUp) run(s *Session) {
	c.reply <- s.lookedUp(c.kept)
	s.considerSummary()
}

// summarised takes a summary up that the scribe has written, if it is still of what the
// conversation holds, and says whether it did.
func (s *Session) summarised(t *task, x Summary) bool {
	m := &s.memory
	if m.summary.Text != t.recap.Earlier || t.items < m.items || t.items > len(s.items.list) {
		return false
	}
	d := m.digest.over(s.items.list[m.items:t.items])
	if d.String() != x.Covers {
		return false
	}
	m.recalled = recalled{x, t.items, t.turns, d}
	s.tellContext()
	return true
}

// tellContext says how full the window is, between two responses.
func (s *Session) tellContext() {
	if s.response != nil || s.state != stateLive {
		return // a response says so at its end
	}
	likely := s.up.Calibration.Likely(s.object.Model)
	list := s.items.list
	used := likely.Of(s.system(s.toTell(&realtime.ResponseOverrides{})).size)
	first := len(list)
	for ; first > s.memory.items; first-- {
		c := likely.Of(s.size(list[first-1]))
		if used+c > s.window() {
			break
		}
		used += c
	}
	s.emit(s.context(used, countTurns(list, s.memory.items, first)))
}

// edited notes that an item has been put into the middle of the conversation, is about to
// be taken out, or has got another text. A summary of it no longer counts.
func (s *Session) edited(it *item) {
	list, covered := s.items.list, s.memory.items
	if s.fleeting || !slices.Contains(list[:min(covered, len(list))], it) {
		return
	}
	s.memory.recalled = recalled{}
	s.house.scribe.drop(s.id)
	s.house.scribe.begin(task{session: s.id, lookUp: true})
}

// lookedUp takes up what is still right of the summaries that were kept, after an edit,
// and says which are not.
func (s *Session) lookedUp(kept []Summary) (stale []string) {
	found, stale := recall(s.items.list, kept)
	if found.items >= s.memory.items {
		s.memory.recalled = found
		s.tellContext()
	}
	return stale
}

// recall finds, among the summaries that were kept, the one that stands for the most of a
// conversation as it is now. stale are those of what it no longer is.
func recall(list []*item, kept []Summary) (r recalled, stale []string) {
	byItem := map[string][]Summary{}
	for _, x := range kept {
		byItem[x.UpTo] = append(byItem[x.UpTo], x)
		stale = append(stale, x.Covers)
	}
	var now recalled
	var data []byte
	look := func(id string) {
		for _, x := range byItem[id] { // few have any
			if x.Covers == now.digest.String() {
				r = now
				r.summary = x
				stale = slices.DeleteFunc(stale, func(covers string) bool { return covers == x.Covers })
			}
		}
	}
	look("")
	for i, it := range list {
		if len(stale) == 0 {
			break // what is left is behind all of them
		}
		if startsTurn(list, i) {
			now.turns++
		}
		now.items++
		now.digest, data = now.digest.with(it, data)
		look(it.ID)
	}
	return r, stale
}

// recall is the summary of a restored conversation. One that cannot be read is made again.
func (r *Registry) recall(ctx context.Context, id string, list []*item) recalled {
	if r.up.Summaries == nil {
		return recalled{}
	}
	kept, err := within(ctx, func(ctx context.Context) ([]Summary, error) { return r.up.Summaries.Summaries(ctx, id) })
	if err != nil {
		r.cfg.Log.Warn("the conversation's summaries cannot be read", slog.String("session", id), slog.Any("error", err))
	}
	found, _ := recall(list, kept)
	return found
}

// digest is a SHA-256 over items in order, of who said what: each item's over the one
// before. The zero value is that of no items.
type digest [sha256.Size]byte

// over is the digest of what came before and these items.
func (d digest) over(list []*item) digest {
	var data []byte
	for _, it := range list {
		d, data = d.with(it, data)
	}
	return d
}

// with is the digest of what came before and one more item; data is room to write in, and
// comes back for the next.
func (d digest) with(it *item, data []byte) (digest, []byte) {
	text := it.Text()
	data = append(data[:0], d[:]...)
	data = append(data, it.Role...)
	data = binary.BigEndian.AppendUint64(data, uint64(len(text)))
	data = append(data, text...)
	return sha256.Sum256(data), data
}

func (d digest) String() string { return hex.EncodeToString(d[:]) }

// sentencesUpTo is the front of a text that has at most so many tokens, by the count given,
// whole sentences where there are any.
func sentencesUpTo(text string, most int, count func(string) int) string {
	for count(text) > most {
		text = strings.ToValidUTF8(text[:len(text)*3/4], "")
		if whole := wholeSentences(text); whole != "" {
			text = whole
		}
	}
	return text
}

// wholeSentences is a text without the end of a sentence that was begun; empty where it
// has no whole one.
func wholeSentences(text string) string {
	end := strings.LastIndexAny(text, ".!?。！？\n")
	if end < 0 {
		return ""
	}
	_, size := utf8.DecodeRuneInString(text[end:])
	return strings.TrimSpace(text[:end+size])
}
