package server_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"mime/multipart"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"avatarforge/auth"
	"avatarforge/avatar"
	"avatarforge/avatar/avatartest"
	"avatarforge/internal/linetest"
	"avatarforge/server"
	"avatarforge/store"
)

// figureHouse is a server that makes figures, and its callers: nobody known, and two people.
func figureHouse(t *testing.T, cfg avatar.Config) (anonymous, mina, juno *caller) {
	t.Helper()
	return figureHouseOn(t, cfg, saying("네."), server.Config{})
}

// figureHouseOn is figureHouse with a line of one's own, and set up so.
func figureHouseOn(t *testing.T, cfg avatar.Config, line linetest.Config, house server.Config) (anonymous, mina, juno *caller) {
	t.Helper()
	dir := t.TempDir()
	db, err := store.Open(t.Context(), store.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	blobs, err := store.OpenBlobs(t.Context(), filepath.Join(dir, "files"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { blobs.Close() })
	cfg.Dir, cfg.Pause, cfg.Lease = dir, 20*time.Millisecond, 4*time.Second
	figures, err := avatar.Open(t.Context(), cfg, db, blobs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := figures.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	tokens, err := auth.NewTokens(strings.Repeat("s", 32), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	house.Tokens, house.Figures = tokens, figures
	h := buildWith(t, db, line, house)
	login := func(name string) *caller {
		u, err := db.UpsertUser(t.Context(), store.Profile{Provider: "test", Subject: name, Name: name})
		if err != nil {
			t.Fatal(err)
		}
		token, err := tokens.Issue(u.ID, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return &caller{h, t, token}
	}
	return &caller{h, t, ""}, login("mina"), login("juno")
}

// sendPicture asks for a figure of a picture and, where they are not empty, with options.
func (c *caller) sendPicture(picture []byte, options string) (*http.Response, []byte) {
	c.t.Helper()
	return c.sendForm("/api/generate", picture, options)
}

// sendForm sends a form with a picture, unless it is nil, and options, unless they are empty.
func (c *caller) sendForm(path string, picture []byte, options string) (*http.Response, []byte) {
	c.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	if options != "" {
		if err := form.WriteField("options", options); err != nil {
			c.t.Fatal(err)
		}
	}
	if picture != nil {
		part, err := form.CreateFormFile("image", "picture.png")
		if err != nil {
			c.t.Fatal(err)
		}
		part.Write(picture)
	}
	form.Close()
	return c.send("POST", path, http.Header{"Content-Type": {form.FormDataContentType()}}, &body)
}

var startedShape = regexp.MustCompile(`^\{"success":true,"data":\{"job_id":"([0-9a-f-]{36})","status_url":"/api/generate/status/([0-9a-f-]{36})","estimated_time":[1-9][0-9]*\}\}\s*$`)

// start uploads and returns the job's id.
func (c *caller) start(picture []byte, options string) string {
	c.t.Helper()
	resp, data := c.sendPicture(picture, options)
	m := startedShape.FindSubmatch(data)
	if resp.StatusCode != 202 || m == nil || string(m[1]) != string(m[2]) || resp.Header.Get("Location") != "/api/generate/status/"+string(m[1]) {
		c.t.Fatalf("it answered %d: %s", resp.StatusCode, data)
	}
	return string(m[1])
}

type jobStatus struct {
	JobID       string `json:"job_id"`
	Status      string
	Progress    int
	CurrentStep string  `json:"current_step"`
	ResultURL   *string `json:"result_url"`
	Error       *string
}

// finished asks until the job is final.
func (c *caller) finished(id string) jobStatus {
	c.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(90 * time.Second)
	last := jobStatus{}
	for {
		s := want[jobStatus](c, "GET", "/api/generate/status/"+id, "", "the job's status")
		if s.Progress < last.Progress {
			c.t.Errorf("progress went back from %d to %d", last.Progress, s.Progress)
		}
		if last = s; s.Status != "pending" && s.Status != "processing" {
			return s
		}
		select {
		case <-tick.C:
		case <-deadline:
			c.t.Fatalf("it is still %+v", s)
		}
	}
}

// person is a small picture of somebody in front of a background.
func person(w, h int, background color.NRGBA) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			u, v := (float64(x)-float64(w)/2)/float64(min(w, h)), (float64(y)-float64(h)/2)/float64(min(w, h))
			switch {
			case math.Hypot(u/0.15, (v+0.1)/0.2) < 1:
				img.SetNRGBA(x, y, color.NRGBA{245, 205, 175, 255})
			case math.Hypot(u/0.4, (v-0.55)/0.4) < 1:
				img.SetNRGBA(x, y, color.NRGBA{120, 40, 110, 255})
			default:
				img.SetNRGBA(x, y, background)
			}
		}
	}
	return img
}

func asPNG(t *testing.T, img image.Image) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := png.Encode(&buf, img); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func asJPEG(t *testing.T, img image.Image) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, img, nil); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// sideways is a JPEG that says it lies on its side.
func sideways(file []byte) []byte {
	exif := []byte("Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00")
	out := binary.BigEndian.AppendUint16([]byte{0xff, 0xd8, 0xff, 0xe1}, uint16(len(exif)+2))
	return append(append(out, exif...), file[2:]...)
}

// bomb is a small PNG that says it has 2.5 thousand million pixels.
func bomb(file []byte) []byte {
	out := bytes.Clone(file)
	binary.BigEndian.PutUint32(out[16:], 50_000)
	binary.BigEndian.PutUint32(out[20:], 50_000)
	binary.BigEndian.PutUint32(out[29:], crc32.ChecksumIEEE(out[12:29]))
	return out
}

var white = color.NRGBA{255, 255, 255, 255}

// Whatever is sent becomes a model that a public validator takes, or is refused with what is wrong.
func TestTenPictures(t *testing.T) {
	anonymous, _, _ := figureHouse(t, avatar.Config{})
	whole := asPNG(t, person(200, 260, white))
	dir := t.TempDir()
	var models []string
	for _, tt := range []struct {
		name   string
		file   []byte
		status int
		says   string // in the refusal
	}{
		{"with transparency", asPNG(t, person(200, 260, color.NRGBA{})), 202, ""},
		{"without transparency", whole, 202, ""},
		{"a JPEG", asJPEG(t, person(200, 260, white)), 202, ""},
		{"turned by EXIF", sideways(asJPEG(t, person(260, 200, white))), 202, ""},
		{"8000 pixels wide", asPNG(t, image.NewGray(image.Rect(0, 0, 8000, 120))), 202, ""},
		{"a grey one", asPNG(t, image.NewGray(image.Rect(0, 0, 120, 90))), 202, ""},
		{"one pixel", asPNG(t, person(1, 1, white)), 422, "16 at least"},
		{"cut off", whole[:len(whole)/2], 422, "cut off"},
		{"a text that is named .png", []byte("not a picture"), 415, "PNG or JPEG"},
		{"a bomb", bomb(whole), 422, "50000 × 50000"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &caller{anonymous.house, t, ""}
			if tt.status != 202 {
				resp, data := c.sendPicture(tt.file, "")
				code := map[int]string{422: "validation_failed", 415: "unsupported_media_type"}[tt.status]
				if p := c.problem(resp, data, tt.status, code, tt.name); !strings.Contains(p.Detail, tt.says) {
					t.Errorf("it says %q, and not %q", p.Detail, tt.says)
				}
				return
			}
			done := c.finished(c.start(tt.file, `{"triangles": 3000}`))
			if done.Status != "completed" || done.Progress != 100 || done.CurrentStep != "완료" || done.Error != nil || done.ResultURL == nil {
				t.Fatalf("it became %+v", done)
			}
			resp, model := c.send("GET", *done.ResultURL, http.Header{}, nil)
			if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "model/gltf-binary" || !bytes.HasPrefix(model, []byte("glTF")) {
				t.Fatalf("the model: %d, %s, %d bytes", resp.StatusCode, resp.Header.Get("Content-Type"), len(model))
			}
			models = append(models, filepath.Join(dir, strings.ReplaceAll(tt.name, " ", "-")+".glb"))
			if err := os.WriteFile(models[len(models)-1], model, 0o600); err != nil {
				t.Fatal(err)
			}
		})
	}
	validateModels(t, models)
}

