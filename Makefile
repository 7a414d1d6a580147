# Needs Python 3.11 or newer with venv, and nothing else. PYTHON=... names the interpreter, ARGS=... goes to the command.
.PHONY: help demo test test-browser check bench bench-classifier lock

RUN := .venv/bin/python
# Tests of one file stay together, the long files first (tests/conftest.py); SPREAD= runs them all in one process.
SPREAD ?= -n 2 --dist loadfile --no-loadscope-reorder
LOCK := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-header --no-annotate $(UPGRADE) pyproject.toml
PYTHON ?=
export PYTHON

help:
	@echo "make demo          运行演示系统 / run the whole desk with invented tickets (ARGS='--port 9000')"
	@echo "make test          运行测试 / run every test that needs only wheels"
	@echo "make test-browser  运行浏览器测试 / run the tests that need a browser"
	@echo "make check         检查代码 / ruff, mypy, import-linter"
	@echo "make bench         性能测量 / benchmarks"
	@echo "make bench-classifier  文本模型测评 / the text model on data it has not seen (ARGS='--data FOLDER')"
	@echo "make lock          更新依赖锁 / make both locks from pyproject.toml (UPGRADE=--upgrade takes newer versions)"

demo:
	@scripts/environment.sh runtime
	@exec .venv/bin/hotline demo $(ARGS)

test:
	@scripts/environment.sh dev
	@code=0; $(RUN) -m pytest -rs $(SPREAD) $(ARGS) || code=$$?; \
	echo "未运行 / not run: browser tests (make test-browser)"; exit $$code

test-browser:
	@echo "还没有浏览器测试 / there are no browser tests yet: nothing was run"

# All four, whatever the first ones find.
check:
	@scripts/environment.sh dev
	@code=0; \
	for each in "-m ruff check ." "-m ruff format --check ." "-m mypy" ".venv/bin/lint-imports --no-logo"; do \
		echo "$$each"; $(RUN) $$each || code=1; \
	done; exit $$code

bench-classifier:
	@scripts/environment.sh dev
	$(RUN) -m benchmarks.classifier $(ARGS)

bench:
	@scripts/environment.sh dev
	$(RUN) -m benchmarks.run $(ARGS)

# The development lock first: the runtime lock takes its versions, so that tests run what users run.
lock:
	@scripts/environment.sh dev
	$(LOCK) --extra dev --output-file requirements-dev.lock
	$(LOCK) --constraint requirements-dev.lock --output-file requirements.lock
