package account

import (
	"archive/zip"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx", for a look at the tables
	_ "modernc.org/sqlite"             // and "sqlite"

	"avatarforge/internal/servertest"
	"avatarforge/persona"
	"avatarforge/store"
)

func TestMain(m *testing.M) { servertest.Main(m, os.Getenv("CI") == "true") }

// clock stands still until it is told to go on.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// stubborn is a file store in which some things cannot be done.
type stubborn struct {
	store.Blobs
	mu     sync.Mutex
	refuse func(name string) bool // whether a file cannot be deleted; nil: none
	blind  bool                   // nothing can be listed
}

var errStubborn = errors.New("the disk says no")

func (s *stubborn) set(refuse func(string) bool, blind bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse, s.blind = refuse, blind
}

func (s *stubborn) Delete(ctx context.Context, name string) error {
	s.mu.Lock()
	no := s.refuse != nil && s.refuse(name)
	s.mu.Unlock()
	if no {
		return errStubborn
	}
	return s.Blobs.Delete(ctx, name)
}

func (s *stubborn) List(ctx context.Context, prefix string) iter.Seq2[store.BlobInfo, error] {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.blind {
		return func(yield func(store.BlobInfo, error) bool) { yield(store.BlobInfo{}, errStubborn) }
	}
	return s.Blobs.List(ctx, prefix)
}

// rig is a store with people in it.
type rig struct {
	*testing.T
	db       *store.Store
	tables   func() *sql.DB
	files    *stubborn
	dir      string // of the files, where they are in a folder
	clock    *clock
	accounts *Accounts
}

// everywhere runs a test on both databases and both file stores.
func everywhere(t *testing.T, test func(r *rig)) {
	for _, database := range []string{"SQLite", "PostgreSQL"} {
		for _, files := range []string{"folder", "S3"} {
			t.Run(database+" and "+files, func(t *testing.T) {
				r := &rig{T: t, clock: &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}}
				cfg := store.Config{Dir: t.TempDir(), Now: r.clock.Now}
				driver, source := "sqlite", "file:"+filepath.Join(cfg.Dir, "avatarforge.db")
				if database == "PostgreSQL" {
					cfg.URL = servertest.Postgres(t)
					driver, source = "pgx", cfg.URL
				}
				r.tables = func() *sql.DB {
					db, err := sql.Open(driver, source)
					r.must(err)
					return db
				}
				var err error
				r.db, err = store.Open(t.Context(), cfg)
				r.must(err)
				t.Cleanup(func() { r.db.Close() })
				location := filepath.Join(t.TempDir(), "files")
				r.dir = location
				if files == "S3" {
					r.dir, location = "", servertest.S3(t)+"/some/prefix?secure=false"
				}
				blobs, err := store.OpenBlobs(t.Context(), location)
				r.must(err)
				t.Cleanup(func() { blobs.Close() })
				r.files = &stubborn{Blobs: blobs}
				r.accounts = New(Config{
					Store: r.db, Blobs: r.files, Folders: []string{"audio/", "pictures/", "models/"}, Now: r.clock.Now,
				})
				test(r)
			})
		}
	}
}

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// person is a user with something of everything; mark is in all that they have said.
func (r *rig) person(name, mark string) store.User {
	r.Helper()
	ctx := r.Context()
	u, err := r.db.UpsertUser(ctx, store.Profile{Provider: "google", Subject: "sub-" + name, Email: name + "@example.com", Name: name})
	r.must(err)
	c, err := r.db.CreateCharacter(ctx, u.ID, persona.Character{Name: "친구 " + mark, Likes: []string{"차"}})
	r.must(err)
	for i := range 3 {
		id := fmt.Sprintf("%s:session.%d", name, i)
		conversation := &store.Changes{
			ID: id, New: true,
			Session: &store.Session{ID: id, Owner: u.ID, CharacterID: c.ID, Config: json.RawMessage(`{"voice":"x"}`), NextEvent: 1},
		}
		position := ""
		for j := range 4 {
			position, err = store.PositionBetween(position, "")
			r.must(err)
			conversation.Items = append(conversation.Items, store.Item{
				Session: id, ID: fmt.Sprintf("item_%d", j), Position: position, Role: "user", Status: "completed",
				ContentType: "input_text", Text: mark + " 안녕", Full: mark + " 안녕하세요",
			})
		}
		r.must(r.db.SaveChanges(ctx, conversation))
		r.must(r.db.SaveSummary(ctx, store.Summary{Session: id, Covers: "h", Text: mark + " in short", UpToItem: "item_1"}))
	}
	_, err = r.db.SaveFact(ctx, store.Fact{Owner: u.ID, CharacterID: c.ID, Kind: "name", Text: mark + " likes tea"})
	r.must(err)
	r.must(r.db.AddPromise(ctx, store.Promise{Blob: "audio/" + u.ID + "/promised.wav", Owner: u.ID, Request: json.RawMessage(`{"text":"` + mark + `"}`)}))
	for i := range 10 {
		r.put(fmt.Sprintf("audio/%s/f%d.wav", u.ID, i), mark)
	}
	_, err = r.db.AddAudio(ctx, store.Audio{Owner: u.ID, Key: "k", Blob: "audio/" + u.ID + "/f0.wav", Voice: "default", Format: "wav", Size: 1})
	r.must(err)
	f := store.Figure{ID: store.NewFigureID(), Owner: u.ID, CharacterID: c.ID, Options: json.RawMessage(`{}`)}
	f.Picture = "pictures/" + u.ID + "/" + f.ID + ".png"
	r.put(f.Picture, mark)
	r.put("models/"+u.ID+"/"+f.ID+".glb", mark)
	_, err = r.db.CreateFigure(ctx, f, time.Minute)
	r.must(err)
	return u
}

