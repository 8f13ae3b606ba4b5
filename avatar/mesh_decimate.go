package avatar

import (
	"context"
	"math"
	"slices"
)

// quadric is a symmetric 4×4 matrix: the sum of squared distances from planes, as a function of a
// point (Garland and Heckbert, "Surface simplification using quadric error metrics", 1997).
type quadric struct{ xx, xy, xz, xw, yy, yz, yw, zz, zw, ww float64 }

func (q *quadric) add(o *quadric) {
	q.xx += o.xx
	q.xy += o.xy
	q.xz += o.xz
	q.xw += o.xw
	q.yy += o.yy
	q.yz += o.yz
	q.yw += o.yw
	q.zz += o.zz
	q.zw += o.zw
	q.ww += o.ww
}

// addPlane adds the plane through p with the unit normal n, that many times.
func (q *quadric) addPlane(n, p vec, weight float64) {
	d := -dot(n, p)
	q.add(&quadric{
		n[0] * n[0] * weight, n[0] * n[1] * weight, n[0] * n[2] * weight, n[0] * d * weight,
		n[1] * n[1] * weight, n[1] * n[2] * weight, n[1] * d * weight,
		n[2] * n[2] * weight, n[2] * d * weight, d * d * weight,
	})
}

// at is the error of a point.
func (q *quadric) at(p vec) float64 {
	x, y, z := p[0], p[1], p[2]
	return q.xx*x*x + q.yy*y*y + q.zz*z*z + q.ww +
		2*(q.xy*x*y+q.xz*x*z+q.yz*y*z+q.xw*x+q.yw*y+q.zw*z)
}

// best is the point of least error, by Cramer's rule; false where there is no single one.
func (q *quadric) best() (vec, bool) {
	cx, cy, cz := q.yy*q.zz-q.yz*q.yz, q.yz*q.xz-q.xy*q.zz, q.xy*q.yz-q.yy*q.xz
	det := q.xx*cx + q.xy*cy + q.xz*cz
	trace := q.xx + q.yy + q.zz
	if math.Abs(det) < 1e-4*trace*trace*trace {
		return vec{}, false
	}
	b := vec{-q.xw, -q.yw, -q.zw}
	return vec{
		(b[0]*cx + b[1]*cy + b[2]*cz) / det,
		(b[0]*cy + b[1]*(q.xx*q.zz-q.xz*q.xz) + b[2]*(q.xy*q.xz-q.xx*q.yz)) / det,
		(b[0]*cz + b[1]*(q.xy*q.xz-q.xx*q.yz) + b[2]*(q.xx*q.yy-q.xy*q.xy)) / det,
	}, true
}

// vec is a point or a direction.
type vec = [3]float64

// seamWeight keeps the outline, where front, rim and back meet, in its place.
const seamWeight = 4

// decimate takes edges away, those first whose loss shows least, until at most budget faces are
// left or nothing can go without harm. The surface stays closed.
func (s *solid) decimate(ctx context.Context, budget int) error {
	if len(s.faces) <= budget {
		return nil
	}
	d := newDecimator(s)
	for n := 0; d.left > budget && len(d.heap) > 0; n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		e := d.pop()
		if d.version[e.a] != e.versionA || d.version[e.b] != e.versionB {
			continue
		}
		if target := d.target(e.a, e.b); d.harmless(e.a, e.b, target) {
			d.collapse(e.a, e.b, target)
		}
	}
	d.finish()
	return nil
}

// edge is one that may be taken away, if its ends are still what they were.
type edge struct {
	cost               float64
	a, b               int32
	versionA, versionB int32
}

const gone = -1 // the version of a vertex that has been merged into another

type decimator struct {
	*solid
	left    int       // faces
	dead    []bool    // by face
	version []int32   // by vertex
	of      [][]int32 // by vertex: its faces, some of them dead
	errors  []quadric // by vertex
	heap    []edge    // the least cost first
	seen    []int32   // by vertex: a mark
	mark    int32
}

