#!/bin/bash
# From a fresh Debian 12 or Ubuntu 24.04 to a guest that answers ssh: install nova_lite, start it, boot the server hello.
#
#   tools/quickstart.sh [OPTION...]      as root, or as somebody who may sudo; can be run again at any time
#
#   --state-dir DIR      what the cloud keeps: database, images, disks, logs (default: /var/lib/nova_lite)
#   --prefix DIR         the virtual environment it runs from (default: /opt/nova_lite)
#   --listen HOST:PORT   where all APIs answer (default: 127.0.0.1:8774)
#   --driver NAME        libvirt (default), or fake: guests are only remembered, no hypervisor is installed
#   --remove             undo all of it: servers, cloud, the libvirtd it started, both directories
#   --purge-packages     with --remove: also the system packages that it installed
#
# pip and apt follow their usual settings.  PYTHON names another interpreter than python3.
set -euo pipefail
[ "$(id -u)" = 0 ] || exec sudo -E bash "${BASH_SOURCE[0]}" "$@"

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
STATE=/var/lib/nova_lite PREFIX=/opt/nova_lite LISTEN=127.0.0.1:8774 DRIVER=libvirt ACTION=install PURGE=no
STEP="reading the options" NUMBER=0 STEPS=7
# shellcheck source=packages.sh
. "$ROOT/tools/packages.sh"

usage() { sed -n '2,/^set /{/^set /d; s/^# \{0,1\}//p}' "$ROOT/tools/quickstart.sh"; }

read_options() {
    while [ $# -gt 0 ]; do
        case $1 in
            --state-dir) STATE=$(realpath -m "$2"); shift ;;
            --prefix) PREFIX=$(realpath -m "$2"); shift ;;
            --listen) LISTEN=$2; shift ;;
            --driver) DRIVER=$2; shift ;;
            --remove) ACTION=remove ;;
            --purge-packages) PURGE=yes ;;
            -h | --help) usage; exit 0 ;;
            *) echo "quickstart.sh: there is no option $1" >&2; usage >&2; exit 64 ;;
        esac
        shift
    done
    [[ $DRIVER = libvirt || $DRIVER = fake ]] || { echo "quickstart.sh: --driver is libvirt or fake" >&2; exit 64; }
    NOTES=$PREFIX/quickstart LOG=$PREFIX/quickstart/log BIN=$PREFIX/bin
    if [ $DRIVER = libvirt ]; then IMAGE=nova-guest; else IMAGE=tiny; fi
    # shellcheck disable=SC2206  # lists of words
    if [ $DRIVER = libvirt ]; then PACKAGES=($PACKAGES_PYTHON $PACKAGES_HOST $PACKAGES_GUEST); else PACKAGES=(python3 python3-venv); fi
}

# step TITLE COMMAND...: run it with its output in the log, show that time goes by, stop everything when it fails.
step() {
    local began=$SECONDS
    STEP=$1
    NUMBER=$((NUMBER + 1))
    printf '[%d/%d] %s ' $NUMBER $STEPS "$STEP"
    shift
    (while sleep 5; do printf .; done) &
    TICKER=$!
    printf '\n==== %s\n' "$STEP" >>"$LOG"
    "$@" >>"$LOG" 2>&1
    kill $TICKER
    wait $TICKER 2>/dev/null || true
    printf ' %d s\n' $((SECONDS - began))
}

at_exit() {
    local status=$?
    [ -z "${TICKER:-}" ] || kill "$TICKER" 2>/dev/null || true
    [ $status -ne 0 ] && [ $status -ne 64 ] || return 0
    printf '\nquickstart.sh: "%s" failed.\n' "$STEP" >&2
    if [ -s "${LOG:-}" ]; then
        printf 'The end of %s:\n' "$LOG" >&2
        tail -n 15 "$LOG" | sed 's/^/    /' >&2
    fi
    printf 'Mend that and run the same command again: what is done is kept. --remove undoes everything.\n' >&2
}

