"""Guests boot from another disk, and back."""

import contextlib
import dataclasses
import os

from nova_lite.common import exception
from nova_lite.virt import driver
from nova_lite.virt.libvirt import disks, guest
from nova_lite.virt.libvirt.lifecycle import explained

_DEVICES = ("disk", "cdrom")
_BUSES = ("virtio", "scsi", "sata", "ide", "usb")


class Rescues(driver.Rescues):
    def __init__(self, connection, build, power, conf):
        self._connection = connection
        self._build = build
        self._power = power
        self._conf = conf

    def rescue(self, spec):
        _check(spec)
        files = self._build.files(spec.id)
        # The guest may still boot from it: its files are its own until its power is cut.
        self._connection.call(guest.cut_of, spec.id, deadline=self._conf.libvirt.start_timeout)
        with explained():
            disks.ensure(files.rescue, spec.rescue.disk)
            self._build.write_config_drive(spec, files.rescue_config_drive)
        self._power.reset(spec)

    def unrescue(self, spec):
        spec = dataclasses.replace(spec, rescue=None)
        files = self._build.files(spec.id)
        self._connection.call(guest.cut_of, spec.id, deadline=self._conf.libvirt.start_timeout)
        self._power.reset(spec)
        for path in (files.rescue, files.rescue_config_drive):
            with explained(), contextlib.suppress(FileNotFoundError):
                os.unlink(path)


def _check(spec):
    """:raises ImageUnacceptable: the image asks for a device there is none of here."""
    asked, device = spec.rescue.bus, spec.rescue.device
    if asked not in (None, *_BUSES):
        raise exception.ImageUnacceptable(
            image_id=spec.image_id, reason=f"hw_rescue_bus is '{asked}'; this host offers {', '.join(_BUSES)}")
    if device not in _DEVICES:
        raise exception.ImageUnacceptable(
            image_id=spec.image_id, reason=f"hw_rescue_device is '{device}'; this host offers {', '.join(_DEVICES)}")
    if device == "cdrom" and asked == "virtio":
        raise exception.ImageUnacceptable(image_id=spec.image_id, reason="no CD reader is on the bus virtio")
