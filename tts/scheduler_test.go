package tts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

const testRate = 24000

var errServer = errors.New("the connection broke")

// permanent is an error of which a second try is known to be in vain.
type permanent struct{}

func (permanent) Error() string   { return "unknown language" }
func (permanent) Temporary() bool { return false }

// scripted is a Synthesizer that does what the text says: words separated by spaces.
// A duration passes, "audio" yields 10 ms of it, "empty" an empty chunk, "fail" and
// "refuse" end it with a temporary and a permanent error, "hang" waits for ctx, "odd" is
// audio at a rate that can't be. It counts what is under way.
type scripted struct {
	rate   int
	settle time.Duration

	mu       sync.Mutex
	script   map[string][]string // per text, what the next attempts do instead
	inFlight int
	most     int
	quietAt  time.Time // no request may come before
	early    int       // requests that came before quietAt
	requests []Request
	now      func() time.Time
}

func newScripted() *scripted {
	return &scripted{rate: testRate, script: map[string][]string{}, now: time.Now}
}

func (f *scripted) SettleTime() time.Duration { return f.settle }

// attempt sets what the next attempts at text do.
func (f *scripted) attempts(text string, scripts ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.script[text] = scripts
}

func (f *scripted) begin(req Request) (script string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.inFlight++
	f.most = max(f.most, f.inFlight)
	if f.now().Before(f.quietAt) {
		f.early++
	}
	f.requests = append(f.requests, req)
	if s := f.script[req.Text]; len(s) > 0 {
		f.script[req.Text] = s[1:]
		return s[0]
	}
	return req.Text
}

func (f *scripted) end(aborted bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.inFlight--
	if aborted {
		f.quietAt = f.now().Add(f.settle)
	}
}

func (f *scripted) texts() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var texts []string
	for _, r := range f.requests {
		texts = append(texts, r.Text)
	}
	return texts
}

func (f *scripted) Synthesize(ctx context.Context, req Request) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		script := f.begin(req)
		aborted := true
		defer func() { f.end(aborted) }()
		buf := make([]byte, testRate/100*2) // reused: a chunk is valid until the next
		n := byte(0)
		for _, word := range strings.Fields(script) {
			switch word {
			case "audio", "odd":
				n++
				for i := range buf {
					buf[i] = n
				}
				rate := f.rate
				if word == "odd" {
					rate = 7
				}
				if !yield(Chunk{Rate: rate, PCM: buf}, nil) {
					return
				}
				clear(buf)
			case "empty":
				if !yield(Chunk{Rate: f.rate}, nil) {
					return
				}
			case "fail":
				aborted = false
				yield(Chunk{}, errServer)
				return
			case "refuse":
				aborted = false
				yield(Chunk{}, fmt.Errorf("synthesiser: %w", permanent{}))
				return
			case "hang":
				<-ctx.Done()
				yield(Chunk{}, ctx.Err())
				return
			default:
				d, err := time.ParseDuration(word)
				if err != nil {
					continue // any other word has no meaning
				}
				select {
				case <-time.After(d):
				case <-ctx.Done():
					yield(Chunk{}, ctx.Err())
					return
				}
			}
		}
		aborted = false
	}
}

// schedulerTest runs a conversation with a scheduler in a bubble of simulated time.
type schedulerTest struct {
	*testing.T
	*Scheduler
	servers []*scripted
	began   time.Time
}

func testScheduler(t *testing.T, cfg SchedulerConfig, servers int, f func(*schedulerTest)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		st := &schedulerTest{T: t, began: time.Now()}
		var synths []Synthesizer
		for range servers {
			v := newScripted()
			st.servers = append(st.servers, v)
			synths = append(synths, v)
		}
		st.Scheduler = NewScheduler(cfg, synths...)
		f(st)
		if err := st.Close(t.Context()); err != nil {
			t.Errorf("close: %v", err)
		}
		for i, v := range st.servers {
			if v.most > max(cfg.Concurrency, 1) {
				t.Errorf("%d syntheses at once on server %d", v.most, i)
			}
			if v.early > 0 {
				t.Errorf("server %d was asked %d times before it had settled", i, v.early)
			}
			if v.inFlight != 0 {
				t.Errorf("%d syntheses on server %d outlive the scheduler", v.inFlight, i)
			}
		}
		sum := st.Stats()
		if sum.Submitted != sum.Completed+sum.Failed+sum.Cancelled || sum.Waiting != 0 || sum.InFlight != 0 {
			t.Errorf("after close %+v: the sums don't agree", sum)
		}
	})
}

// say submits a sentence at once.
func (st *schedulerTest) say(text string) *Speech { return st.sayFor("", text, time.Now()) }

func (st *schedulerTest) sayFor(owner, text string, deadline time.Time) *Speech {
	return st.Submit(Job{Request: Request{Text: text}, Rate: testRate, Deadline: deadline, Owner: owner})
}

// in returns the moment at which so much has passed since the test began.
func (st *schedulerTest) in(d time.Duration) time.Time { return st.began.Add(d) }

