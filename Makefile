# Uoma. `make demo` shows the main job; `make test` sets up and passes every test; `make help` lists the rest.

SHELL := /bin/bash
GO ?= go
BIN := bin
BUILD ?=
export CGO_ENABLED ?= 0
export GOFLAGS ?= -buildvcs=false

.PHONY: help build release demo demo-all test race lint bench fuzz cover clean tools

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

build: $(BIN)/uoma $(BIN)/endpoint ## build bin/uoma and bin/endpoint

$(BIN)/%: FORCE
	@mkdir -p $(BIN)
	@$(GO) build $(BUILD) -o $@ ./cmd/$*

FORCE:

release: ## build without the paths of this machine
	@$(MAKE) --no-print-directory build BUILD=-trimpath

demo: build ## run the nightly and the career survey on the committed fixtures
	@./fixtures/demo.sh build/demo

demo-all: build ## run the nightly of five institutions, and what each delivers, on made-up exports
	@./fixtures/demo-all.sh build/demo-all

# Every test in full, then those in which work goes on side by side in short runs under the race detector, whose builds and
# runs take three times as long: the races of a night are the same on few rows, a child that is killed races with nobody, and
# of the linkage those are run that compare more than one processor has. make race has all packages. Vet is of make lint.
#
# SQLite is C translated to Go. Its memory is not Go's, so the race detector sees nothing there and would only take time.
RACE = CGO_ENABLED=1 $(GO) test -vet=off -race -short -gcflags='modernc.org/...=-race=false' -timeout 60m

test: tools ## install what is missing, then run every test, and with the race detector those that work side by side
	@$(GO) test -vet=off -timeout 40m ./...
	@$(RACE) -skip Killed ./connectors/remote ./connectors/ledger ./connectors/vault ./connectors/blob ./pipelines/delivery ./schedules
	@$(RACE) -run 'Processors|LargeBlocks|LinkingAnew' ./transforms/linkage
	@$(RACE) -run 'SameNights|ReaderSees|FinishedNightAgain|TwoPrograms' ./pipelines/nightly

race: tools ## every package with the race detector, in short runs
	@$(RACE) ./...

lint: ## formatting, vet and staticcheck
	@test -z "$$(gofmt -l . | tee /dev/stderr)"
	@$(GO) vet ./...
	@$(GO) tool staticcheck ./...

COVERED = 85

cover: tools ## statement coverage of the transforms; fails below 85 %
	@mkdir -p build
	@$(GO) test -coverprofile=build/transforms.cover -coverpkg=./transforms/... ./transforms/... >/dev/null
	@$(GO) tool cover -func=build/transforms.cover | awk '/^total:/ { print; sub("%", "", $$3); ok = $$3 >= $(COVERED) } \
		END { if (!ok) { print "less than $(COVERED) % of the statements are covered"; exit 1 } }'

bench: build ## the whole nightly on 100 000 people: time, memory, share of each stage
	@./bench/nightly.sh

fuzz: ## every fuzz target for 20 seconds of processor time
	@./bench/fuzz.sh 20

tools: ## install the servers and tools that tests use, where they are absent
	@./.ci/install

clean: ## remove what was built
	@rm -rf $(BIN) build
