package session

import (
	"strings"

	"avatarforge/realtime"
)

// maxCompared is how many of the last messages, and of the last items, are compared where
// the two tell different stories: the work grows with its square.
const maxCompared = 256

// unheld compares the conversation as an asker tells it with what is held. news are the
// messages that are not held, to be added. What is held counts: of what both tell in
// different words, an answer that was cut short or a question that was reworded before
// others followed, the asker's account is left alone.
//
// Where the last message, the question, is held as well and nothing but answers follow it,
// it is asked again: by somebody who did not get the answer or wants another one. again
// are those answers. A question that comes alone may be one that is simply put twice; it
// counts as asked again where its answer failed.
func unheld(held []*item, messages []Message) (news []Message, again []*item) {
	if len(messages) == 0 {
		return nil, nil
	}
	told, question := messages[:len(messages)-1], &messages[len(messages)-1]
	m, h := lastCommon(held, told)
	news = told[m+1:]
	if m >= 0 && h+1 < len(held) && held[h+1].Role == realtime.RoleAssistant {
		for len(news) > 0 && news[0].Role == realtime.RoleAssistant {
			news = news[1:] // the asker's account of an answer that is held
		}
	}
	if q := lastSaid(held); len(news) == 0 && q > h && same(held[q], question) {
		answers := held[q+1:]
		if m < 0 && failed(answers) || m >= 0 && allAnswers(held[h+1:q]) {
			return nil, answers
		}
	}
	return messages[len(messages)-1-len(news):], nil
}

// lastSaid is the index of the last item that is no answer, -1 where all are.
func lastSaid(held []*item) int {
	i := len(held) - 1
	for i >= 0 && held[i].Role == realtime.RoleAssistant {
		i--
	}
	return i
}

func allAnswers(held []*item) bool { return lastSaid(held) < 0 }

// failed says that a question has no whole answer among these.
func failed(answers []*item) bool {
	for _, it := range answers {
		if it.Status == realtime.StatusCompleted {
			return false
		}
	}
	return true
}

// lastCommon is where the longest story that both tell ends: an index of messages and one
// of held, -1 and -1 where they have nothing in common.
func lastCommon(held []*item, messages []Message) (m, h int) {
	front := 0
	for front < min(len(held), len(messages)) && same(held[front], &messages[front]) {
		front++
	}
	fromM, fromH := max(front, len(messages)-maxCompared), max(front, len(held)-maxCompared)
	rows, columns := len(messages)-fromM, len(held)-fromH
	// length[i][j] is that of the longest story common to the first i messages and the
	// first j items from there on.
	length := make([][]int, rows+1)
	length[0] = make([]int, columns+1)
	for i := range rows {
		length[i+1] = make([]int, columns+1)
		for j := range columns {
			length[i+1][j+1] = max(length[i][j+1], length[i+1][j])
			if same(held[fromH+j], &messages[fromM+i]) {
				length[i+1][j+1] = length[i][j] + 1
			}
		}
	}
	for i, j := rows, columns; i > 0 && j > 0; {
		switch {
		case same(held[fromH+j-1], &messages[fromM+i-1]):
			return fromM + i - 1, fromH + j - 1
		case length[i-1][j] > length[i][j-1]:
			i--
		default:
			j--
		}
	}
	return front - 1, front - 1
}

// same says whether an item is what the asker tells: of an answer the asker may know what
// was written, or what was heard of it.
func same(it *item, m *Message) bool {
	if it.Role != m.Role {
		return false
	}
	text, full := strings.TrimSpace(m.Text), strings.TrimSpace(it.full)
	if it.Role == realtime.RoleAssistant && text != "" {
		return strings.HasPrefix(full, text)
	}
	return full == text || strings.TrimSpace(it.Text()) == text
}