// outcome is what became of a speech.
type outcome struct {
	pcm []byte
	err error
	at  time.Duration // since the test began
}

// hear takes a speech to its end as a session would.
func (st *schedulerTest) hear(sp *Speech) outcome {
	st.Helper()
	var o outcome
	limit := time.After(time.Hour)
	for {
		select {
		case <-sp.Ready():
		case <-limit:
			st.Fatalf("the speech does not end")
		}
		pcm, done, err := sp.Take()
		o.pcm = pcm.Append(o.pcm, pcm.Len())
		if done {
			o.err, o.at = err, time.Since(st.began)
			return o
		}
		if err != nil {
			st.Errorf("an error before the end: %v", err)
		}
	}
}

// want fails unless a speech is so many chunks of audio and ended with err at a time.
func (st *schedulerTest) want(why string, sp *Speech, chunks int, err error, at time.Duration) {
	st.Helper()
	o := st.hear(sp)
	if !bytes.Equal(o.pcm, audio(chunks)) {
		st.Errorf("%s: %d bytes of audio, want %d chunks", why, len(o.pcm), chunks)
	}
	if !errors.Is(o.err, err) {
		st.Errorf("%s: error %v, want %v", why, o.err, err)
	}
	if o.at != at {
		st.Errorf("%s: it ended after %v, want %v", why, o.at, at)
	}
}

// audio is what scripted makes of n "audio"s.
func audio(n int) []byte {
	var pcm []byte
	for i := range n {
		pcm = append(pcm, bytes.Repeat([]byte{byte(i + 1)}, testRate/100*2)...)
	}
	return pcm
}

func (st *schedulerTest) wantTexts(why string, server int, want ...string) {
	st.Helper()
	if got := st.servers[server].texts(); !slices.Equal(got, want) {
		st.Errorf("%s: server %d was asked for %q, want %q", why, server, got, want)
	}
}

func TestSchedulerSpeaks(t *testing.T) {
	testScheduler(t, SchedulerConfig{}, 1, func(st *schedulerTest) {
		sp := st.say("1s audio 1s audio audio")
		synctest.Wait()
		if pcm, done, err := sp.Take(); len(pcm) > 0 || done || err != nil {
			st.Errorf("before the first audio: %d bytes, done %v, %v", len(pcm), done, err)
		}
		<-sp.Ready()
		if at := time.Since(st.began); at != time.Second {
			st.Errorf("the first audio came after %v, want it as it is made, after 1s", at)
		}
		if pcm, done, _ := sp.Take(); !bytes.Equal(pcm.Append(nil, pcm.Len()), audio(1)) || done {
			st.Errorf("first audio: %d bytes, done %v", len(pcm), done)
		}
		<-sp.Ready()
		synctest.Wait()
		pcm, done, err := sp.Take()
		if !bytes.Equal(pcm.Append(nil, pcm.Len()), audio(3)[len(audio(1)):]) || !done || err != nil {
			st.Errorf("a listener who comes late takes all there is: %d bytes, done %v, %v", len(pcm), done, err)
		}
		if pcm, done, err := sp.Take(); pcm != nil || !done || err != nil {
			st.Errorf("after the end: %d bytes, done %v, %v", len(pcm), done, err)
		}
		want := Times{st.in(0), st.in(0), st.in(time.Second), st.in(2 * time.Second)}
		if got := sp.Times(); got != want {
			st.Errorf("times %v, want %v", got, want)
		}
	})
}

func TestSchedulerResamples(t *testing.T) {
	testScheduler(t, SchedulerConfig{}, 1, func(st *schedulerTest) {
		st.servers[0].rate = 48000 // 480 bytes are then 5 ms
		o := st.hear(st.say("audio audio audio audio"))
		if want := len(audio(4)) / 2; len(o.pcm) != want || o.err != nil {
			st.Errorf("%d bytes, %v; want half of what was made, %d", len(o.pcm), o.err, want)
		}
		st.servers[0].rate = testRate
		if o := st.hear(st.say("odd")); o.err == nil || len(st.servers[0].texts()) != 2 {
			st.Errorf("audio at 7 Hz: %v, asked %d times; want an error and no second try", o.err, len(st.servers[0].texts()))
		}
	})
}

func TestSchedulerOneAtATime(t *testing.T) {
	testScheduler(t, SchedulerConfig{}, 1, func(st *schedulerTest) {
		a := st.sayFor("a", "1s audio", st.in(0))
		b := st.sayFor("b", "1s audio audio", st.in(7*time.Second))
		c := st.sayFor("c", "1s audio audio audio", st.in(5*time.Second))
		st.want("it came first", a, 1, nil, time.Second)
		st.want("its listener runs out first", c, 3, nil, 2*time.Second)
		st.want("its listener runs out last", b, 2, nil, 3*time.Second)
	})
	testScheduler(t, SchedulerConfig{Concurrency: 2}, 1, func(st *schedulerTest) {
		a, b, c := st.say("1s audio"), st.say("1s audio"), st.say("1s audio")
		st.want("one of two at once", a, 1, nil, time.Second)
		st.want("one of two at once", b, 1, nil, time.Second)
		st.want("the third waits", c, 1, nil, 2*time.Second)
	})
	testScheduler(t, SchedulerConfig{}, 2, func(st *schedulerTest) {
		a, b, c := st.say("1s audio"), st.say("1s audio"), st.say("1s audio")
		st.want("one on each server", a, 1, nil, time.Second)
		st.want("one on each server", b, 1, nil, time.Second)
		st.want("the third waits", c, 1, nil, 2*time.Second)
	})
}

