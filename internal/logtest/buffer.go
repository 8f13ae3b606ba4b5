// Package logtest is what tests read logs with.
package logtest

import (
	"bytes"
	"strings"
	"sync"
)

// Buffer is a log that is read while it is written. The zero value is empty. Safe for use by
// several goroutines.
type Buffer struct {
	mu  sync.Mutex
	buf bytes.Buffer // guarded by mu
}

// Write implements io.Writer.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// String is all that has been written.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// Count is how often a text has been written.
func (b *Buffer) Count(text string) int { return strings.Count(b.String(), text) }
