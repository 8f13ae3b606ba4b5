package session

import (
	"strings"
	"testing"

	"avatarforge/realtime"
)

// Stories are written as words: u1 is the user's first message, a1 its answer, a2!
// one that failed in the middle.
func TestUnheld(t *testing.T) {
	for name, c := range map[string]struct {
		held, told, news, again string
	}{
		"a first message":                                 {"", "u1", "u1", ""},
		"a story that is not known":                       {"", "u1 a1 u2", "u1 a1 u2", ""},
		"only what is new":                                {"u1 a1", "u2", "u2", ""},
		"all that is known, and what is new":              {"u1 a1 u2 a2", "u1 a1 u2 a2 u3", "u3", ""},
		"the end of it":                                   {"u1 a1 u2 a2", "u2 a2 u3", "u3", ""},
		"several new ones":                                {"u1 a1", "u1 a1 u2 a2 u3", "u2 a2 u3", ""},
		"a message put twice, alone":                      {"u1 a1", "u1", "u1", ""},
		"a message put twice, with what came before":      {"u1 a1", "u1 a1 u1", "u1", ""},
		"a message in the line that another client wrote": {"u1 a1 u2", "u1 a1 u2", "", ""},
		"the same again: another answer":                  {"u1 a1 u2 a2", "u1 a1 u2", "", "a2"},
		"the same again, with a repeated question":        {"u1 a1 u1 a2", "u1 a1 u1", "", "a2"},
		"the first again":                                 {"u1 a1!", "u1", "", "a1!"},
		"the first again, that has no answer":             {"u1", "u1", "", ""},
		"a failed one again, alone":                       {"u1 a1 u2 a2!", "u2", "", "a2!"},
		"another question in place of the last":           {"u1 a1 u2 a2", "u1 a1 u3", "u3", ""},
		"the answers left out":                            {"u1 a1 u2 a2", "u1 u2 u3", "u3", ""},
		"the answers left out, the same again":            {"u1 a1 u2 a2", "u1 u2", "", "a2"},
		"an answer cut short":                             {"u1 a1 u2 a2", "u1 a1 u2 a2/ u3", "u3", ""},
		"an answer reworded":                              {"u1 a1", "u1 a9 u2", "u2", ""},
		"a question reworded, others since":               {"u1 a1 u2 a2", "u9 a1 u2 a2 u3", "u3", ""},
		"others know more":                                {"u1 a1 u2 a2 u3 a3", "u1 a1 u2", "u2", ""},
		"nothing in common":                               {"u1 a1", "u8 a8 u9", "u8 a8 u9", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var held []*item
			for _, w := range strings.Fields(c.held) {
				it := &item{full: storyText(w), Item: realtime.Item{
					ID: w, Role: storyRole(w), Status: realtime.StatusCompleted,
					Content: []realtime.Content{{Text: storyText(w)}},
				}}
				if strings.HasSuffix(w, "!") {
					it.Status = realtime.StatusIncomplete
				}
				held = append(held, it)
			}
			var told []Message
			for _, w := range strings.Fields(c.told) {
				told = append(told, Message{storyRole(w), storyText(w)})
			}
			news, again := unheld(held, told)
			var gotNews, gotAgain []string
			for _, m := range news {
				gotNews = append(gotNews, strings.Fields(m.Text)[0])
			}
			for _, it := range again {
				gotAgain = append(gotAgain, it.ID)
			}
			if got := strings.Join(gotNews, " "); got != c.news {
				t.Errorf("%q is added, want %q", got, c.news)
			}
			if got := strings.Join(gotAgain, " "); got != c.again {
				t.Errorf("%q is answered anew, want %q", got, c.again)
			}
		})
	}
}

func storyRole(word string) realtime.Role {
	if word[0] == 'u' {
		return realtime.RoleUser
	}
	return realtime.RoleAssistant
}

// storyText is what a word stands for; a stroke cuts it short.
func storyText(word string) string {
	name, cut := strings.CutSuffix(strings.TrimSuffix(word, "!"), "/")
	if cut {
		return name + " was"
	}
	return name + " was said"
}

// However long and different the two stories are, comparing them is quick: it happens in
// the session's loop.
func TestUnheldIsBounded(t *testing.T) {
	var held []*item
	var told []Message
	for i := range 10_000 {
		held = append(held, &item{full: strings.Repeat("x", i%50), Item: realtime.Item{Role: realtime.RoleUser, Content: []realtime.Content{{}}}})
		told = append(told, Message{realtime.RoleUser, strings.Repeat("y", i%60)})
	}
	compared := testing.AllocsPerRun(1, func() { unheld(held, told) })
	if most := float64(maxCompared + 10); compared > most {
		t.Errorf("%v rows were compared, want at most %v", compared, most)
	}
}
