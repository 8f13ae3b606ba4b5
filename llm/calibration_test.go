package llm

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// wide and plain are prompts of one kind of characters.
func wide(n int) Size  { return Size{Wide: n} }
func plain(n int) Size { return Size{Plain: n} }

func between(t *testing.T, why string, got, low, high int) {
	t.Helper()
	if got < low || got > high {
		t.Errorf("%s: got %d, want %d to %d", why, got, low, high)
	}
}

func TestCalibrationLearns(t *testing.T) {
	c := NewCalibration()
	want(t, "what is not known is taken for more than it can be", c.Scale("m").Of(wide(1000)), 3000)
	c.Observe("m", wide(1000), 1400)
	between(t, "the first reply teaches", c.Scale("m").Of(wide(1000)), 1400, 1700)
	want(t, "of what the prompt was made of", c.Scale("m").Of(plain(1000)), 1500)
	want(t, "and of that model", c.Scale("n").Of(wide(1000)), 3000)
	for range 20 {
		c.Observe("m", wide(1000), 1400)
	}
	between(t, "caution wears off, but not all of it", c.Scale("m").Of(wide(1000)), 1450, 1480)
	between(t, "what is likely is said without", c.Likely("m").Of(wide(1000)), 1400, 1401)

	c.Observe("m", Size{Plain: 900, Wide: 100}, 900+140)
	between(t, "a prompt teaches of what makes up most of it", c.Likely("m").Of(plain(1000)), 1000, 1001)
	between(t, "and nothing of the rest", c.Likely("m").Of(wide(1000)), 1400, 1401)
}

func TestCalibrationBelievesHigherCountsSooner(t *testing.T) {
	c := NewCalibration()
	c.Observe("m", wide(1000), 1200)
	c.Observe("m", wide(1000), 1500)
	between(t, "a higher count is proof", c.Likely("m").Of(wide(1000)), 1500, 1501)
	c.Observe("m", wide(1000), 1300)
	between(t, "a lower one may be of a prompt that was cached in part", c.Likely("m").Of(wide(1000)), 1470, 1490)
	for range 50 {
		c.Observe("m", wide(1000), 1300)
	}
	between(t, "but not for ever", c.Likely("m").Of(wide(1000)), 1300, 1310)
}

func TestCalibrationDoesNotLearnFromCachedOrCutPrompts(t *testing.T) {
	c := NewCalibration()
	c.Observe("m", wide(1000), 500)
	want(t, "a first count that cannot be of the whole prompt", c.Scale("m").Of(wide(1000)), 3000)
	c.Observe("m", wide(1000), 1400)
	before := c.Scale("m")
	for name, o := range map[string]struct{ counted, reported int }{
		"a server that tells nothing":      {1000, 0},
		"a prompt that was cut":            {1000, 1000},
		"a count that cannot be":           {1000, 7000},
		"a prompt too short to learn from": {minEstimate - 1, 300},
		"a prompt that was cached":         {1000, 30},
	} {
		c.Observe("m", wide(o.counted), o.reported)
		want(t, name+" is not learned from", c.Scale("m"), before)
	}
	for range 100 {
		c.Observe("m", wide(1000), 1200) // it has cached before: this is a part as well
	}
	want(t, "a server that leaves cached tokens out never teaches a lower ratio", c.Scale("m"), before)
}

// Stand-ins for a server, and some proxies, report the same number whatever they are asked.
func TestCalibrationDoesNotLearnFromWhatIsNoCount(t *testing.T) {
	for _, number := range []int{0, 10, 77, 300} {
		c := NewCalibration()
		for size := 80; size < 3000; size += 80 {
			c.Observe("m", Size{Plain: size / 3, Wide: size * 2 / 3}, number)
		}
		between(t, "what is likely, with some caution", c.Scale("m").Of(wide(1000)), 1550, 1570)
		want(t, "and without", c.Likely("m").Of(wide(1000)), 1300)
		c.Observe("m", wide(3000), 4000)
		c.Observe("m", wide(3100), 4133)
		between(t, "a count is learned from", c.Likely("m").Of(wide(1000)), 1333, 1335)
	}
	c := NewCalibration()
	for range 10 {
		c.Observe("m", wide(1000), 1400)
	}
	between(t, "the same prompt has the same count", c.Likely("m").Of(wide(1000)), 1400, 1401)
}

