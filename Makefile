# Every target sets itself up: the virtual environment in .venv, then the release build of the kernel.
PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/.venv/bin:$(PATH)
SOURCES := $(shell find crates src packaging -type f -not -name "*.pyc") Cargo.toml Cargo.lock

.PHONY: build demo test check bench test-installed test-kill test-escape test-images test-hostile format clean test-differential test-published test-churn

build: .venv/built

# What the Python side needs to run and to be checked, without the Rust build.
.venv/ready: pyproject.toml tools/requirements.py
	$(PYTHON) -m venv .venv
	$(BIN)/python tools/requirements.py clients dev etcd > .venv/requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r .venv/requirements.txt
	touch $@

.venv/built: .venv/ready $(SOURCES)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

demo: build
	$(BIN)/podvisor demo

# Most tests wait for processes; as many files at a time as there are processors take little longer each.
# They drive real kernels on a machine whose other load nobody knows: what fails is told, and must pass by itself, once.
test: build
	cargo test --quiet --workspace
	$(BIN)/python -m pytest -q -n auto --dist loadfile || \
	$(BIN)/python -m pytest -q --last-failed --last-failed-no-failures none

check: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	PYTHONPATH=src $(BIN)/lint-imports --no-logo
	$(BIN)/deptry .
	cargo fmt --check
	cargo clippy --quiet --workspace --all-targets -- -D warnings

format: .venv/ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	cargo fmt

bench: build
	$(BIN)/python -m benches

# The black-box tests against the wheel, as an ordinary user without toolchain or checkout.
test-installed: .venv/ready
	tools/test-installed

# Thousands of patches at random beside Kubernetes' own patch libraries (needs go); `make test` asks a few hundred.
PATCHES ?= 10000
test-differential: .venv/ready
	PODVISOR_PATCHES=$(PATCHES) PYTHONPATH=src $(BIN)/python -m pytest -q tests/differential

# Published CustomResourceDefinitions of several projects, fetched as Go modules, and their samples.
test-published: .venv/ready
	PODVISOR_PUBLISHED=all PYTHONPATH=src:tests $(BIN)/python -m pytest -q tests/custom

# Every process of a cluster is killed again and again: what `make test` does a few times, a few hundred times.
KILLS ?= 200
test-kill: build
	cd tests && ../$(BIN)/python -m cluster.kill_servers $$(mktemp -d) --kills $(KILLS)
	cd tests && ../$(BIN)/python -m cluster.kill_cluster $$(mktemp -d) --kills $(KILLS)

# Every attempt to get out, in every way that this machine can run a sandbox.
test-escape: build
	PODVISOR_TEST_MODES=all $(BIN)/python -m pytest -q tests/escape

# Damaged and hostile images: a hundred times what `make test` tries of them, those that take long, fifty killed pulls,
# and real programs in images of Debian's packages.
ROUNDS ?= 100
test-images: build
	PODVISOR_ROUNDS=$(ROUNDS) cargo test --quiet -p podvisor-unpack -- --include-ignored
	PODVISOR_ROUNDS=$(ROUNDS) cargo test --quiet -p podvisor-kernel erofs
	PODVISOR_LONG=1 PODVISOR_KILLS=50 PODVISOR_TEST_IMAGES=1 $(BIN)/python -m pytest -q tests/images tests/pods/real

# Twenty hostile pods beside a good one: latency, limits and what is left. MEMORY_CGROUP is where pods are measured.
MINUTES ?= 10
test-hostile: build
	cd tests && ../$(BIN)/python -m hostile $(MINUTES) $(if $(MEMORY_CGROUP),--memory-cgroup $(MEMORY_CGROUP))

# Everything above the node under random changes, on a clock that does not stand still for anybody.
CHANGES ?= 2000
SEEDS ?= 1 2 3 4 5
test-churn: .venv/ready
	for seed in $(SEEDS); do \
		PODVISOR_CHURN=$(CHANGES) PODVISOR_SEED=$$seed PYTHONPATH=src $(BIN)/python -m pytest -q tests/workloads/test_churn.py || exit 1; \
	done

clean:
	rm -rf .venv target dist
