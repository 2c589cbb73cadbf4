#!/bin/sh
# Make .venv with the newest Python from 3.11 on that is found, or say what to install.
set -eu

fits() {
    command -v "$1" >/dev/null 2>&1 &&
        "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null
}

python=
for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
    if fits "$candidate"; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "error: Python 3.11 to 3.14 is needed and none was found." >&2
    echo "  Debian, Ubuntu: sudo apt install python3 python3-venv    macOS: brew install python@3.13" >&2
    echo "  If it has another name: make PYTHON=/path/to/python3 ..." >&2
    exit 1
fi

# Debian and Ubuntu keep what venv needs to install pip in a package of its own.
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    . tools/as_root.sh
    if can_install; then
        echo "Installing python3-venv, which Debian keeps apart from Python."
        install_packages "$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
    else
        echo "error: $python lacks ensurepip. Install it and try again: sudo apt install python3-venv" >&2
        exit 1
    fi
fi

echo "Making .venv with $("$python" --version)."
"$python" -m venv --clear .venv
