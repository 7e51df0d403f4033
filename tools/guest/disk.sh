# shellcheck shell=bash
# The raw disk: MBR | FAT16 with syslinux, kernel and initramfs | ext4 root, which grows to the end of the disk it finds.

BOOT_MIB=18
ROOT_MIB=28
CMDLINE="root=LABEL=nova-root console=tty0 console=ttyS0,115200 net.ifnames=0 no_timer_check mitigations=off panic=10 quiet loglevel=3"

# make_disk WORK IMAGE: from WORK/root, WORK/initramfs and the kernel in WORK/packages.
make_disk() {
    local work=$1 image=$2 start=2048 boot=$((BOOT_MIB * 2048)) root=$((ROOT_MIB * 2048))
    find "$work/root" "$work/initramfs" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
    make_root_fs "$work/root" "$work/root.ext4" "$ROOT_MIB"
    truncate -s $(((start + boot + root) * 512)) "$image"
    sfdisk -q "$image" <<-END
	label: dos
	label-id: 0x6e6f7661
	start=$start,size=$boot,type=e,bootable
	start=$((start + boot)),size=$root,type=83
	END
    dd if="$MBR" of="$image" bs=440 count=1 conv=notrunc status=none
    make_boot_fs "$work" "$image" $start $boot
    dd if="$work/root.ext4" of="$image" bs=1M seek=$(((start + boot) / 2048)) conv=notrunc,sparse status=none
}

# make_boot_fs WORK IMAGE START SECTORS: kernel, initramfs and boot loader on a FAT inside IMAGE.
make_boot_fs() {
    local work=$1 image=$2 start=$3 sectors=$4 drive
    drive="$image@@$((start * 512))"
    (cd "$work/initramfs" && find . | sort | cpio -o -H newc -R 0:0 --reproducible --quiet) | gzip -9n >"$work/initrd.gz"
    cp "$work"/packages/boot/vmlinuz-* "$work/vmlinuz"
    printf '%s\n' "DEFAULT linux" "PROMPT 0" "LABEL linux" " KERNEL /vmlinuz" " INITRD /initrd.gz" " APPEND $CMDLINE" >"$work/syslinux.cfg"
    touch -d "@$SOURCE_DATE_EPOCH" "$work"/{vmlinuz,initrd.gz,syslinux.cfg}
    mformat -i "$drive" -T "$sectors" -h 255 -s 63 -H "$start" -N 6e6f7661 -v NOVABOOT ::
    mcopy -m -i "$drive" "$work"/{vmlinuz,initrd.gz,syslinux.cfg} ::
    MTOOLS_SKIP_CHECK=1 syslinux --install --offset $((start * 512)) "$image"
}

# make_root_fs TREE IMAGE MIB: ext4 of TREE.  debugfs then gives every file to root, so that no root is needed to build.
make_root_fs() {
    local tree=$1 image=$2 mib=$3 uuid=6e6f7661-6c69-7465-0000-000000000001
    export E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH
    truncate -s "${mib}M" "$image"
    mkfs.ext4 -q -F -L nova-root -U $uuid -E root_owner=0:0,hash_seed=$uuid -m 0 -N 4096 -d "$tree" "$image"
    {
        (cd "$tree" && find . -mindepth 1 | sort | sed 's,^\.,,') | while read -r path; do
            echo "sif $path uid 0"
            echo "sif $path gid 0"
            for time in atime mtime ctime crtime; do echo "sif $path $time @$SOURCE_DATE_EPOCH"; done
        done
        # Type and permission bits: busybox is setuid for sudo and login; see busybox.conf.
        printf 'sif %s\n' "/bin/busybox mode 0104755" "/tmp mode 041777" "/root mode 040700" "/etc/shadow mode 0100600" \
            "/home/nova mode 040700" "/home/nova uid 1000" "/home/nova gid 1000"
    } | debugfs -w -f - "$image" >"$image.log" 2>&1
    ! grep -vE '^debugfs( [0-9.]+ |: sif)' "$image.log" || die "debugfs could not set owners"
}
