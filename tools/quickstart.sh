#!/bin/bash
# From a fresh Debian 12 or Ubuntu 24.04 to a guest that answers ssh: install nova_lite, start it, boot the server hello.
#
#   tools/quickstart.sh [OPTION...]      as root, or as somebody who may sudo; can be run again at any time
#
#   --state-dir DIR      what the cloud keeps: database, images, disks, logs (default: /var/lib/nova_lite)
#   --prefix DIR         the virtual environment it runs from (default: /opt/nova_lite)
#   --listen HOST:PORT   where all APIs answer (default: 127.0.0.1:8774)
#   --driver NAME        libvirt (default), or fake: guests are only remembered, no hypervisor is installed
#   --remove             take it all away: servers, cloud, the libvirtd it started, both directories
#   --purge-packages     with --remove: also the system packages that it installed
#
# pip and apt follow their usual settings.  PYTHON names another interpreter than python3.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
STATE=/var/lib/nova_lite PREFIX=/opt/nova_lite LISTEN=127.0.0.1:8774 DRIVER=libvirt ACTION=install PURGE=no
STEP="reading the options" NUMBER=0 STEPS=7
# shellcheck source=packages.sh
. "$ROOT/tools/packages.sh"

refuse() { printf 'quickstart.sh: %s\n' "$*" >&2; exit 64; }
usage() { sed -n '2,/^set /{/^set /d; s/^# \{0,1\}//p}' "$ROOT/tools/quickstart.sh"; }

read_options() {
    while [ $# -gt 0 ]; do
        case $1 in --state-dir | --prefix | --listen | --driver) [ $# -ge 2 ] || refuse "$1 wants a value" ;; esac
        case $1 in
            --state-dir) STATE=$(realpath -m "$2"); shift ;;
            --prefix) PREFIX=$(realpath -m "$2"); shift ;;
            --listen) LISTEN=$2; shift ;;
            --driver) DRIVER=$2; shift ;;
            --remove) ACTION=remove ;;
            --purge-packages) PURGE=yes ;;
            -h | --help) usage; exit 0 ;;
            *) refuse "there is no option $1; --help shows what there is" ;;
        esac
        shift
    done
    [[ $DRIVER = libvirt || $DRIVER = fake ]] || refuse "--driver is libvirt or fake"
    [[ $LISTEN = *:+([0-9]) ]] || refuse "--listen is HOST:PORT, as 127.0.0.1:8774"
    NOTES=$PREFIX/quickstart LOG=$PREFIX/quickstart/log BIN=$PREFIX/bin
    if [ $DRIVER = libvirt ]; then IMAGE=nova-guest; else IMAGE=tiny; fi
    # shellcheck disable=SC2206  # lists of words
    if [ $DRIVER = libvirt ]; then PACKAGES=($PACKAGES_PYTHON $PACKAGES_HOST $PACKAGES_GUEST); else PACKAGES=(python3 python3-venv); fi
}

become_root() {
    [ "$(id -u)" != 0 ] || return 0
    command -v sudo >/dev/null || refuse "run it as root: it installs packages, and there is no sudo here"
    exec sudo -E bash "${BASH_SOURCE[0]}" "$@"
}

# What would be found out, or spoil something, only after minutes of installing.
check_request() {
    local cloud
    cloud=$(cat "$NOTES/state-dir" 2>/dev/null || true)
    if [ -n "$cloud" ] && [ "$cloud" != "$STATE" ]; then
        refuse "$PREFIX belongs to the cloud in $cloud; give --state-dir $cloud, or another --prefix"
    fi
    if [ ! -d "$NOTES" ] && [ -n "$(ls -A "$PREFIX" 2>/dev/null)" ]; then
        refuse "$PREFIX is there already, and not made by this script; give another --prefix"
    fi
    ! port_taken || refuse "something else listens on $LISTEN; stop it, or give another --listen HOST:PORT"
}

# Whether somebody answers there who is not the cloud of an earlier run.
port_taken() {
    timeout 2 bash -c 'exec 3<>"/dev/tcp/$1/$2"' - "${LISTEN%:*}" "${LISTEN##*:}" 2>/dev/null || return 1
    ! kill -0 "$(cat "$STATE/run/nova-lite.lock" 2>/dev/null)" 2>/dev/null
}

time_to_leave() { [ ! -t 0 ] || { echo "Ctrl-C within 5 seconds to leave it."; sleep 5; }; }

# step TITLE COMMAND...: run it with its output in the log, show that time goes by, stop everything when it fails.
step() {
    local began=$SECONDS
    STEP=$1
    NUMBER=$((NUMBER + 1))
    printf '[%d/%d] %s ' $NUMBER $STEPS "$STEP"
    shift
    (while sleep 5 >/dev/null 2>&1; do printf .; done) &    # the last sleep outlives this, and holds no pipe of ours
    TICKER=$!
    disown $TICKER          # nobody waits for it, and bash does not report that it was ended
    printf '\n==== %s\n' "$STEP" >>"$LOG"
    "$@" >>"$LOG" 2>&1
    kill $TICKER 2>/dev/null || true
    TICKER=
    printf ' %d s\n' $((SECONDS - began))
}

at_exit() {
    local status=$?
    [ -z "${TICKER:-}" ] || kill "$TICKER" 2>/dev/null || true
    [ $status -ne 0 ] && [ $status -ne 64 ] || return 0
    if [ $status = 130 ]; then
        printf '\nquickstart.sh: "%s" was interrupted. Run the same command again to go on; --remove undoes it.\n' \
            "$STEP" >&2
        return
    fi
    printf '\nquickstart.sh: "%s" failed.\n' "$STEP" >&2
    if [ -s "${LOG:-}" ]; then
        printf 'The end of %s:\n' "$LOG" >&2
        tail -n 15 "$LOG" | sed 's/^/    /' >&2
    fi
    printf 'Mend that and run the same command again: what is done is kept. --remove undoes everything.\n' >&2
}

