package avatar_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"avatarforge/avatar"
)

// subjects are pictures of every kind that becomes a figure.
func subjects() map[string]*image.NRGBA {
	noise := image.NewNRGBA(image.Rect(0, 0, 300, 240))
	chance := rand.New(rand.NewPCG(1, 2))
	for i := range noise.Pix {
		noise.Pix[i] = uint8(chance.Uint32())
		if i%4 == 3 {
			noise.Pix[i] = 255
		}
	}
	grey := image.NewNRGBA(image.Rect(0, 0, 200, 150))
	for i := range grey.Pix {
		grey.Pix[i] = 128
		if i%4 == 3 {
			grey.Pix[i] = 255
		}
	}
	ring := image.NewNRGBA(image.Rect(0, 0, 300, 300)) // with a hole, and a second piece that touches at a corner
	for y := range 300 {
		for x := range 300 {
			d := math.Hypot(float64(x)-140, float64(y)-140)
			if d > 60 && d < 120 || x > 230 && y > 230 {
				ring.SetNRGBA(x, y, skin)
			}
		}
	}
	dots := image.NewNRGBA(image.Rect(0, 0, 64, 64)) // hardly anything
	dots.SetNRGBA(30, 30, skin)
	comb := image.NewNRGBA(image.Rect(0, 0, 200, 200)) // an outline that is nothing but details
	for y := range 200 {
		for x := range 200 {
			if y > 175 || x%8 < 4 {
				comb.SetNRGBA(x, y, hair)
			}
		}
	}
	return map[string]*image.NRGBA{
		"portrait with transparency": portrait(480, 600, none),
		"portrait on a colour":       portrait(480, 600, sky),
		"white on white":             portrait(480, 600, color.NRGBA{255, 255, 255, 255}),
		"wide":                       portrait(2048, 300, sky),
		"tall":                       portrait(60, 900, none),
		"smallest":                   portrait(16, 16, sky),
		"noise":                      noise, "one grey": grey, "ring and corner": ring, "a dot": dots, "comb": comb,
	}
}

func relief(t *testing.T, img *image.NRGBA, triangles int) *avatar.Mesh {
	t.Helper()
	m, err := avatar.Relief(t.Context(), img, triangles)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Whatever the picture, the surface is closed, within its budget, and what the public validator takes for a model
// without an error or a warning.
func TestRelief(t *testing.T) {
	dir := t.TempDir()
	var files []string
	pictures := subjects()
	for _, name := range slices.Sorted(maps.Keys(pictures)) {
		img := pictures[name]
		budget := 2000
		switch name {
		case "portrait on a colour":
			budget = avatar.DefaultTriangles
		case "ring and corner", "wide":
			budget = avatar.MinTriangles
		}
		t.Run(name, func(t *testing.T) {
			m := relief(t, img, budget)
			checkClosed(t, m)
			checkNumbers(t, m)
			if name != "comb" && len(m.Triangles) > budget { // whose outline alone has more
				t.Errorf("%d triangles where %d are allowed", len(m.Triangles), budget)
			}
			glb, err := m.GLB()
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(dir, strings.ReplaceAll(name, " ", "-")+".glb")
			if err := os.WriteFile(file, glb, 0o600); err != nil {
				t.Fatal(err)
			}
			files = append(files, file)
		})
	}
	t.Run("validator", func(t *testing.T) { validate(t, validator(t), files) })
}

// checkClosed looks whether the surface, vertices at one place being one, has each edge exactly twice, once in each
// direction, and encloses a volume.
func checkClosed(t *testing.T, m *avatar.Mesh) {
	t.Helper()
	weld := map[[3]float32]int{}
	at := func(v uint32) int {
		p := m.Positions[v]
		if _, ok := weld[p]; !ok {
			weld[p] = len(weld)
		}
		return weld[p]
	}
	edges := map[[2]int]int{}
	volume := 0.0
	for _, f := range m.Triangles {
		var p [3][3]float64
		for k, v := range f {
			for c := range 3 {
				p[k][c] = float64(m.Positions[v][c])
			}
			edges[[2]int{at(v), at(f[(k+1)%3])}]++
		}
		volume += (p[0][0]*(p[1][1]*p[2][2]-p[1][2]*p[2][1]) - p[0][1]*(p[1][0]*p[2][2]-p[1][2]*p[2][0]) + p[0][2]*(p[1][0]*p[2][1]-p[1][1]*p[2][0])) / 6
	}
	for e, n := range edges {
		if n != 1 || edges[[2]int{e[1], e[0]}] != 1 {
			t.Errorf("an edge occurs %d times one way and %d times the other", n, edges[[2]int{e[1], e[0]}])
			return
		}
	}
	if volume <= 0 {
		t.Errorf("the volume is %g: the surface is inside out", volume)
	}
}

func checkNumbers(t *testing.T, m *avatar.Mesh) {
	t.Helper()
	if len(m.Normals) != len(m.Positions) || len(m.UVs) != len(m.Positions) {
		t.Fatalf("%d positions, %d normals, %d UVs", len(m.Positions), len(m.Normals), len(m.UVs))
	}
	low, high := [3]float32{9, 9, 9}, [3]float32{-9, -9, -9}
	for i, p := range m.Positions {
		for c := range 3 {
			low[c], high[c] = min(low[c], p[c]), max(high[c], p[c])
		}
		n := m.Normals[i]
		if length := math.Sqrt(float64(n[0]*n[0] + n[1]*n[1] + n[2]*n[2])); math.Abs(length-1) > 1e-4 {
			t.Fatalf("a normal of length %g", length)
		}
		if uv := m.UVs[i]; !(uv[0] >= 0 && uv[0] <= 1 && uv[1] >= 0 && uv[1] <= 1) {
			t.Fatalf("a UV at %v", uv)
		}
	}
	if long := max(high[0]-low[0], high[1]-low[1]); math.Abs(float64(long)-1) > 1e-4 || math.Abs(float64(low[1])) > 1e-4 {
		t.Errorf("from %v to %v: it stands on the ground and its longer side is 1 m", low, high)
	}
	if depth := high[2] - low[2]; depth <= 0 || depth > 0.5 {
		t.Errorf("it is %g deep", depth)
	}
}

func TestReliefIsRepeatable(t *testing.T) {
	img := portrait(300, 400, sky)
	first, err := relief(t, img, 5000).GLB()
	if err != nil {
		t.Fatal(err)
	}
	second, err := relief(t, img, 5000).GLB()
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("the same picture made two figures (%v)", err)
	}
}

