package session

import (
	"testing"

	"pgregory.net/rapid"

	"avatarforge/llm"
	"avatarforge/realtime"
)

func turn(role realtime.Role, tokens int) *item {
	return &item{Item: realtime.Item{Role: role, Content: []realtime.Content{{Text: "x"}}}, size: llm.Size{Plain: tokens}}
}

func tokens(it *item) int { return it.size.Total() }

func TestWindow(t *testing.T) {
	u, a := realtime.RoleUser, realtime.RoleAssistant
	list := []*item{turn(u, 10), turn(a, 20), turn(u, 10), turn(a, 20), turn(u, 10)}
	for _, tt := range []struct {
		from, budget, want int
		why                string
	}{
		{0, 1000, 0, "all of it fits"},
		{0, 70, 0, "it fits to the token"},
		{0, 69, 2, "the first message leaves, and the answer to it, since a window begins with a user"},
		{0, 40, 2, "the last three fit"},
		{0, 39, 4, "the answer fits, but not what it answers"},
		{0, 5, 4, "the last message is there even where it does not fit"},
		{0, -100, 4, "nor where nothing would"},
		{2, 1000, 2, "what a summary stands for is not told again"},
		{3, 1000, 3, "wherever that ends"},
		{5, 1000, 5, "even if that is all"},
	} {
		if got := window(list, tt.from, tt.budget, tokens); got != tt.want {
			t.Errorf("from %d, budget %d: it begins at %d, want %d: %s", tt.from, tt.budget, got, tt.want, tt.why)
		}
	}
	if got := window(nil, 0, 100, tokens); got != 0 {
		t.Errorf("an empty conversation begins at %d", got)
	}
	if got := window([]*item{turn(a, 10), turn(u, 10)}, 0, 100, tokens); got != 0 {
		t.Errorf("it begins at %d, want 0: a greeting that fits stays in front", got)
	}
}

func TestWindowIsTheEndAndFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := conversation(t)
		from := rapid.IntRange(0, len(list)).Draw(t, "from")
		budget := rapid.IntRange(0, 5000).Draw(t, "budget")
		sum := 0
		first := window(list, from, budget, tokens)
		for _, it := range list[first:] {
			sum += tokens(it)
		}
		if first < from {
			t.Fatalf("it begins at %d, before %d", first, from)
		}
		if len(list)-first > 1 && sum > budget {
			t.Errorf("%d tokens in a budget of %d", sum, budget)
		}
		if from < len(list) && first == len(list) {
			t.Error("the last message is missing")
		}
	})
}

func TestWindowCountsNoMoreThanItHolds(t *testing.T) {
	var list []*item
	for range 5000 {
		list = append(list, turn(realtime.RoleUser, 10), turn(realtime.RoleAssistant, 10))
	}
	counted := 0
	first := window(list, 0, 200, func(it *item) int { counted++; return tokens(it) })
	if first != len(list)-20 || counted != 21 {
		t.Errorf("%d messages were counted for a window of %d: want them, and the one that no longer fits", counted, len(list)-first)
	}
}

// conversation is items of any roles and sizes.
func conversation(t *rapid.T) (list []*item) {
	for _, n := range rapid.SliceOf(rapid.IntRange(1, 500)).Draw(t, "tokens") {
		list = append(list, turn(rapid.SampledFrom([]realtime.Role{realtime.RoleUser, realtime.RoleAssistant}).Draw(t, "role"), n))
	}
	return list
}