plan() {
    local missing
    missing=$(missing_packages "${PACKAGES[@]}" | paste -sd ' ')
    cat <<END
This makes an OpenStack-compatible cloud on this machine. It will
  1. install the system packages that are missing: ${missing:-none is}
  2. make a Python virtual environment with nova_lite and the openstack client in $PREFIX
  3. see that libvirtd runs, and start it where no init system does
  4. start the cloud at http://$LISTEN, with all it keeps in $STATE
  5. build a guest image of 17 MiB from packages of this distribution and register it
  6. create the keypair and the server 'hello', and boot it
  7. wait until ssh answers, and look inside
A bridge with DHCP and NAT for the guests appears with the first server. Nothing else on this machine is changed, and
'tools/quickstart.sh --remove' undoes it all. Details go to $LOG.

END
    [ ! -t 0 ] || { echo "Ctrl-C within 5 seconds to leave it."; sleep 5; }
}

# ---- the steps

packages_installed() {
    local missing
    mapfile -t missing < <(missing_packages "${PACKAGES[@]}")
    [ ${#missing[@]} -gt 0 ] || { echo "nothing is missing"; return; }
    printf '%s\n' "${missing[@]}" >>"$NOTES/packages"
    install_packages "${missing[@]}"
}

environment() {
    local python source extras=""
    python=$(find_python)
    [ $DRIVER = fake ] || extras="[libvirt]"
    [ -x "$BIN/python" ] || "$python" -m venv "$PREFIX"
    # From a copy: a build leaves directories in its source, and the checkout is not ours.
    source=$(mktemp -d)
    tar -C "$ROOT" --exclude=./.git --exclude=./.cache --exclude=./build -cf - . | tar -C "$source" -xf -
    "$BIN/pip" install --disable-pip-version-check "$source$extras" python-openstackclient
    rm -rf "$source"
    [ $DRIVER = fake ] || fetch_novnc "$PREFIX/share/novnc" || echo "noVNC could not be fetched; screens need it"
}

# The libvirtd of a machine without an init system; one that runs already is left alone.
libvirtd() { "$BIN/python" -m nova_lite.virt.libvirt.daemon "$1" --run-dir "$NOTES/libvirtd"; }

libvirt_running() {
    [ $DRIVER = libvirt ] || { echo "the fake driver needs none"; return; }
    if [ -d /run/systemd/system ]; then systemctl start libvirtd; else libvirtd start; fi
    libvirtd status
}

cloud_up() {
    # Stopping it first lets it run what was just installed; guests do not notice.
    "$BIN/nova-lite" down --state-dir "$STATE"
    "$BIN/nova-lite" doctor --state-dir "$STATE" --listen "$LISTEN" --driver $DRIVER
    "$BIN/nova-lite" up --detach --state-dir "$STATE" --listen "$LISTEN" --driver $DRIVER
}

openstack() { "$BIN/openstack" "$@"; }

image_registered() {
    [ $DRIVER = libvirt ] || { echo "the fake driver brings one"; return; }
    if openstack image show $IMAGE; then return; fi
    bash "$ROOT/tools/guest/build.sh" "$NOTES/nova-guest.qcow2" "$NOTES/cache"
    openstack --os-cloud nova-lite-admin image create --public --disk-format qcow2 --container-format bare \
        --file "$NOTES/nova-guest.qcow2" $IMAGE
}

# An earlier run's server is used when its key is still ours and it can run; else it makes place.
server_booted() {
    local status
    status=$(openstack server list -f value -c Status --name '^hello$')
    if ! [ -s "$STATE/hello.key" ] || ! openstack keypair show hello; then
        [ -z "$status" ] || openstack server delete --wait hello
        status=""
        openstack keypair list -f value -c Name | grep -qx hello && openstack keypair delete hello || true
        (umask 077; openstack keypair create hello >"$STATE/hello.key.new")
        mv "$STATE/hello.key.new" "$STATE/hello.key"
    fi
    case $status in
        ACTIVE) return ;;
        SHUTOFF) openstack server start hello; return ;;
        ?*) openstack server delete --wait hello ;;
    esac
    openstack server create --flavor m1.nano --image $IMAGE --network private --key-name hello --wait hello && return
    openstack server show hello -f value -c fault
    echo "the whole story: $STATE/log/nova-lite.log"
    return 1
}

