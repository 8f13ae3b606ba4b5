package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	// unfinished is the folder of files that are being written. No blob's name can begin like it.
	unfinished = ".unfinished"
	// abandonedAfter is when such a file has been left behind by a crash, rather than belongs to another
	// instance that still writes it.
	abandonedAfter = 24 * time.Hour
)

// folder is Blobs in a folder. Its root lets no name, and no link in it, lead out of it.
type folder struct {
	root *os.Root
}

func openFolder(dir string) (_ *folder, err error) {
	if dir == "" {
		return nil, errors.New("no folder is given")
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	f := &folder{root}
	if err := f.sweep(time.Now()); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return f, nil
}

// sweep removes what crashes have left behind.
func (f *folder) sweep(now time.Time) error {
	if err := f.root.MkdirAll(unfinished, 0o700); err != nil {
		return err
	}
	files, err := fs.ReadDir(f.root.FS(), unfinished)
	if err != nil {
		return err
	}
	for _, file := range files {
		info, err := file.Info()
		if err != nil || now.Sub(info.ModTime()) < abandonedAfter {
			continue // in use, or finished just now
		}
		if err := f.root.Remove(path.Join(unfinished, file.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (f *folder) Put(ctx context.Context, name string, r io.Reader, size int64, _ string) error {
	return wrap("store file", f.put(ctx, name, r, size))
}

func (f *folder) put(ctx context.Context, name string, r io.Reader, size int64) (err error) {
	if !validBlobName(name) {
		return fmt.Errorf("%w: the name %q", ErrInvalid, name)
	}
	if r, err = exactly(whileAlive{ctx, r}, size); err != nil {
		return err
	}
	temporary := path.Join(unfinished, rand.Text())
	if err := f.write(temporary, r); err != nil {
		return errors.Join(err, ignoreMissing(f.root.Remove(temporary)))
	}
	if err := f.place(temporary, name); err != nil {
		return errors.Join(err, f.root.Remove(temporary))
	}
	return ignoreMissing(f.sync(path.Dir(name))) // it may have been deleted again
}

// place gives a file its name, in a folder that may have to be made, and that a Delete may take away again before the
// file is in it.
func (f *folder) place(temporary, name string) error {
	for try := 1; ; try++ {
		err := f.makeFolder(path.Dir(name))
		if err == nil {
			err = f.root.Rename(temporary, name)
		}
		if err == nil || !errors.Is(err, fs.ErrNotExist) || try == placeTries {
			return err
		}
	}
}

// placeTries bounds how often a folder is made anew for one file.
const placeTries = 100

// write makes a file and flushes it to the disk.
func (f *folder) write(name string, r io.Reader) error {
	file, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, r)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// makeFolder makes a folder and those above it, and flushes each: a file outlasts a power cut only if the
// folders it is named in do.
func (f *folder) makeFolder(name string) error {
	if name == "." {
		return nil
	}
	if info, err := f.root.Stat(name); err == nil && info.IsDir() {
		return nil
	}
	if err := f.makeFolder(path.Dir(name)); err != nil {
		return err
	}
	if err := f.root.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return f.sync(path.Dir(name))
}

// sync flushes a folder's list of names.
func (f *folder) sync(name string) error {
	dir, err := f.root.Open(name)
	if err != nil {
		return err
	}
	err = dir.Sync()
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL) {
		err = nil // a filesystem that has no such thing
	}
	return errors.Join(err, dir.Close())
}

func (f *folder) Open(_ context.Context, name string) (*Blob, error) {
	const doing = "open file"
	if !validBlobName(name) {
		return nil, wrap(doing, ErrNotFound)
	}
	file, err := f.root.Open(name)
	if err != nil {
		return nil, wrap(doing, missingFile(err))
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = ErrNotFound
	}
	if err != nil {
		return nil, wrap(doing, errors.Join(err, file.Close()))
	}
	return &Blob{fileInfo(name, info), file}, nil
}

func (f *folder) Stat(_ context.Context, name string) (BlobInfo, error) {
	const doing = "look a file up"
	if !validBlobName(name) {
		return BlobInfo{}, wrap(doing, ErrNotFound)
	}
	info, err := f.root.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		err = ErrNotFound
	}
	if err != nil {
		return BlobInfo{}, wrap(doing, missingFile(err))
	}
	return fileInfo(name, info), nil
}

func (f *folder) Delete(ctx context.Context, name string) error {
	if _, err := f.Stat(ctx, name); errors.Is(err, ErrNotFound) {
		return nil // or a folder, which is no file
	}
	if err := ignoreMissing(f.root.Remove(name)); err != nil {
		return wrap("delete file", err)
	}
	// A folder is named after somebody; it goes with its last file. The system refuses to remove any other.
	for dir := path.Dir(name); dir != "." && f.root.Remove(dir) == nil; dir = path.Dir(dir) {
	}
	return nil
}

func (f *folder) List(ctx context.Context, prefix string) iter.Seq2[BlobInfo, error] {
	return func(yield func(BlobInfo, error) bool) {
		top := path.Dir(prefix + "x") // the lowest folder that holds all of them
		if top != "." && !validBlobName(top) {
			return
		}
		err := fs.WalkDir(f.root.FS(), top, func(name string, entry fs.DirEntry, err error) error {
			switch {
			case ctx.Err() != nil:
				return context.Cause(ctx)
			case err != nil:
				return ignoreMissing(missingFile(err))
			case name == unfinished:
				return fs.SkipDir
			case entry.IsDir() && name != top && !strings.HasPrefix(name+"/", prefix):
				return fs.SkipDir
			case !entry.Type().IsRegular() || !strings.HasPrefix(name, prefix) || !validBlobName(name):
				return nil
			}
			info, err := entry.Info()
			if err != nil {
				return ignoreMissing(err)
			}
			listed := fileInfo(name, info)
			listed.ETag = ""
			if !yield(listed, nil) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			yield(BlobInfo{}, wrap("list files", err))
		}
	}
}

func (f *folder) Close() error { return f.root.Close() }

func fileInfo(name string, info fs.FileInfo) BlobInfo {
	contentType, ok := contentTypes[strings.ToLower(path.Ext(name))]
	if !ok {
		contentType = unknownContent
	}
	return BlobInfo{
		Name: name, Size: info.Size(), ContentType: contentType, Modified: info.ModTime().UTC(),
		ETag: fmt.Sprintf(`"%x-%x"`, info.ModTime().UnixNano(), info.Size()),
	}
}

// missingFile is ErrNotFound for the system's ways to say that there is no such file.
func missingFile(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ENAMETOOLONG) {
		return ErrNotFound
	}
	return err
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}
