"""Devices that are plugged into guests and unplugged while they run: what NICs and volumes have in common."""

import dataclasses
import time
import xml.etree.ElementTree as ET

import libvirt

from nova_lite.common import exceptions
from nova_lite.virt.libvirt import domains
from nova_lite.virt.libvirt.xml import domain as dom

_POLL = 0.5             # seconds between looks at ``cancelled``, and at the guest in case an event was lost
_LIVE, _CONFIG = libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_AFFECT_CONFIG


@dataclasses.dataclass(frozen=True)
class Device:
    """How one device of a guest is found in its XML, whoever wrote that."""

    element: type           # of xml.domain
    field: str              # of the element, by which it is known
    value: str

    @classmethod
    def nic(cls, mac):
        return cls(dom.Interface, "mac", mac)

    @classmethod
    def volume(cls, serial):
        return cls(dom.Disk, "serial", serial)

    def find(self, root):
        """The ElementTree node of the device in a domain's; None where it is not there."""
        return next((each for each in root.findall(f"devices/{self.element.TAG}")
                     if getattr(self.element.parse(each), self.field) == self.value), None)


class Devices:
    """Plugs devices into guests and unplugs them, in what runs and in what is defined.

    :param options: the [libvirt] group.
    """

    def __init__(self, connection, events, options):
        self._connection = connection
        self._events = events
        self._options = options

    def attach(self, server_id, device, make):
        """Plug a device into a guest where it is missing.  No such guest: nothing happens.

        :param make: called with the nodes of the guest's XML, as it runs and as it is defined; answers the device's
            element (of xml.domain).
        :raises HypervisorError: libvirt refuses.
        """
        self._connection.call_retrying(_attach, server_id, device, make, deadline=self._options.start_timeout)

    def detach(self, server_id, device, cancelled=None):
        """Unplug a device, and return when the guest has let go of it.  Not there: nothing happens.

        A guest that keeps it is asked [libvirt] device_detach_attempts times, each time with device_detach_timeout
        seconds to let go.  libvirt's events end the wait: that the device was removed, or that it will not be.
        :param cancelled: a callable; once it answers True, Cancelled is raised instead of waiting on.
        :raises HypervisorError: the guest does not let go of it.
        """
        with self._events.changes(server_id) as changed:
            for _ in range(self._options.device_detach_attempts):
                self._connection.call_retrying(_detach, server_id, device)
                if self._is_gone(server_id, device, changed, cancelled):
                    return
        raise exceptions.HypervisorError(reason=f"the guest does not let go of the {device.element.TAG}")

    def _is_gone(self, server_id, device, changed, cancelled):
        """Whether the guest has let go of the device after at most [libvirt] device_detach_timeout seconds."""
        end = time.monotonic() + self._options.device_detach_timeout
        while True:
            changed.clear()
            if not self._connection.call_retrying(_has, server_id, device):
                return True
            if cancelled is not None and cancelled():
                raise exceptions.Cancelled(
                    f"Waiting for server {server_id} to let go of the {device.element.TAG} was cancelled.")
            if time.monotonic() >= end:
                return False
            changed.wait(_POLL)


# ---- below: in native threads

def _attach(live, server_id, device, make):
    """Plug the device in where it is missing; the definition first, which can be taken back at once."""
    domain = domains.find(live, server_id)
    roots = _roots(domain)
    missing = [scope for scope, root in reversed(roots.items()) if device.find(root) is None]
    xml = make(list(roots.values())).xml() if missing else None
    for number, scope in enumerate(missing):
        try:
            domain.attachDeviceFlags(xml, scope)
        except libvirt.libvirtError:
            for before in missing[:number]:
                domain.detachDeviceFlags(xml, before)
            raise


def _detach(live, server_id, device):
    """Take the device out of the definition, and ask the guest that runs to let go of it."""
    domain = domains.find(live, server_id)
    for scope, root in reversed(_roots(domain).items()):
        node = device.find(root)
        if node is not None and scope == _CONFIG:
            domain.detachDeviceFlags(ET.tostring(node, encoding="unicode"), scope)
        elif node is not None:
            _request_removal(domain, node.find("alias").get("name"))


def _request_removal(domain, alias):
    """Ask a guest to let go of a device; one that was asked before may be about to, or have done so just now."""
    try:
        domain.detachDeviceAlias(alias, _LIVE)          # by its alias, for then libvirt does not wait
    except libvirt.libvirtError as error:
        code = error.get_error_code()
        if code != libvirt.VIR_ERR_DEVICE_MISSING and "in the process of unplug" not in error.get_error_message():
            raise


def _has(live, server_id, device):
    return any(device.find(root) is not None for root in _roots(domains.find(live, server_id)).values())


def _roots(domain):
    """{flag of libvirt: the node of the guest's XML}: as it runs, then as it is defined; {} where there is no guest."""
    if domain is None:
        return {}
    roots = {}
    if domain.isActive():
        roots[_LIVE] = ET.fromstring(domain.XMLDesc())
    if domain.isPersistent():
        roots[_CONFIG] = ET.fromstring(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
    return roots
