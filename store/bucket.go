package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

const (
	// partSize is how much of a file is held in memory to be sent at once; where the file's size is not known,
	// the library's own choice would be over 500 MB.
	partSize = 16 << 20
	// bucketTries is how often something is asked of a server that fails. The tries are our own: the library
	// begins one while its last still reads what is to be sent.
	bucketTries = 3
	// bucketPause is how long the first of the pauses between them is; the next is twice as long.
	bucketPause = 200 * time.Millisecond
)

// bucket is Blobs in a bucket of an S3 server, below a prefix.
type bucket struct {
	client    *minio.Client
	transport *bucketTransport // client's
	name      string
	prefix    string // empty, or with a slash at its end
}

// place is what an s3:// URL says.
type place struct {
	endpoint, key, secret, bucket, prefix, region string
	secure                                        bool
}

// parsePlace reads an s3:// URL. Its errors never repeat the URL, which holds a secret.
func parsePlace(location string) (p place, err error) {
	u, err := url.Parse(location)
	if err != nil {
		return p, errors.New("the s3:// address is not a URL: percent-encode special characters of its key and secret")
	}
	p.endpoint, p.secure = u.Host, true
	p.key = u.User.Username()
	p.secret, _ = u.User.Password()
	p.bucket, p.prefix, _ = strings.Cut(strings.Trim(u.Path, "/"), "/")
	if p.endpoint == "" || p.key == "" || p.secret == "" || p.bucket == "" {
		return p, errors.New("the s3:// address needs a key, a secret, a host and a bucket: s3://key:secret@host:port/bucket/prefix")
	}
	if p.prefix != "" {
		if !validBlobName(p.prefix) {
			return p, fmt.Errorf("the prefix %q of the s3:// address is no path", p.prefix)
		}
		p.prefix += "/"
	}
	for option, values := range u.Query() {
		value := values[len(values)-1]
		switch option {
		case "secure":
			if p.secure, err = strconv.ParseBool(value); err != nil {
				return p, errors.New("the s3:// address has a secure= that is neither true nor false")
			}
		case "region":
			p.region = value
		default:
			return p, fmt.Errorf("the s3:// address has an unknown option %q", option)
		}
	}
	return p, nil
}

