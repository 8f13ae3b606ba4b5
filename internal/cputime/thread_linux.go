package cputime

import (
	"time"

	"golang.org/x/sys/unix"
)

// thread is the time that the calling thread has run, from a point of its own.
func thread() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic("read the thread's clock: " + err.Error()) // every Linux has it
	}
	return time.Duration(t.Nano())
}
