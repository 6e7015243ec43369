# `make help` lists the targets. `make check` is what CI runs (.ci/run); `make test` alone needs nothing but Go and, if
# something is missing (see tools/setup.sh), apt-get.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

# Tools are built into TOOLS, and again only when their go.mod or the Go version changes. A linter built with another
# Go than the sources want refuses to run.
TOOLS := .cache/tools
GO_VERSION := $(shell go env GOVERSION)
GENERATORS := $(TOOLS)/.generators-$(GO_VERSION)
BUF := $(TOOLS)/.buf-$(GO_VERSION)
LINT := $(TOOLS)/.lint-$(GO_VERSION)
PROTOVALIDATE := .cache/protovalidate/buf/validate/validate.proto
# GOFLAGS is set, not inherited: a caller's -mod=mod would rewrite the tools' go.mod. Version stamps would make the
# result depend on the state of git.
BUILD_TOOL := CGO_ENABLED=0 GOWORK=off GOFLAGS=-mod=readonly go build -trimpath -buildvcs=false

# bench: which benchmarks (a regular expression), how long each and how often.
BENCH ?= .
BENCHTIME ?= 1s
COUNT ?= 1
BENCH_OUTPUT := .cache/bench.txt

# test: everything; a smaller set while working, e.g. make test PACKAGES=./services/flow/...
# The proof by crashes has a target of its own, faults: it wants the machine for itself.
PACKAGES ?= $(shell go list ./... | grep -v /faulttest)
TEST_TIMEOUT ?= 15m

.PHONY: help
help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

.PHONY: run
run: ## start the demo: embedded database, one SMS answered on start
	go run ./cmd/smsflow serve --demo

.PHONY: setup
setup: ## install what the tests need and this machine lacks (PostgreSQL; apt-get)
	@tools/setup.sh

.PHONY: test
test: setup ## go vet and all tests with the race detector, against SQLite and a throwaway PostgreSQL
	go vet $(PACKAGES)
	tools/with-postgres.sh go test -race -shuffle=on -timeout=$(TEST_TIMEOUT) $(PACKAGES)

.PHONY: faults
faults: setup ## the proof that nothing is lost or sent twice: kills, crashes, cut connections (some ten minutes)
	tools/with-postgres.sh go test -count=1 -timeout=30m ./services/app/faulttest

.PHONY: check
check: ## all that CI checks: generated files, formatting, modules, lint, tests
	tools/check-generated.sh
	go mod tidy -diff
	$(MAKE) lint
	$(MAKE) test

.PHONY: lint
lint: $(LINT) ## gofmt and golangci-lint (its settings: .golangci.yml)
	@unformatted="$$(gofmt -l $(GOFMT_FOLDERS))"; \
	if [ -n "$$unformatted" ]; then echo "not gofmt'd (run make fmt):"; echo "$$unformatted"; exit 1; fi
	$(TOOLS)/golangci-lint run ./...

GOFMT_FOLDERS = $(wildcard cmd services web/*.go tools)

.PHONY: fmt
fmt: $(BUF) $(PROTOVALIDATE) ## format Go and proto sources
	gofmt -w $(GOFMT_FOLDERS)
	$(TOOLS)/buf format --write proto

.PHONY: generate
generate: $(GENERATORS) $(BUF) $(PROTOVALIDATE) ## lint proto/ and generate gen/ from it
	$(TOOLS)/buf format --diff --exit-code proto
	$(TOOLS)/buf lint
	$(TOOLS)/buf generate

.PHONY: breaking
breaking: $(BUF) $(PROTOVALIDATE) ## changes of proto/ that break clients of a commit or tag: make breaking AGAINST=v1.0.0
	@tools/breaking.sh "$(AGAINST)"

.PHONY: bench
bench: setup ## figures, with the machine they were measured on: make bench BENCH=Keyword COUNT=6
	@mkdir -p .cache
	@{ tools/machine.sh; \
	   tools/with-postgres.sh go test -run='^$$' -bench='$(BENCH)' -benchmem -benchtime=$(BENCHTIME) -count=$(COUNT) \
	     -timeout=30m ./services/... && \
	   go build -o .cache/smsflow ./cmd/smsflow && \
	   tools/with-postgres.sh sh -euc 'export SMSFLOW_LOAD_YARDSTICK_URL="$$SMSFLOW_TEST_POSTGRES"; \
	     .cache/smsflow load --store sqlite; \
	     export SMSFLOW_LOAD_DATABASE_URL="$$SMSFLOW_TEST_POSTGRES"; \
	     .cache/smsflow load --store postgres; \
	     .cache/smsflow load --store postgres --replicas 2'; } | tee $(BENCH_OUTPUT)

.PHONY: web
web: ## build the page into web/dist
	@if [ ! -f web/package.json ]; then echo "web: the page's sources are not there yet, nothing to build"; exit 0; fi; \
	cd web && npm ci --engine-strict --no-audit --no-fund && npm run build

.PHONY: tools
tools: $(GENERATORS) $(BUF) $(LINT) ## build buf, its plugins, golangci-lint, grpcurl and benchstat into .cache/tools

$(GENERATORS): tools/go.mod tools/go.sum
	@mkdir -p $(TOOLS)
	@echo "building the generators, grpcurl and benchstat (once)"
	cd tools && $(BUILD_TOOL) -o ../$(TOOLS)/ tool
	@touch $@

$(BUF): tools/buf/go.mod tools/buf/go.sum
	@mkdir -p $(TOOLS)
	@echo "building buf (once)"
	cd tools/buf && $(BUILD_TOOL) -o ../../$(TOOLS)/ tool
	@touch $@

$(LINT): tools/lint/go.mod tools/lint/go.sum
	@mkdir -p $(TOOLS)
	@echo "building golangci-lint (once; some minutes)"
	cd tools/lint && $(BUILD_TOOL) -o ../../$(TOOLS)/ tool
	@touch $@

$(PROTOVALIDATE): tools/protovalidate/go.mod tools/protovalidate/go.sum tools/protovalidate.sh
	tools/protovalidate.sh
	@touch $@
