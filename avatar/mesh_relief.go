package avatar

import (
	"image"
	"math"
)

// All of these are parts of the figure's longer side.
const (
	frontDepth = 0.20 // how far the front of a wide part bulges
	backDepth  = 0.14
	roundness  = 0.20  // the distance from the edge over which a surface becomes flat
	grain      = 0.045 // how far light and dark details lie apart
	rim        = 0.003 // half the thickness at the edge
	plaqueFlat = 0.2   // by how much a plaque is flatter than a figure
)

// relief is a front and a back over a grid of nodes, which lie in the middles of its cells. One
// unit is one cell.
type relief struct {
	w, h  int
	cover field   // over 0.5: inside
	front field   // heights, in cells, towards the viewer
	back  field   // and away
	side  float64 // longer side, in cells
}

// newRelief makes the heights. The outline is that of the matte, to a fraction of a cell.
func newRelief(img *image.NRGBA, m *matte, side int) relief {
	w, h := fit(img.Rect.Dx(), img.Rect.Dy(), side)
	r := relief{w: w, h: h, side: float64(max(w, h)), cover: m.cover.resized(w, h)}
	bulge := r.bulge(roundness * r.side)
	light := newLab(shrunk(img, max(w, h)))
	detail := r.detail(&light.l)
	depth := 1.0
	if m.whole {
		depth = plaqueFlat
	}
	r.front, r.back = newField(w, h), newField(w, h)
	for i, b := range bulge.v {
		if r.cover.v[i] <= 0.5 {
			continue
		}
		u := math.Pow(float64(b), 1.2)
		// Details fade towards the edge, which has to stay where it is.
		fade := u * u * (3 - 2*u)
		r.front.v[i] = float32(r.side * (rim + depth*frontDepth*u + grain*fade*float64(detail.v[i])))
		r.front.v[i] = max(r.front.v[i], float32(r.side*rim))
		r.back.v[i] = float32(r.side * (rim + depth*backDepth*u))
	}
	r.front = r.smoothed(r.front)
	r.back = r.smoothed(r.back)
	return r
}

// bulge is how far from the edge a node is, 0 to 1, as a round surface sees it: the square root
// of the solution of (Δ - 1/λ²)u = -1, scaled to 1 far inside. A strip narrower than λ has nearly the
// section of an ellipse; what is wider becomes flat. Along the border of the picture the
// surface runs on.
func (r *relief) bulge(lambda float64) field {
	// For each inside node: what its neighbours count for together. One that is outside is
	// zero at the outline, and the nearer that is, the more it counts.
	degree := newField(r.w, r.h)
	for y := range r.h {
		for x := range r.w {
			i := y*r.w + x
			if r.cover.v[i] <= 0.5 {
				continue
			}
			d := float32(1 / (lambda * lambda))
			for _, n := range r.around(x, y) {
				if n < 0 {
					continue
				}
				if r.cover.v[n] > 0.5 {
					d++
				} else {
					d += 1 / max(crossing(r.cover.v[i], r.cover.v[n]), 0.25)
				}
			}
			degree.v[i] = d
		}
	}
	u := newField(r.w, r.h)
	// Over-relaxed as for a surface of length λ, after which the edge is not felt any more.
	omega := float32(2 / (1 + math.Sin(math.Pi/(2*lambda))))
	for range int(4 * lambda) {
		for y := range r.h {
			for x := range r.w {
				i := y*r.w + x
				if degree.v[i] == 0 {
					continue
				}
				sum := float32(1)
				for _, n := range r.around(x, y) {
					if n >= 0 {
						sum += u.v[n] // zero outside
					}
				}
				u.v[i] += omega * (sum/degree.v[i] - u.v[i])
			}
		}
	}
	for i, v := range u.v {
		u.v[i] = float32(min(math.Sqrt(max(float64(v), 0))/lambda, 1))
	}
	return u
}

// around is the four neighbours of a node, -1 for those beyond the picture.
func (r *relief) around(x, y int) (n [4]int) {
	i := y*r.w + x
	n = [4]int{i - 1, i + 1, i - r.w, i + r.w}
	if x == 0 {
		n[0] = -1
	}
	if x == r.w-1 {
		n[1] = -1
	}
	if y == 0 {
		n[2] = -1
	}
	if y == r.h-1 {
		n[3] = -1
	}
	return n
}

// crossing is where between an inside and an outside node the outline is: 0 at the inside one.
func crossing(inside, outside float32) float32 {
	return min(max((inside-0.5)/(inside-outside), 0.08), 0.92)
}

// detail is what light and dark make of the surface, about -1 to 1: a face's lighter middle
// comes forward, lines and dark hair go back.
func (r *relief) detail(l *field) field {
	inside := newField(r.w, r.h)
	for i, c := range r.cover.v {
		if c > 0.5 {
			inside.v[i] = 1
		}
	}
	fine := l.blurred(r.side/160, &inside)
	mid := l.blurred(r.side/32, &inside)
	wide := l.blurred(r.side/7, &inside)
	out := newField(r.w, r.h)
	for i := range out.v {
		if inside.v[i] == 0 {
			continue
		}
		v := 0.25*float64(fine.v[i]-mid.v[i])/30 + 0.6*float64(mid.v[i]-wide.v[i])/40
		out.v[i] = float32(math.Tanh(v))
	}
	return out.blurred(r.side/130, &inside)
}

// smoothed takes the steps out of a surface, without moving its edge.
func (r *relief) smoothed(f field) field {
	for range 2 {
		next := field{f.w, f.h, make([]float32, len(f.v))}
		copy(next.v, f.v)
		for y := range r.h {
			for x := range r.w {
				i := y*r.w + x
				sum, n := float32(0), float32(0)
				for _, j := range r.around(x, y) {
					if j >= 0 && r.cover.v[j] > 0.5 {
						sum += f.v[j]
						n++
					}
				}
				if n == 4 && r.cover.v[i] > 0.5 {
					next.v[i] = 0.5*f.v[i] + 0.5*sum/n
				}
			}
		}
		f = next
	}
	return f
}
