"""Functions over libvirt's own objects (virConnect, virDomain), which Connection runs in native threads."""

import dataclasses
import re
import xml.etree.ElementTree as ET

import libvirt

from nova_lite.common import concurrency, exceptions
from nova_lite.objects.states import Power
from nova_lite.virt.libvirt.xml import domain as dom

_POWER = {
    libvirt.VIR_DOMAIN_NOSTATE: Power.NOSTATE,
    libvirt.VIR_DOMAIN_RUNNING: Power.RUNNING,
    libvirt.VIR_DOMAIN_BLOCKED: Power.RUNNING,
    libvirt.VIR_DOMAIN_PAUSED: Power.PAUSED,
    libvirt.VIR_DOMAIN_SHUTDOWN: Power.RUNNING,         # on its way, still on
    libvirt.VIR_DOMAIN_SHUTOFF: Power.SHUTDOWN,
    libvirt.VIR_DOMAIN_CRASHED: Power.CRASHED,
    libvirt.VIR_DOMAIN_PMSUSPENDED: Power.SUSPENDED,
}
_FORGET = (libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
           | libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA | libvirt.VIR_DOMAIN_UNDEFINE_NVRAM)
_TAP = re.compile(r"tap[0-9a-f]{8}-[0-9a-f]{2}")        # as objects.server.Nic names them; libvirt names others
_ALREADY = (libvirt.VIR_ERR_OPERATION_INVALID, libvirt.VIR_ERR_NO_DOMAIN)


def find(live, server_id):
    """The virDomain of a server, or None."""
    try:
        return live.lookupByUUIDString(server_id)
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
            return None
        raise


def power(domain):
    return _POWER.get(domain.state()[0], Power.NOSTATE)


def power_of(live, server_id):
    """objects.states.Power; NOSTATE where there is no such guest."""
    domain = find(live, server_id)
    return Power.NOSTATE if domain is None else power(domain)


def runs(live, server_id):
    domain = find(live, server_id)
    return domain is not None and bool(domain.isActive())


def screen(live, server_id):
    """True for a guest that runs and has a VNC server, else None."""
    return any(each.type == "vnc" for each in _devices_of_running(live, server_id, dom.Graphics)) or None


def open_screen(live, server_id):
    """The file descriptor of a new connection to the VNC server of a guest, wherever that listens.

    :raises libvirtError: it does not run.
    """
    return live.lookupByUUIDString(server_id).openGraphicsFD(0)


def terminal(live, server_id):
    """The device that is the serial port of a guest that runs, else None."""
    found = _devices_of_running(live, server_id, dom.Serial)
    return next((each.path for each in found if each.type == "pty"), None)


def _devices_of_running(live, server_id, element):
    domain = find(live, server_id)
    if domain is None or not domain.isActive():
        return []
    return dom.devices(ET.fromstring(domain.XMLDesc()), element)


def start(live, definition, paused=False):
    """Define the guest as ``definition`` (an xml.domain.Domain) says, and start it unless it runs.

    :param paused: its processors stand still until ``unpause``.
    """
    domain = find(live, definition.uuid)
    if domain is None or not domain.isActive():
        domain = _define(live, definition, domain)
        _check_given_up()
        _start(domain, paused)
        _check_shares(domain, definition)


def restart(live, definition, paused=False):
    """Cut the guest's power, define it anew and start it.  :param paused: as for ``start``."""
    domain = find(live, definition.uuid)
    if domain is not None:
        cut(domain)
        if domain.hasManagedSaveImage():
            domain.managedSaveRemove()          # or it would wake up instead of booting
    domain = _define(live, definition, domain)
    _start(domain, paused)
    _check_shares(domain, definition)


def pause(domain):
    if power(domain) is not Power.PAUSED:
        domain.suspend()


def unpause(domain):
    if power(domain) is not Power.RUNNING:
        domain.resume()


def is_halted(domain):
    """Whether QEMU itself stopped the guest because a write to one of its disks failed."""
    return domain.state() == [libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_IOERROR]


def halted(live, cloud):
    """{server id: why} of the domains that carry ``cloud``'s mark and are halted."""
    return _of_ours(live, cloud, libvirt.VIR_CONNECT_LIST_DOMAINS_PAUSED, _why_halted)


def _why_halted(domain):
    """The reason as text; None of a domain that was paused on request."""
    return None if not is_halted(domain) else ", ".join(
        f"{'no space left for' if error == libvirt.VIR_DOMAIN_DISK_ERROR_NO_SPACE else 'no writing to'} its disk {disk}"
        for disk, error in sorted(domain.diskErrors().items())) or "no writing to a disk"


def resume_halted(domain):
    """Resume a halted guest; whether it was halted."""
    if not is_halted(domain):
        return False
    domain.resume()
    return True


def save(domain):
    """Write the memory to disk and turn the guest off; whether there is a saved memory now."""
    if domain.isActive():
        domain.managedSave(libvirt.VIR_DOMAIN_SAVE_RUNNING)
    return bool(domain.hasManagedSaveImage())


def restore(live, server_id):
    """Start the guest with its saved memory; False where there is none and the guest is off."""
    domain = find(live, server_id)
    if domain is None:
        return False
    if domain.isActive():
        unpause(domain)
        return True
    if not domain.hasManagedSaveImage():
        return False
    _start(domain)
    return True


