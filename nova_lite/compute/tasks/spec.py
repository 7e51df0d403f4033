"""The virt.spec.GuestSpec of a server.  Functions here are pure: the same server always gives the same guest."""

import dataclasses

from nova_lite.common import instance_metadata, local_disks
from nova_lite.virt import spec as virt


def guest(server, vifs, base=None, base_format=None, config_drive=None, flavor=None):
    """virt.spec.GuestSpec of a server.

    :param vifs: of the network's plug().  :param base: absolute path of the image in the cache; None: there is none, or
        the guest was spawned before.
    :param config_drive: {path: bytes}, or None to have none.
    :param flavor: objects.Flavor or its like, in place of the server's own.
    """
    flavor = flavor or server.flavor
    properties = dict(server.image.properties) if server.image else {}
    bus = local_disks.root_of(server)[0]
    if bus:
        properties["hw_disk_bus"] = bus
    local = local_disks.of(flavor, server.local_disks)
    return virt.GuestSpec(
        id=server.id, name=server.instance_name, title=server.display_name, project_id=server.project_id,
        user_id=server.user_id, vcpus=flavor.vcpus, memory_mb=flavor.memory_mb,
        disks=(root_disk(base, base_format, flavor.root_gb), *map(local_disk, local), *_drives(config_drive)),
        vifs=tuple(vifs), image_properties=properties, extra_specs=dict(flavor.extra_specs), flavor_name=flavor.name,
        image_id=server.image.id if server.image else None)


def config_drive(server):
    """The files of the server's config drive; None where it asked for none."""
    if not server.config_drive:
        return None
    return instance_metadata.documents(server, admin_pass=server.admin_pass)


def root_disk(base, base_format, size_gb, name=virt.ROOT):
    """The virt.spec.Disk that a guest boots from.

    :param base: absolute path of an image that it begins as, None: empty.  :param size_gb: GiB; 0: the image's size.
    """
    backing = virt.Backing(base, base_format) if base else None
    return virt.Disk(virt.File(name, "qcow2", backing), virt.Overlay(size_gb), boot_index=0, discard="unmap")


def local_disk(local):
    """The virt.spec.Disk of an ephemeral disk or swap (common.local_disks.LocalDisk)."""
    content = virt.Swap(local.size_mb) if local.is_swap else virt.Filesystem(local.size_mb, local.filesystem)
    return virt.Disk(virt.File(local.name), content, bus=local.bus, boot_index=local.boot_index, discard="unmap")


def config_drive_disk(documents, name=virt.CONFIG_DRIVE):
    """The virt.spec.Disk of a config drive, a CD.  :param documents: {path: bytes}."""
    return virt.Disk(virt.File(name), virt.ConfigDrive(documents), device="cdrom", read_only=True)


def _drives(documents):
    return () if documents is None else (config_drive_disk(documents),)


def rescued(guest, image, base):
    """The virt.spec.GuestSpec of a guest that boots from ``image`` to be mended, its own root disk beside.

    With hw_rescue_bus or hw_rescue_device among the image's properties the guest keeps all its disks in their places (a
    stable device rescue); without, the disk to rescue from takes the root disk's, and the local disks are left out.
    :param base: (absolute path, format) of the image in the cache.
    """
    bus, device = image.properties.get("hw_rescue_bus"), image.properties.get("hw_rescue_device")
    if device and not bus:
        bus = "scsi" if device == "cdrom" else "virtio"
    rescue = dataclasses.replace(root_disk(*base, 0, virt.RESCUE), bus=bus, device=device or "disk",
                                 read_only=device == "cdrom")
    root, *others = (each if each.boot_index is None else dataclasses.replace(each, boot_index=each.boot_index + 1)
                     for each in guest.disks if not isinstance(each.content, virt.ConfigDrive))
    drives = [config_drive_disk(each.content.documents, virt.RESCUE_CONFIG_DRIVE)
              for each in guest.disks_with(virt.ConfigDrive)]
    return dataclasses.replace(guest, disks=(root, rescue, *others, *drives) if bus else (rescue, root, *drives))
