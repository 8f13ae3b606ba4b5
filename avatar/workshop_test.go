package avatar_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"avatarforge/avatar"
	"avatarforge/avatar/avatartest"
	"avatarforge/internal/logtest"
	"avatarforge/internal/servertest"
	"avatarforge/persona"
	"avatarforge/store"
)

func TestMain(m *testing.M) {
	if where := os.Getenv("AVATAR_TEST_CHILD"); where != "" {
		child(where)
		return
	}
	servertest.Main(m, os.Getenv("CI") == "true")
}

// everywhere runs a test on both databases, beside others: they wait more than they work.
func everywhere(t *testing.T, test func(t *testing.T, h *house)) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		test(t, newHouse(t, ""))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		test(t, newHouse(t, servertest.Postgres(t)))
	})
}

// house is a store and a folder of files, with any number of workshops on them.
type house struct {
	t     *testing.T
	url   string // PostgreSQL's; empty: SQLite in dir
	dir   string
	db    *store.Store
	blobs store.Blobs
}

func newHouse(t *testing.T, url string) *house {
	t.Helper()
	h := &house{t: t, url: url, dir: t.TempDir()}
	var err error
	if h.db, err = store.Open(t.Context(), store.Config{URL: url, Dir: h.dir}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.db.Close() })
	if h.blobs, err = store.OpenBlobs(t.Context(), h.dir+"/files"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.blobs.Close() })
	return h
}

// lease is short enough to be waited for, and long enough for a busy machine to renew it.
const lease = 4 * time.Second

// open opens a workshop that is quick to notice and to try again.
func (h *house) open(cfg avatar.Config) *avatar.Workshop {
	h.t.Helper()
	cfg.DatabaseURL, cfg.Dir = h.url, h.dir
	if cfg.Lease == 0 {
		cfg.Lease = lease
	}
	if cfg.Pause == 0 {
		cfg.Pause = 20 * time.Millisecond
	}
	w, err := avatar.Open(h.t.Context(), cfg, h.db, h.blobs)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { h.close(w) })
	return w
}

func (h *house) close(w *avatar.Workshop) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := w.Close(ctx); err != nil {
		h.t.Errorf("close: %v", err)
	}
}

// order orders a figure of a small portrait.
func (h *house) order(w *avatar.Workshop, o avatar.Options) store.Figure {
	h.t.Helper()
	f, estimate, err := w.Order(h.t.Context(), store.Anonymous, pngFile(h.t, portrait(120, 150, sky)), o)
	if err != nil {
		h.t.Fatal(err)
	}
	if estimate < time.Second || f.Status != store.FigurePending {
		h.t.Errorf("an order: %+v, about %v", f, estimate)
	}
	return f
}

// until waits until a figure is as the condition says, and sees that its progress never goes back.
func (h *house) until(id string, what string, is func(store.Figure) bool) store.Figure {
	h.t.Helper()
	deadline := time.After(90 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	var last store.Figure
	for {
		f, err := h.db.Figure(h.t.Context(), id)
		if err != nil {
			h.t.Fatal(err)
		}
		if f.Progress < last.Progress || f.Version < last.Version {
			h.t.Fatalf("it goes back from %+v to %+v", last, f)
		}
		if is(f) {
			return f
		}
		if last = f; f.Status.Final() {
			h.t.Fatalf("it is final, and not %s: %+v", what, f)
		}
		select {
		case <-tick.C:
		case <-deadline:
			h.t.Fatalf("it is not %s: %+v", what, f)
		}
	}
}

func completed(f store.Figure) bool { return f.Status == store.FigureCompleted }
func failed(f store.Figure) bool    { return f.Status == store.FigureFailed }

// model reads a figure's model, nil where there is none.
func (h *house) model(w *avatar.Workshop, f store.Figure) []byte {
	h.t.Helper()
	file, err := w.OpenModel(h.t.Context(), f.Owner, f.ID+".glb")
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		h.t.Fatal(err)
	}
	defer file.Close()
	data, err := io.ReadAll(file)
	if err != nil {
		h.t.Fatal(err)
	}
	return data
}

