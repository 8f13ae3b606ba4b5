package store

import (
	"encoding/base64"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

const (
	defaultPage = 50
	maxPage     = 200
)

// pageSize is how many entries a page gets when limit are asked for: 50 where that is zero or
// less, 200 at most.
func pageSize(limit int) int {
	if limit <= 0 {
		return defaultPage
	}
	return min(limit, maxPage)
}

// list is what a cursor belongs to: a cursor of one list is refused by the others.
type listKind string

const (
	characterList listKind = "c"
	sessionList   listKind = "s"
	messageList   listKind = "m"
	audioList     listKind = "a"
	factList      listKind = "f"
	figureList    listKind = "g"
)

// mark is the place of a list's entry: what the list is ordered by, and the id between equals.
// Unlike a count it stays right while entries come and go before it.
type mark struct{ key, id string }

func (m mark) cursor(kind listKind) string {
	return base64.RawURLEncoding.EncodeToString([]byte(string(kind) + "\x00" + m.key + "\x00" + m.id))
}

// parseCursor reads a cursor; an empty one is the mark before all.
func parseCursor(kind listKind, cursor string) (mark, error) {
	if cursor == "" {
		return mark{}, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return mark{}, ErrBadCursor
	}
	parts := strings.Split(plainBytes(text), "\x00")
	if len(parts) != 3 || parts[0] != string(kind) || parts[1] == "" {
		return mark{}, ErrBadCursor
	}
	return mark{parts[1], parts[2]}, nil
}

// plainBytes is the text, whose every byte is made valid UTF-8: a cursor comes from a client.
func plainBytes(text []byte) string { return strings.ToValidUTF8(string(text), "\uFFFD") }

// newestFirst is where a page of a list begins that is ordered by time, the newest first.
func newestFirst(kind listKind, cursor string) (before int64, id string, err error) {
	m, err := parseCursor(kind, cursor)
	if err != nil || m == (mark{}) {
		return math.MaxInt64, "", err
	}
	before, err = strconv.ParseInt(m.key, 10, 64)
	if err != nil {
		return 0, "", fmt.Errorf("%w: %w", ErrBadCursor, err)
	}
	return before, m.id, nil
}

func timeMark(t time.Time, id string) mark {
	return mark{strconv.FormatInt(micros(t), 10), id}
}

// cut takes the entry too many, which was read to know whether there is another page, off a list,
// and makes the cursor to go on with; empty at the end.
func cut[T any](list []T, size int, kind listKind, at func(T) mark) (page []T, next string) {
	if len(list) <= size {
		return list, ""
	}
	return list[:size], at(list[size-1]).cursor(kind)
}
