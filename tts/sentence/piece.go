package sentence

import "github.com/rivo/uniseg"

// The limits of a piece without an end, in syllables: the longest breath that the
// synthesiser speaks well. A sentence up to softLimit is never cut; behind it the
// next clause boundary is taken, or the last one before; at hardLimit a space, or
// else any grapheme boundary. maxRunes does the same for text that has no syllables.
const (
	softLimit = 80
	hardLimit = 120
	maxRunes  = 600
	// minFragment is the shortest clause, in syllables, that is spoken well by itself.
	minFragment = 6
)

// boundary is a place where a piece may be cut, and how much of it is before there.
type boundary struct {
	at, syllables, runes int
}

// piece is what is known about the text since the last cut.
type piece struct {
	// letters: it has something to speak. A piece without is never cut off.
	letters bool
	// own: it has letters of its own, outside asides and stage directions.
	own bool
	// cjk and latin: it has letters of these scripts.
	cjk, latin, hangul, kana bool

	syllables, runes int
	clause, space    boundary // the last ones; at is 0 if there is none
	retry            int      // runes to wait before the next search for a grapheme boundary
}

// leave takes what is before b out of the count.
func (p *piece) leave(b boundary) {
	p.syllables -= b.syllables
	p.runes -= b.runes
	p.letters = p.syllables > 0
	p.own = p.own && p.letters
	p.retry = 0
	for _, mark := range []*boundary{&p.clause, &p.space} {
		if mark.at <= b.at {
			*mark = boundary{}
			continue
		}
		mark.syllables -= b.syllables
		mark.runes -= b.runes
	}
}

// here is the boundary behind what has been read.
func (s *Splitter) here() boundary {
	return boundary{s.pos, s.piece.syllables, s.piece.runes}
}

// overlong tells where to cut a piece that has become too long without an end.
func (s *Splitter) overlong() (boundary, bool) {
	p := &s.piece
	if p.syllables <= softLimit && p.runes <= maxRunes || s.line.fence {
		return boundary{}, false
	}
	if p.clause.syllables >= minFragment {
		return p.clause, true
	}
	if p.syllables <= hardLimit && p.runes <= maxRunes {
		return boundary{}, false
	}
	if p.space.at > s.start && (p.space.syllables >= minFragment || p.runes > maxRunes) {
		return p.space, true
	}
	if p.runes < p.retry {
		return boundary{}, false
	}
	// The last cluster may still grow. If it is all there is, looking again only when
	// the piece is twice as long keeps the work linear.
	p.retry = 2 * p.runes
	text := s.buf[s.start:s.pos]
	state, at, runes := -1, 0, 0
	for len(text) > 0 {
		var cluster []byte
		cluster, text, _, state = uniseg.FirstGraphemeCluster(text, state)
		if len(text) > 0 {
			at += len(cluster)
			runes += len([]rune(string(cluster)))
		}
	}
	if at == 0 {
		return boundary{}, false
	}
	// What is behind the boundary is one cluster: at most a syllable.
	return boundary{s.start + at, max(0, p.syllables-1), runes}, true
}
