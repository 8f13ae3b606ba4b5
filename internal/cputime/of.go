package cputime

import (
	"runtime"
	"time"
)

// Of is the processor's time that f takes in its own goroutine. Where the system does not
// tell that of a thread, it is the time on the wall.
func Of(f func()) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	begun := thread()
	f()
	return thread() - begun
}
