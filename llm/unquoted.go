package llm

import (
	"errors"
	"strings"
	"unicode/utf8"
)

const (
	// quoteRunes is how many letters in a row make a quotation rather than a coincidence. Names and short words of the
	// request may stand in an error.
	quoteRunes = 8
	// quotation is what stands for one.
	quotation = "[…]"
)

// unquoted takes what was said out of an error's words: some servers repeat the request in them, and errors are logged.
// It is slow, and for errors only.
func unquoted(err error, said string) error {
	var e *Error
	if !errors.As(err, &e) || e.Message == "" {
		return err
	}
	message := withoutQuotes(e.Message, said)
	if message == e.Message {
		return err
	}
	cleaned := *e
	cleaned.Message, cleaned.cause = message, nil
	return &cleaned
}

// withoutQuotes puts a mark in place of each part of text, of quoteRunes or more, that stands in said as well.
func withoutQuotes(text, said string) string {
	var out strings.Builder
	for i := 0; i < len(text); {
		end := i
		for range quoteRunes {
			_, n := utf8.DecodeRuneInString(text[end:])
			end += n
		}
		if utf8.RuneCountInString(text[i:end]) < quoteRunes || !strings.Contains(said, text[i:end]) {
			_, n := utf8.DecodeRuneInString(text[i:])
			out.WriteString(text[i : i+n])
			i += n
			continue
		}
		for end < len(text) {
			_, n := utf8.DecodeRuneInString(text[end:])
			if !strings.Contains(said, text[i:end+n]) {
				break
			}
			end += n
		}
		out.WriteString(quotation)
		i = end
	}
	return out.String()
}

// saidIn is all that a request says.
func saidIn(req Request) string {
	var b strings.Builder
	for _, m := range req.Messages {
		b.WriteString(m.Content)
		b.WriteByte('\n')
	}
	return b.String()
}
