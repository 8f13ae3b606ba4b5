package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"avatarforge/auth"
	"avatarforge/internal/servertest"
	"avatarforge/realtime"
	"avatarforge/store"
)

// installation is how instances that belong together are started.
type installation struct {
	t    *testing.T
	args []string
}

// install is an installation with a PostgreSQL and a Redis of its own.
func install(t *testing.T, args ...string) *installation {
	t.Helper()
	return &installation{t, append([]string{"--redis-url", servertest.Redis(t), "--database-url", servertest.Postgres(t)}, args...)}
}

// instance starts one more.
func (in *installation) instance() *program {
	in.t.Helper()
	return launch(in.t, in.t.TempDir(), in.args...)
}

// traveller is a client who holds one conversation, wherever it is let in. It fails the test
// where a frame is missing or comes twice.
type traveller struct {
	t       testing.TB
	ws      *websocket.Conn
	session string
	last    uint64 // number of the last frame
	text    string // of the running response, as it came
	audio   int    // bytes of its sound
	done    []*realtime.Response
	wanted  bool   // whether a response is to come
	phrase  string // that is to be answered
	taken   bool   // whether the server has said that it has the phrase
	begun   bool   // whether the response has begun
}

// come connects, to go on where it has left.
func (c *traveller) come(address string) {
	c.t.Helper()
	if err := c.tryCome(address); err != nil {
		c.t.Fatal(err)
	}
}

func (c *traveller) tryCome(address string) error {
	query := "?character=hermione"
	if c.session != "" {
		query = fmt.Sprintf("?session=%s&last_event=%d", c.session, c.last)
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), 30*time.Second)
	defer cancel()
	ws, resp, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(address, "http")+"/v1/realtime"+query, nil)
	if err != nil {
		status := ""
		if resp != nil {
			status = resp.Status
		}
		return fmt.Errorf("come to %s: %s: %w", address, status, err)
	}
	ws.SetReadLimit(1 << 20)
	if c.ws != nil {
		c.ws.CloseNow()
	}
	c.ws = ws
	c.t.Cleanup(func() { ws.CloseNow() })
	return nil
}

// say says something, and wants it answered.
func (c *traveller) say(text string) {
	c.t.Helper()
	if err := c.ask(text); err != nil {
		c.t.Fatal(err)
	}
}

// ask is say on a connection that may break.
func (c *traveller) ask(text string) error {
	c.text, c.audio = "", 0
	c.phrase, c.wanted, c.taken, c.begun = text, true, false, false
	return c.insist()
}

// insist says what the server is not known to have heard.
func (c *traveller) insist() error {
	if !c.taken {
		item, err := json.Marshal(c.phrase)
		if err != nil {
			return err
		}
		if err := c.write(`{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":` + string(item) + `}]}}`); err != nil {
			return err
		}
	}
	if !c.begun {
		return c.write(`{"type":"response.create"}`)
	}
	return nil
}

func (c *traveller) write(event string) error {
	return c.ws.Write(c.t.Context(), websocket.MessageText, []byte(event))
}

// look has the server say something once it has repeated all that was missed: step insists
// then. Should the connection break, the next step says so.
func (c *traveller) look() { _ = c.write(`{"type":"session.update","session":{"type":"realtime"}}`) }

// errWhole says that the response that was waited for is done.
var errWhole = errors.New("the response is whole")

// step takes the next frame. The error is the connection's, or errWhole.
func (c *traveller) step() error {
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	_, data, err := c.ws.Read(ctx)
	if err != nil {
		return err
	}
	n, event, err := realtime.DecodeServer(data)
	if err != nil {
		return err
	}
	if n != c.last+1 {
		c.t.Errorf("frame %d came after %d", n, c.last)
	}
	c.last = n
	switch e := event.(type) {
	case realtime.SessionCreated:
		if e.Session.Avatarforge.Resumed != nil && !e.Session.Avatarforge.Resumed.Complete {
			c.t.Error("the conversation was told anew: frames were lost")
		}
		c.session = e.Session.ID
	case realtime.SessionUpdated:
		if c.wanted {
			return c.insist()
		}
	case realtime.ItemDone:
		c.taken = c.taken || e.Item.Role == realtime.RoleUser
	case realtime.ResponseCreated:
		c.begun, c.text, c.audio = true, "", 0
	case realtime.TextDelta:
		c.text += e.Delta
	case realtime.TranscriptDelta:
		c.text += e.Delta
	case realtime.AudioDelta:
		c.audio += len(e.Delta)
	case realtime.ErrorEvent:
		if e.Err.Code != realtime.CodeNotSaved { // as where others keep the disk busy
			c.t.Errorf("told of an error: %+v", e.Err)
		}
	case realtime.ResponseDone:
		c.done = append(c.done, &e.Response)
		if e.Response.Status != realtime.StatusCompleted {
			c.t.Errorf("the response is %s: %+v", e.Response.Status, e.Response.StatusDetails)
		} else if whole := e.Response.Output[0].Text(); whole != c.text || c.audio == 0 && slices.Contains(e.Response.OutputModalities, realtime.ModalityAudio) {
			c.t.Errorf("the response is %q, the frames said %q with %d bytes of sound", whole, c.text, c.audio)
		}
		c.wanted = false
		return errWhole
	}
	return nil
}

