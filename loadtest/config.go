package loadtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"avatarforge/realtime"
)

// Config is one run. URL is needed; everything else works when it is zero.
type Config struct {
	// URL is where the server is, as http or https. A path in it is kept.
	URL string
	// Token is a bearer token; empty for none.
	Token string

	Listeners int           // zero means 1
	Ramp      time.Duration // over which they arrive, evenly spaced
	// Duration is for how long turns begin, from the first arrival; zero means one minute.
	// Those that have begun are waited for, for Grace at the most, zero meaning for as long
	// as each keeps to Patience.
	Duration, Grace time.Duration
	Turns           int // of each listener at the most; zero means as many as Duration has room for

	// Think is how long a listener thinks before it asks, on average: between half of it
	// and one and a half. Zero means 6 s, negative not at all.
	Think time.Duration
	// Every, if not zero, has each listener ask at fixed moments so far apart, or as soon
	// after as the server lets it; its waits count from those moments. Think is not used.
	Every time.Duration
	// Patience is how long an answer may take to begin, and then each part of it; zero means
	// 60 s.
	Patience time.Duration
	Script   Script // nil means DefaultScript

	Character string // id of the one whom everybody talks with; empty for none
	Model     string // the LLM's name; empty for the server's default
	TextOnly  bool   // no speech
	JSON      bool   // audio as base64 in JSON events; else as binary frames
	Rate      int    // of the sound, in samples per second; zero means 24000
	// Buffer is how much sound a player collects before it plays; zero means 100 ms,
	// negative none.
	Buffer time.Duration
	// Queue has listeners wait for a slot where there is none; else they are refused, and
	// try again after what the server says.
	Queue bool

	// Parts of all turns, from 0 to 1: those in which the listener interrupts the answer, and
	// those in which its connection breaks and it comes back.
	Interrupt, HangUp float64
	// Parts of all listeners, from 0 to 1: those who read as fast as they listen and no
	// faster, and those who use POST /api/chat and get text.
	Slow, REST float64

	Seed uint64 // of everything that is left to chance

	// Dial connects to the server; nil means by TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Progress, if not nil, is called about once a second, from one goroutine.
	Progress func(Progress)
}

// Progress is how a run stands.
type Progress struct {
	Elapsed, Total     time.Duration
	Connected, Talking int // listeners
	Turns, Errors      int // that have ended; so far
	FirstAudio         time.Duration
	Stutters           int
}

func (c *Config) setDefaults() {
	zero := func(d *time.Duration, def time.Duration) {
		switch {
		case *d == 0:
			*d = def
		case *d < 0:
			*d = 0
		}
	}
	c.Listeners = max(c.Listeners, 1)
	zero(&c.Duration, time.Minute)
	zero(&c.Think, 6*time.Second)
	zero(&c.Patience, time.Minute)
	zero(&c.Buffer, 100*time.Millisecond)
	if c.Script == nil {
		c.Script = DefaultScript()
	}
	if c.Rate == 0 {
		c.Rate = 24000
	}
}

// check says what of the configuration cannot be, all of it at once.
func (c *Config) check() error {
	var bad []error
	if u, err := url.Parse(c.URL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		bad = append(bad, fmt.Errorf("%q is not the http or https address of a server", c.URL))
	}
	for name, part := range map[string]float64{"interrupt": c.Interrupt, "hang-up": c.HangUp, "slow": c.Slow, "rest": c.REST} {
		if part < 0 || part > 1 {
			bad = append(bad, fmt.Errorf("%s is a part, from 0 to 1, not %g", name, part))
		}
	}
	if c.Ramp < 0 || c.Every < 0 {
		bad = append(bad, errors.New("the ramp and the time between questions are not negative"))
	}
	return errors.Join(bad...)
}

// Local says whether the server that a URL names is on this machine. It asks no name
// server.
func Local(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	host := u.Hostname()
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

// socket is where a session is talked with.
func (c *Config) socket(session string, last uint64) string {
	q := url.Values{}
	if session != "" {
		q.Set("session", session)
		q.Set("last_event", strconv.FormatUint(last, 10))
	} else {
		if c.Character != "" {
			q.Set("character", c.Character)
		}
		if c.Model != "" {
			q.Set("model", c.Model)
		}
	}
	if c.Queue {
		q.Set("queue", "1")
	}
	return "ws" + strings.TrimPrefix(strings.TrimRight(c.URL, "/"), "http") + "/v1/realtime?" + q.Encode()
}

func (c *Config) transport() realtime.Transport {
	if c.JSON {
		return realtime.TransportJSON
	}
	return realtime.TransportBinary
}
