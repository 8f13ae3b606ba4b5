package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avatarforge/internal/servertest"
	"avatarforge/persona"
)

func TestMain(m *testing.M) {
	if where := os.Getenv("STORE_TEST_CHILD"); where != "" {
		child(where)
		return
	}
	servertest.Main(m, os.Getenv("CI") == "true")
}

func TestSQLite(t *testing.T) {
	testStore(t, func(tb testing.TB) Config { return Config{Dir: tb.TempDir()} })
}
func TestPostgres(t *testing.T) {
	testStore(t, func(tb testing.TB) Config { return Config{URL: servertest.Postgres(tb)} })
}

// On a server whose collation is a language's, not the bytes'.
func TestPostgresInKorean(t *testing.T) {
	testStore(t, func(tb testing.TB) Config {
		return Config{URL: servertest.PostgresWith(tb,
			`TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'ko-KR' LOCALE 'C.UTF-8'`)}
	})
}

// testClock moves on by a second at every look, so that no two times are the same.
type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func newTestClock() *testClock {
	return &testClock{now: time.Date(2026, 3, 1, 12, 0, 0, 123_456_789, time.FixedZone("KST", 9*3600))}
}

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Second)
	return c.now
}

func (c *testClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// rig is a store under test.
type rig struct {
	*testing.T
	*Store
	cfg   Config
	clock *testClock
}

func newRig(t *testing.T, config func(testing.TB) Config) *rig {
	t.Helper()
	r := &rig{T: t, cfg: config(t), clock: newTestClock()}
	r.cfg.Now = r.clock.Now
	r.Store = mustOpen(t, r.cfg)
	return r
}

func mustOpen(tb testing.TB, cfg Config) *Store {
	tb.Helper()
	s, err := Open(context.Background(), cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return s
}

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

func (r *rig) wantErr(why string, err, want error) {
	r.Helper()
	if !errors.Is(err, want) {
		r.Errorf("%s: error %v, want %v", why, err, want)
	}
}

func (r *rig) want(why string, got, want any) {
	r.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		r.Errorf("%s (-want +got):\n%s", why, diff)
	}
}

// user logs somebody in.
func (r *rig) user(name string) User {
	r.Helper()
	u, err := r.UpsertUser(r.Context(), Profile{Provider: "google", Subject: name, Name: name})
	r.must(err)
	return u
}

// session begins a conversation of the owner's.
func (r *rig) session(owner, id string) Session {
	r.Helper()
	r.must(r.SaveSession(r.Context(), Session{ID: id, Owner: owner, Config: json.RawMessage(`{}`)}))
	x, err := r.Session(r.Context(), id)
	r.must(err)
	return x
}

// say appends an item to the session.
func (r *rig) say(session, id, text string) Item {
	r.Helper()
	list, err := r.Items(r.Context(), session)
	r.must(err)
	last := ""
	if len(list) > 0 {
		last = list[len(list)-1].Position
	}
	return r.put(session, id, text, last, "")
}

func (r *rig) put(session, id, text, after, before string) Item {
	r.Helper()
	at, err := PositionBetween(after, before)
	r.must(err)
	it := Item{Session: session, ID: id, Position: at, Role: "user", Status: "completed", ContentType: "input_text", Text: text, Full: text}
	r.must(r.SaveItem(r.Context(), it))
	return it
}

// texts is what a transcript says, in order.
func texts(list []Item) []string {
	var all []string
	for _, it := range list {
		all = append(all, it.Text)
	}
	return all
}

// unicodeText is what has to come back to the byte: decomposed Hangul, an emoji with joiners, a right-to-left
// mark, quotes and a backslash.
const unicodeText = "안녕하세요 \u1112\u1161\u11ab 👩‍👩‍👧‍👦 \u200fשלום 'O''Brien' \"x\" \\n \\u0000 %s $1 ?\t\r\n끝"

// testStore is what the store has to do on every database.
func testStore(t *testing.T, config func(testing.TB) Config) {
	for _, tt := range []struct {
		name string
		test func(*rig)
	}{
		{"users", testUsers},
		{"deleting a user takes everything of theirs", testDeleteUser},
		{"an erasure is gone on with until it is done", testErasures},
		{"a farewell is owed until it is settled", testFarewells},
		{"characters", testCharacters},
		{"character pages", testCharacterPages},
		{"sessions", testSessions},
		{"session pages", testSessionPages},
		{"idle sessions", testIdleSessions},
		{"items", testItems},
		{"who has been taken over from writes nothing", testEpochs},
		{"items in the middle", testItemsInTheMiddle},
		{"message pages stay right under inserts", testMessagePages},
		{"summaries", testSummaries},
		{"facts", testFacts},
		{"pages of facts", testFactPages},
		{"audio", testAudio},
		{"audio eviction", testEviction},
		{"promises", testPromises},
		{"promises are taken once", testPromisesTakenOnce},
		{"figures", testFigures},
		{"overdue figures", testOverdueFigures},
		{"lanes", testLanes},
		{"editing a character", testEditCharacter},
		{"counters", testCounters},
		{"revoked tokens", testTokens},
		{"calibrations", testCalibrations},
		{"text", testText},
		{"cursors of clients", testBadCursors},
		{"errors of one writer are not another's", testConcurrentWriters},
		{"reads during writes", testReadsDuringWrites},
		{"a context that ended", testContext},
		{"closing", testClose},
		{"opening again", testReopen},
		{"changes of a conversation", testChanges},
		{"changes while the session is taken over", testChangesAndTakeOver},
		{"changes while the conversation is deleted", testChangesAndDeletion},
		{"a newer database", testNewer},
		{"ten thousand items", testManyItems},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.test(newRig(t, config)) })
	}
}

