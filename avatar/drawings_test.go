package avatar_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"math"
	"testing"
)

// The pictures that tests use are drawn here: a person with a round head and broad shoulders that reach the lower
// border.

var (
	skin  = color.NRGBA{245, 205, 175, 255}
	hair  = color.NRGBA{70, 40, 25, 255}
	dress = color.NRGBA{120, 40, 110, 255}
	sky   = color.NRGBA{200, 225, 240, 255}
	none  = color.NRGBA{}
)

// portrait is a person in front of a background, all of it in units of the picture's shorter side.
func portrait(w, h int, background color.NRGBA) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	size := float64(min(w, h))
	for y := range h {
		for x := range w {
			u, v := (float64(x)-float64(w)/2)/size, (float64(y)-float64(h)/2)/size
			img.SetNRGBA(x, y, personAt(u, v, background))
		}
	}
	return img
}

// personAt is the colour at a point; the head is above the middle.
func personAt(u, v float64, background color.NRGBA) color.NRGBA {
	in := func(cx, cy, rx, ry float64) bool {
		return math.Hypot((u-cx)/rx, (v-cy)/ry) <= 1
	}
	switch {
	case in(-0.06, -0.12, 0.018, 0.012), in(0.06, -0.12, 0.018, 0.012), in(0, 0, 0.05, 0.008):
		return color.NRGBA{30, 20, 20, 255}
	case in(0, -0.08, 0.14, 0.17) && !in(0, -0.24, 0.16, 0.09):
		return skin
	case in(0, -0.12, 0.19, 0.24):
		return hair
	case in(0, 0.55, 0.42, 0.4):
		return dress
	}
	return background
}

func pngFile(tb testing.TB, img image.Image) []byte {
	tb.Helper()
	var buf bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&buf, img); err != nil {
		tb.Fatal(err)
	}
	return buf.Bytes()
}

func jpegFile(tb testing.TB, img image.Image) []byte {
	tb.Helper()
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, img, &jpeg.Options{Quality: 90}); err != nil {
		tb.Fatal(err)
	}
	return buf.Bytes()
}

// withEXIF is a JPEG with a segment that says how to turn it.
func withEXIF(file []byte, order binary.AppendByteOrder, orientation uint16) []byte {
	return withSegment(file, append([]byte("Exif\x00\x00"), exif(order, orientation)...))
}

func withSegment(file, segment []byte) []byte {
	out := []byte{0xff, 0xd8, 0xff, 0xe1}
	out = binary.BigEndian.AppendUint16(out, uint16(len(segment)+2))
	return append(append(out, segment...), file[2:]...)
}

// exif is the orientation as EXIF data has it, among other entries.
func exif(order binary.AppendByteOrder, orientation uint16) []byte {
	tiff := []byte("II*\x00")
	if order.String() == binary.BigEndian.String() {
		tiff = []byte("MM\x00*")
	}
	tiff = order.AppendUint32(tiff, 8)
	tiff = order.AppendUint16(tiff, 2)
	for _, e := range []struct{ tag, value uint16 }{{0x0100, 640}, {0x0112, orientation}} {
		tiff = order.AppendUint16(tiff, e.tag)
		tiff = order.AppendUint16(tiff, 3)
		tiff = order.AppendUint32(tiff, 1)
		tiff = order.AppendUint16(tiff, e.value)
		tiff = order.AppendUint16(tiff, 0)
	}
	return order.AppendUint32(tiff, 0)
}

// withChunk is a PNG with a chunk after its header.
func withChunk(file []byte, kind string, data []byte) []byte {
	const afterHeader = 8 + 25
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	chunk = append(append(chunk, kind...), data...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
	return append(append(append([]byte(nil), file[:afterHeader]...), chunk...), file[afterHeader:]...)
}

// claiming is a small PNG whose header claims another size.
func claiming(tb testing.TB, w, h uint32, depth byte) []byte {
	tb.Helper()
	file := pngFile(tb, portrait(64, 64, none))
	header := file[8+8 : 8+8+13]
	binary.BigEndian.PutUint32(header, w)
	binary.BigEndian.PutUint32(header[4:], h)
	header[8] = depth
	binary.BigEndian.PutUint32(file[8+8+13:], crc32.ChecksumIEEE(file[8+4:8+8+13]))
	return file
}

// turned is the picture as a file of that orientation stores it (CIPA DC-008: which side of the picture as it is seen
// is the first row, and which the first column).
func turned(img *image.NRGBA, orientation uint16) *image.NRGBA {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	sw, sh := w, h
	if orientation >= 5 {
		sw, sh = h, w
	}
	out := image.NewNRGBA(image.Rect(0, 0, sw, sh))
	for y := range h {
		for x := range w {
			var sx, sy int
			switch orientation {
			case 1: // top, left
				sx, sy = x, y
			case 2: // top, right
				sx, sy = w-1-x, y
			case 3: // bottom, right
				sx, sy = w-1-x, h-1-y
			case 4: // bottom, left
				sx, sy = x, h-1-y
			case 5: // left, top
				sx, sy = y, x
			case 6: // right, top
				sx, sy = y, w-1-x
			case 7: // right, bottom
				sx, sy = h-1-y, w-1-x
			case 8: // left, bottom
				sx, sy = h-1-y, x
			}
			out.SetNRGBA(sx, sy, img.NRGBAAt(x, y))
		}
	}
	return out
}

// mustPNG is a picture for a process that runs no test.
func mustPNG() []byte {
	var buf bytes.Buffer
	if err := png.Encode(&buf, portrait(60, 80, sky)); err != nil {
		panic(err)
	}
	return buf.Bytes()
}

// last is the picture that the maker was given last.
func (s *spy) last() *image.NRGBA {
	img, err := png.Decode(bytes.NewReader(*s.works.Load()))
	if err != nil {
		panic(err)
	}
	out := image.NewNRGBA(img.Bounds())
	draw.Draw(out, out.Rect, img, image.Point{}, draw.Src)
	return out
}
