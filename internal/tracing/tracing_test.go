package tracing

import (
	"context"
	"net/http"
	"testing"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// answer is a server without a network.
type answer struct {
	asked *http.Request
	resp  http.Response
}

func (a *answer) RoundTrip(r *http.Request) (*http.Response, error) {
	a.asked = r
	return &a.resp, nil
}

// Where nobody traces, a request goes to its server as it is, and nothing is allocated for traces.
func TestOffCostsNothing(t *testing.T) {
	server := &answer{resp: http.Response{StatusCode: http.StatusOK, Body: http.NoBody}}
	client := Transport(server)
	for name, ctx := range map[string]context.Context{
		"no span":                context.Background(),
		"a span that is dropped": trace.ContextWithSpan(context.Background(), noop.Span{}),
	} {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://model/api/chat", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		off := testing.AllocsPerRun(100, func() {
			_, span := Start(ctx, "wait")
			span.End()
			resp, err := client.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
		})
		if bare := testing.AllocsPerRun(100, func() {
			resp, _ := server.RoundTrip(r)
			resp.Body.Close()
		}); off != bare {
			t.Errorf("%s: %v allocations, without this package %v", name, off, bare)
		}
		if server.asked != r || len(r.Header) != 0 {
			t.Errorf("%s: the request is not as it was: %v", name, server.asked.Header)
		}
	}
}

func BenchmarkOff(b *testing.B) {
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		_, span := Start(ctx, "wait")
		span.End()
	}
}