// files is the names of all files that begin so.
func (h *house) files(prefix string) (names []string) {
	h.t.Helper()
	for info, err := range h.blobs.List(h.t.Context(), prefix) {
		if err != nil {
			h.t.Fatal(err)
		}
		names = append(names, info.Name)
	}
	return names
}

// emptied waits until no file begins so: what is deleted last of all.
func (h *house) emptied(prefix string) {
	h.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if len(h.files(prefix)) == 0 {
			return
		}
	}
	h.t.Errorf("there are still %v", h.files(prefix))
}

func TestBuiltInFigure(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		w := h.open(avatar.Config{})
		made, err := h.db.CreateCharacter(t.Context(), store.Anonymous, persona.Character{Name: "앨리스"})
		if err != nil {
			t.Fatal(err)
		}
		f := h.order(w, avatar.Options{Triangles: 2000, CharacterID: made.ID})
		done := h.until(f.ID, "completed", completed)
		if done.Progress != 100 || done.Step != "완료" || done.Failure != "" {
			t.Errorf("done: %+v", done)
		}
		glb := h.model(w, done)
		if !bytes.HasPrefix(glb, []byte("glTF")) || !bytes.Contains(glb, []byte("image/jpeg")) {
			t.Errorf("a model of %d bytes", len(glb))
		}
		h.emptied("pictures/")
		c, err := h.db.Character(t.Context(), made.ID)
		if want := "/mnt/user_assets/anonymous/models/" + f.ID + ".glb"; err != nil || c.ModelURL != want || avatar.ModelURL(done) != want {
			t.Errorf("the character's figure is %q (%v), want %q", c.ModelURL, err, want)
		}
		if _, err := w.Cancel(t.Context(), f.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("what is done was cancelled: %v", err)
		}
	})
}

func TestHunyuanFigure(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		server := avatartest.NewHunyuan(avatartest.HunyuanConfig{Work: 30 * time.Millisecond, CutOff: 1, Down: 1})
		defer server.Close()
		maker := avatar.NewHunyuan(avatar.HunyuanConfig{BaseURL: server.URL + "/", Poll: 5 * time.Millisecond})
		w := h.open(avatar.Config{Maker: maker})
		f := h.until(h.order(w, avatar.Options{Triangles: 9000, Texture: true, Seed: 7}).ID, "completed", completed)
		if got := h.model(w, f); !bytes.Equal(got, avatartest.Triangle()) {
			t.Errorf("a model of %d bytes: one that was still being written", len(got))
		}
		// One 502, after which it is tried again.
		requests := server.Requests()
		if len(requests) != 1 {
			t.Fatalf("%d requests", len(requests))
		}
		r := requests[0]
		image, _ := r["image"].(string)
		if r["texture"] != true || r["seed"] != 7.0 || r["face_count"] != 9000.0 || r["type"] != "glb" || strings.HasPrefix(image, "data:") || image == "" {
			t.Errorf("it was asked for texture %v, seed %v, face_count %v, type %v", r["texture"], r["seed"], r["face_count"], r["type"])
		}
		if err := maker.Probe(t.Context()); err != nil {
			t.Errorf("probe: %v", err)
		}
	})
}

// Of a job that failed the server says "processing" for ever: our own time ends it, and not once per try.
func TestHunyuanThatNeverEnds(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		for name, cfg := range map[string]avatartest.HunyuanConfig{
			"it fails":                            {Fails: true},
			"it is to make a texture, and cannot": {NoTexture: true},
			"its file is never whole":             {CutOff: 1 << 30},
		} {
			server := avatartest.NewHunyuan(cfg)
			w := h.open(avatar.Config{
				Maker:   avatar.NewHunyuan(avatar.HunyuanConfig{BaseURL: server.URL, Poll: 5 * time.Millisecond}),
				Timeout: time.Second,
			})
			f := h.until(h.order(w, avatar.Options{Texture: true}).ID, "failed", failed)
			if !strings.Contains(f.Failure, "제한 시간") || strings.Contains(f.Failure, "127.0.0.1") || f.Step != "실패" {
				t.Errorf("%s: %+v", name, f)
			}
			if n := len(server.Requests()); n != 1 {
				t.Errorf("%s: %d tries", name, n)
			}
			h.emptied("pictures/")
			h.close(w)
			server.Close()
		}
	})
}

