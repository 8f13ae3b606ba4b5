package avatar

import (
	"image"
	"image/color"
	"math"
)

const (
	// textureSide is the longer side of the picture on the front, in pixels.
	textureSide = 1536
	// backSide is that of the colours on the back, which have no details.
	backSide = 384
)

// atlas is the texture of a figure: the picture for its front, and beside it colours for its back.
type atlas struct {
	img         *image.NRGBA
	front, back rect // where each lies in the texture, as parts of its size
}

// rect has its origin at the upper left.
type rect struct{ x, y, w, h float64 }

// place is where a point of the picture, given as parts of its size, lies in one of the tiles. It stays
// half a pixel within: beyond lies the other.
func (a *atlas) place(x, y float64, tile rect) [2]float32 {
	u, v := min(max(x, 0), 1), min(max(y, 0), 1)
	bounds := a.img.Rect
	hx, hy := 0.5/float64(bounds.Dx()), 0.5/float64(bounds.Dy())
	return [2]float32{
		float32(min(max(tile.x+u*tile.w, tile.x+hx), tile.x+tile.w-hx)),
		float32(min(max(tile.y+v*tile.h, tile.y+hy), tile.y+tile.h-hy)),
	}
}

// newAtlas paints the texture. The front is the picture with the figure's colours going on
// beyond its outline, so that no background shows at the edge; the back has only those along
// the outline, running into each other: hair stays hair, and no second face looks out.
func newAtlas(img *image.NRGBA, m *matte) *atlas {
	front := shrunk(img, textureSide)
	w, h := front.Rect.Dx(), front.Rect.Dy()
	cover := m.cover.resized(w, h)
	// A few pixels inside the outline: those on it have something of the background.
	sure := newMask(w, h)
	for i, c := range cover.v {
		sure.in[i] = c >= 0.9 && front.Pix[i*4+3] >= 250
	}
	if !m.whole {
		sure.erode(max(max(w, h)/400, 1))
	}
	if sure.count() == 0 { // a figure of hairlines
		for i, c := range cover.v {
			sure.in[i] = c >= 0.5 && front.Pix[i*4+3] > 0
		}
	}
	spread(front, sure)

	back := shrunk(front, backSide)
	bw, bh := back.Rect.Dx(), back.Rect.Dy()
	inside := newMask(bw, bh)
	for y := range bh {
		for x := range bw {
			c := cover.sample((float64(x)+0.5)*float64(w)/float64(bw), (float64(y)+0.5)*float64(h)/float64(bh))
			inside.in[y*bw+x] = c > 0.5
		}
	}
	core := newMask(bw, bh)
	copy(core.in, inside.in)
	if m.whole { // its edge is the picture's
		for i := range core.in {
			x, y := i%bw, i/bw
			core.in[i] = x > 0 && y > 0 && x < bw-1 && y < bh-1
		}
	}
	// The outermost pixels are often a drawn line: the colours behind it are the figure's.
	line := max(max(bw, bh)/64, 1)
	core.erode(line)
	band := newMask(bw, bh)
	copy(band.in, core.in)
	core.erode(2 * line)
	for i := range band.in {
		band.in[i] = band.in[i] && !core.in[i]
	}
	if band.count() > 0 {
		soften(back, band)
	}

	a := &atlas{}
	// Beside each other where that makes the squarer texture.
	var at image.Point
	if w <= h {
		a.img, at = image.NewNRGBA(image.Rect(0, 0, w+bw, h)), image.Pt(w, 0)
	} else {
		a.img, at = image.NewNRGBA(image.Rect(0, 0, w, h+bh)), image.Pt(0, h)
	}
	paint(a.img, front, image.Point{})
	paint(a.img, back, at)
	tw, th := float64(a.img.Rect.Dx()), float64(a.img.Rect.Dy())
	a.front = rect{0, 0, float64(w) / tw, float64(h) / th}
	a.back = rect{float64(at.X) / tw, float64(at.Y) / th, float64(bw) / tw, float64(bh) / th}
	return a
}

// soften makes of a picture the colours of its known pixels, without their details.
func soften(img *image.NRGBA, known mask) {
	spread(img, known)
	w, h := img.Rect.Dx(), img.Rect.Dy()
	for c := range 3 {
		channel := newField(w, h)
		for i := range channel.v {
			channel.v[i] = float32(img.Pix[i*4+c])
		}
		channel = channel.blurred(float64(max(w, h))/60, nil)
		for i, v := range channel.v {
			img.Pix[i*4+c] = level(v)
		}
	}
}

