# shellcheck shell=bash
# The two directory trees of the image: the root file system, and the initramfs that finds and grows it.

# Disks on virtio, virtio-scsi and IDE; Debian's cloud kernel has no driver for SATA.  The initramfs carries these.
DISK_MODULES="virtio_pci virtio_blk virtio_scsi sd_mod ata_piix"
# The rest: network, the config drive (CD or vfat), the power button (button hands it to evdev), more of virtio.
MORE_MODULES="virtio_net sr_mod isofs vfat nls_cp437 nls_ascii nls_iso8859-1 nls_utf8
              button evdev virtio_balloon virtio-rng virtio_console"

# add_modules PACKAGES TREE NAME...: copy modules and what they depend on; those built into the kernel need nothing.
add_modules() {
    local packages=$1 tree=$2 release name file
    shift 2
    release=$(kernel_release "$packages")
    mkdir -p "$tree/lib/modules/$release" "$tree/etc"
    [ -e "$packages/lib/modules/$release/modules.dep" ] || depmod -b "$packages" "$release"
    for name in "$@"; do
        modprobe -q -d "$packages" -S "$release" --show-depends "$name" || say "this kernel has no $name; going on"
    done | awk '/^insmod/ {print $2}' | sort -u | while read -r file; do
        install -D -m 644 "$file" "$tree/lib/modules/$release/${file#*/lib/modules/"$release"/}"
    done
    # busybox reads neither zstd nor, everywhere, xz.
    find "$tree/lib/modules" -name '*.ko.zst' -exec zstd -q -d --rm {} +
    find "$tree/lib/modules" -name '*.ko.xz' -exec xz -d {} +
    cp "$packages/lib/modules/$release"/modules.{order,builtin,builtin.modinfo} "$tree/lib/modules/$release/"
    depmod -b "$tree" "$release"
    rm -f "$tree/lib/modules/$release"/modules.*.bin
    printf '%s\n' "$@" >"$tree/etc/modules"
}

# add_program PACKAGES TREE NAME DIRECTORY: copy a program and the libraries its own loader names for it.
add_program() {
    local packages=$1 tree=$2 name=$3 directory=$4 path loader=lib64/ld-linux-x86-64.so.2 libraries library
    path=$(find "$packages" -path "*bin/$name" -type f)
    [ -n "$path" ] || die "no package has the program $name"
    install -D -m 755 "$path" "$tree/$directory/$name"
    libraries=$packages/lib/x86_64-linux-gnu:$packages/usr/lib/x86_64-linux-gnu
    [ -e "$packages/$loader" ] || loader=usr/$loader
    install -D -m 755 "$(realpath "$packages/$loader")" "$tree/lib64/ld-linux-x86-64.so.2"
    "$packages/$loader" --library-path "$libraries" --list "$path" >"$tree.libraries"
    awk '$2 == "=>" {print $3}' "$tree.libraries" | while read -r library; do
        case $library in
            "$packages"/*) install -D -m 755 "$library" "$tree/lib/x86_64-linux-gnu/${library##*/}" ;;
            *) die "the packages lack a library of $name: $library" ;;
        esac
    done
}

# run_busybox TREE APPLET...: the guest's busybox, here.
run_busybox() {
    local tree=$1
    shift
    "$tree/lib64/ld-linux-x86-64.so.2" --library-path "$tree/lib/x86_64-linux-gnu" "$tree/bin/busybox" "$@"
}

# make_root PACKAGES OVERLAY TREE: busybox under all its names, blkid (busybox's finds no disk by its label), dropbear,
# dhcpcd for IPv6, resize2fs, modules, and the files of OVERLAY.
make_root() {
    local packages=$1 overlay=$2 tree=$3 name hash
    mkdir -p "$tree"/{bin,dev,etc/dropbear,home/nova,mnt,proc,root,run,sys,tmp,usr/bin,usr/sbin,var/log,var/lib/nova-guest,var/lib/dhcpcd}
    ln -s bin "$tree/sbin"
    ln -s ../run "$tree/var/run"
    add_program "$packages" "$tree" busybox bin
    for name in $(run_busybox "$tree" --list); do
        [ "$name" = busybox ] || ln -s busybox "$tree/bin/$name"
    done
    rm "$tree/bin/blkid"
    add_program "$packages" "$tree" blkid bin
    for name in dropbear dropbearkey dhcpcd resize2fs; do
        add_program "$packages" "$tree" "$name" usr/sbin
    done
    # shellcheck disable=SC2086
    add_modules "$packages" "$tree" $DISK_MODULES $MORE_MODULES
    cp -r "$overlay/." "$tree/"
    chmod 755 "$tree"/etc/init.d/* "$tree"/etc/acpi/PWRF/* "$tree"/usr/{bin,sbin}/* "$tree"/usr/share/{udhcpc/default.script,dhcpcd/hook}
    hash=$(run_busybox "$tree" mkpasswd -m sha512 -S novaguest nova)
    printf '%s:%s:19000:0:99999:7:::\n' root "$hash" nova "$hash" >"$tree/etc/shadow"
}

# make_initramfs PACKAGES INIT TREE: a shell, modules for disks, and INIT.
make_initramfs() {
    local packages=$1 init=$2 tree=$3
    mkdir -p "$tree"/{bin,dev,newroot,proc,sys}
    add_program "$packages" "$tree" busybox bin
    ln -s busybox "$tree/bin/sh"
    # shellcheck disable=SC2086
    add_modules "$packages" "$tree" $DISK_MODULES
    install -m 755 "$init" "$tree/init"
}
