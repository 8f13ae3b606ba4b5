package slots

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

// RedisConfig says where the slots are counted, and how.
type RedisConfig struct {
	Config

	// Options is how Redis is reached. Retries and time limits in it are replaced.
	Options *redis.Options
	// Prefix begins the names of all keys and channels; empty means "avatarforge:".
	Prefix string
	// Lease is how long an instance that is not heard of keeps its slots and its places in
	// the line; zero means 8 s. It has to be the same for all.
	Lease time.Duration
	// Log receives when Redis is lost and found again; nil discards.
	Log *slog.Logger
}

func (c *RedisConfig) setDefaults() {
	c.Config.setDefaults()
	if c.Prefix == "" {
		c.Prefix = "avatarforge:"
	}
	if c.Lease <= 0 {
		c.Lease = 8 * time.Second
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
}

// Redis keeps the slots that several instances share.
//
// One loop speaks with Redis, in the order in which it was asked. It has a copy of what
// this instance holds and waits for, which outlives whatever happens to Redis: whenever
// there may be a difference (an answer did not come, the lease ran out, Redis was started
// anew or emptied) it registers all of it again before it goes on.
type Redis struct {
	// Immutable after NewRedis.
	cfg      RedisConfig
	log      *slog.Logger
	client   *redis.Client
	messages *redis.PubSub
	instance string
	keys     []string
	channel  string
	stop     context.CancelFunc // ends the loop at once
	done     chan struct{}      // closed when the loop has ended
	wake     chan struct{}      // capacity 1; never closed

	mu sync.Mutex
	// Guarded by mu:
	queue     []command // what the loop is asked to do, in order
	moved     bool      // the line has changed
	forgotten bool      // Redis asks for a registration
	closing   bool

	loop redisLoop // Owned by the loop.
}

// NewRedis joins the instances that share a Redis. It fails where that cannot be reached.
// Close leaves them again.
func NewRedis(ctx context.Context, cfg RedisConfig) (*Redis, error) {
	cfg.setDefaults()
	options := *cfg.Options
	options.MaxRetries = -1 // what has failed may have happened: the loop sees to that
	options.ContextTimeoutEnabled = true
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}

	client := redis.NewClient(&options)
	// Channels, unlike keys, are the same in all of a server's databases.
	base := cfg.Prefix + "{slots}:"
	channel := base + strconv.Itoa(options.DB)
	messages := client.Subscribe(ctx, channel)
	if _, err := messages.Receive(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("reach Redis at %s: %w", options.Addr, err), messages.Close(), client.Close())
	}
	r := &Redis{
		cfg: cfg, log: cfg.Log, client: client, messages: messages,
		instance: uuid.NewString(), channel: channel,
		done: make(chan struct{}), wake: make(chan struct{}, 1),
	}
	for _, name := range [...]string{"state", "instances", "generations", "held", "line", "waiting", "users"} {
		r.keys = append(r.keys, base+name)
	}
	r.loop = redisLoop{Redis: r, held: make(map[string]*Slot), line: make(map[string]*waiter)}
	run, stop := context.WithCancel(context.Background())
	r.stop = stop
	go r.loop.run(run) // Close waits for it
	return r, nil
}

// TryAcquire takes a slot for holder, or fails with ErrFull or ErrUserLimit, or with
// ErrUnavailable while Redis cannot be reached. Whoever waits comes first, on whichever
// instance. While instances are still to say what they hold, since Redis has been
// restarted, it waits for that, for a lease at the most. user is whom it counts for; an
// empty one has no limit.
func (r *Redis) TryAcquire(ctx context.Context, holder, user string) (*Slot, error) {
	got, err := r.join(ctx, holder, user, false)
	return got.slot, err
}

// Wait takes a slot for holder if one is free, and else joins the end of the line; it
// fails with ErrLineFull or ErrUserLimit, or with ErrUnavailable while Redis cannot be
// reached. user is as for TryAcquire.
func (r *Redis) Wait(ctx context.Context, holder, user string) (*Ticket, error) {
	got, err := r.join(ctx, holder, user, true)
	return got.ticket, err
}

func (r *Redis) join(ctx context.Context, holder, user string, wait bool) (joined, error) {
	j := &joinLine{ctx: ctx, holder: holder, user: user, wait: wait, reply: make(chan joined)}
	if !r.post(j) {
		return joined{}, errClosed
	}
	select {
	case got := <-j.reply:
		return got, got.err
	case <-ctx.Done():
		return joined{}, context.Cause(ctx)
	case <-r.done:
		return joined{}, errClosed
	}
}

// Unkeep gives up the slots that are kept for holders, who will not come, see Slot.Keep. It
// fails with ErrUnavailable while Redis cannot be reached: what is kept then ends by itself.
func (r *Redis) Unkeep(ctx context.Context, holders []string) error {
	c := &unkeep{done: make(chan error, 1)}
	for _, h := range holders {
		c.keepers = append(c.keepers, keeper(h))
	}
	if !r.post(c) {
		return errClosed
	}
	select {
	case err := <-c.done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-r.done:
		return errClosed
	}
}

var errClosed = fmt.Errorf("%w: closed", ErrUnavailable)

// InUse says how much is in use by all instances.
func (r *Redis) InUse(ctx context.Context) (Usage, error) {
	c := &countAll{reply: make(chan counted, 1)}
	if !r.post(c) {
		return Usage{}, errClosed
	}
	select {
	case got := <-c.reply:
		return got.usage, got.err
	case <-ctx.Done():
		return Usage{}, context.Cause(ctx)
	case <-r.done:
		return Usage{}, errClosed
	}
}

// Close gives back all that this instance has, at once where Redis can be reached before
// ctx ends, else when the lease runs out. It may be called more than once.
func (r *Redis) Close(ctx context.Context) error {
	r.mu.Lock()
	r.closing = true
	r.mu.Unlock()
	r.rouse()
	select {
	case <-r.done:
	case <-ctx.Done():
		r.stop()
		<-r.done
	}
	return r.loop.ended
}

// post asks the loop to do something; false where it takes nothing any more.
func (r *Redis) post(c command) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closing {
		return false
	}
	r.queue = append(r.queue, c)
	r.rouse()
	return true
}

func (r *Redis) rouse() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// listen hears what the other instances, and Redis, have to tell. It ends with messages.
func (r *Redis) listen() {
	for m := range r.messages.ChannelWithSubscriptions(redis.WithChannelHealthCheckInterval(r.cfg.Lease / 4)) {
		r.mu.Lock()
		r.moved = true // also after a new subscription: what was missed is not known
		if m, ok := m.(*redis.Message); ok && m.Payload == "register" {
			r.forgotten = true
		}
		r.mu.Unlock()
		r.rouse()
	}
}