func TestSchedulerLookAhead(t *testing.T) {
	testScheduler(t, SchedulerConfig{}, 1, func(st *schedulerTest) {
		a := st.sayFor("a", "1s audio", st.in(20*time.Second))
		b := st.sayFor("b", "1s audio", st.in(30*time.Second))
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if s := st.Stats(); s.Waiting != 2 || s.InFlight != 0 {
			st.Errorf("%d wait, %d are spoken: nobody needs them yet", s.Waiting, s.InFlight)
		}
		b.SetDeadline(st.in(13 * time.Second))
		st.want("its deadline moved to within the look-ahead", b, 1, nil, 6*time.Second)
		st.want("8 s before its deadline", a, 1, nil, 13*time.Second)
		if w := st.Stats().QueueWait; w.Count() != 2 || w.Sum != 0 {
			st.Errorf("%d waits of %v: being early is not waiting", w.Count(), w.Sum)
		}
	})
	testScheduler(t, SchedulerConfig{LookAhead: -1}, 1, func(st *schedulerTest) {
		st.want("look-ahead is unlimited", st.sayFor("a", "1s audio", st.in(time.Hour)), 1, nil, time.Second)
	})
	testScheduler(t, SchedulerConfig{}, 1, func(st *schedulerTest) {
		st.want("no deadline means now", st.sayFor("a", "1s audio", time.Time{}), 1, nil, time.Second)
	})
}

// A file is spoken as fast as the server can while nobody listens, and beside a listener in
// the time that is left, with nothing of the listener's late.
func TestSchedulerEager(t *testing.T) {
	const lines = 10
	file := func(st *schedulerTest) (speeches []*Speech) {
		for i := range lines {
			job := Job{Request: Request{Text: "1s audio"}, Rate: testRate, Owner: "file", Eager: true}
			if i > 0 {
				job.Deadline = st.in(30*time.Second + time.Duration(i)*1500*time.Millisecond)
			}
			speeches = append(speeches, st.Submit(job))
		}
		return speeches
	}
	testScheduler(t, SchedulerConfig{}, 1, func(st *schedulerTest) {
		for i, sp := range file(st) {
			st.want("nothing holds it back", sp, 1, nil, time.Duration(i+1)*time.Second)
		}
	})
	testScheduler(t, SchedulerConfig{}, 1, func(st *schedulerTest) {
		speeches := file(st)
		var heard []*Speech
		var due []time.Duration
		for i := range 20 {
			// The server is busy with the listener for two thirds of the time.
			due = append(due, 2*time.Second+time.Duration(i)*1500*time.Millisecond)
			heard = append(heard, st.sayFor("listener", "1s audio", st.in(due[i])))
		}
		for i, sp := range heard {
			if o := st.hear(sp); o.err != nil || o.at > due[i] {
				st.Errorf("the listener's sentence %d was there after %v, wanted by %v (%v)", i, o.at, due[i], o.err)
			}
		}
		for i, sp := range speeches {
			if o := st.hear(sp); o.err != nil || o.at > 31*time.Second {
				st.Errorf("the file's sentence %d was there after %v (%v): time for it was left before", i, o.at, o.err)
			}
		}
	})
}

