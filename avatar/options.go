package avatar

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Options are what whoever sends a picture may ask for. The zero value of each, or null, asks for
// nothing in particular.
type Options struct {
	// Triangles is the budget of the model, MinTriangles to MaxTriangles; 0 means DefaultTriangles. A
	// Hunyuan3D-2 server heeds it where it makes a texture.
	Triangles int `json:"triangles,omitempty"`
	// Style draws the picture anew first, where there is a server for that. Nil means where there is one.
	Style *bool `json:"style,omitempty"`
	// Texture asks a Hunyuan3D-2 server for colours. It needs to have been started with --enable_tex; one that was not
	// never finishes. The built-in mesher always puts the picture on its models.
	Texture bool `json:"texture,omitempty"`
	// Seed makes a Hunyuan3D-2 server's and the style step's chance repeatable; 0 leaves it to them.
	Seed int64 `json:"seed,omitempty"`
	// CharacterID is whose figure it is to be: when the model is done the character's model_url is set.
	CharacterID string `json:"character_id,omitempty"`
}

// optionNames are Options as JSON names them.
var optionNames = []string{"triangles", "style", "texture", "seed", "character_id"}

// OptionError is what is wrong with options.
type OptionError struct {
	Name    string // of the option; empty where all of them cannot be read
	Message string // a sentence
}

func (e *OptionError) Error() string {
	if e.Name == "" {
		return e.Message
	}
	return e.Name + ": " + e.Message
}

// maxSeed is the largest number that JSON's readers all hold exactly.
const maxSeed = 1<<53 - 1

// ParseOptions reads options as JSON; empty text is none. Its errors are *OptionError.
func ParseOptions(text string) (Options, error) {
	var o Options
	if strings.TrimSpace(text) == "" {
		return o, nil
	}
	members := map[string]json.RawMessage{}
	d := json.NewDecoder(strings.NewReader(text))
	if err := d.Decode(&members); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) {
			return o, &OptionError{"", "They are a JSON object, such as {\"triangles\": 20000}."}
		}
		return o, &OptionError{"", "They are not JSON that can be read."}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return o, &OptionError{"", "After the JSON object there is something else."}
	}
	for name := range members {
		if !slices.Contains(optionNames, name) {
			return o, &OptionError{name, "There is no such option; there are " + strings.Join(optionNames, ", ") + "."}
		}
	}
	for _, name := range optionNames {
		value, given := members[name]
		if !given || bytes.Equal(value, []byte("null")) {
			continue
		}
		if err := o.set(name, value); err != nil {
			return o, err
		}
	}
	return o, nil
}

func (o *Options) set(name string, value json.RawMessage) error {
	switch name {
	case "triangles":
		if json.Unmarshal(value, &o.Triangles) != nil || o.Triangles < MinTriangles || o.Triangles > MaxTriangles {
			return &OptionError{name, fmt.Sprintf("It is a whole number from %d to %d.", MinTriangles, MaxTriangles)}
		}
	case "style":
		if json.Unmarshal(value, &o.Style) != nil {
			return &OptionError{name, "It is true or false."}
		}
	case "texture":
		if json.Unmarshal(value, &o.Texture) != nil {
			return &OptionError{name, "It is true or false."}
		}
	case "seed":
		if json.Unmarshal(value, &o.Seed) != nil || o.Seed < 0 || o.Seed > maxSeed {
			return &OptionError{name, fmt.Sprintf("It is a whole number from 0 to %d.", int64(maxSeed))}
		}
	case "character_id":
		if json.Unmarshal(value, &o.CharacterID) != nil || len(o.CharacterID) > 64 {
			return &OptionError{name, "It is the id of a character of yours."}
		}
	}
	return nil
}
