package session

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"avatarforge/realtime"
)

// turns are so many turns, each of a question and an answer of so many tokens together.
func turns(n, tokens int) (list []*item) {
	for range n {
		list = append(list, turn(realtime.RoleUser, tokens/2), turn(realtime.RoleAssistant, tokens-tokens/2))
	}
	return list
}

func TestTurnsThatStayWordForWord(t *testing.T) {
	for _, tt := range []struct {
		list         []*item
		from         int
		keep, budget int
		want         int // turns that stay
		why          string
	}{
		{turns(20, 100), 0, 16, 5000, 16, "as many as are to be kept"},
		{turns(10, 100), 0, 16, 5000, 10, "all, where there are fewer"},
		{turns(20, 100), 0, 16, 1600, 16, "if they fit to the token"},
		{turns(20, 100), 0, 16, 1599, 15, "one less, where all but one fit"},
		{turns(20, 100), 0, 16, 800, 6, "where they do not, fewer than fit, so that there is room for some more"},
		{turns(20, 100), 0, 16, 50, 1, "the last one stays where none fits"},
		{turns(20, 100), 0, 16, -50, 1, "nor there is any room"},
		{turns(20, 100), 10, 16, 5000, 15, "none of those that a summary stands for"},
		{[]*item{turn(realtime.RoleAssistant, 9)}, 0, 16, 5000, 0, "a greeting is no turn"},
	} {
		from := keepFrom(tt.list, tt.from, tt.keep, tt.budget, tokens)
		if got := countTurns(tt.list, from, len(tt.list)); got != tt.want {
			t.Errorf("%d turns stay, want %d: %s", got, tt.want, tt.why)
		}
	}
}

func TestTurnsThatStayFit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := conversation(t)
		from := rapid.IntRange(0, len(list)).Draw(t, "from")
		keep := rapid.IntRange(1, 20).Draw(t, "keep")
		budget := rapid.IntRange(0, 5000).Draw(t, "budget")
		at := keepFrom(list, from, keep, budget, tokens)
		if at < from || at > len(list) {
			t.Fatalf("at %d of %d to %d", at, from, len(list))
		}
		kept, sum := countTurns(list, at, len(list)), 0
		for _, it := range list[at:] {
			sum += tokens(it)
		}
		switch {
		case countTurns(list, from, len(list)) == 0:
			if at != from {
				t.Errorf("there is no turn, and %d items leave", at-from)
			}
		case !startsTurn(list, at):
			t.Error("what stays does not begin with a turn")
		case kept > keep:
			t.Errorf("%d turns stay, want %d at most", kept, keep)
		case kept > 1 && sum > budget:
			t.Errorf("%d tokens stay in a budget of %d", sum, budget)
		}
	})
}

func said(role realtime.Role, id, text string) *item {
	return &item{Item: realtime.Item{ID: id, Role: role, Content: []realtime.Content{{Text: text}}}}
}

func TestDigestIsOfWhoSaidWhat(t *testing.T) {
	list := []*item{said(realtime.RoleUser, "1", "가"), said(realtime.RoleAssistant, "2", "나"), said(realtime.RoleUser, "3", "다")}
	whole := digest{}.over(list)
	if got := (digest{}).over(list[:1]).over(list[1:]); got != whole {
		t.Error("how the items were taken up makes a difference")
	}
	for why, other := range map[string][]*item{
		"another text":   {said(realtime.RoleUser, "1", "가"), said(realtime.RoleAssistant, "2", "너"), said(realtime.RoleUser, "3", "다")},
		"another role":   {said(realtime.RoleUser, "1", "가"), said(realtime.RoleUser, "2", "나"), said(realtime.RoleUser, "3", "다")},
		"another border": {said(realtime.RoleUser, "1", "가나"), said(realtime.RoleAssistant, "2", ""), said(realtime.RoleUser, "3", "다")},
		"one less":       list[:2],
		"another order":  {list[2], list[1], list[0]},
	} {
		if (digest{}).over(other) == whole {
			t.Errorf("%s makes no difference", why)
		}
	}
}

func TestRecallFindsWhatStillHolds(t *testing.T) {
	var list []*item
	for _, text := range []string{"가", "나", "다", "라", "마", "바"} {
		list = append(list, said(realtime.RoleUser, text, text), said(realtime.RoleAssistant, text+"!", text+"!"))
	}
	kept := func(items int) Summary {
		x := Summary{Covers: digest{}.over(list[:items]).String(), Text: strings.Repeat("*", items)}
		if items > 0 {
			x.UpTo = list[items-1].ID
		}
		return x
	}
	all := []Summary{kept(8), kept(4), kept(0)}

	got, stale := recall(list, all)
	if got.items != 8 || got.turns != 4 || got.summary.Text != "********" || len(stale) != 0 {
		t.Errorf("the longest of an unchanged conversation: %+v, stale %v", got, stale)
	}
	if got.digest != (digest{}).over(list[:8]) {
		t.Error("its digest does not go on from there")
	}

	edited := append([]*item{}, list...)
	edited[5] = said(realtime.RoleAssistant, "다!", "다")
	got, stale = recall(edited, all)
	if got.items != 4 || got.turns != 2 {
		t.Errorf("an edit leaves what lies before it: %+v", got)
	}
	if diff := cmp.Diff([]string{kept(8).Covers}, stale); diff != "" {
		t.Errorf("and no longer what it is in (-want +got):\n%s", diff)
	}

	got, stale = recall(list[1:], all)
	if got.items != 0 || got.summary.Covers != kept(0).Covers || len(stale) != 2 {
		t.Errorf("a first message that is gone leaves what stands for nothing: %+v, stale %v", got, stale)
	}
	if got, stale = recall(list, nil); got != (recalled{}) || stale != nil {
		t.Errorf("nothing kept is nothing recalled: %+v", got)
	}
}

func TestSummariesEndWithASentence(t *testing.T) {
	count := func(text string) int { return len([]rune(text)) }
	for _, tt := range []struct {
		text string
		most int
		want string
	}{
		{"하나. 둘. 셋.", 20, "하나. 둘. 셋."},
		{"하나. 둘. 셋넷다섯여섯.", 10, "하나. 둘."},
		{"끝이 없는 긴 글이 계속 이어진다", 8, "끝이 없는"},
		{"", 5, ""},
	} {
		got := sentencesUpTo(tt.text, tt.most, count)
		if !strings.HasPrefix(got, tt.want) || count(got) > tt.most {
			t.Errorf("%q in %d: got %q", tt.text, tt.most, got)
		}
	}
	if got := wholeSentences("그는 갔다. 그리고 나"); got != "그는 갔다." {
		t.Errorf("got %q", got)
	}
}
