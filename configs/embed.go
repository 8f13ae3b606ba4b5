// Package configs holds the files that ship inside the binary: the preset characters
// and the voices. CHARACTERS_DIR and VOICES_FILE put others in their place.
package configs

import (
	"embed"
	"io/fs"
)

//go:embed characters/*.json voices.json
var files embed.FS

// Characters is the folder of preset characters, a JSON file each.
func Characters() fs.FS {
	characters, err := fs.Sub(files, "characters")
	if err != nil {
		panic(err) // the name above is a valid path
	}
	return characters
}

// Files is all that is embedded: characters/ and voices.json.
func Files() fs.FS { return files }