// validateModels runs the public validator, where Node and the page's packages are there: make test installs them.
func validateModels(t *testing.T, files []string) {
	t.Helper()
	const script = `
		const { validateBytes } = require('gltf-validator'), fs = require('fs');
		Promise.all(process.argv.slice(1).map(async (file) => {
			const { issues } = await validateBytes(new Uint8Array(fs.readFileSync(file)), { maxIssues: 3 });
			return file + ' ' + (issues.numErrors + issues.numWarnings === 0 ? 'valid' : JSON.stringify(issues.messages));
		})).then((all) => console.log(all.join('\n')));`
	node, err := exec.LookPath("node")
	if _, missing := os.Stat("../web/node_modules/gltf-validator"); err != nil || missing != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the models cannot be validated: %v, %v", err, missing)
		}
		t.Skipf("the models are not validated: %v, %v", err, missing)
	}
	cmd := exec.Command(node, append([]string{"-e", script}, files...)...)
	cmd.Dir = "../web"
	out, err := cmd.CombinedOutput()
	if valid := strings.Count(string(out), ".glb valid"); err != nil || valid != len(files) {
		t.Errorf("of %d models %d are valid (%v):\n%s", len(files), valid, err, out)
	}
}

func TestGenerateRefusals(t *testing.T) {
	anonymous, mina, juno := figureHouse(t, avatar.Config{Maker: &slow{}})
	picture := asPNG(t, person(60, 80, white))
	hers := want[object](mina, "POST", "/api/characters", `{"name":"앨리스"}`, "a character of Mina's")
	for _, tt := range []struct {
		name, options string
		status        int
		code, at      string
	}{
		{"an option that there is not", `{"quality":"high"}`, 422, "validation_failed", "body.options.quality"},
		{"too few triangles", `{"triangles":3}`, 422, "validation_failed", "body.options.triangles"},
		{"no JSON", `{triangles}`, 422, "validation_failed", "body.options"},
		{"a list", `[1]`, 422, "validation_failed", "body.options"},
		{"another user's character", fmt.Sprintf(`{"character_id":%q}`, hers["id"]), 403, "forbidden", ""},
		{"a preset", `{"character_id":"hermione"}`, 403, "forbidden", ""},
		{"a character that there is not", `{"character_id":"nobody"}`, 404, "not_found", ""},
		{"a style without a server", `{"style":true}`, 503, "not_configured", ""},
		{"endless options", `{"seed":` + strings.Repeat("1", 20<<10) + `}`, 422, "validation_failed", "body.options"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &caller{juno.house, t, juno.token}
			resp, data := c.sendPicture(picture, tt.options)
			p := c.problem(resp, data, tt.status, tt.code, tt.name)
			if tt.at != "" && (len(p.Errors) != 1 || p.Errors[0].Location != tt.at) {
				t.Errorf("it is at %+v, want %s", p.Errors, tt.at)
			}
		})
	}
	resp, data := anonymous.sendPicture(nil, `{}`)
	anonymous.problem(resp, data, 422, "validation_failed", "no picture")
	resp, data = anonymous.sendPicture(append(picture, make([]byte, 20<<20)...), "")
	anonymous.problem(resp, data, 413, "too_large", "more than 20 MiB")
	resp, data = anonymous.sendPicture(append(picture, make([]byte, 21<<20)...), "")
	anonymous.problem(resp, data, 413, "too_large", "much more")
	anonymous.refused("POST", "/api/generate", `{"image":"data:"}`, 400, "invalid_request", "JSON")
	resp, data = anonymous.send("POST", "/api/generate", http.Header{"Content-Type": {"multipart/form-data; boundary=x"}}, strings.NewReader("--x\r\nbroken"))
	anonymous.problem(resp, data, 400, "invalid_request", "half of a form")
	resp, data = anonymous.send("POST", "/api/generate", http.Header{"Content-Type": {"image/png"}}, bytes.NewReader(picture))
	anonymous.problem(resp, data, 400, "invalid_request", "a picture without a form")
}

