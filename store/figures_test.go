package store

import (
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"avatarforge/persona"
)

// figure is a new figure of the owner's.
func (r *rig) figure(owner, id string) Figure {
	r.Helper()
	f, err := r.CreateFigure(r.Context(), Figure{
		ID: id, Owner: owner, Options: json.RawMessage(`{"triangles":500}`), Picture: "p/" + id, Step: "대기 중...",
	}, time.Minute)
	r.must(err)
	return f
}

func testFigures(r *rig) {
	ctx := r.Context()
	anna := r.user("anna")
	f := r.figure(anna.ID, "one")
	r.want("it is pending", f, Figure{
		ID: "one", Owner: anna.ID, Options: json.RawMessage(`{"triangles":500}`), Picture: "p/one", Status: FigurePending,
		Step: "대기 중...", Version: 1, Run: 1, Created: f.Created, Updated: f.Created,
	})
	_, err := r.CreateFigure(ctx, f, time.Minute)
	r.wantErr("an id is taken once", err, ErrConflict)
	_, err = r.CreateFigure(ctx, Figure{ID: "two", Owner: "nobody"}, time.Minute)
	r.wantErr("an owner has to be there", err, ErrNotFound)

	f, err = r.ReportFigure(ctx, "one", 1, "메쉬", 40, time.Minute)
	r.must(err)
	if f.Status != FigureProcessing || f.Progress != 40 || f.Step != "메쉬" || f.Version != 2 {
		r.Errorf("a report: %+v", f)
	}
	again, err := r.ReportFigure(ctx, "one", 1, "메쉬", 30, time.Minute)
	r.must(err)
	r.want("progress does not go back, and what changes nothing is no change", again, f)
	_, err = r.ReportFigure(ctx, "one", 2, "메쉬", 90, time.Minute)
	r.wantErr("a run that has not begun", err, ErrNotFound)

	n, err := r.WaitingFigures(ctx)
	r.must(err)
	r.want("one is waited for", n, 1)
	f.Status, f.Progress, f.Step, f.Model = FigureCompleted, 100, "완료", "m/one"
	done, err := r.EndFigure(ctx, f)
	r.must(err)
	f.Version, f.Updated = 3, done.Updated
	r.want("it is completed", done, f)
	for what, err := range map[string]error{
		"ended":     second(r.EndFigure(ctx, f)),
		"reported":  second(r.ReportFigure(ctx, "one", 1, "x", 1, 0)),
		"cancelled": second(r.CancelFigure(ctx, "one", "x")),
		"queued":    r.FigureQueued(ctx, "one", 1),
	} {
		r.wantErr("what is final is not "+what+" again", err, ErrNotFound)
	}
	read, err := r.Figure(ctx, "one")
	r.must(err)
	r.want("it stays so", read, done)
	r.wantErr("an end is final", second(r.EndFigure(ctx, Figure{ID: "one", Run: 1, Status: FigurePending})), ErrInvalid)

	r.figure(anna.ID, "two")
	f, err = r.CancelFigure(ctx, "two", "취소됨")
	r.must(err)
	if f.Status != FigureCancelled || f.Step != "취소됨" {
		r.Errorf("cancelled: %+v", f)
	}
	r.wantErr("nobody goes on with it", second(r.ReportFigure(ctx, "two", 1, "x", 1, 0)), ErrNotFound)

	old, err := r.FiguresEndedBefore(ctx, r.clock.Now().Add(-time.Hour), r.clock.Now())
	r.must(err)
	if len(old) != 1 || old[0].ID != "two" {
		r.Errorf("cancelled ones are old sooner than completed ones: %+v", old)
	}
	old, err = r.FiguresEndedBefore(ctx, r.clock.Now(), r.clock.Now())
	r.must(err)
	if len(old) != 2 || old[0].ID != "one" {
		r.Errorf("the oldest comes first: %+v", old)
	}
	r.must(r.DeleteFigure(ctx, "one"))
	r.must(r.DeleteFigure(ctx, "one"))
	r.wantErr("it is gone", second(r.Figure(ctx, "one")), ErrNotFound)
	r.must(r.DeleteUser(ctx, anna.ID))
	r.wantErr("a user's go with the user", second(r.Figure(ctx, "two")), ErrNotFound)
}

func second[T any](_ T, err error) error { return err }

