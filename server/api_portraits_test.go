package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"net/http"
	"path"
	"strings"
	"testing"

	"avatarforge/avatar"
)

// keep sends a picture and returns its image_url.
func (c *caller) keep(picture []byte) string {
	c.t.Helper()
	resp, data := c.sendForm("/api/pictures", picture, "")
	var kept struct {
		Success bool
		Data    struct {
			ImageURL string `json:"image_url"`
		}
	}
	if err := json.Unmarshal(data, &kept); err != nil || resp.StatusCode != 200 || !kept.Success || kept.Data.ImageURL == "" {
		c.t.Fatalf("it answered %d: %s", resp.StatusCode, data)
	}
	return kept.Data.ImageURL
}

// A picture that was sent is a character's image_url, and what a browser shows.
func TestPictureOfACharacter(t *testing.T) {
	anonymous, _, _ := figureHouse(t, avatar.Config{Maker: &slow{}})
	for _, tt := range []struct {
		name      string
		file      []byte
		end, kind string
		w, h      int
	}{
		{"a photograph", asJPEG(t, person(120, 80, white)), ".jpg", "image/jpeg", 120, 80},
		{"turned by EXIF", sideways(asJPEG(t, person(120, 80, white))), ".jpg", "image/jpeg", 80, 120},
		{"a drawing in front of nothing", asPNG(t, person(80, 120, color.NRGBA{})), ".png", "image/png", 80, 120},
		{"a large one", asPNG(t, person(2048, 64, white)), ".jpg", "image/jpeg", 1024, 32},
	} {
		url := anonymous.keep(tt.file)
		if !strings.HasPrefix(url, "/mnt/user_assets/anonymous/images/") || path.Ext(url) != tt.end {
			t.Errorf("%s: it is at %s", tt.name, url)
		}
		resp, data := anonymous.send("GET", url, http.Header{}, nil)
		if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != tt.kind || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d, %v", tt.name, resp.StatusCode, resp.Header)
		}
		if config, _, err := image.DecodeConfig(bytes.NewReader(data)); err != nil || config.Width != tt.w || config.Height != tt.h {
			t.Errorf("%s: %d × %d, want %d × %d (%v)", tt.name, config.Width, config.Height, tt.w, tt.h, err)
		}
		if resp, _ := anonymous.send("GET", url, http.Header{"If-None-Match": {resp.Header.Get("ETag")}}, nil); resp.StatusCode != 304 {
			t.Errorf("%s: known already: %d", tt.name, resp.StatusCode)
		}
		made := want[object](anonymous, "POST", "/api/characters", fmt.Sprintf(`{"name":"앨리스","image_url":%q}`, url), tt.name)
		if made["image_url"] != url {
			t.Errorf("%s: the character has %v", tt.name, made["image_url"])
		}
	}
}

func TestPictureRefusals(t *testing.T) {
	anonymous, mina, juno := figureHouse(t, avatar.Config{Maker: &slow{}})
	picture := asPNG(t, person(60, 80, white))
	for _, tt := range []struct {
		name   string
		file   []byte
		status int
		code   string
	}{
		{"a text", []byte("not a picture"), 415, "unsupported_media_type"},
		{"cut off", picture[:len(picture)/2], 422, "validation_failed"},
		{"a bomb", bomb(picture), 422, "validation_failed"},
		{"transparent all over", asPNG(t, image.NewNRGBA(image.Rect(0, 0, 40, 40))), 422, "validation_failed"},
		{"none", nil, 422, "validation_failed"},
		{"more than 20 MiB", append(bytes.Clone(picture), make([]byte, 20<<20)...), 413, "too_large"},
	} {
		resp, data := anonymous.sendForm("/api/pictures", tt.file, "")
		anonymous.problem(resp, data, tt.status, tt.code, tt.name)
	}
	anonymous.refused("POST", "/api/pictures", `{"image":"data:"}`, 400, "invalid_request", "JSON")

	hers := mina.keep(picture)
	juno.refused("GET", hers, "", 403, "forbidden", "another user's")
	anonymous.refused("GET", hers, "", 401, "unauthenticated", "a user's, of nobody known")
	if status, _ := mina.call("GET", hers, ""); status != 200 {
		t.Errorf("her own: %d", status)
	}
	if status, _ := juno.call("GET", anonymous.keep(picture), ""); status != 200 {
		t.Errorf("everybody's: %d", status)
	}
	for _, file := range []string{"nosuch.jpg", "nosuch.svg", path.Base(hers), "..%2fanonymous.jpg"} {
		anonymous.refused("GET", "/mnt/user_assets/anonymous/images/"+file, "", 404, "not_found", file)
	}
}
