"""NICs that are plugged into guests and unplugged while they run."""

from nova_lite.virt import driver
from nova_lite.virt.libvirt.devices import Device


class Interfaces(driver.Interfaces):
    def __init__(self, devices, build):
        self._devices = devices
        self._build = build

    def attach(self, spec, mac):
        nic = next(each for each in self._build.definition(spec).interfaces if each.mac == mac)
        self._devices.attach(spec.id, Device.nic(mac), lambda _: nic)

    def detach(self, server_id, mac, cancelled=None):
        self._devices.detach(server_id, Device.nic(mac), cancelled)