// A user's figures are that user's alone, anonymous' are everybody's.
func TestFigureOwners(t *testing.T) {
	anonymous, mina, juno := figureHouse(t, avatar.Config{Maker: &slow{}})
	picture := asPNG(t, person(60, 80, white))
	hers := mina.start(picture, "")
	model := *mina.finished(hers).ResultURL
	for _, path := range []string{"/api/generate/status/" + hers, "/api/generate/events/" + hers, model} {
		juno.refused("GET", path, "", 403, "forbidden", "another user's")
		anonymous.refused("GET", path, "", 401, "unauthenticated", "a user's, of nobody known")
	}
	juno.refused("DELETE", "/api/generate/"+hers, "", 403, "forbidden", "another user's")
	anonymous.refused("DELETE", "/api/generate/"+hers, "", 401, "unauthenticated", "a user's, of nobody known")
	if status, _ := mina.call("GET", model, ""); status != 200 {
		t.Errorf("her own model: %d", status)
	}

	everyones := anonymous.start(picture, "")
	done := anonymous.finished(everyones)
	for _, path := range []string{"/api/generate/status/" + everyones, *done.ResultURL} {
		if status, _ := juno.call("GET", path, ""); status != 200 {
			t.Errorf("%s: %d", path, status)
		}
	}
	mina.refused("DELETE", "/api/generate/"+everyones, "", 409, "conflict", "it has ended")
	for _, path := range []string{"status/", "events/"} {
		anonymous.refused("GET", "/api/generate/"+path+"550e8400-e29b-41d4-a716-446655440000", "", 404, "not_found", "no such job")
	}
	anonymous.refused("DELETE", "/api/generate/550e8400-e29b-41d4-a716-446655440000", "", 404, "not_found", "no such job")
	for _, file := range []string{"nosuch.glb", everyones, everyones + ".png", "..%2f" + everyones + ".glb"} {
		anonymous.refused("GET", "/mnt/user_assets/anonymous/models/"+file, "", 404, "not_found", file)
	}
}