func openBucket(ctx context.Context, location string) (*bucket, error) {
	p, err := parsePlace(location)
	if err != nil {
		return nil, err
	}
	transport, err := newBucketTransport(p.secure)
	if err != nil {
		return nil, err
	}
	client, err := minio.New(p.endpoint, &minio.Options{
		Creds:  credentials.NewStaticV4(p.key, p.secret, ""),
		Secure: p.secure, Region: p.region, MaxRetries: 1, Transport: transport,
	})
	if err != nil {
		return nil, err
	}
	var there bool
	err = patientTries(ctx, func() (err error) {
		there, err = client.BucketExists(ctx, p.bucket)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("bucket %s on %s: %w", p.bucket, p.endpoint, err)
	}
	if !there {
		return nil, fmt.Errorf("bucket %s on %s: %w: create it, or correct its name", p.bucket, p.endpoint, ErrNotFound)
	}
	return &bucket{client, transport, p.bucket, p.prefix}, nil
}

func (b *bucket) Put(ctx context.Context, name string, r io.Reader, size int64, contentType string) error {
	const doing = "store file"
	if !validBlobName(name) {
		return wrap(doing, fmt.Errorf("%w: the name %q", ErrInvalid, name))
	}
	r, err := exactly(whileAlive{ctx, r}, size)
	if err != nil {
		return wrap(doing, err)
	}
	if contentType == "" {
		contentType = unknownContent
	}
	opts := minio.PutObjectOptions{ContentType: contentType}
	switch {
	case size < 0:
		opts.PartSize = partSize
	case size == 0:
		// Signed piece by piece, as over http, an empty body would go without a length, which S3 refuses.
		opts.DisableContentSha256 = true
	}
	if size < 0 || size > partSize {
		return wrap(doing, b.put(ctx, name, r, size, opts))
	}
	all, err := io.ReadAll(r) // from memory it can be sent again
	if err != nil {
		return wrap(doing, err)
	}
	return wrap(doing, patientTries(ctx, func() error {
		return b.put(ctx, name, bytes.NewReader(all), size, opts)
	}))
}

// put sends a file once.
func (b *bucket) put(ctx context.Context, name string, r io.Reader, size int64, opts minio.PutObjectOptions) error {
	stored, err := b.client.PutObject(ctx, b.name, b.prefix+name, r, size, opts)
	if err == nil && stored.ETag == "" {
		return errNotS3
	}
	return err
}

// patientTries does something that does no harm when it is done twice, again where the server fails.
func patientTries(ctx context.Context, do func() error) error {
	for n := 1; ; n++ {
		err := do()
		if kind := classify(err); n == bucketTries || kind != ErrUnavailable && kind != ErrBusy { //nolint:errorlint // a value of ours
			return err
		}
		select {
		case <-time.After(bucketPause << (n - 1)):
		case <-ctx.Done():
			return err
		}
	}
}

func (b *bucket) Open(ctx context.Context, name string) (*Blob, error) {
	const doing = "open file"
	if !validBlobName(name) {
		return nil, wrap(doing, ErrNotFound)
	}
	var object *minio.Object
	var info minio.ObjectInfo
	err := patientTries(ctx, func() (err error) {
		// Bytes are asked for as they are read, from where they are read, and of this version alone.
		if object, err = b.client.GetObject(ctx, b.name, b.prefix+name, minio.GetObjectOptions{}); err != nil {
			return err
		}
		if info, err = object.Stat(); err != nil {
			return errors.Join(err, object.Close())
		}
		return nil
	})
	if err != nil {
		return nil, wrap(doing, err)
	}
	return &Blob{objectInfo(name, &info), object}, nil
}

func (b *bucket) Stat(ctx context.Context, name string) (BlobInfo, error) {
	const doing = "look a file up"
	if !validBlobName(name) {
		return BlobInfo{}, wrap(doing, ErrNotFound)
	}
	var info minio.ObjectInfo
	err := patientTries(ctx, func() (err error) {
		info, err = b.client.StatObject(ctx, b.name, b.prefix+name, minio.StatObjectOptions{})
		return err
	})
	if err != nil {
		return BlobInfo{}, wrap(doing, err)
	}
	return objectInfo(name, &info), nil
}

func (b *bucket) Delete(ctx context.Context, name string) error {
	if !validBlobName(name) {
		return nil
	}
	err := wrap("delete file", patientTries(ctx, func() error {
		return b.client.RemoveObject(ctx, b.name, b.prefix+name, minio.RemoveObjectOptions{})
	}))
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

func (b *bucket) List(ctx context.Context, prefix string) iter.Seq2[BlobInfo, error] {
	return func(yield func(BlobInfo, error) bool) {
		ctx, stop := context.WithCancel(ctx) // the library goes on asking otherwise, when yield says stop
		defer stop()
		opts := minio.ListObjectsOptions{Prefix: b.prefix + prefix, Recursive: true}
		for object := range b.client.ListObjectsIter(ctx, b.name, opts) {
			if object.Err != nil {
				yield(BlobInfo{}, wrap("list files", object.Err))
				return
			}
			info := objectInfo(strings.TrimPrefix(object.Key, b.prefix), &object)
			info.ETag = ""
			if info.ContentType == "" { // a listing has none
				info.ContentType = contentTypes[strings.ToLower(path.Ext(info.Name))]
			}
			if !yield(info, nil) {
				return
			}
		}
		if ctx.Err() != nil { // which the library takes for the list's end
			yield(BlobInfo{}, wrap("list files", context.Cause(ctx)))
		}
	}
}

// Close gives up the connections that nothing uses. Those of files that are still read end with these.
func (b *bucket) Close() error {
	b.transport.direct.CloseIdleConnections()
	return nil
}

func objectInfo(name string, o *minio.ObjectInfo) BlobInfo {
	return BlobInfo{Name: name, Size: o.Size, ContentType: o.ContentType, Modified: o.LastModified.UTC(), ETag: `"` + o.ETag + `"`}
}
