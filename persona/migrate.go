package persona

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// errChanged means that somebody wrote a file while it was being brought up to date.
var errChanged = errors.New("changed meanwhile")

// preset is the content of a preset file.
type preset struct {
	character Character
	// foreign are the file's fields that Character does not have. They are kept when
	// the file is rewritten.
	foreign map[string]json.RawMessage
	// migrated says that the file held the field "persona", which character no
	// longer does.
	migrated bool
}

// decodePreset reads a preset file. Its name gives the ID if the file does not.
//
// The field "persona" is dropped: where the character has fields to play it from,
// these are what it was made of. Where it has none, the text becomes its
// personality, since nothing else would be left of it.
func decodePreset(name string, data []byte) (preset, error) {
	data = bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF")) // Windows editors write one
	if !utf8.Valid(data) {
		return preset{}, errors.New("is not UTF-8")
	}
	var p preset
	if err := json.Unmarshal(data, &p.foreign); err != nil {
		return preset{}, fmt.Errorf("is not a JSON object: %w", err)
	}
	persona := ""
	for key, value := range p.foreign {
		if strings.EqualFold(key, "persona") {
			_ = json.Unmarshal(value, &persona) // of another type: nothing to save
			delete(p.foreign, key)
			p.migrated = true
		}
	}
	rest, err := json.Marshal(p.foreign)
	if err != nil {
		return preset{}, err
	}
	c := &p.character
	if err := json.Unmarshal(rest, c); err != nil {
		return preset{}, err
	}
	maps.DeleteFunc(p.foreign, func(key string, _ json.RawMessage) bool { return isField(key) })
	if !c.described() {
		c.Personality = persona
	}
	c.Clean()
	if c.ID == "" {
		c.ID = strings.TrimSuffix(path.Base(name), path.Ext(name))
	}
	c.IsPreset = true
	if err := c.Validate(); err != nil {
		return preset{}, err
	}
	return p, nil
}

// isField says whether JSON's key belongs to a field of Character, as encoding/json
// sees it.
func isField(key string) bool {
	return strings.EqualFold(key, "is_preset") || strings.EqualFold(key, "card") ||
		slices.ContainsFunc(textFields, func(f textField) bool { return strings.EqualFold(f.name, key) }) ||
		slices.ContainsFunc(listFields, func(f listField) bool { return strings.EqualFold(f.name, key) })
}

// encode writes p as a file: the fields of Character in their order, then the
// foreign ones by name.
func (p preset) encode() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(p.character); err != nil {
		return nil, err
	}
	b.Truncate(bytes.LastIndexByte(b.Bytes(), '}'))
	for _, key := range slices.Sorted(maps.Keys(p.foreign)) {
		name, err := json.Marshal(key)
		if err != nil {
			return nil, err
		}
		b.WriteByte(',')
		b.Write(name)
		b.WriteByte(':')
		b.Write(p.foreign[key])
	}
	b.WriteByte('}')
	var indented bytes.Buffer
	if err := json.Indent(&indented, b.Bytes(), "", "  "); err != nil {
		return nil, err
	}
	indented.WriteByte('\n')
	return indented.Bytes(), nil
}

// replaceFile puts data in the place of the file name in dir, which must still be
// the version that before tells. A reader sees the old file or the new one, whole;
// after a failure the old one is there.
func replaceFile(dir, name string, before stamp, data []byte) (stamp, error) {
	// The target of a link is replaced, not the link.
	target, err := filepath.EvalSymlinks(filepath.Join(dir, name))
	if err != nil {
		return stamp{}, err
	}
	info, err := os.Stat(target)
	if err != nil {
		return stamp{}, err
	}
	t, err := os.CreateTemp(filepath.Dir(target), "."+filepath.Base(target)+".*")
	if err != nil {
		return stamp{}, err
	}
	defer func() { _ = os.Remove(t.Name()) }() // nothing to remove once it has been renamed
	_, err = t.Write(data)
	err = errors.Join(err, t.Chmod(info.Mode().Perm()), t.Sync())
	written, statErr := t.Stat()
	if err := errors.Join(err, statErr, t.Close()); err != nil {
		return stamp{}, err
	}
	// As late as can be: between this look and the rename an editor's version could
	// still be lost, but no longer during the write.
	info, err = os.Stat(target)
	if err != nil {
		return stamp{}, err
	}
	if !stampOf(info).equal(before) {
		return stamp{}, errChanged
	}
	if err := os.Rename(t.Name(), target); err != nil {
		return stamp{}, err
	}
	return stampOf(written), nil
}
