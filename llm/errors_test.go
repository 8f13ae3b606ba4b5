package llm

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestErrorText(t *testing.T) {
	for in, wanted := range map[string]string{
		`{"error":"model 'x' not found"}`:                            "model 'x' not found",
		`{"error":{"message":"too long","type":"x","code":400}}`:     "too long",
		`{"object":"error","message":"too long","code":400}`:         "too long",
		`{"error":"Unauthorized"}`:                                   "Unauthorized",
		`{"detail":"Not Found"}`:                                     "Not Found",
		`{"error":"{\"error\":{\"code\":500,\"message\":\"x y\"}}"}`: "x y",
		`"{\"error\":\"x\"}"`:                                        "x",
		`"  x  "`:                                                    "x",
		`"5"`:                                                        "5",
		`{"error":"{not json"}`:                                      "{not json",
		`{"error":null,"message":"x"}`:                               "x",
		`{}`:                                                         "",
		`<html>502 Bad Gateway</html>`:                               "",
		``:                                                           "",
	} {
		want(t, "the human words of "+in, errorText([]byte(in)), wanted)
	}
	deep := `"x"`
	for range 100 {
		deep = `{"error":` + deep + `}`
	}
	want(t, "nesting is followed only so deep", errorText([]byte(deep)), "")
}

func TestErrorShowsNeitherAddressNorKey(t *testing.T) {
	for in, wanted := range map[string]string{
		`Post "http://10.1.2.3:42109/completion": EOF`:             `Post "[redacted]": EOF`,
		`dial tcp 127.0.0.1:11434: connect: connection refused`:    `dial tcp [redacted]: connect: connection refused`,
		`dial tcp [::1]:11434: refused`:                            `dial tcp [redacted]: refused`,
		`lookup gpu-7.internal.example:8000 failed`:                `lookup [redacted] failed`,
		`cannot reach localhost`:                                   `cannot reach [redacted]`,
		`bad header Authorization: Bearer abc.def`:                 `bad header Authorization: [redacted]`,
		`the key s3cret is wrong`:                                  `the key [redacted] is wrong`,
		`model gemma3:27b needs 17.3 GiB, 8.0 GiB are free`:        `model gemma3:27b needs 17.3 GiB, 8.0 GiB are free`,
		"server busy, please try again.  maximum pending requests": `server busy, please try again. maximum pending requests`,
		"two\nlines\x1b[31m":                                       `two lines [31m`,
		"\xff":                                                     ``,
	} {
		want(t, "what is shown of "+in, presentable(in, "", "s3cret"), wanted)
	}
	long := presentable(strings.Repeat("가", 10_000))
	want(t, "a long text is cut, and says so", utf8.RuneCountInString(long), maxErrorRunes+1)
}

// FuzzPresentable: whatever a server says, its key and address stay out of what is
// shown, which is one short line.
func FuzzPresentable(f *testing.F) {
	f.Add("x s3cret y", "s3cret")
	f.Add("a\u0085b http://h:80/", "[")
	f.Fuzz(func(t *testing.T, text, secret string) {
		got := presentable(text, secret)
		if len(secret) > 3 && !strings.Contains(redacted, secret) && utf8.ValidString(text) &&
			strings.Contains(got, secret) && !strings.Contains(secret, " ") && !strings.Contains(secret, "…") {
			t.Errorf("%q shows %q: %q", text, secret, got)
		}
		if strings.ContainsAny(got, "\n\r\t") || utf8.RuneCountInString(got) > maxErrorRunes+1 || !utf8.ValidString(got) {
			t.Errorf("%q gives %q", text, got)
		}
	})
}
