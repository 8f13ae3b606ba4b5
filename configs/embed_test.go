package configs_test

import (
	"testing"

	"avatarforge/configs"
	"avatarforge/persona"
	"avatarforge/tts"
)

func TestBuiltInFiles(t *testing.T) {
	presets, err := persona.NewPresets(configs.Characters(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if n, problems := len(presets.List()), presets.Problems(); n != 9 || problems != nil {
		t.Errorf("%d presets, problems %v; nine are built in", n, problems)
	}
	voices, err := tts.NewVoices(configs.Files(), "voices.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range presets.List() {
		if _, known := voices.Get(c.VoiceID); !known {
			t.Errorf("%s speaks with the voice %q, which is not built in", c.ID, c.VoiceID)
		}
	}
}