func TestUpstreamFaults(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "")
	gone := avatartest.NewHunyuan(avatartest.HunyuanConfig{})
	gone.Close()
	says := avatartest.NewHunyuan(avatartest.HunyuanConfig{Fails: true, Says21: true})
	defer says.Close()
	elsewhere := avatartest.NewHunyuan(avatartest.HunyuanConfig{Model: avatartest.Pack(
		`{"asset":{"version":"2.0"},"meshes":[{}],"buffers":[{"uri":"https://example.com/a.bin","byteLength":4}]}`, nil)})
	defer elsewhere.Close()
	notGLB := avatartest.NewHunyuan(avatartest.HunyuanConfig{Model: []byte("solid cube\nfacet normal 0 0 1\n")})
	defer notGLB.Close()
	ui := avatartest.NewWebUI(avatartest.WebUIConfig{})
	defer ui.Close()
	for _, tt := range []struct {
		name, url, want string
		tries           int
		server          *avatartest.Hunyuan
	}{
		{"it is away", gone.URL, "연결할 수 없습니다", 0, nil},
		{"it says that it failed", says.URL, "만들지 못했습니다", 3, says},
		{"its model is not complete in itself", elsewhere.URL, "만들지 못했습니다", 3, elsewhere},
		{"its model is another format", notGLB.URL, "만들지 못했습니다", 3, notGLB},
		{"it is another server", ui.URL, "거부했습니다", 0, nil},
	} {
		maker := avatar.NewHunyuan(avatar.HunyuanConfig{BaseURL: tt.url, Poll: 5 * time.Millisecond})
		w := h.open(avatar.Config{Maker: maker})
		f := h.until(h.order(w, avatar.Options{}).ID, "failed", failed)
		if !strings.Contains(f.Failure, tt.want) || strings.Contains(f.Failure, "127.0.0.1") || strings.Contains(f.Failure, "http") {
			t.Errorf("%s: %q", tt.name, f.Failure)
		}
		if tt.server != nil && len(tt.server.Requests()) != tt.tries {
			t.Errorf("%s: %d tries, want %d", tt.name, len(tt.server.Requests()), tt.tries)
		}
		if err := maker.Probe(t.Context()); (err == nil) != (tt.server != nil) {
			t.Errorf("%s: probe: %v", tt.name, err)
		}
		h.close(w)
	}
}

func TestStyle(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "")
	ui := avatartest.NewWebUI(avatartest.WebUIConfig{Fails: 1, Work: 20 * time.Millisecond})
	defer ui.Close()
	stylist := avatar.NewStylist(avatar.StylistConfig{BaseURL: ui.URL, Poll: 2 * time.Millisecond})
	seen := &spy{}
	w := h.open(avatar.Config{Maker: seen, Stylist: stylist})
	if !w.Styled() {
		t.Error("it does not know of its stylist")
	}
	off := false
	h.until(h.order(w, avatar.Options{Style: &off}).ID, "completed", completed)
	if n := len(ui.Requests()); n != 0 {
		t.Errorf("%d pictures were drawn anew though none was to be", n)
	}
	plain := seen.last()
	f := h.until(h.order(w, avatar.Options{Seed: 5}).ID, "completed", completed)
	requests := ui.Requests()
	if len(requests) != 2 || requests[1]["seed"] != 5.0 || requests[1]["width"] != 120.0 || requests[1]["height"] != 144.0 {
		t.Errorf("%d requests, %v × %v: the first fails and is tried again", len(requests), requests[len(requests)-1]["width"], requests[len(requests)-1]["height"])
	}
	a, b := plain.NRGBAAt(60, 60), seen.last().NRGBAAt(60, 58)
	if difference(a, b) < 50 {
		t.Errorf("the maker got %v, which is still %v", b, a)
	}
	if f.Progress != 100 {
		t.Errorf("%+v", f)
	}
	if err := stylist.Probe(t.Context()); err != nil {
		t.Errorf("probe: %v", err)
	}
	h.close(w)

	for name, cfg := range map[string]avatartest.WebUIConfig{
		"it was started without --api": {NoAPI: true}, "it draws nothing": {Empty: true}, "it always fails": {Fails: 1 << 30},
	} {
		ui := avatartest.NewWebUI(cfg)
		stylist := avatar.NewStylist(avatar.StylistConfig{BaseURL: ui.URL})
		w := h.open(avatar.Config{Stylist: stylist})
		f := h.until(h.order(w, avatar.Options{}).ID, "failed", failed)
		if !strings.Contains(f.Failure, "스타일") || strings.Contains(f.Failure, "127.0.0.1") {
			t.Errorf("%s: %q", name, f.Failure)
		}
		if err := stylist.Probe(t.Context()); (err != nil) != cfg.NoAPI {
			t.Errorf("%s: probe: %v", name, err)
		}
		h.close(w)
		ui.Close()
	}
}

