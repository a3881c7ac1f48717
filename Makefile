# The commands of this project; `make` lists them.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help demo test check format lock bench chaos golden caniemail catalogues clean

help: ## List the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/ready-dev: .venv/ready requirements-dev.lock
	$(BIN)/pip install --quiet --require-hashes -r requirements-dev.lock
	@touch $@

demo: .venv/ready ## Take the sample stories and 2,500 sample readers through the whole job, to a sandbox on this machine
	NEWSLETTER_SANDBOX=1 $(BIN)/newsletter demo

test: .venv/ready-dev ## Run all tests
	$(BIN)/pytest -n auto --dist loadfile

check: .venv/ready-dev ## Format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: .venv/ready-dev ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## Resolve the dependencies anew (needs uv)
	uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 --extra build pyproject.toml --output-file requirements.lock
	uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 --extra build --extra dev --constraint requirements.lock pyproject.toml --output-file requirements-dev.lock

bench: .venv/ready-dev ## Measure: a send of 100,000 readers beside a bare loop; ARGS="--readers 1000000 --database postgresql" for others
	$(BIN)/python -m benchmarks.send $(ARGS)

chaos: .venv/ready-dev ## Kill processes 1,000 times and more on each database, and count what the readers got (half an hour)
	$(BIN)/python tests/chaos/chaos_long.py --kills 1000

golden: .venv/ready-dev ## Write the golden mails anew, to be looked at before they are committed
	$(BIN)/pytest tests/rendering --update-golden

caniemail: .venv/ready ## Renew what the proof knows of mail clients, from FILE=data.json as caniemail.com/api/data.json gives it
	$(BIN)/python -m newsletter.rendering.proof.caniemail $(FILE)

catalogues: .venv/ready-dev ## Bring the words of the templates into templates/locale/*.po, to be translated
	@mkdir -p var
	$(BIN)/pybabel -q extract --mapping pyproject.toml --no-default-keywords --keywords "_ gettext ngettext:1,2" --add-location file --sort-by-file \
		--omit-header --output-file var/email.pot templates newsletter
	@# the first lines of a catalogue say its language and its plurals: they stay
	for file in templates/locale/*.po; do sed -n '1{/^msgid ""$$/!q};p;/^$$/q' $$file > var/head.po; $(BIN)/pybabel -q update --omit-header --no-fuzzy-matching \
		--ignore-obsolete --width 120 --input-file var/email.pot --output-file $$file --locale $$(basename $$file .po | tr - _); \
		cat var/head.po $$file > var/words.po; mv var/words.po $$file; done

clean: ## Remove the environment and what the demo made
	rm -rf .venv var
