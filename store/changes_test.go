package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
)

// What the tests change of a conversation one by one.

func (s *Store) SaveSession(ctx context.Context, x Session) error {
	return s.SaveChanges(ctx, &Changes{ID: x.ID, Epoch: x.Epoch, Session: &x, New: true})
}

func (s *Store) UpdateSession(ctx context.Context, x Session) error {
	return s.SaveChanges(ctx, &Changes{ID: x.ID, Epoch: x.Epoch, Session: &x})
}

func (s *Store) SaveItem(ctx context.Context, it Item) error {
	return s.SaveChanges(ctx, &Changes{ID: it.Session, Epoch: it.Epoch, Items: []Item{it}})
}

func (s *Store) DeleteItem(ctx context.Context, session string, epoch int64, id string) error {
	st := deletion(session, epoch, id)
	err := s.write.run(ctx, st)
	if err == nil && st.rows == 0 {
		err = sql.ErrNoRows
	}
	return wrap("delete item", err)
}

// All of what has changed happens, or nothing.
func testChanges(r *rig) {
	ctx := r.Context()
	item := func(id string, n int) Item { return Item{Session: "new", ID: id, Position: whole(n), Text: id} }
	r.must(r.SaveChanges(ctx, &Changes{
		ID: "new", Session: &Session{ID: "new", Owner: Anonymous, Turn: 1}, New: true, Items: []Item{item("a", 1), item("b", 2)},
	}))
	r.must(r.SaveChanges(ctx, &Changes{ID: "new", Items: []Item{item("c", 3)}, Deleted: []string{"a", "of nobody"}}))
	texts := func() (all string) {
		items, err := r.Items(ctx, "new")
		r.must(err)
		for _, it := range items {
			all += it.Text
		}
		return all
	}
	r.want("what has become of it", texts(), "bc")

	bad := item("d", 4)
	bad.Position = "nowhere"
	r.wantErr("an item without a place", r.SaveChanges(ctx, &Changes{ID: "new", Items: []Item{item("e", 5), bad}}), ErrInvalid)
	nobodys := &Session{ID: "nobody's", Owner: "nobody"}
	r.wantErr("a session of nobody's", r.SaveChanges(ctx, &Changes{ID: "nobody's", Session: nobodys, New: true, Items: []Item{item("f", 6)}}), ErrNotFound)
	r.must(r.SaveChanges(ctx, &Changes{ID: "other", Session: &Session{Owner: Anonymous}, New: true}))
	other := r.user("somebody else")
	taken := &Session{Owner: other.ID}
	r.wantErr("somebody else's session", r.SaveChanges(ctx, &Changes{ID: "new", Session: taken, New: true, Items: []Item{item("g", 7)}}), ErrConflict)
	r.wantErr("a session that is not there", r.SaveChanges(ctx, &Changes{ID: "gone", Items: []Item{item("h", 8)}}), ErrNotFound)
	r.wantErr("another instance's session", r.SaveChanges(ctx, &Changes{ID: "new", Epoch: 5, Items: []Item{item("i", 9)}, Deleted: []string{"b"}}), ErrNotFound)
	r.want("nothing of what failed", texts(), "bc")
	r.must(r.SaveChanges(ctx, &Changes{ID: "new", Items: []Item{item("b", 2)}, Deleted: []string{"b"}}))
	r.want("an item that was deleted and made again", texts(), "bc")
	r.must(r.SaveChanges(ctx, &Changes{ID: "new"}))
}

// What was saved before a session was taken over is there for whoever takes it, and what was not is
// refused whole.
func testChangesAndTakeOver(r *rig) {
	ctx := r.Context()
	for round := range 30 {
		id := fmt.Sprintf("taken%d", round)
		r.must(r.SaveSession(ctx, Session{ID: id, Owner: Anonymous}))
		c := &Changes{ID: id}
		for i := range 4 {
			c.Items = append(c.Items, Item{ID: fmt.Sprint(i), Position: whole(i + 1)})
		}
		saved := make(chan error, 1)
		go func() { saved <- r.SaveChanges(ctx, c) }()
		r.must(r.TakeSession(ctx, id))
		items, err := r.Items(ctx, id)
		r.must(err)
		switch err := <-saved; {
		case err == nil:
			r.want("items that were saved", len(items), len(c.Items))
		case errors.Is(err, ErrNotFound):
			r.want("items that were refused", len(items), 0)
		default:
			r.Fatal(err)
		}
	}
}

// A conversation can be deleted while it is saved.
func testChangesAndDeletion(r *rig) {
	ctx := r.Context()
	for round := range 20 {
		id := fmt.Sprintf("deleted%d", round)
		first := Item{ID: "first", Position: whole(1)}
		r.must(r.SaveChanges(ctx, &Changes{ID: id, Session: &Session{Owner: Anonymous}, New: true, Items: []Item{first}}))
		c := &Changes{ID: id, Items: []Item{first}}
		for i := range 12 {
			c.Items = append(c.Items, Item{ID: fmt.Sprint(i), Position: whole(i + 2)})
		}
		saved := make(chan error, 1)
		go func() { saved <- r.SaveChanges(ctx, c) }()
		r.must(r.DeleteSession(ctx, Anonymous, id))
		if err := <-saved; err != nil {
			r.wantErr("what is saved of what is deleted", err, ErrNotFound)
		}
		items, err := r.Items(ctx, id)
		r.must(err)
		r.want("items that are left", len(items), 0)
	}
}

// One conversation that cannot be saved fails alone, though it shares a transaction with others.
func TestChangesFailAlone(t *testing.T) {
	s := mustOpen(t, Config{Dir: t.TempDir()})
	w := s.write.(*batchWriter)
	save := func(id, owner string) *queued {
		x := &Session{ID: id, Owner: owner}
		st, err := s.itemStatement(&Item{Session: id, ID: "i", Position: whole(1)})
		if err != nil {
			t.Fatal(err)
		}
		return &queued{[]*statement{s.sessionStatement(x), st}, make(chan error, 1)}
	}
	batch := []*queued{save("one", Anonymous), save("bad", "nobody"), save("two", Anonymous)}
	w.commit(t.Context(), batch)
	for i, want := range []error{nil, ErrNotFound, nil} {
		if err := wrap("save", <-batch[i].outcome); !errors.Is(err, want) {
			t.Errorf("the conversation of place %d: %v, want %v", i, err, want)
		}
	}
	for id, want := range map[string]int{"one": 1, "bad": 0, "two": 1} {
		if items, err := s.Items(t.Context(), id); err != nil || len(items) != want {
			t.Errorf("%d items of %s, %v; want %d", len(items), id, err, want)
		}
	}
}