def cut(domain):
    """Cut the power; of a guest that is off, nothing."""
    _unless_already(domain.destroy)


def cut_of(live, server_id):
    """Cut the power of a server's guest; where there is none, nothing."""
    domain = find(live, server_id)
    if domain is not None:
        cut(domain)


_COPY = (libvirt.VIR_DOMAIN_BLOCK_COPY_SHALLOW | libvirt.VIR_DOMAIN_BLOCK_COPY_REUSE_EXT
         | libvirt.VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB)


def copy_disk(domain, disk, target):
    """Begin to mirror the overlay ``disk`` into the overlay ``target`` of the same base."""
    copy = dom.Disk(file=target, format="qcow2", device=None, driver=None, bus=None)
    domain.blockCopy(disk, copy.xml(), None, _COPY)


def is_copied(domain, disk):
    """Whether the mirror has caught up.  :raises libvirtError: there is none any more."""
    job = domain.blockJobInfo(disk)
    if not job:
        raise libvirt.libvirtError("the copy of the disk ended early")
    is_ready = any(each.mirror_ready for each in dom.devices(ET.fromstring(domain.XMLDesc()), dom.Disk))
    return is_ready and job["cur"] == job["end"]


def end_copy(live, server_id, disk):
    """End a mirror; the guest stays on ``disk``.  Where there is none, nothing."""
    domain = find(live, server_id)
    if domain is not None and domain.isActive() and domain.blockJobInfo(disk):
        domain.blockJobAbort(disk)


def press(domain):
    """Press the power button, and return the power as it is now."""
    if domain.isActive():
        _unless_already(domain.shutdownFlags, libvirt.VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN)
    return power(domain)


def forget(live, server_id):
    """Cut the power and undefine; where there is no such guest, nothing."""
    domain = find(live, server_id)
    if domain is not None:
        cut(domain)
        _unless_already(domain.undefineFlags, _FORGET)


def ours(live, cloud):
    """{server id: Power} of the domains that carry ``cloud``'s mark."""
    return {domain.UUIDString(): power(domain) for domain in live.listAllDomains() if _cloud_of(domain) == cloud}


def nics(live, cloud):
    """{server id: [MAC]} of the NICs with a device of ours, of the domains that carry ``cloud``'s mark and run."""
    return _of_ours(live, cloud, libvirt.VIR_CONNECT_LIST_DOMAINS_RUNNING, _macs)


def _of_ours(live, cloud, which, function):
    """{server id: answer} of the domains of one kind that carry ``cloud``'s mark; what has gone since is left out."""
    found = {}
    for domain in live.listAllDomains(which):
        try:
            answer = function(domain) if _cloud_of(domain) == cloud else None
        except libvirt.libvirtError as error:
            if error.get_error_code() not in _ALREADY:
                raise
            continue
        if answer is not None:
            found[domain.UUIDString()] = answer
    return found


def _macs(domain):
    found = dom.devices(ET.fromstring(domain.XMLDesc()), dom.Interface)
    return [each.mac for each in found if _TAP.fullmatch(each.tap or "")]


def is_ours(live, server_id, cloud):
    """Whether a guest carries ``cloud``'s mark; None where there is no such guest."""
    domain = find(live, server_id)
    return None if domain is None else _cloud_of(domain) == cloud


def _cloud_of(domain):
    try:
        mark = domain.metadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, dom.NAMESPACE)
    except libvirt.libvirtError as error:
        if error.get_error_code() in (libvirt.VIR_ERR_NO_DOMAIN_METADATA, libvirt.VIR_ERR_NO_DOMAIN):
            return None
        raise
    return dom.Server.parse(mark).cloud


def _check_given_up():
    """:raises Cancelled: the caller's deadline passed while libvirt did not answer, and it undid or reported this."""
    if concurrency.given_up():
        raise exceptions.Cancelled("The start of this guest was given up.")


def _define(live, definition, known):
    """Define the guest under the name it has already; where another domain has its name, its id is added to it."""
    if known is not None:
        definition = dataclasses.replace(definition, name=known.name())
    try:
        return live.defineXML(definition.xml())
    except libvirt.libvirtError:
        if known is not None or not _taken(live, definition.name):
            raise
    return live.defineXML(dataclasses.replace(definition, name=f"{definition.name}-{definition.uuid}").xml())


def _taken(live, name):
    try:
        return bool(live.lookupByName(name))
    except libvirt.libvirtError:
        return False


def _start(domain, paused=False):
    try:
        domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED if paused else 0)
    except libvirt.libvirtError as error:
        if not (error.get_error_code() == libvirt.VIR_ERR_OPERATION_INVALID and domain.isActive()):
            raise


def _check_shares(domain, definition):
    """libvirt refuses processor quotas where there are no control groups, but shares it forgets silently.

    :raises NotOffered: and the guest is off.
    """
    if definition.cpu_shares is None:
        return
    try:
        known = domain.schedulerParameters()
    except libvirt.libvirtError:
        known = {}
    if known.get("cpu_shares") != definition.cpu_shares:
        cut(domain)
        raise exceptions.NotOffered(reason="quota:cpu_shares takes control groups, which this host's libvirt has not")


def _unless_already(act, *args):
    """Call ``act``; that the guest is so already, or gone, is no error."""
    try:
        act(*args)
    except libvirt.libvirtError as error:
        if error.get_error_code() not in _ALREADY:
            raise
