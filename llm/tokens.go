package llm

import (
	"crypto/sha256"
	"fmt"
	"sync"
	"unicode/utf8"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/pkoukk/tiktoken-go"
	tiktokenloader "github.com/pkoukk/tiktoken-go-loader"
)

const (
	// messageOverhead is what a chat template puts around each message, in tokens:
	// the marks of its begin and end, and the role.
	messageOverhead = 4
	// replyOverhead is what it puts at the end, to have the model answer.
	replyOverhead = 3
	// wideBytes is how many bytes of UTF-8 a wide character has at least.
	wideBytes = 3
	// maxPiece is how many characters go into the encoder at once, for its time grows
	// with the square of a run without spaces: 1,000 Hangul syllables take 5.4 ms in
	// one piece and 1.7 ms in four.
	maxPiece = 250
	// sharedTexts is how many texts' counts CountShared keeps.
	sharedTexts = 4096
)

// Counter counts tokens as OpenAI's o200k vocabulary cuts them. No LLM server tells
// its own count ahead of a request, and this vocabulary, which knows Korean well, is
// near enough for Calibration to do the rest. It is safe for use by several
// goroutines.
type Counter struct {
	encoder *tiktoken.Tiktoken
	// shared is what CountShared has counted last, by the texts' SHA-256: of what people say
	// nothing is to stay.
	shared *lru.Cache[[sha256.Size]byte, int]
}

// vocabulary is built once for the process. The library keeps its loader in a
// global, and this is the one place that sets it.
var vocabulary = sync.OnceValues(func() (*tiktoken.Tiktoken, error) {
	tiktoken.SetBpeLoader(tiktokenloader.NewOfflineLoader())
	return tiktoken.GetEncoding(tiktoken.MODEL_O200K_BASE)
})

// NewCounter makes a counter. The process's first one builds the vocabulary, which is
// part of the program: 130 to 220 ms and 22 MB, to be spent beside the rest of the
// start and not on a listener's time.
func NewCounter() (*Counter, error) {
	encoder, err := vocabulary()
	if err != nil {
		return nil, fmt.Errorf("build the token vocabulary: %w", err)
	}
	shared, err := lru.New[[sha256.Size]byte, int](sharedTexts)
	if err != nil {
		return nil, err // of a size that is none
	}
	return &Counter{encoder, shared}, nil
}

// Count returns how many tokens a text has. It takes about 60 ms for 100,000
// characters, and at most three times that for text without spaces, where the figure
// can be too high by one in 250 characters.
func (c *Counter) Count(text string) int {
	n := 0
	for text != "" {
		size := pieceLen(text)
		n += len(c.encoder.EncodeOrdinary(text[:size]))
		text = text[size:]
	}
	return n
}

// CountShared is Count for what many ask for, such as a character's prompt, a millisecond of
// work, or its lorebook: a text that was counted lately is not counted again.
func (c *Counter) CountShared(text string) int {
	key := sha256.Sum256([]byte(text))
	n, ok := c.shared.Get(key)
	if !ok {
		n = c.Count(text)
		c.shared.Add(key, n)
	}
	return n
}

// Size is a text's tokens as a Counter cuts it. Models differ in what they make of wide
// characters: Hangul, kana, Han and whatever else takes three bytes or more.
type Size struct {
	Plain int
	Wide  int
}

// Total is all of them.
func (s Size) Total() int { return s.Plain + s.Wide }

// Plus is both together.
func (s Size) Plus(t Size) Size { return Size{s.Plain + t.Plain, s.Wide + t.Wide} }

// Measure returns a text's size, for as long as Count takes. A token of the vocabulary
// has as many bytes of either kind on average, so bytes tell them apart.
func (c *Counter) Measure(text string) Size { return sizeOf(text, c.Count(text)) }

// sizeOf is the size of a text of n tokens.
func sizeOf(text string, n int) Size {
	if text == "" {
		return Size{}
	}
	wide := 0
	for _, r := range text {
		if n := utf8.RuneLen(r); n >= wideBytes {
			wide += n
		}
	}
	s := Size{Wide: min(n, (n*wide+len(text)-1)/len(text))}
	s.Plain = n - s.Wide
	return s
}

// MessageSize is the size of a message with that text in a prompt.
func (c *Counter) MessageSize(text string) Size {
	return c.Measure(text).Plus(Size{Plain: messageOverhead})
}

// SharedMessageSize is MessageSize by CountShared.
func (c *Counter) SharedMessageSize(text string) Size {
	return sizeOf(text, c.CountShared(text)).Plus(Size{Plain: messageOverhead})
}

// PromptSize is what a prompt has beside its messages.
func PromptSize() Size { return Size{Plain: replyOverhead} }

// pieceLen returns the length in bytes of the piece that text begins with: at most
// maxPiece characters, up to a space that a word follows if there is one, for there
// the vocabulary cuts as well.
func pieceLen(text string) int {
	if len(text) <= maxPiece {
		return len(text)
	}
	size, space := 0, 0
	for range maxPiece {
		if size == len(text) {
			return size
		}
		_, n := utf8.DecodeRuneInString(text[size:])
		if text[size] == ' ' && size+1 < len(text) && text[size+1] != ' ' && size > 0 && text[size-1] != ' ' {
			space = size
		}
		size += n
	}
	if space > 0 && size < len(text) {
		return space
	}
	return size
}
