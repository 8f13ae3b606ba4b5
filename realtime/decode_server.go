package realtime

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// DecodeServer reads a text frame that a server sent: its number and its event. It is
// lenient: fields that it does not know are passed over, since a client must go on
// working with a newer server. An event of a type that it does not know is nil.
func DecodeServer(data []byte) (n uint64, e ServerEvent, err error) {
	var head struct {
		Type    string `json:"type"`
		EventID string `json:"event_id"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return 0, nil, fmt.Errorf("decode server event: %w", err)
	}
	id, ok := strings.CutPrefix(head.EventID, eventIDPrefix)
	if !ok {
		return 0, nil, fmt.Errorf("decode server event %q: event_id is %q", head.Type, head.EventID)
	}
	if n, err = strconv.ParseUint(id, 10, 64); err != nil {
		return 0, nil, fmt.Errorf("decode server event %q: event_id is %q", head.Type, head.EventID)
	}
	decode, ok := serverDecoders[head.Type]
	if !ok {
		return n, nil, nil
	}
	if e, err = decode(data); err != nil {
		return n, nil, fmt.Errorf("decode server event %q: %w", head.Type, err)
	}
	return n, e, nil
}

var serverDecoders = map[string]func([]byte) (ServerEvent, error){
	typeSessionCreated:   decodeAs[SessionCreated],
	typeSessionUpdated:   decodeAs[SessionUpdated],
	typeItemAdded:        decodeAs[ItemAdded],
	typeItemDone:         decodeAs[ItemDone],
	typeItemRetrieved:    decodeAs[ItemRetrieved],
	typeItemDeleted:      decodeAs[ItemDeleted],
	typeItemTruncated:    decodeAs[ItemTruncated],
	typeResponseCreated:  decodeAs[ResponseCreated],
	typeOutputItemAdded:  decodeAs[OutputItemAdded],
	typeContentPartAdded: decodeAs[ContentPartAdded],
	typeTextDelta:        decodeAs[TextDelta],
	typeTextDone:         decodeAs[TextDone],
	typeTranscriptDelta:  decodeAs[TranscriptDelta],
	typeTranscriptDone:   decodeAs[TranscriptDone],
	typeAudioDelta:       decodeAs[AudioDelta],
	typeAudioDone:        decodeAs[AudioDone],
	typeContentPartDone:  decodeAs[ContentPartDone],
	typeOutputItemDone:   decodeAs[OutputItemDone],
	typeResponseDone:     decodeAs[ResponseDone],
	typeError:            decodeAs[ErrorEvent],
	typeSentence:         decodeAs[Sentence],
	typeSentenceDone:     decodeAs[SentenceDone],
	typeQueue:            decodeAs[Queue],
	typeContext:          decodeAs[Context],
}

func decodeAs[E ServerEvent](data []byte) (ServerEvent, error) {
	var e E
	err := json.Unmarshal(data, &e)
	return e, err
}
