package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"avatarforge/internal/servertest"
)

func TestFolder(t *testing.T) {
	testBlobs(t, func(t *testing.T) string { return filepath.Join(t.TempDir(), "파일 ?#%41") })
}

func TestBucket(t *testing.T) {
	testBlobs(t, func(t *testing.T) string { return servertest.S3(t) + "/a?secure=false" })
}

// Two installations can share a bucket, and one of them has it all.
func TestBucketWithoutPrefix(t *testing.T) {
	testBlobs(t, func(t *testing.T) string { return servertest.S3(t) + "?secure=false" })
}

// blobRig is a file store under test.
type blobRig struct {
	*testing.T
	Blobs
}

func (r *blobRig) put(name, text string) {
	r.Helper()
	if err := r.Put(r.Context(), name, strings.NewReader(text), int64(len(text)), "audio/wav"); err != nil {
		r.Fatal(err)
	}
}

func (r *blobRig) read(name string) string {
	r.Helper()
	b, err := r.Open(r.Context(), name)
	if err != nil {
		r.Fatal(err)
	}
	defer b.Close()
	text, err := io.ReadAll(b)
	if err != nil {
		r.Fatal(err)
	}
	return string(text)
}

func (r *blobRig) names(prefix string) []string {
	r.Helper()
	var names []string
	for info, err := range r.List(r.Context(), prefix) {
		if err != nil {
			r.Fatal(err)
		}
		names = append(names, info.Name)
	}
	slices.Sort(names)
	return names
}

func (r *blobRig) wantNames(why, prefix string, want ...string) {
	r.Helper()
	if got := r.names(prefix); !slices.Equal(got, want) {
		r.Errorf("%s: %q, want %q", why, got, want)
	}
}

// testBlobs is what every file store has to do.
func testBlobs(t *testing.T, location func(*testing.T) string) {
	for _, tt := range []struct {
		name string
		test func(*blobRig)
	}{
		{"put, stat, open, delete", testBlobLife},
		{"ranges", testBlobRanges},
		{"names", testBlobNames},
		{"lists", testBlobLists},
		{"readers that break off", testBlobBrokenReaders},
		{"put again while it is read", testBlobReplaced},
		{"many at once", testBlobsAtOnce},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b, err := OpenBlobs(t.Context(), location(t))
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			tt.test(&blobRig{t, b})
		})
	}
}

func testBlobLife(r *blobRig) {
	const name = "users/42/audio/한글 이름.wav"
	ctx := r.Context()
	_, err := r.Stat(ctx, name)
	wantErr(r.T, "before it is there", err, ErrNotFound)
	_, err = r.Open(ctx, name)
	wantErr(r.T, "before it is there", err, ErrNotFound)

	before := time.Now().Add(-2 * time.Second) // HTTP's times are whole seconds
	r.put(name, "소리")
	info, err := r.Stat(ctx, name)
	if err != nil {
		r.Fatal(err)
	}
	if info.Name != name || info.Size != int64(len("소리")) || info.ContentType != "audio/wav" {
		r.Errorf("%+v", info)
	}
	if info.Modified.Before(before) || info.Modified.After(time.Now().Add(2*time.Second)) {
		r.Errorf("modified %v", info.Modified)
	}
	if len(info.ETag) < 3 || info.ETag[0] != '"' || info.ETag[len(info.ETag)-1] != '"' {
		r.Errorf("%s is no strong entity tag", info.ETag)
	}
	if got := r.read(name); got != "소리" {
		r.Errorf("read %q", got)
	}

	r.put(name, "다른 소리")
	again, err := r.Stat(ctx, name)
	if err != nil || again.ETag == info.ETag {
		r.Errorf("the tag stays %s, though the file has changed: %v", again.ETag, err)
	}
	if got := r.read(name); got != "다른 소리" {
		r.Errorf("read %q after it was put again", got)
	}
	for range 2 { // the second time it is not there, which is what was wanted
		if err := r.Delete(ctx, name); err != nil {
			r.Error(err)
		}
	}
	_, err = r.Stat(ctx, name)
	wantErr(r.T, "deleted", err, ErrNotFound)

	r.put("empty.wav", "")
	if got := r.read("empty.wav"); got != "" {
		r.Errorf("nothing became %q", got)
	}
	if err := r.Put(ctx, "unknown.wav", iotest.OneByteReader(strings.NewReader("stream")), -1, "audio/wav"); err != nil {
		r.Errorf("a size that is not known: %v", err)
	} else if got := r.read("unknown.wav"); got != "stream" {
		r.Errorf("read %q", got)
	}
	big := strings.Repeat("0123456789abcdef", 20<<16) // 20 MiB, over a part
	r.put("big.wav", big)
	if got := r.read("big.wav"); got != big {
		r.Errorf("%d bytes became %d", len(big), len(got))
	}
}

