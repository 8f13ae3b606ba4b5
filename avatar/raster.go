package avatar

import (
	"image"
	"image/color"
	"image/draw"
	"math"
)

// field is a grid of numbers, row by row from the top.
type field struct {
	w, h int
	v    []float32
}

func newField(w, h int) field { return field{w, h, make([]float32, w*h)} }

// at is the value at x, y, those of the border going on outside.
func (f *field) at(x, y int) float32 {
	x, y = min(max(x, 0), f.w-1), min(max(y, 0), f.h-1)
	return f.v[y*f.w+x]
}

// sample is the value between pixels; a pixel's centre is at its index plus a half.
func (f *field) sample(x, y float64) float32 {
	x, y = x-0.5, y-0.5
	x0, y0 := math.Floor(x), math.Floor(y)
	fx, fy := float32(x-x0), float32(y-y0)
	ix, iy := int(x0), int(y0)
	top := f.at(ix, iy)*(1-fx) + f.at(ix+1, iy)*fx
	bottom := f.at(ix, iy+1)*(1-fx) + f.at(ix+1, iy+1)*fx
	return top*(1-fy) + bottom*fy
}

// resized is the field on a grid of another size: averaged where that is coarser.
func (f *field) resized(w, h int) field {
	if w < f.w || h < f.h {
		// Blurred to the width of the new pixels first, so that none is skipped.
		wide := f.blurred(0.45*max(float64(f.w)/float64(w), float64(f.h)/float64(h)), nil)
		f = &wide
	}
	out := newField(w, h)
	sx, sy := float64(f.w)/float64(w), float64(f.h)/float64(h)
	for y := range h {
		for x := range w {
			out.v[y*w+x] = f.sample((float64(x)+0.5)*sx, (float64(y)+0.5)*sy)
		}
	}
	return out
}

// blurred is the field under a Gaussian of that standard deviation, in pixels, made of three
// box blurs. Where weight is given, only values of that weight count, and what lies far from
// any is zero.
func (f *field) blurred(sigma float64, weight *field) field {
	out := field{f.w, f.h, make([]float32, len(f.v))}
	copy(out.v, f.v)
	if sigma < 0.3 {
		return out
	}
	if weight == nil {
		out.boxes(sigma)
		return out
	}
	sum := field{f.w, f.h, make([]float32, len(f.v))}
	copy(sum.v, weight.v)
	for i := range out.v {
		out.v[i] *= weight.v[i]
	}
	out.boxes(sigma)
	sum.boxes(sigma)
	for i, s := range sum.v {
		if s > 1e-4 {
			out.v[i] /= s
		} else {
			out.v[i] = 0
		}
	}
	return out
}

func (f *field) boxes(sigma float64) {
	// Three boxes of radius r have together the variance r(r+1).
	r := max(int(math.Round((math.Sqrt(1+4*sigma*sigma)-1)/2)), 1)
	line := make([]float32, max(f.w, f.h))
	for range 3 {
		for y := range f.h {
			box(f.v[y*f.w:], 1, f.w, r, line)
		}
		for x := range f.w {
			box(f.v[x:], f.w, f.h, r, line)
		}
	}
}

// box averages n values that lie stride apart over 2r+1 of them.
func box(v []float32, stride, n, r int, line []float32) {
	for i := range n {
		line[i] = v[i*stride]
	}
	clamped := func(i int) float32 { return line[min(max(i, 0), n-1)] }
	var sum float64
	for i := -r; i <= r; i++ {
		sum += float64(clamped(i))
	}
	scale := 1 / float64(2*r+1)
	for i := range n {
		v[i*stride] = float32(sum * scale)
		sum += float64(clamped(i+r+1)) - float64(clamped(i-r))
	}
}

