# shellcheck shell=bash
# What the image is made of: check the tools of this machine, choose the packages, fetch and unpack them.

# The kernel's meta package, by distribution: Debian's, else Ubuntu's.  Both leave out drivers of physical machines.
KERNELS="linux-image-cloud-amd64 linux-image-virtual"
PROGRAMS="busybox dropbear-bin e2fsprogs"
# Packages of which one program is wanted, that needs no library but those of PROGRAMS.
SINGLE_PROGRAMS="util-linux dhcpcd-base"

# tool:package for each program the build runs here
TOOLS="apt-get:apt dpkg-deb:dpkg mkfs.ext4:e2fsprogs debugfs:e2fsprogs mformat:mtools mcopy:mtools syslinux:syslinux
       sfdisk:fdisk qemu-img:qemu-utils cpio:cpio modprobe:kmod depmod:kmod zstd:zstd xz:xz-utils"
MBR=/usr/lib/syslinux/mbr/mbr.bin

# Stop with the names of all missing packages at once.
check_tools() {
    local entry missing=""
    [ "$(uname -m)" = x86_64 ] || die "builds on amd64 only; this machine is $(uname -m)"
    for entry in $TOOLS; do
        command -v "${entry%%:*}" >/dev/null || [[ $missing = *" ${entry#*:}"* ]] || missing+=" ${entry#*:}"
    done
    [ -e "$MBR" ] || missing+=" syslinux-common"
    [ -z "$missing" ] || die "tools are missing; as root: apt-get install$missing"
}

# Print the versioned kernel packages (image, and modules where they are apart) behind the meta package.
kernel_packages() {
    local meta image
    for meta in $KERNELS; do
        image=$(apt-cache depends "$meta" 2>/dev/null | awk '/Depends: linux-image-[0-9]/ {print $2; exit}')
        [ -n "$image" ] && break
    done
    [ -n "$image" ] || die "apt knows none of: $KERNELS (run apt-get update first?)"
    echo "$image"
    apt-cache show "${image/linux-image/linux-modules}" >/dev/null 2>&1 && echo "${image/linux-image/linux-modules}"
    return 0
}

# Print PROGRAMS and the packages they depend on, whatever this release calls those; then SINGLE_PROGRAMS.
program_packages() {
    # shellcheck disable=SC2086  # a list of words
    apt-cache depends --recurse --important $PROGRAMS | grep -E '^[a-z0-9.+-]+$' | sort -u
    echo "$SINGLE_PROGRAMS"
}

# fetch_packages CACHE DIR: download what CACHE lacks, unpack all of it in DIR.
fetch_packages() {
    local cache=$1 dir=$2 names file
    mkdir -p "$cache" "$dir"
    names="$(kernel_packages) $(program_packages)"
    # shellcheck disable=SC2086
    apt-get download --print-uris $names >"$dir.uris" || die "apt cannot find them all; run apt-get update"
    while read -r _ file _; do
        [ -s "$cache/$file" ] || echo "${file%%_*}"
    done <"$dir.uris" >"$dir.missing"
    if [ -s "$dir.missing" ]; then
        # A directory of its own, so that a download cut short never counts as cached.
        mkdir "$dir.new"
        (cd "$dir.new" && xargs apt-get -q download -o APT::Sandbox::User=root <"$dir.missing" >&2) || die "download failed"
        mv "$dir.new"/*.deb "$cache/"
    fi
    while read -r _ file _; do
        dpkg-deb -x "$cache/$file" "$dir"
    done <"$dir.uris"
}

# kernel_release PACKAGES: the release unpacked there, such as 6.1.0-44-cloud-amd64.
kernel_release() {
    local boot
    boot=$(echo "$1"/boot/vmlinuz-*)
    echo "${boot##*/vmlinuz-}"
}