// until reads until the condition holds.
func (c *traveller) until(what string, holds func() bool) {
	c.t.Helper()
	for !holds() {
		if err := c.step(); err != nil && !errors.Is(err, errWhole) {
			c.t.Fatalf("while waiting until %s: %v", what, err)
		}
	}
}

func (c *traveller) hear(what string) {
	c.t.Helper()
	n := len(c.done)
	c.until(what, func() bool { return len(c.done) > n })
}

// A conversation goes on at whichever instance its client comes to, in the middle of a
// response, with every frame once.
func TestResumeAtAnotherInstance(t *testing.T) {
	t.Parallel()
	in := install(t)
	first, second, third := in.instance(), in.instance(), in.instance()
	c := &traveller{t: t}
	c.come(first.address)
	c.until("there is a session", func() bool { return c.session != "" })
	c.say("안녕! 내 이름은 지수야. 오늘 뭐 했는지 길게 말해 줘.")
	for _, p := range []*program{second, third, second, first} {
		from := c.last
		c.until("some of it is said", func() bool { return c.last >= from+5 && c.audio > 0 || !c.wanted })
		if !c.wanted {
			t.Fatal("the response was over too soon: the test shows nothing")
		}
		c.ws.CloseNow()
		c.come(p.address)
	}
	c.hear("the rest is said")
	c.ws.CloseNow()
	c.come(third.address)
	c.say("잘 자!")
	c.hear("the next answer comes by way of another instance")
}

// A second connection takes a session over, wherever either has come to.
func TestTakeoverAcrossInstances(t *testing.T) {
	t.Parallel()
	in := install(t)
	first, second := in.instance(), in.instance()
	for name, way := range map[string][2]*program{"away from the owner": {first, second}, "by way of another": {second, second}, "back to the owner": {second, first}} {
		t.Run(name, func(t *testing.T) {
			c := &traveller{t: t}
			c.come(first.address)
			c.until("there is a session", func() bool { return c.session != "" })
			c.ws.CloseNow()
			c.come(way[0].address)
			c.say("안녕!")
			c.until("it is answered", func() bool { return c.text != "" })
			before := c.ws
			c.ws = nil
			c.come(way[1].address)
			c.hear("the other connection hears the rest")
			for {
				_, _, err := before.Read(t.Context())
				if err == nil {
					continue
				}
				if code := websocket.CloseStatus(err); code != 4409 {
					t.Errorf("the first connection ended with %v, want 4409", err)
				}
				break
			}
			c.ws.Close(websocket.StatusNormalClosure, "")
		})
	}
}

// An instance that goes away says so to the clients that come through it to another one, as
// to its own: their sessions go on where they are.
func TestRelayingInstanceGoesAway(t *testing.T) {
	t.Parallel()
	in := install(t)
	first, second := in.instance(), in.instance()
	c := &traveller{t: t}
	c.come(first.address)
	c.until("there is a session", func() bool { return c.session != "" })
	c.ws.CloseNow()
	c.come(second.address)
	c.say("안녕!")
	c.hear("it is answered by way of the second instance")
	second.stop()
	for {
		err := c.step()
		if err == nil {
			continue
		}
		if code := websocket.CloseStatus(err); code != websocket.StatusGoingAway {
			t.Errorf("the connection ended with %v, want 1001", err)
		}
		break
	}
	second.end()
	c.come(first.address)
	c.say("아직 거기 있어?")
	c.hear("the session is where it was")
}

