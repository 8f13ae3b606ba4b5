// Package web carries the chat room's built files inside the program.
//
// The source is React and TypeScript in this folder; `npm run build` writes web/dist, which is not under version control. A
// clone that has not built it still compiles, and [FS] then says that there is no page.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// FS returns the built files with index.html at the root, and whether the page has been built at all. The files never change
// while the program runs, and the names below assets/ carry a hash of their contents.
func FS() (fs.FS, bool) {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		// The name is a valid constant path, so Sub has nothing to refuse.
		panic(err)
	}
	_, err = fs.Stat(sub, "index.html")
	return sub, err == nil
}
