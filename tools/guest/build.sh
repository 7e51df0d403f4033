#!/bin/bash
# Build nova-guest, the tiny guest image of nova_lite, from packages of the distribution this machine runs.
#
#   tools/guest/build.sh OUT.qcow2 [CACHE]
#
# OUT.qcow2  the image, replaced only when the new one is complete
# CACHE      where downloaded packages are kept (default: $XDG_CACHE_HOME/nova_lite/guest)
#
# Runs as any user on Debian 12 and Ubuntu 24.04, amd64: no loop device, mount, chroot or root is needed.
# The same packages give the same bytes.  README.rst beside this file says what is inside.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL=C TZ=UTC SOURCE_DATE_EPOCH=1700000000
umask 022

say() { echo "guest: $*" >&2; }
die() { say "$*"; exit 1; }

# shellcheck source=packages.sh
. "$HERE/packages.sh"
# shellcheck source=trees.sh
. "$HERE/trees.sh"
# shellcheck source=disk.sh
. "$HERE/disk.sh"

[ $# -ge 1 ] && [ $# -le 2 ] && [ "${1#-}" = "$1" ] || { sed -n '2,/^set /{/^set /d; s/^# \{0,1\}//p}' "$0"; exit 64; }
check_tools
OUT=$(mkdir -p "$(dirname "$1")" && realpath "$1")
CACHE=$(realpath -m "${2:-${XDG_CACHE_HOME:-$HOME/.cache}/nova_lite/guest}")
WORK=$(mktemp -d "${TMPDIR:-/tmp}/nova-guest.XXXXXX")
trap 'rm -rf "$WORK"; rm -f "$OUT.part"' EXIT

say "1/4 packages (kept in $CACHE)"
fetch_packages "$CACHE" "$WORK/packages"
say "2/4 root file system and initramfs"
make_root "$WORK/packages" "$HERE/rootfs" "$WORK/root"
make_initramfs "$WORK/packages" "$HERE/initramfs-init" "$WORK/initramfs"
say "3/4 disk"
make_disk "$WORK" "$WORK/disk.raw"
say "4/4 qcow2"
qemu-img convert -f raw -O qcow2 -c "$WORK/disk.raw" "$OUT.part"
mv "$OUT.part" "$OUT"
say "done in $SECONDS s: $OUT, $(($(stat -c %s "$OUT") / 1024 / 1024)) MiB, Linux $(kernel_release "$WORK/packages")"
