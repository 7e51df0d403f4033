#!/bin/bash
# Install what the tests need and run them.
#
#   tools/test.sh [PART...] [PYTEST ARGUMENT...]
#
#   lint      ruff, shellcheck
#   unit      lint, tests/unit and tests/api but what asks every route and what is marked slow: the loop for everyday work
#   api       tests/api, with what is slow
#   flow      what is marked slow of tests/unit and tests/api; then all services with the fake driver, in one process: on
#             green threads; then, on native ones, the files where that makes a difference, and a third of the rest
#   separate  in separate processes, with PostgreSQL and RabbitMQ, those where that makes a difference, and a third of the
#             rest; servers' life and kill -9 on MariaDB, too (tests/flow/conftest.py has which, and why)
#   live      real guests on a libvirtd of the tests' own, real networks; needs root.  Of tests that SQLite has passed
#             before, one other database a day; half of those that the fake driver has; of Tempest's scenarios one; of the
#             driver's own, on green threads those marked both_modes
#   conformance  every route asked by every kind of user and, half of them, with made-up requests, good and bad; a quarter
#             with numbers that are too large; the openstack client, python-glanceclient, -keystoneclient and
#             -neutronclient, Nova's own tables, Tempest, and a part of the network tests that ship with openstackclient
#             and openstacksdk against a cloud with the fake driver
#   faults    a sample of every fault at every step, simulated; then real processes, guests, brokers and databases that
#             are broken and killed; needs root.  With --minutes N and --seed S: only such chaos, N minutes for each driver
#   docs      doc/ builds without a warning
#   all       every part (the default)
#   full      every part, with nothing left out: every fault at every step, every route, every file in every variant
#
# What a run takes of many variants, its seed chooses: the day, as 20261130, or S with --seed S.  Days that follow each
# other take different ones until all have had their turn (tests/sampled.py); "tools/test.sh full" takes all at once, and
# so does a run with -k.
# Arguments from the first that is no part on go to pytest: tools/test.sh flow -k stop -x
# Packages are installed as root or by sudo, and without starting their services; virtual environments (one of them for
# Tempest and the clients with their tests) and the guest image are kept in .cache.  pip follows its usual settings
# (PIP_INDEX_URL, pip.conf).
# PYTHON names another interpreter, NOVA_LITE_TEST_JOBS how many processes run tests side by side (2); where tests mostly
# wait there are more.  Each part ends with its slowest tests, and a run with those of all parts.
set -uo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT" || exit 1
CACHE=$ROOT/.cache
# shellcheck source=packages.sh
. tools/packages.sh

ALL=(unit flow separate conformance live faults docs)
PARTS=() PYTEST=() FAILED=() RESULTS=() SEED=
JOBS=${NOVA_LITE_TEST_JOBS:-2}
WAITING_JOBS=$((2 * JOBS))          # of tests that mostly wait for leases, periodic looks and each other's processes
GUEST_JOBS=$((JOBS + 1))            # of those that also compute: emulated guests, clouds under load

say() { printf '\n== %s\n' "$*"; }
die() { printf 'test.sh: %s\n' "$*" >&2; exit 1; }

