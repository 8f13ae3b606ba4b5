package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode/utf8"
)

// shown is the value without its secrets.
func (s setting) shown() string {
	if mask := s.option.value.mask; mask != nil {
		return mask(s.text)
	}
	return s.text
}

// print writes the settings as aligned text: variable, value, where it comes from.
func (s sources) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, setting := range s {
		shown := setting.shown()
		if shown == "" {
			shown = "-"
		}
		from := strings.TrimSpace(string(setting.source) + " " + setting.name)
		if _, err := fmt.Fprintf(t, "%s\t%s\t%s\n", setting.option.key, shown, from); err != nil {
			return err
		}
	}
	return t.Flush()
}

// printJSON writes the settings as one object, by variable.
func (s sources) printJSON(w io.Writer) error {
	type entry struct {
		Value  string `json:"value"`
		Source source `json:"source"`
		From   string `json:"from,omitempty"` // the file, variable or flag
	}
	entries := make(map[string]entry, len(s))
	for _, setting := range s {
		entries[setting.option.key] = entry{setting.shown(), setting.source, setting.name}
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(entries)
}

// printHelp writes what can be set.
func printHelp(w io.Writer) error {
	var b strings.Builder
	b.WriteString(`Each flag is an environment variable too (--listen-addr is LISTEN_ADDR) and a key of
the YAML file that --config names (listen_addr). The flag wins, then the variable,
then the file, then the default. An empty variable counts as unset.

  --config path
        YAML file to read.
`)
	for _, s := range sections {
		fmt.Fprintf(&b, "\n%s\n", s.title)
		for _, o := range s.options {
			fmt.Fprintf(&b, "  --%s %s\n", o.flag(), o.value.kind)
			help := o.describe()
			if o.value.kind == kindWord {
				help += " It is " + o.value.allowed + "."
			}
			if o.def != "" {
				help += " Default: " + o.def
			}
			if o.fallback != "" {
				help += " (" + o.fallback + " is read too.)"
			}
			for _, line := range wrap(help, 72) {
				b.WriteString("        " + line + "\n")
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// example is a YAML file with every key and its default, commented out.
func example() string {
	var b strings.Builder
	b.WriteString(`# Configuration of Avatar Forge: avatarforge serve --config avatarforge.yaml
#
# Every key is here with its default; take the # away to change it. A variable of the
# same name in capitals (LISTEN_ADDR) wins over this file, a flag (--listen-addr)
# over both. "avatarforge config" prints what is in force, and why.
`)
	for _, s := range sections {
		fmt.Fprintf(&b, "\n# --- %s ---\n", s.title)
		for _, o := range s.options {
			b.WriteByte('\n')
			for _, line := range append(wrap(o.describe(), 82), wrap("Allowed: "+o.value.allowed+".", 82)...) {
				b.WriteString("# " + line + "\n")
			}
			def := o.def
			if def == "" {
				def = `""`
			}
			fmt.Fprintf(&b, "#%s: %s\n", o.yaml(), def)
		}
	}
	return b.String()
}

// page is docs/configuration.md.
func page() string {
	var b strings.Builder
	b.WriteString(`# Configuration

Each setting is an environment variable, a flag of the same name (LISTEN_ADDR is
--listen-addr) and a key of the YAML file that --config names (listen_addr). The flag
wins, then the variable, then the file, then the default; an empty variable counts as
unset. An unknown key or a bad value stops the start, and all of them are reported at once.
"avatarforge config" prints what is in force, secrets masked, and where each value came
from. This page is made from the program's own table.
`)
	for _, s := range sections {
		fmt.Fprintf(&b, "\n## %s\n\n| variable | default | meaning | allowed |\n| --- | --- | --- | --- |\n", s.title)
		for _, o := range s.options {
			def := "empty"
			if o.def != "" {
				def = "`" + o.def + "`"
			}
			meaning := o.describe()
			if o.fallback != "" {
				meaning += " (`" + o.fallback + "` is read too.)"
			}
			row := []string{"`" + o.key + "`", def, meaning, o.value.allowed}
			for i := range row {
				row[i] = strings.ReplaceAll(row[i], "|", "\\|")
			}
			fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
		}
	}
	return b.String()
}

// wrap breaks text at spaces into lines of at most width characters, where it can.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width:
			lines = append(lines, line)
			line = word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}
