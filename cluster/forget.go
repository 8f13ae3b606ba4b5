package cluster

import (
	"context"
	"fmt"
	"slices"
)

// forgetBatch is how many keys one command deletes, so that Redis is not held up.
const forgetBatch = 500

// Forget deletes what instances have left of sessions for one another, and the budgets of
// those names. The error is ErrUnreachable, or ctx's: what is there then ends by itself.
func (n *Node) Forget(ctx context.Context, sessions, budgets []string) error {
	var keys []string
	for _, s := range sessions {
		keys = append(keys, n.claims.estate(s))
	}
	for _, b := range budgets {
		keys = append(keys, n.rate(b))
	}
	for batch := range slices.Chunk(keys, forgetBatch) {
		timed, cancel := context.WithTimeout(ctx, n.cfg.Lease/3)
		err := n.client.Del(timed, batch...).Err()
		cancel()
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return fmt.Errorf("forget sessions: %w: %w", ErrUnreachable, err)
		}
	}
	return nil
}
