package realtime

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

func ptr[T any](v T) *T { return &v }

// oneOfEach is an event of every type, with every field that it can have.
func oneOfEach() []ServerEvent {
	place := Place{ResponseID: "resp_1", ItemID: "item_2"}
	user := Item{ID: "item_1", Status: StatusCompleted, Role: RoleUser, Content: []Content{{ContentInputText, "안녕, <b>\"너\"</b> & 나\n"}}}
	said := Item{ID: "item_2", Status: StatusIncomplete, Role: RoleAssistant, Content: []Content{{ContentOutputAudio, "안녕!"}}}
	written := Item{ID: "item_3", Status: StatusCompleted, Role: RoleAssistant, Content: []Content{{ContentOutputText, "Hi."}}}
	sess := Session{
		ID: "5f8c", Object: "realtime.session", Type: "realtime", Model: "gemma-3-27b-it", Instructions: "Be brief.",
		OutputModalities: []Modality{ModalityAudio},
		Audio:            SessionAudio{AudioOutput{AudioFormat{AudioPCM, 24000}, "default", 1}},
		Tools:            []struct{}{},
		Avatarforge: SessionExtension{
			CharacterID: "hermione", Persona: "p", Scenario: Scenario{"o", "s", "b"}, Temperature: 0.7,
			TTS:       TTS{true, SpeechRealtime, 0, 2, "auto"},
			Transport: TransportJSON, MaxTurns: 30, Turn: 3,
		},
	}
	resumed := sess
	resumed.Avatarforge.Resumed = &Resumed{false}
	resumed.Avatarforge.Demo = &Demo{LLM: true}
	running := Response{
		Object: "realtime.response", ID: "resp_1", ConversationID: "conv_5f8c", Status: StatusInProgress, Output: []Item{},
		OutputModalities: []Modality{ModalityAudio}, MaxOutputTokens: 512,
		Audio: &ResponseAudio{ResponseAudioOutput{AudioFormat{AudioPCM, 24000}, "default"}},
	}
	cancelled := running
	cancelled.Status = StatusCancelled
	cancelled.StatusDetails = &StatusDetails{Type: StatusCancelled, Reason: ReasonClientCancelled}
	cancelled.Output = []Item{said}
	cancelled.Usage = &Usage{57, 45, 12}
	cancelled.Metadata = map[string]string{"topic": "greeting"}
	cancelled.Avatarforge = &ResponseExtension{Timings: Timings{ptr(int64(120)), ptr(int64(300)), nil, 900}, SpeechErrors: 1}
	failed := running
	failed.Status = StatusFailed
	failed.StatusDetails = &StatusDetails{Type: StatusFailed, Error: &StatusError{ServerError, CodeUpstreamFailed, "ollama: failed"}}
	return []ServerEvent{
		SessionCreated{sess}, SessionUpdated{resumed},
		ItemAdded{nil, user}, ItemDone{ptr("item_1"), said}, ItemRetrieved{written}, ItemDeleted{"item_1"}, ItemTruncated{"item_2", 0, 1200},
		ResponseCreated{running},
		OutputItemAdded{"resp_1", 0, Item{ID: "item_2", Status: StatusInProgress, Role: RoleAssistant}},
		ContentPartAdded{place, Part{Audio: true}},
		TextDelta{place, "Hi"}, TextDone{place, "Hi."}, TranscriptDelta{place, "안녕\u0001\"\\!"}, TranscriptDone{place, "안녕!"},
		AudioDelta{place, []byte{1, 0, 2, 0}, SegmentExtension{7}}, AudioDone{place},
		ContentPartDone{place, Part{Audio: false, Text: "Hi."}},
		OutputItemDone{"resp_1", 0, said}, ResponseDone{cancelled}, ResponseDone{failed},
		ErrorEvent{Error{InvalidRequestError, CodeUnknownParameter, "There is no parameter \"x\" here.", "session.x", "ev_9", 0}},
		ErrorEvent{Error{ServerError, CodeSpeechFailed, "silent", "", "", 7}},
		Sentence{7, ptr("resp_1"), "item_2", 0, " 3시야!", "세 시야!", 24000}, Sentence{8, nil, "item_2", 1, "x", "x", 24000},
		SentenceDone{7, ptr(int64(1234)), nil}, SentenceDone{8, nil, &SentenceError{CodeSpeechCancelled, "cancelled"}},
		Queue{2, 5}, Context{812, 8192, 30, 12, 2},
	}
}

// The golden frames are what outside clients see: a change here is a change of the
// protocol.
func TestGoldenFrames(t *testing.T) {
	var got bytes.Buffer
	for i, e := range oneOfEach() {
		got.Write(AppendEvent(nil, uint64(i+1), e))
		got.WriteByte('\n')
	}
	file := filepath.Join("testdata", "frames.golden")
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("frames differ from %s (-want +got):\n%s", file, diff)
	}
}