func newDecimator(s *solid) *decimator {
	n := len(s.at)
	d := &decimator{
		solid: s, left: len(s.faces), dead: make([]bool, len(s.faces)), version: make([]int32, n),
		of: make([][]int32, n), errors: make([]quadric, n), seen: make([]int32, n),
	}
	count := make([]int32, n)
	for i := range s.faces {
		for _, v := range s.faces[i].v {
			count[v]++
		}
	}
	room := make([]int32, 3*len(s.faces))
	for v, c := range count {
		d.of[v], room = room[:0:c], room[c:]
	}
	for i := range s.faces {
		f := &s.faces[i]
		normal, area := d.normal(f.v)
		for _, v := range f.v {
			d.of[v] = append(d.of[v], int32(i))
			d.errors[v].addPlane(normal, s.at[v], area)
		}
	}
	d.seams()
	for i := range s.faces {
		v := s.faces[i].v
		for k := range 3 {
			if a, b := v[k], v[(k+1)%3]; a < b {
				d.heap = append(d.heap, d.edge(a, b))
			}
		}
	}
	for i := len(d.heap)/2 - 1; i >= 0; i-- {
		d.sink(i)
	}
	return d
}

// normal is a face's unit normal, zero for one without area, and its area.
func (s *solid) normal(v [3]int32) (vec, float64) {
	n := cross(minus(s.at[v[1]], s.at[v[0]]), minus(s.at[v[2]], s.at[v[0]]))
	length := math.Sqrt(dot(n, n))
	if length < 1e-12 {
		return vec{}, 0
	}
	return vec{n[0] / length, n[1] / length, n[2] / length}, length / 2
}

// seams adds, along the edges between two parts, planes that stand on both faces.
func (d *decimator) seams() {
	type half struct {
		key  uint64
		face int32
	}
	halves := make([]half, 0, 3*len(d.faces))
	for i := range d.faces {
		v := d.faces[i].v
		for k := range 3 {
			a, b := uint64(v[k]), uint64(v[(k+1)%3])
			halves = append(halves, half{min(a, b)<<32 | max(a, b), int32(i)})
		}
	}
	slices.SortFunc(halves, func(x, y half) int {
		switch {
		case x.key < y.key:
			return -1
		case x.key > y.key:
			return 1
		}
		return int(x.face - y.face)
	})
	for i := 0; i+1 < len(halves); i += 2 {
		f, g := halves[i].face, halves[i+1].face
		if d.faces[f].part == d.faces[g].part {
			continue
		}
		a, b := int32(halves[i].key>>32), int32(halves[i].key&math.MaxUint32)
		along := minus(d.at[b], d.at[a])
		length := dot(along, along)
		for _, side := range [2]int32{f, g} {
			n, area := d.normal(d.faces[side].v)
			if area == 0 || length == 0 {
				continue
			}
			across := cross(along, n)
			scale := 1 / math.Sqrt(length)
			across = vec{across[0] * scale, across[1] * scale, across[2] * scale}
			for _, v := range [2]int32{a, b} {
				d.errors[v].addPlane(across, d.at[v], seamWeight*length)
			}
		}
	}
}

func (d *decimator) edge(a, b int32) edge {
	if a > b {
		a, b = b, a
	}
	q := d.errors[a]
	q.add(&d.errors[b])
	across := minus(d.at[a], d.at[b])
	// Where nothing shows, short edges go first: faces stay of one size.
	cost := q.at(d.target(a, b)) + 1e-5*dot(across, across)
	return edge{cost, a, b, d.version[a], d.version[b]}
}

// target is where the vertex goes that takes the place of two.
func (d *decimator) target(a, b int32) vec {
	q := d.errors[a]
	q.add(&d.errors[b])
	p, r := d.at[a], d.at[b]
	mid := vec{(p[0] + r[0]) / 2, (p[1] + r[1]) / 2, (p[2] + r[2]) / 2}
	if best, ok := q.best(); ok {
		off, half := minus(best, mid), minus(p, mid)
		if dot(off, off) <= 4*dot(half, half) { // else it is far away, where two planes nearly meet
			return best
		}
	}
	least := mid
	for _, c := range [2]vec{p, r} {
		if q.at(c) < q.at(least) {
			least = c
		}
	}
	return least
}

// harmless says whether the surface stays closed and no face turns over when a and b
// become one vertex.
func (d *decimator) harmless(a, b int32, target vec) bool {
	// The two may have in common only the two vertices across their edge, and these may not
	// have their last faces there.
	d.mark++
	for _, f := range d.of[a] {
		if !d.dead[f] {
			for _, v := range d.faces[f].v {
				d.seen[v] = d.mark
			}
		}
	}
	aMark := d.mark
	d.mark++
	common := 0
	for _, f := range d.of[b] {
		if d.dead[f] {
			continue
		}
		for _, v := range d.faces[f].v {
			if v != a && v != b && d.seen[v] == aMark {
				if d.valence(v) <= 3 {
					return false
				}
				common++
			}
			d.seen[v] = d.mark
		}
	}
	return common == 2 && d.keepsFacing(a, b, target) && d.keepsFacing(b, a, target)
}