in_guest() {
    ssh -F none -i "$STATE/hello.key" -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
        -o LogLevel=ERROR -o ConnectTimeout=5 "nova@$1" "$2"
}

guest_answers() {
    local address
    address=$(openstack server show -f value -c addresses hello | grep -oE '[0-9]+(\.[0-9]+){3}' | head -n 1)
    echo "$address" >"$NOTES/address"
    [ $DRIVER = libvirt ] || { echo "the fake driver remembers guests, it does not run them"; return; }
    for _ in $(seq 60); do
        if in_guest "$address" "uname -a" | tee "$NOTES/uname"; [ -s "$NOTES/uname" ]; then return; fi
        sleep 2
    done
    openstack console log show hello
    return 1
}

show() {
    printf '\nThe end of its console (openstack console log show hello):\n'
    openstack console log show hello | tail -n 12 | sed 's/^/    /'
    [ $DRIVER = fake ] || printf '\nInside hello, over ssh, uname -a:\n    %s\n' "$(cat "$NOTES/uname")"
    cat <<END

The cloud runs, $SECONDS seconds after you asked. Five commands to try next (the first in each new shell):
    export OS_CLIENT_CONFIG_FILE=$STATE/clouds.yaml OS_CLOUD=nova-lite PATH=$BIN:\$PATH
    openstack server list
    ssh -i $STATE/hello.key nova@$(cat "$NOTES/address")
    openstack server create --flavor m1.nano --image $IMAGE --network private --key-name hello --wait second
    openstack server stop hello
'nova-lite down' stops the cloud and leaves the guests running; 'tools/quickstart.sh --remove' undoes everything.
END
}

# ---- both ways

install() {
    mkdir -p "$NOTES"
    echo "$DRIVER" >"$NOTES/driver"
    : >"$LOG"
    export OS_CLIENT_CONFIG_FILE=$STATE/clouds.yaml OS_CLOUD=nova-lite
    plan
    step "system packages" packages_installed
    step "virtual environment with nova_lite" environment
    step "libvirtd" libvirt_running
    step "the cloud" cloud_up
    step "guest image" image_registered
    step "server hello" server_booted
    step "ssh into it" guest_answers
    STEP="showing the result"
    show
}

remove() {
    [ -d "$NOTES" ] || { echo "There is nothing of quickstart.sh in $PREFIX."; return; }
    STEPS=2
    if [ $PURGE = yes ] && [ -s "$NOTES/packages" ]; then STEPS=3; fi
    echo "This deletes every server of the cloud in $STATE, the cloud itself, the libvirtd it started, $STATE and $PREFIX."
    DRIVER=$(cat "$NOTES/driver")
    step "servers and cloud" remove_cloud
    step "libvirtd" remove_libvirtd
    if [ $STEPS = 3 ]; then
        step "packages" xargs -a "$NOTES/packages" env DEBIAN_FRONTEND=noninteractive apt-get -q purge -y --autoremove
    elif [ -s "$NOTES/packages" ]; then
        echo "Kept, since others may use them by now: $(xargs -a "$NOTES/packages" echo)"
    fi
    rm -rf "$PREFIX"
    echo "Done."
}

remove_cloud() {
    [ -x "$BIN/nova-lite" ] || { echo "it was never installed"; return; }
    [ ! -e "$STATE" ] || libvirt_running
    "$BIN/nova-lite" remove --yes --state-dir "$STATE" --driver "$DRIVER"
    rm -rf "$STATE"
}

remove_libvirtd() {
    [ ! -x "$BIN/python" ] || [ "$DRIVER" = fake ] || libvirtd stop
}

trap at_exit EXIT
read_options "$@"
$ACTION
