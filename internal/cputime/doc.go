// Package cputime measures work for tests of how it grows: the processor's time that a
// goroutine takes, which other programs on a busy machine lengthen far less than the time
// on the wall.
package cputime