func TestModelFile(t *testing.T) {
	anonymous, _, _ := figureHouse(t, avatar.Config{Maker: &slow{}})
	url := *anonymous.finished(anonymous.start(asPNG(t, person(60, 80, white)), "")).ResultURL
	resp, all := anonymous.send("GET", url, http.Header{}, nil)
	etag := resp.Header.Get("ETag")
	if resp.StatusCode != 200 || etag == "" || resp.Header.Get("Content-Type") != "model/gltf-binary" || resp.Header.Get("Accept-Ranges") != "bytes" {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
	resp, part := anonymous.send("GET", url, http.Header{"Range": {"bytes=4-11"}}, nil)
	if resp.StatusCode != 206 || !bytes.Equal(part, all[4:12]) {
		t.Errorf("a part: %d, %x", resp.StatusCode, part)
	}
	if resp, _ := anonymous.send("GET", url, http.Header{"If-None-Match": {etag}}, nil); resp.StatusCode != 304 {
		t.Errorf("what is known already: %d", resp.StatusCode)
	}
	if resp, body := anonymous.send("HEAD", url, http.Header{}, nil); resp.StatusCode != 200 || resp.ContentLength != int64(len(all)) || len(body) != 0 {
		t.Errorf("HEAD: %d, %d bytes announced", resp.StatusCode, resp.ContentLength)
	}
}

func TestCancelFigure(t *testing.T) {
	hold := &slow{began: make(chan struct{}), hold: make(chan struct{})}
	anonymous, _, _ := figureHouse(t, avatar.Config{Maker: hold})
	id := anonymous.start(asPNG(t, person(60, 80, white)), "")
	<-hold.began
	events := anonymous.follow(id, "")
	for range 2 {
		s := want[jobStatus](anonymous, "DELETE", "/api/generate/"+id, "", "cancelled, and again")
		if s.Status != "cancelled" || s.CurrentStep != "취소됨" || s.ResultURL != nil {
			t.Errorf("%+v", s)
		}
	}
	all := events.all()
	if last := all[len(all)-1]; last.status.Status != "cancelled" {
		t.Errorf("who follows it is told %+v", last.status)
	}
	<-hold.stopped()
}

// event is one of a stream's.
type event struct {
	id     string
	status jobStatus
}

// stream is a job that is followed.
type stream struct {
	t     *testing.T
	resp  *http.Response
	lines *bufio.Scanner
}

func (c *caller) follow(id, last string) *stream {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	c.t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, "GET", c.URL+"/api/generate/events/"+id, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { resp.Body.Close() })
	return &stream{c.t, resp, bufio.NewScanner(resp.Body)}
}

// next is the next event, false at the stream's end.
func (s *stream) next() (e event, more bool) {
	s.t.Helper()
	data := ""
	for s.lines.Scan() {
		field, value, _ := strings.Cut(s.lines.Text(), ": ")
		switch {
		case field == "id":
			e.id = value
		case field == "data":
			data += value
		case s.lines.Text() == "" && data != "":
			if err := json.Unmarshal([]byte(data), &e.status); err != nil {
				s.t.Fatalf("an event that is no JSON: %s", data)
			}
			return e, true
		}
	}
	if err := s.lines.Err(); err != nil {
		s.t.Errorf("the stream broke off: %v", err)
	}
	return e, false
}

func (s *stream) all() (list []event) {
	s.t.Helper()
	for {
		e, more := s.next()
		if !more {
			return list
		}
		list = append(list, e)
	}
}