func testUsers(r *rig) {
	ctx := r.Context()
	p := Profile{Provider: "google", Subject: "117", Email: "a@example.com", Name: "앨리스", Picture: "https://example.com/a.png"}
	first, err := r.UpsertUser(ctx, p)
	r.must(err)
	r.want("a first login makes the user", first, User{ID: first.ID, Profile: p, Created: first.LastLogin, LastLogin: first.LastLogin})
	if first.ID == "" || first.Created.IsZero() {
		r.Errorf("no id or no time: %+v", first)
	}

	p.Name, p.Email = "Alice", "alice@example.com"
	second, err := r.UpsertUser(ctx, p)
	r.must(err)
	r.want("a second one keeps the id and takes the profile", second,
		User{ID: first.ID, Profile: p, Created: first.Created, LastLogin: second.LastLogin})
	if !second.LastLogin.After(first.LastLogin) {
		r.Errorf("last login %v, not after %v", second.LastLogin, first.LastLogin)
	}
	read, err := r.User(ctx, first.ID)
	r.must(err)
	r.want("it is read as it was returned", read, second)

	other, err := r.UpsertUser(ctx, Profile{Provider: "github", Subject: "117"})
	r.must(err)
	if other.ID == first.ID {
		r.Error("the same subject of another provider is the same user")
	}
	_, err = r.User(ctx, "nobody")
	r.wantErr("a user who is not there", err, ErrNotFound)
	_, err = r.UpsertUser(ctx, Profile{Provider: "google"})
	r.wantErr("a provider that names nobody", err, ErrInvalid)
}

func testDeleteUser(r *rig) {
	ctx := r.Context()
	anna, ben := r.user("anna"), r.user("ben")
	for _, u := range []User{anna, ben} {
		_, err := r.CreateCharacter(ctx, u.ID, persona.Character{Name: "c"})
		r.must(err)
		r.session(u.ID, "s-"+u.ID)
		r.say("s-"+u.ID, "i1", "hello")
		r.must(r.SaveSummary(ctx, Summary{Session: "s-" + u.ID, Covers: "h"}))
		_, err = r.SaveFact(ctx, Fact{Owner: u.ID, CharacterID: "c", Text: "likes tea"})
		r.must(err)
		r.addAudio(Audio{Owner: u.ID, Key: "k", Blob: u.ID + "/k.wav"})
	}
	count := func(u User) []int {
		characters, _, err := r.Characters(ctx, u.ID, "", 0)
		r.must(err)
		sessions, _, err := r.Sessions(ctx, u.ID, "", 0)
		r.must(err)
		items, err := r.Items(ctx, "s-"+u.ID)
		r.must(err)
		facts, err := r.Facts(ctx, u.ID, "c")
		r.must(err)
		audio, _, err := r.ListAudio(ctx, u.ID, "", 0)
		r.must(err)
		return []int{len(characters), len(sessions), len(items), len(facts), len(audio)}
	}
	r.must(r.DeleteUser(ctx, anna.ID))
	r.want("nothing of theirs is left", count(anna), []int{0, 0, 0, 0, 0})
	r.want("another's is untouched", count(ben), []int{1, 1, 1, 1, 1})
	_, err := r.LatestSummary(ctx, "s-"+anna.ID)
	r.wantErr("their summaries are gone", err, ErrNotFound)

	// A conversation of theirs may still be running.
	r.wantErr("it brings nothing back", r.SaveSession(ctx, Session{ID: "s-" + anna.ID, Owner: anna.ID}), ErrNotFound)
	r.wantErr("a second time", r.DeleteUser(ctx, anna.ID), ErrNotFound)
	r.wantErr("the anonymous are not one person", r.DeleteUser(ctx, Anonymous), ErrInvalid)
}

func testCharacters(r *rig) {
	ctx := r.Context()
	anna, ben := r.user("anna"), r.user("ben")
	made := persona.Character{
		ID: "chosen-by-the-client", Name: "앨리스", Likes: []string{"책", "<b>"}, Dislikes: []string{}, Tags: []string{}, Guidelines: unicodeText,
	}
	c, err := r.CreateCharacter(ctx, anna.ID, made)
	r.must(err)
	if c.ID == "" || c.ID == made.ID {
		r.Errorf("id %q: the store makes it", c.ID)
	}
	made.ID = c.ID
	r.want("it is as it was given", c, Character{Character: made, Owner: anna.ID, Created: c.Created, Updated: c.Created})
	read, err := r.Character(ctx, c.ID)
	r.must(err)
	r.want("it is read by anybody, with its owner", read, c)

	made.Name = "Alice"
	_, err = r.UpdateCharacter(ctx, ben.ID, made)
	r.wantErr("another's character", err, ErrNotFound)
	updated, err := r.UpdateCharacter(ctx, anna.ID, made)
	r.must(err)
	r.want("its owner may change it", updated, Character{Character: made, Owner: anna.ID, Created: c.Created, Updated: updated.Updated})
	if !updated.Updated.After(c.Updated) {
		r.Error("the time of the change is not noted")
	}

	r.wantErr("another's character", r.DeleteCharacter(ctx, ben.ID, c.ID), ErrNotFound)
	r.must(r.DeleteCharacter(ctx, anna.ID, c.ID))
	_, err = r.Character(ctx, c.ID)
	r.wantErr("it is gone", err, ErrNotFound)
	_, err = r.CreateCharacter(ctx, "nobody", made)
	r.wantErr("an owner who is no user", err, ErrNotFound)
	_, err = r.CreateCharacter(ctx, Anonymous, made)
	r.must(err)
}

func testCharacterPages(r *rig) {
	ctx := r.Context()
	create := func(owner, name string) Character {
		c, err := r.CreateCharacter(ctx, owner, persona.Character{Name: name})
		r.must(err)
		return c
	}
	names := func(list []Character) (all []string) {
		for _, c := range list {
			all = append(all, c.Name)
		}
		return all
	}
	anna := r.user("anna")
	var made []Character
	for i := range 5 {
		made = append(made, create(anna.ID, fmt.Sprint(i)))
		create(Anonymous, "not anna's")
	}
	page, next, err := r.Characters(ctx, anna.ID, "", 2)
	r.must(err)
	r.want("the newest come first", names(page), []string{"4", "3"})
	// While the reader reads, one is made and one that was read is deleted.
	create(anna.ID, "5")
	r.must(r.DeleteCharacter(ctx, anna.ID, made[3].ID))
	page, next, err = r.Characters(ctx, anna.ID, next, 2)
	r.must(err)
	r.want("none is missed, none comes twice", names(page), []string{"2", "1"})
	page, next, err = r.Characters(ctx, anna.ID, next, 2)
	r.must(err)
	r.want("the last page", names(page), []string{"0"})
	r.want("has no next", next, "")

	// All at the same time: the order is then by id.
	frozen := *r.Store
	moment := r.clock.Now()
	frozen.now = func() time.Time { return moment }
	ben := r.user("ben")
	for range 7 {
		_, err := frozen.CreateCharacter(ctx, ben.ID, persona.Character{Name: "same"})
		r.must(err)
	}
	seen := map[string]bool{}
	next = ""
	for pages := 1; ; pages++ {
		page, next, err = r.Characters(ctx, ben.ID, next, 2)
		r.must(err)
		for _, c := range page {
			seen[c.ID] = true
		}
		if next == "" {
			r.want("seven by two are four pages", pages, 4)
			break
		}
	}
	r.want("each of the seven was on one of them", len(seen), 7)
}