func TestSchedulerCancel(t *testing.T) {
	wantCancelled := func(st *schedulerTest, sp *Speech) {
		st.Helper()
		if pcm, done, err := sp.Take(); pcm != nil || !done || !errors.Is(err, ErrCancelled) {
			st.Errorf("after Cancel: %d bytes, done %v, %v", len(pcm), done, err)
		}
		select {
		case <-sp.Ready():
		default:
			st.Error("after Cancel: the end was not announced")
		}
		sp.Cancel()
		time.Sleep(time.Minute)
		if pcm, done, err := sp.Take(); pcm != nil || !done || !errors.Is(err, ErrCancelled) {
			st.Errorf("a minute after Cancel: %d bytes, done %v, %v", len(pcm), done, err)
		}
	}
	t.Run("while it waits", func(t *testing.T) {
		testScheduler(t, SchedulerConfig{}, 1, func(st *schedulerTest) {
			a, b, c := st.say("1s audio"), st.say("2s audio"), st.say("3s audio")
			b.Cancel()
			wantCancelled(st, b)
			st.hear(a)
			st.hear(c)
			st.wantTexts("the cancelled one is never asked for", 0, "1s audio", "3s audio")
		})
	})
	t.Run("just given to a worker", func(t *testing.T) {
		testScheduler(t, SchedulerConfig{}, 1, func(st *schedulerTest) {
			sp := st.say("hang")
			sp.Cancel()
			wantCancelled(st, sp)
			st.want("the server is free", st.say("audio"), 1, nil, time.Minute)
		})
	})
	t.Run("before the first audio", func(t *testing.T) {
		testScheduler(t, SchedulerConfig{}, 1, func(st *schedulerTest) {
			sp := st.say("hang")
			time.Sleep(time.Second)
			sp.Cancel()
			synctest.Wait()
			if n := st.Stats().InFlight; n != 0 {
				st.Errorf("%d syntheses go on after the cancel", n)
			}
			wantCancelled(st, sp)
			st.wantTexts("a cancelled one is not tried again", 0, "hang")
		})
	})
	t.Run("between chunks, the server settles", func(t *testing.T) {
		testScheduler(t, SchedulerConfig{}, 1, func(st *schedulerTest) {
			st.servers[0].settle = 500 * time.Millisecond
			sp := st.say("1s audio hang")
			next := st.say("1s audio")
			time.Sleep(2 * time.Second)
			sp.Cancel() // with audio that was not taken
			st.want("the next waits for the server to settle", next, 1, nil, 3500*time.Millisecond)
			wantCancelled(st, sp)
		})
	})
	t.Run("while the server settles, another goes on", func(t *testing.T) {
		testScheduler(t, SchedulerConfig{}, 2, func(st *schedulerTest) {
			st.servers[0].settle = time.Hour
			sp := st.say("hang")
			time.Sleep(time.Second)
			sp.Cancel()
			st.want("on the other server", st.say("1s audio"), 1, nil, 2*time.Second)
			st.want("on the other server", st.say("1s audio"), 1, nil, 3*time.Second)
			st.wantTexts("it settles", 0, "hang")
		})
	})
	t.Run("after the end", func(t *testing.T) {
		testScheduler(t, SchedulerConfig{}, 1, func(st *schedulerTest) {
			sp := st.say("1s audio")
			time.Sleep(2 * time.Second)
			sp.Cancel()
			wantCancelled(st, sp)
			if s := st.Stats(); s.Completed != 1 || s.Cancelled != 0 {
				st.Errorf("%d completed, %d cancelled; it was complete before", s.Completed, s.Cancelled)
			}
		})
	})
}

func TestSchedulerRetry(t *testing.T) {
	const text = "1s audio"
	t.Run("once, with another seed", func(t *testing.T) {
		testScheduler(t, SchedulerConfig{}, 1, func(st *schedulerTest) {
			st.servers[0].attempts(text, "1s fail")
			sp := st.Submit(Job{Request: Request{Text: text, Seed: 7}, Rate: testRate, Owner: "a"})
			after := st.sayFor("a", "audio", st.in(0))
			st.want("the second try succeeds", sp, 1, nil, 2*time.Second)
			st.want("its owner's order is kept", after, 1, nil, 2*time.Second)
			if r := st.servers[0].requests; r[0].Seed != 7 || r[1].Seed != 8 {
				st.Errorf("seeds %d and %d, want 7 and another", r[0].Seed, r[1].Seed)
			}
			s := st.Stats()
			if s.Retried != 1 || s.Completed != 2 || s.Failed != 0 || s.Servers[0].Failed != 1 {
				st.Errorf("%+v, want one retry", s)
			}
			if s.QueueWait.Count() != 2 || s.Servers[0].Busy != 2*time.Second {
				st.Errorf("%d waits, busy %v; want one per sentence, and both tries", s.QueueWait.Count(), s.Servers[0].Busy)
			}
		})
	})
	t.Run("on the other server", func(t *testing.T) {
		testScheduler(t, SchedulerConfig{}, 2, func(st *schedulerTest) {
			st.servers[0].attempts(text, "1s fail")
			sp := st.say(text)
			other := st.say("3s audio")
			st.want("the other is busy so long", other, 1, nil, 3*time.Second)
			st.want("it waits for the other, though its own is idle", sp, 1, nil, 4*time.Second)
			st.wantTexts("the second try", 1, "3s audio", text)
		})
	})
	t.Run("a random seed stays random", func(t *testing.T) {
		testScheduler(t, SchedulerConfig{}, 1, func(st *schedulerTest) {
			st.servers[0].attempts(text, "fail")
			st.hear(st.Submit(Job{Request: Request{Text: text, Seed: -1}, Rate: testRate}))
			if r := st.servers[0].requests; len(r) != 2 || r[1].Seed != -1 {
				st.Errorf("requests %+v, want two with seed -1", r)
			}
		})
	})
	t.Run("not a second time", func(t *testing.T) {
		testScheduler(t, SchedulerConfig{}, 1, func(st *schedulerTest) {
			st.servers[0].attempts(text, "1s fail", "1s fail")
			sp := st.say(text)
			time.Sleep(5 * time.Second)
			st.want("two failures are a failure", sp, 0, errServer, 5*time.Second)
			st.wantTexts("two tries", 0, text, text)
		})
	})
	t.Run("without audio is a failure", func(t *testing.T) {
		testScheduler(t, SchedulerConfig{}, 1, func(st *schedulerTest) {
			st.servers[0].attempts(text, "1s empty", "1s")
			st.want("a clean end without audio", st.say(text), 0, errNoAudio, 2*time.Second)
		})
	})
	t.Run("not in vain", func(t *testing.T) {
		testScheduler(t, SchedulerConfig{}, 1, func(st *schedulerTest) {
			for range 5 {
				st.want("a permanent error", st.say("refuse"), 0, permanent{}, 0)
			}
			st.want("is not held against the server", st.say("audio"), 1, nil, 0)
			if s := st.Stats(); s.Retried != 0 || s.Servers[0].FailuresInARow != 0 {
				st.Errorf("%+v, want no retry and no failure of the server's", s)
			}
		})
	})
	t.Run("not after audio", func(t *testing.T) {
		testScheduler(t, SchedulerConfig{}, 1, func(st *schedulerTest) {
			st.want("what was made is handed over with the error", st.say("audio 1s fail"), 1, errServer, time.Second)
			st.wantTexts("one try", 0, "audio 1s fail")
		})
	})
	t.Run("cancelled in between", func(t *testing.T) {
		testScheduler(t, SchedulerConfig{}, 1, func(st *schedulerTest) {
			st.servers[0].attempts(text, "fail", "hang")
			sp := st.say(text)
			time.Sleep(time.Second)
			sp.Cancel()
			st.want("the second try is aborted", sp, 0, ErrCancelled, time.Second)
			st.want("and the server goes on", st.say("audio"), 1, nil, time.Second)
		})
	})
	t.Run("endless audio", func(t *testing.T) {
		testScheduler(t, SchedulerConfig{}, 1, func(st *schedulerTest) {
			o := st.hear(st.say(strings.Repeat("audio ", 12001)))
			if !errors.Is(o.err, errEndless) || len(o.pcm) != len(audio(1))*12000 {
				st.Errorf("%d bytes, %v; want two minutes and an error", len(o.pcm), o.err)
			}
		})
	})
}

