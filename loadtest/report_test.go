package loadtest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func ranFigures() *Figures {
	r := newRecorder(time.Unix(1000, 0))
	for i := range 200 {
		now := r.start.Add(time.Duration(i) * 100 * time.Millisecond)
		r.asked(now)
		r.wait(now, FirstToken, time.Duration(i)*time.Millisecond)
		r.wait(now, FirstAudio, time.Duration(3*i)*time.Millisecond)
		r.ended(now, fateWhole)
	}
	r.connection(r.start, 3)
	r.fault(r.start, FaultLost)
	r.listener(time.Second, time.Second, true)
	f := r.figures(r.start.Add(20 * time.Second))
	f.URL = `http://localhost:1/<script>alert(1)</script>`
	f.Server = &Usage{Samples: []UsageSample{{Second: 0, Memory: 1e8}, {Second: 1, Cores: 0.5, Memory: 2e8}}}
	return f
}

func TestFiguresOfARun(t *testing.T) {
	f := ranFigures()
	w := f.Waits[FirstAudio]
	// Within the three digits that are kept of each.
	if w.Count != 200 || w.P50 < 296 || w.P50 > 300 || w.Max < 596 || w.Max > 598 || w.Mean < 298 || w.Mean > 299 {
		t.Errorf("%+v, want 0 to 597 ms", w)
	}
	if len(f.Timeline) != 20 || f.Timeline[5].Asked != 10 || *f.Timeline[5].FirstToken != 59 || f.Timeline[0].Faults != 1 {
		t.Errorf("%d seconds, the sixth being %+v", len(f.Timeline), f.Timeline[5])
	}
	if _, ok := f.Waits[Silence]; ok {
		t.Error("there is a wait that never happened")
	}
	if f.Stutters.Share != 1 {
		t.Errorf("%+v", f.Stutters)
	}
}

// The report is one page without anything from elsewhere, and its plots are well-formed.
func TestReport(t *testing.T) {
	var b bytes.Buffer
	limit, err := ParseLimit("first_audio.p95<100")
	if err != nil {
		t.Fatal(err)
	}
	if err := ranFigures().WriteReport(&b, []Limit{limit}); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, outside := range []string{"<script", "src=", "href=\"http", "url(", "@import", "<link"} {
		if strings.Contains(page, outside) {
			t.Errorf("the page has %s", outside)
		}
	}
	for _, word := range []string{"first audio", "first_audio.p95&lt;100", "200 questions"} {
		if !strings.Contains(page, word) {
			t.Errorf("the page does not say %q", word)
		}
	}
	plots := strings.Split(page, "<figure>")[1:]
	if len(plots) != 7 {
		t.Errorf("%d plots", len(plots))
	}
	for i, p := range plots {
		svg, _, _ := strings.Cut(p, "</figure>")
		for d := xml.NewDecoder(strings.NewReader(svg)); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Errorf("plot %d: %v", i, err)
				break
			}
		}
		if !strings.Contains(svg, "<path") {
			t.Errorf("plot %d shows nothing", i)
		}
	}
}

func TestTable(t *testing.T) {
	var b bytes.Buffer
	if err := ranFigures().WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"first audio", "interrupt to silence"} {
		if strings.Contains(b.String(), word) != (word == "first audio") {
			t.Errorf("the table is\n%s", &b)
		}
	}
	if !strings.Contains(b.String(), "Errors: lost 1") {
		t.Errorf("the table is\n%s", &b)
	}
}
