package llm

import (
	"errors"
	"fmt"
	"testing"
)

func TestWithoutQuotes(t *testing.T) {
	const said = "나의 비밀번호는 호랑이야. My cat is called Whiskers."
	for text, want := range map[string]string{
		"llama runner process has terminated: out of memory": "llama runner process has terminated: out of memory",
		"cannot parse: 나의 비밀번호는 호랑이야.":                       "cannot parse: […]",
		"input: 'My cat is called Whiskers.', loc: body":     "input: '[…]', loc: body",
		"x 나의 비밀번호는 호랑 y My cat is called z":                 "x […] y[…]z",
		"My cat": "My cat", // too short to be a quotation
		"":       "",
		"\xff나의 비밀번호는 호랑이야\xff":        "\xff[…]\xff",
		"token limit 8192 exceeded by": "token limit 8192 exceeded by",
	} {
		if got := withoutQuotes(text, said); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
	plain := errors.New("나의 비밀번호는 호랑이야")
	if got := unquoted(plain, said); !errors.Is(got, plain) {
		t.Errorf("an error that is not a server's became %v", got)
	}
	err := fmt.Errorf("ask: %w", &Error{Kind: KindRefused, Service: "vllm", Status: 400, Message: "나의 비밀번호는 호랑이야."})
	if got := unquoted(err, said); KindOf(got) != KindRefused || got.Error() != "vllm: request refused (status 400): […]" {
		t.Errorf("it became %v", got)
	}
}
