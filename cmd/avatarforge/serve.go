package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"avatarforge/account"
	"avatarforge/auth"
	"avatarforge/avatar"
	"avatarforge/configs"
	"avatarforge/llm"
	"avatarforge/persona"
	"avatarforge/server"
	"avatarforge/session"
	"avatarforge/speech"
	"avatarforge/store"
	"avatarforge/tts"
	"avatarforge/web"
)

// serve runs the server until ctx ends, and then drains it. It prints where it can be
// reached to out, once it can.
func serve(ctx context.Context, cfg *Config, out io.Writer, log *slog.Logger) (err error) {
	quiet := newRedactor(cfg)
	log = quiet.log(log)
	defer func() { err = quiet.fail(err) }()
	gin.SetMode(gin.ReleaseMode)
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))

	tracer, stopTracing, err := startTracing(ctx, cfg.Telemetry.OTLPEndpoint, log)
	if err != nil {
		return err
	}
	defer stopTracing()
	stopPprof, err := servePprof(ctx, cfg.Telemetry.PprofAddr, log)
	if err != nil {
		return err
	}
	defer stopPprof()

	// First what a newcomer most often gets wrong: the address.
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Server.ListenAddr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w; is another server running there? LISTEN_ADDR chooses another address", cfg.Server.ListenAddr, err)
	}
	defer listener.Close()
	cert, err := certificate(&cfg.Server, cfg.Storage.DataDir)
	if err != nil {
		return err
	}

	characters, voices, err := library(&cfg.Content, log)
	if err != nil {
		return err
	}
	secret, err := tokenSecret(cfg)
	if err != nil {
		return err
	}
	tokens, err := auth.NewTokens(secret, cfg.Auth.JWTTTL)
	if err != nil {
		return fmt.Errorf("JWT_SECRET: %w", err)
	}
	db, err := store.Open(ctx, store.Config{URL: string(cfg.Storage.DatabaseURL), Dir: cfg.Storage.DataDir})
	if err != nil {
		return fmt.Errorf("%w; DATABASE_URL names a PostgreSQL, without it DATA_DIR a folder for SQLite's file", err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			log.Error("the database was not closed well", slog.Any("error", err))
		}
	}()
	blobs, err := openBlobs(ctx, &cfg.Storage)
	if err != nil {
		return err
	}
	defer blobs.Close()
	common, err := share(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer common.leave(log)
	defer startUpkeep(db, log)()
	login, err := newLogin(&cfg.Auth, secret, db)
	if err != nil {
		return err
	}
	if login != nil {
		defer login.Close()
	}
	cast := server.NewCast(characters, db)
	transcripts := server.NewTranscripts(db)
	memories := server.NewMemories(db, remembering(cfg))
	calibration, err := openCalibration(ctx, db)
	if err != nil {
		return err
	}
	up, err := connect(ctx, cfg, common, metrics, log)
	if err != nil {
		return err
	}
	defer up.close()
	studio, err := openStudio(cfg, up, db, blobs, log)
	if err != nil {
		return err
	}
	defer studio.Close(ended())

	registry := session.NewRegistry(session.Config{
		Model:       up.llmModel,
		ContextSize: cfg.LLM.NumCtx,
		MaxTurns:    cfg.Sessions.MaxTurns,
		ResumeGrace: orNone(cfg.Sessions.ResumeGrace),
		ReplayBytes: int(cfg.Sessions.ResumeLogBytes),
		Demo:        up.demoNotice(),
		Log:         log,
		Metrics:     session.NewMetrics(metrics),
		Tracer:      tracer,

		ContextTrigger: cfg.Sessions.ContextTrigger, KeepTurns: cfg.Sessions.ContextKeepTurns,
		Remember: remembering(cfg),
	}, session.Upstreams{
		LLM: up.model, Speech: up.speech, Voices: voices, Characters: cast, Tokens: up.tokens,
		Calibration: calibration, Windows: llm.NewWindows(up.llm), Owners: common.owners(), Archive: transcripts, Summaries: memories, Facts: memories, Farewells: memories,
	}, common.slots)

	var keeping sync.WaitGroup
	keep, stopKeeping := context.WithCancel(context.WithoutCancel(ctx))
	keeping.Go(func() { calibration.Keep(keep, saveCalibration(db, log)) })
	defer keeping.Wait()
	defer stopKeeping()
	var tidying sync.WaitGroup
	tidy, stopTidying := context.WithCancel(ctx)
	tidying.Go(func() {
		transcripts.Tidy(tidy, cfg.Sessions.TranscriptRetention, cfg.Sessions.TTL, func(err error) {
			log.Error("old conversations cannot be deleted", slog.Any("error", err))
		})
	})
	tidying.Go(func() { registry.CatchUp(tidy) })
	accounts := account.New(account.Config{
		Store: db, Blobs: blobs, Folders: append(avatar.Folders(), speech.Folder), Log: log,
	})
	tidying.Go(func() { accounts.Tend(tidy) })
	defer tidying.Wait()
	defer stopTidying()

	page, built := web.FS()
	if !built {
		log.Warn("the chat room was not built into this binary; make run builds it")
		page = nil
	}
	probes := up.probes()
	probes[server.PartDatabase] = db.Ping
	common.probe(probes)
	workshop, err := openWorkshop(ctx, cfg, db, blobs, probes, log)
	if err != nil {
		return err
	}
	defer workshop.Close(ended()) // after an error that is told; else it is closed below
	srv := server.New(server.Config{
		Registry: registry, Characters: cast, Voices: voices, Speech: studio, Figures: workshop, Page: page, Transcripts: transcripts, Memories: memories,
		Accounts:       accounts,
		AllowedOrigins: cfg.Server.AllowedOrigins, TrustedProxies: cfg.Server.TrustedProxies,
		RateLimit:    server.RateLimit(cfg.Server.RateLimit),
		Rates:        common.rates(),
		AuthRequired: cfg.Auth.Required, Tokens: tokens, Login: login, FrontendURL: cfg.Auth.FrontendURL, Ready: db.Ping,
		DefaultModel: up.llmModel, Models: up.llm.Models, Probes: probes,
		Author:       up.author,
		Peers:        common.peers(),
		WriteTimeout: cfg.Server.WriteTimeout,
		Metrics:      metrics, Tracer: tracer, Log: log,
	})
	up.register(metrics)

	httpServer := newHTTPServer(srv, cert, log)
	defer common.hear(srv.Hear)()
	stopPeers := common.answerPeers(srv.Relayed(), log)
	defer stopPeers(ended())
	failed := make(chan error, 1)
	go func() { // waited for below, by failed
		if cert != nil {
			failed <- httpServer.ServeTLS(tlsOnly{listener}, "", "")
			return
		}
		failed <- httpServer.Serve(listener)
	}()
	if err := announce(out, listener.Addr(), cert, up); err != nil {
		log.Warn("the address could not be printed", slog.Any("error", err))
	}

	stopped := error(nil) // why the server serves no longer, where nobody asked it to stop
	select {
	case stopped = <-failed:
		log.Error("the server can no longer take connections", slog.Any("error", stopped))
	case <-ctx.Done():
		log.Info("shutting down", slog.String("drain_timeout", cfg.Server.DrainTimeout.String()))
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), cfg.Server.DrainTimeout)
	defer cancel()
	srv.Drain(drain)
	if err := httpServer.Shutdown(drain); err != nil {
		httpServer.Close()
	}
	stopPeers(drain)
	studio.Close(drain)
	if err := workshop.Close(drain); err != nil {
		log.Error("the job queue was not closed well", slog.Any("error", err))
	}
	if stopped == nil {
		stopped = <-failed
	}
	if !errors.Is(stopped, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", stopped)
	}
	return nil
}