func testSessions(r *rig) {
	ctx := r.Context()
	anna, ben := r.user("anna"), r.user("ben")
	x := Session{
		ID: "s1", Owner: anna.ID, CharacterID: "hermione", Config: json.RawMessage(`{"voice":"목소리"}`),
		NextEvent: 1 << 62, NextSegment: 4_000_000_000, Turn: 3,
	}
	r.must(r.SaveSession(ctx, x))
	got, err := r.Session(ctx, "s1")
	r.must(err)
	x.Created, x.Updated = got.Created, got.Updated
	r.want("it is as it was saved", got, x)
	if got.Created.IsZero() || got.Updated.Before(got.Created) {
		r.Errorf("created %v, updated %v", got.Created, got.Updated)
	}

	x.Turn, x.NextEvent, x.Created = 4, 7, time.Time{}
	r.must(r.SaveSession(ctx, x))
	again, err := r.Session(ctx, "s1")
	r.must(err)
	x.Created, x.Updated = got.Created, again.Updated
	r.want("saving again changes all but owner and creation", again, x)

	x.Owner = ben.ID
	r.wantErr("an id that is another's is not taken over", r.SaveSession(ctx, x), ErrConflict)
	x.Owner, x.Turn = anna.ID, -1
	r.wantErr("a number that cannot be", r.SaveSession(ctx, x), ErrInvalid)
	x.Turn, x.NextEvent = 0, 1<<63
	r.wantErr("a number that the database cannot hold", r.SaveSession(ctx, x), ErrInvalid)

	r.say("s1", "i1", "hello")
	r.wantErr("another's session", r.DeleteSession(ctx, ben.ID, "s1"), ErrNotFound)
	r.must(r.DeleteSession(ctx, anna.ID, "s1"))
	_, err = r.Session(ctx, "s1")
	r.wantErr("it is gone", err, ErrNotFound)
	list, err := r.Items(ctx, "s1")
	r.must(err)
	r.want("and so is its transcript", list, []Item(nil))
	at, _ := PositionBetween("", "")
	r.wantErr("which a straggler does not bring back", r.SaveItem(ctx, Item{Session: "s1", ID: "i2", Position: at}), ErrNotFound)
}

func testSessionPages(r *rig) {
	ctx := r.Context()
	for i := range 5 {
		r.session(Anonymous, fmt.Sprint(i))
	}
	ids := func(list []Session) (all []string) {
		for _, x := range list {
			all = append(all, x.ID)
		}
		return all
	}
	page, next, err := r.Sessions(ctx, Anonymous, "", 3)
	r.must(err)
	r.want("the one begun last comes first", ids(page), []string{"4", "3", "2"})
	r.session(Anonymous, "1") // it goes on: its place is that of its beginning
	page, next, err = r.Sessions(ctx, Anonymous, next, 3)
	r.must(err)
	r.want("none is missed, none comes twice", ids(page), []string{"1", "0"})
	r.want("the last page has no next", next, "")
}

func testIdleSessions(r *rig) {
	ctx := r.Context()
	const old = idleBatch + 7 // more than one statement's
	for i := range old {
		r.session(Anonymous, fmt.Sprint("old", i))
	}
	r.session(Anonymous, "spoken in")
	r.say("spoken in", "i1", "하나")
	r.clock.advance(24 * time.Hour)
	limit := r.clock.Now()
	r.say("spoken in", "i2", "둘")
	r.session(Anonymous, "new")
	n, err := r.DeleteIdle(ctx, limit)
	r.must(err)
	r.want("the old ones go", n, int64(old))
	page, _, err := r.Sessions(ctx, Anonymous, "", 0)
	r.must(err)
	r.want("what was used since stays", len(page), 2)
	list, err := r.Items(ctx, "spoken in")
	r.must(err)
	r.want("with all of its transcript", texts(list), []string{"하나", "둘"})
}

func testItems(r *rig) {
	ctx := r.Context()
	r.session(Anonymous, "s1")
	r.session(Anonymous, "s2")
	at, err := PositionBetween("", "")
	r.must(err)
	it := Item{
		Session: "s1", ID: "item_1", Position: at, Role: "assistant", Status: "in_progress", ContentType: "output_audio",
		Text: "안녕", Full: "안녕하세요.", Speech: json.RawMessage(`[{"text":"안녕하세요.","start":0}]`),
	}
	r.must(r.SaveItem(ctx, it))
	read := func() Item {
		list, err := r.Items(ctx, "s1")
		r.must(err)
		if len(list) != 1 {
			r.Fatalf("%d items, one was saved", len(list))
		}
		return list[0]
	}
	got := read()
	it.Created, it.Updated = got.Created, got.Updated
	r.want("it is as it was saved", got, it)

	it.Status, it.Text, it.Speech, it.Created = "completed", it.Full, nil, time.Time{}
	r.must(r.SaveItem(ctx, it))
	again := read()
	it.Created, it.Updated = got.Created, again.Updated
	r.want("saving again replaces it", again, it)
	if !again.Updated.After(got.Updated) {
		r.Error("the time of the change is not noted")
	}

	other := it
	other.Session = "s2" // the same id there is another item
	r.must(r.SaveItem(ctx, other))
	r.must(r.DeleteItem(ctx, "s2", 0, "item_1"))
	r.want("another session's item is untouched", read(), it)
	r.wantErr("a second time", r.DeleteItem(ctx, "s2", 0, "item_1"), ErrNotFound)

	other.Session = "never saved"
	r.wantErr("a session that is not there", r.SaveItem(ctx, other), ErrNotFound)
	it.Position = "1"
	r.wantErr("a position that is none", r.SaveItem(ctx, it), ErrInvalid)
}

