package reading

import (
	"fmt"
	"strings"
	"testing"
)

// A counter listed for two kinds would be read as chance has it.
func TestCountersAreListedOnce(t *testing.T) {
	seen := make(map[string]bool)
	total := 0
	for _, list := range koCounters {
		for i, c := range list {
			if seen[string(c.name)] {
				t.Errorf("%s is listed twice", string(c.name))
			}
			seen[string(c.name)] = true
			total++
			if i > 0 && len(list[i-1].name) < len(c.name) {
				t.Errorf("%s comes behind the shorter %s and is never found", string(c.name), string(list[i-1].name))
			}
		}
	}
	if total < 150 {
		t.Errorf("%d counters, want 150 at least: the tables were not read", total)
	}
}

// A unit longer than maxUnit would never be found.
func TestUnitsFit(t *testing.T) {
	for written := range units {
		if n := len([]rune(written)); n > maxUnit {
			t.Errorf("%s has %d runes, maxUnit is %d", written, n, maxUnit)
		}
	}
}

// The names of numbers take part in every reading, so they are checked against their
// value, by reading them back.
func TestSinoKoreanNamesReadBack(t *testing.T) {
	values := []uint64{0, 1, 9, 10, 11, 100, 101, 110, 999, 1000, 1001, 9999, 10_000, 10_001, 10_010, 20_000, 110_000, 99_999_999,
		100_000_000, 100_010_000, 1_0000_0000_0000, 9999_9999_9999_9999, 12_345_678_901_234_567, 999_999_999_999_999_999}
	for v := uint64(1); v < 1_000_000; v += 617 {
		values = append(values, v)
	}
	for _, v := range values {
		name := string(appendSino(nil, v))
		if got := valueOf(name, "영일이삼사오육칠팔구", map[rune]uint64{'십': 10, '백': 100, '천': 1000}, map[rune]uint64{'만': 1e4, '억': 1e8, '조': 1e12, '경': 1e16}); got != v {
			t.Errorf("%d is named %s, which is %d", v, name, got)
		}
		if v > 0 {
			name = string(appendKanji(nil, v))
			if got := valueOf(name, "〇一二三四五六七八九", map[rune]uint64{'十': 10, '百': 100, '千': 1000}, map[rune]uint64{'万': 1e4, '億': 1e8, '兆': 1e12, '京': 1e16}); got != v {
				t.Errorf("%d is named %s, which is %d", v, name, got)
			}
		}
	}
}

// valueOf reads a number's name: digits, then scales below ten thousand, then above.
func valueOf(name, digits string, small, big map[rune]uint64) uint64 {
	var total, group, d uint64
	digit := []rune(digits)
	for _, r := range name {
		for v, name := range digit {
			if r == name {
				d = uint64(v)
			}
		}
		if unit, ok := small[r]; ok {
			group += max(d, 1) * unit
			d = 0
		}
		if unit, ok := big[r]; ok {
			total += max(group+d, 1) * unit
			group, d = 0, 0
		}
	}
	return total + group + d
}

func TestNativeKoreanIsUnambiguous(t *testing.T) {
	seen := make(map[string]uint64)
	for v := uint64(1); v < 1000; v++ {
		name := string(appendNative(nil, v))
		if other, ok := seen[name]; ok {
			t.Errorf("%d and %d are both named %s", other, v, name)
		}
		seen[name] = v
	}
}

func TestEnglishNumbersAreUnambiguous(t *testing.T) {
	seen := make(map[string]int)
	for v := range 5000 {
		// A grouping comma, or a unit, keeps it from being a year.
		name := string(English(nil, []rune(fmt.Sprintf("%d%%", v))))
		if other, ok := seen[name]; ok {
			t.Errorf("%d and %d are both named %q", other, v, name)
		}
		seen[name] = v
		if strings.Contains(name, "  ") || !strings.HasSuffix(name, " percent") {
			t.Errorf("%d is named %q", v, name)
		}
	}
}