// However many instances there are, figures are made as many at once as is said.
func TestConcurrencyOfAllInstances(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		server := avatartest.NewHunyuan(avatartest.HunyuanConfig{Work: 60 * time.Millisecond})
		defer server.Close()
		maker := avatar.NewHunyuan(avatar.HunyuanConfig{BaseURL: server.URL, Poll: 5 * time.Millisecond})
		first := h.open(avatar.Config{Maker: maker, Concurrency: 1})
		second := h.open(avatar.Config{Maker: maker, Concurrency: 1})
		var ids []string
		for i := range 6 {
			w := first
			if i%2 == 1 {
				w = second
			}
			ids = append(ids, h.order(w, avatar.Options{}).ID)
		}
		for _, id := range ids {
			h.until(id, "completed", completed)
		}
		if server.Most() != 1 || len(server.Requests()) != len(ids) {
			t.Errorf("%d at once, of %d", server.Most(), len(server.Requests()))
		}
	})
}

func TestCancel(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		hold := &spy{hold: make(chan struct{}), began: make(chan struct{}, 9)}
		w := h.open(avatar.Config{Maker: hold})
		running, waiting := h.order(w, avatar.Options{}), h.order(w, avatar.Options{})
		<-hold.began
		for _, id := range []string{waiting.ID, running.ID} {
			f, err := w.Cancel(t.Context(), id)
			if err != nil || f.Status != store.FigureCancelled || f.Step != "취소됨" {
				t.Errorf("cancelled: %+v, %v", f, err)
			}
		}
		// The one that runs is broken off, and the next has its place.
		h.until(h.orderAfter(w, hold).ID, "completed", completed)
		if n := hold.made.Load(); n != 1 {
			t.Errorf("%d figures were made to their end", n)
		}
		for _, f := range []store.Figure{running, waiting} {
			if now, err := h.db.Figure(t.Context(), f.ID); err != nil || now.Status != store.FigureCancelled || h.model(w, f) != nil {
				t.Errorf("afterwards: %+v, %v", now, err)
			}
		}
		h.emptied("pictures/")
	})
}

// orderAfter orders one more, and lets it go on when its turn comes.
func (h *house) orderAfter(w *avatar.Workshop, hold *spy) store.Figure {
	f := h.order(w, avatar.Options{})
	<-hold.began
	close(hold.hold)
	return f
}

// A stop breaks the work off; the next start does it, and it does not count as a try.
func TestRestart(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		hold := &spy{hold: make(chan struct{}), began: make(chan struct{}, 9)}
		w := h.open(avatar.Config{Maker: hold, Tries: 1})
		f := h.order(w, avatar.Options{})
		<-hold.began
		now, cancel := context.WithCancel(t.Context())
		cancel()
		if err := w.Close(now); err != nil {
			t.Errorf("close: %v", err)
		}
		quick := &spy{}
		h.open(avatar.Config{Maker: quick, Tries: 1})
		done := h.until(f.ID, "completed", completed)
		if done.Run != 1 || quick.made.Load() != 1 {
			t.Errorf("made %d times: %+v", quick.made.Load(), done)
		}
	})
}

