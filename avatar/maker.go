package avatar

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"time"
)

// Maker makes a model of a picture. There are two: Mesher and Hunyuan.
type Maker interface {
	// Make answers a binary glTF. report is told how much of the work is done, 0 to 1, whenever that changes. An error
	// is a *Failure where there is more to say than that it failed, and its cause else.
	Make(ctx context.Context, w Work, report func(done float64)) (glb []byte, err error)
	// Usually is how long it takes, to begin with: what really happens corrects it.
	Usually() time.Duration
}

// Work is what a maker is given.
type Work struct {
	Picture []byte // a PNG, upright, with at most WorkSide pixels a side
	Options Options
}

// Failure is why a figure cannot be made.
type Failure struct {
	// Text is a Korean sentence for whoever waits for the figure. It names no address.
	Text string
	// Final means that trying again does not help.
	Final bool
	Cause error // for the log; may hold addresses
}

func (f *Failure) Error() string {
	if f.Cause == nil {
		return f.Text
	}
	return f.Text + ": " + f.Cause.Error()
}

func (f *Failure) Unwrap() error { return f.Cause }

// Mesher is the built-in maker, see Relief.
type Mesher struct{}

// Usually is what a portrait takes on one core of a common server.
func (Mesher) Usually() time.Duration { return 5 * time.Second }

// Make makes a relief.
func (Mesher) Make(ctx context.Context, w Work, report func(float64)) ([]byte, error) {
	img, err := readWork(w.Picture)
	if err != nil {
		return nil, err
	}
	report(0.1)
	triangles := w.Options.Triangles
	if triangles == 0 {
		triangles = DefaultTriangles
	}
	mesh, err := Relief(ctx, img, triangles)
	if errors.Is(err, errNoFigure) {
		return nil, &Failure{Text: "이미지에서 형체를 찾지 못했습니다. 인물이 더 크고 또렷하게 나온 이미지를 사용해 주세요.", Final: true, Cause: err}
	}
	if err != nil {
		return nil, fmt.Errorf("make a relief: %w", err)
	}
	report(0.9)
	return mesh.GLB()
}

// readWork reads a picture that writeWork has written.
func readWork(data []byte) (*image.NRGBA, error) {
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("read the picture as it was kept: %w", err)
	}
	if nrgba, ok := img.(*image.NRGBA); ok {
		return nrgba, nil
	}
	// An opaque picture comes back without its alpha.
	out := image.NewNRGBA(image.Rectangle{Max: img.Bounds().Size()})
	draw.Draw(out, out.Rect, img, img.Bounds().Min, draw.Src)
	return out, nil
}

func writeWork(img *image.NRGBA) ([]byte, error) {
	var buf bytes.Buffer
	e := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := e.Encode(&buf, img); err != nil {
		return nil, fmt.Errorf("keep the picture: %w", err)
	}
	return buf.Bytes(), nil
}