func paint(dst, src *image.NRGBA, at image.Point) {
	n := src.Rect.Dx() * 4
	for y := range src.Rect.Dy() {
		copy(dst.Pix[dst.PixOffset(at.X, at.Y+y):], src.Pix[src.PixOffset(0, y):][:n])
	}
	// What is left of the texture's last row or column below or beside src is its last colour.
	for y := src.Rect.Dy(); at.Y+y < dst.Rect.Dy(); y++ {
		copy(dst.Pix[dst.PixOffset(at.X, at.Y+y):], src.Pix[src.PixOffset(0, src.Rect.Dy()-1):][:n])
	}
	for y := range dst.Rect.Dy() - at.Y {
		last := dst.NRGBAAt(at.X+src.Rect.Dx()-1, at.Y+y)
		for x := at.X + src.Rect.Dx(); x < dst.Rect.Dx(); x++ {
			dst.SetNRGBA(x, at.Y+y, last)
		}
	}
}

// spread replaces the colours of the pixels that are not known by those of the known around them,
// the farther away the smoother, and makes all of them opaque: averages of known pixels are
// taken at half the size and again, and where that knows no better, colours come back down
// from the smaller size.
func spread(img *image.NRGBA, known mask) {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	top := &layer{w: w, h: h, c: make([][4]float32, w*h)}
	for i, is := range known.in {
		if is {
			top.c[i] = [4]float32{float32(img.Pix[i*4]), float32(img.Pix[i*4+1]), float32(img.Pix[i*4+2]), 1}
		}
	}
	layers := []*layer{top}
	for top.w > 1 || top.h > 1 {
		top = top.half()
		layers = append(layers, top)
	}
	for i := len(layers) - 2; i >= 0; i-- {
		layers[i].fill(layers[i+1])
	}
	for i, c := range layers[0].c {
		x, y := i%w, i/w
		if known.in[i] {
			img.Pix[i*4+3] = 255
			continue
		}
		img.SetNRGBA(x, y, color.NRGBA{level(c[0]), level(c[1]), level(c[2]), 255})
	}
}

// layer is a picture with, for each pixel, how well it is known, 0 to 1.
type layer struct {
	w, h int
	c    [][4]float32
}

func (l *layer) half() *layer {
	s := &layer{w: (l.w + 1) / 2, h: (l.h + 1) / 2}
	s.c = make([][4]float32, s.w*s.h)
	for y := range l.h {
		for x := range l.w {
			c := l.c[y*l.w+x]
			to := &s.c[y/2*s.w+x/2]
			to[0] += c[0] * c[3]
			to[1] += c[1] * c[3]
			to[2] += c[2] * c[3]
			to[3] += c[3]
		}
	}
	for i := range s.c {
		if n := s.c[i][3]; n > 0 {
			s.c[i] = [4]float32{s.c[i][0] / n, s.c[i][1] / n, s.c[i][2] / n, min(n, 1)}
		}
	}
	return s
}

// fill mixes in from the smaller layer what is not known here.
func (l *layer) fill(s *layer) {
	for y := range l.h {
		for x := range l.w {
			to := &l.c[y*l.w+x]
			if to[3] >= 1 {
				continue
			}
			c := s.sample((float64(x)+0.5)/2, (float64(y)+0.5)/2)
			for k := range 3 {
				to[k] = to[k]*to[3] + c[k]*(1-to[3])
			}
			to[3] = 1
		}
	}
}

func (l *layer) sample(x, y float64) (c [4]float32) {
	x, y = x-0.5, y-0.5
	x0, y0 := math.Floor(x), math.Floor(y)
	fx, fy := float32(x-x0), float32(y-y0)
	for j, wy := range [2]float32{1 - fy, fy} {
		for i, wx := range [2]float32{1 - fx, fx} {
			px := min(max(int(x0)+i, 0), l.w-1)
			py := min(max(int(y0)+j, 0), l.h-1)
			p := &l.c[py*l.w+px]
			for k := range c {
				c[k] += p[k] * wx * wy
			}
		}
	}
	return c
}