read_arguments() {
    while [ $# -gt 0 ]; do
        case $1 in
            lint | unit | api | flow | separate | conformance | live | faults | docs) PARTS+=("$1") ;;
            all) PARTS+=("${ALL[@]}") ;;
            full) PARTS+=("${ALL[@]}"); export NOVA_LITE_TEST_MATRIX=whole ;;
            --minutes) export NOVA_LITE_CHAOS_MINUTES=${2:?--minutes wants a number}; shift ;;
            --seed) SEED=${2:?--seed wants a number}; export NOVA_LITE_CHAOS_SEED=$SEED; shift ;;
            -h | --help) sed -n '2,/^set /{/^set /d; s/^# \{0,1\}//p}' "$0"; exit 0 ;;
            *) break ;;
        esac
        shift
    done
    PYTEST=("$@")
    [ ${#PARTS[@]} -gt 0 ] || PARTS=("${ALL[@]}")
    local usual
    usual=$(date +%Y%m%d)
    if [[ " $* " = *" -k "* ]]; then usual=whole; fi        # what is asked for by name is not left out
    export NOVA_LITE_TEST_MATRIX=${NOVA_LITE_TEST_MATRIX:-${SEED:-$usual}}
}

wanted() { [[ " ${PARTS[*]} " = *" $1 "* ]]; }

# ---- what the tests need

need_packages() {
    local list=$PACKAGES_PYTHON missing
    if wanted conformance; then list+=" openssh-client"; fi
    if wanted unit || wanted lint; then list+=" $PACKAGES_LINT qemu-utils"; fi
    if wanted separate || wanted live || wanted faults; then list+=" $PACKAGES_SERVERS"; fi
    if wanted faults; then list+=" $PACKAGES_HOST"; fi
    if wanted live; then list+=" $PACKAGES_HOST $PACKAGES_GUEST $PACKAGES_NETWORK $PACKAGES_BROWSER"; fi
    if wanted docs; then list+=" $PACKAGES_DOC"; fi
    # shellcheck disable=SC2086  # lists of words
    missing=$(missing_packages $list | tr '\n' ' ')
    [ -n "$missing" ] || return 0
    say "Installing $missing"
    if [ "$(id -u)" = 0 ]; then
        # shellcheck disable=SC2086
        without_services install_packages $missing || die "apt-get could not install them"
    elif sudo -n true 2>/dev/null; then
        # shellcheck disable=SC2086
        sudo -E bash -c '. tools/packages.sh; without_services install_packages "$@"' - $missing ||
            die "apt-get could not install them"
    else
        die "packages are missing and this is not root; run as root: apt-get install --no-install-recommends $missing"
    fi
}

# A virtual environment for each setup.cfg and interpreter; a checkout that changes neither installs nothing.
need_environment() {
    local python key
    python=$(find_python) || exit 1
    key=$({ cat setup.cfg; "$python" -VV; } | sha256sum | cut -c -12)
    VENV=$CACHE/venv-$key
    [ -e "$VENV/ready" ] && return
    say "Making a virtual environment ($VENV)"
    rm -rf "$CACHE"/venv-*
    mkdir -p "$CACHE"
    "$python" -m venv "$VENV" &&
        "$VENV/bin/pip" install -q -e '.[libvirt,mysql,postgresql,test,doc]' &&
        touch "$VENV/ready" || die "pip could not install what the tests need (above it says why)"
}

# The guest image, built anew when its sources change.
need_image() {
    local key
    key=$(find tools/guest -type f | LC_ALL=C sort | xargs cat | sha256sum | cut -c -12)
    export NOVA_LITE_TEST_IMAGE=${NOVA_LITE_TEST_IMAGE:-$CACHE/guest-$key.qcow2}
    [ -s "$NOVA_LITE_TEST_IMAGE" ] && return
    rm -f "$CACHE"/guest-*.qcow2
    tools/guest/build.sh "$NOVA_LITE_TEST_IMAGE" "$CACHE/packages"
}

# Tempest in an environment of its own, as what it requires is not what nova_lite requires, with the clients whose own
# tests use its library; made anew for another release.
TEMPEST=(tempest==47.0.0 neutron-tempest-plugin==3.3.0 python-openstackclient==10.5.0 openstacksdk==4.22.0 oslotest==6.1.1)
need_tempest() {
    local python key
    [ -z "${NOVA_LITE_TEST_TEMPEST:-}" ] || return 0
    python=$(find_python) || exit 1
    key=$({ echo "${TEMPEST[@]}"; "$python" -VV; } | sha256sum | cut -c -12)
    export NOVA_LITE_TEST_TEMPEST=$CACHE/tempest-$key
    [ -e "$NOVA_LITE_TEST_TEMPEST/ready" ] && return
    say "Making a virtual environment for Tempest ($NOVA_LITE_TEST_TEMPEST)"
    rm -rf "$CACHE"/tempest-*
    "$python" -m venv "$NOVA_LITE_TEST_TEMPEST" &&
        "$NOVA_LITE_TEST_TEMPEST/bin/pip" install -q "${TEMPEST[@]}" &&
        touch "$NOVA_LITE_TEST_TEMPEST/ready" || die "pip could not install Tempest (above it says why)"
}

need_novnc() {
    export NOVA_LITE_TEST_NOVNC=${NOVA_LITE_TEST_NOVNC:-$CACHE/novnc}
    fetch_novnc "$NOVA_LITE_TEST_NOVNC" || echo "noVNC could not be fetched: the test of the screen will fail" >&2
}

need_agent() {
    if [ -z "${NOVA_LITE_TEST_AGENT:-}" ]; then
        fetch_agent "$CACHE/agent" || echo "QEMU's guest agent could not be fetched: the test of it will fail" >&2
        export NOVA_LITE_TEST_AGENT=$CACHE/agent/usr/sbin/qemu-ga
    fi
}

# ---- the parts

# What asks every route takes longer than the everyday loop may.
EVERY_ROUTE=(tests/api/test_{schemas_by_property,every_route,scope,identity_scope,foreign_ids,rules,statements}.py)
EVERYDAY=(--dist loadfile tests/unit tests/api "${EVERY_ROUTE[@]/#/--ignore=}")

run_pytest() {
    # Libraries deprecate their own use of eventlet, at length.
    "$VENV/bin/python" -m pytest -q -p no:cacheprovider -p tests.slowest -W ignore::DeprecationWarning \
        -o tmp_path_retention_policy=failed --durations=15 --durations-min=1 "$@" ${PYTEST[@]+"${PYTEST[@]}"}
}

# With the tests' temporary files in memory where there is space: they wait for thousands of commits, and no test
# depends on which disk it has.
in_memory() {
    local free
    free=$(df --output=avail -k /dev/shm 2>/dev/null | tail -n 1)
    if [ "${free:-0}" -ge 2000000 ] && [ -w /dev/shm ]; then
        PYTEST_DEBUG_TEMPROOT=/dev/shm "$@"
    else
        "$@"
    fi
}

part_lint() {
    "$VENV/bin/ruff" check . && shellcheck -S warning tools/*.sh tools/guest/*.sh .ci/run &&
        shellcheck -S warning -s dash -e SC2034,SC2154 tools/guest/initramfs-init \
            tools/guest/rootfs/{etc/init.d/*,usr/sbin/*,usr/bin/*,usr/lib/nova-guest/*.sh,usr/share/*/*}
}

