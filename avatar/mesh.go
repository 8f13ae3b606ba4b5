package avatar

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"math"
)

const (
	// DefaultTriangles is the budget of a figure for which no other is asked; at it, outlines
	// look round on a screen.
	DefaultTriangles = 40_000
	// MinTriangles is the least budget.
	MinTriangles = 500
	// MaxTriangles is the largest budget.
	MaxTriangles = 200_000

	// The longer side of the grid of heights, at least and at most.
	minGrid, maxGrid = 96, 480
	// crease is the angle between faces, as a cosine, from which on an edge is sharp.
	crease = 0.6
)

// Mesh is a figure as a renderer takes it: metres, y up, facing z, the lower edge of its middle at the
// origin, its longer side 1.
type Mesh struct {
	Positions [][3]float32
	Normals   [][3]float32 // of length 1
	UVs       [][2]float32 // 0, 0 is the upper left of the texture
	Triangles [][3]uint32  // counter-clockwise from outside
	Texture   []byte       // a JPEG
}

// errNoFigure is a picture that shows nothing: one that is transparent all over.
var errNoFigure = errors.New("there is nothing in the picture")

// Relief makes a figure from a picture: the figure in it, cut out of its background and bulging to
// the front and the back, with the picture on it. The surface is closed. It has at most the
// given number of triangles, or, for an outline too complicated for that, as few as it can
// be drawn with. A picture without a background that can be told from a figure becomes a
// plaque.
//
// The same picture always gives the same figure. It takes about a second and, beside the
// picture, up to 250 MB; the picture's longer side should be at most 2,048 pixels. Its only
// errors are the end of ctx and a picture in which nothing is to be seen.
func Relief(ctx context.Context, img *image.NRGBA, triangles int) (*Mesh, error) {
	m := newMatte(img)
	img, m = m.cropped(img)
	if img.Rect.Empty() {
		return nil, errNoFigure
	}
	r := newRelief(img, &m, gridFor(triangles))
	s := r.surface()
	if len(s.faces) == 0 {
		return nil, errNoFigure
	}
	if err := s.decimate(ctx, triangles); err != nil {
		return nil, err
	}
	texture := newAtlas(img, &m)
	mesh := s.finish(&r, texture)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, texture.img, &jpeg.Options{Quality: 92}); err != nil {
		return nil, fmt.Errorf("write the texture: %w", err)
	}
	mesh.Texture = buf.Bytes()
	return mesh, nil
}

// gridFor is the grid's longer side for a budget: 320 for DefaultTriangles. A portrait has some ten times as
// many triangles on it, of which decimation takes those that show least.
func gridFor(triangles int) int {
	return min(max(int(1.6*math.Sqrt(float64(triangles))), minGrid), maxGrid)
}

// finish places the solid in the world, with normals and the texture on it.
func (s *solid) finish(r *relief, texture *atlas) *Mesh {
	low, high := s.bounds()
	scale := 1 / max(high[0]-low[0], high[1]-low[1])
	middle := vec{(low[0] + high[0]) / 2, high[1], 0}

	normals := s.cornerNormals()
	type corner struct {
		vertex int32
		back   bool
		normal [3]int16
	}
	made := make(map[corner]uint32)
	mesh := &Mesh{Triangles: make([][3]uint32, len(s.faces))}
	for i, f := range s.faces {
		for k, v := range f.v {
			n := normals[i][k]
			key := corner{v, f.part == partBack, [3]int16{int16(n[0] * 1000), int16(n[1] * 1000), int16(n[2] * 1000)}}
			at, ok := made[key]
			if !ok {
				p := s.at[v]
				at = uint32(len(mesh.Positions))
				made[key] = at
				tile := texture.front
				if key.back {
					tile = texture.back
				}
				mesh.Positions = append(mesh.Positions, [3]float32{
					float32((p[0] - middle[0]) * scale), float32((middle[1] - p[1]) * scale), float32((p[2] - middle[2]) * scale),
				})
				mesh.Normals = append(mesh.Normals, [3]float32{float32(n[0]), float32(-n[1]), float32(n[2])})
				mesh.UVs = append(mesh.UVs, texture.place(p[0]/float64(r.w), p[1]/float64(r.h), tile))
			}
			mesh.Triangles[i][k] = at
		}
	}
	return mesh
}

func (s *solid) bounds() (low, high vec) {
	low, high = s.at[0], s.at[0]
	for _, p := range s.at {
		for k := range 3 {
			low[k], high[k] = min(low[k], p[k]), max(high[k], p[k])
		}
	}
	return low, high
}

// cornerNormals is for each corner of each face the normal of the surface there: the mean of the
// faces around the vertex that are not beyond a crease, by their angles at it.
func (s *solid) cornerNormals() [][3]vec {
	flat := make([]vec, len(s.faces))
	angles := make([][3]float64, len(s.faces))
	around := make([][]int32, len(s.at))
	for i, f := range s.faces {
		n, _ := s.normal(f.v)
		flat[i] = vec{-n[0], -n[1], -n[2]} // y points down here, which turns what is counter-clockwise
		for k, v := range f.v {
			around[v] = append(around[v], int32(i))
			a, b := minus(s.at[f.v[(k+1)%3]], s.at[v]), minus(s.at[f.v[(k+2)%3]], s.at[v])
			if l := math.Sqrt(sq(a) * sq(b)); l > 0 {
				angles[i][k] = math.Acos(min(max(dot(a, b)/l, -1), 1))
			}
		}
	}
	normals := make([][3]vec, len(s.faces))
	for i, f := range s.faces {
		for k, v := range f.v {
			var sum vec
			for _, g := range around[v] {
				if dot(flat[i], flat[g]) < crease {
					continue
				}
				angle := angles[g][cornerOf(s.faces[g].v, v)]
				for c := range 3 {
					sum[c] += flat[g][c] * angle
				}
			}
			length := math.Sqrt(sq(sum))
			if length < 1e-9 { // of a face without area
				sum, length = vec{0, 0, 1}, 1
			}
			normals[i][k] = vec{sum[0] / length, sum[1] / length, sum[2] / length}
		}
	}
	return normals
}

func cornerOf(face [3]int32, v int32) int {
	for k, c := range face {
		if c == v {
			return k
		}
	}
	return 0
}
