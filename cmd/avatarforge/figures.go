package main

import (
	"context"
	"fmt"
	"log/slog"

	"avatarforge/avatar"
	"avatarforge/server"
	"avatarforge/store"
)

// openWorkshop makes what makes figures, and adds the probes of the servers that it has.
func openWorkshop(ctx context.Context, cfg *Config, db *store.Store, blobs store.Blobs, probes map[server.Part]server.Probe, log *slog.Logger) (*avatar.Workshop, error) {
	c := avatar.Config{
		DatabaseURL: string(cfg.Storage.DatabaseURL), Dir: cfg.Storage.DataDir,
		Concurrency: cfg.Avatar.Concurrency, Timeout: cfg.Avatar.Timeout, Log: log,
	}
	if cfg.Avatar.Gen3DBaseURL != "" {
		maker := avatar.NewHunyuan(avatar.HunyuanConfig{BaseURL: cfg.Avatar.Gen3DBaseURL})
		c.Maker, probes[server.PartGen3D] = maker, maker.Probe
	}
	if cfg.Avatar.StyleBaseURL != "" {
		c.Stylist = avatar.NewStylist(avatar.StylistConfig{BaseURL: cfg.Avatar.StyleBaseURL})
		probes[server.PartStyle] = c.Stylist.Probe
	}
	workshop, err := avatar.Open(ctx, c, db, blobs)
	if err != nil {
		return nil, fmt.Errorf("%w; the job queue lies in the database that DATABASE_URL names, without it in DATA_DIR", err)
	}
	return workshop, nil
}