// A browser that seeks asks for ranges.
func testBlobRanges(r *blobRig) {
	r.put("a.wav", "0123456789")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		b, err := r.Open(req.Context(), "a.wav")
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		defer b.Close()
		w.Header().Set("Content-Type", b.ContentType)
		w.Header().Set("ETag", b.ETag)
		http.ServeContent(w, req, "", b.Modified, b)
	}))
	defer server.Close()
	tag := ""
	for _, tt := range []struct {
		asked  string
		status int
		want   string
	}{
		{"", http.StatusOK, "0123456789"},
		{"bytes=0-0", http.StatusPartialContent, "0"},
		{"bytes=4-", http.StatusPartialContent, "456789"},
		{"bytes=2-4", http.StatusPartialContent, "234"},
		{"bytes=-3", http.StatusPartialContent, "789"},
		{"bytes=10-", http.StatusRequestedRangeNotSatisfiable, ""},
	} {
		req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, server.URL, nil)
		if err != nil {
			r.Fatal(err)
		}
		if tt.asked != "" {
			req.Header.Set("Range", tt.asked)
			req.Header.Set("If-Range", tag)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			r.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != tt.status || tt.want != "" && string(body) != tt.want {
			r.Errorf("range %q: %d %q, %v, want %d %q", tt.asked, res.StatusCode, body, err, tt.status, tt.want)
		}
		tag = res.Header.Get("ETag")
	}
}

func testBlobNames(r *blobRig) {
	ctx := r.Context()
	r.put("folder/file.wav", "x")
	for _, name := range []string{
		"", ".", "/", "/a", "a/", "a//b", "../a", "a/../b", "..", "./a", "a/..", ".hidden", "a/.hidden", ".unfinished/x",
		`a\b`, "a\x00b", "a\nb", "a\x7f", "\xff", strings.Repeat("a", 256), strings.Repeat("ab/", 400) + "a",
	} {
		err := r.Put(ctx, name, strings.NewReader("x"), 1, "audio/wav")
		wantErr(r.T, fmt.Sprintf("put %.20q", name), err, ErrInvalid)
		_, err = r.Stat(ctx, name)
		wantErr(r.T, fmt.Sprintf("stat %.20q", name), err, ErrNotFound)
		_, err = r.Open(ctx, name)
		wantErr(r.T, fmt.Sprintf("open %.20q", name), err, ErrNotFound)
		if err := r.Delete(ctx, name); err != nil {
			r.Errorf("delete %.20q: %v", name, err)
		}
	}
	for _, name := range []string{"folder", "folder/file.wav/below"} { // no files
		_, err := r.Open(ctx, name)
		wantErr(r.T, "open "+name, err, ErrNotFound)
		_, err = r.Stat(ctx, name)
		wantErr(r.T, "stat "+name, err, ErrNotFound)
		if err := r.Delete(ctx, name); err != nil {
			r.Errorf("delete %s: %v", name, err)
		}
	}
	for _, name := range []string{"a b+c&d=e%2F?f#g.wav", "'quotes\"<>|*.wav", "…", "‥/a..b/c.", strings.Repeat("가", 85)} {
		r.put(name, name)
		if got := r.read(name); got != name {
			r.Errorf("%q reads %q", name, got)
		}
	}
	r.wantNames("nothing else has come to be", "",
		"'quotes\"<>|*.wav", "a b+c&d=e%2F?f#g.wav", "folder/file.wav", "‥/a..b/c.", "…", strings.Repeat("가", 85))
}

