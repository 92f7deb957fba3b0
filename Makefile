# One front for everything. `make run` needs Python 3.11+ with venv; nothing else has to be installed first.
PORT ?= 8700
DATA ?= data
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo "$$p" && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input install
APT := DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0
WORKERS ?= 2
# Many images forbid it; then every process of the service and every worker of the tests compiles all of our code anew.
unexport PYTHONDONTWRITEBYTECODE
.DEFAULT_GOAL := help
.PHONY: help run test live bench check style wheel format policies metrics revision browser engines

help:
	@echo "make run [PORT=8700 DATA=data]  准备环境并启动演示"
	@echo "make test                       检查与测试（不含真实引擎与长程测试），约一刻钟"
	@echo "make live                       真实 Kafka、Elasticsearch 与 PostgreSQL 上的测试，以及全程实走、真等、真杀进程的长程测试"
	@echo "make bench / check / wheel      测速 / 仅静态检查 / 打包并在空环境试装"

$(VENV)/made:
	@if [ -z "$(PYTHON)" ]; then \
		echo "没有找到带 venv 的 Python 3.11 或更新版本。Debian/Ubuntu 请先执行：apt install python3-venv" >&2; exit 1; fi
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/ready: $(VENV)/made requirements.txt requirements-build.txt pyproject.toml
	@echo "正在安装所需的库（首次约一两分钟）……"
	@$(PIP) --require-hashes -r requirements.txt
	@$(PIP) --require-hashes -r requirements-build.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev: $(VENV)/ready requirements-dev.txt
	@$(PIP) --require-hashes -r requirements-dev.txt
	@touch $@

run: $(VENV)/ready
	@exec $(BIN)/fengxin demo --port $(PORT) --data "$(DATA)"

check: style
	$(BIN)/mypy

style: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# Two runs each: a browser and a crawl do not share one, and engines are down before the long courses. Both are made,
# also after a failure.
define pytest
failed=0; run() { echo "$(BIN)/python -m pytest $$*"; $(BIN)/python -m pytest "$$@" || failed=1; }; \
course() { \
	echo "$(BIN)/python -m pytest $$*"; $(BIN)/python -m pytest "$$@" && return; \
	echo "== failed beside others; each is walked once more, alone:"; \
	$(BIN)/python -m pytest "$$@" -n 0 --last-failed --last-failed-no-failures none --maxfail 2 || { failed=1; return; }; \
	echo "== passed alone, after it had failed beside others"; };
endef
# A course, a browser, an installed product and an engine keep real time while others take the machine from them: what
# failed so is told, here and in the closing lines of .ci/run, and walked once more alone. Plain tests have one try.
SIDE_BY_SIDE = -n $(WORKERS) --dist loadfile
# The plain tests and the long courses wait for the disk or the clock a third of their time.
MORE = -n $$(($(WORKERS) + 1)) --dist loadfile --no-loadscope-reorder

# The types are checked beside the first run: a minute of one core, that nobody waits for.
test: style browser
	@mkdir -p build; rm -f build/types.code; ($(BIN)/mypy >build/types.log 2>&1; echo $$? >build/types.code) & $(pytest) \
	run $(MORE) -m "not live and not long and not browser" --ignore tests/acceptance; \
	course $(SIDE_BY_SIDE) -m "not live and not long" tests/acceptance tests/escalation/web/test_*browser.py; \
	wait; echo "$(BIN)/mypy"; cat build/types.log; [ "$$(cat build/types.code)" = 0 ] || failed=1; \
	exit $$failed

live: $(VENV)/dev engines browser
	@export FENGXIN_LIVE=required; $(pytest) \
	course $(SIDE_BY_SIDE) -m live; \
	course $(MORE) -m "long and not live"; \
	exit $$failed

bench: $(VENV)/dev
	@mkdir -p build
	$(BIN)/python -m tests.bench

wheel: $(VENV)/dev
	.ci/wheel $(BIN)/python

format: $(VENV)/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Writes escalation/policies/who anew: for every pack the table of who is told, as the command prints it.
policies: $(VENV)/ready
	@mkdir -p escalation/policies/who && rm -f escalation/policies/who/*.md
	@for pack in escalation/policies/*/pack.toml; do \
		code=$$(basename "$$(dirname "$$pack")"); \
		$(BIN)/fengxin policy who "$$code" --table >"escalation/policies/who/$$code.md" || exit 1; done

# Writes deploy/metrics.md and Grafana's dashboard anew from the metric catalogue.
metrics: $(VENV)/ready
	@$(BIN)/python -m deploy.metric_catalogue >deploy/metrics.md
	@$(BIN)/python -m deploy.dashboard >deploy/grafana/dashboards/fengxin.json

# Writes deploy/migrations/versions/0001_first.py anew from the tables as they are; only until 0.1.0 is released.
revision: $(VENV)/dev
	$(BIN)/python -m deploy.migrations.first

# Packages of the system that tests need: installed by root (a fresh CI machine), otherwise named.
browser:
	@missing=""; command -v chromium >/dev/null || missing="chromium"; \
	fc-list :lang=zh 2>/dev/null | grep -q . || missing="$$missing fonts-noto-cjk"; $(call packages,true)

# Without them `make live` has nothing to run on, so it stops here.
engines:
	@missing=""; command -v mvn >/dev/null || missing="maven"; command -v openssl >/dev/null || missing="$$missing openssl"; \
	command -v promtool >/dev/null || missing="$$missing prometheus"; \
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$$missing postgresql"; $(call packages,false)

define packages
if [ -n "$$missing" ]; then \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		$(APT) update && $(APT) install -y --no-install-recommends $$missing; \
	else echo "缺少系统软件包：$$missing（Debian/Ubuntu：apt install $$missing）" >&2; $(1); fi; fi
endef