plan() {
    local missing hypervisor="see that libvirtd runs, and start it where no init system does" inside
    local image="build a guest image of 17 MiB from packages of this distribution and register it"
    inside="wait until ssh answers, and look inside"
    if [ $DRIVER = fake ]; then
        hypervisor="need no libvirtd, for guests are only remembered"
        image="need no image, for there is one"
        inside="need no ssh, for nothing boots"
    fi
    missing=$(missing_packages "${PACKAGES[@]}" | paste -sd ' ')
    cat <<END
This makes an OpenStack-compatible cloud on this machine. It will
  1. install the system packages that are missing: ${missing:-none is}
  2. make a Python virtual environment with nova_lite and the openstack client in $PREFIX
  3. $hypervisor
  4. start the cloud at http://$LISTEN, with all it keeps in $STATE
  5. $image
  6. let ssh and ping in to servers of the first project, create a keypair and the server 'hello', boot it, and give it
     a floating IP
  7. $inside
END
    [ $DRIVER = fake ] || cat <<END
A bridge and a network namespace with DHCP and NAT for the guests appear with the first server, and with them the machine
forwards IP packets (net.ipv4.ip_forward, which stays on until it restarts: others may need it by then). Guests reach the
world, but neither this machine nor the networks it is connected to.
END
    cat <<END
Nothing else on this machine is changed, and 'tools/quickstart.sh --remove' takes all of it away again but the packages.
Details go to $LOG.

END
    time_to_leave
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
    local python source=$NOTES/source extras=""
    python=$(find_python)
    [ $DRIVER = fake ] || extras="[libvirt]"
    # One whose making was interrupted has a python, and no pip.
    "$BIN/python" -m pip --version || "$python" -m venv "$PREFIX"
    # From a copy: a build leaves directories in its source, and the checkout is not ours.
    rm -rf "$source"
    mkdir "$source"
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

# Nothing comes in to servers but what rules of their security groups let in, those of this machine's own included.
ways_in() {
    local rules
    rules=$(openstack security group rule list default --ingress --ethertype IPv4 -f value -c "IP Protocol" -c "Port Range")
    grep -q '^tcp 22:22' <<<"$rules" || openstack security group rule create --protocol tcp --dst-port 22 default
    grep -q '^icmp' <<<"$rules" || openstack security group rule create --protocol icmp default
}

# An earlier run's server is used when its key is still ours and it can run; else it makes place.
server_booted() {
    local status
    ways_in
    status=$(openstack server list -f value -c Status --name '^hello$')
    if ! [ -s "$STATE/hello.key" ] || ! openstack keypair show hello; then
        [ -z "$status" ] || openstack server delete --wait hello
        status=""
        openstack keypair list -f value -c Name | grep -qx hello && openstack keypair delete hello || true
        (umask 077; openstack keypair create hello >"$STATE/hello.key.new")
        mv "$STATE/hello.key.new" "$STATE/hello.key"
    fi
    case $status in
        ACTIVE) ;;
        SHUTOFF) openstack server start hello ;;
        *)
            [ -z "$status" ] || openstack server delete --wait hello
            if ! openstack server create --flavor m1.nano --image $IMAGE --network private --key-name hello --wait hello; then
                openstack server show hello -f value -c fault
                echo "the whole story: $STATE/log/nova-lite.log"
                return 1
            fi ;;
    esac
    floating_ip_added
}

# A cloud that an earlier release began, or whose host uses all ranges itself, has no external network of that name.
floating_ip_added() {
    local address
    openstack network show public -f value -c router:external | grep -q True || return 0
    [ "$(addresses | wc -l)" = 1 ] || return 0
    address=$(openstack floating ip list --status DOWN --network public -f value -c "Floating IP Address" | head -n 1)
    [ -n "$address" ] || address=$(openstack floating ip create public -f value -c floating_ip_address)
    openstack server add floating ip hello "$address"
}

# Those of hello; a floating IP is the last one.
addresses() { openstack server show -f value -c addresses hello | grep -oE '[0-9]+(\.[0-9]+){3}'; }

in_guest() {
    ssh -F none -i "$STATE/hello.key" -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
        -o LogLevel=ERROR -o ConnectTimeout=5 "nova@$1" "$2"
}

guest_answers() {
    local address
    address=$(addresses | tail -n 1)
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
'nova-lite down' stops the cloud and leaves the guests running; 'tools/quickstart.sh --remove' takes everything away.
END
    [ -z "${SUDO_USER:-}" ] || echo "Credentials and key are root's: begin with 'sudo -s'."
}

# ---- both ways

install() {
    check_request
    mkdir -p "$NOTES"
    echo "$DRIVER" >"$NOTES/driver"
    echo "$STATE" >"$NOTES/state-dir"
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
    STATE=$(cat "$NOTES/state-dir" || echo "$STATE")
    DRIVER=$(cat "$NOTES/driver" || echo "$DRIVER")
    echo "This deletes every server of the cloud in $STATE, the cloud itself, the libvirtd it started, $STATE and $PREFIX."
    time_to_leave
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
    rm -f "$STATE"/hello.key{,.new}
    "$BIN/nova-lite" remove --yes --state-dir "$STATE" --driver "$DRIVER"
}

remove_libvirtd() {
    [ ! -x "$BIN/python" ] || [ "$DRIVER" = fake ] || libvirtd stop
}

trap at_exit EXIT
trap 'exit 130' INT
read_options "$@"
become_root "$@"
$ACTION
