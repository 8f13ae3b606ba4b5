package loadtest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"time"

	"avatarforge/realtime"
)

// What a listener sends, as JSON.

type wireItemCreate struct {
	Type string   `json:"type"`
	Item wireItem `json:"item"`
}

type wireItem struct {
	Type    string        `json:"type"`
	Role    realtime.Role `json:"role"`
	Content [1]wirePart   `json:"content"`
}

type wirePart struct {
	Type realtime.ContentType `json:"type"`
	Text string               `json:"text"`
}

type wireUpdate struct {
	Type    string `json:"type"`
	Session struct {
		OutputModalities []realtime.Modality `json:"output_modalities"`
		Audio            struct {
			Output struct {
				Format realtime.AudioFormat `json:"format"`
			} `json:"output"`
		} `json:"audio"`
		Avatarforge struct {
			Transport realtime.Transport `json:"transport"`
		} `json:"avatarforge"`
	} `json:"session"`
}

type wirePlayback struct {
	Type       string `json:"type"`
	Segment    uint32 `json:"segment"`
	PlayedMS   int64  `json:"played_ms"`
	BufferedMS int64  `json:"buffered_ms"`
}

type wireTruncate struct {
	Type         string `json:"type"`
	ItemID       string `json:"item_id"`
	ContentIndex int    `json:"content_index"`
	AudioEndMS   int64  `json:"audio_end_ms"`
}

// The client events without fields.
const (
	createResponse = `{"type":"response.create"}`
	cancelResponse = `{"type":"response.cancel"}`
)

func says(text string) []byte {
	return encode(wireItemCreate{Type: "conversation.item.create", Item: wireItem{
		Type: "message", Role: realtime.RoleUser, Content: [1]wirePart{{realtime.ContentInputText, text}},
	}})
}

func update(cfg *Config) []byte {
	u := wireUpdate{Type: "session.update"}
	u.Session.OutputModalities = []realtime.Modality{realtime.ModalityAudio}
	if cfg.TextOnly {
		u.Session.OutputModalities[0] = realtime.ModalityText
	}
	u.Session.Audio.Output.Format = realtime.AudioFormat{Type: realtime.AudioPCM, Rate: cfg.Rate}
	u.Session.Avatarforge.Transport = cfg.transport()
	return encode(u)
}

func playback(segment uint32, played, buffered time.Duration) []byte {
	return encode(wirePlayback{"avatarforge.playback", segment, played.Milliseconds(), buffered.Milliseconds()})
}

func truncate(item string, heard time.Duration) []byte {
	return encode(wireTruncate{"conversation.item.truncate", item, 0, heard.Milliseconds()})
}

// encode encodes what always can be.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// Tokens and sound are by far the most of what a listener reads, and thousands of listeners
// share a machine with the server that they measure: these two are read without building a
// value. Any other layout than our own server's is read as every event is.
var (
	tokenHeads = [...][]byte{
		[]byte(`{"type":"` + realtime.TranscriptDelta{}.Type() + `","event_id":"event_`),
		[]byte(`{"type":"` + realtime.TextDelta{}.Type() + `","event_id":"event_`),
	}
	soundHead  = []byte(`{"type":"` + realtime.AudioDelta{}.Type() + `","event_id":"event_`)
	deltaKey   = []byte(`,"delta":"`)
	segmentKey = []byte(`","avatarforge":{"segment":`)
)

// quickToken reads a token. ok is false for what is none, or laid out otherwise.
func quickToken(data []byte) (n uint64, delta []byte, ok bool) {
	for _, head := range tokenHeads {
		if rest, is := bytes.CutPrefix(data, head); is {
			if n, rest, ok = cutNumber(rest); !ok {
				return 0, nil, false
			}
			_, quoted, is := bytes.Cut(rest, deltaKey)
			quoted, whole := bytes.CutSuffix(quoted, []byte(`"}`))
			return n, quoted, is && whole && bytes.IndexByte(quoted, '\\') < 0 && bytes.IndexByte(quoted, '"') < 0
		}
	}
	return 0, nil, false
}

// quickSound reads how many bytes of sound an event has, and of which segment.
func quickSound(data []byte) (n uint64, segment uint32, pcm int, ok bool) {
	rest, is := bytes.CutPrefix(data, soundHead)
	if !is {
		return 0, 0, 0, false
	}
	if n, rest, ok = cutNumber(rest); !ok {
		return 0, 0, 0, false
	}
	_, rest, is = bytes.Cut(rest, deltaKey)
	quoted, tail, found := bytes.Cut(rest, segmentKey)
	digits, whole := bytes.CutSuffix(tail, []byte("}}"))
	number, err := strconv.ParseUint(string(digits), 10, 32)
	if !is || !found || !whole || err != nil || len(quoted)%4 != 0 {
		return 0, 0, 0, false
	}
	pad := len(quoted) - len(bytes.TrimRight(quoted, "="))
	return n, uint32(number), base64.StdEncoding.DecodedLen(len(quoted)) - pad, true
}

// cutNumber reads the number of an event up to its closing quote.
func cutNumber(data []byte) (n uint64, rest []byte, ok bool) {
	i := bytes.IndexByte(data, '"')
	if i <= 0 {
		return 0, nil, false
	}
	n, err := strconv.ParseUint(string(data[:i]), 10, 64)
	return n, data[i+1:], err == nil
}