// A run that gives no sign of life is taken over once, and may write nothing any more.
func testOverdueFigures(r *rig) {
	ctx := r.Context()
	for _, id := range []string{"never queued", "queued", "alive", "dead"} {
		r.figure(Anonymous, id)
	}
	r.must(r.FigureQueued(ctx, "queued", 1))
	for _, id := range []string{"alive", "dead"} {
		r.must(second(r.ReportFigure(ctx, id, 1, "메쉬", 50, time.Hour)))
	}
	r.clock.advance(2 * time.Hour)
	r.must(second(r.ReportFigure(ctx, "alive", 1, "메쉬", 50, time.Hour)))

	var taken atomic.Int32
	var all sync.WaitGroup
	for range 4 { // instances
		all.Go(func() {
			list, err := r.TakeOverdueFigures(ctx, time.Hour)
			if err != nil {
				r.Error(err)
			}
			for _, f := range list {
				if f.Run != 2 || f.ID != "dead" && f.ID != "never queued" {
					r.Errorf("taken: %+v", f)
				}
				taken.Add(1)
			}
		})
	}
	all.Wait()
	r.want("each is taken once", taken.Load(), int32(2))
	r.wantErr("the run before is over", second(r.ReportFigure(ctx, "dead", 1, "x", 99, time.Hour)), ErrNotFound)
	r.wantErr("it may not end it either", second(r.EndFigure(ctx, Figure{ID: "dead", Run: 1, Status: FigureCompleted, Progress: 100})), ErrNotFound)
	f, err := r.ReportFigure(ctx, "dead", 2, "확인", 5, time.Hour)
	r.must(err)
	r.want("the next begins anew, and for who watches nothing goes back", f.Progress, 50)
}

func testLanes(r *rig) {
	ctx := r.Context()
	hold := func(holder string) error { return second(r.HoldLane(ctx, holder, 2, time.Hour)) }
	r.must(hold("a"))
	r.must(hold("b"))
	r.must(hold("a")) // renews
	r.wantErr("there are two", hold("c"), ErrBusy)
	r.must(r.LeaveLane(ctx, "b"))
	r.must(hold("c"))
	r.clock.advance(2 * time.Hour)
	r.must(hold("c"))
	r.must(hold("d"))
	r.wantErr("whose time is over has lost it", hold("a"), ErrBusy)

	// However many ask at once, as many get one as there are.
	r.must(r.LeaveLane(ctx, "c"))
	r.must(r.LeaveLane(ctx, "d"))
	var got atomic.Int32
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			if hold(fmt.Sprint("crowd ", i)) == nil {
				got.Add(1)
			}
		})
	}
	all.Wait()
	r.want("two of twelve", got.Load(), int32(2))
}

func testEditCharacter(r *rig) {
	ctx := r.Context()
	anna, ben := r.user("anna"), r.user("ben")
	c, err := r.CreateCharacter(ctx, anna.ID, persona.Character{Name: "앨리스"})
	r.must(err)
	set := func(url string) func(*persona.Character) bool {
		return func(c *persona.Character) bool { c.ModelURL = url; return true }
	}
	r.wantErr("another's", r.EditCharacter(ctx, ben.ID, c.ID, set("/a")), ErrNotFound)
	r.must(r.EditCharacter(ctx, anna.ID, c.ID, set("/mnt/a_b%.glb")))
	// Somebody else changes it between reading and writing.
	tries := 0
	r.must(r.EditCharacter(ctx, anna.ID, c.ID, func(c *persona.Character) bool {
		if tries++; tries == 1 {
			other := *c
			other.Job = "기사"
			r.must(second(r.UpdateCharacter(ctx, anna.ID, other)))
		}
		c.Age = "17세"
		return true
	}))
	c, err = r.Character(ctx, c.ID)
	r.must(err)
	if tries != 2 || c.Job != "기사" || c.Age != "17세" || c.ModelURL != "/mnt/a_b%.glb" {
		r.Errorf("after %d tries: %+v", tries, c.Character)
	}
	for text, want := range map[string]bool{"/mnt/a_b%.glb": true, "/mnt/aXb%.glb": false, "/mnt/a_bX.glb": false, "17세": true, "/mnt/a_b": false} {
		shows, err := r.CharacterShows(ctx, anna.ID, text)
		r.must(err)
		r.want("shows "+text, shows, want)
	}
	shows, err := r.CharacterShows(ctx, ben.ID, "17세")
	r.must(err)
	r.want("another's characters do not count", shows, false)
}
