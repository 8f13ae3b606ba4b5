package session_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"avatarforge/internal/linetest"
	"avatarforge/realtime"
	"avatarforge/session"
)

// pair is a line and another one that shares its conversations.
func pair(t *testing.T, cfg linetest.Config) (one, two *linetest.Line) {
	t.Helper()
	cfg.Owners, cfg.Archive = linetest.NewOwners(), linetest.NewArchive()
	return linetest.Start(t, cfg), linetest.Start(t, cfg)
}

// An instance that goes away leaves its conversations to others: with the frames that the
// client has not got, each once, and with the sentence that was being spoken.
func TestAnotherInstanceGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, two := pair(t, home(threeSentences))
		k := open(t, one, session.Opening{})
		if _, err := two.Registry.Open(t.Context(), session.Opening{Session: k.sess.ID()}); !errors.Is(err, session.ErrElsewhere) {
			t.Errorf("%v: the session is at the first", err)
		}
		k.say("안녕?")
		until[realtime.AudioDelta](k, "it speaks")
		last := k.last // the client gets no more
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		go func() {
			for {
				if _, ok := k.att.Next(ctx, make([]session.Frame, 0, 1)); !ok {
					return
				}
			}
		}()
		one.Registry.Close(ctx)
		<-k.att.Ended()
		if code := k.att.Ending().Code; code != realtime.CloseGoingAway {
			t.Errorf("closed with %d", code)
		}

		back := resume(t, two, k.sess.ID(), last)
		done := until[realtime.ResponseDone](back, "the rest of it is there").Response
		if done.Status != realtime.StatusCompleted {
			t.Errorf("status %s: it had the time to finish", done.Status)
		}
		until[realtime.Context](back, "to the last frame")
		if len(events[realtime.SessionCreated](back)) != 0 {
			t.Error("nothing was missed, so nothing is told anew")
		}
		back.say("잘 자.")
		until[realtime.ResponseDone](back, "and it goes on")
	})
}

// Speech that was asked for by itself is finished before an instance goes away.
func TestDrainLetsSpeechFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := linetest.Start(t, home(threeSentences))
		k := open(t, line, session.Opening{})
		mode := realtime.SpeechOnClick
		k.set(realtime.SessionPatch{TTS: &realtime.TTSPatch{Mode: &mode}})
		k.say("안녕?")
		done := until[realtime.ResponseDone](k, "it answers").Response
		k.do(realtime.Speak{ItemID: done.Output[0].ID})
		until[realtime.AudioDelta](k, "it speaks")
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			line.Registry.Close(ctx)
		}()
		for range 3 {
			if e := until[realtime.SentenceDone](k, "each sentence is spoken"); e.Error != nil {
				t.Errorf("a sentence was given up: %+v", e.Error)
			}
		}
		<-closed
	})
}

// An instance that was taken to be dead writes nothing any more, whether it knows or not.
func TestTakenToBeDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := home(threeSentences)
		cfg.Owners, cfg.Archive = linetest.NewOwners(), linetest.NewArchive()
		cfg.LLM.Pace.TokensPerSecond = 4
		one, two := linetest.Start(t, cfg), linetest.Start(t, cfg)
		k := open(t, one, session.Opening{})
		k.say("안녕?")
		until[realtime.SentenceDone](k, "the first sentence has been spoken")
		tell := cfg.Owners.Lose(k.sess.ID())

		back := resume(t, two, k.sess.ID(), k.last)
		until[realtime.SessionCreated](back, "the client is told that it missed something")
		_, items := back.told(2)
		if items[1].Status != realtime.StatusIncomplete {
			t.Errorf("the reply is %s", items[1].Status)
		}
		k.unkept = true
		until[realtime.ResponseDone](k, "the first instance goes on for all it knows")
		kept, _ := cfg.Archive.Item(k.sess.ID(), items[1].ID)
		if kept.Text == threeSentences {
			t.Error("the first instance still writes")
		}
		tell()
		<-k.att.Ended()
		if code := k.att.Ending().Code; code != realtime.CloseTakenOver {
			t.Errorf("the first instance's connection is closed with %d", code)
		}
		<-k.sess.Done()
		back.say("계속해.")
		until[realtime.ResponseDone](back, "the second instance goes on")
	})
}
