package speech

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"

	"avatarforge/store"
)

// spool is a take's sound, from the first byte on: one goroutine writes, any number read
// from wherever they are. It is a file without a name, gone with the last who uses it.
type spool struct {
	dir string // Immutable.

	mu    sync.Mutex
	file  *os.File // nil until the first write
	name  string   // of the file, where the system keeps it while the file is open
	size  int64
	ended bool
	err   error         // why it ended early
	more  chan struct{} // closed, and made anew, at each change
	users int
}

func newSpool(dir string, users int) *spool {
	return &spool{dir: dir, users: users, more: make(chan struct{})}
}

// Write appends. Only one goroutine may write.
func (s *spool) Write(p []byte) (int, error) {
	file := s.current()
	if file == nil {
		var err error
		if file, err = s.create(); err != nil {
			return 0, err
		}
	}
	n, err := file.Write(p)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.size += int64(n)
	s.changedLocked()
	if err != nil {
		return n, spoolError(err)
	}
	return n, nil
}

// spoolError says what the operator can do, as the store does.
func spoolError(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		err = fmt.Errorf("%w (%w)", store.ErrFull, err)
	}
	return fmt.Errorf("keep speech while it is made: %w", err)
}

func (s *spool) current() *os.File {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.file
}

// begun reports whether anything has been written.
func (s *spool) begun() bool { return s.current() != nil }

func (s *spool) create() (*os.File, error) {
	file, err := os.CreateTemp(s.dir, "take-*")
	if err != nil {
		return nil, spoolError(err)
	}
	name := file.Name()
	if os.Remove(name) == nil {
		name = ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.file, s.name = file, name
	return file, nil
}

func (s *spool) changedLocked() {
	close(s.more)
	s.more = make(chan struct{})
}

// end says that nothing more comes; err is why, nil if the sound is whole.
func (s *spool) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended, s.err = true, err
	s.changedLocked()
}

// wait waits until there is more than offset bytes, or the end, and returns how much there
// is, and why it ended early. The end is at io.EOF.
func (s *spool) wait(ctx context.Context, offset int64) (size int64, err error) {
	for {
		s.mu.Lock()
		size, ended, err, more := s.size, s.ended, s.err, s.more
		s.mu.Unlock()
		switch {
		case size > offset:
			return size, nil
		case ended && err != nil:
			return size, err
		case ended:
			return size, io.EOF
		}
		select {
		case <-more:
		case <-ctx.Done():
			return size, context.Cause(ctx)
		}
	}
}

// whole waits for the end and returns the size.
func (s *spool) whole(ctx context.Context) (int64, error) {
	for size := int64(0); ; {
		var err error
		if size, err = s.wait(ctx, size); err == io.EOF { //nolint:errorlint // wait returns it bare
			return size, nil
		} else if err != nil {
			return size, err
		}
	}
}

// made is how much there is, and whether that is all, and whole.
func (s *spool) made() (size int64, whole bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.size, s.ended && s.err == nil
}

// section reads what has been written, from one offset to another.
func (s *spool) section(from, to int64) io.Reader {
	return io.NewSectionReader(s.current(), from, to-from)
}

// use is one more who uses it, until release.
func (s *spool) use() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users++
}

func (s *spool) release() {
	s.mu.Lock()
	s.users--
	file, last := s.file, s.users == 0
	s.mu.Unlock()
	if !last || file == nil {
		return
	}
	_ = file.Close()
	if s.name != "" { // nobody else is there any more
		_ = os.Remove(s.name)
	}
}
