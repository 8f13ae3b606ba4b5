package realtime

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

// DecodeClient reads a client's text frame. It accepts exactly what the protocol names:
// an unknown field, a wrong type or a value out of range is an *Error with the path of
// the parameter and, where it could be read, the event's own event_id. Fields of
// Realtime that have no meaning for text in and speech out (audio.input, tool_choice,
// tracing, …) are passed over, so that stock clients work. data is not kept.
func DecodeClient(data []byte) (ClientEvent, *Error) {
	if !utf8.Valid(data) {
		return nil, Invalid(CodeInvalidJSON, "", "The frame is not UTF-8.")
	}
	if !json.Valid(data) {
		return nil, Invalid(CodeInvalidJSON, "", "The frame is not valid JSON.")
	}
	f := &fields{}
	if !f.open("", data) {
		return nil, f.first()
	}
	var id, typ string
	f.text("event_id", &id)
	f.require("type", &typ)
	if f.err == nil && utf8.RuneCountInString(id) > maxIDRunes {
		f.fail(CodeTooLong, "event_id", "It may have %d characters at most.", maxIDRunes)
	}
	var e ClientEvent
	if f.err == nil {
		e = decodeBody(f, EventID(id), typ)
	}
	f.close()
	if f.err != nil {
		f.err.EventID = id
		return nil, f.err
	}
	return e, nil
}

const (
	maxIDRunes           = 512
	maxInstructionsRunes = 32_000
	maxMetadataKeys      = 16
	maxDelayMS           = 60_000
	maxOutputTokens      = 8192
)

func decodeBody(f *fields, id EventID, typ string) ClientEvent {
	switch typ {
	case "session.update":
		return SessionUpdate{EventID: id, Session: decodeSession(f)}
	case "conversation.item.create":
		e := ItemCreate{EventID: id}
		f.text("previous_item_id", &e.PreviousItemID)
		e.Item = decodeItem(f)
		return e
	case "conversation.item.retrieve":
		e := ItemRetrieve{EventID: id}
		f.require("item_id", &e.ItemID)
		return e
	case "conversation.item.delete":
		e := ItemDelete{EventID: id}
		f.require("item_id", &e.ItemID)
		return e
	case "conversation.item.truncate":
		e := ItemTruncate{EventID: id}
		f.require("item_id", &e.ItemID)
		f.requireInt("content_index", &e.ContentIndex, maxInt)
		f.requireMS("audio_end_ms", &e.AudioEndMS)
		return e
	case "response.create":
		return ResponseCreate{EventID: id, Response: decodeOverrides(f)}
	case "response.cancel":
		e := ResponseCancel{EventID: id}
		f.text("response_id", &e.ResponseID)
		return e
	case "avatarforge.playback":
		e := Playback{EventID: id}
		segment := 0
		f.requireInt("segment", &segment, 1<<32-1)
		f.requireMS("played_ms", &e.PlayedMS)
		f.requireMS("buffered_ms", &e.BufferedMS)
		e.Segment = uint32(segment)
		return e
	case "avatarforge.speak":
		e := Speak{EventID: id}
		f.require("item_id", &e.ItemID)
		return e
	}
	if strings.HasPrefix(typ, "input_audio_buffer.") || typ == "output_audio_buffer.clear" {
		f.passOverRest()
		return Unsupported{EventID: id, Type: typ}
	}
	f.fail(CodeInvalidValue, "type", "There is no client event %q.", clip(typ))
	return nil
}

func decodeSession(f *fields) SessionPatch {
	var p SessionPatch
	s, ok := f.object("session", true)
	if !ok {
		return p
	}
	if typ := s.optText("type"); typ != nil && *typ != "realtime" {
		s.fail(CodeInvalidValue, "type", "It is always \"realtime\".")
	}
	p.Model = s.optText("model")
	p.Instructions = s.optTextMax("instructions", maxInstructionsRunes)
	p.OutputModalities = s.modalities("output_modalities")
	p.MaxOutputTokens = s.maxTokens("max_output_tokens")
	s.noTools()
	s.passOver("object", "id", "include", "parallel_tool_calls", "prompt", "reasoning", "tool_choice", "tracing", "truncation", "expires_at")
	if audio, ok := s.object("audio", false); ok {
		audio.passOver("input")
		if out, ok := audio.object("output", false); ok {
			decodeOutput(out, &p)
		}
		audio.close()
	}
	if ext, ok := s.object("avatarforge", false); ok {
		decodeExtension(ext, &p)
	}
	s.close()
	return p
}

func decodeOutput(f *fields, p *SessionPatch) {
	p.Voice = f.voice("voice")
	p.Speed = f.optNumber("speed", 0.25, 4)
	if format, ok := f.object("format", false); ok {
		if typ := format.optText("type"); typ != nil && *typ != AudioPCM {
			format.fail(CodeInvalidValue, "type", "Only %q is made.", AudioPCM)
		}
		p.Rate = format.optInt("rate", 1, maxInt)
		if p.Rate != nil && !slices.Contains(Rates[:], *p.Rate) {
			format.fail(CodeInvalidValue, "rate", "It can be 16000, 24000, 32000 or 48000.")
		}
		format.close()
	}
	f.close()
}

