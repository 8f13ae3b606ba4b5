// Package script reads operations that Redis runs as one from files in Lua.
package script

import (
	"io/fs"
	"strings"

	"github.com/redis/go-redis/v9"
)

// New is the script of the files lua/NAME.lua, one after the other: what several scripts begin
// with is a file of its own. They are embedded, so that one which is not there panics.
func New(files fs.FS, names ...string) *redis.Script {
	var text strings.Builder
	for _, name := range names {
		b, err := fs.ReadFile(files, "lua/"+name+".lua")
		if err != nil {
			panic(err)
		}
		text.Write(b)
	}
	return redis.NewScript(text.String())
}
