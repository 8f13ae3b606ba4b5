package configs_test

import (
	"encoding/json"
	"testing"

	"avatarforge/configs"
	"avatarforge/persona"
)

func TestBuiltInFiles(t *testing.T) {
	presets, err := persona.NewPresets(configs.Characters(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if n, problems := len(presets.List()), presets.Problems(); n != 9 || problems != nil {
		t.Errorf("%d presets, problems %v; nine are built in", n, problems)
	}
	var voices struct {
		Voices []struct {
			ID string `json:"id"`
		} `json:"voices"`
	}
	if err := json.Unmarshal(configs.Voices(), &voices); err != nil {
		t.Fatalf("voices.json: %v", err)
	}
	known := map[string]bool{}
	for _, v := range voices.Voices {
		known[v.ID] = true
	}
	for _, c := range presets.List() {
		if !known[c.VoiceID] {
			t.Errorf("%s speaks with the voice %q, which is not built in", c.ID, c.VoiceID)
		}
	}
}
