package cluster

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"avatarforge/internal/script"
)

var takeScript = script.New(lua, "take")

// Take counts one use of a budget that all instances share: burst uses at once, each of
// which comes back after every, a microsecond at the least. wait is how long it is until
// there is one, zero where this one has counted. Both have to be the same for all. The
// budget's name is kept until all of it is there again.
//
// The error is ErrUnreachable, or ctx's. While Redis cannot be reached one caller in a third
// of a lease waits for it, for as long at most; the others are told at once.
func (n *Node) Take(ctx context.Context, name string, every time.Duration, burst int) (wait time.Duration, err error) {
	pause := n.cfg.Lease / 3
	if !n.rates.try(pause) {
		return 0, ErrUnreachable
	}
	timed, cancel := context.WithTimeout(ctx, pause)
	defer cancel()
	micros, err := takeScript.Run(timed, n.client, []string{n.rate(name)}, max(1, every.Microseconds()), burst).Int64()
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	switch lost, found := n.rates.note(err, pause); {
	case lost:
		n.log.Warn("Redis cannot be reached: each instance counts its clients' requests for itself", slog.Any("error", err))
	case found:
		n.log.Info("Redis can be reached again: clients' requests are counted for all instances")
	}
	if err != nil {
		return 0, fmt.Errorf("count a request: %w: %w", ErrUnreachable, err)
	}
	return time.Duration(micros) * time.Microsecond, nil
}

// rate is the key of a budget.
func (n *Node) rate(name string) string { return n.cfg.Prefix + "rate:" + name }