func TestSchedulerServerDown(t *testing.T) {
	t.Run("the pool goes on", func(t *testing.T) {
		testScheduler(t, SchedulerConfig{}, 2, func(st *schedulerTest) {
			down := st.servers[0]
			down.attempts("1s audio", slices.Repeat([]string{"fail"}, 100)...)
			for i := range 10 {
				st.want("the other server speaks it", st.say("1s audio"), 1, nil, time.Duration(i+1)*time.Second)
			}
			s := st.Stats()
			if n := len(down.texts()); n != int(s.Servers[0].Failed) || n < 2 || n > 6 {
				st.Errorf("the server that is down was asked %d times, want a few", n)
			}
			if s.Servers[0].FailuresInARow < 2 || s.Servers[0].RestUntil.IsZero() {
				st.Errorf("%+v: it should rest", s.Servers[0])
			}
			if s.Failed != 0 || s.Completed != 10 {
				st.Errorf("%+v: every sentence was to be spoken", s)
			}
		})
	})
	t.Run("it comes back", func(t *testing.T) {
		testScheduler(t, SchedulerConfig{}, 1, func(st *schedulerTest) {
			st.servers[0].attempts("audio", "fail", "fail", "fail")
			st.want("the first sentence finds it down", st.say("audio"), 0, errServer, 0)
			st.want("the next too, and is tried again after the rest", st.say("audio"), 1, nil, time.Second)
			if s := st.Stats().Servers[0]; s.FailuresInARow != 0 || !s.RestUntil.IsZero() {
				st.Errorf("%+v: a success ends the row", s)
			}
		})
	})
	t.Run("one sentence is not a broken server", func(t *testing.T) {
		testScheduler(t, SchedulerConfig{}, 1, func(st *schedulerTest) {
			st.want("no audio, twice", st.say("empty"), 0, errNoAudio, 0)
			st.want("the server doesn't rest", st.say("audio"), 1, nil, 0)
		})
	})
	t.Run("one voice is not a broken server", func(t *testing.T) {
		testScheduler(t, SchedulerConfig{}, 1, func(st *schedulerTest) {
			say := func(voice, text string) *Speech {
				return st.Submit(Job{Request: Request{Text: text, Voice: Voice{RefAudioPath: voice}}, Rate: testRate})
			}
			for range 10 {
				st.hear(say("missing", "fail"))
			}
			at := time.Since(st.began)
			st.want("no server takes the missing voice", say("missing", "fail"), 0, ErrNoServer, at)
			st.want("another voice is not held up", say("good", "audio"), 1, nil, at)
			if s := st.Stats().Servers[0]; s.FailuresInARow != 0 {
				st.Errorf("%+v: a success ends the row", s)
			}
			st.hear(say("missing", "fail"))
			say("bad", "fail")
			synctest.Wait() // the row has two voices now
			st.want("two voices failed, so a third waits too", say("good", "audio"), 1, nil, at+time.Second)
		})
	})
	t.Run("none works", func(t *testing.T) {
		testScheduler(t, SchedulerConfig{}, 2, func(st *schedulerTest) {
			for _, v := range st.servers {
				v.attempts("audio", slices.Repeat([]string{"fail"}, 1000)...)
			}
			var all []*Speech
			unavailable := 0
			for i := range 600 { // ten minutes, a sentence a second
				all = append(all, st.say("audio"))
				time.Sleep(time.Second)
				if i < 3 {
					continue
				}
				_, done, err := all[i-3].Take()
				if !done || !errors.Is(err, errServer) {
					st.Fatalf("a sentence of four seconds ago: done %v, %v; want it to have failed, and why", done, err)
				}
				if errors.Is(err, ErrNoServer) {
					unavailable++
				}
			}
			if unavailable < 500 {
				st.Errorf("%d of 600 sentences failed with ErrNoServer", unavailable)
			}
			if asked := len(st.servers[0].texts()) + len(st.servers[1].texts()); asked > 100 {
				st.Errorf("servers that are down were asked %d times", asked)
			}
			early := st.sayFor("a", "audio", time.Now().Add(time.Minute))
			synctest.Wait()
			if _, done, _ := early.Take(); done {
				st.Error("a sentence that is needed in a minute was given up at once")
			}
		})
	})
	t.Run("there is none", func(t *testing.T) {
		testScheduler(t, SchedulerConfig{}, 0, func(st *schedulerTest) {
			st.want("nobody speaks", st.say("audio"), 0, ErrNoServer, 0)
			st.want("nor later", st.sayFor("a", "audio", st.in(time.Minute)), 0, ErrNoServer, 0)
		})
	})
}

