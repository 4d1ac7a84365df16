# The few verbs to know: make run, make test, make check, make format, make bench.

.DEFAULT_GOAL := help
.PHONY: help run test check all-checks format bench
.SILENT:
.DELETE_ON_ERROR:

BIN := .venv/bin
PYTHONS := python3 python3.13 python3.12 python3.11
VERSION_OK := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
SOURCES := manage.py tagplatform recommender feedback tests
TEMPLATES := templates

# Pinned wheels exist for these versions of Python; PYTHON=/path/to/python chooses another one
find_python = for p in $(PYTHON) $(PYTHONS); do "$$p" -c '$(VERSION_OK)' 2>/dev/null && { echo "$$p"; exit; }; done

# Runs one check, says by name how it went, and remembers a failure
checked = printf '%-22s' '$(1)'; if said=$$($(2) 2>&1); then echo ok; \
	else echo FAILED; printf '%s\n' "$$said"; failed="$$failed, $(1)"; fi
migrations_in_step = python manage.py makemigrations --check --dry-run
written_openapi = $(BIN)/python manage.py spectacular --validate --fail-on-warn --file var/openapi.yaml

help:
	echo 'make run      start everything: database, web, workers (PORT=8001 for another port); Ctrl-C stops it'
	echo 'make test     run all tests (ARGS="-k name" for some)'
	echo 'make check    style, types, layers, migrations, API description, templates'
	echo 'make format   put code and templates into shape'
	echo 'make bench    our recipes beside their peers (SETS="debtags" SYSTEMS="auto linear-svm" for some)'

run: .venv/.run-stamp
	$(BIN)/python -m tagplatform.launcher run $(if $(PORT),--port $(PORT))

test: .venv/.dev-stamp
	$(BIN)/python -m pytest $(ARGS)

# Some of Django's checks ask the database what it can do, so it must be up
check: .venv/.dev-stamp
	$(BIN)/python -m tagplatform.launcher exec $(MAKE) --no-print-directory all-checks

all-checks:
	failed=; \
	$(call checked,ruff check,$(BIN)/ruff check .); \
	$(call checked,ruff format,$(BIN)/ruff format --check .); \
	$(call checked,mypy,$(BIN)/mypy $(SOURCES)); \
	$(call checked,import layers,$(BIN)/lint-imports); \
	$(call checked,django check,$(BIN)/python manage.py check); \
	$(call checked,migrations in step,$(BIN)/$(migrations_in_step)); \
	$(call checked,docs/openapi.yaml,$(written_openapi) && diff -u docs/openapi.yaml var/openapi.yaml); \
	$(call checked,templates,$(BIN)/djlint --check --lint $(TEMPLATES)); \
	if [ -n "$$failed" ]; then echo "Failed: $${failed#, }" >&2; exit 1; fi

format: .venv/.dev-stamp
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .
	$(BIN)/djlint --reformat --quiet $(TEMPLATES) || true
	$(BIN)/python -m tagplatform.launcher exec $(BIN)/python manage.py spectacular --file docs/openapi.yaml
	echo 'docs/openapi.yaml is written anew.'

# SETS and SYSTEMS choose some, DATA another folder of data sets; ARGS="--again" runs anew what has run
bench: .venv/.run-stamp benchmarks/.venv/.stamp benchmarks/.venv-pecos/.stamp
	benchmarks/.venv/bin/python -m benchmarks.compare $(if $(SETS),--sets $(SETS)) $(if $(SYSTEMS),--systems $(SYSTEMS)) \
		$(if $(DATA),--data $(DATA)) $(ARGS)

benchmarks/.venv/.stamp: benchmarks/requirements.txt .venv/pyvenv.cfg
	echo 'Installing benchmarks/requirements.txt into benchmarks/.venv ...'
	test -e $(@D)/pyvenv.cfg || $(BIN)/python -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

benchmarks/.venv-pecos/.stamp: benchmarks/requirements-pecos.txt .venv/pyvenv.cfg
	echo 'Installing benchmarks/requirements-pecos.txt into benchmarks/.venv-pecos ...'
	test -e $(@D)/pyvenv.cfg || $(BIN)/python -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r $<
	touch $@

# One environment: make run installs requirements.txt, make test and make check the tools as well

.venv/.run-stamp: requirements.txt .venv/pyvenv.cfg
	echo 'Installing requirements.txt into .venv (some minutes the first time) ...'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --use-pep517 -r requirements.txt
	touch $@

.venv/.dev-stamp: requirements-dev.txt .venv/.run-stamp
	echo 'Installing requirements-dev.txt into .venv ...'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --use-pep517 -r requirements-dev.txt
	touch $@

.venv/pyvenv.cfg:
	python=$$($(find_python)); \
	if [ -z "$$python" ]; then \
		echo "Python 3.11, 3.12 or 3.13 is needed; found: $$(python3 --version 2>&1 || echo none)." >&2; \
		echo 'On Debian or Ubuntu: apt install python3 python3-venv   (or make run PYTHON=/path/to/python3.12)' >&2; \
		exit 1; \
	fi; \
	if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
		version=$$("$$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
		echo "This Python cannot make environments. On Debian or Ubuntu: apt install python$$version-venv" >&2; \
		exit 1; \
	fi; \
	rm -rf .venv && "$$python" -m venv .venv
	# The project is importable from anywhere in its environment, as pytest's plugin needs it
	site=$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))'); \
	pwd > "$$site/tagplatform.pth"
