#!/bin/sh
# Writes the lock files anew: every version pinned, every file named by its hash, no address in them.
# One lock serves Python 3.11 to 3.13 on every platform. `make lock` calls this.
# Options are handed to uv: `tools/lock.sh --upgrade` or `--upgrade-package numpy`.
set -eu
cd "$(dirname "$0")/.."
uv=$(command -v uv || echo .venv/bin/uv)

compile() {
  out=$1
  shift
  "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
    --no-emit-index-url --no-emit-find-links --output-file "requirements/$out" "$@"
}

compile uv.txt requirements/uv.in "$@"
compile run.txt pyproject.toml --group build "$@"
compile cluster.txt pyproject.toml --group build --extra cluster --extra oncall --constraints requirements/run.txt "$@"
compile dev.txt pyproject.toml --group build --extra cluster --extra oncall --group dev --constraints requirements/cluster.txt "$@"

if grep -nE '://|^ *--(index|extra-index|find-links|trusted)' requirements/*.txt; then
  echo "lock: an address or a registry option got into a lock file (above)" >&2
  exit 1
fi