func (r *rig) put(name, text string) {
	r.Helper()
	r.must(r.files.Put(r.Context(), name, strings.NewReader(text), int64(len(text)), "application/octet-stream"))
}

// filesOf is how many files of an owner's there are.
func (r *rig) filesOf(owner string) (n int) {
	r.Helper()
	for info, err := range r.files.Blobs.List(r.Context(), "") {
		r.must(err)
		if strings.Contains(info.Name, owner) {
			n++
		}
	}
	return n
}

// rowsWith is where the database says a word, in whatever table and column.
func (r *rig) rowsWith(words ...string) (found []string) {
	r.Helper()
	db := r.tables()
	defer db.Close()
	names := `SELECT name FROM sqlite_master WHERE type = 'table'`
	if _, err := db.ExecContext(r.Context(), names+` LIMIT 0`); err != nil {
		names = `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`
	}
	for _, table := range r.rows(db, names) {
		for _, row := range r.rows(db, `SELECT * FROM "`+table+`"`) {
			for _, word := range words {
				if strings.Contains(row, word) {
					found = append(found, table+": "+row)
				}
			}
		}
	}
	return found
}

func (r *rig) rows(db *sql.DB, query string) (list []string) {
	r.Helper()
	rows, err := db.QueryContext(r.Context(), query)
	r.must(err)
	defer rows.Close()
	columns, err := rows.Columns()
	r.must(err)
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(sql.NullString)
		}
		r.must(rows.Scan(values...))
		var line []string
		for _, v := range values {
			line = append(line, v.(*sql.NullString).String)
		}
		list = append(list, strings.Join(line, "|"))
	}
	r.must(rows.Err())
	return list
}

func TestErase(t *testing.T) {
	everywhere(t, func(r *rig) {
		anna, ben := r.person("anna", "MARK-A"), r.person("ben", "MARK-B")
		if len(r.rowsWith("MARK-A")) < 10 || r.filesOf(anna.ID) != 12 {
			r.Fatal("there is nothing to erase, or the look at the tables sees nothing")
		}
		whole, err := r.accounts.Erase(r.Context(), anna.ID)
		r.must(err)
		if !whole {
			r.Error("nothing failed, and yet files are to follow")
		}
		if left := r.rowsWith("MARK-A", "anna"); len(left) > 0 {
			r.Errorf("the database has still: %q", left)
		}
		if n := r.filesOf(anna.ID); n != 0 {
			r.Errorf("%d files are left", n)
		}
		if _, err := r.accounts.Erase(r.Context(), anna.ID); !errors.Is(err, store.ErrNotFound) {
			r.Errorf("a second time: %v", err)
		}

		// Somebody was just writing a file when it went: nothing can be stored for them, so it has no entry.
		r.put("models/"+anna.ID+"/late.glb", "MARK-A")
		r.clock.advance(30 * time.Minute)
		r.accounts.takeUp(r.Context())
		if n := r.filesOf(anna.ID); n != 1 {
			r.Errorf("%d files before the last look, want the late one", n)
		}
		r.clock.advance(31 * time.Minute)
		r.accounts.takeUp(r.Context())
		if n := r.filesOf(anna.ID); n != 0 {
			r.Errorf("%d files are left after the last look", n)
		}
		if left := r.rowsWith(anna.ID, "MARK-A"); len(left) > 0 {
			r.Errorf("the database still knows the id: %q", left)
		}
		if r.dir != "" {
			for _, kind := range []string{"audio", "pictures", "models"} {
				if _, err := os.Stat(filepath.Join(r.dir, kind, anna.ID)); err == nil {
					r.Errorf("a folder of theirs is left in %s", kind)
				}
			}
		}
		if len(r.rowsWith("MARK-B")) < 10 || r.filesOf(ben.ID) != 12 {
			r.Error("something of somebody else's is gone")
		}
	})
}

