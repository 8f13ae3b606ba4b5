package avatar_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"avatarforge/avatar"
)

func TestPicture(t *testing.T) {
	person := portrait(320, 400, sky)
	grey := image.NewGray(image.Rect(0, 0, 90, 70))
	palette := image.NewPaletted(image.Rect(0, 0, 40, 40), color.Palette{none, skin})
	palette.Pix[20*40+20] = 1
	wide := image.NewGray(image.Rect(0, 0, 8000, 200))
	for _, tt := range []struct {
		name string
		file []byte
		w, h int
	}{
		{"a PNG", pngFile(t, person), 320, 400},
		{"one with transparency", pngFile(t, portrait(320, 400, none)), 320, 400},
		{"a JPEG", jpegFile(t, person), 320, 400},
		{"a grey one", pngFile(t, grey), 90, 70},
		{"one of a few colours", pngFile(t, palette), 40, 40},
		{"16 bits a channel", pngFile(t, image.NewGray16(image.Rect(0, 0, 30, 30))), 30, 30},
		{"8,000 pixels wide: made smaller", pngFile(t, wide), 2048, 51},
		{"as small as it may be", pngFile(t, portrait(16, 16, sky)), 16, 16},
		{"with something after its end", append(pngFile(t, person), "trailer"...), 320, 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := avatar.Picture(t.Context(), tt.file)
			if err != nil {
				t.Fatal(err)
			}
			if got.Rect != image.Rect(0, 0, tt.w, tt.h) {
				t.Errorf("size %v, want %d × %d", got.Rect.Size(), tt.w, tt.h)
			}
		})
	}
}

func TestPictureRefusals(t *testing.T) {
	good := pngFile(t, portrait(320, 400, sky))
	photo := jpegFile(t, portrait(320, 400, sky))
	clear := image.NewNRGBA(image.Rect(0, 0, 64, 64))
	damaged := bytes.Clone(good)
	damaged[len(damaged)/2] ^= 0x40
	for _, tt := range []struct {
		name string
		file []byte
		want string // in what is said; empty where it is no picture at all
	}{
		{"a text that is named .png", []byte("this is not a picture"), ""},
		{"nothing", nil, ""},
		{"a GIF", []byte("GIF89a\x01\x00\x01\x00"), ""},
		{"an SVG", []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), ""},
		{"one pixel", pngFile(t, portrait(1, 1, skin)), "1 × 1"},
		{"one pixel high", pngFile(t, portrait(300, 1, skin)), "300 × 1"},
		{"a PNG that is cut off", good[:len(good)*2/3], "cut off"},
		{"a PNG of a header", good[:40], "cut off"},
		{"a JPEG that is cut off", photo[:len(photo)*2/3], "cut off"},
		{"a JPEG of three bytes", photo[:3], "cut off"},
		{"a PNG with a wrong bit", damaged, "damaged"},
		{"a bomb: 400 bytes that unfold to 10 GB", claiming(t, 50_000, 50_000, 8), "50000 × 50000"},
		{"a long strip", claiming(t, 100_000, 100, 8), "100000 × 100"},
		{"more than 40 million pixels", claiming(t, 8_000, 5_001, 8), "40 million"},
		{"as many, of 16 bits", claiming(t, 8_000, 5_000, 16), "memory"},
		{"nothing to be seen", pngFile(t, clear), "transparent"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := avatar.Picture(t.Context(), tt.file)
			var bad *avatar.PictureError
			switch {
			case tt.want == "" && !errors.Is(err, avatar.ErrNotPicture):
				t.Errorf("got %v, want %v", err, avatar.ErrNotPicture)
			case tt.want != "" && (!errors.As(err, &bad) || !strings.Contains(bad.Problem, tt.want)):
				t.Errorf("got %v, want a problem with %q", err, tt.want)
			}
		})
	}
	ended, end := context.WithCancelCause(t.Context())
	gone := errors.New("the client is gone")
	end(gone)
	if _, err := avatar.Picture(ended, photo); !errors.Is(err, gone) {
		t.Errorf("got %v where the context has ended", err)
	}
}

