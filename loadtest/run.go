package loadtest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Run has the listeners talk with the server and returns what they found, also when ctx
// ends it early.
func Run(ctx context.Context, cfg Config) (*Figures, error) {
	cfg.setDefaults()
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("load test: %w", err)
	}
	client, closeIdle := httpClient(&cfg)
	defer closeIdle()

	start := time.Now()
	rec := newRecorder(start)
	begin, stop := context.WithDeadline(ctx, start.Add(cfg.Duration))
	defer stop()
	if cfg.Grace > 0 {
		var giveUp context.CancelFunc
		ctx, giveUp = context.WithDeadline(ctx, start.Add(cfg.Duration+cfg.Grace))
		defer giveUp()
	}

	watching, stopWatching := context.WithCancel(context.Background())
	defer stopWatching()
	watch := newWatch(cfg.URL, client, start)
	var aside sync.WaitGroup
	aside.Go(func() { watch.run(watching) })
	if cfg.Progress != nil {
		aside.Go(func() { tell(watching, &cfg, rec) })
	}

	self := cpuTime()
	var listeners sync.WaitGroup
	for i := range cfg.Listeners {
		arrival := start.Add(cfg.Ramp * time.Duration(i) / time.Duration(cfg.Listeners))
		var run func(context.Context, time.Time)
		// Spread over the listeners, rather than the first or the last of them.
		if part := cfg.REST; int(float64(i+1)*part) > int(float64(i)*part) {
			run = newReader(begin, i, &cfg, rec, client).run
		} else {
			run = newListener(begin, i, &cfg, rec, client).run
		}
		listeners.Go(func() { run(ctx, arrival) })
	}
	listeners.Wait()
	end := time.Now()
	used := cpuTime() - self
	stopWatching()
	aside.Wait()

	f := rec.figures(end)
	f.URL, f.Listeners, f.Seed = cfg.URL, cfg.Listeners, cfg.Seed
	f.Server = watch.usage(&cfg, f.Timeline)
	f.Self = SelfLoad{CPUSeconds: used.Seconds(), Cores: used.Seconds() / end.Sub(start).Seconds()}
	return f, nil
}

// httpClient keeps as many connections as there are listeners.
func httpClient(cfg *Config) (client *http.Client, closeIdle func()) {
	dial := cfg.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: 30 * time.Second}).DialContext
	}
	t := &http.Transport{
		DialContext: dial, MaxIdleConns: 0, MaxIdleConnsPerHost: cfg.Listeners + 2,
		IdleConnTimeout: time.Minute, TLSHandshakeTimeout: 30 * time.Second,
		// What a listener reads at once is a few hundred bytes, or passes the buffer by.
		ReadBufferSize: 2 << 10, WriteBufferSize: 1 << 10,
	}
	return &http.Client{Transport: t}, t.CloseIdleConnections
}

// tell calls Progress until ctx ends, and once more then.
func tell(ctx context.Context, cfg *Config, rec *recorder) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
		p := rec.progress(time.Now())
		p.Total = cfg.Duration
		cfg.Progress(p)
		if ctx.Err() != nil {
			return
		}
	}
}
