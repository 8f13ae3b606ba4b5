package realtime

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"
)

const eventIDPrefix = "event_"

// AppendEvent appends e as the text frame with number n. Token and audio events are
// appended field by field; the others, a handful in a response, go through
// encoding/json. It panics on an event that cannot be encoded, which the types rule out.
func AppendEvent(dst []byte, n uint64, e ServerEvent) []byte {
	switch e := e.(type) {
	case TranscriptDelta:
		return AppendTranscriptDelta(dst, n, &e)
	case TextDelta:
		return AppendTextDelta(dst, n, &e)
	case AudioDelta:
		return AppendAudioDelta(dst, n, &e)
	}
	dst = appendHead(dst, n, e.Type())
	body, err := marshal(e)
	if err != nil {
		panic(fmt.Sprintf("realtime: encode %s: %v", e.Type(), err))
	}
	if len(body) == len(`{}`) {
		return append(dst, '}')
	}
	dst = append(dst, ',')
	return append(dst, body[1:]...)
}

// AppendTranscriptDelta appends e as the text frame with number n.
func AppendTranscriptDelta(dst []byte, n uint64, e *TranscriptDelta) []byte {
	dst = appendHead(dst, n, typeTranscriptDelta)
	dst = appendPlace(dst, &e.Place)
	dst = append(dst, `,"delta":`...)
	dst = appendString(dst, e.Delta)
	return append(dst, '}')
}

// AppendTextDelta appends e as the text frame with number n.
func AppendTextDelta(dst []byte, n uint64, e *TextDelta) []byte {
	dst = appendHead(dst, n, typeTextDelta)
	dst = appendPlace(dst, &e.Place)
	dst = append(dst, `,"delta":`...)
	dst = appendString(dst, e.Delta)
	return append(dst, '}')
}

// AppendAudioDelta appends e as the text frame with number n.
func AppendAudioDelta(dst []byte, n uint64, e *AudioDelta) []byte {
	dst = appendHead(dst, n, typeAudioDelta)
	dst = appendPlace(dst, &e.Place)
	dst = append(dst, `,"delta":"`...)
	dst = base64.StdEncoding.AppendEncode(dst, e.Delta)
	dst = append(dst, `","avatarforge":{"segment":`...)
	dst = strconv.AppendUint(dst, uint64(e.Avatarforge.Segment), 10)
	return append(dst, `}}`...)
}

// appendHead leaves the object open, after its event_id.
func appendHead(dst []byte, n uint64, typ string) []byte {
	dst = append(dst, `{"type":"`...)
	dst = append(dst, typ...)
	dst = append(dst, `","event_id":"`+eventIDPrefix...)
	dst = strconv.AppendUint(dst, n, 10)
	return append(dst, '"')
}

func appendPlace(dst []byte, p *Place) []byte {
	dst = append(dst, `,"response_id":`...)
	dst = appendString(dst, p.ResponseID)
	dst = append(dst, `,"item_id":`...)
	dst = appendString(dst, p.ItemID)
	dst = append(dst, `,"output_index":`...)
	dst = strconv.AppendInt(dst, int64(p.OutputIndex), 10)
	dst = append(dst, `,"content_index":`...)
	return strconv.AppendInt(dst, int64(p.ContentIndex), 10)
}

const hexDigits = "0123456789abcdef"

// appendString appends s as a JSON string: what must be escaped is, everything else is
// as it came, and bytes that are no UTF-8 become U+FFFD.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0 // of what is not yet copied
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				dst = append(dst, s[start:i]...)
				dst = append(dst, `\ufffd`...)
				start = i + 1
			}
			i += size
			continue
		}
		dst = append(dst, s[start:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		default:
			dst = append(dst, `\u00`...)
			dst = append(dst, hexDigits[c>>4], hexDigits[c&0xf])
		}
		i++
		start = i
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

// marshal is json.Marshal without its escapes for HTML.
func marshal(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

type wireError struct {
	Error       wireErrorBody  `json:"error"`
	Avatarforge *wireErrorMore `json:"avatarforge,omitempty"`
}

type wireErrorBody struct {
	Type    ErrorType `json:"type"`
	Code    ErrorCode `json:"code"`
	Message string    `json:"message"`
	Param   *string   `json:"param"`
	EventID *string   `json:"event_id"`
}

type wireErrorMore struct {
	Segment uint32 `json:"segment"`
}

// MarshalJSON writes the error as Realtime does, null for what is not there.
func (e ErrorEvent) MarshalJSON() ([]byte, error) {
	w := wireError{Error: wireErrorBody{Type: e.Err.Type, Code: e.Err.Code, Message: e.Err.Message}}
	if e.Err.Param != "" {
		w.Error.Param = &e.Err.Param
	}
	if e.Err.EventID != "" {
		w.Error.EventID = &e.Err.EventID
	}
	if e.Err.Segment != 0 {
		w.Avatarforge = &wireErrorMore{Segment: e.Err.Segment}
	}
	return marshal(w)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (e *ErrorEvent) UnmarshalJSON(data []byte) error {
	var w wireError
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	e.Err = Error{Type: w.Error.Type, Code: w.Error.Code, Message: w.Error.Message}
	if w.Error.Param != nil {
		e.Err.Param = *w.Error.Param
	}
	if w.Error.EventID != nil {
		e.Err.EventID = *w.Error.EventID
	}
	if w.Avatarforge != nil {
		e.Err.Segment = w.Avatarforge.Segment
	}
	return nil
}
