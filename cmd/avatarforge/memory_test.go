package main

import (
	"testing"

	"avatarforge/llm"
	"avatarforge/session"
	"avatarforge/store"
)

func TestWhoIsRemembered(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want session.Remembering
		why  string
	}{
		{nil, session.RememberAll, "on one's own machine everybody is oneself"},
		{[]string{"--listen-addr=localhost:80"}, session.RememberAll, "whatever that is called"},
		{[]string{"--listen-addr=[::1]:80"}, session.RememberAll, "or how it counts"},
		{[]string{"--listen-addr=0.0.0.0:80"}, session.RememberUsers, "on a network strangers would be told of each other"},
		{[]string{"--listen-addr=:80"}, session.RememberUsers, "which is what no host means"},
		{[]string{"--listen-addr=0.0.0.0:80", "--memory-facts=everyone"}, session.RememberAll, "unless they are none"},
		{[]string{"--auth-required"}, session.RememberUsers, "where one can log in, one is remembered who has"},
		{[]string{"--google-client-id=x", "--google-client-secret=y", "--memory-facts=everyone"}, session.RememberUsers, "whatever is asked for"},
		{[]string{"--memory-facts=false"}, session.RememberNobody, "nobody, if nobody is to be"},
		{[]string{"--memory-facts=0", "--auth-required"}, session.RememberNobody, "logged in or not"},
	} {
		cfg, _, err := loadConfig(tt.args, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := remembering(&cfg); got != tt.want {
			t.Errorf("%v: got %d, want %d: %s", tt.args, got, tt.want, tt.why)
		}
	}
}

func TestCalibrationOutlivesTheProgram(t *testing.T) {
	dir := t.TempDir()
	db, err := store.Open(t.Context(), store.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, r := range []llm.Ratio{{Model: "gemma3:27b", Wide: true, Ratio: 1.25, Samples: 12}, {Model: "gemma3:27b", Ratio: 1, Samples: 12}} {
		if err := saveCalibration(db, newLogger(&TelemetryConfig{}, t.Output()))(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	c, err := openCalibration(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Likely("gemma3:27b").Of(llm.Size{Wide: 1000, Plain: 1000}); got != 2250 {
		t.Errorf("1,000 wide and 1,000 other tokens are taken for %d, want 2250", got)
	}
}
