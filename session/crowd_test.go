package session_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"avatarforge/internal/linetest"
	"avatarforge/llm/llmtest"
	"avatarforge/realtime"
	"avatarforge/session"
	"avatarforge/tts/ttstest"
)

// crowdTurn is what one listener of a crowd made of one turn.
type crowdTurn struct {
	first time.Duration // from the end of the first sentence to its first audio
	gap   time.Duration // the longest time without sound after that
}

// crowdTalk has a listener talk, with pauses to listen, for some turns.
func crowdTalk(k *talk, turns int) []crowdTurn {
	var list []crowdTurn
	for n := range turns {
		before := len(k.frames)
		k.say(fmt.Sprintf("%d번째 이야기?", n+1))
		done := until[realtime.ResponseDone](k, "everybody's response ends").Response
		if done.Status != realtime.StatusCompleted || done.Avatarforge.SpeechErrors != 0 || done.Output[0].Text() != threeSentences {
			k.t.Errorf("status %s, %d speech errors, text %q", done.Status, done.Avatarforge.SpeechErrors, done.Output[0].Text())
		}
		var turn crowdTurn
		var playing time.Time
		turn.gap, playing = silence(k.frames[before:])
		sentences := k.sentences(k.frames[before:])
		if len(sentences) != 3 {
			k.t.Errorf("%d sentences, want three", len(sentences))
		}
		for i, s := range sentences {
			if s.Index != i || s.heard != whole {
				k.t.Errorf("sentence %d is number %d, heard %v", i, s.Index, s.heard)
			}
			s.sounds(k.t)
		}
		t := done.Avatarforge.Timings
		turn.first = time.Duration(*t.FirstAudioMS-*t.FirstSentenceMS) * time.Millisecond
		list = append(list, turn)
		time.Sleep(time.Until(playing)) // it listens
	}
	return list
}

// Twenty people on one synthesis server. A turn is 5.8 s of speech in three sentences,
// which take the server 0.3 s: it is busy for three quarters of the time, and yet nobody
// waits long for a reply to begin, or at all within one.
func TestCrowdOnOneServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const people, turns = 20, 2
		cfg := home(threeSentences)
		cfg.LLM.Parallel = people
		cfg.TTS = []ttstest.Config{{FirstChunkDelay: 20 * time.Millisecond, RealTimeFactor: 0.04}}
		line := linetest.Start(t, cfg)

		var mu sync.Mutex
		var all []crowdTurn
		var wg sync.WaitGroup
		for i := range people {
			k := open(t, line, session.Opening{})
			wg.Go(func() {
				time.Sleep(time.Duration(i) * 400 * time.Millisecond)
				list := crowdTalk(k, turns)
				mu.Lock()
				defer mu.Unlock()
				all = append(all, list...)
			})
		}
		wg.Wait()
		checkCrowd(t, line, all, people*turns, 1500*time.Millisecond, 0)
	})
}

// More people than the server can serve, all at the same moment: everybody waits, nobody
// for ever.
func TestCrowdBeyondTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const people = 20
		cfg := home(threeSentences)
		cfg.LLM.Parallel = people
		cfg.LLM.Pace = llmtest.Pace{FirstToken: 200 * time.Millisecond, TokensPerSecond: 100}
		cfg.TTS = []ttstest.Config{{FirstChunkDelay: 100 * time.Millisecond, RealTimeFactor: 0.2}}
		line := linetest.Start(t, cfg)

		var mu sync.Mutex
		var all []crowdTurn
		var wg sync.WaitGroup
		for range people {
			k := open(t, line, session.Opening{})
			wg.Go(func() {
				list := crowdTalk(k, 1)
				mu.Lock()
				defer mu.Unlock()
				all = append(all, list...)
			})
		}
		wg.Wait()
		// Twenty times three sentences are 29 s of work.
		checkCrowd(t, line, all, people, 30*time.Second, 30*time.Second)
	})
}