// newHTTPServer bounds what a client may take its time over before there is a request. Bodies and answers have
// their own deadlines, in package server.
func newHTTPServer(handler http.Handler, cert *tlsCertificate, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		TLSConfig:         cert.config(),
	}
}

// ended is a context that is over: what is closed under it is given up.
func ended() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// orNone translates a setting whose zero means none for a package whose zero means the
// default.
func orNone[T int | int64 | time.Duration](v T) T {
	if v == 0 {
		return -1
	}
	return v
}

// openBlobs opens the store of files.
func openBlobs(ctx context.Context, cfg *StorageConfig) (store.Blobs, error) {
	location := string(cfg.BlobURL)
	if location == "" {
		location = filepath.Join(cfg.DataDir, "files")
	}
	blobs, err := store.OpenBlobs(ctx, location)
	if err != nil {
		return nil, fmt.Errorf("%w; BLOB_URL names a bucket, without it DATA_DIR a folder for files", err)
	}
	return blobs, nil
}

// openStudio makes what keeps speech.
func openStudio(cfg *Config, up *upstreams, db *store.Store, blobs store.Blobs, log *slog.Logger) (*speech.Studio, error) {
	studio, err := speech.New(speech.Config{
		Scheduler: up.speech, Store: db, Blobs: blobs, CacheBytes: orNone(cfg.TTS.CacheBytes),
		Dir: filepath.Join(cfg.Storage.DataDir, "speech"), Log: log,
	})
	if err != nil {
		return nil, fmt.Errorf("%w; DATA_DIR names a folder that the server may write to", err)
	}
	return studio, nil
}

