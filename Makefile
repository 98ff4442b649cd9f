# Every target is documented by the comment behind its name: `make` lists them.

GO          ?= go
FUZZTIME    ?= 30s
# More flags for the test runs, such as TESTFLAGS=-count=1 or TESTFLAGS=-v.
TESTFLAGS   ?=
# More flags for benchmarks.
BENCHFLAGS  ?=
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
ACTIONLINT  := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
PEERS       := github.com/tsenart/vegeta/v12@v12.13.0 fortio.org/fortio@v1.66.5 go.k6.io/k6@v1.8.1
GORELEASER  := github.com/goreleaser/goreleaser/v2@v2.16.0
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0
# The go command passes over testdata, so its one Go program is named.
PACKAGES    := ./... ./testdata/live/gomcp
TAGS        := performance,live,noise
# The tests that judge what real time brings: servers under load, their clocks, our
# own deadlines. A busy machine can spoil them, so they run one at a time, apart from
# the others. internal/archtest knows that each of these is there.
REALTIME    := ^TestAFailedTrialEndsTheRun$$|^TestAProbeWithoutToolCallsIsOpen$$|^TestAServerThatDies$$|^TestCapacityOfAQueue$$|^TestConnectionsAreBounded$$|^TestEveryCheckOfLoadCanFail$$|^TestHTTPStamps$$|^TestIntegrityUnderLoad$$|^TestLoopWakes$$|^TestNoHollowPass$$|^TestProbeSaysSoWhereThereIsNoLimit$$|^TestRunHoldsAServerToItsHeaders$$|^TestRunHoldsAServerToLaws$$|^TestSSETwice$$|^TestSelftestPasses$$|^TestSessionsThatCouldBeOpenedAreUsed$$|^TestStartupAndAStrangerOnItsPort$$|^TestStartupNeedsItsPort$$|^TestStdioDialErrors$$|^TestUnsentCallsSpoilAPass$$|^TestWaitingForAConnectionIsNotOurLateness$$|^TestScripts$$/^(audit|clients|environment|everything|executions|identity|left_behind|live|load|load_limits|load_usage|mock|results|results_secrets|run_conform|run_sessions|startup)$$

.DEFAULT_GOAL := help
# Tests that measure time must not share the machine: one target at a time, also
# with -j, and (-p 1 below) one package at a time.
.NOTPARALLEL:
.PHONY: clean-root cluster bench-scale bench-keys bench-peers release-check snapshot help build test unit realtime mutants performance live live-setup noise interop check fmt vet staticcheck actions vuln race fuzz bench clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' Makefile

build: ## bin/mcpload
	$(GO) build -o bin/mcpload ./cmd/mcpload

test: unit realtime performance ## every test: unit, property, script, real time, performance, and live if their tools are there
	@GO='$(GO)' TESTFLAGS='$(TESTFLAGS)' scripts/live-test.sh

unit: ## unit, property and script tests that no busy machine can spoil; needs Go only
	@GO='$(GO)' TESTFLAGS='$(TESTFLAGS)' scripts/go-test.sh ./... -timeout 20m -skip '$(REALTIME)'

realtime: ## the tests that judge real time, one at a time; needs Go only
	@GO='$(GO)' TESTFLAGS='$(TESTFLAGS)' scripts/go-test.sh ./... -timeout 30m -p 1 -parallel 1 -run '$(REALTIME)'

mutants: ## small mistakes in the packages that judge, drawn by SEED (1), MUTANTS (50) a package: which does no test notice?
	$(GO) run ./scripts/mutants -seed $(or $(SEED),1) -n $(or $(MUTANTS),50) $(if $(ONLY),-only $(ONLY))

performance: ## the nine servers over real sockets, and every fault of the mock; needs Go only
	@GO='$(GO)' TESTFLAGS='$(TESTFLAGS)' scripts/tagged-test.sh performance 30m

live: live-setup ## servers that nobody here wrote: FastMCP, mcp-go, server-everything
	@GO='$(GO)' TESTFLAGS='$(TESTFLAGS)' scripts/live-test.sh

live-setup: ## install what the live tests need into a cache folder; needs Python, Node, npm, Chromium and jq
	scripts/live-setup.sh

noise: ## a soak: 300 honest servers (NOISE_RUNS=n) while everything stands still now and then; needs Linux, Go, Python
	scripts/live-setup.sh --fastmcp
	$(GO) test $(TESTFLAGS) -v -count=1 -timeout 90m -tags noise -run '^TestNoise$$' ./cmd/mcpload

