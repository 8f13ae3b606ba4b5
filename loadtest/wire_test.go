package loadtest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"avatarforge/realtime"
)

// The quick way of reading must say what the codec says, or nothing.
func TestQuickReading(t *testing.T) {
	place := realtime.Place{ResponseID: "resp_1", ItemID: "item_1"}
	for _, text := range []string{"", "안", " the", "줄\n바꿈", `"따옴표"`, `back\slash`, "\x00", "}", `"}`} {
		for _, e := range []realtime.ServerEvent{
			realtime.TranscriptDelta{Place: place, Delta: text}, realtime.TextDelta{Place: place, Delta: text},
		} {
			n, delta, ok := quickToken(realtime.AppendEvent(nil, 42, e))
			if ok && (n != 42 || string(delta) != text) {
				t.Errorf("%q was read as %q, number %d", text, delta, n)
			}
			if plain := text == "안" || text == " the"; plain && !ok {
				t.Errorf("%q was not read the quick way", text)
			}
		}
	}
	for size := range 7 {
		e := realtime.AudioDelta{Place: place, Delta: make([]byte, size), Avatarforge: realtime.SegmentExtension{Segment: 7}}
		n, segment, bytes, ok := quickSound(realtime.AppendEvent(nil, 43, e))
		if !ok || n != 43 || segment != 7 || bytes != size {
			t.Errorf("%d bytes of sound were read as %d of segment %d, number %d, %v", size, bytes, segment, n, ok)
		}
	}
	for _, other := range []string{
		`{"event_id":"event_1","type":"response.output_text.delta","delta":"a"}`,
		`{"type":"response.output_text.delta","event_id":"event_x","delta":"a"}`,
		`{"type":"response.output_text.delta","event_id":"event_1"`,
		`{"type":"response.output_audio.delta","event_id":"event_1","delta":"AAA","avatarforge":{"segment":1}}`,
		`{}`, ``,
	} {
		if n, delta, ok := quickToken([]byte(other)); ok {
			t.Errorf("%s was read as token %q, number %d", other, delta, n)
		}
		if _, _, bytes, ok := quickSound([]byte(other)); ok {
			t.Errorf("%s was read as %d bytes of sound", other, bytes)
		}
	}
}

// What listeners send is what the server takes.
func TestSends(t *testing.T) {
	cfg := Config{JSON: true}
	cfg.setDefaults()
	for _, tt := range []struct {
		sent []byte
		want realtime.ClientEvent
	}{
		{says("안녕"), realtime.ItemCreate{Item: realtime.Item{
			Role: realtime.RoleUser, Status: realtime.StatusCompleted,
			Content: []realtime.Content{{Type: realtime.ContentInputText, Text: "안녕"}},
		}}},
		{[]byte(createResponse), realtime.ResponseCreate{}},
		{[]byte(cancelResponse), realtime.ResponseCancel{}},
		{playback(3, 1500e6, 250e6), realtime.Playback{Segment: 3, PlayedMS: 1500, BufferedMS: 250}},
		{update(&cfg), realtime.SessionUpdate{Session: realtime.SessionPatch{
			OutputModalities: []realtime.Modality{realtime.ModalityAudio}, Rate: ptr(24000), Transport: ptr(realtime.TransportJSON),
		}}},
	} {
		got, err := realtime.DecodeClient(tt.sent)
		if err != nil {
			t.Errorf("%s: %v", tt.sent, err)
			continue
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.sent, diff)
		}
	}
}

func ptr[T any](v T) *T { return &v }
