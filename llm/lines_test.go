package llm

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestLines(t *testing.T) {
	broken := errors.New("the connection broke")
	long := strings.Repeat("x", 100_000)
	for name, c := range map[string]struct {
		in    io.Reader
		lines []string
		err   error
	}{
		"one line":                      {strings.NewReader("a\n"), []string{"a"}, io.EOF},
		"several lines in one read":     {strings.NewReader("a\n\nb\r\n"), []string{"a", "", "b"}, io.EOF},
		"a line over several reads":     {iotest.OneByteReader(strings.NewReader("안녕\n하세요\n")), []string{"안녕", "하세요"}, io.EOF},
		"a last line without its end":   {strings.NewReader("a\nb"), []string{"a", "b"}, io.EOF},
		"data together with the end":    {iotest.DataErrReader(strings.NewReader("a\nb\n")), []string{"a", "b"}, io.EOF},
		"nothing":                       {strings.NewReader(""), nil, io.EOF},
		"a line longer than any buffer": {iotest.HalfReader(strings.NewReader("a\n" + long + "\nb\n")), []string{"a", long, "b"}, io.EOF},
		"a break inside a line":         {io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(broken)), []string{"a"}, broken},
		"a break between two lines":     {io.MultiReader(strings.NewReader("a\n"), iotest.ErrReader(broken)), []string{"a"}, broken},
	} {
		t.Run(name, func(t *testing.T) {
			lines := newLineReader(c.in)
			for _, wanted := range c.lines {
				got, err := lines.next()
				if err != nil || string(got) != wanted {
					t.Fatalf("got %.40q, %v, want %.40q", got, err, wanted)
				}
			}
			for range 2 { // the end is told as often as it is asked for
				if got, err := lines.next(); !errors.Is(err, c.err) || got != nil {
					t.Fatalf("got %.40q, %v, want %v", got, err, c.err)
				}
			}
		})
	}
}

func TestLineIsBounded(t *testing.T) {
	const bound = 5000 // no power of two, to which the buffer would grow anyway
	for length, wanted := range map[int]error{bound - 1: nil, bound: errLineTooLong, 1 << 20: errLineTooLong} {
		lines := newLineReader(strings.NewReader(strings.Repeat("x", length) + "\nb\n"))
		lines.max = bound
		got, err := lines.next()
		if !errors.Is(err, wanted) || err == nil && len(got) != length {
			t.Errorf("a line of %d bytes: got %d bytes, %v, want %v", length, len(got), err, wanted)
		}
		if cap(lines.buf) > bound {
			t.Errorf("a line of %d bytes: the buffer has %d", length, cap(lines.buf))
		}
	}
}

// FuzzLines: the lines of a stream do not depend on how it is cut into reads, and
// joined they are the stream.
func FuzzLines(f *testing.F) {
	f.Add([]byte("a\n\nb\r\nc"), uint8(1))
	f.Add([]byte("안녕\n\n\n"), uint8(2))
	f.Fuzz(func(t *testing.T, in []byte, step uint8) {
		lines := newLineReader(&stepReader{data: in, step: int(step)%7 + 1})
		var got []string
		for {
			line, err := lines.next()
			if err != nil {
				if !errors.Is(err, io.EOF) {
					t.Fatal(err)
				}
				break
			}
			got = append(got, string(line))
		}
		wanted := strings.Split(string(in), "\n")
		if last := len(wanted) - 1; wanted[last] == "" {
			wanted = wanted[:last]
		}
		for i := range wanted {
			wanted[i] = strings.TrimSuffix(wanted[i], "\r")
		}
		if strings.Join(got, "\n") != strings.Join(wanted, "\n") || len(got) != len(wanted) {
			t.Fatalf("got %q, want %q", got, wanted)
		}
	})
}

// stepReader gives at most step bytes a read.
type stepReader struct {
	data []byte
	step int
}

func (r *stepReader) Read(p []byte) (int, error) {
	if len(r.data) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.data[:min(r.step, len(r.data))])
	r.data = r.data[n:]
	return n, nil
}

