# make demo   set up, train on the built-in world, open the site (PORT=8000)
# make test   set up, check style, types and layers, run all tests

PYTHON ?= python3
PORT ?= 8000
RUN ?= runs/demo
BIN := .venv/bin

.PHONY: demo test lint clean

demo: .venv/train.done
	@test -f $(RUN)/manifest.json || $(BIN)/taojin train world --out $(RUN)
	@exec $(BIN)/taojin serve $(RUN) --port $(PORT)

test: .venv/dev.done lint
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadgroup -q

lint: .venv/dev.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "taojin needs Python 3.11 or newer: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv

.venv/train.done: pyproject.toml | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[train]'
	@touch $@

.venv/dev.done: pyproject.toml | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[train,spark,dev]'
	@touch $@ .venv/train.done

clean:
	rm -rf .venv runs .cache
