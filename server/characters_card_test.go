package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/png"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"avatarforge/llm/llmtest"
	"avatarforge/realtime"
	"avatarforge/server"
)

// keeper is a card with a lorebook and with what we do not know.
const keeper = `{"spec":"chara_card_v2","spec_version":"2.0","data":{
	"name":"다미","description":"{{char}}는 등대지기다.","first_mes":"왔구나.","tags":["섬"],
	"extensions":{"depth_prompt":{"depth":4}},
	"character_book":{"entries":[
		{"keys":["Lighthouse","등대"],"content":"등대는 백 년 되었다.","enabled":true,"insertion_order":1},
		{"keys":["고래"],"content":"고래는 겨울에 온다.","enabled":true,"insertion_order":2}]}}}`

func (c *caller) upload(contentType string, body []byte) (*http.Response, []byte) {
	c.t.Helper()
	return c.send("POST", "/api/characters/import", http.Header{"Content-Type": {contentType}}, bytes.NewReader(body))
}

func form(t *testing.T, field string, data []byte) (contentType string, body []byte) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := w.WriteField("note", "something else"); err != nil {
		t.Fatal(err)
	}
	part, err := w.CreateFormFile(field, "dami.png")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.Bytes()
}

func TestCardsInAndOut(t *testing.T) {
	anonymous, mina, _ := users(t)
	resp, data := mina.upload("application/json", []byte(keeper))
	if resp.StatusCode != 200 {
		t.Fatalf("import: %d %s", resp.StatusCode, data)
	}
	var made struct{ Data object }
	if err := json.Unmarshal(data, &made); err != nil {
		t.Fatal(err)
	}
	c := made.Data
	if c["name"] != "다미" || c["description"] != "다미는 등대지기다." || c["greeting"] != "왔구나." ||
		c["voice_id"] != "default" || c["is_preset"] != false || c["card"] != nil {
		t.Errorf("imported as %v", c)
	}
	path := fmt.Sprint("/api/characters/", c["id"])
	anonymous.refused("DELETE", path, "", 403, "forbidden", "what was imported has an owner too")

	want[object](mina, "PUT", path, `{"personality":"느긋함","card":{"data":{"name":"other"}}}`, "change it")
	resp, picture := anonymous.send("GET", path+"/export?format=png", http.Header{}, nil)
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "image/png" || !strings.Contains(resp.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("export: %d %v", resp.StatusCode, resp.Header)
	}
	if _, err := png.Decode(bytes.NewReader(picture)); err != nil {
		t.Errorf("the picture cannot be shown: %v", err)
	}
	formType, formBody := form(t, "file", picture)
	for name, send := range map[string]func() (*http.Response, []byte){
		"as the body":         func() (*http.Response, []byte) { return anonymous.upload("image/png", picture) },
		"under another name":  func() (*http.Response, []byte) { return anonymous.upload("application/json", picture) },
		"without a type":      func() (*http.Response, []byte) { return anonymous.upload("", picture) },
		"as a file in a form": func() (*http.Response, []byte) { return anonymous.upload(formType, formBody) },
	} {
		resp, data := send()
		made.Data = nil
		if err := json.Unmarshal(data, &made); err != nil || resp.StatusCode != 200 {
			t.Errorf("%s: %d %s", name, resp.StatusCode, data)
			continue
		}
		again := made.Data
		if again["id"] == c["id"] || again["name"] != "다미" || again["personality"] != "느긋함" {
			t.Errorf("%s: came back as %v", name, again)
		}
		_, out := anonymous.send("GET", fmt.Sprint("/api/characters/", again["id"], "/export"), http.Header{}, nil)
		var sent, got struct {
			Data struct {
				Description string
				Extensions  map[string]any
				Book        any `json:"character_book"`
			}
		}
		if err := json.Unmarshal([]byte(keeper), &sent); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatalf("%s: exported %s", name, out)
		}
		delete(got.Data.Extensions, "avatarforge")
		if fmt.Sprint(got) != fmt.Sprint(sent) {
			t.Errorf("%s: after two round trips\n%v\nwant\n%v", name, got, sent)
		}
	}
	_, preset := anonymous.send("GET", "/api/characters/hermione/export?format=json", http.Header{}, nil)
	var card struct{ Data struct{ Name string } }
	if err := json.Unmarshal(preset, &card); err != nil || card.Data.Name != "헤르미온느 그레인저" {
		t.Errorf("a preset's card: %s", preset)
	}
}

func TestBadCards(t *testing.T) {
	c, _, _ := users(t)
	otherField, other := form(t, "picture", []byte(keeper))
	_, whole := form(t, "file", []byte(keeper))
	for _, tt := range []struct {
		name, kind string
		body       []byte
		status     int
		code       string
	}{
		{"neither", "image/png", []byte("GIF89a"), 415, "unsupported_media_type"},
		{"nothing", "image/png", nil, 400, "invalid_request"},
		{"JSON that is no card", "application/json", []byte(`{"hello":1}`), 422, "validation_failed"},
		{"half of the JSON", "application/json", []byte(keeper[:100]), 422, "validation_failed"},
		{"a picture without a card", "image/png", []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x00IEND\xae\x42\x60\x82"), 422, "validation_failed"},
		{"a form without the file", otherField, other, 422, "validation_failed"},
		{"half of a form", "multipart/form-data; boundary=" + strings.TrimPrefix(strings.SplitN(string(whole), "\r\n", 2)[0], "--"), whole[:len(whole)-200], 400, "invalid_request"},
		{"21 MiB", "image/png", bytes.Repeat([]byte("x"), 21<<20), 413, "too_large"},
	} {
		resp, data := c.upload(tt.kind, tt.body)
		c.problem(resp, data, tt.status, tt.code, tt.name)
	}
	c.refused("GET", "/api/characters/hermione/export?format=gif", "", 422, "validation_failed", "a format that there is not")
	c.refused("GET", "/api/characters/nobody/export", "", 404, "not_found", "a character that there is not")
}

func TestLorebookInAConversation(t *testing.T) {
	heard := make(chan string, 2)
	h := build(t, linetestReply(func(r llmtest.ChatRequest) string {
		heard <- r.Messages[0].Content
		return "그래."
	}), server.Config{})
	c := &caller{h, t, ""}
	_, data := c.upload("application/json", []byte(keeper))
	var made struct{ Data object }
	if err := json.Unmarshal(data, &made); err != nil {
		t.Fatal(err)
	}
	ws := h.dial(t, fmt.Sprint("model=character:", made.Data["id"]))
	until[realtime.SessionCreated](ws, "a session begins")
	ws.say("안녕?")
	until[realtime.ResponseDone](ws, "it answers")
	if prompt := <-heard; strings.Contains(prompt, "백 년") {
		t.Errorf("nobody spoke of the lighthouse:\n%s", prompt)
	}
	ws.say("저 LIGHTHOUSE는 얼마나 됐어?")
	until[realtime.ResponseDone](ws, "it answers")
	if prompt := <-heard; !strings.Contains(prompt, "등대는 백 년 되었다.") || strings.Contains(prompt, "고래") {
		t.Errorf("the lighthouse, and nothing else, belongs into:\n%s", prompt)
	}
}