// ask is a request in JSON, and what comes of it.
func (p *program) ask(method, path, body string, out any) int {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.address+path, bytes.NewReader([]byte(body)))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	if out != nil {
		if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
			p.t.Fatal(err)
		}
	}
	return resp.StatusCode
}

// What is asked over REST of a conversation that lives elsewhere is asked of the instance
// that has it.
func TestRESTOfASessionElsewhere(t *testing.T) {
	t.Parallel()
	in := install(t)
	first, second := in.instance(), in.instance()
	c := &traveller{t: t}
	c.come(first.address)
	c.until("there is a session", func() bool { return c.session != "" })
	c.say("안녕! 길게 말해 줘.")
	c.until("it is answered", func() bool { return c.text != "" })

	one := "/api/sessions/" + c.session
	var shown struct{ Data struct{ Live bool } }
	if status := second.ask("GET", one, "", &shown); status != 200 || !shown.Data.Live {
		t.Errorf("%d, %+v: it is under way", status, shown)
	}
	var said struct{ Data struct{ Messages []message } }
	if status := second.ask("GET", one+"/messages", "", &said); status != 200 || len(said.Data.Messages) != 2 || said.Data.Messages[1].Status != "in_progress" {
		t.Errorf("%d, %+v: the answer is being written", status, said.Data)
	}
	chat := `{"session_id":"` + c.session + `","messages":[{"role":"user","content":"뭐라고?"}],"tts_enabled":false}`
	if status := second.ask("POST", "/api/chat", chat, nil); status != 409 {
		t.Errorf("%d: it is being answered already, want 409", status)
	}
	c.hear("the answer is whole")

	var answered struct {
		Data struct {
			Content   string
			SessionID string `json:"session_id"`
		}
	}
	if status := second.ask("POST", "/api/chat", chat, &answered); status != 200 || answered.Data.Content == "" || answered.Data.SessionID != c.session {
		t.Errorf("%d, %+v", status, answered.Data)
	}
	c.until("the listener reads along", func() bool { return len(c.done) == 2 })

	var summary struct{ Data struct{ Summary string } }
	if status := second.ask("PUT", one+"/summary", `{"summary":"지수와 인사했다."}`, nil); status != 200 {
		t.Errorf("%d: a summary is written", status)
	}
	if status := first.ask("GET", one+"/summary", "", &summary); status != 200 || summary.Data.Summary != "지수와 인사했다." {
		t.Errorf("%d, %+v: the session has it", status, summary)
	}
	if status := second.ask("DELETE", one, "", nil); status != 200 {
		t.Errorf("%d: it is deleted", status)
	}
	for {
		_, _, err := c.ws.Read(t.Context())
		if err == nil {
			continue
		}
		if code := websocket.CloseStatus(err); code != websocket.StatusNormalClosure {
			t.Errorf("the connection ended with %v: the conversation is deleted", err)
		}
		break
	}
}

// Who logs out at one instance is logged out at all of them, in the conversation that is
// under way as well.
func TestLogoutAcrossInstances(t *testing.T) {
	t.Parallel()
	const secret = "0123456789abcdef0123456789abcdef"
	database := servertest.Postgres(t)
	in := &installation{t, []string{"--redis-url", servertest.Redis(t), "--database-url", database, "--jwt-secret", secret}}
	first, second := in.instance(), in.instance()
	db, err := store.Open(t.Context(), store.Config{URL: database})
	if err != nil {
		t.Fatal(err)
	}
	user, err := db.UpsertUser(t.Context(), store.Profile{Provider: "google", Subject: "jisu", Name: "지수"})
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	tokens, err := auth.NewTokens(secret, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	token, err := tokens.Issue(user.ID, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{"Authorization": {"Bearer " + token}}
	ws, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(first.address, "http")+"/v1/realtime", &websocket.DialOptions{HTTPHeader: header})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.CloseNow()
	id := next(t, ws).(realtime.SessionCreated).Session.ID
	// Whose it is travels along: it is resumed by way of the other instance.
	again, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(second.address, "http")+"/v1/realtime?last_event=1&session="+id, &websocket.DialOptions{HTTPHeader: header})
	if err != nil {
		t.Fatal(err)
	}
	defer again.CloseNow()
	if status, _ := second.knock("?session=" + id); status != 404 {
		t.Errorf("status %d: it is nobody else's", status)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, second.address+"/api/auth/logout", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header.Clone()
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	// Without a word from the other instance it would notice with the next ping, after 30 s.
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, _, err := again.Read(ctx); websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
		t.Errorf("the conversation ended with %v, want 1008: the login is over", err)
	}
}

