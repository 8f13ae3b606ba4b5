package loadtest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"avatarforge/realtime"
)

// Script is what listeners say, a line a turn; each begins at a line of its own and goes
// round.
type Script []string

// DefaultScript is small talk in Korean and English.
func DefaultScript() Script {
	return Script{
		"안녕! 오늘 기분이 어때?",
		"Good morning! What have you been up to?",
		"요즘 재미있게 읽은 책이 있으면 추천해 줘.",
		"Tell me about the place where you grew up.",
		"비가 와서 그런지 조금 우울하네. 뭘 하면 좋을까?",
		"What would you cook for a friend who is tired and cold?",
		"주말에 어디로 여행 가면 좋을지 두 군데만 말해 줘.",
		"I had a hard day. Say something nice, please.",
		"어릴 때 가장 좋아하던 놀이는 뭐였어?",
		"Could you explain that again, a little more slowly?",
		"그 이야기 더 자세히 들려줘. 그래서 어떻게 됐어?",
		"If you could learn one new thing this year, what would it be?",
	}
}

// ReadScript reads a script: a line a turn, empty lines and those that begin with # left
// out.
func ReadScript(r io.Reader) (Script, error) {
	var s Script
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, realtime.MaxFrameBytes)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if !utf8.ValidString(line) {
			return nil, fmt.Errorf("read the script: line %d is not UTF-8", n)
		}
		if utf8.RuneCountInString(line) > realtime.MaxMessageRunes {
			return nil, fmt.Errorf("read the script: line %d has more than %d characters", n, realtime.MaxMessageRunes)
		}
		s = append(s, line)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the script: %w", err)
	}
	if len(s) == 0 {
		return nil, errors.New("read the script: nobody says anything in it")
	}
	return s, nil
}
