package persona

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// maxPresetBytes bounds a preset file. A full one has 2.5 KB.
const maxPresetBytes = 1 << 20

// Problem is a preset file that could not be used.
type Problem struct {
	// File is its name inside the folder; "." is the folder itself.
	File string
	Err  error
}

// Error says which file could not be used and why.
func (p Problem) Error() string { return fmt.Sprintf("preset %s: %v", p.File, p.Err) }

// Unwrap returns Err.
func (p Problem) Unwrap() error { return p.Err }

// Presets serves the characters of a folder, one JSON file each. Every call looks
// at the names, sizes and modification times of the files first and reads those
// that are new or have changed, which takes 25 µs for nine files where none has.
type Presets struct {
	fsys fs.FS        // Immutable after New.
	dir  string       // Immutable after New. Empty where files cannot be written.
	log  *slog.Logger // Immutable after New.

	// reading is set by the one goroutine that looks at the files. Nobody waits for
	// it: the others go on with current, which is as old as that look at most.
	reading atomic.Bool
	// current is never nil after New, and what it points to never changes.
	current atomic.Pointer[snapshot]
}

// snapshot is what the folder held at one time.
type snapshot struct {
	files    map[string]presetFile // by name
	list     []*Character          // by ID
	byID     map[string]*Character
	problems []Problem // by file name
}

// presetFile is one file as it was read: a character, or the reason why not.
type presetFile struct {
	stamp     stamp
	character *Character
	err       error
}

// stamp tells versions of a file apart.
type stamp struct {
	modified time.Time
	size     int64
}

func (s stamp) equal(t stamp) bool { return s.size == t.size && s.modified.Equal(t.modified) }

func stampOf(info fs.FileInfo) stamp { return stamp{info.ModTime(), info.Size()} }

// NewPresets serves the *.json files in the root of fsys, which are never written:
// what a file needs to be brought up to date happens in memory. A nil log means
// slog.Default(). It fails only when the folder cannot be read at all; files that
// cannot be used are Problems.
func NewPresets(fsys fs.FS, log *slog.Logger) (*Presets, error) {
	return newPresets(fsys, "", log)
}

// NewPresetsDir is NewPresets for a folder on disk. A file there that still holds
// the field "persona" is rewritten without it, atomically, where the folder is
// writable.
func NewPresetsDir(dir string, log *slog.Logger) (*Presets, error) {
	return newPresets(os.DirFS(dir), dir, log)
}

func newPresets(fsys fs.FS, dir string, log *slog.Logger) (*Presets, error) {
	if log == nil {
		log = slog.Default()
	}
	p := &Presets{fsys: fsys, dir: dir, log: log}
	p.current.Store(&snapshot{})
	next, err := p.read(p.current.Load())
	if err != nil {
		return nil, fmt.Errorf("read presets: %w", err)
	}
	p.current.Store(next)
	return p, nil
}

// List returns all presets, ordered by ID.
func (p *Presets) List() []*Character { return slices.Clone(p.look().list) }

// Get returns the preset with that ID.
func (p *Presets) Get(id string) (*Character, bool) {
	c, ok := p.look().byID[id]
	return c, ok
}

// Character is Get for callers who may have to wait elsewhere: ErrUnknown says that there
// is no such preset.
func (p *Presets) Character(_ context.Context, id string) (*Character, error) {
	if c, ok := p.Get(id); ok {
		return c, nil
	}
	return nil, ErrUnknown
}

// Problems returns what could not be used at the last look, ordered by file name.
func (p *Presets) Problems() []Problem { return slices.Clone(p.look().problems) }

// look brings current up to date and returns it.
func (p *Presets) look() *snapshot {
	if !p.reading.CompareAndSwap(false, true) {
		return p.current.Load()
	}
	defer p.reading.Store(false)
	last := p.current.Load()
	next, err := p.read(last)
	if err != nil {
		// The folder itself is gone or locked, perhaps for a moment: go on with what
		// it last held.
		if len(last.problems) == 1 && last.problems[0].File == "." {
			return last
		}
		next = &snapshot{list: last.list, byID: last.byID, problems: []Problem{{".", err}}}
		p.log.Error("preset folder cannot be read", slog.Any("error", err))
	}
	if next != last {
		p.current.Store(next)
	}
	return next
}

