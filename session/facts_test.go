package session

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avatarforge/persona"
)

// day is a day of a month long ago.
func day(n int) time.Time { return time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC) }

func fact(id string, kind persona.FactKind, text string, updated int) Fact {
	return Fact{ID: id, Kind: kind, Text: text, Session: "s", Created: day(updated), Updated: day(updated)}
}

func found(kind persona.FactKind, text, replaces string) drawn {
	return drawn{persona.NotedFact{Kind: kind, Text: text}, replaces}
}

func TestFactsAreUpdatedRatherThanAppended(t *testing.T) {
	known := []Fact{
		fact("1", persona.FactName, "사용자의 이름은 지수이다.", 1),
		fact("2", persona.FactLike, "사용자는 사과를 좋아한다.", 2),
		fact("3", persona.FactPromise, "사용자와 토요일에 영화를 보기로 했다.", 3),
		{ID: "4", Kind: persona.FactAbout, Text: "사용자는 선생님이다."},
	}
	for _, tt := range []struct {
		found []drawn
		save  []string // id:text
		why   string
	}{
		{nil, nil, "nothing found, nothing saved"},
		{[]drawn{found(persona.FactLike, "사용자는 사과를 좋아한다", "")}, []string{"2:사용자는 사과를 좋아한다"}, "what is known becomes younger"},
		{[]drawn{found(persona.FactLike, "사용자는 포도를 좋아한다.", "")}, []string{":사용자는 포도를 좋아한다."}, "another taste is another fact"},
		{[]drawn{found(persona.FactName, "이제 민수라고 부르면 된다.", "")}, []string{"1:이제 민수라고 부르면 된다."}, "there is one name"},
		{[]drawn{found(persona.FactPromise, "영화는 일요일에 보기로 바꿨다.", "3")}, []string{"3:영화는 일요일에 보기로 바꿨다."}, "what the model says is corrected is"},
		{[]drawn{found(persona.FactLike, "사용자는 귤을 좋아한다.", "9")}, []string{":사용자는 귤을 좋아한다."}, "what was deleted meanwhile is not brought back"},
		{
			[]drawn{found(persona.FactAbout, "사용자는 선생님이다!", ""), found(persona.FactAbout, "사용자는 학생이다.", "4")},
			nil, "what somebody has written down is not corrected by a model",
		},
		{
			[]drawn{found(persona.FactAbout, "사용자는 서울에 산다.", ""), found(persona.FactAbout, "사용자는 서울에 산다!", "")},
			[]string{":사용자는 서울에 산다!"}, "the same thing twice is one fact",
		},
	} {
		save, forget := mergeFacts(known, tt.found, MaxFacts)
		var got []string
		for _, f := range save {
			got = append(got, f.ID+":"+f.Text)
		}
		if diff := cmp.Diff(tt.save, got); diff != "" || forget != nil {
			t.Errorf("%s (-want +got):\n%s forget %v", tt.why, diff, forget)
		}
	}
}

func TestLeastUsefulFactsGo(t *testing.T) {
	byHand := fact("hand", persona.FactEvent, "손으로 적은 일", 1)
	byHand.Session = ""
	known := []Fact{
		fact("name", persona.FactName, "이름", 1), byHand,
		fact("promise", persona.FactPromise, "약속", 2),
		fact("old", persona.FactEvent, "옛일", 3), fact("like", persona.FactLike, "취향", 4), fact("late", persona.FactEvent, "어제 일", 5),
	}
	save, forget := mergeFacts(known, []drawn{found(persona.FactEvent, "새로운 사건", "")}, 6)
	if diff := cmp.Diff([]string{"old"}, forget); diff != "" || len(save) != 1 {
		t.Errorf("the oldest event goes, not what is new (-want +got):\n%s save %v", diff, save)
	}
	_, forget = mergeFacts(known, nil, 2)
	if diff := cmp.Diff([]string{"promise", "like", "late", "old"}, forget); diff != "" {
		t.Errorf("the name and what was written down stay the longest (-want +got):\n%s", diff)
	}
	save, forget = mergeFacts(known, []drawn{found(persona.FactEvent, "새로운 사건", "")}, 3)
	if len(save) != 0 || len(forget) != 3 {
		t.Errorf("what is less useful than all that there is room for is not learned: save %v, forget %v", save, forget)
	}
}

func TestFactsStayWithinTheirBounds(t *testing.T) {
	var known []Fact
	for round := range 40 {
		var news []drawn
		for i := range 5 {
			news = append(news, found(persona.FactEvent, strings.Repeat(string(rune('가'+97*(round*5+i))), 9), ""))
		}
		save, forget := mergeFacts(known, news, MaxFacts)
		for _, id := range forget {
			for i := range known {
				if known[i].ID == id {
					known = append(known[:i:i], known[i+1:]...)
					break
				}
			}
		}
		for _, f := range save {
			if f.ID == "" {
				f.ID, f.Session = strconv.Itoa(round)+f.Text, "s"
				known = append(known, f)
			}
			known[len(known)-1].Updated = day(1).AddDate(0, 0, round)
		}
		if len(known) > MaxFacts {
			t.Fatalf("%d facts", len(known))
		}
	}
	if len(known) != MaxFacts {
		t.Errorf("%d facts, want them to be as many as may be", len(known))
	}
}

func TestKnownFactsFitTheirBudget(t *testing.T) {
	facts := []Fact{
		fact("event", persona.FactEvent, "aaaa", 9), fact("name", persona.FactName, "bbbb", 1),
		fact("long", persona.FactName, strings.Repeat("x", 100), 2), fact("like", persona.FactLike, "cccc", 3),
	}
	for _, tt := range []struct {
		budget int
		want   string
		why    string
	}{
		{12, "name like", "the most useful that fit, in the order they were learned"},
		{50, "event name like", "what is too long takes nobody's place"},
		{3, "", "none where none fits"},
	} {
		var got []string
		for _, f := range knownFacts(facts, tt.budget, func(text string) int { return len(text) }) {
			got = append(got, f.ID)
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("budget %d: got %v, want %s: %s", tt.budget, got, tt.want, tt.why)
		}
	}
}

func TestAlike(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"사용자의 이름은 지수입니다.", "사용자의 이름은 지수입니다", true},
		{"사용자는 부산에 삽니다.", "사용자는 부산에  삽니다!", true},
		{"사용자는 사과를 좋아한다.", "사용자는 포도를 좋아한다.", false},
		{"사용자는 매운 떡볶이를 좋아합니다.", "사용자는 매운 라면을 좋아합니다.", false},
		{"사용자의 고양이 이름은 나비입니다.", "사용자의 강아지 이름은 초코입니다.", false},
		{"The user likes tea.", "the user likes tea", true},
		{"The user likes tea.", "The user hates tea.", false},
		{"", "", false},
		{"!", "?", false},
	} {
		if got := alike(tt.a, tt.b); got != tt.want {
			t.Errorf("%q and %q: got %v", tt.a, tt.b, got)
		}
	}
}
