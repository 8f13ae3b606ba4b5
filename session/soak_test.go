package session_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"avatarforge/internal/linetest"
	"avatarforge/realtime"
	"avatarforge/session"
	"avatarforge/tts/ttstest"
)

// soak is how long the talk goes on, on simulated time.
var soak = flag.Duration("soak", 4*time.Minute, "how long TestSoak talks, on simulated time")

// Listeners come, talk, interrupt, drop and come back, and go, for an hour or for as long as it takes: what
// the server holds does not grow.
func TestSoak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const people = 4
		cfg := home(threeSentences)
		cfg.LLM.Parallel, cfg.LLM.KeepRecords = people, 8
		cfg.TTS = []ttstest.Config{{FirstChunkDelay: 20 * time.Millisecond, RealTimeFactor: 0.04, KeepRecords: 8, Voice: hum}}
		cfg.Session.ReplayBytes = 1 << 20 // what is kept to be sent again is full soon
		cfg.Slots.Limit = -1              // who does not come back has a slot for a minute
		cfg.Kept = oblivion{linetest.NewArchive()}
		line := linetest.Start(t, cfg)
		begun := time.Now()
		var turns, sessions int
		round := func(until time.Duration) {
			var mu sync.Mutex // guards turns and sessions
			var wg sync.WaitGroup
			for i := range people {
				wg.Go(func() {
					r := rand.New(rand.NewPCG(uint64(i), uint64(until)))
					for time.Since(begun) < until {
						n := live(t, line, r)
						mu.Lock()
						turns += n
						sessions++
						mu.Unlock()
					}
				})
			}
			wg.Wait()
			time.Sleep(2 * time.Minute) // until all graces are over
		}
		round(*soak / 5) // pools fill
		first := measure()
		round(*soak / 2)
		middle := measure()
		round(*soak)
		last := measure()
		t.Logf("%d turns in %d conversations, %v of talk", turns, sessions, time.Since(begun).Round(time.Second))
		t.Logf("goroutines %d, %d, %d; heap %d, %d, %d KB", first.goroutines, middle.goroutines, last.goroutines, first.heap>>10, middle.heap>>10, last.heap>>10)
		if n := line.Registry.Live(); n != 0 {
			t.Errorf("%d sessions are left", n)
		}
		if last.goroutines > first.goroutines {
			t.Errorf("%d goroutines, %d before", last.goroutines, first.goroutines)
		}
		if grown := int64(last.heap) - int64(first.heap); grown > 1<<20 {
			t.Errorf("the heap has grown by %d KB", grown>>10)
		}
	})
}

// hum is a voice that costs the test little.
func hum(_ context.Context, s ttstest.Speech) ([]int16, error) {
	pcm := make([]int16, len([]rune(s.Text))*s.Rate*7/50)
	for i := range pcm {
		pcm[i] = int16(i % 100 * 80)
	}
	return pcm, nil
}

// oblivion is an archive that keeps nothing, and so does not grow.
type oblivion struct{ *linetest.Archive }

func (oblivion) Save(context.Context, session.Changes) error { return nil }
func (oblivion) Load(context.Context, string) (*session.Record, error) {
	return nil, session.ErrUnknownSession
}

// live is one listener's conversation. It says how many turns it had.
func live(t *testing.T, line *linetest.Line, r *rand.Rand) (turns int) {
	k := open(t, line, session.Opening{})
	k.unkept = true
	until[realtime.SessionCreated](k, "a session greets its listener")
	for range 1 + r.IntN(6) {
		turns++
		k.say(fmt.Sprintf("%d번째 이야기?", turns))
		switch r.IntN(4) {
		case 0: // interrupts
			until[realtime.Sentence](k, "it speaks")
			k.do(realtime.ResponseCancel{})
		case 1: // drops, and comes back
			k.hang()
			time.Sleep(time.Duration(r.IntN(5)) * time.Second)
			k.attach(k.last)
		}
		until[realtime.ResponseDone](k, "a response ends")
		k.frames = nil
		time.Sleep(time.Duration(r.IntN(3)) * time.Second)
	}
	if r.IntN(2) == 0 {
		k.hang() // and does not come back
		return turns
	}
	k.sess.End(session.Ending{Code: realtime.CloseNormal, Reason: "the client closed"})
	return turns
}

// measured is what a process holds.
type measured struct {
	goroutines int
	heap       uint64
}

func measure() measured {
	synctest.Wait()
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return measured{runtime.NumGoroutine(), m.HeapAlloc}
}
