package avatar

// part is which side of a figure a triangle is on.
type part uint8

const (
	partFront part = iota
	partBack
	partRim
)

// solid is a closed surface of triangles.
type solid struct {
	at    [][3]float64 // vertices: x to the right, y down, z to the viewer, in cells
	faces []face
}

// face is a triangle, counter-clockwise as seen from outside where y points up.
type face struct {
	v    [3]int32
	part part
}

// surface closes front and back of the relief to a solid. The cells between the nodes are cut
// along the outline (marching squares); a ring of nodes outside the picture closes what
// reaches its border.
func (r *relief) surface() *solid {
	s := &surfacer{relief: r, solid: &solid{}, made: map[site][2]int32{}}
	for y := -1; y < r.h; y++ {
		for x := -1; x < r.w; x++ {
			s.cell(x, y)
		}
	}
	return s.solid
}

type surfacer struct {
	*relief
	solid *solid
	made  map[site][2]int32 // front and back vertex
}

// site is where a vertex stands: at a node or, with dx or dy, between it and the next.
type site struct{ x, y, dx, dy int }

func (s *surfacer) inside(x, y int) bool {
	return x >= 0 && y >= 0 && x < s.w && y < s.h && s.cover.v[y*s.w+x] > 0.5
}

// cell makes the triangles between four nodes, x and y being the upper left.
func (s *surfacer) cell(x, y int) {
	corners := [4][2]int{{x, y}, {x + 1, y}, {x + 1, y + 1}, {x, y + 1}} // clockwise as seen, y being down
	var in [4]bool
	n := 0
	for i, c := range corners {
		if in[i] = s.inside(c[0], c[1]); in[i] {
			n++
		}
	}
	if n == 0 {
		return
	}
	if n == 2 && in[0] == in[2] { // two opposite corners: they do not touch
		for i := range corners {
			if in[i] {
				s.polygon([]site{s.between(corners[(i+3)%4], corners[i]), nodeAt(corners[i]), s.between(corners[i], corners[(i+1)%4])}, 2)
			}
		}
		return
	}
	// Around the cell, from the corner after which the inside ends.
	var ring []site
	cut := -1 // the vertex after which the polygon follows the outline
	for i, c := range corners {
		if in[i] {
			ring = append(ring, nodeAt(c))
		}
		if next := (i + 1) % 4; in[i] != in[next] {
			if in[i] {
				cut = len(ring)
			}
			ring = append(ring, s.between(c, corners[next]))
		}
	}
	s.polygon(ring, cut)
}

func nodeAt(c [2]int) site { return site{x: c[0], y: c[1]} }

func (s *surfacer) between(a, b [2]int) site {
	if a[0] > b[0] || a[1] > b[1] {
		a, b = b, a
	}
	return site{a[0], a[1], b[0] - a[0], b[1] - a[1]}
}

// polygon makes a polygon's front and back and, from its vertex cut to the next, the rim; cut is -1
// where there is none.
func (s *surfacer) polygon(ring []site, cut int) {
	v := make([][2]int32, len(ring))
	for i, at := range ring {
		v[i] = s.vertex(at)
	}
	first := 0
	if len(ring) == 4 {
		// Along the diagonal that bends less.
		z := func(i int) float64 { return s.solid.at[v[i][0]][2] }
		if d := z(0) - z(2); d*d > (z(1)-z(3))*(z(1)-z(3)) {
			first = 1
		}
	}
	for i := 1; i+1 < len(ring); i++ {
		a, b, c := v[first], v[(first+i)%len(ring)], v[(first+i+1)%len(ring)]
		s.face(a[0], c[0], b[0], partFront)
		s.face(a[1], b[1], c[1], partBack)
	}
	if cut >= 0 {
		a, b := v[cut], v[(cut+1)%len(v)]
		s.face(a[0], b[0], b[1], partRim)
		s.face(a[0], b[1], a[1], partRim)
	}
}

func (s *surfacer) face(a, b, c int32, p part) {
	s.solid.faces = append(s.solid.faces, face{[3]int32{a, b, c}, p})
}

// vertex is the front and the back vertex at a site.
func (s *surfacer) vertex(at site) [2]int32 {
	if v, ok := s.made[at]; ok {
		return v
	}
	x, y := float64(at.x), float64(at.y)
	var front, back float64
	if at.dx == 0 && at.dy == 0 {
		i := at.y*s.w + at.x
		front, back = float64(s.front.v[i]), float64(s.back.v[i])
	} else {
		// In which of the two nodes the figure is, and whether the other is one at all.
		inX, inY, outX, outY := at.x, at.y, at.x+at.dx, at.y+at.dy
		if !s.inside(inX, inY) {
			inX, inY, outX, outY = outX, outY, inX, inY
		}
		i := inY*s.w + inX
		t := 0.5 // the picture's border
		if outX < 0 || outY < 0 || outX >= s.w || outY >= s.h {
			front, back = float64(s.front.v[i]), float64(s.back.v[i])
		} else {
			t = float64(crossing(s.cover.v[i], s.cover.v[outY*s.w+outX]))
			front, back = s.side*rim, s.side*rim
		}
		x, y = float64(inX)+t*float64(outX-inX), float64(inY)+t*float64(outY-inY)
	}
	v := [2]int32{int32(len(s.solid.at)), int32(len(s.solid.at) + 1)}
	s.solid.at = append(s.solid.at, [3]float64{x + 0.5, y + 0.5, front}, [3]float64{x + 0.5, y + 0.5, -back})
	s.made[at] = v
	return v
}