func (d *decimator) valence(v int32) int {
	n := 0
	for _, f := range d.of[v] {
		if !d.dead[f] {
			n++
		}
	}
	return n
}

// keepsFacing looks at the faces of v that other is not in.
func (d *decimator) keepsFacing(v, other int32, target vec) bool {
	for _, f := range d.of[v] {
		if d.dead[f] {
			continue
		}
		corners := d.faces[f].v
		var moved [3]vec
		shared := false
		for i, c := range corners {
			moved[i] = d.at[c]
			switch c {
			case v:
				moved[i] = target
			case other:
				shared = true
			}
		}
		if shared {
			continue
		}
		was, _ := d.normal(corners)
		n := cross(minus(moved[1], moved[0]), minus(moved[2], moved[0]))
		length := math.Sqrt(dot(n, n))
		longest := max(sq(minus(moved[1], moved[0])), sq(minus(moved[2], moved[0])), sq(minus(moved[2], moved[1])))
		// Neither over, nor to a sliver.
		if dot(n, was) < 0.3*length || length < 0.02*longest {
			return false
		}
	}
	return true
}

// collapse puts b into a.
func (d *decimator) collapse(a, b int32, target vec) {
	d.at[a] = target
	d.errors[a].add(&d.errors[b])
	d.version[b] = gone
	faces := make([]int32, 0, len(d.of[a])+len(d.of[b]))
	for _, f := range d.of[a] {
		if d.dead[f] {
			continue
		}
		if slices.Contains(d.faces[f].v[:], b) {
			d.dead[f] = true
			d.left--
			continue
		}
		faces = append(faces, f)
	}
	for _, f := range d.of[b] {
		if d.dead[f] {
			continue
		}
		v := &d.faces[f].v
		v[slices.Index(v[:], b)] = a
		faces = append(faces, f)
	}
	d.of[a], d.of[b] = faces, nil
	d.version[a]++
	// Every edge of a has another cost than before.
	d.mark++
	for _, f := range faces {
		for _, v := range d.faces[f].v {
			if v != a && d.seen[v] != d.mark {
				d.seen[v] = d.mark
				d.push(d.edge(a, v))
			}
		}
	}
}

// finish leaves out what is dead and numbers the rest anew.
func (d *decimator) finish() {
	number := make([]int32, len(d.at))
	for i := range number {
		number[i] = gone
	}
	var at []vec
	faces := d.faces[:0]
	for i, f := range d.faces {
		if d.dead[i] {
			continue
		}
		for k, v := range f.v {
			if number[v] == gone {
				number[v] = int32(len(at))
				at = append(at, d.at[v])
			}
			f.v[k] = number[v]
		}
		faces = append(faces, f)
	}
	d.at, d.faces = at, faces
}

// The heap of edges: a[i] costs no more than a[2i+1] and a[2i+2].

func (d *decimator) push(e edge) {
	d.heap = append(d.heap, e)
	for i := len(d.heap) - 1; i > 0; {
		parent := (i - 1) / 2
		if d.heap[parent].cost <= d.heap[i].cost {
			return
		}
		d.heap[parent], d.heap[i] = d.heap[i], d.heap[parent]
		i = parent
	}
}

func (d *decimator) pop() edge {
	top, last := d.heap[0], len(d.heap)-1
	d.heap[0] = d.heap[last]
	d.heap = d.heap[:last]
	d.sink(0)
	return top
}

func (d *decimator) sink(i int) {
	for {
		child := 2*i + 1
		if child >= len(d.heap) {
			return
		}
		if child+1 < len(d.heap) && d.heap[child+1].cost < d.heap[child].cost {
			child++
		}
		if d.heap[i].cost <= d.heap[child].cost {
			return
		}
		d.heap[i], d.heap[child] = d.heap[child], d.heap[i]
		i = child
	}
}

func minus(a, b vec) vec { return vec{a[0] - b[0], a[1] - b[1], a[2] - b[2]} }

func dot(a, b vec) float64 { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] }

func sq(a vec) float64 { return dot(a, a) }

func cross(a, b vec) vec {
	return vec{a[1]*b[2] - a[2]*b[1], a[2]*b[0] - a[0]*b[2], a[0]*b[1] - a[1]*b[0]}
}
