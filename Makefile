# make help prints the targets.
GO ?= go

.PHONY: help run test demo bench soak kills selfcheck seeds mutants fuzz lint image

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## prove the embedded acquirer: every feature, over loopback TCP
	$(GO) run ./cmd/tillproof run

# Long tests in which no two goroutines meet, or the same ones as in a shorter test: the race detector would see nothing new. Or it changes what they measure.
RACELESS = ^(TestSelfcheck|TestServiceTimeIsTheHostsOwn|TestSoak|Test(Offline)?PowerCuts.*|TestRandom.*|TestSuiteHoldsOver(Seeds|ConnectionModels)|TestSuiteHoldsInISO8583|TestMemoryRunIsByteIdentical|TestSuiteOn(ARemoteHost|AContainer|AHostThatDialsIn|ForeignHosts|AForeignSwitch)|TestDefectsOfASwitchAreCaught|TestDoorIsAsOpenAPISays|TestOfficeKilledAtAnyMoment|TestSelfcheckAll|TestKilledAtRandomMoments|TestExplore(Tells|Is|Finds).*|TestHostInAnHour|TestWorkersMeetAtServerWithTLS|TestDefectiveTerminalUnderTest|TestInterruptedRunRemovesItsContainer|TestReportsNeverLeak|TestVerdictsAreTheSameOnAllSeats|TestReadmeCommands)$$|^TestSuiteHoldsOverFramings$$/^length

test: ## all tests, and once more with the race detector (fewer seeds)
	$(GO) vet ./...
	$(GO) test -timeout 20m ./...
	$(GO) test -timeout 20m -race -short -skip '$(RACELESS)' ./...

demo: ## one purchase, told step by step
	$(GO) run ./cmd/tillproof demo

bench: ## benchmarks, then ratios of two sides measured in turn; nothing is gated on absolute figures
	@out=$$(mktemp); trap 'rm -f '$$out EXIT; \
	$(GO) test -run '^$$' -bench . -benchmem ./... | grep -v 'no test files' | tee $$out; \
	echo; echo 'how many times as long (both sides in turn, so that a busy machine slows both):'; \
	awk '/^BenchmarkRatio/ { for (i = 2; i < NF; i++) if ($$(i+1) == "x") printf "  %-42s %8.2f\n", substr($$1, 15), $$i }' $$out; \
	! grep -q '^FAIL' $$out

soak: ## ten minutes of load: memory and goroutines stay flat
	$(GO) test -count=1 -timeout 20m -run '^TestSoak$$' -v ./load/batch -soak 10m

kills: ## the host is killed at a hundred random moments under load (SQLite, with unsynced writes discarded, PostgreSQL), and its books stay right
	. .ci/postgres; $(GO) test -count=1 -timeout 20m -run '^TestKilledAtRandomMoments$$' -v ./load/campaign -kills 100

selfcheck: ## every defect meets every scenario that it can touch: who notices, who survives, which scenarios notice nothing
	$(GO) run ./cmd/tillproof selfcheck --all

seeds: ## no false alarm: the suite over a thousand seeds in memory, and twenty on sockets
	$(GO) test -count=1 -timeout 5h -run '^TestSuiteHolds(OverSeeds|OnLoopback)$$' -v ./steps -seeds.memory 1000 -seeds.socket 20

mutants: ## the honest code is mutated, and the suite has to notice: about one line in 40, or with ALL=1 all of them, which takes a night
	.ci/mutants

fuzz: ## every fuzz test for ten seconds
	@for p in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz'); do \
	    echo "$$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime 10s $$p || exit 1; \
	  done; done

lint: ## gofmt, vet and the house test
	@test -z "$$(gofmt -l .)" || { gofmt -l .; exit 1; }
	$(GO) vet ./...
	$(GO) vet -tags mutants ./steps
	$(GO) test -run TestHouse .

image: ## our acquirer as a container image, tillproof:latest (the docker command builds it)
	@dir=$$(mktemp -d); trap 'rm -rf '$$dir EXIT; \
	CGO_ENABLED=0 $(GO) build -ldflags '-s -w' -o $$dir/tillproof ./cmd/tillproof && \
	docker build --quiet --file Dockerfile --tag tillproof:latest $$dir
