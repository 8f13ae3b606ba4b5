package loadtest

import (
	"bytes"
	"fmt"
	"html/template"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

const (
	plotWidth  = 16 * vg.Centimeter
	plotHeight = 8 * vg.Centimeter
)

// colors of a plot's lines, told apart by most people who see few colours too.
var colors = [...]color.Color{
	color.RGBA{0x00, 0x72, 0xb2, 0xff}, color.RGBA{0xd5, 0x5e, 0x00, 0xff}, color.RGBA{0x00, 0x9e, 0x73, 0xff},
}

// curve is one line of a plot.
type curve struct {
	name   string
	points plotter.XYs
}

// plots draws all there is to be seen, each as an SVG without an outside file.
func (f *Figures) plots() ([]template.HTML, error) {
	var list []template.HTML
	for _, p := range []struct {
		title, x, y string
		curves      []curve
	}{
		{"How long the listeners waited", "milliseconds", "% of the questions", f.distributions()},
		{"The same over time, the slowest of twenty", "seconds", "milliseconds", []curve{
			f.overTime("first token", func(m *Moment) *float64 { return m.FirstToken }),
			f.overTime("first audio", func(m *Moment) *float64 { return m.FirstAudio }),
		}},
		{"Listeners", "seconds", "listeners", []curve{
			f.overTime("connected", func(m *Moment) *float64 { return whole(m.Connected) }),
			f.overTime("in an answer", func(m *Moment) *float64 { return whole(m.Talking) }),
		}},
		{"What went wrong", "seconds", "in each second", []curve{
			f.overTime("errors", func(m *Moment) *float64 { return whole(m.Faults) }),
			f.overTime("stutters", func(m *Moment) *float64 { return whole(m.Stutters) }),
		}},
		{"The server's processors", "seconds", "cores", []curve{f.ofServer("cores", func(s *UsageSample) float64 { return s.Cores })}},
		{"The server's memory", "seconds", "MB", []curve{f.ofServer("resident", func(s *UsageSample) float64 { return s.Memory / 1e6 })}},
		{"Sentences that waited for synthesis", "seconds", "sentences", []curve{f.ofServer("waiting", func(s *UsageSample) float64 { return s.SpeechWaiting })}},
	} {
		svg, err := draws(p.title, p.x, p.y, p.curves)
		if err != nil {
			return nil, fmt.Errorf("draw %q: %w", p.title, err)
		}
		if svg != "" {
			list = append(list, svg)
		}
	}
	return list, nil
}

func whole(n int) *float64 {
	v := float64(n)
	return &v
}

func (f *Figures) distributions() (list []curve) {
	for _, m := range [...]Measure{FirstToken, FirstSentence, FirstAudio} {
		c := curve{name: waitNames[m]}
		for percent, ms := range f.CDF[m] {
			c.points = append(c.points, plotter.XY{X: ms, Y: float64(percent)})
		}
		list = append(list, c)
	}
	return list
}

func (f *Figures) overTime(name string, value func(*Moment) *float64) curve {
	c := curve{name: name}
	for i := range f.Timeline {
		if v := value(&f.Timeline[i]); v != nil {
			c.points = append(c.points, plotter.XY{X: float64(f.Timeline[i].Second), Y: *v})
		}
	}
	return c
}

func (f *Figures) ofServer(name string, value func(*UsageSample) float64) curve {
	c := curve{name: name}
	if f.Server != nil {
		for i := range f.Server.Samples {
			c.points = append(c.points, plotter.XY{X: f.Server.Samples[i].Second, Y: value(&f.Server.Samples[i])})
		}
	}
	return c
}

// draws makes an SVG of the curves that have points; empty where none has.
func draws(title, x, y string, curves []curve) (template.HTML, error) {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Y.Min = 0
	p.Legend.Top = true
	p.Add(plotter.NewGrid())
	drawn := false
	for i, c := range curves {
		if len(c.points) == 0 {
			continue
		}
		line, err := plotter.NewLine(c.points)
		if err != nil {
			return "", err
		}
		line.Color, line.Width = colors[i%len(colors)], vg.Points(1.5)
		p.Add(line)
		if len(curves) > 1 {
			p.Legend.Add(c.name, line)
		}
		drawn = true
	}
	if !drawn {
		return "", nil
	}
	canvas := vgsvg.New(plotWidth, plotHeight)
	p.Draw(draw.New(canvas))
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return "", err
	}
	// Without what stands before the root in a file of its own.
	_, svg, _ := bytes.Cut(b.Bytes(), []byte("<svg"))
	return template.HTML("<svg" + string(svg)), nil //nolint:gosec // drawn here, of our own words and of numbers
}