func testBlobLists(r *blobRig) {
	r.wantNames("nothing", "")
	for _, name := range []string{"a.wav", "a/b.wav", "a/bc/d.wav", "ab/c.wav", "b.wav"} {
		r.put(name, name)
	}
	r.wantNames("all", "", "a.wav", "a/b.wav", "a/bc/d.wav", "ab/c.wav", "b.wav")
	r.wantNames("a folder", "a/", "a/b.wav", "a/bc/d.wav")
	r.wantNames("the beginning of names", "a", "a.wav", "a/b.wav", "a/bc/d.wav", "ab/c.wav")
	r.wantNames("the beginning of names in a folder", "a/b", "a/b.wav", "a/bc/d.wav")
	r.wantNames("a whole name", "a/b.wav", "a/b.wav")
	r.wantNames("no name's", "c")
	r.wantNames("a folder that is not there", "x/y/")
	r.wantNames("no way up", "../")
	for info, err := range r.List(r.Context(), "a/b.wav") {
		if err != nil || info.Size != 7 || info.ContentType != "audio/wav" || info.Modified.IsZero() {
			r.Errorf("%+v, %v", info, err)
		}
	}
	for range r.List(r.Context(), "") { // leaving early is allowed
		break
	}
	// More than a page of S3's, which has 1,000.
	const many = 1100
	for i := range many {
		r.put(fmt.Sprintf("many/%d.wav", i), "x")
	}
	if got := len(r.names("many/")); got != many {
		r.Errorf("%d of %d names", got, many)
	}
	ctx, cancel := context.WithCancel(r.Context())
	cancel()
	failed := false
	for _, err := range r.List(ctx, "many/") {
		failed = failed || err != nil
	}
	if !failed {
		r.Error("a list whose context ended looks complete")
	}
}

func testBlobBrokenReaders(r *blobRig) {
	broken := errors.New("the upstream broke off")
	const text = "0123456789"
	for _, old := range []string{"", "what was there before"} {
		for _, tt := range []struct {
			why  string
			r    io.Reader
			size int64
			want error
		}{
			{"a reader that fails", io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken)), 20, broken},
			{"a reader that fails at its end", io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken)), 10, broken},
			{"a reader of unknown size that fails", io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken)), -1, broken},
			{"too few bytes", strings.NewReader(text), 11, ErrInvalid},
			{"too many bytes", strings.NewReader(text), 9, ErrInvalid},
			{"too many bytes, one by one", iotest.OneByteReader(strings.NewReader(text)), 9, ErrInvalid},
			{"bytes where none are to be", strings.NewReader(text), 0, ErrInvalid},
		} {
			name := "a.wav"
			if old != "" {
				r.put(name, old)
			}
			err := r.Put(r.Context(), name, tt.r, tt.size, "audio/wav")
			wantErr(r.T, tt.why, err, tt.want)
			if old != "" {
				if got := r.read(name); got != old {
					r.Errorf("%s: %q is not what was there before", tt.why, got)
				}
			} else {
				r.wantNames(tt.why+" leaves nothing", "")
			}
		}
	}
	ctx, cancel := context.WithCancel(r.Context())
	leaving := io.MultiReader(strings.NewReader(text), readFunc(func([]byte) (int, error) { cancel(); return 0, nil }))
	if err := r.Put(ctx, "late.wav", leaving, 20, ""); !errors.Is(err, context.Canceled) {
		r.Errorf("a context that ends: %v", err)
	}
	if _, err := r.Stat(r.Context(), "late.wav"); !errors.Is(err, ErrNotFound) {
		r.Errorf("half a file is there: %v", err)
	}
	// iotest.DataErrReader gives its end with the last bytes.
	if err := r.Put(r.Context(), "ok.wav", iotest.DataErrReader(strings.NewReader(text)), 10, ""); err != nil {
		r.Error(err)
	}
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// Who has begun to read a file never gets a mixture of it and its successor.
func testBlobReplaced(r *blobRig) {
	old, young := strings.Repeat("a", 1<<20), strings.Repeat("b", 1<<20)
	r.put("a.wav", old)
	b, err := r.Open(r.Context(), "a.wav")
	if err != nil {
		r.Fatal(err)
	}
	defer b.Close()
	front := make([]byte, 1000)
	if _, err := io.ReadFull(b, front); err != nil {
		r.Fatal(err)
	}
	r.put("a.wav", young)
	if _, err := b.Seek(1<<19, io.SeekStart); err != nil {
		r.Fatal(err)
	}
	rest, err := io.ReadAll(b)
	if bytes.ContainsRune(rest, 'b') {
		r.Errorf("the new file's bytes after the old one's (and %v)", err)
	}
}

func testBlobsAtOnce(r *blobRig) {
	const writers = 8
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			text := strings.Repeat(fmt.Sprint(w), 100_000)
			for i := range 5 {
				for _, name := range []string{"same.wav", fmt.Sprintf("new/folder/%d/%d.wav", i, w)} {
					if err := r.Put(r.Context(), name, strings.NewReader(text), int64(len(text)), ""); err != nil {
						r.Errorf("%s: %v", name, err)
					}
				}
			}
		})
	}
	wg.Wait()
	got := r.read("same.wav")
	if len(got) != 100_000 || strings.Trim(got, got[:1]) != "" {
		r.Errorf("%d bytes of several writers", len(got))
	}
	if n := len(r.names("new/")); n != writers*5 {
		r.Errorf("%d files of %d", n, writers*5)
	}
}

