package avatar

import (
	"cmp"
	"image"
	"image/draw"
	"math"
	"slices"
)

const (
	// matteSide is the longer side, in pixels, of the picture that the figure is looked for in.
	matteSide = 640
	// backdrops is into how many colours the border is divided: enough for a slope of colours.
	backdrops = 5
	// A difference of colour, in CIELAB, that is taken for background: always, and where it
	// comes on gradually from a pixel that is background.
	sameColour, slidColour = 7, 26
	// slide is the most that neighbouring pixels of a background differ by.
	slide = 2.2
	// busy is the spread of colours within a backdrop from which on a border is no background
	// but a scene.
	busy = 13
	// leastFigure and mostFigure are the parts of a picture that a figure covers; what is found
	// outside of them is not one.
	leastFigure, mostFigure = 0.03, 0.93
)

// matte says what of a picture is the figure.
type matte struct {
	cover field // at each pixel the part that is figure, 0 to 1
	whole bool  // no background was found: all of the picture is shown, as a plaque
}

// newMatte separates a figure from its background: by the picture's transparency where it has
// any, else by the colours at its border.
func newMatte(img *image.NRGBA) matte {
	small := shrunk(img, matteSide)
	w, h := small.Rect.Dx(), small.Rect.Dy()
	alpha := newField(w, h)
	clear := 0
	for i := range alpha.v {
		a := small.Pix[i*4+3]
		alpha.v[i] = float32(a) / 255
		if a < 128 {
			clear++
		}
	}
	if clear*200 >= len(alpha.v) {
		figure := newMask(w, h)
		for i, a := range alpha.v {
			figure.in[i] = a >= 0.5
		}
		figure.dropSpecks(0.01)
		figure.fillHoles(w * h / 2000)
		for i, in := range figure.in {
			switch {
			case !in:
				alpha.v[i] = min(alpha.v[i], 0.49)
			case alpha.v[i] < 0.5: // a hole that was filled
				alpha.v[i] = 1
			}
		}
		if figure.count() > 0 {
			return matte{cover: alpha}
		}
	}
	if figure, found := figureByColour(newLab(small)); found {
		cover := newField(w, h)
		for i, in := range figure.in {
			if in {
				cover.v[i] = 1
			}
		}
		return matte{cover: cover.blurred(1, nil)}
	}
	return matte{cover: plaque(w, h), whole: true}
}

// cropped is the part of the picture that the figure is in, and the matte of that part. A figure that is small in its
// picture is looked for once more, closer.
func (m *matte) cropped(img *image.NRGBA) (*image.NRGBA, matte) {
	crop := m.bounds(img)
	part := sub(img, crop)
	if long := max(img.Rect.Dx(), img.Rect.Dy()); !m.whole && max(crop.Dx(), crop.Dy())*10 < long*6 {
		if closer := newMatte(part); !closer.whole {
			crop = closer.bounds(part)
			return sub(part, crop), closer.sampled(part.Rect.Size(), crop)
		}
	}
	return part, m.sampled(img.Rect.Size(), crop)
}

// sub is a part of a picture, as one of its own.
func sub(img *image.NRGBA, part image.Rectangle) *image.NRGBA {
	out := image.NewNRGBA(image.Rectangle{Max: part.Size()})
	draw.Draw(out, out.Rect, img, part.Min, draw.Src)
	return out
}

