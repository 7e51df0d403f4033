# shellcheck shell=bash disable=SC2034
# Lists of system packages and how to install them; quickstart.sh and test.sh read this.  Debian 12 and Ubuntu 24.04.

# To make a virtual environment; libvirt-python is compiled against the libvirt of the machine.
PACKAGES_PYTHON="python3 python3-venv python3-dev gcc pkg-config libvirt-dev"
# What a compute host needs.
PACKAGES_HOST="libvirt-daemon libvirt-daemon-system libvirt-daemon-driver-qemu libvirt-clients qemu-system-x86 qemu-utils
               dnsmasq-base nftables iproute2"
# To build the guest image (tools/guest) and log in.
PACKAGES_GUEST="e2fsprogs mtools syslinux syslinux-common fdisk qemu-utils cpio kmod zstd xz-utils openssh-client"
# What tests of networks ask with.
PACKAGES_NETWORK="busybox iputils-ping"
# What tests look at consoles with.
PACKAGES_BROWSER="chromium"
# Servers that tests start privately.
PACKAGES_SERVERS="rabbitmq-server postgresql mariadb-server"
PACKAGES_LINT="shellcheck"
PACKAGES_DOC="graphviz"

# missing_packages NAME...: print those that are not installed.
missing_packages() {
    local name
    for name in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || echo "$name"
    done | sort -u
}

# install_packages NAME...: fetch and install, without questions and without what is merely recommended.  Needs root.
install_packages() {
    local quiet=(-q -o Dpkg::Use-Pty=0 -o APT::Sandbox::User=root)
    export DEBIAN_FRONTEND=noninteractive
    # Another apt may be at work on a machine that has just booted: wait for it.
    apt-get "${quiet[@]}" -o DPkg::Lock::Timeout=300 update &&
        apt-get "${quiet[@]}" -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"
}

# fetch_novnc FOLDER: unpack Debian's noVNC there, without the packages that its own proxy would need.
fetch_novnc() (
    [ -s "$1/core/rfb.js" ] && return
    draft=$(mktemp -d) && trap 'rm -rf "$draft"' EXIT && cd "$draft" &&
        apt-get -q -o APT::Sandbox::User=root download novnc >&2 && dpkg-deb -x novnc_*.deb . &&
        mkdir -p "$(dirname "$1")" && rm -rf "$1" && cp -r usr/share/novnc "$1"
)

# fetch_agent FOLDER: unpack QEMU's guest agent there; nothing is installed.
fetch_agent() (
    [ -s "$1/usr/sbin/qemu-ga" ] && return
    draft=$(mktemp -d) && trap 'rm -rf "$draft"' EXIT && cd "$draft" &&
        apt-get -q -o APT::Sandbox::User=root download qemu-guest-agent >&2 && dpkg-deb -x qemu-guest-agent_*.deb agent &&
        mkdir -p "$(dirname "$1")" && rm -rf "$1" && cp -r agent "$1"
)

# without_services COMMAND...: run it while packages are kept from starting their services (policy-rc.d, Debian policy 9.3.3).
without_services() {
    local policy=/usr/sbin/policy-rc.d status=0
    if [ -e "$policy" ]; then
        "$@"
        return
    fi
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    "$@" || status=$?
    rm -f "$policy"
    return $status
}

# find_python: print the first Python of at least 3.11, the machine's own last.
find_python() {
    local each
    for each in "${PYTHON:-python3}" /usr/bin/python3; do
        if "$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$each"
            return
        fi
    done
    echo "python3 is older than 3.11 or not there; set PYTHON to one that is" >&2
    return 1
}
