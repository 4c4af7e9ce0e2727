# Picasso. "make" alone explains itself.

GO       ?= go
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS   = -s -w -X github.com/picasso-faas/picasso/cmd/internal/build.version=$(VERSION)
STATE_DIR ?= run
CLOUD_DIR ?= /var/lib/picasso-cloud
# Where "make install" puts things, below DESTDIR; and the folder of the binaries it takes.
PREFIX     ?= /usr
SYSCONFDIR ?= /etc
BIN        ?= bin
# The race detector, but not in SQLite's own code, which it makes several times slower. (Not in
# less: a generic function that a package without it has, too, may be the one that all get.)
RACE       = -race -gcflags=modernc.org/sqlite/lib=-race=false
# How long a program with the race detector sleeps before it exits: a second by default, in each of hundreds.
export GORACE ?= atexit_sleep_ms=100
# Test binaries run two at a time: most of them share one Docker and one Keystone. "make check" vets.
TESTFLAGS ?= $(RACE) -vet=off -p 2 -timeout 30m
# For what compiles or lints: with garbage collected less often it takes a third less time.
QUICK      = env GOGC=400 GOMEMLIMIT=2GiB
# Builds a linter if need be, and prints where it is. A clean machine spends most of its
# time compiling: there are two ways in which tests compile, one is -race, the other that
# of the functions' images, which linters are compiled in: they need not wait for gcc.
LINTER    = $(QUICK) CGO_ENABLED=0 GOFLAGS=-trimpath $(GO) tool -n -modfile=tools/lint/go.mod
# All that staticcheck has, without suggestions for editors, and without what
# tools/archtest sees to: documentation.
CHECKS    = all,-QF*,-ST1000,-ST1020,-ST1021,-ST1022
# Sizes of "make soak".
SOAK_TIME ?= 10m
FUZZ_TIME ?= 1m

.DEFAULT_GOAL := help
.PHONY: help build install run test check lint fmt generate cloud cloud-down bench soak clean port-free need-go need-docker \
  test-e2e test-others compiler compiled linter services functions

help: ## Show this
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: need-go ## Build the binaries into bin/
	@echo "building bin/"
	@mkdir -p bin && $(QUICK) CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/...

install: ## Install what "make build" has built (DESTDIR, PREFIX)
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' SYSCONFDIR='$(SYSCONFDIR)' BIN='$(BIN)' tools/install

run: port-free need-docker build ## Start everything in one process, ready to call (development; Ctrl-C ends it)
	@tools/functions/build hello echo
	@STATE_DIR='$(STATE_DIR)' tools/run

port-free:
	@tools/run --check

# All at once what has nothing to do with each other. Apt, services that start and most tests
# leave processors idle; lint, which nobody waits for, takes what they leave.
test: ## Run every test, unit to end-to-end, after installing what they need
	@$(MAKE) --no-print-directory -j4 test-e2e test-others check

test-e2e: services functions compiled # as long as the others together
	@$(GO) test $(TESTFLAGS) ./tools/e2e

test-others: services functions compiled
	@$(GO) test $(TESTFLAGS) $$($(GO) list ./... | grep -v '/tools/e2e$$')

check: linter compiled ## Run the quick checks: format, vet, staticcheck, house rules
	@files=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go')) && { [ -z "$$files" ] || { \
	  echo "not formatted, see \"make fmt\": $$files" >&2; exit 1; }; }
	@$(QUICK) nice $(GO) vet $(RACE) ./...
	@$(QUICK) GOFLAGS="$$($(GO) env GOFLAGS) $(RACE)" nice $$($(LINTER) staticcheck) -checks '$(CHECKS)' ./...
	@$(GO) test $(TESTFLAGS) ./tools/archtest
	@$(GO) test $(TESTFLAGS) -run Shell ./tools/cloud/cloudtest

# As much work as a third of "make test", most of it the first time.
lint: need-go compiler ## Run every linter of .golangci.yml (the first time it takes minutes)
	@$(QUICK) GOFLAGS="$$($(GO) env GOFLAGS) $(RACE)" nice $$($(LINTER) golangci-lint) run ./...

fmt: need-go ## Format the source
	@gofmt -w $$(git ls-files -co --exclude-standard '*.go')

generate: build ## Write the samples in etc/ anew
	@bin/picasso-manage config sample > etc/picasso.conf.sample
	@bin/picasso-manage policy sample > etc/policy.yaml.sample

cloud: need-docker build ## Start real OpenStack services on loopback and Picasso against them
	@tools/cloud/up
	@tools/cloud/down picasso
	@tools/cloud/up picasso
	@tools/functions/build hello echo
	@echo 'Try: export OS_CLIENT_CONFIG_FILE=$(CLOUD_DIR)/clouds.yaml; bin/picasso --os-cloud alpha function list'
	@echo 'Or, as alice of project alpha: . $(CLOUD_DIR)/openrc.alpha'

cloud-down: ## Stop what "make cloud" has started
	@tools/cloud/down

bench: need-docker build ## Measure; tables on the terminal, figures in bench/
	@mkdir -p bench
	@$(GO) run ./tools/bench $(BENCHFLAGS)

soak: need-docker build ## Run what takes long: fuzzing, load, chaos (SOAK_TIME, FUZZ_TIME)
	@tools/cloud/up
	@for target in $$(grep -rlE '^func Fuzz' --include=*_test.go .); do \
	  for name in $$(sed -nE 's/^func (Fuzz[A-Za-z0-9_]+)\(.*/\1/p' $$target); do \
	    echo "fuzzing $$name in $$(dirname $$target) for $(FUZZ_TIME)"; \
	    $(GO) test -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZ_TIME) ./$$(dirname $$target) || exit 1; \
	  done; done
	@PICASSO_SOAK=$(SOAK_TIME) $(GO) test $(RACE) -count 1 -timeout 0 ./tools/e2e

clean: ## Remove what was built
	@rm -rf bin

# What the others need. Each says what to do where it cannot do it itself.

need-go:
	@command -v $(GO) >/dev/null && v=$$($(GO) env GOVERSION 2>/dev/null | sed -E 's/^go1\.([0-9]+).*/\1/') && [ "$${v:-0}" -ge 21 ] || { \
	  echo "Go 1.21 or later is needed (Debian's is too old; Go fetches the version in go.mod by itself): https://go.dev/doc/install" >&2; exit 1; }

need-docker:
	@tools/cloud/up docker

compiler:
	@tools/cloud/up gcc shellcheck

# By one go for all that follow: two that run at once would both compile.
compiled: need-go compiler
	@$(QUICK) $(GO) list $(RACE) -export -test -deps ./... >/dev/null

linter: need-go
	@nice $(LINTER) staticcheck >/dev/null

services: compiler need-docker
	@tools/cloud/up

functions: need-go need-docker
	@$(QUICK) tools/functions/build
