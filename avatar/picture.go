package avatar

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"strings"
)

// Limits of a picture that is sent in.
const (
	// MaxPictureBytes is how large its file may be.
	MaxPictureBytes = 20 << 20
	// MaxPicturePixels is how many pixels it may have: 40 million are 8,000 by 5,000.
	MaxPicturePixels = 40_000_000
	// MinPictureSide is the least number of pixels that each side needs: in less there is no figure.
	MinPictureSide = 16
	// maxPictureSide bounds a side, whatever the other is.
	maxPictureSide = 16_384
	// maxDecoded bounds the bytes that decoding takes. Pictures of 16 bits a channel and
	// progressive JPEGs take more for a pixel than others, and so may have fewer.
	maxDecoded = 256 << 20

	// WorkSide is the longer side, in pixels, that a picture is made smaller to before it is kept.
	WorkSide = 2048
)

// ErrNotPicture is a file that is no PNG and no JPEG, by its content.
var ErrNotPicture = errors.New("the file is neither a PNG nor a JPEG picture")

// PictureError says what is wrong with a picture that is a PNG or a JPEG, as a sentence without a
// full stop at its end.
type PictureError struct{ Problem string }

func (e *PictureError) Error() string { return e.Problem }

func badPicture(format string, args ...any) error {
	return &PictureError{fmt.Sprintf(format, args...)}
}

// Picture reads a PNG or JPEG file, upright as its EXIF data says, and makes it smaller where its
// longer side has more than WorkSide pixels. Of the file nothing else is kept: no EXIF data, no
// place where it was taken. The picture's size is looked at before anything is decoded, so that
// a small file cannot unfold to a huge picture. ErrNotPicture is a file of another kind; a *PictureError says
// what else keeps it from being one; otherwise the error is ctx's.
//
// It takes up to 350 MB for a moment: callers let few run at once.
func Picture(ctx context.Context, file []byte) (*image.NRGBA, error) {
	var (
		turn   orientation
		cost   func(w, h int) int
		decode func(io.Reader) (image.Image, error)
		config image.Config
		err    error
	)
	switch {
	case bytes.HasPrefix(file, []byte("\x89PNG\r\n\x1a\n")):
		decode = png.Decode
		if config, err = png.DecodeConfig(bytes.NewReader(file)); err == nil {
			turn = pngOrientation(file)
			cost = pngCost(config.ColorModel, file[pngInterlace] != 0)
		}
	case bytes.HasPrefix(file, []byte("\xff\xd8\xff")):
		decode = jpeg.Decode
		if config, err = jpeg.DecodeConfig(bytes.NewReader(file)); err == nil {
			header := readJPEG(file)
			turn, cost = header.turn, header.cost
		}
	default:
		return nil, ErrNotPicture
	}
	if err != nil {
		return nil, damaged(err)
	}
	if err := checkSize(config.Width, config.Height, cost); err != nil {
		return nil, err
	}
	// Decoding cannot be told to stop, but what it reads can: a JPEG may ask for any amount of
	// work in few bytes.
	img, err := decode(&whileAlive{ctx, bytes.NewReader(file)})
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, damaged(err)
	}
	small := shrunk(img, WorkSide)
	if !visible(small) {
		return nil, badPicture("the picture is transparent all over")
	}
	return turn.upright(small), nil
}

func damaged(err error) error {
	// The decoders have no values for these two.
	short := strings.Contains(err.Error(), "not enough pixel data") || strings.Contains(err.Error(), "short Huffman data")
	if short || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return badPicture("the picture is cut off: its file ends too early")
	}
	return badPicture("the picture is damaged and cannot be read (%v)", err)
}

func checkSize(w, h int, cost func(w, h int) int) error {
	switch {
	case w < MinPictureSide || h < MinPictureSide:
		return badPicture("the picture has %d × %d pixels; it needs %d at least on each side", w, h, MinPictureSide)
	case w > maxPictureSide || h > maxPictureSide:
		return badPicture("the picture has %d × %d pixels; a side may have %d at most", w, h, maxPictureSide)
	case w*h > MaxPicturePixels:
		return badPicture("the picture has %d × %d pixels; it may have %d million at most", w, h, MaxPicturePixels/1_000_000)
	case cost(w, h) > maxDecoded:
		return badPicture("the picture takes too much memory to read; save it with 8 bits a channel, not interlaced and not as a progressive JPEG, or smaller than %d × %d pixels", w, h)
	}
	return nil
}

// pngInterlace is where in a file it says whether a PNG is interlaced.
const pngInterlace = 28

// pngCost is the bytes that a PNG's pixels take, those of an interlaced one twice: each of its passes is decoded by
// itself.
func pngCost(model color.Model, interlaced bool) func(w, h int) int {
	each := 4
	switch model {
	case color.RGBA64Model, color.NRGBA64Model:
		each = 8
	case color.Gray16Model:
		each = 2
	}
	if interlaced {
		each *= 2
	}
	return func(w, h int) int { return w * h * each }
}

func visible(img *image.NRGBA) bool {
	for i := 3; i < len(img.Pix); i += 4 {
		if img.Pix[i] >= 128 {
			return true
		}
	}
	return false
}

// whileAlive reads until its context ends.
type whileAlive struct {
	ctx context.Context //nolint:containedctx // it lives for one decoding
	r   io.Reader
}

func (w *whileAlive) Read(p []byte) (int, error) {
	if w.ctx.Err() != nil {
		return 0, context.Cause(w.ctx)
	}
	return w.r.Read(p)
}

// jpegHeader is what is known of a JPEG from its header.
type jpegHeader struct {
	turn        orientation
	progressive bool
	samples     float64 // for each pixel
}

// cost is the bytes that decoding takes. Of a progressive JPEG all coefficients are held, 4
// bytes for each sample, beside the samples.
func (j *jpegHeader) cost(w, h int) int {
	each := j.samples
	if j.progressive {
		each *= 5
	}
	return int(each * float64(w) * float64(h))
}

// readJPEG reads the segments before the picture data. What it cannot read it leaves out: the decoder
// says what is wrong.
func readJPEG(file []byte) jpegHeader {
	h := jpegHeader{turn: upright, samples: 4}
	rest := file[2:]
	for len(rest) >= 4 && rest[0] == 0xff {
		marker := rest[1]
		if marker == 0xff { // fill
			rest = rest[1:]
			continue
		}
		size := int(binary.BigEndian.Uint16(rest[2:])) // with its own two bytes
		if marker == 0xda || size < 2 || len(rest) < 2+size {
			break
		}
		segment := rest[4 : 2+size]
		switch marker {
		case 0xc0, 0xc1, 0xc2:
			h.progressive = marker == 0xc2
			h.samples = sampling(segment)
		case 0xe1:
			if tiff, ok := bytes.CutPrefix(segment, []byte("Exif\x00\x00")); ok && h.turn == upright {
				h.turn = tiffOrientation(tiff)
			}
		}
		rest = rest[2+size:]
	}
	return h
}

// sampling reads from a frame header how many samples a pixel has, colours that are kept at half
// the size counting less.
func sampling(frame []byte) float64 {
	if len(frame) < 6 || len(frame) < 6+3*int(frame[5]) || frame[5] == 0 {
		return 4
	}
	sum, h, v := 0, 1, 1
	for i := range int(frame[5]) {
		factors := frame[6+3*i+1]
		ch, cv := max(int(factors>>4), 1), max(int(factors&15), 1)
		sum += ch * cv
		h, v = max(h, ch), max(v, cv)
	}
	return float64(sum) / float64(h*v)
}
