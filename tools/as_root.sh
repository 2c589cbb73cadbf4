# Sourced by the scripts that install system packages, as root or by a sudo that asks for no password.

can_install() {
    command -v apt-get >/dev/null 2>&1 && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }
}

# install_packages NAME...: from the distribution; what apt says goes to a log, shown when it fails.
install_packages() {
    mkdir -p var/cache
    if ! { apt update && apt install --no-install-recommends "$@"; } >var/cache/apt.log 2>&1; then
        tail -n 20 var/cache/apt.log >&2
        return 1
    fi
}

apt() {
    if [ "$(id -u)" = 0 ]; then
        DEBIAN_FRONTEND=noninteractive apt-get -q -y "$@" </dev/null
    else
        sudo -n DEBIAN_FRONTEND=noninteractive apt-get -q -y "$@" </dev/null
    fi
}
