package ttstest

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// stops are the marks that end a segment for the server.
const stops = "，。？！,.?!~:：—…"

// splitMethods are the values of text_split_method.
var splitMethods = []string{"cut0", "cut1", "cut2", "cut3", "cut4", "cut5"}

const (
	shortSegment = 5   // characters; shorter ones join a neighbour
	longSegment  = 510 // characters; longer ones are cut
)

// segments cuts a text as the server does before it speaks: by the method and at
// line ends, with short pieces joined to a neighbour and pieces without a letter left
// out.
func segments(text, method string) []string {
	var pieces []string
	for line := range strings.SplitSeq(text, "\n") {
		pieces = append(pieces, cut(line, method)...)
	}
	var joined []string
	short := ""
	for _, p := range pieces {
		if strings.TrimSpace(p) == "" {
			continue
		}
		short += p
		if utf8.RuneCountInString(short) >= shortSegment {
			joined = append(joined, short)
			short = ""
		}
	}
	switch {
	case short != "" && len(joined) > 0:
		joined[len(joined)-1] += short
	case short != "":
		joined = append(joined, short)
	}

	var spoken []string
	for _, s := range joined {
		if strings.ContainsFunc(s, isWord) {
			spoken = append(spoken, cutLong(s)...)
		}
	}
	return spoken
}

// isWord reports whether r is part of a word, for which punctuation is not enough.
func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// onlyPunctuation reports whether the text has marks but no word: the one kind of
// unspeakable text that is an exception, and not an empty result.
func onlyPunctuation(text string) bool {
	return strings.ContainsAny(text, stops) && !strings.ContainsFunc(text, isWord)
}

func cut(line, method string) []string {
	switch method {
	case "cut1": // four sentences at a time
		var pieces []string
		for four := range slices.Chunk(cutAfter(line, stops), 4) {
			pieces = append(pieces, strings.Join(four, ""))
		}
		return pieces
	case "cut2": // about fifty characters
		var pieces []string
		piece := ""
		for _, s := range cutAfter(line, stops) {
			if piece += s; utf8.RuneCountInString(piece) > 50 {
				pieces = append(pieces, piece)
				piece = ""
			}
		}
		if len(pieces) > 0 {
			pieces[len(pieces)-1] += piece
			return pieces
		}
		return []string{line}
	case "cut3":
		return cutAfter(line, "。")
	case "cut4":
		return cutAfter(line, ".")
	case "cut5":
		return cutAfter(line, ",.;?!、，。？！;：…")
	}
	return []string{line}
}

// cutAfter cuts behind each of the marks; the pieces joined are the line. A full stop
// between digits is not one.
func cutAfter(line, marks string) []string {
	var pieces []string
	start := 0
	for i, r := range line {
		end := i + utf8.RuneLen(r)
		if !strings.ContainsRune(marks, r) || r == '.' && digitAround(line, i, end) {
			continue
		}
		pieces = append(pieces, line[start:end])
		start = end
	}
	if start < len(line) {
		pieces = append(pieces, line[start:])
	}
	return pieces
}

func digitAround(s string, start, end int) bool {
	before, _ := utf8.DecodeLastRuneInString(s[:start])
	after, _ := utf8.DecodeRuneInString(s[end:])
	return unicode.IsDigit(before) && unicode.IsDigit(after)
}

func cutLong(s string) []string {
	var pieces []string
	piece, n := "", 0
	for _, p := range cutAfter(s, stops) {
		if m := utf8.RuneCountInString(p); n > 0 && n+m > longSegment {
			pieces = append(pieces, piece)
			piece, n = p, m
		} else {
			piece, n = piece+p, n+m
		}
	}
	return append(pieces, piece)
}
