package realtime

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDecodeClient(t *testing.T) {
	for _, tt := range []struct {
		name, frame string
		want        ClientEvent
	}{
		{"only the given fields change", `{"type":"session.update","event_id":"a","session":{"type":"realtime","instructions":"","audio":{"output":{"voice":"ko-male","speed":1.5,"format":{"type":"audio/pcm","rate":48000}}}}}`,
			SessionUpdate{"a", SessionPatch{Instructions: ptr(""), Voice: ptr("ko-male"), Speed: ptr(1.5), Rate: ptr(48000)}}},
		{"the extensions", `{"type":"session.update","session":{"avatarforge":{"character_id":"hermione","persona":"p","scenario":{"situation":"s"},"temperature":0,"tts":{"enabled":false,"mode":"delayed","delay_ms":250,"streaming_mode":3,"text_lang":"ko"},"transport":"binary","max_turns":5}}}`,
			SessionUpdate{"", SessionPatch{CharacterID: ptr("hermione"), Persona: ptr("p"), Scenario: &ScenarioPatch{Situation: ptr("s")}, Temperature: ptr(0.0),
				TTS: &TTSPatch{ptr(false), ptr(SpeechDelayed), ptr(250), ptr(3), ptr("ko")}, Transport: ptr(TransportBinary), MaxTurns: ptr(5)}}},
		{"what a stock client sends beside", `{"type":"session.update","session":{"type":"realtime","model":"m","output_modalities":["audio"],"audio":{"input":{"turn_detection":null,"format":{"type":"audio/pcm","rate":24000}},"output":{"voice":{"id":"v"}}},"tools":[],"tool_choice":"auto","tracing":null,"truncation":"auto","max_output_tokens":"inf"}}`,
			SessionUpdate{"", SessionPatch{Model: ptr("m"), OutputModalities: []Modality{ModalityAudio}, Voice: ptr("v"), MaxOutputTokens: ptr(MaxTokens(0))}}},
		{"a session sent back as it came", `{"type":"session.update","session":{"id":"x","object":"realtime.session","type":"realtime","avatarforge":{"turn":3,"resumed":null,"demo":{"llm":true,"tts":true}}}}`,
			SessionUpdate{"", SessionPatch{}}},
		{"a message", `{"type":"conversation.item.create","previous_item_id":"root","item":{"type":"message","id":"mine","role":"user","content":[{"type":"input_text","text":"안녕"},{"type":"text","text":"!"}]}}`,
			ItemCreate{"", "root", Item{ID: "mine", Status: StatusCompleted, Role: RoleUser, Content: []Content{{ContentInputText, "안녕"}, {ContentInputText, "!"}}}}},
		{"an answer put into the history", `{"type":"conversation.item.create","item":{"type":"message","role":"assistant","content":[{"type":"output_audio","transcript":"네."}]}}`,
			ItemCreate{"", "", Item{Status: StatusCompleted, Role: RoleAssistant, Content: []Content{{ContentOutputText, "네."}}}}},
		{"retrieve", `{"type":"conversation.item.retrieve","item_id":"i"}`, ItemRetrieve{"", "i"}},
		{"delete", `{"type":"conversation.item.delete","item_id":"i"}`, ItemDelete{"", "i"}},
		{"truncate", `{"type":"conversation.item.truncate","item_id":"i","content_index":0,"audio_end_ms":1500}`, ItemTruncate{"", "i", 0, 1500}},
		{"truncate at a time computed from seconds", `{"type":"conversation.item.truncate","item_id":"i","content_index":0,"audio_end_ms":1500.75}`, ItemTruncate{"", "i", 0, 1500}},
		{"a bare response", `{"type":"response.create"}`, ResponseCreate{}},
		{"a response with overrides", `{"type":"response.create","response":{"instructions":"x","output_modalities":["text"],"max_output_tokens":64,"temperature":1.2,"metadata":{"k":"v"},"conversation":"auto"}}`,
			ResponseCreate{"", ResponseOverrides{ptr("x"), []Modality{ModalityText}, ptr(MaxTokens(64)), ptr(1.2), map[string]string{"k": "v"}}}},
		{"cancel", `{"type":"response.cancel","response_id":"r"}`, ResponseCancel{"", "r"}},
		{"playback, with numbers as JavaScript writes them", `{"type":"avatarforge.playback","segment":3,"played_ms":1.2e3,"buffered_ms":400.0}`, Playback{"", 3, 1200, 400}},
		{"speak", `{"type":"avatarforge.speak","item_id":"i"}`, Speak{"", "i"}},
		{"voice input", `{"type":"input_audio_buffer.append","audio":"AAAA"}`, Unsupported{"", "input_audio_buffer.append"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := DecodeClient([]byte(tt.frame))
			if err != nil {
				t.Fatalf("%s: %v", tt.frame, err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeClientRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, frame string
		code        ErrorCode
		param       string
	}{
		{"no JSON", `{"type":`, CodeInvalidJSON, ""},
		{"no UTF-8", "{\"type\":\"\xff\"}", CodeInvalidJSON, ""},
		{"no object", `[1]`, CodeInvalidType, ""},
		{"no type", `{"event_id":"e"}`, CodeMissingParameter, "type"},
		{"an unknown type", `{"type":"conversation.create"}`, CodeInvalidValue, "type"},
		{"a server's event", `{"type":"session.created"}`, CodeInvalidValue, "type"},
		{"an unknown field", `{"type":"response.cancel","respons_id":"r"}`, CodeUnknownParameter, "respons_id"},
		{"another case", `{"type":"response.cancel","Response_ID":"r"}`, CodeUnknownParameter, "Response_ID"},
		{"an unknown field far down", `{"type":"session.update","session":{"audio":{"output":{"pitch":2}}}}`, CodeUnknownParameter, "session.audio.output.pitch"},
		{"no session", `{"type":"session.update"}`, CodeMissingParameter, "session"},
		{"a string for a number", `{"type":"session.update","session":{"avatarforge":{"temperature":"hot"}}}`, CodeInvalidType, "session.avatarforge.temperature"},
		{"too hot", `{"type":"session.update","session":{"avatarforge":{"temperature":2.1}}}`, CodeInvalidValue, "session.avatarforge.temperature"},
		{"a mode that is none", `{"type":"session.update","session":{"avatarforge":{"tts":{"mode":"later"}}}}`, CodeInvalidValue, "session.avatarforge.tts.mode"},
		{"streaming mode 4", `{"type":"session.update","session":{"avatarforge":{"tts":{"streaming_mode":4}}}}`, CodeInvalidValue, "session.avatarforge.tts.streaming_mode"},
		{"44.1 kHz", `{"type":"session.update","session":{"audio":{"output":{"format":{"type":"audio/pcm","rate":44100}}}}}`, CodeInvalidValue, "session.audio.output.format.rate"},
		{"G.711", `{"type":"session.update","session":{"audio":{"output":{"format":{"type":"audio/pcmu"}}}}}`, CodeInvalidValue, "session.audio.output.format.type"},
		{"a tool", `{"type":"session.update","session":{"tools":[{"type":"function"}]}}`, CodeUnsupported, "session.tools"},
		{"no modality", `{"type":"response.create","response":{"output_modalities":[]}}`, CodeInvalidValue, "response.output_modalities"},
		{"a modality that is none", `{"type":"response.create","response":{"output_modalities":["audio","video"]}}`, CodeInvalidValue, "response.output_modalities"},
		{"no tokens", `{"type":"response.create","response":{"max_output_tokens":0}}`, CodeInvalidType, "response.max_output_tokens"},
		{"too many tokens", `{"type":"response.create","response":{"max_output_tokens":9000}}`, CodeInvalidValue, "response.max_output_tokens"},
		{"a response beside the conversation", `{"type":"response.create","response":{"conversation":"none"}}`, CodeUnsupported, "response.conversation"},
		{"an item without a role", `{"type":"conversation.item.create","item":{"type":"message","content":[{"type":"text","text":"x"}]}}`, CodeMissingParameter, "item.role"},
		{"an item without content", `{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[]}}`, CodeInvalidValue, "item.content"},
		{"a function call", `{"type":"conversation.item.create","item":{"type":"function_call","role":"user","content":[{"type":"text","text":"x"}]}}`, CodeUnsupported, "item.type"},
		{"a picture", `{"type":"conversation.item.create","item":{"role":"user","content":[{"type":"input_image","image_url":"x"}]}}`, CodeUnsupported, "item.content[0].type"},
		{"a text too long", `{"type":"conversation.item.create","item":{"role":"user","content":[{"type":"text","text":"` + strings.Repeat("가", MaxMessageRunes+1) + `"}]}}`, CodeTooLong, "item.content"},
		{"half a segment", `{"type":"avatarforge.playback","segment":0.5,"played_ms":0,"buffered_ms":0}`, CodeInvalidType, "segment"},
		{"a time before the start", `{"type":"conversation.item.truncate","item_id":"i","content_index":0,"audio_end_ms":-1}`, CodeInvalidValue, "audio_end_ms"},
		{"a segment over 32 bits", `{"type":"avatarforge.playback","segment":4294967296,"played_ms":0,"buffered_ms":0}`, CodeInvalidValue, "segment"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e, err := DecodeClient([]byte(tt.frame))
			if err == nil {
				t.Fatalf("taken as %+v", e)
			}
			if err.Code != tt.code || err.Param != tt.param {
				t.Errorf("got %s at %q, want %s at %q", err.Code, err.Param, tt.code, tt.param)
			}
			if err.Message == "" || err.Type != InvalidRequestError {
				t.Errorf("an error needs a sentence and its class: %+v", err)
			}
		})
	}
}

func TestErrorsNameTheClientsEvent(t *testing.T) {
	if _, err := DecodeClient([]byte(`{"type":"response.cancel","event_id":"ev_7","x":1}`)); err == nil || err.EventID != "ev_7" {
		t.Errorf("got %+v, want the event's own id in it", err)
	}
}

// A message of exactly the limit is taken: the limit counts characters, not bytes.
func TestLongestMessage(t *testing.T) {
	text := strings.Repeat("가", MaxMessageRunes)
	e, err := DecodeClient([]byte(`{"type":"conversation.item.create","item":{"role":"user","content":[{"type":"text","text":"` + text + `"}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := e.(ItemCreate).Item.Text(); got != text {
		t.Errorf("%d bytes came through of %d", len(got), len(text))
	}
}

func TestPatchLeavesTheRest(t *testing.T) {
	s := Session{Instructions: "old", Model: "m"}
	s.Avatarforge.Scenario = Scenario{"o", "s", "b"}
	p := SessionPatch{Instructions: ptr("new"), Scenario: &ScenarioPatch{Situation: ptr("")}}
	p.Apply(&s)
	if s.Instructions != "new" || s.Model != "m" || s.Avatarforge.Scenario != (Scenario{"o", "", "b"}) {
		t.Errorf("got %+v; the given fields change, also to empty, and no others", s)
	}
}

// Whatever bytes come in, an event or an error with a code comes out, never both, and
// what is accepted is JSON whose type is known.
func FuzzDecodeClient(f *testing.F) {
	for _, seed := range []string{
		`{"type":"session.update","session":{"audio":{"output":{"voice":{"id":"v"}}}}}`,
		`{"type":"conversation.item.create","item":{"role":"user","content":[{"type":"text","text":"x"}]}}`,
		`{"type":"response.create","response":{"metadata":{"a":"b"}}}`, `{"type":"avatarforge.playback"}`, `{}`, `[]`, `null`, `{"type":null}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := DecodeClient(data)
		switch {
		case (e == nil) == (err == nil):
			t.Fatalf("%q: event %v and error %v", data, e, err)
		case err != nil && (err.Code == "" || err.Message == ""):
			t.Fatalf("%q: an error without words: %+v", data, err)
		case err == nil && !json.Valid(data):
			t.Fatalf("%q was taken, but is not JSON", data)
		}
		if again, err2 := DecodeClient(data); !cmp.Equal(e, again) || !cmp.Equal(err, err2) {
			t.Fatalf("%q was read in two ways", data)
		}
	})
}

// A binary frame is refused, or is the one that it would be encoded as.
func FuzzDecodeAudioFrame(f *testing.F) {
	f.Add(AppendAudioFrame(nil, AudioFrame{Event: 7, Segment: 2, Last: true, PCM: []byte{1, 2}}))
	f.Add([]byte("\x01\x01\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		frame, err := DecodeAudioFrame(data)
		if err != nil {
			return
		}
		data = bytes.Clone(data)
		data[2], data[3] = 0, data[3]&1 // flags that nobody knows yet are passed over
		if again := AppendAudioFrame(nil, frame); !bytes.Equal(again, data) {
			t.Fatalf("%x becomes %x", data, again)
		}
	})
}

// What a server says is read, or is an error, and never an event without a number.
func FuzzDecodeServer(f *testing.F) {
	for _, seed := range []string{
		`{"type":"response.done","event_id":"event_3","response":{"output":[{"content":[{"type":"output_audio"}]}]}}`,
		`{"type":"error","event_id":"event_1","error":{"code":"x"}}`, `{"type":"unknown","event_id":"event_2"}`, `{"event_id":"event_-1"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		n, e, err := DecodeServer(data)
		if err == nil && !json.Valid(data) {
			t.Fatalf("%q was taken, but is not JSON", data)
		}
		if again, e2, err2 := DecodeServer(data); again != n || !cmp.Equal(e, e2) || (err == nil) != (err2 == nil) {
			t.Fatalf("%q was read in two ways", data)
		}
	})
}

func BenchmarkDecodeClient(b *testing.B) {
	frame := []byte(`{"type":"avatarforge.playback","segment":3,"played_ms":1200,"buffered_ms":400}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeClient(frame); err != nil {
			b.Fatal(err)
		}
	}
}
