#!/bin/sh
# Find or install what some tests need beside our environment: Chromium, nginx, Open edX and MinIO. Where one cannot be had, say so;
# the tests that need it then leave themselves out and say why.
set -eu
. tools/as_root.sh

MINIO=github.com/minio/minio@latest
bin=$PWD/var/cache/bin

has_chromium() {
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" >/dev/null 2>&1 && return 0
    done
    [ -d "/Applications/Google Chrome.app" ] || [ -d "/Applications/Chromium.app" ]
}

# Debian's package is a real program; Ubuntu's of the same name only points to its app store.
is_debian() {
    [ -r /etc/os-release ] && (. /etc/os-release && [ "$ID" = debian ])
}

if has_chromium; then
    :
elif is_debian && can_install; then
    echo "Installing Chromium for the browser tests."
    install_packages chromium || echo "Chromium could not be installed: browser tests are left out."
else
    echo "No Chromium is found: browser tests are left out. Debian: sudo apt install chromium"
fi

# Playwright's own node needs a library that a bare Debian or Ubuntu lacks.
driver_runs() {
    .venv/bin/playwright --version >/dev/null 2>&1
}

if ! driver_runs && can_install; then
    echo "Installing libatomic1 for the browser tests."
    install_packages libatomic1 || :
fi
if ! driver_runs; then
    echo "Playwright cannot start: browser tests are left out. Debian, Ubuntu: sudo apt install libatomic1"
fi

# Unpacked only: an installed one would start to listen on port 80.
nginx=$PWD/var/cache/nginx
if command -v nginx >/dev/null 2>&1 || [ -x /usr/sbin/nginx ] || [ -x "$nginx/usr/sbin/nginx" ]; then
    :
elif command -v apt-get >/dev/null 2>&1 && command -v dpkg-deb >/dev/null 2>&1; then
    echo "Fetching nginx for its tests."
    mkdir -p "$nginx"
    if ! (cd "$nginx" && apt-get -qq download nginx && dpkg-deb -x nginx_*.deb . && usr/sbin/nginx -v) \
        >"$PWD/var/cache/nginx.log" 2>&1; then
        rm -rf "$nginx"
        echo "nginx could not be fetched (var/cache/nginx.log): its tests are left out."
    fi
else
    echo "No nginx is found: its tests are left out. macOS: brew install nginx"
fi

# In an environment of its own: its dependencies are many, and some older than ours.
openedx=$PWD/var/cache/openedx
if cmp -s requirements/openedx.txt "$openedx/installed.txt"; then
    :
else
    echo "Fetching Open edX's LTI consumer for its tests."
    mkdir -p "$PWD/var/cache"
    if .venv/bin/python -m venv --clear "$openedx" >var/cache/openedx.log 2>&1 &&
        "$openedx/bin/pip" --disable-pip-version-check --quiet install --require-hashes \
            --requirement requirements/openedx.txt >>var/cache/openedx.log 2>&1; then
        cp requirements/openedx.txt "$openedx/installed.txt"
    else
        rm -rf "$openedx"
        echo "Open edX's consumer could not be fetched (var/cache/openedx.log): its tests are left out."
    fi
fi

if [ -x "$bin/minio" ] || command -v minio >/dev/null 2>&1; then
    :
elif command -v go >/dev/null 2>&1; then
    echo "Building MinIO once, for the S3 tests; this takes a few minutes."
    mkdir -p "$bin"
    GOBIN=$bin go install "$MINIO" >var/cache/minio.log 2>&1 ||
        echo "MinIO could not be built (var/cache/minio.log): S3 tests run on SeaweedFS alone."
else
    echo "Neither minio nor Go is found: S3 tests run on SeaweedFS alone."
fi