// library loads the characters and voices, from the operator's files or the built-in.
func library(cfg *ContentConfig, log *slog.Logger) (characters *persona.Presets, voices *tts.Voices, err error) {
	if cfg.CharactersDir != "" {
		characters, err = persona.NewPresetsDir(cfg.CharactersDir, log)
	} else {
		characters, err = persona.NewPresets(configs.Characters(), log)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("load characters: %w; CHARACTERS_DIR names their folder", err)
	}
	if cfg.VoicesFile != "" {
		dir, name := filepath.Split(cfg.VoicesFile)
		voices, err = tts.NewVoices(os.DirFS(filepath.Clean(dir)), name, log)
	} else {
		voices, err = tts.NewVoices(configs.Files(), "voices.json", log)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("load voices: %w; VOICES_FILE names their file", err)
	}
	return characters, voices, nil
}

// tokenSecret is the one that is configured, or else kept in the data folder.
func tokenSecret(cfg *Config) (string, error) {
	if secret := string(cfg.Auth.JWTSecret); secret != "" {
		return secret, nil
	}
	secret, err := auth.Secret(cfg.Storage.DataDir)
	if err != nil {
		return "", fmt.Errorf("%w; DATA_DIR names a folder that the server may write to", err)
	}
	return secret, nil
}

// newLogin is nil where nobody can log in.
func newLogin(cfg *AuthConfig, secret string, db *store.Store) (*auth.Login, error) {
	if cfg.GoogleClientID == "" {
		return nil, nil //nolint:nilnil // no login is a plain choice
	}
	return auth.NewLogin(auth.LoginConfig{
		Issuer: cfg.OIDCIssuerURL, ClientID: cfg.GoogleClientID, ClientSecret: string(cfg.GoogleClientSecret),
		Secret: secret, Used: db,
	})
}

// announce tells the operator where to go and what is a stand-in, in one write.
func announce(out io.Writer, addr net.Addr, cert *tlsCertificate, up *upstreams) error {
	scheme := "http"
	if cert != nil {
		scheme = "https"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n  Avatar Forge is at %s://%s\n", scheme, reachable(addr))
	for _, line := range slices.Concat(cert.notices(), up.notices()) {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	b.WriteString("\n")
	_, err := io.WriteString(out, b.String())
	return err
}

// reachable is an address that a browser on this machine can open.
func reachable(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return addr.String()
	}
	return net.JoinHostPort("localhost", strconv.Itoa(tcp.Port))
}
