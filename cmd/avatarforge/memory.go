package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"avatarforge/llm"
	"avatarforge/session"
	"avatarforge/store"
)

// memoryFacts is of whom facts are kept, see remembering.
type memoryFacts string

const (
	factsForgotten  memoryFacts = "false"
	factsRemembered memoryFacts = "true"
	factsOfEveryone memoryFacts = "everyone"
)

// facts is a truth with a third answer.
func facts(field func(*Config) *memoryFacts) value {
	return value{kind: "true|false|everyone", allowed: "true, false or everyone", boolean: true, set: func(c *Config, s string) error {
		if s == string(factsOfEveryone) {
			*field(c) = factsOfEveryone
			return nil
		}
		remember, err := strconv.ParseBool(s)
		if err != nil {
			return errNotAllowed
		}
		*field(c) = factsForgotten
		if remember {
			*field(c) = factsRemembered
		}
		return nil
	}}
}

// remembering says of whom facts are kept. Whoever is not logged in is one with everybody
// else who is not, so they are remembered only where nobody can log in, and where either
// nobody but this machine's user can reach the server, or the operator has asked for it.
func remembering(cfg *Config) session.Remembering {
	switch {
	case cfg.Sessions.MemoryFacts == factsForgotten:
		return session.RememberNobody
	case cfg.Auth.Required, cfg.Auth.GoogleClientID != "":
		return session.RememberUsers
	case cfg.Sessions.MemoryFacts == factsOfEveryone, onLoopback(cfg.Server.ListenAddr):
		return session.RememberAll
	default:
		return session.RememberUsers
	}
}

// onLoopback says whether an address can be reached from this machine alone.
func onLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// wideSuffix marks the row of a model's wide characters.
const wideSuffix = " (wide)"

// openCalibration is what was learned of how models count.
func openCalibration(ctx context.Context, db *store.Store) (*llm.Calibration, error) {
	rows, err := db.Calibrations(ctx)
	if err != nil {
		return nil, fmt.Errorf("read what is known of the models: %w", err)
	}
	known := make([]llm.Ratio, len(rows))
	for i, row := range rows {
		model, wide := strings.CutSuffix(row.Model, wideSuffix)
		known[i] = llm.Ratio{Model: model, Wide: wide, Ratio: row.Ratio, Samples: row.Samples}
	}
	return llm.NewCalibration(known...), nil
}

// saveCalibration keeps what has been learned.
func saveCalibration(db *store.Store, log *slog.Logger) func(context.Context, llm.Ratio) error {
	return func(ctx context.Context, r llm.Ratio) error {
		name := r.Model
		if r.Wide {
			name += wideSuffix
		}
		err := db.SaveCalibration(ctx, store.Calibration{Model: name, Ratio: r.Ratio, Samples: r.Samples})
		if err != nil {
			log.Warn("how the model counts could not be kept", slog.String("model", r.Model), slog.Any("error", err))
		}
		return err
	}
}
