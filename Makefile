# Each target sets up what it needs. `make run` and `make test` are all that a newcomer needs.
# The linter runs the analyzers of vet: neither lint nor the tests run them a second time.
TAGS     := nomsgpack,grpcnotrace
GO_BUILD := go build -tags $(TAGS)
VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
PKG      ?= ./...

.PHONY: run build web test test-go test-web lint vet bench load fuzz torture golden fmt clean

run: build ; ./bin/avatarforge serve

build: web ; $(GO_BUILD) -ldflags "-X main.buildVersion=$(VERSION)" -o bin/avatarforge ./cmd/avatarforge

web: web/dist/index.html

web/node_modules/.ready: web/package.json web/package-lock.json ; cd web && npm ci --ignore-scripts --no-audit --no-fund && touch node_modules/.ready

web/dist/index.html: web/node_modules/.ready docs/protocol.md server/testdata/openapi.json $(shell find web/src web/docs web/public web/index.html web/compress.ts web/viewer.ts web/vite.config.ts -type f 2>/dev/null) ; cd web && npm run build

test: lint test-go test-web

test-go: web ; ./scripts/setup && GORACE=atexit_sleep_ms=100 go test -race -vet=off -parallel 4 -timeout 20m -tags $(TAGS) $(PKG)

test-web: build ; ./scripts/setup && cd web && npm run typecheck && npm test && npm run test:e2e

lint: .tools/golangci-lint ; .tools/golangci-lint run $(PKG)

vet: ; go vet -tags $(TAGS) $(PKG)

.tools/golangci-lint: ; ./scripts/install-lint

bench: ; go test -tags $(TAGS) -run '^$$' -bench . -benchmem $(PKG)

load: build ; go run -tags $(TAGS) ./loadtest/standing

fuzz: ; ./scripts/fuzz

torture: ; ./scripts/torture

golden: ; go test -tags $(TAGS) ./realtime ./persona ./server -update

fmt: ; gofmt -w $$(git ls-files '*.go')

clean: ; rm -rf bin .tools web/node_modules web/generated && find web/dist -mindepth 1 ! -name .gitkeep -delete
