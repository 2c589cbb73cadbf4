#!/bin/sh
# Fetch the pinned browser-side libraries with npm: the system's, or one from a wheel where there is none.
set -eu

if ! command -v npm >/dev/null 2>&1; then
    echo "No npm is found: installing one into .venv."
    .venv/bin/pip install --quiet --require-hashes --requirement requirements/node.txt
    PATH=$PWD/.venv/bin:$PATH
    export PATH
fi
npm ci --ignore-scripts --loglevel=error
.venv/bin/python tools/vendor.py