// What an outside client says of whom it is passed on for counts for nothing.
func TestRelayCannotBeForged(t *testing.T) {
	t.Parallel()
	in := install(t, "--auth-required")
	p := in.instance()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.address+"/api/sessions", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Avatarforge-Relay", `{"client":"127.0.0.1","https":true,"user":"somebody"}`)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("status %d, want 401: nobody has logged in", resp.StatusCode)
	}
}

// An instance that is killed takes nothing along that was told: within the lease its
// conversations go on elsewhere, and its slots are free.
func TestInstanceKilled(t *testing.T) {
	t.Parallel()
	in := install(t, "--max-concurrent-sessions", "1", "--slots-queue", "0")
	stays, v := in.instance(), startVictim(t, t.TempDir(), in.args...)
	c := seen{}
	ended := make(chan error, 1)
	go func() { ended <- c.converse(v) }()
	var begun struct {
		Data struct{ Sessions []struct{ ID string } }
	}
	for until := time.Now().Add(time.Minute); len(begun.Data.Sessions) == 0 && time.Now().Before(until); {
		time.Sleep(50 * time.Millisecond)
		stays.ask("GET", "/api/sessions", "", &begun)
	}
	if status, _ := stays.knock(""); status != 503 {
		t.Fatalf("status %d: the one slot is taken", status)
	}
	time.Sleep(2 * time.Second) // any moment will do
	v.kill()
	killed := time.Now()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if c.session == "" {
		t.Fatal("no conversation had begun: the test shows nothing")
	}
	// It is asked for at once, when it is still claimed by the dead.
	chat := `{"session_id":"` + c.session + `","messages":[{"role":"user","content":"거기 있어?"}],"tts_enabled":false}`
	for until := killed.Add(30 * time.Second); ; {
		status := stays.ask("POST", "/api/chat", chat, nil)
		if status == 200 {
			break
		}
		if status != 503 || time.Now().After(until) {
			t.Fatalf("status %d: it goes on once the slot is free", status)
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Logf("it went on after %v", time.Since(killed).Round(time.Millisecond)) // the slot's lease is 8 s
	if status := awaitStatus(stays, 101, fmt.Sprintf("?session=%s&last_event=%d", c.session, c.last)); status != 101 {
		t.Fatalf("status %d: the conversation goes on", status)
	}
	kept := transcript(t, &victim{address: stays.address}, c.session)
	at := 0
	for _, it := range c.items {
		for at < len(kept) && kept[at].ID != it.ID {
			at++
		}
		if at == len(kept) {
			t.Fatalf("item %s was told and is gone", it.ID)
		}
		if kept[at].Content != it.Text() {
			t.Errorf("item %s came back as %+v, want %q", it.ID, kept[at], it.Text())
		}
	}
}

// awaitStatus knocks until it is answered so, and says how it was answered last. A
// conversation that begins is over at once, but for the one that is wanted.
func awaitStatus(p *program, want int, query string) (status int) {
	p.t.Helper()
	for until := time.Now().Add(30 * time.Second); ; {
		var ws *websocket.Conn
		status, ws = p.knock(query)
		if status == want || time.Now().After(until) {
			return status
		}
		if ws != nil {
			ws.Close(websocket.StatusNormalClosure, "")
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// While Redis is away conversations go on where they are, none begins, and when it is back,
// having forgotten everything, there are as many as before.
func TestRedisAway(t *testing.T) {
	t.Parallel()
	s := servertest.StartRedis(t)
	in := &installation{t, []string{"--redis-url", s.URL(0), "--database-url", servertest.Postgres(t), "--max-concurrent-sessions", "2"}}
	first, second := in.instance(), in.instance()
	var talks [2]*traveller
	for i, p := range []*program{first, second} {
		talks[i] = &traveller{t: t}
		talks[i].come(p.address)
		talks[i].until("there is a session", func() bool { return talks[i].session != "" })
	}
	talks[0].say("안녕! 길게 말해 줘.")
	talks[0].until("it is answered", func() bool { return talks[0].text != "" })
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	gone := time.Now()
	talks[0].hear("the answer is whole")
	talks[1].say("거기 있어?")
	talks[1].hear("a turn begins and ends without Redis")
	talks[0].ws.CloseNow()
	talks[0].come(first.address) // where it lives
	talks[0].say("다시 왔어.")
	talks[0].hear("it is resumed without Redis")
	if status, _ := second.knock(""); status != 503 {
		t.Errorf("status %d: nobody can count the conversations", status)
	}
	if status, _ := second.knock("?session=" + talks[0].session); status != 503 {
		t.Errorf("status %d: nobody can tell where it is", status)
	}
	time.Sleep(time.Until(gone.Add(10 * time.Second)))
	s.Start(t, nil)
	if status := awaitStatus(second, 503, "?session=none"); status == 101 {
		t.Error("there is no such session")
	}
	for range 20 {
		if status, _ := second.knock(""); status != 503 {
			t.Fatalf("status %d: both slots are taken, whatever Redis remembers", status)
		}
		time.Sleep(100 * time.Millisecond)
	}
	// And sessions are found at other instances again.
	talks[0].ws.CloseNow()
	for until := time.Now().Add(30 * time.Second); ; {
		err := talks[0].tryCome(second.address)
		if err == nil {
			break
		}
		if time.Now().After(until) {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
	}
	talks[0].say("이제 다른 데서.")
	talks[0].hear("it goes on by way of another instance")
}

// Instances are replaced one by one while people talk, with every slot taken and somebody
// waiting for one: no frame of any response is lost, and every conversation goes on.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	const talks = 10
	in := install(t, "--max-concurrent-sessions", strconv.Itoa(talks), "--drain-timeout", "60s")
	old := []*program{in.instance(), in.instance()}
	var serving atomic.Pointer[[]string] // as a balancer knows them
	serving.Store(&[]string{old[0].address, old[1].address})

	enough := make(chan struct{}) // closed when the clients may stop
	var all sync.WaitGroup
	var moves, turns atomic.Int64
	for i := range talks {
		all.Go(func() {
			c := &traveller{t: t}
			arrive := func() {
				for tries := 0; ; tries++ {
					addresses := *serving.Load()
					err := c.tryCome(addresses[(i+tries)%len(addresses)])
					if err == nil {
						return
					}
					if tries > 300 {
						t.Errorf("client %d is let in nowhere: %v", i, err)
						runtime.Goexit()
					}
					time.Sleep(100 * time.Millisecond)
				}
			}
			arrive()
			for over := false; !over; {
				select {
				case <-enough:
					over = true // after this one
				default:
				}
				_ = c.ask("얘기 " + strconv.FormatInt(turns.Add(1), 10) + " 해 줘.") // else the next step says so
				for c.wanted {
					err := c.step()
					if err == nil || errors.Is(err, errWhole) {
						continue
					}
					if code := websocket.CloseStatus(err); code != websocket.StatusGoingAway {
						t.Errorf("client %d was cut with %v", i, err)
					}
					moves.Add(1)
					arrive()
					c.look()
				}
			}
			c.ws.Close(websocket.StatusNormalClosure, "")
		})
	}

	var restarting sync.WaitGroup
	restarting.Go(func() {
		for n, p := range old {
			time.Sleep(3 * time.Second) // of talk
			addresses := slices.Clone(*serving.Load())
			addresses[n] = in.instance().address
			serving.Store(&addresses)
			if n == 0 {
				status, ws := old[1].knock("?queue=1")
				if status != 101 {
					t.Errorf("status %d: there is room in the line", status)
				} else {
					restarting.Go(func() { waitInVain(t, ws) })
				}
			}
			p.end()
		}
		time.Sleep(2 * time.Second)
		close(enough)
	})
	restarting.Wait()
	all.Wait()
	if moves.Load() < talks {
		t.Errorf("%d moves of %d clients: the test shows nothing", moves.Load(), talks)
	}
	t.Logf("%d turns, %d moves", turns.Load(), moves.Load())
}

// waitInVain is in the line until the instance goes away: the slots of those who move are
// theirs.
func waitInVain(t *testing.T, ws *websocket.Conn) {
	for {
		_, data, err := ws.Read(t.Context())
		if err != nil {
			return
		}
		if _, e, err := realtime.DecodeServer(data); err != nil {
			t.Error(err)
		} else if _, ok := e.(realtime.Queue); !ok {
			t.Errorf("got %+v: no slot has come free", e)
			return
		}
	}
}
