package store

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/sony/gobreaker/v2"
)

const (
	// bucketPatience is how long a server may say nothing, before its answer and in the middle of one, or take
	// nothing of what it is sent.
	bucketPatience = 10 * time.Second
	// bucketFailures is how many requests in a row may fail before the server is left alone: those of one call,
	// see bucketTries.
	bucketFailures = bucketTries
	// bucketRest is for how long that is.
	bucketRest = 10 * time.Second
	// maxBucketAnswer is how long an answer may be that is no file: a list of a thousand names has 1 MB.
	maxBucketAnswer = 16 << 20
)

// errNotS3 says that something else answers where the server should be.
var errNotS3 = errors.New("what answers there is no S3 server")

// bucketTransport makes the requests to an S3 server. A server that does not answer costs its patience once;
// then requests fail at once, but for one now and again that sees whether it is back. Else they would pile up,
// each with a file in memory and somebody who waits.
type bucketTransport struct {
	direct  *http.Transport
	breaker *gobreaker.CircuitBreaker[*http.Response]
}

func newBucketTransport(secure bool) (*bucketTransport, error) {
	direct, err := minio.DefaultTransport(secure)
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: bucketPatience / 2, KeepAlive: 30 * time.Second}
	direct.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &patientConn{conn}, nil
	}
	direct.IdleConnTimeout = bucketPatience                                    // what patientConn would end by an error
	breaker := gobreaker.NewCircuitBreaker[*http.Response](gobreaker.Settings{ //nolint:bodyclose // it makes no request
		Name: "s3", MaxRequests: 1, Timeout: bucketRest,
		ReadyToTrip: func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= bucketFailures },
		IsExcluded:  func(err error) bool { return errors.As(err, new(*quickError)) || errors.Is(err, context.Canceled) },
	})
	return &bucketTransport{direct, breaker}, nil
}

// RoundTrip implements http.RoundTripper.
func (t *bucketTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.breaker.Execute(func() (*http.Response, error) {
		began := time.Now()
		resp, err := t.direct.RoundTrip(r)
		if err != nil && time.Since(began) < time.Second {
			err = &quickError{err}
		}
		return resp, err
	})
	var quick *quickError
	if errors.As(err, &quick) {
		err = quick.error
	}
	if err == nil && r.Body != nil && resp.Header.Get("Location") != "" && resp.StatusCode/100 == 3 {
		// The client would follow, and close a body that is still being sent, which the library's does not bear.
		resp.Body.Close()
		return nil, errNotS3
	}
	if resp != nil && (r.Method != http.MethodGet || resp.ContentLength < 0) {
		resp.Body = &boundedBody{resp.Body, maxBucketAnswer}
	}
	return resp, err
}

// boundedBody is an answer that is no file: the library reads such to their end, wherever that is.
type boundedBody struct {
	io.ReadCloser
	left int64
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errNotS3
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// quickError is a failure that has kept nobody waiting.
type quickError struct{ error }

// patientConn is a connection that ends where nothing moves on it for bucketPatience, in either direction: while
// a file is sent, nothing comes.
type patientConn struct{ net.Conn }

func (c *patientConn) Read(b []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(bucketPatience)); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

func (c *patientConn) Write(b []byte) (int, error) {
	if err := c.SetDeadline(time.Now().Add(bucketPatience)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}