// An instance that is killed in the middle of a figure says nothing any more. The next start finishes it, once, and
// progress does not go back.
func TestKilled(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		server := avatartest.NewHunyuan(avatartest.HunyuanConfig{Work: time.Hour})
		defer server.Close()
		cmd := exec.Command(os.Args[0], "-test.run=^$")
		cmd.Env = append(os.Environ(), fmt.Sprintf("AVATAR_TEST_CHILD=%s|%s|%s", h.url, h.dir, server.URL))
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer cmd.Process.Kill()
		var id string
		if _, err := fmt.Fscanln(out, &id); err != nil {
			t.Fatal(err)
		}
		before := h.until(id, "being made", func(f store.Figure) bool {
			return f.Status == store.FigureProcessing && f.Progress >= 30 && len(server.Requests()) == 1
		})
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it was killed
		quick := &spy{}
		first, second := h.open(avatar.Config{Maker: quick}), h.open(avatar.Config{Maker: quick})
		_ = second // two, to see that it is not made by each
		done := h.until(id, "completed", func(f store.Figure) bool {
			if f.Progress < before.Progress {
				t.Fatalf("it went back from %+v to %+v", before, f)
			}
			return completed(f)
		})
		if quick.made.Load() != 1 || done.Run != 2 || h.model(first, done) == nil {
			t.Errorf("made %d times: %+v", quick.made.Load(), done)
		}
	})
}

// child is the instance that is killed.
func child(where string) {
	part := strings.Split(where, "|")
	fail := func(err error) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	ctx := context.Background()
	db, err := store.Open(ctx, store.Config{URL: part[0], Dir: part[1]})
	if err != nil {
		fail(err)
	}
	blobs, err := store.OpenBlobs(ctx, part[1]+"/files")
	if err != nil {
		fail(err)
	}
	w, err := avatar.Open(ctx, avatar.Config{
		DatabaseURL: part[0], Dir: part[1], Lease: lease,
		Maker: avatar.NewHunyuan(avatar.HunyuanConfig{BaseURL: part[2], Poll: 10 * time.Millisecond}),
	}, db, blobs)
	if err != nil {
		fail(err)
	}
	f, _, err := w.Order(ctx, store.Anonymous, mustPNG(), avatar.Options{})
	if err != nil {
		fail(err)
	}
	fmt.Println(f.ID)
	select {}
}

// A figure that ends the process, or its maker, is not begun for ever.
func TestPanic(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "")
	var log logtest.Buffer
	w := h.open(avatar.Config{Maker: &spy{panics: true}, Log: slog.New(slog.NewTextHandler(&log, nil))})
	f := h.until(h.order(w, avatar.Options{}).ID, "failed", failed)
	if f.Failure == "" || strings.Contains(f.Failure, "panic") {
		t.Errorf("%+v", f)
	}
	h.close(w)
	if !strings.Contains(log.String(), "it went wrong") {
		t.Errorf("the log does not say why: %s", log.String())
	}
}

// Old figures go, with their files, but not one that a character shows.
func TestClearing(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		w := h.open(avatar.Config{Maker: &spy{}})
		made, err := h.db.CreateCharacter(t.Context(), store.Anonymous, persona.Character{Name: "앨리스"})
		if err != nil {
			t.Fatal(err)
		}
		shown := h.until(h.order(w, avatar.Options{CharacterID: made.ID}).ID, "completed", completed)
		old := h.until(h.order(w, avatar.Options{}).ID, "completed", completed)
		h.close(w)
		w = h.open(avatar.Config{Maker: &spy{}, KeepModels: time.Nanosecond, KeepFailed: time.Nanosecond})
		for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
			if _, err := h.db.Figure(t.Context(), old.ID); errors.Is(err, store.ErrNotFound) && len(h.files("models/")) == 1 {
				break
			}
		}
		if _, err := h.db.Figure(t.Context(), shown.ID); err != nil || h.model(w, shown) == nil {
			t.Errorf("a figure that is shown is gone: %v", err)
		}
		if files := h.files("models/"); len(files) != 1 || !strings.Contains(files[0], shown.ID) {
			t.Errorf("the files are %v", files)
		}
	})
}