func testEpochs(r *rig) {
	ctx := r.Context()
	at, err := PositionBetween("", "")
	r.must(err)
	before := Session{ID: "s", Owner: Anonymous, Turn: 1}
	r.must(r.SaveSession(ctx, before))
	old := Item{Session: "s", ID: "said", Position: at, Status: "in_progress", Text: "half"}
	r.must(r.SaveItem(ctx, old))

	r.must(r.TakeSession(ctx, "s"))
	r.wantErr("there is none", r.TakeSession(ctx, "none"), ErrNotFound)
	taken, err := r.Session(ctx, "s")
	r.must(err)
	r.wantErr("the session", r.UpdateSession(ctx, before), ErrNotFound)
	r.wantErr("the session, as if it were new", r.SaveSession(ctx, before), ErrConflict)
	old.Text = "whole"
	r.wantErr("an item", r.SaveItem(ctx, old), ErrNotFound)
	r.wantErr("an item's end", r.DeleteItem(ctx, "s", 0, "said"), ErrNotFound)
	if list, err := r.Items(ctx, "s"); err != nil || len(list) != 1 || list[0].Text != "half" {
		r.Errorf("%v, %v: nothing of it is changed", list, err)
	}

	taken.Turn = 2
	r.must(r.UpdateSession(ctx, taken))
	old.Epoch, old.Text = taken.Epoch, "other"
	r.must(r.SaveItem(ctx, old))
	r.must(r.DeleteItem(ctx, "s", taken.Epoch, "said"))
}

func testItemsInTheMiddle(r *rig) {
	ctx := r.Context()
	r.session(Anonymous, "s")
	// The model is a plain list, into which each item is put at a random place.
	random := rand.New(rand.NewPCG(1, 2))
	var model []Item
	for i := range 200 {
		n := random.IntN(len(model) + 1)
		if i%3 == 0 {
			n = min(1, len(model)) // again and again at the same place
		}
		after, before := "", ""
		if n > 0 {
			after = model[n-1].Position
		}
		if n < len(model) {
			before = model[n].Position
		}
		model = slices.Insert(model, n, r.put("s", fmt.Sprint("i", i), fmt.Sprint(i), after, before))
	}
	list, err := r.Items(ctx, "s")
	r.must(err)
	r.want("the database has them in the same order", texts(list), texts(model))
}

func testMessagePages(r *rig) {
	ctx := r.Context()
	r.session(Anonymous, "s")
	r.session(Anonymous, "other")
	r.say("other", "x", "not of this session")
	var said []Item
	for i := range 5 {
		said = append(said, r.say("s", fmt.Sprint("i", i), fmt.Sprint(i)))
	}
	page, next, err := r.Messages(ctx, "s", "", 2)
	r.must(err)
	r.want("the oldest come first", texts(page), []string{"0", "1"})
	r.put("s", "a", "before what was read", "", said[0].Position)
	r.put("s", "b", "between read and unread", said[1].Position, said[2].Position)
	r.must(r.DeleteItem(ctx, "s", 0, said[1].ID)) // the one that the cursor names
	r.say("s", "c", "at the end")
	page, next, err = r.Messages(ctx, "s", next, 3)
	r.must(err)
	r.want("the reader goes on where they were", texts(page), []string{"between read and unread", "2", "3"})
	page, next, err = r.Messages(ctx, "s", next, 2)
	r.must(err)
	r.want("to the end", texts(page), []string{"4", "at the end"})
	r.want("where there is no cursor", next, "")
	page, _, err = r.Messages(ctx, "nowhere", "", 2)
	r.must(err)
	r.want("a session that is not there has none", len(page), 0)
}

func testSummaries(r *rig) {
	ctx := r.Context()
	r.session(Anonymous, "s")
	_, err := r.LatestSummary(ctx, "s")
	r.wantErr("there is none yet", err, ErrNotFound)
	first := Summary{Session: "s", Covers: "h1", Text: "요약", UpToItem: "i9", Tokens: 120, Model: "llama3"}
	r.must(r.SaveSummary(ctx, first))
	second := Summary{Session: "s", Covers: "h2", Text: "더", UpToItem: "i20", Tokens: 150, Model: "llama3"}
	r.must(r.SaveSummary(ctx, second))
	got, err := r.LatestSummary(ctx, "s")
	r.must(err)
	second.Created = got.Created
	r.want("the newest", got, second)
	got, err = r.SummaryOf(ctx, "s", "h1")
	r.must(err)
	first.Created = got.Created
	r.want("the one of what it covers", got, first)
	first.Text = "다시"
	r.must(r.SaveSummary(ctx, first))
	got, err = r.SummaryOf(ctx, "s", "h1")
	r.must(err)
	r.want("saving again replaces it", got.Text, "다시")
	_, err = r.SummaryOf(ctx, "s", "h3")
	r.wantErr("what no summary covers", err, ErrNotFound)
	list, err := r.Summaries(ctx, "s")
	r.must(err)
	r.want("all of them, the newest first", []string{list[0].Covers, list[1].Covers}, []string{"h2", "h1"})
	r.must(r.DeleteSummary(ctx, "s", "h2"))
	list, err = r.Summaries(ctx, "s")
	r.must(err)
	r.want("but what was deleted", len(list), 1)
	r.wantErr("which cannot be deleted twice", r.DeleteSummary(ctx, "s", "h2"), ErrNotFound)
	r.wantErr("a session that is not there", r.SaveSummary(ctx, Summary{Session: "gone", Covers: "h"}), ErrNotFound)
}

