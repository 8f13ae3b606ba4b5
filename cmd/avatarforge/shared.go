package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"

	"avatarforge/cluster"
	"avatarforge/server"
	"avatarforge/session"
	"avatarforge/slots"
)

// shared is what this instance has in common with others: what they keep in Redis. Where
// there is none, it is alone.
type shared struct {
	slots session.Slots
	redis *slots.Redis  // the same as slots; nil where it is alone
	node  *cluster.Node // nil where it is alone
}

// share joins the other instances.
func share(ctx context.Context, cfg *Config, log *slog.Logger) (*shared, error) {
	limits := slots.Config{
		Limit: cfg.Sessions.MaxConcurrent, Queue: orNone(cfg.Sessions.SlotsQueue), PerUser: cfg.Sessions.MaxPerUser,
	}
	if cfg.Storage.RedisURL == "" {
		return &shared{slots: slots.NewLocal(limits)}, nil
	}
	// The library has one log for the whole process. What matters is logged by those who
	// use it.
	redis.SetLogger(redisLog{log})
	options, err := redis.ParseURL(string(cfg.Storage.RedisURL))
	if err != nil {
		return nil, fmt.Errorf("REDIS_URL: %w", err)
	}
	node, err := cluster.Join(ctx, cluster.Config{Options: options, Log: log})
	if err != nil {
		return nil, fmt.Errorf("%w; REDIS_URL says where it is, without it this is the only instance", err)
	}
	line, err := slots.NewRedis(ctx, slots.RedisConfig{Config: limits, Options: options, Log: log})
	if err != nil {
		return nil, errors.Join(err, node.Close(ctx))
	}
	return &shared{slots: line, redis: line, node: node}, nil
}

// lease is how this instance takes turns with the others at the synthesis servers with
// these addresses; nil where it is alone. An address is the same server for all.
func (s *shared) lease(urls []string, limit int) func(ctx context.Context, server int, waiting func()) (func(), error) {
	if s.node == nil {
		return nil
	}
	return func(ctx context.Context, server int, waiting func()) (func(), error) {
		return s.node.Lease(ctx, "tts "+maskURL(urls[server]), limit, waiting)
	}
}

// probe looks whether Redis answers.
func (s *shared) probe(probes map[server.Part]server.Probe) {
	if s.redis == nil {
		return
	}
	probes[server.PartRedis] = func(ctx context.Context) error {
		_, err := s.redis.InUse(ctx)
		return err
	}
}

// leaveTimeout is how long an instance that ends tries to tell the others.
const leaveTimeout = 2 * time.Second

// leave gives back what this instance has.
func (s *shared) leave(log *slog.Logger) {
	if s.redis == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), leaveTimeout)
	defer cancel()
	if err := errors.Join(s.redis.Close(ctx), s.node.Close(ctx)); err != nil {
		log.Warn("the connections to Redis were not closed well", slog.Any("error", err))
	}
}

// redisLog is where the Redis library logs to.
type redisLog struct{ log *slog.Logger }

func (l redisLog) Printf(ctx context.Context, format string, v ...any) {
	if l.log.Enabled(ctx, slog.LevelDebug) {
		l.log.DebugContext(ctx, "redis", slog.String("message", fmt.Sprintf(format, v...)))
	}
}
