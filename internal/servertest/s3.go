package servertest

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// S3 starts an S3 server in this process, with an empty bucket "files", that stops when the test ends, and
// returns the bucket's address without its query: s3://key:secret@host:port/files. It speaks plain HTTP.
func S3(tb testing.TB) string {
	tb.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("files"); err != nil {
		tb.Fatal(err)
	}
	server := httptest.NewServer(likeS3(gofakes3.New(backend).Server()))
	tb.Cleanup(server.Close)
	return "s3://key:sec%2Fret@" + strings.TrimPrefix(server.URL, "http://") + "/files"
}

// likeS3 adds what S3 knows and gofakes3 does not: a GET on the condition that the file is the same, and
// a part of a file that comes signed piece by piece.
func likeS3(s3 http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if size := r.Header.Get("X-Amz-Decoded-Content-Length"); r.URL.Query().Has("partNumber") && size != "" {
			r.Body = io.NopCloser(&pieces{r: bufio.NewReader(r.Body)})
			r.Header.Set("Content-Length", size)
			r.ContentLength, _ = strconv.ParseInt(size, 10, 64)
		}
		if tag := r.Header.Get("If-Match"); r.Method == http.MethodGet && tag != "" {
			head := r.Clone(r.Context())
			head.Method = http.MethodHead
			answer := httptest.NewRecorder()
			s3.ServeHTTP(answer, head)
			if strings.Trim(answer.Header().Get("ETag"), `"`) != strings.Trim(tag, `"`) {
				w.WriteHeader(http.StatusPreconditionFailed)
				fmt.Fprint(w, `<?xml version="1.0"?><Error><Code>PreconditionFailed</Code></Error>`)
				return
			}
		}
		s3.ServeHTTP(w, r)
	})
}

// pieces reads a body in S3's aws-chunked encoding: each piece has its length in hexadecimal, a semicolon
// and its signature before it. The last one is empty.
type pieces struct {
	r    *bufio.Reader
	left int
	end  bool
}

func (p *pieces) Read(b []byte) (int, error) {
	if p.left == 0 && !p.end {
		line, err := p.r.ReadString('\n')
		if err != nil {
			return 0, err
		}
		if _, err := fmt.Sscanf(line, "%x;", &p.left); err != nil {
			return 0, err
		}
		p.end = p.left == 0
	}
	if p.end {
		return 0, io.EOF
	}
	n, err := p.r.Read(b[:min(len(b), p.left)])
	if p.left -= n; p.left == 0 && err == nil {
		_, err = p.r.Discard(len("\r\n"))
	}
	return n, err
}