// Twenty people for whom the server is far too slow: they wait long for their replies to begin,
// but none stops in the middle. Replies are longer than a synthesis, and those who wait ask at the
// same time.
func TestCrowdDoesNotStutter(t *testing.T) {
	const people, talkFor = 20, 2 * time.Minute
	const story = "오늘은 아침에 일찍 일어나서 강가를 따라 천천히 걸었는데 바람이 참 시원했어요. " +
		"돌아오는 길에 작은 빵집에 들러서 갓 구운 소금빵을 두 개 사서 먹었답니다. " +
		"그러고 나서 하루 종일 당신이 오기만을 기다리면서 재미있는 책을 읽고 있었어요."
	for _, rtf := range []float64{0.15, 0.5, 0.9} {
		t.Run(fmt.Sprintf("real-time factor %v", rtf), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := home(story)
				cfg.LLM.Parallel = people
				cfg.LLM.Pace = llmtest.Pace{FirstToken: 250 * time.Millisecond, TokensPerSecond: 25}
				cfg.TTS = []ttstest.Config{{FirstChunkDelay: 200 * time.Millisecond, RealTimeFactor: rtf}}
				line := linetest.Start(t, cfg)
				end := time.Now().Add(talkFor)

				var mu sync.Mutex
				turns, stutters, worst := 0, 0, time.Duration(0)
				var wg sync.WaitGroup
				for i := range people {
					k := open(t, line, session.Opening{})
					wg.Go(func() {
						time.Sleep(time.Duration(i) * 250 * time.Millisecond)
						for time.Now().Before(end) {
							before := len(k.frames)
							k.say("이야기해 줘.")
							until[realtime.ResponseDone](k, "everybody's response ends")
							gap, playing := silence(k.frames[before:])
							mu.Lock()
							turns++
							if worst = max(worst, gap); gap > 20*time.Millisecond {
								stutters++
							}
							mu.Unlock()
							time.Sleep(time.Until(playing) + 6*time.Second)
						}
					})
				}
				wg.Wait()
				t.Logf("%d replies, the longest silence in one %v", turns, worst)
				if stutters > 0 || turns < people {
					t.Errorf("%d of %d replies stopped in the middle, for up to %v", stutters, turns, worst)
				}
			})
		})
	}
}

// silence is the longest time without sound within a reply, and when the last of it will have been
// played.
func silence(frames []frame) (gap time.Duration, playing time.Time) {
	for _, f := range frames {
		e, ok := f.event.(realtime.AudioDelta)
		if !ok {
			continue
		}
		if playing.IsZero() {
			playing = f.at
		}
		gap = max(gap, f.at.Sub(playing))
		if playing.Before(f.at) {
			playing = f.at
		}
		playing = playing.Add(time.Duration(len(e.Delta)/2) * time.Second / 24000)
	}
	return gap, playing
}

// checkCrowd wants that many turns, none of which waited longer for its first audio or
// fell silent for longer.
func checkCrowd(t *testing.T, line *linetest.Line, all []crowdTurn, turns int, first, gap time.Duration) {
	t.Helper()
	if len(all) != turns {
		t.Errorf("%d turns, want %d", len(all), turns)
	}
	var worst, sum crowdTurn
	for _, turn := range all {
		worst.first, worst.gap = max(worst.first, turn.first), max(worst.gap, turn.gap)
		sum.first, sum.gap = sum.first+turn.first, sum.gap+turn.gap
	}
	n := time.Duration(max(1, len(all)))
	t.Logf("to the first audio %v, at the worst %v; longest silence within a reply %v, at the worst %v",
		sum.first/n, worst.first, sum.gap/n, worst.gap)
	if worst.first > first || worst.gap > gap {
		t.Errorf("somebody waited %v for the first audio and %v within a reply, want %v and %v at the most", worst.first, worst.gap, first, gap)
	}
	var busy time.Duration
	records := line.TTS[0].Records()
	for _, r := range records {
		busy += r.End.Sub(r.Start)
	}
	t.Logf("the server was busy for %.0f %% of the time", 100*float64(busy)/float64(records[len(records)-1].End.Sub(records[0].Start)))
	if len(records) != 3*turns {
		t.Errorf("%d syntheses, want %d", len(records), 3*turns)
	}
	if n := line.TTS[0].Overlaps(); n != 0 {
		t.Errorf("%d syntheses met another at work", n)
	}
}