func testFacts(r *rig) {
	ctx := r.Context()
	anna, ben := r.user("anna"), r.user("ben")
	learn := func(owner, character, text string) Fact {
		f, err := r.SaveFact(ctx, Fact{Owner: owner, CharacterID: character, Text: text, Session: "s1"})
		r.must(err)
		return f
	}
	tea := learn(anna.ID, "alice", "차를 좋아한다")
	cat := learn(anna.ID, "alice", "고양이가 있다")
	learn(anna.ID, "hana", "another character knows this")
	learn(ben.ID, "alice", "this is of another listener")
	list, err := r.Facts(ctx, anna.ID, "alice")
	r.must(err)
	r.want("in the order they were learned", list, []Fact{tea, cat})

	changed := tea
	changed.Text, changed.Kind = "커피를 좋아한다", "like"
	changed, err = r.SaveFact(ctx, changed)
	r.must(err)
	read, err := r.Fact(ctx, anna.ID, tea.ID)
	r.must(err)
	r.want("a fact may change", read, changed)
	r.want("its age stays", changed.Created, tea.Created)
	stolen := tea
	stolen.Owner = ben.ID
	_, err = r.SaveFact(ctx, stolen)
	r.wantErr("not to another owner", err, ErrConflict)
	_, err = r.Fact(ctx, ben.ID, tea.ID)
	r.wantErr("nor is it another's to read", err, ErrNotFound)
	r.wantErr("or to delete", r.DeleteFact(ctx, ben.ID, tea.ID), ErrNotFound)
	_, err = r.SaveFact(ctx, Fact{Owner: "nobody", Text: "x"})
	r.wantErr("an owner who is no user", err, ErrNotFound)

	r.must(r.DeleteFact(ctx, anna.ID, tea.ID))
	n, err := r.DeleteFacts(ctx, anna.ID, "alice")
	r.must(err)
	r.want("all that is left of that character's", n, int64(1))
	list, err = r.Facts(ctx, anna.ID, "hana")
	r.must(err)
	r.want("another's memory stays", len(list), 1)
}

func testFactPages(r *rig) {
	ctx := r.Context()
	anna := r.user("anna")
	for _, text := range []string{"a1", "a2", "a3"} {
		_, err := r.SaveFact(ctx, Fact{Owner: anna.ID, CharacterID: "alice", Text: text})
		r.must(err)
	}
	for _, other := range []Fact{{Owner: anna.ID, Text: "plain"}, {Owner: r.user("ben").ID, CharacterID: "alice", Text: "ben"}} {
		_, err := r.SaveFact(ctx, other)
		r.must(err)
	}
	pages := func(character *string) (texts []string) {
		for cursor := ""; ; {
			page, next, err := r.FactsPage(ctx, anna.ID, character, cursor, 2)
			r.must(err)
			if len(page) > 2 {
				r.Errorf("a page of %d", len(page))
			}
			for _, f := range page {
				texts = append(texts, f.Text)
			}
			if next == "" {
				return texts
			}
			cursor = next
		}
	}
	alice, nobody := "alice", ""
	r.want("all of the owner's, the latest first", pages(nil), []string{"plain", "a3", "a2", "a1"})
	r.want("those of a character", pages(&alice), []string{"a3", "a2", "a1"})
	r.want("those of the plain assistant", pages(&nobody), []string{"plain"})
	_, _, err := r.FactsPage(ctx, anna.ID, nil, "x", 2)
	r.wantErr("a cursor of one's own", err, ErrBadCursor)
}

func (r *rig) addAudio(a Audio) Audio {
	r.Helper()
	added, err := r.AddAudio(r.Context(), a)
	r.must(err)
	return added
}

func (r *rig) refuseAudio(why string, a Audio, want error) {
	r.Helper()
	_, err := r.AddAudio(r.Context(), a)
	r.wantErr(why, err, want)
}

func testAudio(r *rig) {
	ctx := r.Context()
	anna, ben := r.user("anna"), r.user("ben")
	a := Audio{
		Owner: anna.ID, Key: "k1", Blob: "anna/k1.wav", Voice: "default", Format: "wav",
		Duration: 1_234_567 * time.Microsecond, Size: 64_044,
	}
	_, err := r.Audio(ctx, anna.ID, "k1")
	r.wantErr("a miss", err, ErrNotFound)
	added := r.addAudio(a)
	hit, err := r.Audio(ctx, anna.ID, "k1")
	r.must(err)
	r.want("it is added now", []any{added.Hits, added.LastUsed, added.Created}, []any{int64(0), added.Created, hit.Created})
	a.Hits, a.Created, a.LastUsed = 1, hit.Created, hit.LastUsed
	r.want("a hit", hit, a)
	if !hit.LastUsed.After(hit.Created) {
		r.Error("a hit is not noted as a use")
	}
	hit, err = r.Audio(ctx, anna.ID, "k1")
	r.must(err)
	r.want("each hit counts", hit.Hits, int64(2))
	_, err = r.Audio(ctx, ben.ID, "k1")
	r.wantErr("another's file is no hit", err, ErrNotFound)
	anyones, err := r.AudioOfAnyone(ctx, "k1")
	r.must(err)
	r.want("but it may be copied", anyones.Blob, "anna/k1.wav")
	r.refuseAudio("a file has one entry", Audio{Owner: ben.ID, Key: "k2", Blob: "anna/k1.wav"}, ErrConflict)
	r.refuseAudio("a size that cannot be", Audio{Owner: ben.ID, Key: "k2", Blob: "b", Size: -1}, ErrInvalid)

	r.refuseAudio("an owner has one entry of a key", Audio{Owner: anna.ID, Key: "k1", Blob: "anna/other.wav"}, ErrConflict)
	r.refuseAudio("an owner who is gone", Audio{Owner: "nobody", Key: "k1", Blob: "nobody/k1.wav"}, ErrNotFound)
	r.must(r.TouchAudio(ctx, "anna/k1.wav"))
	of, err := r.AudioOfBlob(ctx, "anna/k1.wav")
	r.must(err)
	r.want("a use counts", of.Hits, int64(3))
	if !of.LastUsed.After(hit.LastUsed) {
		r.Error("a use is not noted")
	}
	_, err = r.AudioOfBlob(ctx, "nobody.wav")
	r.wantErr("a file without an entry", err, ErrNotFound)

	r.addAudio(Audio{Owner: anna.ID, Key: "k2", Blob: "anna/k2.wav"})
	page, next, err := r.ListAudio(ctx, anna.ID, "", 1)
	r.must(err)
	r.want("the newest comes first", page[0].Key, "k2")
	page, next, err = r.ListAudio(ctx, anna.ID, next, 1)
	r.must(err)
	r.want("then the older", page[0].Key, "k1")
	r.want("and no more", next, "")

	r.must(r.DeleteAudio(ctx, "nobody.wav"))
	r.must(r.DeleteAudio(ctx, "anna/k1.wav"))
	_, err = r.Audio(ctx, anna.ID, "k1")
	r.wantErr("deleted, it is no hit", err, ErrNotFound)
}

