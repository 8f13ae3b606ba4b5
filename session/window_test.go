package session

import (
	"testing"

	"pgregory.net/rapid"

	"avatarforge/realtime"
)

func turn(role realtime.Role, tokens int) *item {
	return &item{Item: realtime.Item{Role: role, Content: []realtime.Content{{Text: "x"}}}, tokens: tokens}
}

func TestWindow(t *testing.T) {
	u, a := realtime.RoleUser, realtime.RoleAssistant
	list := []*item{turn(u, 10), turn(a, 20), turn(u, 10), turn(a, 20), turn(u, 10)}
	for _, tt := range []struct {
		budget, want int
		why          string
	}{
		{1000, 5, "all of it fits"},
		{70, 5, "it fits to the token"},
		{69, 3, "the first message leaves, and the answer to it, since a window begins with a user"},
		{40, 3, "the last three fit"},
		{39, 1, "the answer fits, but not what it answers"},
		{5, 1, "the last message is there even where it does not fit"},
		{-100, 1, "nor where nothing would"},
	} {
		if got := len(window(list, tt.budget)); got != tt.want {
			t.Errorf("budget %d: %d items, want %d: %s", tt.budget, got, tt.want, tt.why)
		}
	}
	if got := window(nil, 100); len(got) != 0 {
		t.Errorf("an empty conversation has %d items", len(got))
	}
	if got := len(window([]*item{turn(a, 10), turn(u, 10)}, 100)); got != 2 {
		t.Errorf("%d items, want 2: a greeting that fits stays in front", got)
	}
}

func TestWindowIsTheEndAndFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var list []*item
		for _, n := range rapid.SliceOf(rapid.IntRange(1, 500)).Draw(t, "tokens") {
			list = append(list, turn(rapid.SampledFrom([]realtime.Role{realtime.RoleUser, realtime.RoleAssistant}).Draw(t, "role"), n))
		}
		budget := rapid.IntRange(0, 5000).Draw(t, "budget")
		got, sum := window(list, budget), 0
		for i, it := range got {
			sum += it.tokens
			if it != list[len(list)-len(got)+i] {
				t.Fatal("the window is not the end of the conversation")
			}
		}
		if len(got) > 1 && sum > budget {
			t.Errorf("%d tokens in a budget of %d", sum, budget)
		}
		if len(list) > 0 && len(got) == 0 {
			t.Error("the last message is missing")
		}
	})
}
