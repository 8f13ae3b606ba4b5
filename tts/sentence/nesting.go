package sentence

// spanKind is what an open quotation mark, bracket or Markdown mark means for the
// terminators inside it.
type spanKind uint8

const (
	// speech is a quotation that begins the sentence, or follows a colon: a
	// character speaks, and what it says has sentences of its own.
	speech spanKind = iota
	// quoted is a quotation inside a sentence: `그는 "안녕. 잘 가."라고 했다.`
	quoted
	// aside is a bracket.
	aside
	// emphasis is a pair of asterisks or underscores; a stage direction too.
	emphasis
	// code is inline code.
	code
)

// opaque tells the kinds that hide the terminators inside them.
func (k spanKind) opaque() bool { return k != speech }

// span is one open mark.
type span struct {
	end   rune // what closes it
	kind  spanKind
	width int // asterisks that are still to be closed
	// lead: nothing spoken came before it in its piece.
	lead bool
	// tagged: a comma or a colon announces it.
	tagged bool
	// since is the text's syllable count where it opened.
	since int
}

const (
	// maxDepth bounds the marks that may be open at once; more are not followed.
	maxDepth = 8
	// maxSpan is how many syllables a mark may stay open before its closing mark is
	// taken as forgotten and the sentences inside it end as usual.
	maxSpan = 60
)

// nesting is the stack of the open marks. A line's end empties it.
type nesting struct {
	spans [maxDepth]span
	depth int
}

func (n *nesting) push(s span) {
	if n.depth < maxDepth {
		n.spans[n.depth] = s
		n.depth++
	}
}

// pop closes the innermost span that end closes, and those inside it. Of several
// asterisks it takes one: the span is closed once its width is zero.
func (n *nesting) pop(end rune) (s span, ok bool) {
	for i := n.depth - 1; i >= 0; i-- {
		if n.spans[i].end != end {
			continue
		}
		n.spans[i].width--
		n.depth = i
		if n.spans[i].width > 0 {
			n.depth++
		}
		return n.spans[i], true
	}
	return span{}, false
}

func (n *nesting) isOpen(end rune) bool {
	for _, s := range n.spans[:n.depth] {
		if s.end == end {
			return true
		}
	}
	return false
}

// top is the innermost open span, or nil.
func (n *nesting) top() *span {
	if n.depth == 0 {
		return nil
	}
	return &n.spans[n.depth-1]
}

// hides tells whether no sentence can end here, syllables being the text's count.
func (n *nesting) hides(syllables int) bool {
	for _, s := range n.spans[:n.depth] {
		if s.kind.opaque() && syllables-s.since <= maxSpan {
			return true
		}
	}
	return false
}

// inAside tells whether the text here is not the sentence's own: an aside or a
// stage direction.
func (n *nesting) inAside() bool {
	for _, s := range n.spans[:n.depth] {
		if s.kind == aside || s.kind == emphasis {
			return true
		}
	}
	return false
}