func TestSchedulerVoices(t *testing.T) {
	testScheduler(t, SchedulerConfig{}, 2, func(st *schedulerTest) {
		say := func(voice string) *Speech {
			return st.Submit(Job{Request: Request{Text: "1s audio", Voice: Voice{RefAudioPath: voice}}, Rate: testRate})
		}
		for range 3 {
			a, b := say("x"), say("y")
			st.hear(a)
			st.hear(b)
			a, b = say("y"), say("x")
			st.hear(a)
			st.hear(b)
		}
		for i, v := range st.servers {
			for _, r := range v.requests {
				if r.Voice.RefAudioPath != v.requests[0].Voice.RefAudioPath {
					st.Errorf("server %d spoke with more than one voice", i)
				}
			}
		}
	})
}

func TestSchedulerDrain(t *testing.T) {
	testScheduler(t, SchedulerConfig{}, 1, func(st *schedulerTest) {
		a, b := st.say("1s audio"), st.sayFor("b", "1s audio", st.in(20*time.Second))
		ctx, cancel := context.WithTimeout(st.Context(), 2*time.Second)
		defer cancel()
		if err := st.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) {
			st.Errorf("draining for 2 s: %v", err)
		}
		st.want("accepted before", a, 1, nil, 2*time.Second)
		st.want("refused", st.say("audio"), 0, ErrSchedulerClosed, 2*time.Second)
		if err := st.Drain(st.Context()); err != nil {
			st.Errorf("draining: %v", err)
		}
		if at := time.Since(st.began); at != 13*time.Second {
			st.Errorf("drained after %v, want when the last sentence is spoken, 13s", at)
		}
		st.want("accepted before", b, 1, nil, 13*time.Second)
		if err := st.Drain(st.Context()); err != nil {
			st.Errorf("draining again: %v", err)
		}
	})
}

func TestSchedulerDrainWaitsForTheLast(t *testing.T) {
	testScheduler(t, SchedulerConfig{}, 1, func(st *schedulerTest) {
		sp := st.say("1s audio")
		if err := st.Drain(st.Context()); err != nil || time.Since(st.began) != time.Second {
			st.Errorf("drained after %v: %v", time.Since(st.began), err)
		}
		st.want("it was under way", sp, 1, nil, time.Second)
	})
}

func TestSchedulerClose(t *testing.T) {
	testScheduler(t, SchedulerConfig{}, 1, func(st *schedulerTest) {
		running, handed := st.say("1s audio hang"), st.say("audio")
		early := st.sayFor("a", "audio", st.in(time.Minute))
		time.Sleep(2 * time.Second)
		st.servers[0].settle = time.Hour // must not be waited for
		if err := st.Close(st.Context()); err != nil {
			st.Errorf("close: %v", err)
		}
		st.want("what was made stays", running, 1, ErrSchedulerClosed, 2*time.Second)
		st.want("what waited", handed, 0, ErrSchedulerClosed, 2*time.Second)
		st.want("what was early", early, 0, ErrSchedulerClosed, 2*time.Second)
		st.want("what comes after", st.say("audio"), 0, ErrSchedulerClosed, 2*time.Second)
		early.SetDeadline(st.in(0))
		early.Cancel()
		if err := st.Drain(st.Context()); err != nil {
			st.Errorf("drain after close: %v", err)
		}
	})
}