part_unit() {
    local status=0
    part_lint || status=1
    # A third of the time tests wait, for a lease or a deadline: one process more fills that.
    in_memory run_pytest -n "$GUEST_JOBS" -m "not slow" "${EVERYDAY[@]}" || status=1
    return $status
}

part_api() { in_memory run_pytest tests/api; }

in_layout() {
    printf -- '-- %s, %s\n' "$1" "$2"
    NOVA_LITE_TEST_LAYOUT=$1 NOVA_LITE_TEST_CONCURRENCY=$2 run_pytest "${@:3}"
}

# Files side by side, each in one process; those that take long come first.
BY_FILE=(--dist loadfile --no-loadscope-reorder)

part_flow() {
    local status=0
    # Those that arguments choose, such as -k, may be none of these.  A few take much longer than the rest of their file.
    in_memory run_pytest -n "$WAITING_JOBS" -m slow "${EVERYDAY[@]}" --dist worksteal ||
        { [ $? = 5 ] && [ ${#PYTEST[@]} -gt 0 ]; } || status=1
    in_layout single eventlet -n "$WAITING_JOBS" "${BY_FILE[@]}" tests/flow || status=1
    in_layout single threading -n "$WAITING_JOBS" "${BY_FILE[@]}" tests/flow || status=1
    return $status
}

part_separate() {
    local status=0
    # The workers of the API alone are the same in every layout.
    in_layout postgresql eventlet -n "$WAITING_JOBS" "${BY_FILE[@]}" \
        tests/flow --ignore tests/flow/test_api_workers.py || status=1
    in_layout mariadb eventlet -n "$WAITING_JOBS" "${BY_FILE[@]}" \
        tests/flow/test_server_life.py tests/flow/test_kill.py || status=1
    return $status
}

part_live() {
    [ "$(id -u)" = 0 ] || { echo "live tests make bridges, DHCP servers and guests: run tools/test.sh live as root"; return 1; }
    need_novnc
    need_agent
    need_tempest && need_image && run_pytest -n "$GUEST_JOBS" "${BY_FILE[@]}" tests/live
}

part_conformance() {
    local status=0
    in_memory run_pytest -n "$JOBS" "${EVERY_ROUTE[@]}" || status=1
    need_tempest && in_memory run_pytest -n "$JOBS" --dist loadfile tests/conformance || status=1
    return $status
}

part_faults() {
    local status=0
    [ "$(id -u)" = 0 ] || { echo "fault tests make bridges and guests: run tools/test.sh faults as root"; return 1; }
    if [ -n "${NOVA_LITE_CHAOS_MINUTES:-}" ]; then
        run_pytest -s tests/faults/real/test_chaos_*.py
        return
    fi
    echo "The fault matrix: $NOVA_LITE_TEST_MATRIX (again: NOVA_LITE_TEST_MATRIX=$NOVA_LITE_TEST_MATRIX tools/test.sh faults)"
    in_memory run_pytest -n "$JOBS" tests/faults --ignore tests/faults/real || status=1
    # Each worker has a broker and databases of its own.  What tests say, such as a chaos's plan, follows at the end.
    run_pytest -n "$GUEST_JOBS" "${BY_FILE[@]}" -raP tests/faults/real || status=1
    return $status
}

part_docs() {
    "$VENV/bin/sphinx-build" -q -W -b html doc doc/build/html
}

# ---- all of it

run_part() {
    local began=$SECONDS word=passed
    say "$1"
    export NOVA_LITE_TEST_PART=$1
    "part_$1" || { word=FAILED; FAILED+=("$1"); }
    RESULTS+=("$(printf '%-9s %s, %d s' "$1" "$word" $((SECONDS - began)))")
}

read_arguments "$@"
export PATH=$PATH:/usr/sbin:/sbin PIP_DISABLE_PIP_VERSION_CHECK=1
unset PYTHONDONTWRITEBYTECODE       # with it every process that a test starts would compile everything anew
need_packages
need_environment
NOVA_LITE_TEST_DURATIONS=$(mktemp)
export NOVA_LITE_TEST_DURATIONS
trap 'rm -f "$NOVA_LITE_TEST_DURATIONS"' EXIT
for part in "${PARTS[@]}"; do
    # unit has run the tests of api already
    if [ "$part" = api ] && wanted unit; then continue; fi
    run_part "$part"
done
say "Slowest tests"
sort -k 1,1 -r -n "$NOVA_LITE_TEST_DURATIONS" | sed 20q
say "Summary"
printf '%s\n' "${RESULTS[@]}"
[ ${#FAILED[@]} = 0 ] || { echo "FAILED: ${FAILED[*]}"; exit 1; }
