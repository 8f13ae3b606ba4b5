package store

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"avatarforge/internal/servertest"
)

// databases are what the benchmarks run on. "alone" is SQLite with one transaction a write, to
// measure what gathering them is worth.
var databases = []struct {
	name   string
	config func(testing.TB) Config
}{
	{"sqlite", func(tb testing.TB) Config { return Config{Dir: tb.TempDir()} }},
	{"sqlite-alone", func(tb testing.TB) Config { return Config{Dir: tb.TempDir(), batch: 1} }},
	{"postgres", func(tb testing.TB) Config { return Config{URL: servertest.Postgres(tb)} }},
}

func benchItem(b *testing.B, session string, n int64) Item {
	b.Helper()
	text := strings.Repeat("안녕하세요, 오늘은 날씨가 참 좋네요. ", 5)
	return Item{
		Session: session, ID: fmt.Sprint("item_", n), Position: whole(int(n)), Role: "assistant", Status: "completed",
		ContentType: "output_audio", Text: text, Full: text,
	}
}

func BenchmarkSaveItem(b *testing.B) {
	for _, db := range databases {
		for _, writers := range []int{1, 16, 128} {
			b.Run(fmt.Sprintf("%s/writers=%d", db.name, writers), func(b *testing.B) {
				s := mustOpen(b, db.config(b))
				if err := s.SaveSession(b.Context(), Session{ID: "s", Owner: Anonymous}); err != nil {
					b.Fatal(err)
				}
				var n atomic.Int64
				n.Store(positionFirst)
				b.SetParallelism(max(writers/2, 1)) // times GOMAXPROCS
				b.ResetTimer()
				if writers == 1 {
					for b.Loop() {
						if err := s.SaveItem(b.Context(), benchItem(b, "s", n.Add(1))); err != nil {
							b.Fatal(err)
						}
					}
					return
				}
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						if err := s.SaveItem(b.Context(), benchItem(b, "s", n.Add(1))); err != nil {
							b.Error(err)
						}
					}
				})
			})
		}
	}
}

func BenchmarkItems(b *testing.B) {
	for _, db := range databases {
		if db.name == "sqlite-alone" {
			continue
		}
		for _, items := range []int{10, 200} {
			b.Run(fmt.Sprintf("%s/items=%d", db.name, items), func(b *testing.B) {
				s := mustOpen(b, db.config(b))
				if err := s.SaveSession(b.Context(), Session{ID: "s", Owner: Anonymous}); err != nil {
					b.Fatal(err)
				}
				for i := range items {
					if err := s.SaveItem(b.Context(), benchItem(b, "s", positionFirst+int64(i))); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportAllocs()
				for b.Loop() {
					list, err := s.Items(b.Context(), "s")
					if err != nil || len(list) != items {
						b.Fatal(len(list), err)
					}
				}
			})
		}
	}
}
