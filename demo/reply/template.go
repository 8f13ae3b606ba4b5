package reply

import "strings"

// vars are what a line can mention. An absent or empty one makes a line that needs
// it unusable.
type vars map[string]string

// fill writes a line: {x} is the value of x, {x:은} the value with the particle that
// fits it, and [ … ] is left out where a value in it is missing. It reports false if
// a value outside brackets is missing.
func fill(line string, v vars) (string, bool) {
	var out strings.Builder
	for line != "" {
		open := strings.IndexAny(line, "{[")
		if open < 0 {
			out.WriteString(line)
			break
		}
		out.WriteString(line[:open])
		rest := line[open+1:]
		if line[open] == '[' {
			inner, after, _ := strings.Cut(rest, "]")
			if s, ok := fill(inner, v); ok {
				out.WriteString(s)
			}
			line = after
			continue
		}
		inner, after, _ := strings.Cut(rest, "}")
		name, form, _ := strings.Cut(inner, ":")
		value := v[name]
		if value == "" {
			return "", false
		}
		out.WriteString(value)
		if form != "" {
			out.WriteString(particle(value, form))
		}
		line = after
	}
	return out.String(), true
}
