package loadtest

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
)

//go:embed report.html
var reportPage string

// WriteReport writes the figures as an HTML page that needs no other file. Limits are the
// ones to tell of; nil for none.
func (f *Figures) WriteReport(w io.Writer, limits []Limit) error {
	page, err := template.New("report").Parse(reportPage)
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	plots, err := f.plots()
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	type row struct {
		Name string
		Wait
	}
	var rows []row
	for _, m := range measures {
		if d, ok := f.Waits[m]; ok {
			rows = append(rows, row{waitNames[m], d})
		}
	}
	if err := page.Execute(w, map[string]any{
		"Figures": f, "Waits": rows, "Sentences": f.sentences(), "Plots": plots, "Limits": limits, "Broken": f.Broken(limits),
	}); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}
