package cluster

import (
	"context"
	"fmt"
	"strings"
)

const (
	// everybody is the inbox of all instances.
	everybody = ":all"
	// maxNotices is how many notices may wait to be taken.
	maxNotices = 1000
)

// Tell tells all other instances something that is good to know and can do without: one that
// cannot be reached at this moment is not told. The error is that none is.
func (n *Node) Tell(ctx context.Context, text string) error {
	timed, cancel := context.WithTimeout(ctx, n.cfg.Lease/3)
	defer cancel()
	message := string(rune(messageNotice)) + n.cfg.Instance + ":" + text
	if err := n.client.Publish(timed, n.inboxes+everybody, message).Err(); err != nil {
		return fmt.Errorf("tell the other instances: %w: %w", ErrUnreachable, err)
	}
	return nil
}

// Notices is what other instances tell everybody. It is never closed.
func (n *Node) Notices() <-chan string { return n.notices }

func (n *Node) notice(body string) {
	from, text, ok := strings.Cut(body, ":")
	if !ok || from == n.cfg.Instance {
		return
	}
	select {
	case n.notices <- text:
	default:
		n.log.Warn("a notice of another instance was dropped: too many are waiting")
	}
}
