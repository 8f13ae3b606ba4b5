package llm

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestTranscripts decodes what the services send, in whole, byte by byte and in
// halves, and compares the deltas with the golden file.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*/*.*")
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, file := range files {
		if strings.HasSuffix(file, ".golden") {
			continue
		}
		tried++
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			golden := strings.TrimSuffix(file, filepath.Ext(file)) + ".golden"
			got := decoded(file, bytes.NewReader(data))
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			wanted, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			want(t, "the deltas are those of the golden file", got, string(wanted))
			want(t, "reads of one byte change nothing", decoded(file, iotest.OneByteReader(bytes.NewReader(data))), got)
			want(t, "reads that end inside lines change nothing", decoded(file, iotest.HalfReader(bytes.NewReader(data))), got)
		})
	}
	if tried < 10 {
		t.Errorf("only %d transcripts found", tried)
	}
}

// decoded lists a transcript's deltas, one a line.
func decoded(file string, r io.Reader) string {
	up := &upstream{base: &url.URL{Host: "gpu-box:11434"}}
	clock := newWatch(func(error) {}, -1, -1)
	var d decoder
	if filepath.Ext(file) == ".sse" {
		up.service = "vllm"
		d = &vllmDecoder{up: up, events: newEventReader(r), clock: clock}
	} else {
		up.service = "ollama"
		d = &ollamaDecoder{up: up, lines: newLineReader(r), clock: clock}
	}
	var out strings.Builder
	for {
		delta, err := d.next()
		if err != nil {
			fmt.Fprintf(&out, "error %v\n", err)
			return out.String()
		}
		fmt.Fprintf(&out, "text %q\n", delta.Text)
		if delta.Finish != "" {
			fmt.Fprintf(&out, "finish %s, %d tokens in, %d out\n", delta.Finish, delta.Usage.InputTokens, delta.Usage.OutputTokens)
			return out.String()
		}
	}
}
