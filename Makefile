# Plimsoll: build, test, check. `make` alone lists the targets.
# Kept to what make 3.81 and a POSIX shell know, so that macOS needs nothing extra.

SHELL         := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS     += --no-print-directory

GO         ?= go
BINARY     := bin/plimsoll
VERSION    ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
RUN_ARGS   ?= serve --data .plimsoll --import-self .
TEST_FLAGS ?= -shuffle=on -timeout 30m
FUZZTIME   ?= 20s
INITDB     := /usr/lib/postgresql/*/bin/initdb /usr/pgsql-*/bin/initdb /opt/homebrew/opt/postgresql*/bin/initdb /usr/local/opt/postgresql*/bin/initdb
BENCH      ?= .

# Rooms in which several goroutines share something. The race detector is slow,
# and the pure rooms have nothing for it to find.
CONCURRENT := store ingest fold cells keeper history signals prom kube notify job auth query web app
RACE_DIRS  := $(wildcard $(addprefix internal/,$(CONCURRENT)) client cmd)

.PHONY: help setup build run test test-postgres race fuzz bench check tools cover clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

setup: ## check for what the tests need, and download the modules
	@command -v $(GO) >/dev/null 2>&1 || { \
	  echo "Go is missing. Install the version named in go.mod: a package of your system"; \
	  echo "(apt-get install golang-go, brew install go) or the Go project's own archive."; exit 1; }
	@command -v git >/dev/null 2>&1 || { \
	  echo "git is missing: the importer and its tests run it. apt-get install git, or xcode-select --install."; exit 1; }
	@# The tests run a private PostgreSQL of their own: only its programs are needed.
	@ls $(INITDB) >/dev/null 2>&1 || command -v initdb >/dev/null 2>&1 || { \
	  echo "PostgreSQL is missing; installing its package."; \
	  if command -v apt-get >/dev/null 2>&1; then \
	    if [ "$$(id -u)" = 0 ]; then sudo=; else sudo="sudo -n"; fi; \
	    export DEBIAN_FRONTEND=noninteractive; \
	    $$sudo apt-get update -qq && $$sudo apt-get install -y -qq --no-install-recommends postgresql; \
	  elif command -v brew >/dev/null 2>&1; then brew install --quiet postgresql@16; \
	  else false; fi || { \
	  echo "Install PostgreSQL 15 or newer by hand: apt-get install postgresql, or brew install postgresql@16."; exit 1; }; }
	@# Fails with a clear message when this Go is older than go.mod asks for.
	@$(GO) list -m >/dev/null
	@$(GO) mod download

build: ## build the static binary bin/plimsoll
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o $(BINARY) ./cmd/plimsoll

run: build ## build and serve the history of this clone (RUN_ARGS=... for other arguments)
	./$(BINARY) $(RUN_ARGS)

# What goes through the whole house is asked on both databases; that a store
# holds what it promises is tested on both in any case.
ON_POSTGRES ?= ./internal/web ./internal/oracle ./internal/ingest

test: setup ## vet the code and run every test, those of the whole way through on PostgreSQL too
	$(GO) vet ./...
	PLIMSOLL_TEST_POSTGRES=required $(GO) test $(TEST_FLAGS) ./...
	PLIMSOLL_TEST_POSTGRES=required PLIMSOLL_TEST_STORE=postgres $(GO) test $(TEST_FLAGS) $(ON_POSTGRES)

test-postgres: ON_POSTGRES = ./internal/...
test-postgres: setup ## run every test that has a data folder on PostgreSQL instead (long)
	PLIMSOLL_TEST_POSTGRES=required PLIMSOLL_TEST_STORE=postgres $(GO) test $(TEST_FLAGS) -timeout 3h $(ON_POSTGRES)

race: setup ## run the tests of the concurrent rooms under the race detector (needs a C compiler)
	@command -v cc >/dev/null 2>&1 || { echo "a C compiler is missing: the race detector needs cgo"; exit 1; }
	@if [ -z "$(RACE_DIRS)" ]; then echo "no concurrent room yet"; \
	else set -x; CGO_ENABLED=1 $(GO) test -race $(TEST_FLAGS) $(patsubst %,./%/...,$(RACE_DIRS)); fi

# `go test -fuzz` takes one target of one package at a time. The listing prints
# the targets of a package first and then "ok <package>", hence the awk.
fuzz: setup ## fuzz every Fuzz target for FUZZTIME (20s) each
	@set -e; listing=$$($(GO) test -list '^Fuzz' ./...); \
	targets=$$(echo "$$listing" | awk '/^Fuzz/ { name[++n] = $$1 } $$1 == "ok" { for (i = 1; i <= n; i++) print $$2 ":" name[i]; n = 0 }'); \
	if [ -z "$$targets" ]; then echo "no fuzz target yet"; fi; \
	for target in $$targets; do \
	  echo "== $${target##*:} of $${target%:*}"; \
	  $(GO) test -run '^$$' -fuzz "^$${target##*:}\$$" -fuzztime $(FUZZTIME) "$${target%:*}"; \
	done

bench: setup ## run the benchmarks (BENCH=pattern for some of them)
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem ./...

# The versions are pinned in internal/tools/go.mod, a module of its own, so that
# what checks the product never becomes a dependency of it. Go rebuilds only
# what changed, the Go version included.
tools:
	@mkdir -p bin/tools && cd internal/tools && $(GO) build -o ../../bin/tools/ tool

check: setup tools ## gofmt, vet, staticcheck, govulncheck
	@unformatted=$$("$$($(GO) env GOROOT)/bin/gofmt" -s -l .); \
	if [ -n "$$unformatted" ]; then echo "not formatted, run gofmt -s -w on:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	bin/tools/staticcheck ./...
	@echo bin/tools/govulncheck ./...; \
	out=$$(bin/tools/govulncheck ./... 2>&1) && { echo "$$out"; exit 0; }; \
	echo "$$out"; \
	case "$$out" in *"fetching vulnerabilities:"*) \
	  echo "NOTE: the vulnerability database cannot be reached from here, so known"; \
	  echo "NOTE: vulnerabilities were NOT looked for. Everything else was checked." ;; \
	*) exit 1 ;; esac

cover: setup ## measure which statements the tests reach
	$(GO) test -coverpkg=./... -coverprofile=coverage.out ./...
	$(GO) tool cover -html=coverage.out -o coverage.html
	@$(GO) tool cover -func=coverage.out | tail -n 1

clean: ## remove what the other targets made (.plimsoll, your data, stays)
	rm -rf bin coverage.out coverage.html