// bounds is the part of the picture that the figure is in, with a margin.
func (m *matte) bounds(img *image.NRGBA) image.Rectangle {
	box := image.Rectangle{}
	for y := range m.cover.h {
		for x := range m.cover.w {
			if m.cover.v[y*m.cover.w+x] > 0.4 {
				box = box.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	sx := float64(img.Rect.Dx()) / float64(m.cover.w)
	sy := float64(img.Rect.Dy()) / float64(m.cover.h)
	const margin = 3
	return image.Rect(
		int(float64(box.Min.X-margin)*sx), int(float64(box.Min.Y-margin)*sy),
		int(math.Ceil(float64(box.Max.X+margin)*sx)), int(math.Ceil(float64(box.Max.Y+margin)*sy)),
	).Intersect(img.Rect)
}

// sampled is the matte of a part of a picture of that size.
func (m *matte) sampled(size image.Point, part image.Rectangle) matte {
	w, h := fit(part.Dx(), part.Dy(), matteSide)
	cover := newField(w, h)
	for y := range h {
		for x := range w {
			px := float64(part.Min.X) + (float64(x)+0.5)*float64(part.Dx())/float64(w)
			py := float64(part.Min.Y) + (float64(y)+0.5)*float64(part.Dy())/float64(h)
			cover.v[y*w+x] = m.cover.sample(px/float64(size.X)*float64(m.cover.w), py/float64(size.Y)*float64(m.cover.h))
		}
	}
	return matte{cover: cover, whole: m.whole}
}

// plaque is a rectangle with round corners that fills the picture.
func plaque(w, h int) field {
	cover := newField(w, h)
	radius := 0.06 * float64(min(w, h))
	for y := range h {
		for x := range w {
			dx := max(radius-float64(x)-0.5, float64(x)+0.5-float64(w)+radius, 0)
			dy := max(radius-float64(y)-0.5, float64(y)+0.5-float64(h)+radius, 0)
			cover.v[y*w+x] = float32(min(max(radius-math.Hypot(dx, dy)+0.5, 0), 1))
		}
	}
	return cover
}

// figureByColour takes for background what is connected with the border and has its colours.
// It says whether what is left looks like a figure.
func figureByColour(p *lab) (mask, bool) {
	p.l, p.a, p.b = p.l.blurred(0.8, nil), p.a.blurred(0.8, nil), p.b.blurred(0.8, nil)
	background, found := borderColours(p)
	if !found {
		return mask{}, false
	}
	ground := flood(p, background)
	figure := newMask(p.w, p.h)
	for i, in := range ground.in {
		figure.in[i] = !in
	}
	figure.erode(2)
	figure.dropSpecks(0.04)
	figure.dilate(2)
	for i, in := range ground.in { // dilating takes nothing back that was background
		figure.in[i] = figure.in[i] && !in
	}
	figure.fillHoles(p.w * p.h)
	part := float64(figure.count()) / float64(len(figure.in))
	return figure, part >= leastFigure && part <= mostFigure && figure.central()
}

// central says whether the middle of the picture is mostly in: people put there what the picture
// is of.
func (m *mask) central() bool {
	in, n := 0, 0
	for y := m.h * 3 / 10; y < m.h*7/10; y++ {
		for x := m.w * 4 / 10; x < m.w*6/10; x++ {
			n++
			if m.in[y*m.w+x] {
				in++
			}
		}
	}
	return in*10 >= n*6
}

// colour is one of CIELAB.
type colour struct{ l, a, b float32 }

func (p *lab) at(i int) colour { return colour{p.l.v[i], p.a.v[i], p.b.v[i]} }

func (c colour) distance(d colour) float32 {
	l, a, b := c.l-d.l, c.a-d.a, c.b-d.b
	return float32(math.Sqrt(float64(l*l + a*a + b*b)))
}

// borderColours finds what colours the background has, from the top of the border and the
// upper two thirds of its sides: at the bottom, and often low at the sides, stands the figure
// itself. It finds none where the border shows a scene.
func borderColours(p *lab) ([]colour, bool) {
	band := max(min(p.w, p.h)/50, 1)
	var border []int
	for y := range p.h * 2 / 3 {
		for x := range p.w {
			if y < band || x < band || x >= p.w-band {
				border = append(border, y*p.w+x)
			}
		}
	}
	if len(border) == 0 {
		return nil, false
	}
	centres, member := cluster(p, border)
	sizes, spread := make([]int, len(centres)), make([]float64, len(centres))
	for i, at := range border {
		sizes[member[i]]++
		spread[member[i]] += float64(p.at(at).distance(centres[member[i]]))
	}
	var kept []colour
	covered := 0
	for i, c := range centres {
		// What takes little of the border is the figure where it reaches there.
		if sizes[i]*100 < len(border)*8 || spread[i]/float64(sizes[i]) > busy {
			continue
		}
		kept = append(kept, c)
		covered += sizes[i]
	}
	return kept, covered*2 >= len(border)
}

// cluster divides the pixels into colours by Lloyd's method, begun at those farthest apart.
func cluster(p *lab, pixels []int) (centres []colour, member []int) {
	centres = []colour{p.at(pixels[0])}
	far := make([]float32, len(pixels))
	for i, at := range pixels {
		far[i] = p.at(at).distance(centres[0])
	}
	for len(centres) < backdrops {
		i := slices.Index(far, slices.Max(far))
		if far[i] < 2 {
			break // all are alike
		}
		centres = append(centres, p.at(pixels[i]))
		for j, at := range pixels {
			far[j] = min(far[j], p.at(at).distance(centres[len(centres)-1]))
		}
	}
	member = make([]int, len(pixels))
	for range 8 {
		sums, n := make([]colour, len(centres)), make([]float32, len(centres))
		for i, at := range pixels {
			c := p.at(at)
			best := 0
			for j := range centres {
				if c.distance(centres[j]) < c.distance(centres[best]) {
					best = j
				}
			}
			member[i] = best
			sums[best] = colour{sums[best].l + c.l, sums[best].a + c.a, sums[best].b + c.b}
			n[best]++
		}
		for j := range centres {
			if n[j] > 0 {
				centres[j] = colour{sums[j].l / n[j], sums[j].a / n[j], sums[j].b / n[j]}
			}
		}
	}
	return centres, member
}

// flood marks the background: from the border inwards what has its colours, or slides away
// from them so slowly that it is a shade of the same.
func flood(p *lab, background []colour) mask {
	off := newField(p.w, p.h) // by how much a pixel differs from the background
	for i := range off.v {
		off.v[i] = math.MaxFloat32
		for _, c := range background {
			off.v[i] = min(off.v[i], p.at(i).distance(c))
		}
	}
	ground := newMask(p.w, p.h)
	var queue []int
	add := func(i int) {
		if !ground.in[i] {
			ground.in[i] = true
			queue = append(queue, i)
		}
	}
	for y := range p.h {
		for x := range p.w {
			if (x == 0 || y == 0 || x == p.w-1 || y == p.h-1) && off.v[y*p.w+x] <= sameColour {
				add(y*p.w + x)
			}
		}
	}
	for len(queue) > 0 {
		i := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		for j := range ground.beside(i) {
			if off.v[j] <= sameColour || off.v[j] <= slidColour && p.at(i).distance(p.at(j)) <= slide {
				add(j)
			}
		}
	}
	return ground
}

// mask is a set of pixels.
type mask struct {
	w, h int
	in   []bool
}

func newMask(w, h int) mask { return mask{w, h, make([]bool, w*h)} }

func (m *mask) count() int {
	n := 0
	for _, in := range m.in {
		if in {
			n++
		}
	}
	return n
}

// beside is the up to four neighbours of a pixel.
func (m *mask) beside(i int) func(yield func(int) bool) {
	x, y := i%m.w, i/m.w
	return func(yield func(int) bool) {
		_ = (x == 0 || yield(i-1)) && (x == m.w-1 || yield(i+1)) && (y == 0 || yield(i-m.w)) && (y == m.h-1 || yield(i+m.w))
	}
}

// erode takes the outermost pixels away, n times; the picture's border is no edge.
func (m *mask) erode(n int) { m.grow(n, false) }

// dilate adds the pixels around, n times.
func (m *mask) dilate(n int) { m.grow(n, true) }

func (m *mask) grow(n int, in bool) {
	for range n {
		var turned []int
		for i := range m.in {
			if m.in[i] == in {
				continue
			}
			for j := range m.beside(i) {
				if m.in[j] == in {
					turned = append(turned, i)
					break
				}
			}
		}
		for _, i := range turned {
			m.in[i] = in
		}
	}
}

// parts are the connected sets of pixels that are in or, with in false, are not.
func (m *mask) parts(in bool) [][]int {
	seen := make([]bool, len(m.in))
	var list [][]int
	for first := range m.in {
		if seen[first] || m.in[first] != in {
			continue
		}
		part := []int{first}
		seen[first] = true
		for k := 0; k < len(part); k++ {
			for j := range m.beside(part[k]) {
				if !seen[j] && m.in[j] == in {
					seen[j] = true
					part = append(part, j)
				}
			}
		}
		list = append(list, part)
	}
	return list
}

// dropSpecks takes away what is smaller than a part of the largest piece.
func (m *mask) dropSpecks(part float64) {
	pieces := m.parts(true)
	if len(pieces) == 0 {
		return
	}
	largest := slices.MaxFunc(pieces, func(a, b []int) int { return cmp.Compare(len(a), len(b)) })
	for _, piece := range pieces {
		if float64(len(piece)) < part*float64(len(largest)) {
			for _, i := range piece {
				m.in[i] = false
			}
		}
	}
}

// fillHoles adds what is enclosed, where it has at most limit pixels.
func (m *mask) fillHoles(limit int) {
	for _, hole := range m.parts(false) {
		open := len(hole) > limit
		for _, i := range hole {
			x, y := i%m.w, i/m.w
			open = open || x == 0 || y == 0 || x == m.w-1 || y == m.h-1
		}
		if open {
			continue
		}
		for _, i := range hole {
			m.in[i] = true
		}
	}
}