// shrunk is the picture with its longer side at most side pixels, each pixel the average of
// what it covers. It reads the picture once, a strip at a time: beside the result it needs
// some rows.
func shrunk(src image.Image, side int) *image.NRGBA {
	b := src.Bounds()
	w, h := fit(b.Dx(), b.Dy(), side)
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	// Premultiplied: what is transparent has no colour to mix in.
	const stripRows = 16
	strip := image.NewRGBA(image.Rect(0, 0, b.Dx(), stripRows))
	columns := shares(b.Dx(), w)
	rows := shares(b.Dy(), h)
	across := make([]float32, w*4)
	here, next := make([]float32, w*4), make([]float32, w*4) // the row that is being summed up, and the one below
	row := 0
	for y := range b.Dy() {
		if y%stripRows == 0 {
			draw.Draw(strip, strip.Bounds(), src, image.Pt(b.Min.X, b.Min.Y+y), draw.Src)
		}
		line := strip.Pix[(y%stripRows)*strip.Stride:]
		clear(across)
		for x, share := range columns {
			for c := range 4 {
				v := float32(line[x*4+c])
				across[share.at*4+c] += v * share.here
				if share.next > 0 {
					across[share.at*4+4+c] += v * share.next
				}
			}
		}
		share := rows[y]
		if share.at != row {
			settle(out.Pix[row*out.Stride:], here)
			clear(here)
			here, next = next, here
			row = share.at
		}
		for i, v := range across {
			here[i] += v * share.here
			next[i] += v * share.next
		}
	}
	settle(out.Pix[row*out.Stride:], here)
	return out
}

// settle writes a row of premultiplied sums as pixels.
func settle(pix []uint8, sums []float32) {
	for i := 0; i < len(sums); i += 4 {
		if a := sums[i+3]; a >= 0.5 {
			pix[i], pix[i+1], pix[i+2], pix[i+3] = level(sums[i]*255/a), level(sums[i+1]*255/a), level(sums[i+2]*255/a), level(a)
		}
	}
}

func level(v float32) uint8 { return uint8(min(max(v+0.5, 0), 255)) }

// fit is the size of w by h with the longer side at most side.
func fit(w, h, side int) (int, int) {
	if long := max(w, h); long > side {
		w, h = max((w*side+long/2)/long, 1), max((h*side+long/2)/long, 1)
	}
	return w, h
}

// share is how a pixel of a line is divided among those of a shorter line.
type share struct {
	at         int
	here, next float32 // what goes to at and to the one after it, each as part of the whole there
}

func shares(n, m int) []share {
	list := make([]share, n)
	scale := float64(m) / float64(n) // at most 1
	for i := range list {
		from, to := float64(i)*scale, float64(i+1)*scale
		at := min(int(from), m-1)
		edge := min(float64(at+1), to)
		list[i] = share{at, float32(edge - from), float32(max(to-edge, 0))}
		if at == m-1 {
			list[i].here, list[i].next = float32(to-from), 0
		}
	}
	return list
}

// lab is the picture's colours as CIE L*a*b* (D65), where equal distances look equally
// different: L in 0 to 100.
type lab struct {
	w, h    int
	l, a, b field
}

func newLab(img *image.NRGBA) *lab {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	p := &lab{w: w, h: h, l: newField(w, h), a: newField(w, h), b: newField(w, h)}
	for y := range h {
		for x := range w {
			i := y*w + x
			c := img.NRGBAAt(x, y)
			p.l.v[i], p.a.v[i], p.b.v[i] = toLab(c)
		}
	}
	return p
}

// linear is the sRGB curve, for the 256 levels that there are.
var linear = func() (table [256]float64) {
	for i := range table {
		v := float64(i) / 255
		if v <= 0.04045 {
			table[i] = v / 12.92
		} else {
			table[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return table
}()

func toLab(c color.NRGBA) (l, a, b float32) {
	r, g, bl := linear[c.R], linear[c.G], linear[c.B]
	f := func(t float64) float64 {
		if t > 216.0/24389 {
			return math.Cbrt(t)
		}
		return (24389.0/27*t + 16) / 116
	}
	x := f((0.4124564*r + 0.3575761*g + 0.1804375*bl) / 0.95047)
	y := f(0.2126729*r + 0.7151522*g + 0.0721750*bl)
	z := f((0.0193339*r + 0.1191920*g + 0.9503041*bl) / 1.08883)
	return float32(116*y - 16), float32(500 * (x - y)), float32(200 * (y - z))
}