func TestFigureEvents(t *testing.T) {
	hold := &slow{began: make(chan struct{}), hold: make(chan struct{})}
	anonymous, _, _ := figureHouse(t, avatar.Config{Maker: hold})
	id := anonymous.start(asPNG(t, person(60, 80, white)), "")
	<-hold.began
	followed := anonymous.follow(id, "")
	if kind := followed.resp.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Errorf("content type %q", kind)
	}
	// Until the maker's own report has come.
	var seen []event
	for len(seen) == 0 || seen[len(seen)-1].status.Progress < 60 {
		e, more := followed.next()
		if !more {
			t.Fatalf("it ended after %+v", seen)
		}
		seen = append(seen, e)
	}
	if s := seen[len(seen)-1].status; s.Status != "processing" || s.CurrentStep != "3D 메쉬 생성 중..." || s.JobID != id {
		t.Errorf("in the middle: %+v", s)
	}
	// Somebody comes back who knows all of that.
	back := anonymous.follow(id, seen[len(seen)-1].id)
	close(hold.hold)
	seen = append(seen, followed.all()...)
	for i := 1; i < len(seen); i++ {
		if seen[i].status.Progress < seen[i-1].status.Progress || seen[i].id == seen[i-1].id {
			t.Errorf("after %+v comes %+v", seen[i-1], seen[i])
		}
	}
	last := seen[len(seen)-1]
	if last.status.Status != "completed" || last.status.ResultURL == nil || last.status.Progress != 100 {
		t.Errorf("the last event: %+v", last.status)
	}
	again := back.all()
	if len(again) == 0 || again[0].id <= seen[len(seen)-2].id && again[0].id != last.id || again[len(again)-1].id != last.id {
		t.Errorf("who came back was told %+v", again)
	}
	// Who missed the end is told it; who did not is told not to ask again.
	late := anonymous.follow(id, seen[0].id).all()
	if len(late) != 1 || late[0].id != last.id {
		t.Errorf("who missed the end was told %+v", late)
	}
	if resp := anonymous.follow(id, last.id).resp; resp.StatusCode != 204 {
		t.Errorf("who knows it all is told %d", resp.StatusCode)
	}
}

func TestFigureOfACharacter(t *testing.T) {
	_, mina, _ := figureHouse(t, avatar.Config{Maker: &slow{}})
	made := want[object](mina, "POST", "/api/characters", `{"name":"앨리스"}`, "a character")
	if _, has := made["model_url"]; has {
		t.Errorf("a character without a figure: %v", made)
	}
	id, _ := made["id"].(string)
	done := mina.finished(mina.start(asPNG(t, person(60, 80, white)), fmt.Sprintf(`{"character_id":%q}`, id)))
	now := want[object](mina, "GET", "/api/characters/"+id, "", "the character")
	if done.ResultURL == nil || now["model_url"] != *done.ResultURL {
		t.Errorf("the character's figure is %v, and the job's %v", now["model_url"], done.ResultURL)
	}
	changed := want[object](mina, "PUT", "/api/characters/"+id, `{"name":"Alice"}`, "renamed")
	if changed["model_url"] != *done.ResultURL {
		t.Errorf("a change of the name took the figure away: %v", changed)
	}
}

// What clients are told never holds an upstream's address.
func TestFailedFigure(t *testing.T) {
	broken := avatartest.NewHunyuan(avatartest.HunyuanConfig{})
	broken.Close()
	anonymous, _, _ := figureHouse(t, avatar.Config{Maker: avatar.NewHunyuan(avatar.HunyuanConfig{BaseURL: broken.URL})})
	id := anonymous.start(asPNG(t, person(60, 80, white)), "")
	done := anonymous.finished(id)
	if done.Status != "failed" || done.Error == nil || *done.Error == "" || done.ResultURL != nil || done.CurrentStep != "실패" {
		t.Errorf("%+v", done)
	}
	_, data := anonymous.call("GET", "/api/generate/status/"+id, "")
	if bytes.Contains(data, []byte("127.0.0.1")) {
		t.Errorf("an address is shown: %s", data)
	}
}

// slow is a maker that answers a small model at once, or when it is let go on.
type slow struct {
	began chan struct{} // closed when it begins; nil: nobody is told
	hold  chan struct{} // until it is closed; nil: not at all
	ended chan struct{}
}

func (s *slow) Usually() time.Duration { return time.Second }

// stopped is closed when a maker that was held has been broken off.
func (s *slow) stopped() <-chan struct{} { return s.ended }

func (s *slow) Make(ctx context.Context, _ avatar.Work, report func(float64)) ([]byte, error) {
	report(0.5)
	if s.hold != nil {
		s.ended = make(chan struct{})
		close(s.began)
		select {
		case <-s.hold:
		case <-ctx.Done():
			close(s.ended)
			return nil, io.ErrUnexpectedEOF
		}
	}
	return avatartest.Triangle(), nil
}