func decodeExtension(f *fields, p *SessionPatch) {
	p.CharacterID = f.optText("character_id")
	p.Persona = f.optTextMax("persona", maxInstructionsRunes)
	p.Temperature = f.optNumber("temperature", 0, 2)
	p.Transport = optEnum(f, "transport", TransportJSON, TransportBinary)
	p.MaxTurns = f.optInt("max_turns", 0, maxInt)
	f.passOver("turn", "resumed", "demo")
	if s, ok := f.object("scenario", false); ok {
		p.Scenario = &ScenarioPatch{
			Opponent:   s.optTextMax("opponent", MaxMessageRunes),
			Situation:  s.optTextMax("situation", MaxMessageRunes),
			Background: s.optTextMax("background", MaxMessageRunes),
		}
		s.close()
	}
	if t, ok := f.object("tts", false); ok {
		p.TTS = &TTSPatch{
			Enabled:       t.optBool("enabled"),
			Mode:          optEnum(t, "mode", SpeechRealtime, SpeechDelayed, SpeechOnClick),
			DelayMS:       t.optInt("delay_ms", 0, maxDelayMS),
			StreamingMode: t.optInt("streaming_mode", 0, 3),
			TextLang:      t.optText("text_lang"),
		}
		t.close()
	}
	f.close()
}

func decodeOverrides(f *fields) ResponseOverrides {
	var o ResponseOverrides
	r, ok := f.object("response", false)
	if !ok {
		return o
	}
	o.Instructions = r.optTextMax("instructions", maxInstructionsRunes)
	o.OutputModalities = r.modalities("output_modalities")
	o.MaxOutputTokens = r.maxTokens("max_output_tokens")
	o.Temperature = r.optNumber("temperature", 0, 2)
	o.Metadata = r.metadata("metadata")
	r.noTools()
	if c := r.optText("conversation"); c != nil && *c != "auto" {
		r.fail(CodeUnsupported, "conversation", "Responses outside the conversation are not made; leave it out or say \"auto\".")
	}
	if raw, ok := r.take("input"); ok && !isNull(raw) {
		r.fail(CodeUnsupported, "input", "A response takes its input from the conversation; add it by conversation.item.create.")
	}
	r.passOver("audio", "parallel_tool_calls", "prompt", "reasoning", "tool_choice")
	r.close()
	return o
}

func decodeItem(f *fields) Item {
	var it Item
	o, ok := f.object("item", true)
	if !ok {
		return it
	}
	o.text("id", &it.ID)
	if utf8.RuneCountInString(it.ID) > maxIDRunes {
		o.fail(CodeTooLong, "id", "It may have %d characters at most.", maxIDRunes)
	}
	if typ := o.optText("type"); typ != nil && *typ != "message" {
		o.fail(CodeUnsupported, "type", "Only items of type \"message\" are held.")
	}
	o.passOver("object", "status")
	if role := optEnum(o, "role", RoleUser, RoleAssistant, RoleSystem); role != nil {
		it.Role = *role
	} else {
		o.fail(CodeMissingParameter, "role", "An item needs a role: user, assistant or system.")
	}
	it.Status = StatusCompleted
	parts, ok := o.list("content")
	if ok && len(parts) == 0 {
		o.fail(CodeInvalidValue, "content", "A message needs a part of content.")
	}
	runes := 0
	for _, part := range parts {
		c := decodeContent(part, it.Role)
		runes += utf8.RuneCountInString(c.Text)
		it.Content = append(it.Content, c)
	}
	if runes > MaxMessageRunes {
		o.fail(CodeTooLong, "content", "A message may have %d characters at most; this one has %d.", MaxMessageRunes, runes)
	}
	o.close()
	return it
}

// decodeContent stores a part as the type that fits the role: what a client calls
// "text", "input_text" or "output_text" is the same words.
func decodeContent(f *fields, role Role) Content {
	c := Content{Type: ContentInputText}
	if role == RoleAssistant {
		c.Type = ContentOutputText
	}
	var typ string
	f.require("type", &typ)
	switch ContentType(typ) {
	case ContentInputText, ContentOutputText, ContentText:
		f.require("text", &c.Text)
	case ContentOutputAudio:
		f.passOver("audio")
		f.require("transcript", &c.Text)
	case "input_audio", "input_image":
		f.passOverRest()
		f.fail(CodeUnsupported, "type", "%q is not taken; send text.", typ)
	default:
		f.fail(CodeInvalidValue, "type", "It can be input_text, output_text or text, not %q.", clip(typ))
	}
	f.close()
	return c
}

// clip keeps what is echoed into a message short.
func clip(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	n := most
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