// Every other file cannot be deleted, then none can be looked for, then everything works again.
func TestEraseGoesOn(t *testing.T) {
	everywhere(t, func(r *rig) {
		anna := r.person("anna", "MARK-A")
		n := 0
		r.files.set(func(string) bool { n++; return n%4 == 0 }, false)
		whole, err := r.accounts.Erase(r.Context(), anna.ID)
		r.must(err)
		left := r.filesOf(anna.ID)
		if whole || left == 0 || left == 12 {
			r.Errorf("half of it failed: whole %v, %d files left", whole, left)
		}
		if rows := r.rowsWith("MARK-A", "anna"); len(rows) > 0 {
			r.Errorf("the database has still: %q", rows)
		}
		r.files.set(nil, true)
		r.clock.advance(firstPause + time.Second)
		r.accounts.takeUp(r.Context())
		if now := r.filesOf(anna.ID); now != left {
			r.Errorf("%d files, want the %d that nobody could look for", now, left)
		}
		r.files.set(nil, false)
		r.clock.advance(2*firstPause + time.Second)
		r.accounts.takeUp(r.Context())
		if now := r.filesOf(anna.ID); now != 0 {
			r.Errorf("%d files are left", now)
		}
		r.clock.advance(2 * time.Hour)
		r.accounts.takeUp(r.Context())
		if rows := r.rowsWith(anna.ID); len(rows) > 0 {
			r.Errorf("the erasure is not over: %q", rows)
		}
	})
}

// Whoever begins an erasure dies before the user is deleted: it is written down, and somebody else does it.
func TestEraseOutlastsACrash(t *testing.T) {
	everywhere(t, func(r *rig) {
		anna := r.person("anna", "MARK-A")
		db := r.tables()
		_, err := db.ExecContext(r.Context(), `INSERT INTO erasures (owner, tries, due, begun) VALUES ($1, 1, 0, $2)`, anna.ID, r.clock.Now().UnixMicro())
		r.must(errors.Join(err, db.Close()))
		New(Config{Store: r.db, Blobs: r.files, Folders: []string{"audio/", "pictures/", "models/"}, Now: r.clock.Now}).takeUp(r.Context())
		if rows := r.rowsWith("MARK-A", "anna"); len(rows) > 0 || r.filesOf(anna.ID) != 0 {
			r.Errorf("left: %q, %d files", rows, r.filesOf(anna.ID))
		}
	})
}

func TestExport(t *testing.T) {
	everywhere(t, func(r *rig) {
		anna := r.person("anna", "MARK-A")
		r.person("ben", "MARK-B")
		var out bytes.Buffer
		r.must(r.accounts.Export(r.Context(), &out, anna.ID))
		whole, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
		r.must(err)
		got := map[string]string{}
		for _, f := range whole.File {
			if _, twice := got[f.Name]; twice {
				r.Errorf("%s is there twice", f.Name)
			}
			if !filepath.IsLocal(f.Name) || strings.Contains(f.Name, anna.ID) {
				r.Errorf("the name %q", f.Name)
			}
			file, err := f.Open()
			r.must(err)
			data, err := io.ReadAll(file)
			r.must(err)
			got[f.Name] = string(data)
			if strings.Contains(string(data), "MARK-B") {
				r.Errorf("%s has something of somebody else's", f.Name)
			}
			if strings.HasSuffix(f.Name, ".json") && !json.Valid(data) {
				r.Errorf("%s is no JSON: %s", f.Name, data)
			}
		}
		for name, words := range map[string][]string{
			"account.json":                   {"anna@example.com", anna.ID, "sub-anna"},
			"characters.json":                {"친구 MARK-A", "created_at"},
			"facts.json":                     {"MARK-A likes tea"},
			"audio.json":                     {`"audio/f0.wav"`},
			"figures.json":                   {`"pending"`},
			"sessions/anna%3Asession.0.json": {"MARK-A 안녕하세요", "MARK-A in short", "item_3"},
			"sessions/anna%3Asession.2.json": {"MARK-A"},
			"audio/f9.wav":                   {"MARK-A"},
		} {
			for _, word := range words {
				if !strings.Contains(got[name], word) {
					r.Errorf("%s has no %q: %q", name, word, got[name])
				}
			}
		}
		if len(got) != 5+3+12 {
			r.Errorf("%d files in the export", len(got))
		}
		if err := r.accounts.Export(r.Context(), &out, "nobody"); !errors.Is(err, store.ErrNotFound) {
			r.Errorf("of nobody: %v", err)
		}
	})
}

// An export that cannot be written to its end is not taken for whole.
func TestExportBreaksOff(t *testing.T) {
	everywhere(t, func(r *rig) {
		anna := r.person("anna", "MARK-A")
		r.files.set(nil, true)
		var out bytes.Buffer
		if err := r.accounts.Export(r.Context(), &out, anna.ID); !errors.Is(err, errStubborn) {
			r.Errorf("the files cannot be listed: %v", err)
		}
		if _, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len())); err == nil {
			r.Error("half an export is a whole ZIP file")
		}
	})
}
