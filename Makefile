# Coldshelf. `make` lists what there is. Two commands matter: `make demo` and `make test`; each does
# its own set-up on a Debian 12 with Go, Node and make.
include .cgo.mk
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CACHE   := $(or $(COLDSHELF_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/coldshelf)
SETUP   := firmware-config/setup/install.sh
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unversioned)
LDFLAGS := -s -w -X main.version=$(VERSION)
# What is not linked: GoCV names OpenCV's window and photo modules, of which the agent uses nothing; the former alone
# brings Qt into memory. Here the linker finds core in their place.
AGENT_LDFLAGS := $(LDFLAGS) -extldflags=-L$(CURDIR)/firmware-config/link
GO_TAGS := -tags $(GOCV_TAGS)
UI      := cloud/internal/web/ui
PYTHON  := /usr/bin/python3

export INFLUXD := $(CACHE)/bin/influxd
export NATS_SERVER := $(CACHE)/bin/nats-server
export TELEGRAF := $(CACHE)/bin/telegraf
export ONNXRUNTIME_LIB := $(CACHE)/onnxruntime-1.22.0/libonnxruntime.so.1

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z][a-zA-Z-]*:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  \033[1m%-14s\033[0m %s\n", $$1, $$2}'

## set-up

.PHONY: setup setup-test
setup: ## install what building and the demo need (apt with sudo where not root, npm)
	@$(SETUP) build

setup-test: ## install what the tests need besides: broker, database, browser, InfluxDB
	@$(SETUP) test

## build

.PHONY: build agent cloud web
build: agent cloud ## build bin/cooler-agent and bin/cooler-cloud

agent: setup ## build bin/cooler-agent with OpenCV
	@mkdir -p bin
	@test -x bin/cooler-agent || echo 'building both programs; the first time takes some minutes'
	go build $(GO_TAGS) -ldflags '$(AGENT_LDFLAGS)' -o bin/cooler-agent ./agent/cmd/cooler-agent

cloud: web ## build bin/cooler-cloud, one static binary with the page inside
	@mkdir -p bin
	CGO_ENABLED=0 go build -ldflags '$(LDFLAGS)' -o bin/cooler-cloud ./cloud/cmd/cooler-cloud

web: cloud/internal/web/dist/index.html ## build the dashboard

cloud/internal/web/dist/index.html: $(UI)/node_modules/.ready $(shell find $(UI)/src $(UI)/index.html $(UI)/vite.config.ts -type f 2>/dev/null)
	cd $(UI) && npm run --silent build
	@touch $@

$(UI)/node_modules/.ready: $(UI)/package-lock.json
	cd $(UI) && npm ci --silent --no-audit --no-fund
	@touch $@

## run

.PHONY: demo
demo: build ## one shop day at speed: cloud, three agents, live alerts on a page (DEMO_SECONDS=60 ends by itself)
	@go build -o bin/cooler-demo ./agent/cmd/cooler-demo
	@bin/cooler-demo $(if $(DEMO_SECONDS),--seconds $(DEMO_SECONDS))

## prove

.PHONY: test test-go test-web test-training test-cross check vuln fuzz golden guide
test: setup-test build test-go test-web test-training test-cross deb ## set up and pass every test

test-go:
	go vet $(GO_TAGS) ./...
	go build ./...
	go test $(GO_TAGS) ./...
	go test -tags $(GOCV_TAGS),matprofile -run TestNoMatLeaks ./vision/opencv

test-web: web
	cd $(UI) && npm run --silent typecheck && npm run --silent test && npm run --silent test:browser

test-training:
	cd models/training && $(PYTHON) -m common.manifest ../weights/manifest.json --check && $(PYTHON) -m detector.selftest && $(PYTHON) -m packs.selftest && $(PYTHON) -m lanes.selftest && $(PYTHON) -m weigh.selftest

test-cross: agent
	@VERSION='$(VERSION)' firmware-config/cross/arm64.sh bin/cooler-agent-arm64 bin/cooler-agent

check: ## formatting, vet, linters, shell scripts
	@out=$$(gofmt -l . | grep -v node_modules || true); if [ -n "$$out" ]; then echo "gofmt would change: $$out" >&2; exit 1; fi
	go vet $(GO_TAGS) ./...
	go tool -modfile=.tools/go.mod golangci-lint run --build-tags $(GOCV_TAGS) ./...

vuln: ## known vulnerabilities in what we import (needs the Go vulnerability database)
	go tool -modfile=.tools/go.mod govulncheck $(GO_TAGS) ./...

FUZZTIME ?= 20s
fuzz: ## fuzz every decoder of bytes from outside for FUZZTIME each
	@for pkg in $$(grep -rl --include='*_test.go' 'func Fuzz' . | xargs -n1 dirname | sort -u); do \
	  for f in $$(grep -hoE 'func Fuzz[A-Za-z0-9_]+' $$pkg/*_test.go | cut -c6-); do \
	    echo "$$pkg $$f"; go test $(GO_TAGS) -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) $$pkg; done; done

guide: web ## take the pictures of docs/guide.*.md anew
	cd $(UI) && npm run --silent guide

golden: ## write the golden files anew; look at the diff before you commit it
	@for pkg in $$(grep -rl --include='*_test.go' 'flag.Bool("update"' . | xargs -n1 dirname | sort -u); do \
	  echo "$$pkg"; go test $(GO_TAGS) $$pkg -update; done

## measure

.PHONY: soak bench bench-board bench-ingest bench-live bench-merge bench-sales chaos eval eval-footfall cross deb
bench: build ## benchmarks beside what they measure
	go test $(GO_TAGS) -run '^$$' -bench . -benchmem ./models/... ./vision/... ./agent/... ./cloud/...

bench-board: ## the board's figures beside their limits: append p99, what it writes to the card, a week offline, 2,000 captures, bytes on the air (`make soak`: idle)
	go test -run '^$$' -bench 'Append|Wear' ./agent/internal/outbox
	@for t in 'AWeekOfflineFits ./agent/internal/outbox' 'TwoThousandCapturesLeaveNothingBehind ./agent' 'BytesOnAir ./models/wire'; do \
	  go test $(GO_TAGS) -count=1 -v -run Test$$t | grep -Ev '^=== |level='; done

bench-merge: ## sales merged with looks of 1,000 stores and late hours restated, on SQLite and PostgreSQL, the merged series in InfluxDB, lost sales against a market that knows the truth; ends with JSON
	@$(SETUP) test
	go run ./cloud/cmd/bench-merge $(BENCH_ARGS)

LOOKS ?= 2000
FRAMES ?= 10000
soak: agent ## the real agent looks LOOKS times at the first of EVAL_DATA, then idles: memory, threads, goroutines, CPU; FRAMES through the pipeline with every Mat counted; ends with JSON
	go test -tags $(GOCV_TAGS),matprofile -run '^$$' -bench Soak -benchtime $(FRAMES)x -timeout 0 ./agent/cmd/cooler-agent
	@go run ./agent/cmd/cooler-soak -frames $(firstword $(EVAL_DATA))/images -looks $(LOOKS)

bench-ingest: ## ingest beside Telegraf on the same broker and InfluxDB, the store's answers, growing fleets; ends with JSON
	@$(SETUP) bench
	go run ./cloud/cmd/bench-ingest $(BENCH_ARGS)

bench-live: cloud ## an alert's way to its subscriber and the live stream's fan-out, beside their peers; ends with JSON
	go run ./cloud/cmd/bench-live

bench-sales: cloud ## what bench-merge measures, then lines in by HTTP and 10,000 online orders at once on 500 units, on SQLite and PostgreSQL; each ends with JSON (BENCH_ARGS=)
	@$(SETUP) test
	go run ./cloud/cmd/bench-merge
	go run ./cloud/cmd/bench-sales $(BENCH_ARGS)

KILLS ?= 200
SEED ?= 1
chaos: cloud ## kill boards, broker, ingester, database and subscribers over a shop week at speed: no alert missed or doubled; ends with JSON (KILLS=, SEED=)
	@go build $(GO_TAGS) -o bin/cooler-chaos ./agent/cmd/cooler-chaos
	@bin/cooler-chaos -kills $(KILLS) -seed $(SEED)

EVAL_DATA ?= $(wildcard ../shared/data/cooler-val ../shared/data/beverage3/valid ../shared/data/grocerystore-packages)
eval: agent ## how well facings, SKUs and stockouts are found, bad frames counted (EVAL_DATA="DIR …"); the tables go into models/weights/CARD.md
	@if [ -z "$(strip $(EVAL_DATA))" ]; then printf '%s\n' 'error: no pictures with truth are at hand' \
	  'hint: they are not in this repository: make eval EVAL_DATA="DIR …"; models/weights/lanes/CARD.md tells how sets are rendered, cooler-agent eval --help which formats are read' >&2; exit 1; fi
	@for set in $(EVAL_DATA); do echo "$$set"; bin/cooler-agent eval --data $$set --card models/weights/CARD.md || exit; done

FOOTFALL_VIDEOS ?= ../shared/data/videos
FOOTFALL_DETECTORS ?= $(wildcard ../shared/data/init)
eval-footfall: agent ## people counted at lines against counts made by hand, by clip (FOOTFALL_VIDEOS=DIR), beside detectors that are in FOOTFALL_DETECTORS=DIR; ends with JSON
	@bin/cooler-agent eval-footfall --rendered $(if $(FOOTFALL_DETECTORS),--detectors $(FOOTFALL_DETECTORS)) --videos $(FOOTFALL_VIDEOS) --videos /usr/share/doc/opencv-doc/examples/data vision/footfall/truth/*.txt

cross: ## build the agent for arm64 against a Debian sysroot
	@VERSION='$(VERSION)' firmware-config/cross/arm64.sh bin/cooler-agent-arm64

deb: agent cross ## the agent's Debian packages for amd64 and arm64 in dist/, installed, run and removed again
	@rm -rf dist
	firmware-config/package/deb.sh bin/cooler-agent '$(VERSION)'
	firmware-config/package/deb.sh bin/cooler-agent-arm64 '$(VERSION)'
	firmware-config/package/check.sh dist/*.deb

.PHONY: image
image: cloud ## the image coldshelf/cooler-cloud, by docker, podman or buildah, for firmware-config/cloud/compose.yml
	@rm -rf dist/image && mkdir -p dist/image/empty && cp bin/cooler-cloud firmware-config/cloud/Containerfile dist/image/
	@for tool in docker podman buildah; do if command -v $$tool >/dev/null && $$tool info >/dev/null 2>&1; then \
	  exec $$tool build -f dist/image/Containerfile -t coldshelf/cooler-cloud:latest dist/image; fi; done; \
	printf '%s\n' 'error: neither docker, podman nor buildah is there and answers' 'hint: apt-get install podman; of docker see that its daemon runs' >&2; exit 1

.PHONY: clean
clean: ## remove what builds and runs made here
	rm -rf bin dist .demo .artefacts $(UI)/node_modules
	find cloud/internal/web/dist -mindepth 1 ! -name .keep -delete

.PHONY: env
env: ## print the compiler flags, to source in a shell: eval "$$(make -s env)"
	@printf 'export CGO_CPPFLAGS=%q CGO_CXXFLAGS=%q CGO_LDFLAGS=%q GOFLAGS=%q\n' "$$CGO_CPPFLAGS" "$$CGO_CXXFLAGS" "$$CGO_LDFLAGS" "-tags=$(GOCV_TAGS)"