func TestEvents(t *testing.T) {
	broken := errors.New("the connection broke")
	for name, c := range map[string]struct {
		in     string
		events []string
		err    error // that follows the input; nil: it ends
	}{
		"two events":                    {"data: a\n\ndata: b\n\n", []string{"a", "b"}, nil},
		"lines ended by CRLF":           {"data: a\r\n\r\ndata: b\r\n\r\n", []string{"a", "b"}, nil},
		"comments and keep-alives":      {": hi\n\ndata: a\n: in the middle\n\n:\n\n\n\ndata: b\n\n", []string{"a", "b"}, nil},
		"other fields":                  {"event: x\nid: 7\nretry: 5\ndata: a\n\nevent: y\n\ndatabase: z\n\n", []string{"a"}, nil},
		"data over several lines":       {"data: a\ndata: b\ndata\ndata:c\n\n", []string{"a\nb\n\nc"}, nil},
		"only one space is the field's": {"data:  a\n\ndata:b\n\n", []string{" a", "b"}, nil},
		"a byte order mark":             {"\ufeffdata: a\n\n", []string{"a"}, nil},
		"an end without a blank line":   {"data: a\n\ndata: [DONE]\n", []string{"a", "[DONE]"}, nil},
		"an end without a line end":     {"data: a\n\ndata: [DONE]", []string{"a", "[DONE]"}, nil},
		"a break after an event":        {"data: a\n\n", []string{"a"}, broken},
		"a break inside an event":       {"data: a\n\ndata: b\n", []string{"a"}, broken},
		"nothing but comments":          {": a\n: b\n\n", nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			for step := 1; step <= 8; step++ {
				end := c.err
				var in io.Reader = &stepReader{data: []byte(c.in), step: step}
				if end != nil {
					in = io.MultiReader(in, iotest.ErrReader(end))
				} else {
					end = io.EOF
				}
				events := newEventReader(in)
				for _, wanted := range c.events {
					got, err := events.next()
					if err != nil || string(got) != wanted {
						t.Fatalf("reads of %d: got %q, %v, want %q", step, got, err, wanted)
					}
				}
				for range 2 {
					if got, err := events.next(); !errors.Is(err, end) {
						t.Fatalf("reads of %d: got %q, %v, want %v", step, got, err, end)
					}
				}
			}
		})
	}
}

func TestEventOfManyLinesIsBounded(t *testing.T) {
	events := newEventReader(strings.NewReader(strings.Repeat("data: 0123456789\n", 2000)))
	events.lines.max = 8 << 10
	if _, err := events.next(); !errors.Is(err, errLineTooLong) {
		t.Errorf("got %v, want %v", err, errLineTooLong)
	}
}

// FuzzEvents: events do not depend on how the stream is cut into reads, and never
// hold more than was sent.
func FuzzEvents(f *testing.F) {
	f.Add([]byte("data: a\n\ndata: b\n\n"), uint8(1))
	f.Add([]byte(": x\r\n\r\ndata: {}\r\n\r\ndata: [DONE]"), uint8(3))
	f.Fuzz(func(t *testing.T, in []byte, step uint8) {
		read := func(r io.Reader) (all [][]byte) {
			events := newEventReader(r)
			for {
				data, err := events.next()
				if err != nil {
					return all
				}
				all = append(all, bytes.Clone(data))
			}
		}
		whole := read(bytes.NewReader(in))
		cut := read(&stepReader{data: in, step: int(step)%7 + 1})
		if len(whole) != len(cut) {
			t.Fatalf("%d events whole, %d cut", len(whole), len(cut))
		}
		total := 0
		for i := range whole {
			if !bytes.Equal(whole[i], cut[i]) {
				t.Fatalf("event %d: %q whole, %q cut", i, whole[i], cut[i])
			}
			total += len(whole[i])
		}
		if total > len(in) {
			t.Fatalf("%d bytes out of %d", total, len(in))
		}
	})
}
