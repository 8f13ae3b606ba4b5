package session_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"avatarforge/internal/linetest"
	"avatarforge/persona"
	"avatarforge/realtime"
	"avatarforge/session"
)

// slowCharacters knows one character, after a minute; any other hangs.
type slowCharacters struct{ found *persona.Character }

func (s slowCharacters) Character(ctx context.Context, id string) (*persona.Character, error) {
	wait := time.Hour
	if id == s.found.ID {
		wait = session.CharacterPatience / 2
	}
	select {
	case <-time.After(wait):
		return s.found, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// A conversation goes on while its next character is looked up.
func TestALoopNeverWaitsForACharacter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := home(threeSentences)
		config.Characters = slowCharacters{&persona.Character{ID: "slow", Name: "느림보", VoiceID: "default"}}
		line := linetest.Start(t, config)
		k := open(t, line, session.Opening{})
		k.say("안녕?")
		asked := time.Now()
		answered := make(chan error, 1)
		go func() {
			answered <- k.sess.Do(context.Background(), realtime.SessionUpdate{Session: realtime.SessionPatch{CharacterID: ptr("slow")}})
		}()
		until[realtime.TranscriptDelta](k, "the reply is written")
		if waited := time.Since(asked); waited >= session.CharacterPatience/2 {
			t.Errorf("the first words came after %v: the lookup held them up", waited)
		}
		if e := until[realtime.SessionUpdated](k, "then the character is there"); e.Session.Avatarforge.CharacterID != "slow" {
			t.Errorf("character %q", e.Session.Avatarforge.CharacterID)
		}
		if err := <-answered; err != nil {
			t.Error(err)
		}

		asked = time.Now()
		k.do(realtime.SessionUpdate{Session: realtime.SessionPatch{CharacterID: ptr("hangs")}})
		e := until[realtime.ErrorEvent](k, "a storage that hangs is given up")
		if e.Err.Type != realtime.ServerError || e.Err.Param != "session.avatarforge.character_id" {
			t.Errorf("error %+v", e.Err)
		}
		if waited := time.Since(asked); waited != session.CharacterPatience {
			t.Errorf("given up after %v", waited)
		}
		k.do(realtime.SessionUpdate{Session: realtime.SessionPatch{Temperature: ptr(0.5)}})
		if e := until[realtime.SessionUpdated](k, "and the session goes on"); e.Session.Avatarforge.CharacterID != "slow" {
			t.Errorf("with %q: a failed update changes nothing", e.Session.Avatarforge.CharacterID)
		}
		if _, err := line.Registry.Open(context.Background(), session.Opening{Character: "hangs"}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("opening with it: %v", err)
		}
	})
}