func testEviction(r *rig) {
	ctx := r.Context()
	for i, size := range []int64{10, 20, 30, 40} {
		r.addAudio(Audio{Owner: Anonymous, Key: fmt.Sprint(i), Blob: fmt.Sprint(i, ".wav"), Size: size})
	}
	_, err := r.Audio(ctx, Anonymous, "0") // the oldest is used again
	r.must(err)
	evict := func(maxBytes int64, since time.Time) (names []string) {
		gone, err := r.EvictAudio(ctx, maxBytes, since)
		r.must(err)
		for _, a := range gone {
			names = append(names, a.Blob)
		}
		slices.Sort(names)
		return names
	}
	oldest, err := r.AudioOfBlob(ctx, "1.wav")
	r.must(err)
	r.want("what was used of late stays, whatever it takes", evict(0, oldest.LastUsed), []string(nil))
	now := r.clock.Now()
	r.want("all of it fits", evict(100, now), []string(nil))
	r.want("what was not used for the longest time goes first", evict(99, now), []string{"1.wav"})
	r.want("as many as it takes", evict(49, now), []string{"2.wav", "3.wav"})
	r.want("what fits stays", evict(10, now), []string(nil))
	r.want("nothing fits into nothing", evict(0, now), []string{"0.wav"})
}

func testCounters(r *rig) {
	ctx := r.Context()
	count := func(name string, ttl time.Duration) int {
		n, err := r.Count(ctx, name, ttl)
		r.must(err)
		return n
	}
	stand := func(name string) int {
		n, err := r.Counted(ctx, name)
		r.must(err)
		return n
	}
	r.want("nothing was counted", stand("draft"), 0)
	r.want("the first", count("draft", time.Hour), 1)
	r.want("the second", count("draft", time.Hour), 2)
	r.want("another's is its own", count("other", 10*time.Hour), 1)
	r.want("it can be looked at", stand("draft"), 2)
	r.must(r.Uncount(ctx, "draft"))
	r.want("a count can be taken back", stand("draft"), 1)
	r.must(r.Uncount(ctx, "other"))
	r.must(r.Uncount(ctx, "other"))
	r.must(r.Uncount(ctx, "never"))
	r.want("down to zero", stand("other"), 0)
	r.want("and counted again", count("other", time.Hour), 1)
	r.want("the same", count("draft", time.Hour), 2)
	r.clock.advance(59 * time.Minute)
	r.want("the third does not put the end off", count("draft", time.Hour), 3)
	r.clock.advance(time.Minute)
	r.want("its time is over", stand("draft"), 0)
	r.want("it begins anew", count("draft", time.Hour), 1)
	r.clock.advance(2 * time.Hour)
	n, err := r.PurgeExpired(ctx)
	r.must(err)
	r.want("only what is over is purged", n, int64(1))
	r.want("the rest goes on", count("other", time.Hour), 2)

	// Counting is what limits: no two may be told the same.
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		told = map[int]bool{}
	)
	for range 20 {
		wg.Go(func() {
			n, err := r.Count(ctx, "raced", time.Hour)
			if err != nil {
				r.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			told[n] = true
		})
	}
	wg.Wait()
	r.want("twenty counts at once are twenty numbers", len(told), 20)
}

func testTokens(r *rig) {
	ctx := r.Context()
	anna := r.user("anna")
	revoked := func(jti string) bool {
		is, err := r.TokenRevoked(ctx, jti, anna.ID)
		r.must(err)
		return is
	}
	r.want("a token is good at first", revoked("t1"), false)
	r.must(r.RevokeToken(ctx, "t1", r.clock.Now().Add(time.Hour)))
	r.must(r.RevokeToken(ctx, "t1", r.clock.Now().Add(time.Hour))) // logging out twice is no error
	r.want("then it is not", revoked("t1"), true)
	r.want("another is", revoked("t2"), false)
	_, err := r.PurgeExpired(ctx)
	r.must(err)
	r.want("it stays revoked while it would be valid", revoked("t1"), true)
	r.clock.advance(2 * time.Hour)
	n, err := r.PurgeExpired(ctx)
	r.must(err)
	r.want("after that nobody need remember it", n, int64(1))
	r.want("", revoked("t1"), false)
	r.must(r.DeleteUser(ctx, anna.ID))
	r.want("the tokens of who is gone are as revoked", revoked("t2"), true)
}

func testFarewells(r *rig) {
	ctx := r.Context()
	anna := r.user("anna")
	r.session(anna.ID, "s1")
	r.session(anna.ID, "s2")
	taken := func(most int) []string {
		list, err := r.TakeFarewells(ctx, time.Minute, most)
		r.must(err)
		return list
	}
	r.must(r.OweFarewell(ctx, "s1", r.clock.Now().Add(time.Hour)))
	r.must(r.OweFarewell(ctx, "nobody's", r.clock.Now()))
	r.want("it is not due", len(taken(9)), 0)
	r.must(r.OweFarewell(ctx, "s1", r.clock.Now()))
	r.must(r.OweFarewell(ctx, "s2", r.clock.Now()))
	r.want("the one that is due for longer is first", taken(1), []string{"s1"})
	r.want("it is handed out once", taken(9), []string{"s2"})
	r.must(r.SettleFarewell(ctx, "s1"))
	r.must(r.SettleFarewell(ctx, "s1"))
	r.clock.advance(2 * time.Minute)
	r.want("who gave no sign has left it", taken(9), []string{"s2"})
	r.must(r.DeleteSession(ctx, anna.ID, "s2"))
	r.clock.advance(2 * time.Minute)
	r.want("nothing is owed to what is gone", len(taken(9)), 0)
}

