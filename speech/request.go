package speech

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"avatarforge/tts"
	"avatarforge/tts/sentence"
)

// Format is how a recording is encoded. Its value is the file name's ending and
// GPT-SoVITS's media_type.
type Format string

// The formats. Ogg and AAC are encoded by the synthesis server; the Ogg of GPT-SoVITS has
// Vorbis in it, its AAC is ADTS and needs ffmpeg on its side.
const (
	WAV Format = "wav" // 16-bit mono PCM
	Raw Format = "raw" // the same without a header: little-endian samples
	Ogg Format = "ogg"
	AAC Format = "aac"
)

// ContentType is the media type of files of that format.
func (f Format) ContentType() string { return "audio/" + string(f) }

// encoding is what the synthesis server is asked for.
func (f Format) encoding() tts.Encoding {
	switch f {
	case Ogg:
		return tts.Ogg
	case AAC:
		return tts.AAC
	default:
		return tts.PCM
	}
}

// DefaultRate is the rate of PCM in samples per second where a request says nothing: that
// of GPT-SoVITS's versions 1 to 2.
const DefaultRate = 32000

// Request says what is to be spoken, and how. Text and Voice are needed; the zero value
// of the rest works.
type Request struct {
	Text  string    `json:"text"` // as displayed, of any length
	Voice tts.Voice `json:"voice"`
	// TextLang is a code of tts.Languages; empty means auto, by the script of each
	// sentence.
	TextLang string `json:"text_lang,omitempty"`
	// PromptLang is the language of the voice's reference; empty means what the voice says.
	PromptLang string `json:"prompt_lang,omitempty"`
	// Speed multiplies the voice's own pace; zero means 1.
	Speed float64 `json:"speed,omitempty"`
	// StreamingMode is GPT-SoVITS's, 0 to 3. It changes when sound comes, not which.
	StreamingMode int    `json:"streaming_mode,omitempty"`
	Format        Format `json:"format,omitempty"` // empty means WAV
	// Rate is of PCM, in samples per second; zero means DefaultRate.
	Rate int `json:"rate,omitempty"`
}

// ErrNothingToSay says that a text has no word in it that could be spoken.
var ErrNothingToSay = errors.New("the text has nothing in it that can be spoken")

// The pauses of speech that is read out, where the text has the border. A synthesis adds
// a hundredth of a second of its own.
const (
	pauseInSentence = 120 * time.Millisecond // a long sentence was cut at a clause
	pauseSentence   = 300 * time.Millisecond
	pauseLine       = 500 * time.Millisecond
	pauseParagraph  = 700 * time.Millisecond
)

// script is a request made ready to be spoken. Immutable after newScript.
type script struct {
	lines  []line
	voice  tts.Voice
	speed  float64
	mode   int
	format Format
	rate   int // 0 where the format is not PCM
	key    string
}

// line is one sentence of a script, as it is spoken.
type line struct {
	Text  string
	Lang  string
	Pause time.Duration // behind it, if another follows
}

// newScript cuts and spells a request's text. The error is ErrNothingToSay.
func newScript(req Request) (*script, error) {
	s := &script{voice: req.Voice, speed: req.Speed, mode: req.StreamingMode, format: req.Format, rate: req.Rate}
	if s.format == "" {
		s.format = WAV
	}
	switch {
	case s.format.encoding() != tts.PCM:
		s.rate = 0
	case s.rate == 0:
		s.rate = DefaultRate
	}
	if s.speed == 0 {
		s.speed = 1
	}
	if req.PromptLang != "" {
		s.voice.PromptLang = strings.ToLower(req.PromptLang)
	}
	s.read(req.Text, strings.ToLower(req.TextLang))
	if len(s.lines) == 0 {
		return nil, ErrNothingToSay
	}
	s.key = s.hash()
	return s, nil
}

const (
	langAuto          = "auto"
	langAutoCantonese = "auto_yue"
	langCantonese     = "yue"
)

// read makes the script's lines.
func (s *script) read(text, lang string) {
	if lang == "" {
		lang = langAuto
	}
	auto := lang == langAuto || lang == langAutoCantonese
	last := tts.Lang(strings.ToLower(s.voice.Language))
	speller := tts.NewSpeller(tts.Lang(lang))
	var splitter sentence.Splitter
	var before string       // the piece before, spoken or not
	var pause time.Duration // since the last line
	for _, piece := range append(splitter.Push(text), splitter.Flush()...) {
		pause = max(pause, pauseBetween(before, piece))
		before = piece
		spoken := speller.Spoken(piece)
		if spoken == "" {
			continue
		}
		l := line{Text: spoken, Lang: lang}
		if auto {
			// The synthesiser is told one language: by itself it drifts in the middle.
			last = tts.Detect(spoken, last)
			l.Lang = string(last)
			if lang == langAutoCantonese && last == tts.Chinese {
				l.Lang = langCantonese
			}
		}
		if n := len(s.lines); n > 0 {
			s.lines[n-1].Pause = pause
		}
		s.lines, pause = append(s.lines, l), 0
	}
}

// pauseBetween is how long a reader pauses between two pieces of a text. White space
// between them is at the front of the second.
func pauseBetween(piece, next string) time.Duration {
	words := strings.TrimLeft(next, " \t\r\n　")
	switch strings.Count(next[:len(next)-len(words)], "\n") + strings.Count(trailingSpace(piece), "\n") {
	case 0:
	case 1:
		return pauseLine
	default:
		return pauseParagraph
	}
	if strings.ContainsAny(trailingMarks(piece), ".!?…。！？~～") {
		return pauseSentence
	}
	return pauseInSentence
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func trailingSpace(s string) string { return s[len(strings.TrimRight(s, " \t\r\n　")):] }

// trailingMarks is what a piece has behind its last letter or digit.
func trailingMarks(s string) string {
	return s[len(strings.TrimRightFunc(s, func(r rune) bool { return !isWord(r) })):]
}

// version is part of every key: raised whenever the same script sounds different.
const version = 1

// hash is what the same speech has in common: all that is heard, and the whole voice, so
// that a voice that was changed never answers with its old sound.
func (s *script) hash() string {
	data, err := json.Marshal(struct {
		Version int
		Lines   []line
		Voice   tts.Voice
		Speed   float64
		Format  Format
		Rate    int
	}{version, s.lines, s.voice, s.speed, s.format, s.rate})
	if err != nil {
		panic(fmt.Sprintf("speech: %v", err)) // of a speed that is no number, which callers exclude
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// request is what the synthesiser is asked for a line.
func (s *script) request(l line) tts.Request {
	return tts.Request{
		Text: l.Text, TextLang: l.Lang, Voice: s.voice, Speed: s.speed, StreamingMode: s.mode, Seed: -1,
		Encoding: s.format.encoding(), Pause: l.Pause,
	}
}

// header is what a file has in front of dataBytes of sound; negative where that is not
// known yet.
func (s *script) header(dataBytes int64) []byte {
	if s.format != WAV {
		return nil
	}
	return tts.AppendWAVHeader(nil, s.rate, int(dataBytes))
}
