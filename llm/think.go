package llm

import "strings"

const (
	thinkOpen  = "<think>"
	thinkClose = "</think>"
)

// thinkFilter takes the reasoning that a model writes between <think> and </think>
// out of its reply, however the tokens break the tags. It holds back at most the
// seven bytes that could still become a tag.
//
// A </think> that nothing opened is dropped too: some chat templates write the
// opening tag into the prompt, so that a model told not to think begins with the
// closing one. White space between such a tag and the reply goes with it, if
// nothing of the reply came before. The zero value is ready.
type thinkFilter struct {
	thinking bool
	started  bool   // some of the reply is out
	trim     bool   // white space at the front of the reply is a tag's
	held     string // could be the beginning of a tag
}

// push takes the next piece of the model's text and returns what of the reply is
// certain by now. A piece without a tag in sight is returned as it is.
func (f *thinkFilter) push(piece string) string {
	if f.held == "" && !f.thinking && !f.trim && strings.IndexByte(piece, '<') < 0 {
		f.started = f.started || !blank(piece)
		return piece
	}
	text := f.held + piece
	f.held = ""
	var out strings.Builder
	for text != "" {
		if f.thinking {
			_, after, found := strings.Cut(text, thinkClose)
			if !found {
				f.held = partialTag(text, thinkClose)
				break
			}
			f.leave()
			text = after
			continue
		}
		before, tag := f.nextTag(text)
		f.emit(&out, before)
		text = text[len(before):]
		switch tag {
		case thinkOpen:
			f.thinking = true
		case thinkClose:
			f.leave()
		default:
			f.held = text
			text = ""
		}
		text = text[len(tag):]
	}
	return out.String()
}

// flush returns what was held back, at the reply's end.
func (f *thinkFilter) flush() string {
	held := f.held
	f.held = ""
	if f.thinking {
		return ""
	}
	return held
}

func (f *thinkFilter) leave() {
	f.thinking = false
	f.trim = !f.started
}

func (f *thinkFilter) emit(out *strings.Builder, text string) {
	if f.trim {
		text = strings.TrimLeft(text, " \t\r\n")
	}
	if text != "" {
		f.trim = false
		f.started = f.started || !blank(text)
		out.WriteString(text)
	}
}

func blank(text string) bool { return strings.TrimSpace(text) == "" }

// nextTag returns the text ahead of the first tag in it, and that tag; if there is
// none, the text ahead of what could be the beginning of one, and "".
func (f *thinkFilter) nextTag(text string) (before, tag string) {
	for i := range len(text) {
		if text[i] != '<' {
			continue
		}
		rest := text[i:]
		switch {
		case strings.HasPrefix(rest, thinkOpen):
			return text[:i], thinkOpen
		case strings.HasPrefix(rest, thinkClose):
			return text[:i], thinkClose
		case strings.HasPrefix(thinkOpen, rest), strings.HasPrefix(thinkClose, rest):
			return text[:i], ""
		}
	}
	return text, ""
}

// partialTag returns the end of text that could be the beginning of tag.
func partialTag(text, tag string) string {
	for n := min(len(tag)-1, len(text)); n > 0; n-- {
		if strings.HasSuffix(text, tag[:n]) {
			return tag[:n]
		}
	}
	return ""
}