// read looks at every file and returns last itself if nothing has changed.
func (p *Presets) read(last *snapshot) (*snapshot, error) {
	entries, err := fs.ReadDir(p.fsys, ".")
	if err != nil {
		return nil, err
	}
	files := make(map[string]presetFile, len(entries))
	changed := last.files == nil
	for _, entry := range entries {
		name := entry.Name()
		// Names that begin with a dot are half-written files, ours and editors'.
		if path.Ext(name) != ".json" || strings.HasPrefix(name, ".") {
			continue
		}
		// Not entry.Info: a mounted configuration's files are symbolic links.
		info, err := fs.Stat(p.fsys, name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue // removed since ReadDir, or a link into nothing
		case err != nil:
			files[name] = presetFile{err: err}
			changed = true
			continue
		case !info.Mode().IsRegular():
			continue
		}
		if known, ok := last.files[name]; ok && known.stamp.equal(stampOf(info)) {
			files[name] = known
			continue
		}
		files[name] = p.readFile(name, info)
		changed = true
	}
	if !changed && len(files) == len(last.files) {
		return last, nil
	}
	return p.assemble(files, last), nil
}

// readFile reads one preset, bringing it up to date.
func (p *Presets) readFile(name string, info fs.FileInfo) presetFile {
	file := presetFile{stamp: stampOf(info)}
	if info.Size() > maxPresetBytes {
		file.err = fmt.Errorf("has %d bytes, more than %d", info.Size(), maxPresetBytes)
		return file
	}
	data, err := fs.ReadFile(p.fsys, name)
	if err != nil {
		// Without a stamp it is tried again at the next look: a permission can change
		// without the time of modification.
		return presetFile{err: err}
	}
	preset, err := decodePreset(name, data)
	if err != nil {
		file.err = err
		return file
	}
	file.character = &preset.character
	if preset.migrated && p.dir != "" {
		rewritten, err := p.rewrite(name, file.stamp, preset)
		if err != nil {
			p.log.Warn("preset still holds persona on disk",
				slog.String("file", name), slog.Any("error", err))
			return file
		}
		file.stamp = rewritten
		p.log.Info("preset rewritten without persona", slog.String("file", name))
	}
	return file
}

// rewrite puts preset in the place of its file on disk.
func (p *Presets) rewrite(name string, before stamp, preset preset) (stamp, error) {
	data, err := preset.encode()
	if err != nil {
		return stamp{}, err
	}
	return replaceFile(p.dir, name, before, data)
}

// assemble makes a snapshot and logs the problems that last did not have.
func (p *Presets) assemble(files map[string]presetFile, last *snapshot) *snapshot {
	next := &snapshot{files: files, byID: make(map[string]*Character, len(files))}
	from := make(map[string]string, len(files)) // file name by ID
	for _, name := range slices.Sorted(maps.Keys(files)) {
		c, err := files[name].character, files[name].err
		if err == nil {
			if other, taken := from[c.ID]; taken {
				err = fmt.Errorf("has the id %q of %s", c.ID, other)
			}
		}
		if err != nil {
			next.problems = append(next.problems, Problem{name, err})
			continue
		}
		from[c.ID] = name
		next.byID[c.ID] = c
		next.list = append(next.list, c)
	}
	slices.SortFunc(next.list, func(a, b *Character) int { return cmp.Compare(a.ID, b.ID) })
	for _, problem := range next.problems {
		known := func(q Problem) bool { return q.Error() == problem.Error() }
		if !slices.ContainsFunc(last.problems, known) {
			p.log.Error("preset skipped",
				slog.String("file", problem.File), slog.Any("error", problem.Err))
		}
	}
	return next
}