interop: ## the matrix of SDKs, limiters and proxies, SAMPLE=1: each once; needs Python, Node and npm, and nginx or apt
	interop/setup.sh
	cd interop && MCPLOAD_SAMPLE=$(SAMPLE) $(if $(UPDATE),$(GO) test -count=1 -parallel 3 -timeout 40m . -args -update,\
		GO='$(GO)' TESTFLAGS='$(TESTFLAGS)' ../scripts/go-test.sh ./... -count=1 -parallel $(if $(SAMPLE),5,3) -timeout 40m)

bench-scale: ## shards of a million calls put together and judged: fails above the time and memory that they may take
	MCPLOAD_SCALE=1 $(GO) test ./results/merge -run '^$$' -bench '^BenchmarkScale$$' -benchtime 1x -timeout 20m

cluster: ## what is printed for Kubernetes on a real control plane, and three hosts in namespaces; needs Linux and root, etcd or apt
	@GO='$(GO)' scripts/cluster.sh

.PHONY: otlp
otlp: ## load --otlp against the receiver of the OpenTelemetry Collector, nightly: it takes a minute to build
	cd interop/otlp && $(GO) test $(TESTFLAGS) -count=1 .

.PHONY: field
field: ## 42 limiters that real servers have, by hand and by their libraries, and rmcp's server, nightly: about half an hour
	interop/setup.sh
	interop/rmcp.sh
	cd interop && $(GO) test $(TESTFLAGS) -tags field -count=1 -parallel 8 -timeout 90m -run '^Test(Field|RMCP)$$' .

check: fmt vet staticcheck actions vuln race ## everything but the slow tests: format, vet, linters, known faults, races

fmt: ## fail on a file that gofmt would change
	@files=$$(gofmt -l .) || exit 1; \
	if [ -n "$$files" ]; then printf 'not formatted by gofmt:\n%s\n' "$$files"; exit 1; fi

vet: ## go vet, with and without the build tags, and for Windows and macOS
	$(GO) vet $(PACKAGES)
	$(GO) vet -tags $(TAGS) $(PACKAGES)
	GOOS=windows $(GO) vet ./...
	GOOS=darwin $(GO) vet ./...

staticcheck: ## staticcheck at its pinned version
	$(GO) run $(STATICCHECK) -tags $(TAGS) $(PACKAGES)

actions: ## actionlint at its pinned version, on the workflows and the action
	$(GO) run $(ACTIONLINT)

vuln: ## govulncheck at its pinned version; says so where its database can't be reached
	@GO='$(GO)' scripts/vuln.sh $(GOVULNCHECK) $(PACKAGES)

race: ## unit, property and script tests under the race detector, the import rules among them
	$(GO) test -race -timeout 20m $(TESTFLAGS) ./...

fuzz: ## every fuzz target for FUZZTIME (30s)
	@GO='$(GO)' scripts/fuzz.sh $(FUZZTIME)

bench: ## every benchmark, with allocations, also into bin/bench.txt for benchstat; BENCHFLAGS=-count=6 to compare
	@mkdir -p bin
	bash -o pipefail -c "$(GO) test -run '^$$' -bench . -benchmem $(BENCHFLAGS) ./... | tee bin/bench.txt"

# The peers' libraries are in a module of their own, so that nobody else has to
# download them. Later versions of fortio need a module that the proxy doesn't have.
bench-keys: ## how apikey finds planted keys, and what it sees where there are none, how fast, beside gitleaks; KEYS_CORPORA=folders
	cd bench/keys && $(GO) run -mod=mod . $(or $(KEYS_CORPORA),$$($(GO) env GOROOT)/src /usr/share/doc)

bench-peers: build ## mcpload beside vegeta, wrk, fortio, k6 and mcp-go; writes docs/PERFORMANCE.md; needs Linux, wrk and a quiet machine
	cd bench && $(GO) build -o ../bin/ ./canned ./gomcp ./peer ./streams ./peers
	for tool in $(PEERS); do GOBIN='$(CURDIR)/bin' $(GO) install $$tool || exit 1; done
	bin/peers -bin bin -bench bench -o docs/PERFORMANCE.md

clean-root: ## the first two commands of the README as on a fresh machine; needs Linux, and root or user namespaces
	@GO='$(GO)' scripts/clean-root.sh

release-check: ## goreleaser check at its pinned version: could a release be made of this?
	$(GO) run $(GORELEASER) check

snapshot: ## a release of this tree into dist, for every system, without publishing it; needs goreleaser's many modules
	$(GO) run $(GORELEASER) check
	$(GO) run $(GORELEASER) release --snapshot --clean --skip=sbom

clean: ## remove what build made
	rm -rf bin dist