// A Synthesizer that does not notice the abort holds Close up no longer than its ctx.
func TestSchedulerCloseGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := NewScheduler(SchedulerConfig{}, deaf{release})
		s.Submit(Job{Rate: testRate})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("close: %v, want its ctx's end", err)
		}
		close(release)
		if err := s.Close(t.Context()); err != nil {
			t.Errorf("close again: %v", err)
		}
	})
}

// deaf ignores ctx until released.
type deaf struct{ release chan struct{} }

func (d deaf) Synthesize(context.Context, Request) iter.Seq2[Chunk, error] {
	return func(func(Chunk, error) bool) { <-d.release }
}

// Whatever sessions do: never more than one synthesis on a server, no speech without an
// end, no audio after a cancel, and a cancelled one that had not begun is not asked for.
func TestSchedulerProperties(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		servers := rapid.IntRange(1, 3).Draw(rt, "servers")
		sessions := rapid.IntRange(1, 8).Draw(rt, "sessions")
		testScheduler(t, SchedulerConfig{}, servers, func(st *schedulerTest) {
			for _, v := range st.servers {
				v.settle = 30 * time.Millisecond
			}
			var wg sync.WaitGroup
			for i := range sessions {
				wg.Go(func() { st.behave(rand.New(rand.NewPCG(seed, uint64(i))), fmt.Sprint(i)) })
			}
			wg.Wait()
			if err := st.Drain(st.Context()); err != nil {
				st.Errorf("drain: %v", err)
			}
		})
		if t.Failed() {
			rt.Fatal("see above")
		}
	})
}

// behave is a session that submits sentences of every kind, moves deadlines, cancels and
// takes, and in the end expects each to have ended as it must.
func (st *schedulerTest) behave(r *rand.Rand, owner string) {
	type said struct {
		sp        *Speech
		text      string
		cancelled bool
		began     bool // before the cancel
	}
	var all []*said
	for i := range 20 {
		text := fmt.Sprintf("%s-%d %s", owner, i, []string{
			"100ms audio 50ms audio", "200ms audio", "100ms fail", "audio 100ms fail", "refuse", "10ms", "audio audio audio",
		}[r.IntN(7)])
		deadline := time.Now().Add(time.Duration(r.IntN(20)-2) * time.Second)
		all = append(all, &said{sp: st.sayFor(owner, text, deadline), text: text})
		time.Sleep(time.Duration(r.IntN(300)) * time.Millisecond)
		switch o := all[r.IntN(len(all))]; r.IntN(3) {
		case 0:
			o.sp.SetDeadline(time.Now().Add(time.Duration(r.IntN(10)) * time.Second))
		case 1:
			if !o.cancelled {
				o.cancelled, o.began = true, !o.sp.Times().Started.IsZero()
				o.sp.Cancel()
			}
		case 2:
			_, _, _ = o.sp.Take()
		}
	}
	for _, o := range all {
		for done := false; !done; {
			<-o.sp.Ready()
			var pcm Pieces
			var err error
			pcm, done, err = o.sp.Take()
			if o.cancelled && (len(pcm) > 0 || !done || !errors.Is(err, ErrCancelled)) {
				st.Errorf("%q was cancelled: %d bytes, done %v, %v", o.text, len(pcm), done, err)
			}
		}
	}
	for _, o := range all {
		if !o.cancelled || o.began {
			continue
		}
		for i, v := range st.servers {
			if slices.Contains(v.texts(), o.text) {
				st.Errorf("%q was cancelled before it began and server %d was asked for it", o.text, i)
			}
		}
	}
}

// The same without simulated time, for the race detector, and nothing may be left over.
func TestSchedulerRaces(t *testing.T) {
	defer goleak.VerifyNone(t)
	v := newScripted()
	s := NewScheduler(SchedulerConfig{}, v, newScripted())
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(i)))
			for range 20 {
				sp := s.Submit(Job{Request: Request{Text: "1ms audio audio"}, Rate: testRate, Owner: fmt.Sprint(i % 10)})
				if r.IntN(3) == 0 {
					sp.SetDeadline(time.Now().Add(time.Duration(r.IntN(9000)) * time.Millisecond))
					sp.Cancel()
				}
				for done := false; !done; {
					<-sp.Ready()
					_, done, _ = sp.Take()
				}
			}
		})
	}
	wg.Wait()
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if v.most != 1 {
		t.Errorf("%d syntheses at once", v.most)
	}
	if st := s.Stats(); st.Submitted != 1000 || st.Completed+st.Cancelled != 1000 || st.Completed == 0 || st.Cancelled == 0 {
		t.Errorf("%+v", st)
	}
}

