"""Boots guests from another disk, and from their own again."""

import contextlib
import os

from nova_lite.common import exceptions
from nova_lite.virt import driver
from nova_lite.virt import spec as virt
from nova_lite.virt.libvirt import config_drive, disks, domains
from nova_lite.virt.libvirt.build import translated_os_errors

_DEVICES = ("disk", "cdrom")
_BUSES = ("virtio", "scsi", "sata", "ide", "usb")


class Rescue(driver.Rescue):
    def __init__(self, connection, build, power, conf):
        self._connection = connection
        self._build = build
        self._power = power
        self._conf = conf

    def rescue(self, spec):
        disk = spec.disk(virt.RESCUE)
        _check(spec, disk)
        files = self._build.files(spec.id)
        # The guest may be running from it already, where this is a repeat: its files are QEMU's until its power is cut.
        self._connection.call(domains.cut_of, spec.id, deadline=self._conf.libvirt.start_timeout)
        with translated_os_errors():
            disks.ensure(files, disk)
            for each in spec.disks_with(virt.ConfigDrive):
                config_drive.write(files, each)
        self._power.reset(spec)

    def unrescue(self, spec):
        files = self._build.files(spec.id)
        self._connection.call(domains.cut_of, spec.id, deadline=self._conf.libvirt.start_timeout)
        self._power.reset(spec)
        for name in (virt.RESCUE, virt.RESCUE_CONFIG_DRIVE):
            with translated_os_errors(), contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(files.directory, name))


def _check(spec, disk):
    """:raises ImageUnacceptable: the image asks for a device that this host does not have."""
    if disk.bus not in (None, *_BUSES):
        raise exceptions.ImageUnacceptable(
            image_id=spec.image_id, reason=f"hw_rescue_bus is '{disk.bus}'; this host offers {', '.join(_BUSES)}")
    if disk.device not in _DEVICES:
        raise exceptions.ImageUnacceptable(
            image_id=spec.image_id,
            reason=f"hw_rescue_device is '{disk.device}'; this host offers {', '.join(_DEVICES)}")
    if disk.device == "cdrom" and disk.bus == "virtio":
        raise exceptions.ImageUnacceptable(image_id=spec.image_id, reason="no CD reader is on the bus virtio")
