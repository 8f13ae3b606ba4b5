package slots

import (
	"embed"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"
)

//go:embed lua/*.lua
var lua embed.FS

// The operations, each of which Redis runs as one.
var (
	joinScript     = operation("join")
	leaveScript    = operation("leave")
	lookScript     = operation("look")
	registerScript = operation("register")
	closeScript    = operation("close")
	keepScript     = operation("keep")
	unkeepScript   = operation("unkeep")
)

func operation(name string) *redis.Script {
	return redis.NewScript(source("begin") + source(name))
}

func source(name string) string {
	b, err := lua.ReadFile("lua/" + name + ".lua")
	if err != nil {
		panic(err) // it is embedded
	}
	return string(b)
}

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