func TestLeastSpeech(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"":       0,
		"안녕하세요":  500 * time.Millisecond,
		"Hello!": 270 * time.Millisecond,
		"はい ok":  335 * time.Millisecond,
	} {
		if got := leastSpeech(text); got != want {
			t.Errorf("%q takes %v at the least, want %v", text, got, want)
		}
	}
}

func TestPace(t *testing.T) {
	p := startPace
	p.learn(time.Second, 2*time.Second)
	if got := p.cost(3 * time.Second); got != 6*time.Second {
		t.Errorf("after one synthesis at half speed, 3 s are expected to take %v", got)
	}
	for range 40 {
		p.learn(time.Second, time.Second)
	}
	if got := p.cost(3 * time.Second); got < 3*time.Second || got > 3100*time.Millisecond {
		t.Errorf("after 40 syntheses at speed, 3 s are expected to take %v", got)
	}
	before := p
	if p.learn(0, time.Second); p != before {
		t.Error("an empty text taught something")
	}
}

func TestHistogram(t *testing.T) {
	var h Histogram
	for _, d := range []time.Duration{0, time.Millisecond, 2 * time.Millisecond, time.Hour} {
		h.observe(d)
	}
	if h.Counts[0] != 2 || h.Counts[1] != 1 || h.Counts[len(h.Bounds())] != 1 || h.Count() != 4 {
		t.Errorf("counts %v: a bound belongs to its bucket, what is longer than all to the last", h.Counts)
	}
	if h.Sum != time.Hour+3*time.Millisecond {
		t.Errorf("sum %v", h.Sum)
	}
}

// instant answers with one chunk and tells when it was asked.
type instant struct {
	asked chan time.Time
	pcm   []byte
}

func (v instant) Synthesize(context.Context, Request) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		v.asked <- time.Now()
		yield(Chunk{Rate: testRate, PCM: v.pcm}, nil)
	}
}

// BenchmarkSubmit is one sentence on an idle server: to-request is the time from Submit to
// the server being asked, to-ready from the chunk to the listener having it.
func BenchmarkSubmit(b *testing.B) {
	v := instant{asked: make(chan time.Time, 1), pcm: make([]byte, 9600)}
	s := NewScheduler(SchedulerConfig{}, v)
	defer func() { _ = s.Close(context.Background()) }()
	// Other listeners are well ahead: their sentences wait and must cost little.
	for i := range 100 {
		s.Submit(Job{Rate: testRate, Owner: fmt.Sprint(i), Deadline: time.Now().Add(time.Hour)})
	}
	var request, ready time.Duration
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		sp := s.Submit(Job{Rate: testRate})
		asked := <-v.asked
		<-sp.Ready()
		ready += time.Since(asked)
		request += asked.Sub(start)
		for _, done, _ := sp.Take(); !done; _, done, _ = sp.Take() {
			<-sp.Ready()
		}
	}
	b.ReportMetric(float64(request.Nanoseconds())/float64(b.N), "ns/to-request")
	b.ReportMetric(float64(ready.Nanoseconds())/float64(b.N), "ns/to-ready")
}

// Sound comes off in any lengths, as it would off one piece, whatever is written before it.
func TestPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 12).Draw(t, "most")
		var all Pieces
		var want, got []byte
		var cut [][]byte
		for range rapid.IntRange(1, 50).Draw(t, "steps") {
			n, before := rapid.IntRange(1, 20).Draw(t, "n"), all.Len()
			switch rapid.IntRange(0, 2).Draw(t, "step") {
			case 0:
				sound := rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "sound")
				all.add(sound, most)
				want = append(want, sound...)
				if all.Len() != before+n {
					t.Fatalf("length %d, want %d", all.Len(), before+n)
				}
			case 1:
				piece := all.Cut(n)
				copy(piece[:Room], "head of frame")
				cut = append(cut, piece)
				if taken := len(piece) - Room; taken > n || taken == 0 && before > 0 || all.Len() != before-taken {
					t.Fatalf("%d of %d cut, at most %d: %d left", taken, before, n, all.Len())
				}
				got = append(got, piece[Room:]...)
			case 2:
				from := len(got)
				got = all.Append(got, n)
				if taken := len(got) - from; taken != min(n, before) || all.Len() != before-taken {
					t.Fatalf("%d of %d taken: %d, %d left", n, before, taken, all.Len())
				}
			}
		}
		for sound := range all.All() {
			got = append(got, sound...)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
		for _, piece := range cut {
			if string(piece[:Room]) != "head of fram" {
				t.Fatalf("somebody wrote %q over a head", piece[:Room])
			}
		}
	})
}

// A second of sound that is made ahead is sent as it lies in memory.
func TestPiecesAreNotCopied(t *testing.T) {
	var all Pieces
	all.add(make([]byte, 1000), 200)
	for i := range 5 {
		lies := &all[0][0]
		if piece := all.Cut(200); len(piece) != Room+200 || &piece[0] != lies {
			t.Errorf("piece %d is a copy, or has %d bytes", i, len(piece)-Room)
		}
	}
}