// A client of ours reads back what the server wrote, whole.
func TestServerEventsSurviveTheWire(t *testing.T) {
	seen := map[string]bool{}
	for i, e := range oneOfEach() {
		seen[e.Type()] = true
		frame := AppendEvent(nil, uint64(i+1), e)
		if !json.Valid(frame) {
			t.Fatalf("%s: not JSON: %s", e.Type(), frame)
		}
		n, back, err := DecodeServer(frame)
		if err != nil {
			t.Fatalf("%s: %v", e.Type(), err)
		}
		if n != uint64(i+1) {
			t.Errorf("%s: number %d, want %d", e.Type(), n, i+1)
		}
		// The empty content of an item just begun comes back as an empty list.
		if diff := cmp.Diff(e, back, cmp.Comparer(func(a, b []Content) bool {
			return len(a) == len(b) && (len(a) == 0 || cmp.Equal(a[0], b[0]))
		})); diff != "" {
			t.Errorf("%s changed on the wire (-sent +read):\n%s", e.Type(), diff)
		}
	}
	for name := range serverDecoders {
		if !seen[name] {
			t.Errorf("no event of type %s is tested", name)
		}
	}
}

func TestUnknownServerEventIsPassedOver(t *testing.T) {
	n, e, err := DecodeServer([]byte(`{"type":"avatarforge.later","event_id":"event_5","x":1}`))
	if n != 5 || e != nil || err != nil {
		t.Errorf("got %d, %v, %v; a newer server's event is a number and no event", n, e, err)
	}
	for _, bad := range []string{`{`, `{"type":"error"}`, `{"type":"error","event_id":"event_x"}`, `{"type":"error","event_id":"ev_1"}`} {
		if _, _, err := DecodeServer([]byte(bad)); err == nil {
			t.Errorf("%s: no error, but it has no number", bad)
		}
	}
}

// appendString must agree with encoding/json on what the string is.
func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "안녕", "a\"b\\c\n\r\t\x00\x1f\x7f", "\xff\xfe", "\u2028😀", "half \xed\xa0\x80"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := appendString(nil, s)
		var back string
		if err := json.Unmarshal(got, &back); err != nil {
			t.Fatalf("%q became %s: %v", s, got, err)
		}
		if want := strings.ToValidUTF8(s, "\ufffd"); utf8.ValidString(s) && back != want {
			t.Errorf("%q came back as %q", s, back)
		}
		if !utf8.Valid(got) {
			t.Errorf("%q became bytes that are no UTF-8: %q", s, got)
		}
	})
}

func TestAudioFrame(t *testing.T) {
	f := AudioFrame{Event: 70_000, Segment: 513, Last: true, PCM: []byte{1, 2, 3, 4}}
	data := AppendAudioFrame(nil, f)
	want := []byte{1, 1, 0, 1, 0, 1, 0x11, 0x70, 0, 0, 2, 1, 1, 2, 3, 4}
	if !bytes.Equal(data, want) {
		t.Errorf("frame % x, want % x: version, kind, flags, event, segment, big-endian", data, want)
	}
	back, err := DecodeAudioFrame(data)
	if err != nil || !cmp.Equal(back, f) {
		t.Errorf("came back as %+v, %v", back, err)
	}
	for name, bad := range map[string][]byte{
		"shorter than a header": data[:11],
		"another version":       append([]byte{2}, data[1:]...),
		"another kind":          {1, 9, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1},
		"half a sample":         data[:13],
	} {
		if _, err := DecodeAudioFrame(bad); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestCloseCodesSayWhetherToResume(t *testing.T) {
	for code, want := range map[CloseCode]bool{
		CloseNormal: false, CloseGoingAway: true, ClosePolicyViolation: false, CloseTooBig: false,
		CloseInternalError: true, CloseTryAgainLater: true, CloseTakenOver: false,
	} {
		if code.Resumable() != want {
			t.Errorf("%d: resumable %v, want %v", code, !want, want)
		}
	}
}

// A token's frame, next to copying one that is there already, and to encoding/json.
func BenchmarkAppendTranscriptDelta(b *testing.B) {
	e := TranscriptDelta{Place{ResponseID: newTestID("resp_"), ItemID: newTestID("item_")}, "안녕하"}
	dst := make([]byte, 0, 512)
	frame := AppendTranscriptDelta(nil, 1, &e)
	run := func(name string, encode func(n uint64)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for n := uint64(0); b.Loop(); n++ {
				encode(n)
			}
		})
	}
	run("floor", func(uint64) { dst = append(dst[:0], frame...) })
	run("append", func(n uint64) { dst = AppendTranscriptDelta(dst[:0], n, &e) })
	var fields map[string]any
	if err := json.Unmarshal(frame, &fields); err != nil {
		b.Fatal(err)
	}
	run("encoding-json", func(uint64) {
		if _, err := json.Marshal(fields); err != nil {
			b.Fatal(err)
		}
	})
}

// A frame of sound as JSON, next to its Base64 alone.
func BenchmarkAppendAudioDelta(b *testing.B) {
	e := AudioDelta{Place{ResponseID: newTestID("resp_"), ItemID: newTestID("item_")}, make([]byte, 4800), SegmentExtension{3}}
	dst := make([]byte, 0, 8192)
	run := func(name string, encode func(n uint64)) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(e.Delta)))
			b.ReportAllocs()
			for n := uint64(0); b.Loop(); n++ {
				encode(n)
			}
		})
	}
	run("floor", func(uint64) { dst = base64.StdEncoding.AppendEncode(dst[:0], e.Delta) })
	run("append", func(n uint64) { dst = AppendAudioDelta(dst[:0], n, &e) })
}

func newTestID(prefix string) string { return prefix + strings.Repeat("a", 24) }
