package avatar_test

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"avatarforge/avatar"
	"avatarforge/persona"
	"avatarforge/store"
)

// What is kept is a picture, and nothing else of the file that it came in.
func TestKeepPortrait(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "")
	w := h.open(avatar.Config{Maker: &spy{}})
	for _, tt := range []struct {
		name      string
		file      []byte
		end, kind string
		w, h      int
	}{
		{"a large one is made smaller", pngFile(t, portrait(2400, 1200, sky)), ".jpg", "image/jpeg", 1024, 512},
		{"what is transparent stays so", pngFile(t, portrait(60, 90, color.NRGBA{})), ".png", "image/png", 60, 90},
	} {
		file := append(bytes.Clone(tt.file), "where it was taken"...)
		url, err := w.KeepPortrait(t.Context(), store.Anonymous, file)
		if err != nil || !strings.HasPrefix(url, "/mnt/user_assets/anonymous/images/") || path.Ext(url) != tt.end {
			t.Fatalf("%s: %q, %v", tt.name, url, err)
		}
		blob, err := w.OpenPortrait(t.Context(), store.Anonymous, path.Base(url))
		if err != nil {
			t.Fatal(err)
		}
		kept, err := io.ReadAll(blob)
		blob.Close()
		if err != nil || blob.ContentType != tt.kind || bytes.Contains(kept, []byte("where it was taken")) {
			t.Errorf("%s: %s, %v", tt.name, blob.ContentType, err)
		}
		if config, _, err := image.DecodeConfig(bytes.NewReader(kept)); err != nil || config.Width != tt.w || config.Height != tt.h {
			t.Errorf("%s: it has %d × %d pixels (%v)", tt.name, config.Width, config.Height, err)
		}
	}
	if _, err := w.KeepPortrait(t.Context(), store.Anonymous, []byte("text")); !errors.Is(err, avatar.ErrNotPicture) {
		t.Errorf("a text: %v", err)
	}
	if files := h.files(""); len(files) != 2 {
		t.Errorf("the files are %v", files)
	}
}

// A portrait goes when nobody shows it for long enough: its owner's characters count, and no others.
func TestClearingPortraits(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		w := h.open(avatar.Config{Maker: &spy{}})
		keep := func() string {
			url, err := w.KeepPortrait(t.Context(), store.Anonymous, pngFile(t, portrait(40, 40, sky)))
			if err != nil {
				t.Fatal(err)
			}
			return url
		}
		shown, forgotten, fresh := keep(), keep(), keep()
		if _, err := h.db.CreateCharacter(t.Context(), store.Anonymous, persona.Character{Name: "앨리스", ImageURL: shown}); err != nil {
			t.Fatal(err)
		}
		h.close(w)
		for _, url := range []string{shown, forgotten} {
			old := time.Now().Add(-8 * 24 * time.Hour)
			if err := os.Chtimes(filepath.Join(h.dir, "files", "portraits", store.Anonymous, path.Base(url)), old, old); err != nil {
				t.Fatal(err)
			}
		}
		h.open(avatar.Config{Maker: &spy{}})
		for deadline := time.Now().Add(time.Minute); len(h.files("portraits/")) >= 3 && time.Now().Before(deadline); {
			time.Sleep(10 * time.Millisecond)
		}
		files := strings.Join(h.files("portraits/"), " ")
		for url, stays := range map[string]bool{shown: true, fresh: true, forgotten: false} {
			if strings.Contains(files, path.Base(url)) != stays {
				t.Errorf("%s stays: want %v; the files are %s", url, stays, files)
			}
		}
	})
}
