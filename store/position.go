package store

import (
	"fmt"
	"strconv"
	"strings"
)

// A position is a decimal number: positionDigits digits before the point, which is not written,
// and any number after it, the last of them not zero. As text they sort as the numbers do, in
// every collation, since all of these agree on the digits.
const (
	positionDigits = 8
	positionFirst  = 50_000_000 // in the middle, so that there is room in front as well
	positionMax    = 99_999_999
)

// PositionBetween is a position behind the one given as after and in front of the one given as
// before. Empty stands for none: PositionBetween("", "") is a first item's, PositionBetween(last, "")
// appends, which keeps positions short. Both must be positions, and in that order.
func PositionBetween(after, before string) (string, error) {
	for _, p := range []string{after, before} {
		if p != "" && !validPosition(p) {
			return "", fmt.Errorf("%w: position %q", ErrInvalid, p)
		}
	}
	if before != "" && after >= before {
		return "", fmt.Errorf("%w: nothing lies between positions %q and %q", ErrInvalid, after, before)
	}
	switch {
	case after == "" && before == "":
		return whole(positionFirst), nil
	case before == "":
		if n, _ := split(after); n < positionMax {
			return whole(n + 1), nil
		}
	case after == "":
		if n, _ := split(before); n > 1 {
			return whole(n - 1), nil
		}
	}
	n, low := split(after)
	m, high := n+1, ""
	if before != "" {
		m, high = split(before)
	}
	if n+1 < m {
		return whole(n + (m-n)/2), nil
	}
	if n < m && low == "" && high != "" { // before is n+1 and something, so n+1 itself lies between
		return whole(m), nil
	}
	if n < m {
		high = "" // up to the next whole number
	}
	return whole(n) + fractionBetween(low, high), nil
}

func validPosition(p string) bool {
	if len(p) < positionDigits || len(p) > positionDigits && strings.HasSuffix(p, "0") {
		return false
	}
	return strings.Trim(p, "0123456789") == "" && p != "00000000" // nothing lies in front of that
}

func whole(n int) string { return fmt.Sprintf("%0*d", positionDigits, n) }

// split is the number before the point and the digits after it.
func split(p string) (n int, fraction string) {
	if p == "" {
		return 0, ""
	}
	n, _ = strconv.Atoi(p[:positionDigits]) // a position is digits
	return n, p[positionDigits:]
}

// fractionBetween is digits after a point for a number between 0.low and 0.high; an empty high
// means 1. The last digit is not zero, so that there is room below it again.
func fractionBetween(low, high string) string {
	var b strings.Builder
	for i := 0; ; i++ {
		l, h := 0, 10
		if i < len(low) {
			l = int(low[i] - '0')
		}
		if high != "" && i < len(high) {
			h = int(high[i] - '0')
		}
		switch {
		case h-l > 1:
			b.WriteByte(byte('0' + (l+h)/2))
			return b.String()
		case h-l == 1:
			high = "" // whatever follows l is below high
		}
		b.WriteByte(byte('0' + l))
	}
}