func TestFolderCannotBeLeft(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	secret := filepath.Join(outside, "secret.wav")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"link.wav": secret, "links": outside} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Skip(err) // a system without links
		}
	}
	b, err := OpenBlobs(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for _, name := range []string{"link.wav", "links/secret.wav"} {
		if _, err := b.Open(t.Context(), name); err == nil {
			t.Errorf("%s leads out", name)
		}
	}
	if err := b.Put(t.Context(), "links/new.wav", strings.NewReader("x"), 1, ""); err == nil {
		t.Error("a file can be put outside")
	}
	if err := b.Put(t.Context(), "link.wav", strings.NewReader("x"), 1, ""); err != nil {
		t.Errorf("a link is replaced, not followed: %v", err)
	}
	if text, err := os.ReadFile(secret); err != nil || string(text) != "secret" {
		t.Errorf("outside: %q, %v", text, err)
	}
	if left, err := os.ReadDir(filepath.Join(dir, unfinished)); err != nil || len(left) > 0 {
		t.Errorf("unfinished files are left: %v, %v", left, err)
	}
}

// What a crash leaves behind goes away, what another instance is writing does not.
func TestFolderIsSwept(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, unfinished), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, age := range map[string]time.Duration{"old": 2 * abandonedAfter, "young": time.Minute} {
		file := filepath.Join(dir, unfinished, name)
		if err := os.WriteFile(file, []byte("half a f"), 0o600); err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(-age)
		if err := os.Chtimes(file, then, then); err != nil {
			t.Fatal(err)
		}
	}
	b, err := OpenBlobs(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	left, err := os.ReadDir(filepath.Join(dir, unfinished))
	if err != nil || len(left) != 1 || left[0].Name() != "young" {
		t.Errorf("left: %v, %v", left, err)
	}
	(&blobRig{t, b}).wantNames("and none of it is a file", "")
}

func TestS3Address(t *testing.T) {
	got, err := parsePlace("s3://k:a%2Fb%40@host:9000/bucket/some/prefix/?secure=false&region=eu-1")
	want := place{"host:9000", "k", "a/b@", "bucket", "some/prefix/", "eu-1", false}
	if err != nil || got != want {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
	got, err = parsePlace("s3://k:hunter2@s3.example.com/bucket")
	if want := (place{"s3.example.com", "k", "hunter2", "bucket", "", "", true}); err != nil || got != want {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
	for why, bad := range map[string]string{
		"no bucket":          "s3://k:hunter2@host",
		"no key":             "s3://host/bucket",
		"no secret":          "s3://k@host/bucket",
		"not a URL":          "s3://k:hunter2%@host/bucket",
		"not a boolean":      "s3://k:hunter2@host/bucket?secure=maybe",
		"a misspelt option":  "s3://k:hunter2@host/bucket?secur=false",
		"a prefix upwards":   "s3://k:hunter2@host/bucket/../x",
		"a secret's slashes": "s3://k:hunter2/x@host/bucket",
	} {
		_, err := OpenBlobs(t.Context(), bad)
		if err == nil {
			t.Errorf("%s: it opens", why)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error tells the secret: %v", why, err)
		}
	}
}

func TestS3Errors(t *testing.T) {
	_, err := OpenBlobs(t.Context(), strings.TrimSuffix(servertest.S3(t), "/files")+"/nosuch?secure=false")
	wantErr(t, "a bucket that is not there", err, ErrNotFound)
	if err != nil && !strings.Contains(err.Error(), "create it") {
		t.Errorf("the error does not say what to do: %v", err)
	}
	_, err = OpenBlobs(t.Context(), "s3://k:hunter2@127.0.0.1:1/bucket?secure=false")
	wantErr(t, "nobody listens", err, ErrUnavailable)
	for code, want := range map[string]error{
		"AccessDenied": ErrReadOnly, "XMinioStorageFull": ErrFull, "SignatureDoesNotMatch": ErrUnavailable,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut {
				w.WriteHeader(http.StatusForbidden)
				fmt.Fprintf(w, `<?xml version="1.0"?><Error><Code>%s</Code><Message>no</Message></Error>`, code)
			}
		}))
		b, err := OpenBlobs(t.Context(), "s3://k:hunter2@"+strings.TrimPrefix(server.URL, "http://")+"/files?secure=false&region=us-east-1")
		if err != nil {
			t.Fatal(err)
		}
		err = b.Put(t.Context(), "a.wav", strings.NewReader("x"), 1, "")
		wantErr(t, code, err, want)
		server.Close()
	}
}
