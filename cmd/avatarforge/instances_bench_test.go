package main

import (
	"testing"
	"time"

	"github.com/coder/websocket"

	"avatarforge/internal/servertest"
)

// BenchmarkRelay is how long a client's event and the frame that answers it take, where the
// session is at the instance that the client has come to, and where that passes it on. What
// is measured is real time for each, and a client may send 50 events a second, so that it
// rests in between.
func BenchmarkRelay(b *testing.B) {
	args := []string{"--redis-url", servertest.Redis(b), "--database-url", servertest.Postgres(b)}
	owner, other := launch(b, b.TempDir(), args...), launch(b, b.TempDir(), args...)
	for name, at := range map[string]*program{"direct": owner, "relayed": other} {
		b.Run(name, func(b *testing.B) {
			c := &traveller{t: b}
			c.come(owner.address)
			c.until("there is a session", func() bool { return c.session != "" })
			c.ws.CloseNow()
			c.come(at.address)
			for b.Loop() {
				b.StopTimer()
				time.Sleep(time.Second / 45)
				b.StartTimer()
				c.look()
				if err := c.step(); err != nil {
					b.Fatal(err)
				}
			}
			c.ws.Close(websocket.StatusNormalClosure, "")
		})
	}
}
