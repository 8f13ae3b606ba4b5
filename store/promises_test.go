package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"
)

func testPromises(r *rig) {
	ctx := r.Context()
	anna := r.user("anna")
	start := r.clock.Now()
	p := Promise{Blob: "audio/anna/1.wav", Owner: anna.ID, Request: json.RawMessage(`{"text":"안녕"}`), Due: when(micros(start.Add(time.Minute)))}
	r.must(r.AddPromise(ctx, p))
	r.wantErr("a name is promised once", r.AddPromise(ctx, p), ErrConflict)
	r.wantErr("an owner who is gone", r.AddPromise(ctx, Promise{Blob: "b", Owner: "nobody"}), ErrNotFound)

	read, err := r.Promise(ctx, p.Blob)
	r.must(err)
	p.Created = read.Created
	r.want("it is read as it was given", read, p)
	_, err = r.Promise(ctx, "audio/anna/2.wav")
	r.wantErr("nobody promised that", err, ErrNotFound)

	take := func() []Promise {
		list, err := r.TakePromises(ctx, time.Minute, 10)
		r.must(err)
		return list
	}
	next := func() time.Time {
		at, ok, err := r.NextPromise(ctx)
		r.must(err)
		if !ok {
			r.Fatal("there is nothing next")
		}
		return at
	}
	r.want("it is not due yet", len(take()), 0)
	r.want("but will be", next(), p.Due)
	r.clock.advance(time.Minute)
	r.want("due, it is taken", take(), []Promise{p})
	r.want("held, it is nobody else's", len(take()), 0)
	r.clock.advance(50 * time.Second)
	r.must(r.HoldPromise(ctx, p.Blob, time.Minute))
	r.clock.advance(50 * time.Second)
	r.want("nor while the hold is prolonged", len(take()), 0)
	if at := next(); !at.After(p.Due) {
		r.Errorf("the next take is at %v, before the hold is over", at)
	}
	r.clock.advance(time.Minute)
	r.want("whoever held it may be gone: then it is another's", len(take()), 1)
	r.must(r.ReleasePromise(ctx, p.Blob))
	r.want("given back, too", len(take()), 1)

	r.must(r.BreakPromise(ctx, p.Blob, "the server is gone"))
	r.clock.advance(time.Hour)
	r.want("a promise broken is not tried again", len(take()), 0)
	read, err = r.Promise(ctx, p.Blob)
	r.must(err)
	r.want("and says why", read.Failure, "the server is gone")
	r.wantErr("there is nothing left to hold", r.HoldPromise(ctx, p.Blob, time.Minute), ErrNotFound)
	_, ok, err := r.NextPromise(ctx)
	r.must(err)
	r.want("nothing is next", ok, false)
	n, err := r.PurgePromises(ctx, p.Created)
	r.must(err)
	r.want("it is remembered for a while", n, int64(0))
	n, err = r.PurgePromises(ctx, r.clock.Now())
	r.must(err)
	r.want("and then forgotten", n, int64(1))

	for i := range 3 {
		r.must(r.AddPromise(ctx, Promise{Blob: fmt.Sprint("many/", i), Owner: anna.ID, Due: start.Add(-time.Duration(i) * time.Hour)}))
	}
	list, err := r.TakePromises(ctx, time.Minute, 2)
	r.must(err)
	r.want("no more than asked for", len(list), 2)
	r.want("the latest stays behind", slices.ContainsFunc(list, func(p Promise) bool { return p.Blob == "many/0" }), false)
	r.must(r.DeletePromise(ctx, "many/1"))
	r.must(r.DeletePromise(ctx, "many/1"))
	r.must(r.DeleteUser(ctx, anna.ID))
	_, err = r.Promise(ctx, "many/2")
	r.wantErr("what was promised to somebody goes with them", err, ErrNotFound)
}

// Two processes on one database ask at once.
func testPromisesTakenOnce(r *rig) {
	ctx := r.Context()
	other := mustOpen(r.T, r.cfg)
	const many = 40
	for i := range many {
		r.must(r.AddPromise(ctx, Promise{Blob: fmt.Sprint(i), Owner: Anonymous, Due: r.clock.Now()}))
	}
	var (
		mu    sync.Mutex
		taken = map[string]int{}
		ends  sync.WaitGroup
	)
	for _, s := range []*Store{r.Store, other, r.Store, other} {
		ends.Go(func() {
			for {
				list, err := s.TakePromises(ctx, time.Hour, 3)
				if err != nil {
					r.Error(err)
					return
				}
				if len(list) == 0 {
					return
				}
				mu.Lock()
				for _, p := range list {
					taken[p.Blob]++
				}
				mu.Unlock()
			}
		})
	}
	ends.Wait()
	r.want("each is handed out", len(taken), many)
	for blob, n := range taken {
		if n > 1 {
			r.Errorf("%s was handed out %d times", blob, n)
		}
	}
}