func testErasures(r *rig) {
	ctx := r.Context()
	anna, ben := r.user("anna"), r.user("ben")
	r.session(anna.ID, "s1")
	e, err := r.EraseUser(ctx, anna.ID, time.Minute)
	r.must(err)
	r.want("the erasure is begun", []any{e.Owner, e.Tries}, []any{anna.ID, 1})
	_, err = r.User(ctx, anna.ID)
	r.wantErr("the user is gone", err, ErrNotFound)
	_, err = r.Session(ctx, "s1")
	r.wantErr("and what they said", err, ErrNotFound)
	_, err = r.EraseUser(ctx, anna.ID, time.Minute)
	r.wantErr("a second time", err, ErrNotFound)
	_, err = r.EraseUser(ctx, Anonymous, time.Minute)
	r.wantErr("the anonymous are not one person", err, ErrNotFound)

	taken := func() (owners []string) {
		list, err := r.TakeErasures(ctx, time.Minute)
		r.must(err)
		for _, e := range list {
			owners = append(owners, e.Owner)
		}
		return owners
	}
	r.want("whoever began it is at it", len(taken()), 0)
	r.clock.advance(2 * time.Minute)
	r.want("who gave no sign has left it", taken(), []string{anna.ID})
	r.want("it is handed out once", len(taken()), 0)
	r.must(r.PutErasureOff(ctx, anna.ID, r.clock.Now().Add(time.Hour)))
	r.clock.advance(2 * time.Minute)
	r.want("it waits as long as it is told to", len(taken()), 0)
	r.clock.advance(2 * time.Hour)
	list, err := r.TakeErasures(ctx, time.Minute)
	r.must(err)
	r.want("its tries are counted", []any{len(list), list[0].Tries, list[0].Begun.Equal(e.Begun)}, []any{1, 3, true})
	r.must(r.EndErasure(ctx, anna.ID))
	r.clock.advance(2 * time.Hour)
	r.want("it is over", len(taken()), 0)
	_, err = r.User(ctx, ben.ID)
	r.must(err)

	again, err := r.UpsertUser(ctx, anna.Profile)
	r.must(err)
	if again.ID == anna.ID {
		r.Error("who logs in after that is the same user as before")
	}
}

func testCalibrations(r *rig) {
	ctx := r.Context()
	r.must(r.SaveCalibration(ctx, Calibration{"llama3", 1.1, 3}))
	r.must(r.SaveCalibration(ctx, Calibration{"gemma", 0.9, 1}))
	r.must(r.SaveCalibration(ctx, Calibration{"llama3", 1.25, 4}))
	got, err := r.Calibrations(ctx)
	r.must(err)
	r.want("the last of each model", got, []Calibration{{"gemma", 0.9, 1}, {"llama3", 1.25, 4}})
	r.wantErr("a ratio that cannot be", r.SaveCalibration(ctx, Calibration{"x", 0, 1}), ErrInvalid)
}

func testText(r *rig) {
	ctx := r.Context()
	r.session(Anonymous, "s")
	long := strings.Repeat("가나다라마바사 ", 100_000) // over 2 MB
	for i, tt := range []struct{ why, text, want string }{
		{"every letter comes back", unicodeText, unicodeText},
		{"however long", long, long},
		{"a NUL does not cost the item", "a\x00b", "a\uFFFDb"},
		{"nor does half a letter", "가\xEA\xB0", "가\uFFFD"},
		{"nothing is a text too", "", ""},
	} {
		r.say("s", fmt.Sprint(i), tt.text)
		list, err := r.Items(ctx, "s")
		r.must(err)
		if got := list[i]; got.Text != tt.want || got.Full != tt.want {
			r.Errorf("%s: got %d bytes, want %d: %.60q", tt.why, len(got.Text), len(tt.want), got.Text)
		}
	}
	// Ids come from clients, too.
	_, err := r.Session(ctx, "\x00\xff")
	r.wantErr("an id that is no text", err, ErrNotFound)
}

func testBadCursors(r *rig) {
	ctx := r.Context()
	for range 3 {
		_, err := r.CreateCharacter(ctx, Anonymous, persona.Character{Name: "c"})
		r.must(err)
	}
	_, characters, err := r.Characters(ctx, Anonymous, "", 1)
	r.must(err)
	if characters == "" {
		r.Fatal("no cursor to try")
	}
	for why, cursor := range map[string]string{
		"not base64":             "%%%",
		"base64 of nothing":      "AAAA",
		"another list's":         characters,
		"letters for a position": mark{"x", "y"}.cursor(sessionList),
		"a text that is none":    mark{"\xff\xfe", "\xff"}.cursor(messageList)[:5],
	} {
		if _, _, err := r.Sessions(ctx, Anonymous, cursor, 1); !errors.Is(err, ErrBadCursor) {
			r.Errorf("sessions, %s: %v", why, err)
		}
	}
	_, _, err = r.Messages(ctx, "s", characters, 1)
	r.wantErr("another list's", err, ErrBadCursor)
	// A client that makes one up gets a page or an error, not a broken query.
	_, _, err = r.Messages(ctx, "s", mark{"\xff", "\xff'; DROP TABLE items"}.cursor(messageList), 1)
	r.must(err)
}

func testConcurrentWriters(r *rig) {
	ctx := r.Context()
	const writers, each = 16, 25
	for w := range writers {
		r.session(Anonymous, fmt.Sprint("s", w))
	}
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			session, last := fmt.Sprint("s", w), ""
			for i := range each {
				at, err := PositionBetween(last, "")
				if err != nil {
					r.Error(err)
				}
				last = at
				if err := r.SaveItem(ctx, Item{Session: session, ID: fmt.Sprint(i), Position: at, Text: fmt.Sprint(i)}); err != nil {
					r.Errorf("a writer fails for the others: %v", err)
				}
				// And one that has to fail, by itself.
				if err := r.SaveItem(ctx, Item{Session: "nowhere", ID: "x", Position: at}); !errors.Is(err, ErrNotFound) {
					r.Errorf("a write that breaks a rule: %v", err)
				}
			}
		})
	}
	wg.Wait()
	for w := range writers {
		list, err := r.Items(ctx, fmt.Sprint("s", w))
		r.must(err)
		if len(list) != each {
			r.Errorf("writer %d confirmed %d items, %d are there", w, each, len(list))
		}
	}
}

