# Thin: each target says what it does and calls a script or `cargo xtask`, which may be called by hand too.
.PHONY: run replay test sim bench fuzz-api golden gen tidy help

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' $(MAKEFILE_LIST) | expand -t 14

run: ## build what changed and start the demo on http://localhost:8080 (PORT=, POPULATION=)
	@scripts/run

replay: ## play 5 to 10 January 2022 and check the published figures (SPEED=600, POSITIVE=1, SERVER=, POPULATION=)
	@scripts/replay

test: ## every test: Rust on SQLite and on PostgreSQL, web, browser
	@scripts/test

sim: ## the simulation: many seeds (SEEDS=1000), or one again (SEED=7); also DAYS=, POPULATION=, FAULTS=
	@cargo xtask sim

bench: ## the benchmarks of the product, on the optimised build
	@scripts/bench

fuzz-api: ## generated requests by the OpenAPI document against a running demo (EXAMPLES=, SEED=, CALLERS=, ROUTES=)
	@scripts/fuzz-api

golden: ## rewrite the golden files; look at the difference before you commit it
	@cargo xtask golden

gen: ## rewrite what is generated from the code: contract/ and the web client
	@cargo xtask gen

tidy: ## the house rules that no compiler checks
	@cargo xtask tidy