// The figure is cut out: its outline is that of the person, whether transparency or a colour says so, and what is seen
// from the front is the picture.
func TestReliefLooksLikeThePicture(t *testing.T) {
	for name, background := range map[string]color.NRGBA{"transparent": none, "sky": sky, "dark": {0, 70, 60, 255}} {
		t.Run(name, func(t *testing.T) {
			img := portrait(480, 600, background)
			m := relief(t, img, 8000)
			texture, err := jpeg.Decode(bytes.NewReader(m.Texture))
			if err != nil {
				t.Fatal(err)
			}
			low, high := [2]float32{9, 9}, [2]float32{-9, -9}
			for _, p := range m.Positions {
				for c := range 2 {
					low[c], high[c] = min(low[c], p[c]), max(high[c], p[c])
				}
			}
			// The person is 403 pixels wide, shoulders included, and 473 high.
			if aspect := (high[0] - low[0]) / (high[1] - low[1]); math.Abs(float64(aspect)-403.0/473) > 0.015 {
				t.Errorf("it is %g times as wide as high", aspect)
			}
			wrong, seen := 0, 0
			size := texture.Bounds().Size()
			for i, p := range m.Positions {
				if p[2] <= 0.02 || m.Normals[i][2] < 0.3 {
					continue // not on the front
				}
				x := 240 + float64(p[0]-(low[0]+high[0])/2)*473
				y := 600 - float64(p[1])*473
				want := img.NRGBAAt(int(x), int(y))
				uv := m.UVs[i]
				got := color.NRGBAModel.Convert(texture.At(int(uv[0]*float32(size.X)), int(uv[1]*float32(size.Y)))).(color.NRGBA)
				seen++
				if difference(got, want) > 40 {
					wrong++
				}
			}
			if seen < 1000 || wrong*20 > seen {
				t.Errorf("of %d points on the front %d have another colour than the picture", seen, wrong)
			}
			for x := range size.X {
				for y := range size.Y {
					c := color.NRGBAModel.Convert(texture.At(x, y)).(color.NRGBA)
					if background.A > 0 && difference(c, background) < 12 {
						t.Fatalf("the background is on the figure, at %d, %d of the texture", x, y)
					}
				}
			}
		})
	}
}

func TestReliefEnds(t *testing.T) {
	ctx, end := context.WithCancelCause(t.Context())
	why := errors.New("cancelled")
	end(why)
	if _, err := avatar.Relief(ctx, portrait(300, 300, sky), 1000); !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
}

// validator is Node, where it and the page's packages are there: make test installs them.
func validator(t *testing.T) string {
	t.Helper()
	missing := t.Skip
	if os.Getenv("CI") == "true" {
		missing = t.Fatal
	}
	node, err := exec.LookPath("node")
	if err != nil {
		missing(err)
	}
	if _, err := os.Stat("../web/node_modules/gltf-validator"); err != nil {
		missing(err)
	}
	return node
}

func validate(t *testing.T, node string, files []string) {
	t.Helper()
	const script = `
		const { validateBytes } = require('gltf-validator'), fs = require('fs');
		Promise.all(process.argv.slice(1).map(async (file) => {
			const report = await validateBytes(new Uint8Array(fs.readFileSync(file)), { maxIssues: 5 });
			return { file, errors: report.issues.numErrors, warnings: report.issues.numWarnings, messages: report.issues.messages };
		})).then((all) => console.log(JSON.stringify(all)));`
	cmd := exec.Command(node, append([]string{"-e", script}, files...)...)
	cmd.Dir = "../web"
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var reports []struct {
		File             string
		Errors, Warnings int
		Messages         any
	}
	if err := json.Unmarshal(out, &reports); err != nil {
		t.Fatal(err)
	}
	if len(reports) != len(files) {
		t.Errorf("%d reports on %d files", len(reports), len(files))
	}
	for _, r := range reports {
		if r.Errors > 0 || r.Warnings > 0 {
			t.Errorf("%s: %d errors, %d warnings: %v", filepath.Base(r.File), r.Errors, r.Warnings, r.Messages)
		}
	}
}

func BenchmarkRelief(b *testing.B) {
	for name, img := range map[string]*image.NRGBA{
		"480x600": portrait(480, 600, sky), "2048x2048": portrait(2048, 2048, sky), "alpha": portrait(1000, 1400, none),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := avatar.Relief(b.Context(), img, avatar.DefaultTriangles); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
