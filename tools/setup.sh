#!/bin/sh
# Makes .venv from the lock on a machine that has Python 3.11, 3.12 or 3.13 and nothing else.
#   tools/setup.sh run    what `headworks` needs
#   tools/setup.sh dev    and what tests, lint and benchmarks need
# Every file is checked against its hash in requirements/; uv is used when it is on PATH, and else
# comes into .venv by pip, from the lock too. Needs no root, no Docker and no compiler.
set -eu
cd "$(dirname "$0")/.."
lock=${1:-run}
venv=.venv

say() { echo "setup: $*" >&2; }

# A name on PATH may be a launcher for a version that is not there, so each one is asked.
find_python() {
  for name in ${PYTHON:-} python3.13 python3.12 python3.11 python3 python; do
    if "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
      >/dev/null 2>&1; then
      command -v "$name"
      return
    fi
  done
  return 1
}

make_venv() {
  python=$(find_python) || {
    say "Headworks needs Python 3.11, 3.12 or 3.13, and none of python3.13, python3.12, python3.11"
    say "and python3 is one. Install one, or name it: make setup PYTHON=/path/to/python3.12"
    exit 1
  }
  say "making $venv with $("$python" --version) ($python)"
  if command -v uv >/dev/null 2>&1; then
    uv venv --quiet --allow-existing --python "$python" "$venv"
  elif ! "$python" -m venv "$venv"; then
    rm -rf "$venv"
    say "this Python cannot make virtual environments; on Debian and Ubuntu: apt-get install python3-venv"
    exit 1
  fi
}

# An environment whose Python has gone (an upgrade, a moved folder) is made again.
"$venv/bin/python" -c '' 2>/dev/null || make_venv
if command -v uv >/dev/null 2>&1; then
  uv=uv
else
  uv=$venv/bin/uv
  if ! [ -x "$uv" ]; then
    say "bringing uv into $venv"
    # An environment that uv made, on a machine that has lost it since, has no pip.
    "$venv/bin/python" -m pip --version >/dev/null 2>&1 || "$venv/bin/python" -m ensurepip >/dev/null
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
      --only-binary :all: -r requirements/uv.txt
  fi
fi

say "installing requirements/$lock.txt"
export VIRTUAL_ENV="$PWD/$venv"
# --no-config: what bounded the lock when it was made is no requirement with a hash.
# --no-build: a package without a wheel for this machine is an error here, not a search for a compiler.
"$uv" pip install --no-config --quiet --require-hashes --no-build -r "requirements/$lock.txt"
# The build backend came with the lock, so this step asks no registry.
"$uv" pip install --quiet --no-deps --no-build-isolation --offline --editable .