func testReadsDuringWrites(r *rig) {
	ctx := r.Context()
	r.session(Anonymous, "s")
	r.say("s", "i0", "처음")
	finish := r.beginWrite(`UPDATE items SET heard = '나중' WHERE session_id = 's' RETURNING id`)
	list, err := r.Items(ctx, "s")
	r.must(err)
	r.want("a reader sees what was confirmed, and does not wait", texts(list), []string{"처음"})
	finish()
	list, err = r.Items(ctx, "s")
	r.must(err)
	r.want("and the write, once it is done", texts(list), []string{"나중"})
}

// beginWrite begins a write that goes on until finish is called.
func (r *rig) beginWrite(text string) (finish func()) {
	r.Helper()
	if w, ok := r.write.(*directWriter); ok {
		tx, err := w.db.BeginTx(r.Context(), nil)
		r.must(err)
		_, err = tx.ExecContext(r.Context(), text)
		r.must(err)
		return func() { r.Helper(); r.must(tx.Commit()) }
	}
	inside, let, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- r.write.run(r.Context(), &statement{
			text:  text,
			start: func() {},
			scan:  func(scanner) error { close(inside); <-let; return nil },
		})
	}()
	<-inside
	return func() { r.Helper(); close(let); r.must(<-done) }
}

func testContext(r *rig) {
	ctx, cancel := context.WithCancelCause(r.Context())
	why := errors.New("the client has left")
	cancel(why)
	_, err := r.UpsertUser(ctx, Profile{Provider: "google", Subject: "late"})
	if err == nil {
		r.Error("a write after its context's end")
	}
	if _, err := r.Items(ctx, "s"); !errors.Is(err, context.Canceled) {
		r.Errorf("a read after its context's end: %v", err)
	}
	n := 0
	r.must(r.read.QueryRow(`SELECT COUNT(*) FROM users WHERE subject = 'late'`).Scan(&n))
	r.want("nothing was written", n, 0)
}

func testClose(r *rig) {
	ctx := r.Context()
	r.session(Anonymous, "s")
	confirmed := make(chan string, 1000)
	var wg sync.WaitGroup
	started := make(chan struct{})
	var once sync.Once
	for w := range 4 {
		wg.Go(func() {
			last := ""
			for i := 0; ; i++ {
				last, _ = PositionBetween(last, "")
				id := fmt.Sprint(w, "-", i)
				if err := r.SaveItem(ctx, Item{Session: "s", ID: id, Position: last}); err != nil {
					if !errors.Is(err, ErrClosed) {
						r.Errorf("a write after Close: %v", err)
					}
					return
				}
				confirmed <- id
				if i == 3 {
					once.Do(func() { close(started) })
				}
			}
		})
	}
	<-started
	go func() {
		wg.Wait()
		close(confirmed)
	}()
	r.must(r.Close())
	r.must(r.Close())
	wg.Wait()
	if _, err := r.Items(ctx, "s"); !errors.Is(err, ErrClosed) {
		r.Errorf("a read after Close: %v", err)
	}
	again := mustOpen(r.T, r.cfg)
	list, err := again.Items(ctx, "s")
	r.must(err)
	have := map[string]bool{}
	for _, it := range list {
		have[it.ID] = true
	}
	for id := range confirmed {
		if !have[id] {
			r.Errorf("%s was confirmed and is not there", id)
		}
	}
}

func testReopen(r *rig) {
	ctx := r.Context()
	anna := r.user("anna")
	r.must(r.Close())
	again := mustOpen(r.T, r.cfg)
	got, err := again.User(ctx, anna.ID)
	r.must(err)
	r.want("what was there is there", got, anna)
	r.must(again.Ping(ctx))
}

func testNewer(r *rig) {
	st := statement{text: `INSERT INTO goose_db_version (version_id, is_applied) VALUES ($1, $2)`, args: []any{9999, true}}
	r.must(r.write.run(r.Context(), &st))
	r.must(r.Close())
	_, err := Open(r.Context(), r.cfg)
	r.wantErr("a program that is older than its database does not touch it", err, ErrNewer)
	if err == nil || !strings.Contains(err.Error(), "9999") || !strings.Contains(err.Error(), "update the program") {
		r.Errorf("the error has to say what is wrong and what to do: %v", err)
	}
}

func testManyItems(r *rig) {
	if testing.Short() {
		r.Skip("writes ten thousand items")
	}
	ctx := r.Context()
	r.session(Anonymous, "s")
	const n = 10_000
	at := make([]string, n)
	last := ""
	for i := range n {
		var err error
		last, err = PositionBetween(last, "")
		r.must(err)
		at[i] = last
	}
	began := time.Now()
	var wg sync.WaitGroup
	next := make(chan int)
	for range 64 {
		wg.Go(func() {
			for i := range next {
				text := fmt.Sprint(i, " ", unicodeText)
				if err := r.SaveItem(ctx, Item{Session: "s", ID: fmt.Sprint("i", i), Position: at[i], Text: text, Full: text}); err != nil {
					r.Error(err)
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
	wrote := time.Since(began)
	began = time.Now()
	list, err := r.Items(ctx, "s")
	r.must(err)
	r.Logf("%d items: %v to write by 64 writers, %v to read", n, wrote, time.Since(began))
	if len(list) != n {
		r.Fatalf("%d items", len(list))
	}
	for i, it := range list {
		if it.ID != fmt.Sprint("i", i) {
			r.Fatalf("item %d is %s", i, it.ID)
		}
	}
	seen, cursor := 0, ""
	for {
		page, next, err := r.Messages(ctx, "s", cursor, 1000)
		r.must(err)
		if len(page) > maxPage {
			r.Fatalf("a page of %d", len(page))
		}
		seen += len(page)
		if cursor = next; cursor == "" {
			break
		}
	}
	r.want("all of them by pages", seen, n)
}
