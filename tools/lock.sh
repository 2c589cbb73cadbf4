#!/bin/sh
# Write requirements/*.txt: every version and hash, for Linux and macOS, Python 3.11 to 3.14, whatever this machine is.
set -eu

[ -x .venv/bin/uv ] || .venv/bin/pip install --quiet uv

compile() {
    target=$1
    shift
    # Already pinned versions stay unless --upgrade is given in ARGS.
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-annotate --no-header --no-emit-index-url --no-emit-find-links ${ARGS:-} \
        "$@" --output-file "requirements/$target.txt"
}

compile test setup.cfg requirements/build.in --extra embedded --extra test
# The smaller sets take the same versions.
compile run setup.cfg requirements/build.in --extra embedded --constraint requirements/test.txt
compile base setup.cfg --constraint requirements/test.txt
compile node requirements/node.in
compile openedx requirements/openedx.in
