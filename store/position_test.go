package store

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestPositionBetween(t *testing.T) {
	for _, tt := range []struct{ why, after, before, want string }{
		{"the first is in the middle of all", "", "", "50000000"},
		{"behind the last, as short as it", "50000000", "", "50000001"},
		{"behind one that was put between", "50000000" + "5", "", "50000001"},
		{"in front of the first", "", "50000000", "49999999"},
		{"in front of one that was put between", "", "50000000" + "5", "49999999"},
		{"between neighbours", "50000000", "50000001", "50000000" + "5"},
		{"between two that are far apart", "50000000", "50000010", "50000005"},
		{"on the number between", "50000000", "50000001" + "5", "50000001"},
		{"above a fraction", "50000000" + "5", "50000001", "50000000" + "7"},
		{"above the highest digit", "50000000" + "9", "50000001", "50000000" + "95"},
		{"below the lowest digit", "50000000", "50000000" + "1", "50000000" + "05"},
		{"between digits that are neighbours", "50000000" + "5", "50000000" + "6", "50000000" + "55"},
		{"after a fraction and before the next number's", "50000000" + "9", "50000001" + "1", "50000000" + "95"},
		{"the last of all numbers", "99999999", "", "99999999" + "5"},
		{"the first of all", "", "00000000" + "1", "00000000" + "05"},
	} {
		got, err := PositionBetween(tt.after, tt.before)
		if err != nil || got != tt.want {
			t.Errorf("%s: between %q and %q: %q, %v, want %q", tt.why, tt.after, tt.before, got, err, tt.want)
		}
	}
	for _, tt := range []struct{ why, after, before string }{
		{"the same twice", "50000000", "50000000"},
		{"the wrong way round", "50000001", "50000000"},
		{"too short", "5", ""},
		{"letters", "", "5000000a"},
		{"a last zero, below which there is no room", "", "50000000" + "10"},
		{"in front of the lowest number there is", "", "00000000"},
	} {
		if got, err := PositionBetween(tt.after, tt.before); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %q, %v, want ErrInvalid", tt.why, got, err)
		}
	}
}

// However often and wherever something is put between, the positions stay valid and in order.
func TestPositionsStayInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var list []string
		for range rapid.IntRange(1, 150).Draw(t, "positions") {
			n := rapid.IntRange(0, len(list)).Draw(t, "place")
			after, before := "", ""
			if n > 0 {
				after = list[n-1]
			}
			if n < len(list) {
				before = list[n]
			}
			p, err := PositionBetween(after, before)
			if err != nil {
				t.Fatal(err)
			}
			if !validPosition(p) || p <= after || before != "" && p >= before {
				t.Fatalf("%q is not a position between %q and %q", p, after, before)
			}
			list = slices.Insert(list, n, p)
		}
	})
}

// Appending is what nearly always happens.
func TestAppendedPositionsStayShort(t *testing.T) {
	p := ""
	for range 100_000 {
		var err error
		if p, err = PositionBetween(p, ""); err != nil {
			t.Fatal(err)
		}
	}
	if len(p) != positionDigits {
		t.Errorf("%q after 100,000 items", p)
	}
}
