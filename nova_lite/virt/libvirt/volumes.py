"""Volumes that are plugged into guests and unplugged while they run."""

from nova_lite.virt import driver
from nova_lite.virt.libvirt import guest_config
from nova_lite.virt.libvirt.devices import Device
from nova_lite.virt.libvirt.xml import domain as dom


class Volumes(driver.Volumes):
    def __init__(self, devices, build):
        self._devices = devices
        self._build = build

    def attach(self, server_id, disk):
        files = self._build.files(server_id)

        def make(roots):
            return _element(disk, _disks(roots), files, self._build.cache(files))
        self._devices.attach(server_id, Device.volume(disk.serial), make)

    def detach(self, server_id, disk, cancelled=None):
        self._devices.detach(server_id, Device.volume(disk.serial), cancelled)


def _disks(roots):
    return [disk for root in roots for disk in dom.devices(root, dom.Disk)]


def _element(disk, present, files, cache):
    """The xml.domain.Disk of a volume, with a name that none of the guest's disks has.

    :param present: xml.domain.Disk of all the guest's, as it runs and as it is defined; where the volume is there
        already, it has the name that it has there.
    """
    known = next((each for each in present if each.serial == disk.serial), None)
    bus = known.bus if known else disk.bus or present[0].bus
    name = known.target if known else guest_config.free_target(bus, {each.target for each in present})
    return guest_config.disk_element(disk, bus, name, files, cache)
