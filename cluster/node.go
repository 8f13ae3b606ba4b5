package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Config says where the instances meet. Options is needed; the zero value of the rest
// works.
type Config struct {
	// Options is how Redis is reached. Retries and time limits in it are replaced.
	Options *redis.Options
	// Prefix begins the names of all keys and channels; empty means "avatarforge:".
	Prefix string
	// Instance names this instance; empty makes a name. It must not have a colon in it.
	Instance string
	// Lease is how long what this instance has leased is its own without a sign of life;
	// zero means 3 s. It has to be the same for all.
	Lease time.Duration
	// Log receives when Redis is lost and found again; nil discards.
	Log *slog.Logger
}

func (c *Config) setDefaults() {
	if c.Prefix == "" {
		c.Prefix = "avatarforge:"
	}
	if c.Instance == "" {
		c.Instance = uuid.NewString()
	}
	if c.Lease <= 0 {
		c.Lease = 3 * time.Second
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
}

// Node is this instance among the others. Its methods may be called from any goroutine.
type Node struct {
	// Immutable after Join.
	cfg      Config
	log      *slog.Logger
	client   *redis.Client
	messages *redis.PubSub
	inboxes  string // what the name of an instance's channel begins with
	leases   *leases
	claims   *claims
	conns    conns
	rates    reach
	running  sync.WaitGroup              // its goroutines
	spawn    func(func(context.Context)) // starts one, whose context ends with the node
	over     <-chan struct{}             // closed when the node ends
	stop     context.CancelFunc
	// resubscribed has a value when messages may have been missed. Never closed.
	resubscribed chan struct{}
	notices      chan string // what others have told everybody. Never closed.
}

// Join makes this instance one of those that share a Redis. It fails where that cannot be
// reached. Close leaves them again.
func Join(ctx context.Context, cfg Config) (*Node, error) {
	cfg.setDefaults()
	options := *cfg.Options
	options.MaxRetries = -1 // whoever asks knows better whether to ask again
	options.DialerRetries = 1
	options.ContextTimeoutEnabled = true
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}

	client := redis.NewClient(&options)
	// Channels, unlike keys, are the same in all of a server's databases.
	inboxes := cfg.Prefix + strconv.Itoa(options.DB) + ":inbox:"
	messages := client.Subscribe(ctx, inboxes+cfg.Instance, inboxes+everybody)
	if _, err := messages.Receive(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("reach Redis at %s: %w", options.Addr, err), messages.Close(), client.Close())
	}
	run, stop := context.WithCancel(context.Background())
	n := &Node{
		cfg: cfg, log: cfg.Log, client: client, messages: messages, inboxes: inboxes, conns: newConns(),
		over: run.Done(), stop: stop, resubscribed: make(chan struct{}, 1),
		notices: make(chan string, maxNotices),
	}
	n.spawn = func(f func(context.Context)) { n.running.Go(func() { f(run) }) }
	n.leases, n.claims = newLeases(n), newClaims(n)
	n.running.Go(n.listen)
	n.spawn(n.leases.renew)
	n.spawn(n.claims.keep)
	n.spawn(n.refuse)
	return n, nil
}

// Instance is this instance's name.
func (n *Node) Instance() string { return n.cfg.Instance }

// Close ends what the node has begun, its connections too. What it has leased is given up,
// at once where that succeeds before ctx ends.
func (n *Node) Close(ctx context.Context) error {
	n.leases.close(ctx)
	n.conns.close()
	n.stop()
	err := n.messages.Close()
	n.running.Wait()
	if errors.Is(err, redis.ErrClosed) {
		err = nil
	}
	if e := n.client.Close(); !errors.Is(e, redis.ErrClosed) {
		err = errors.Join(err, e)
	}
	return err
}

// What the first byte of a message to an instance says.
const (
	messageLease = 'L' // the rest is the id of the lease that it has been given
	messageConn  = 'C' // the rest is a segment
	// The rest is the instance that sends it, a colon and what it tells everybody.
	messageNotice = 'N'
)

// listen takes in what others send. It ends with messages.
func (n *Node) listen() {
	for m := range n.messages.ChannelWithSubscriptions(redis.WithChannelHealthCheckInterval(n.cfg.Lease)) {
		switch m := m.(type) {
		case *redis.Subscription:
			n.missed() // whatever was sent before
			select {
			case n.resubscribed <- struct{}{}:
			default:
			}
		case *redis.Message:
			n.take(m.Payload)
		}
	}
}

// take takes in one message. It does not block.
func (n *Node) take(message string) {
	if message == "" {
		return
	}
	switch body := message[1:]; message[0] {
	case messageLease:
		n.leases.given(body)
	case messageConn:
		n.receive(body)
	case messageNotice:
		n.notice(body)
	default:
		n.log.Warn("an instance sends what this one does not know; are they of different versions?")
	}
}
