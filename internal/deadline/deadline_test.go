package deadline

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A deadline wakes whoever waits, when it comes and not before, and not where it was moved or
// stopped.
func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		changed := sync.NewCond(&mu)
		var d Deadline
		set := func(at time.Time) {
			mu.Lock()
			defer mu.Unlock()
			d.Set(changed, at)
		}
		expired := func() bool {
			mu.Lock()
			defer mu.Unlock()
			return d.Expired()
		}
		set(time.Now().Add(time.Second))
		set(time.Now().Add(time.Minute))
		time.Sleep(time.Second)
		synctest.Wait()
		if expired() {
			t.Error("it was moved, and has come at its old time")
		}
		begun, woken := time.Now(), make(chan time.Duration)
		go func() {
			mu.Lock()
			defer mu.Unlock()
			for !d.Expired() {
				changed.Wait()
			}
			woken <- time.Since(begun)
		}()
		if took := <-woken; took != 59*time.Second {
			t.Errorf("whoever waits was woken after %v, want the rest of the minute", took)
		}
		set(time.Time{})
		if expired() {
			t.Error("never has come")
		}
		set(time.Now().Add(-time.Second))
		if !expired() {
			t.Error("what is past is over")
		}
		set(time.Now().Add(time.Second))
		mu.Lock()
		d.Stop()
		mu.Unlock()
		time.Sleep(time.Minute)
		synctest.Wait()
		if expired() {
			t.Error("it was stopped")
		}
	})
}
