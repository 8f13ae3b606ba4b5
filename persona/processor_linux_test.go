package persona

import (
	"runtime"
	"syscall"
	"testing"
	"time"
)

// processorTime is how long a processor works at something that starts no goroutines.
func processorTime(t *testing.T, work func()) time.Duration {
	t.Helper()
	const thisThread = 1 // RUSAGE_THREAD, see getrusage(2)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(thisThread, &u); err != nil {
			t.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := used()
	work()
	return used() - before
}