func TestOrderRefusals(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "")
	w := h.open(avatar.Config{Maker: &spy{}})
	var bad *avatar.PictureError
	if _, _, err := w.Order(t.Context(), store.Anonymous, claiming(t, 50_000, 50_000, 8), avatar.Options{}); !errors.As(err, &bad) {
		t.Errorf("a bomb: %v", err)
	}
	if _, _, err := w.Order(t.Context(), store.Anonymous, []byte("text"), avatar.Options{}); !errors.Is(err, avatar.ErrNotPicture) {
		t.Errorf("a text: %v", err)
	}
	if _, _, err := w.Order(t.Context(), "nobody", pngFile(t, portrait(40, 40, sky)), avatar.Options{}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an owner who is gone: %v", err)
	}
	if files := h.files(""); len(files) != 0 {
		t.Errorf("they left %v", files)
	}
}

func TestParseOptions(t *testing.T) {
	on := true
	for _, tt := range []struct {
		text string
		want avatar.Options
		bad  string // the option that is wrong, "-" for all of them
	}{
		{"", avatar.Options{}, ""},
		{" {} ", avatar.Options{}, ""},
		{`{"triangles":null,"style":null}`, avatar.Options{}, ""},
		{`{"triangles":20000,"style":true,"texture":true,"seed":9,"character_id":"a-b"}`, avatar.Options{Triangles: 20000, Style: &on, Texture: true, Seed: 9, CharacterID: "a-b"}, ""},
		{`{"triangles":499}`, avatar.Options{}, "triangles"},
		{`{"triangles":"many"}`, avatar.Options{}, "triangles"},
		{`{"triangles":1.5}`, avatar.Options{}, "triangles"},
		{`{"style":"anime"}`, avatar.Options{}, "style"},
		{`{"texture":1}`, avatar.Options{}, "texture"},
		{`{"seed":-1}`, avatar.Options{}, "seed"},
		{`{"character_id":5}`, avatar.Options{}, "character_id"},
		{`{"quality":"high"}`, avatar.Options{}, "quality"},
		{`[]`, avatar.Options{}, "-"},
		{`"x"`, avatar.Options{}, "-"},
		{`{"triangles":`, avatar.Options{}, "-"},
		{`{} {}`, avatar.Options{}, "-"},
	} {
		got, err := avatar.ParseOptions(tt.text)
		var bad *avatar.OptionError
		switch {
		case tt.bad == "" && err != nil:
			t.Errorf("%s: %v", tt.text, err)
		case tt.bad != "" && (!errors.As(err, &bad) || bad.Name != strings.Trim(tt.bad, "-") || bad.Message == ""):
			t.Errorf("%s: %v, want %s to be wrong", tt.text, err, tt.bad)
		case tt.bad == "" && fmt.Sprintf("%+v", withoutPointer(got)) != fmt.Sprintf("%+v", withoutPointer(tt.want)):
			t.Errorf("%s: %+v, want %+v", tt.text, got, tt.want)
		}
	}
}

func withoutPointer(o avatar.Options) []any {
	return []any{o.Triangles, o.Style != nil && *o.Style, o.Texture, o.Seed, o.CharacterID}
}

// spy is a maker that answers a small model at once, or when it is let go on.
type spy struct {
	hold   chan struct{} // nil: it does not wait; closed: it need not
	began  chan struct{} // nil: nobody is told
	panics bool
	made   atomic.Int32
	works  atomic.Pointer[[]byte]
}

func (s *spy) Usually() time.Duration { return time.Second }

func (s *spy) Make(ctx context.Context, w avatar.Work, report func(float64)) ([]byte, error) {
	s.works.Store(&w.Picture)
	report(0.5)
	if s.panics {
		panic("it went wrong")
	}
	if s.began != nil {
		s.began <- struct{}{}
	}
	if s.hold != nil {
		select {
		case <-s.hold:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	s.made.Add(1)
	return slices.Clone(avatartest.Triangle()), nil
}