// margin is what a prompt leaves free of its window.
const margin = 64

// TestCalibrationIsNeverTooLow has a conversation grow with a model that counts in a way
// of its own, and whose server may leave out what it has cached. Had a prompt more tokens
// than it was taken for, it might be cut in silence.
func TestCalibrationIsNeverTooLow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		caches := rapid.Bool().Draw(t, "caches")
		plainRatio := rapid.Float64Range(0.9, 1.3).Draw(t, "plain")
		wideRatio := rapid.Float64Range(0.8, 2.9).Draw(t, "wide")
		if caches {
			// Half a count says little of a vocabulary like Llama 2's, met for the first time.
			wideRatio = min(wideRatio, 1.6)
		}
		hidden := rapid.IntRange(0, 60).Draw(t, "the template's own tokens")
		count := func(s Size) int {
			return int(plainRatio*float64(s.Plain)+wideRatio*float64(s.Wide)) + hidden
		}
		c := NewCalibration()
		prompt := Size{rapid.IntRange(200, 1500).Draw(t, "card, plain"), rapid.IntRange(0, 1500).Draw(t, "card, wide")}
		cached := 0
		for turn := range 60 {
			real := count(prompt)
			if taken := c.Scale("m").Of(prompt); taken+margin < real {
				t.Fatalf("turn %d: %+v has %d tokens and was taken for %d", turn, prompt, real, taken)
			}
			reported := real
			if caches {
				reported -= cached
			}
			c.Observe("m", prompt, reported)
			cached = real
			if rapid.IntRange(0, 9).Draw(t, "the prompt changes in the middle") == 0 {
				cached = real * rapid.IntRange(0, 100).Draw(t, "percent") / 100
			}
			// What is said in a turn is little beside what has been said.
			most := prompt.Total() / 20
			prompt = prompt.Plus(Size{rapid.IntRange(0, most).Draw(t, "plain said"), rapid.IntRange(0, most).Draw(t, "wide said")})
		}
	})
}

func TestCalibrationOutlivesTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		c := NewCalibration()
		kept := map[Ratio]bool{}
		broken := true
		ended := make(chan struct{})
		go func() { // ends with ctx
			defer close(ended)
			c.Keep(ctx, func(_ context.Context, r Ratio) error {
				if broken {
					return errors.New("the disk is full")
				}
				kept[r] = true
				return nil
			})
		}()
		c.Observe("m", wide(1000), 1400)
		time.Sleep(time.Minute)
		synctest.Wait()
		want(t, "nothing is kept while that fails", len(kept), 0)
		broken = false
		c.Observe("m", plain(1000), 1250)
		time.Sleep(time.Minute)
		synctest.Wait()
		want(t, "what failed is kept with the next change", kept[Ratio{"m", true, 1.4, 1}], true)
		want(t, "which is kept itself", kept[Ratio{"m", false, 1.25, 1}], true)
		clear(kept)
		c.Observe("m", plain(1000), 1250)
		time.Sleep(time.Minute)
		synctest.Wait()
		want(t, "what hardly changes is not kept each time", len(kept), 0)
		c.Observe("m", plain(1000), 1300)
		cancel()
		<-ended
		want(t, "the last is kept at the end", kept[Ratio{"m", false, 1.3, 3}], true)

		again := NewCalibration(Ratio{"m", true, 1.4, 12}, Ratio{"m", false, -1, 3})
		between(t, "another process goes on with it", again.Scale("m").Of(wide(1000)), 1469, 1471)
		want(t, "and not with what cannot be", again.Scale("m").Of(plain(1000)), 1500)
	})
}
