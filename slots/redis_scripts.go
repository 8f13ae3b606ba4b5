package slots

import (
	"embed"
	"fmt"
	"strconv"

	"avatarforge/internal/script"
)

//go:embed lua/*.lua
var lua embed.FS

// The operations, each of which Redis runs as one.
var (
	joinScript     = script.New(lua, "begin", "join")
	leaveScript    = script.New(lua, "begin", "leave")
	lookScript     = script.New(lua, "begin", "look")
	registerScript = script.New(lua, "begin", "register")
	closeScript    = script.New(lua, "begin", "close")
	keepScript     = script.New(lua, "begin", "keep")
	unkeepScript   = script.New(lua, "begin", "unkeep")
)

// status is the first word of an operation's answer.
type status string

const (
	statusOK           status = "ok"
	statusHeld         status = "held"
	statusWaiting      status = "waiting"
	statusFull         status = "full"
	statusLineFull     status = "line_full"
	statusUserLimit    status = "user_limit"
	statusSettling     status = "settling"
	statusUnregistered status = "unregistered"
)

// answer is what an operation returns: a status and what goes with it.
type answer struct {
	status status
	rest   []any
}

func readAnswer(v any, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		return answer{}, fmt.Errorf("redis answers %v", v)
	}
	word, ok := list[0].(string)
	if !ok {
		return answer{}, fmt.Errorf("redis answers %v", v)
	}
	return answer{status(word), list[1:]}, nil
}

// number is the i-th number of the rest; zero where there is none.
func (a *answer) number(i int) int64 {
	if i >= len(a.rest) {
		return 0
	}
	switch v := a.rest[i].(type) {
	case int64:
		return v
	case string:
		n, _ := strconv.ParseInt(v, 10, 64) // as for none
		return n
	}
	return 0
}
