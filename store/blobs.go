package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"strings"
	"time"
)

// Blobs is a store of files: a folder, or a bucket of an S3 server. Every method may be called from any
// goroutine. Errors are this package's, as for Store.
//
// A name is a relative path with slashes, as io/fs defines it: users/42/audio/ab.wav. No part of it begins
// with a dot, is longer than 255 bytes, or holds a backslash or a control character; the whole is 900 bytes
// at most. Names that break this are ErrInvalid to Put and ErrNotFound to the rest.
type Blobs interface {
	// Put stores what r gives, in place of what had the name. Once it has returned nil the file lasts, and at
	// no moment does anybody find a part of it. size is in bytes, negative where it is not known; an r that
	// gives more or less is ErrInvalid, and then nothing has changed.
	Put(ctx context.Context, name string, r io.Reader, size int64, contentType string) error
	// Open opens a file, whose context has to last until it is closed.
	Open(ctx context.Context, name string) (*Blob, error)
	Stat(ctx context.Context, name string) (BlobInfo, error)
	// Delete deletes a file. One that is not there is no error.
	Delete(ctx context.Context, name string) error
	// List is all files whose names begin with the prefix, in no particular order. It ends with the first
	// error. Files that come or go meanwhile may be in it or not.
	List(ctx context.Context, prefix string) iter.Seq2[BlobInfo, error]
	Close() error
}

// BlobInfo is what is known of a file.
type BlobInfo struct {
	Name        string
	Size        int64 // in bytes
	ContentType string
	Modified    time.Time
	// ETag is a strong validator, quotes included: it changes when the file is put again. Empty in a List.
	ETag string
}

// Blob is an open file, for http.ServeContent among others.
type Blob struct {
	BlobInfo
	io.ReadSeekCloser
}

// OpenBlobs opens the file store at a location: the path of a folder, which is made when it is not there,
// or a bucket, which has to be there:
//
//	s3://key:secret@host:port/bucket/prefix?secure=true&region=us-east-1
//
// secure (https) is true unless it says false. Characters of key and secret that a URL gives a meaning to are
// percent-encoded (a slash as %2F). The prefix may be empty.
func OpenBlobs(ctx context.Context, location string) (Blobs, error) {
	var (
		b   Blobs
		err error
	)
	if strings.HasPrefix(location, "s3://") {
		b, err = openBucket(ctx, location)
	} else {
		b, err = openFolder(location)
	}
	if err != nil {
		return nil, wrap("open the file store", err)
	}
	return b, nil
}

const maxBlobName = 900 // S3 allows 1,024 bytes, of which the prefix takes some

func validBlobName(name string) bool {
	if name == "." || !fs.ValidPath(name) || len(name) > maxBlobName || strings.ContainsFunc(name, func(r rune) bool {
		return r == '\\' || r < ' ' || r == 0x7f
	}) {
		return false
	}
	for part := range strings.SplitSeq(name, "/") {
		if part[0] == '.' || len(part) > 255 {
			return false
		}
	}
	return true
}

// contentTypes is what a folder knows of its files: the ending says it. The system's own table differs from
// machine to machine.
var contentTypes = map[string]string{
	".wav": "audio/wav", ".ogg": "audio/ogg", ".aac": "audio/aac", ".raw": "audio/L16", ".mp3": "audio/mpeg",
	".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp",
	".glb": "model/gltf-binary", ".json": "application/json",
}

const unknownContent = "application/octet-stream"

// exactly gives what r gives, and fails where that is not size bytes; a negative size allows any.
func exactly(r io.Reader, size int64) (io.Reader, error) {
	if size < 0 {
		return r, nil
	}
	e := &exactReader{r: r, left: size}
	if size == 0 { // nobody might read it
		return e, e.wantEnd()
	}
	return e, nil
}

type exactReader struct {
	r    io.Reader
	left int64
}

func (e *exactReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if e.left == 0 {
		return 0, io.EOF
	}
	n, err := e.r.Read(p[:min(int64(len(p)), e.left)])
	e.left -= int64(n)
	if e.left > 0 {
		if errors.Is(err, io.EOF) {
			err = fmt.Errorf("%w: %d bytes fewer than announced", ErrInvalid, e.left)
		}
		return n, err
	}
	// A reader that has got all it asked for does not come again: look for the end here.
	if err == nil {
		if err := e.wantEnd(); err != nil {
			return 0, err
		}
	} else if !errors.Is(err, io.EOF) {
		return 0, err
	}
	return n, nil
}

func (e *exactReader) wantEnd() error {
	n, err := io.ReadFull(e.r, make([]byte, 1))
	switch {
	case n > 0:
		return fmt.Errorf("%w: more bytes than announced", ErrInvalid)
	case errors.Is(err, io.EOF):
		return nil
	}
	return err
}

// whileAlive reads until its context ends.
type whileAlive struct {
	ctx context.Context //nolint:containedctx // it lives for one Put
	r   io.Reader
}

func (w whileAlive) Read(p []byte) (int, error) {
	if w.ctx.Err() != nil {
		return 0, context.Cause(w.ctx)
	}
	return w.r.Read(p)
}
