package cputime

import (
	"runtime"
	"testing"
	"time"
)

func TestOf(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the time is the wall's here")
	}
	slept := Of(func() { time.Sleep(200 * time.Millisecond) })
	worked := Of(func() {
		for begun := thread(); thread()-begun < 50*time.Millisecond; {
		}
	})
	if slept >= worked {
		t.Errorf("sleeping 200 ms took %v, working 50 ms took %v of the processor's time", slept, worked)
	}
}
