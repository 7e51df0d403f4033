"""NICs come and go while guests live: hot-plugged, and let go of by the guest itself."""

import time
import xml.etree.ElementTree as ET

import libvirt

from nova_lite.common import exception
from nova_lite.virt import driver
from nova_lite.virt.libvirt import guest

_LOOK = 0.5             # seconds between looks at ``cancelled``, and at the guest in case an event was lost
_LIVE, _CONFIG = libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_AFFECT_CONFIG


class Interfaces(driver.Interfaces):
    def __init__(self, connection, events, build, conf):
        self._connection = connection
        self._events = events
        self._build = build
        self._options = conf.libvirt

    def attach(self, spec, mac):
        nic = next(each for each in self._build.blueprint(spec).interfaces if each.mac == mac)
        self._connection.insist(_attach, spec.id, mac, nic.xml(), deadline=self._options.start_timeout)

    def detach(self, server_id, mac, cancelled=None):
        with self._events.bell(server_id) as bell:
            for _ in range(self._options.device_detach_attempts):
                self._connection.insist(_detach, server_id, mac)
                end = time.monotonic() + self._options.device_detach_timeout
                while True:
                    bell.clear()
                    if not self._connection.insist(_has, server_id, mac):
                        return
                    if cancelled is not None and cancelled():
                        raise exception.Cancelled(f"Waiting for server {server_id} to let go of a NIC was cancelled.")
                    if time.monotonic() >= end:
                        break
                    bell.wait(_LOOK)
        raise exception.HypervisorError(reason="the guest does not let go of the interface")


# ---- below: in native threads

def _attach(live, server_id, mac, xml):
    """Add the NIC where it is missing: to the guest that runs, to its definition."""
    domain = guest.find(live, server_id)
    for scope in _scopes(domain):
        if _nic(domain, mac, scope) is None:
            domain.attachDeviceFlags(xml, scope)


def _detach(live, server_id, mac):
    """Take it out of the definition, and ask the guest that runs to let go of it."""
    domain = guest.find(live, server_id)
    for scope in reversed(_scopes(domain)):
        nic = _nic(domain, mac, scope)
        if nic is not None and scope == _CONFIG:
            domain.detachDeviceFlags(ET.tostring(nic, encoding="unicode"), scope)
        elif nic is not None:
            _ask(domain, nic.find("alias").get("name"))


def _ask(domain, alias):
    """A guest that was asked before may be about to let go, or have done so just now."""
    try:
        domain.detachDeviceAlias(alias, _LIVE)          # by its alias, for then libvirt does not wait
    except libvirt.libvirtError as error:
        code = error.get_error_code()
        if code != libvirt.VIR_ERR_DEVICE_MISSING and "in the process of unplug" not in error.get_error_message():
            raise


def _has(live, server_id, mac):
    domain = guest.find(live, server_id)
    return any(_nic(domain, mac, scope) is not None for scope in _scopes(domain))


def _scopes(domain):
    """Where a guest's NICs are: in what runs, in what is defined."""
    if domain is None:
        return []
    return [_LIVE] * bool(domain.isActive()) + [_CONFIG] * bool(domain.isPersistent())


def _nic(domain, mac, scope):
    """The guest's <interface> with a MAC; None."""
    text = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE if scope == _CONFIG else 0)
    found = ET.fromstring(text).findall("devices/interface")
    return next((each for each in found if each.find("mac").get("address") == mac), None)