// Whichever way a camera was held, and whichever byte order it writes, the picture comes out upright.
func TestOrientation(t *testing.T) {
	upright := portrait(300, 400, sky)
	for x := range 60 { // a mark on one side, so that mirrored is seen
		for y := range 60 {
			upright.SetNRGBA(x, y, color.NRGBA{255, 0, 0, 255})
		}
	}
	for orientation := uint16(1); orientation <= 8; orientation++ {
		stored := turned(upright, orientation)
		for name, file := range map[string][]byte{
			"JPEG, big-endian":    withEXIF(jpegFile(t, stored), binary.BigEndian, orientation),
			"JPEG, little-endian": withEXIF(jpegFile(t, stored), binary.LittleEndian, orientation),
			"PNG":                 withChunk(pngFile(t, stored), "eXIf", exif(binary.BigEndian, orientation)),
		} {
			got, err := avatar.Picture(t.Context(), file)
			if err != nil {
				t.Fatalf("%s, %d: %v", name, orientation, err)
			}
			if got.Rect != upright.Rect {
				t.Errorf("%s, %d: size %v", name, orientation, got.Rect.Size())
				continue
			}
			for _, at := range []image.Point{{30, 30}, {150, 170}, {150, 90}, {150, 380}, {280, 20}} {
				if off := difference(got.NRGBAAt(at.X, at.Y), upright.NRGBAAt(at.X, at.Y)); off > 30 {
					t.Errorf("%s, %d: at %v it is %v, want %v", name, orientation, at, got.NRGBAAt(at.X, at.Y), upright.NRGBAAt(at.X, at.Y))
				}
			}
		}
	}
}

func difference(a, b color.NRGBA) int {
	abs := func(x, y uint8) int { return max(int(x)-int(y), int(y)-int(x)) }
	return max(abs(a.R, b.R), abs(a.G, b.G), abs(a.B, b.B), abs(a.A, b.A))
}

// Whatever the bytes, Picture answers with a picture within its limits or with one of its errors. Not by go test -fuzz, which
// would build two databases' drivers with its instruments.
func TestPictureOfDamagedFiles(t *testing.T) {
	person := portrait(40, 50, sky)
	seeds := [][]byte{
		pngFile(t, person), jpegFile(t, person), withEXIF(jpegFile(t, person), binary.LittleEndian, 6),
		withChunk(pngFile(t, person), "eXIf", exif(binary.BigEndian, 3)), withSegment(jpegFile(t, person), []byte("Exif\x00\x00II*\x00\xff\xff\xff\xff")),
		[]byte("\xff\xd8\xff\xe1\x00\x02\xff\xda"),
	}
	chance := rand.New(rand.NewPCG(3, 4))
	for range 4000 {
		file := bytes.Clone(seeds[chance.IntN(len(seeds))])
		for range 1 + chance.IntN(4) {
			switch at := chance.IntN(min(len(file), 1+chance.IntN(400))); chance.IntN(3) {
			case 0:
				file[at] = byte(chance.Uint32())
			case 1:
				file = file[:at+1]
			case 2:
				file = slices.Insert(file, at, 0xff, byte(chance.Uint32()))
			}
		}
		if config, _, err := image.DecodeConfig(bytes.NewReader(file)); err == nil && config.Width*config.Height > 1<<18 {
			continue // large pictures are for TestPicture: here they only cost time
		}
		img, err := avatar.Picture(t.Context(), file)
		var bad *avatar.PictureError
		if err != nil && !errors.As(err, &bad) && !errors.Is(err, avatar.ErrNotPicture) {
			t.Fatalf("an error of another kind: %v, of %x", err, file)
		}
		if err == nil && (img.Rect.Dx() > avatar.WorkSide || img.Rect.Dy() > avatar.WorkSide || img.Rect.Min != image.Point{}) {
			t.Fatalf("a picture of %v, of %x", img.Rect, file)
		}
	}
}
