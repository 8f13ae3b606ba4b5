package avatar_test

import (
	"database/sql"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"avatarforge/avatar"
	"avatarforge/avatar/avatartest"
	"avatarforge/internal/faultnet"
	"avatarforge/store"
)

// A Hunyuan3D-2 server that fails in any way a network and a process have: the job is tried
// again, and done once the server is well.
func TestFaultsOfHunyuan(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "")
	server := avatartest.NewHunyuan(avatartest.HunyuanConfig{})
	defer server.Close()
	p := faultnet.Start(t, strings.TrimPrefix(server.URL, "http://"), nil)
	maker := avatar.NewHunyuan(avatar.HunyuanConfig{BaseURL: "http://" + p.Addr(), Poll: 5 * time.Millisecond})
	// As many tries as there may be while it is broken.
	w := h.open(avatar.Config{Maker: maker, Pause: 300 * time.Millisecond, Timeout: 20 * time.Second})

	answer := func(status int, contentType, body string) faultnet.Fault {
		return faultnet.Fault{Kind: faultnet.Answer, Bytes: faultnet.HTTP(status, contentType, body)}
	}
	faults := map[string]faultnet.Fault{
		"refused":           {Kind: faultnet.Refuse},
		"reset":             {Kind: faultnet.Reset},
		"slow":              {Kind: faultnet.Slow, After: 50, Pause: time.Millisecond},
		"cut before a byte": {Kind: faultnet.Cut},
		"cut in the head":   {Kind: faultnet.Cut, After: 20},
		"cut in the body":   {Kind: faultnet.Cut, After: 150},
		"garbage":           {Kind: faultnet.Answer, Bytes: []byte("\x00\x01\xfe\xff garbage")},
		"wrong types":       answer(200, "application/json", `{"uid":{"a":1},"status":7}`),
		"half a frame":      answer(200, "application/json", `{"uid":"`),
		"huge frame":        {Kind: faultnet.Endless, Bytes: faultnet.Flood("application/json", `{"uid":"`, "x")},
		"a web page":        answer(200, "text/html", "<html></html>"),
		"status 500":        answer(500, "application/json", `{"error":"out of memory"}`),
		"status 429":        answer(429, "application/json", `{"error":"slowly"}`),
		"TLS instead":       {Kind: faultnet.Answer, Bytes: []byte("\x15\x03\x03\x00\x02\x02\x28")},
	}
	for _, name := range slices.Sorted(maps.Keys(faults)) {
		struck := p.Struck()
		p.Break(t, faults[name])
		f := h.order(w, avatar.Options{})
		for deadline := time.Now().Add(30 * time.Second); name != "refused" && p.Struck() == struck; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: nothing is asked", name)
			}
		}
		p.Mend(t)
		began := time.Now()
		h.until(f.ID, "completed after "+name, completed)
		t.Logf("%s: completed %.1fs after the server was well", name, time.Since(began).Seconds())
	}

	// One that says nothing, and one that never ends, are given up in time.
	h.close(w)
	p.Break(t, faultnet.Fault{Kind: faultnet.Hang})
	impatient := h.open(avatar.Config{Maker: maker, Timeout: time.Second})
	f := h.until(h.order(impatient, avatar.Options{}).ID, "failed", failed)
	if !strings.Contains(f.Failure, "시간") || f.Status != store.FigureFailed {
		t.Errorf("of a server that hangs it is told %q", f.Failure)
	}
	h.close(impatient)
	p.Mend(t)
}

// A job that the queue takes to be in the hands of an instance that was killed before it
// gave a sign of life is taken up again.
func TestForgottenByTheQueue(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "")
	const another = "another instance"
	if _, err := h.db.HoldLane(t.Context(), another, 1, time.Hour); err != nil {
		t.Fatal(err)
	}
	w := h.open(avatar.Config{Maker: &spy{}})
	f := h.order(w, avatar.Options{})
	h.close(w)
	if err := h.db.LeaveLane(t.Context(), another); err != nil {
		t.Fatal(err)
	}
	jobs, err := sql.Open("sqlite", h.dir+"/jobs.db")
	if err != nil {
		t.Fatal(err)
	}
	defer jobs.Close()
	changed, err := jobs.Exec(`UPDATE river_job SET state = 'running', attempt = 1, attempted_at = strftime('%Y-%m-%d %H:%M:%f', 'now', '-1 hour')`)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := changed.RowsAffected(); n != 1 || err != nil {
		t.Fatalf("%d jobs are in the queue, %v", n, err)
	}
	h.open(avatar.Config{Maker: &spy{}})
	if done := h.until(f.ID, "completed", completed); done.Run != 2 {
		t.Errorf("it is of run %d, want the second", done.Run)
	}
}
