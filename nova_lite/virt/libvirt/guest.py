"""What is done to domains: plain functions over libvirt's own objects, run in native threads by Connection."""

import dataclasses
import re
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape

import libvirt

from nova_lite.common import concurrency, exception
from nova_lite.objects.states import Power
from nova_lite.virt.libvirt.xml.domain import NAMESPACE

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
    """(address, port) of the VNC server of a guest that runs, else None."""
    found = _living(live, server_id, "./devices/graphics[@type='vnc']")
    if found is None or int(found.get("port", -1)) <= 0:
        return None
    return found.get("listen") or "127.0.0.1", int(found.get("port"))


def terminal(live, server_id):
    """The device that is the serial port of a guest that runs, else None."""
    found = _living(live, server_id, "./devices/serial[@type='pty']/source")
    return None if found is None else found.get("path")


def _living(live, server_id, path):
    domain = find(live, server_id)
    if domain is None or not domain.isActive():
        return None
    return ET.fromstring(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_SECURE)).find(path)


def start(live, blueprint):
    """Define the guest as ``blueprint`` (an xml.domain.Domain) says, and start it unless it runs."""
    domain = find(live, blueprint.uuid)
    if domain is None or not domain.isActive():
        domain = _define(live, blueprint, domain)
        _go_on()
        _start(domain)
        _check_shares(domain, blueprint)


def restart(live, blueprint):
    """Cut the guest's power, define it anew and start it."""
    domain = find(live, blueprint.uuid)
    if domain is not None:
        cut(domain)
        if domain.hasManagedSaveImage():
            domain.managedSaveRemove()          # or it would wake up instead of booting
    domain = _define(live, blueprint, domain)
    _start(domain)
    _check_shares(domain, blueprint)


def pause(domain):
    if power(domain) is not Power.PAUSED:
        domain.suspend()


def unpause(domain):
    if power(domain) is not Power.RUNNING:
        domain.resume()


def is_halted(domain):
    """Whether QEMU itself stopped the guest, because it could not write to a disk of its."""
    return domain.state() == [libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_IOERROR]


def halted(live, cloud):
    """{server id: why} of the domains that carry ``cloud``'s mark and are halted."""
    return _of_ours(live, cloud, libvirt.VIR_CONNECT_LIST_DOMAINS_PAUSED, _why_halted)


def _why_halted(domain):
    """In words; None of one that somebody paused."""
    return None if not is_halted(domain) else ", ".join(
        f"{'no space left for' if error == libvirt.VIR_DOMAIN_DISK_ERROR_NO_SPACE else 'no writing to'} its disk {disk}"
        for disk, error in sorted(domain.diskErrors().items())) or "no writing to a disk"


def go_on(domain):
    """Let a halted guest go on; whether it was one."""
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
    domain.blockCopy(disk, f"<disk type='file'><source file='{escape(target, {chr(39): '&apos;'})}'/>"
                           "<driver type='qcow2'/></disk>", None, _COPY)


def is_copied(domain, disk):
    """Whether the mirror has caught up.  :raises libvirtError: there is none any more."""
    job = domain.blockJobInfo(disk)
    if not job:
        raise libvirt.libvirtError("the copy of the disk ended early")
    mirror = ET.fromstring(domain.XMLDesc()).find("devices/disk/mirror[@ready='yes']")
    return mirror is not None and job["cur"] == job["end"]


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


def _of_ours(live, cloud, which, ask):
    """{server id: answer} of the domains of one kind that carry ``cloud``'s mark; what has gone since is left out."""
    found = {}
    for domain in live.listAllDomains(which):
        try:
            answer = ask(domain) if _cloud_of(domain) == cloud else None
        except libvirt.libvirtError as error:
            if error.get_error_code() not in _ALREADY:
                raise
            continue
        if answer is not None:
            found[domain.UUIDString()] = answer
    return found


def _macs(domain):
    found = ET.fromstring(domain.XMLDesc()).findall("devices/interface")
    return [each.find("mac").get("address") for each in found
            if _TAP.fullmatch(getattr(each.find("target"), "attrib", {}).get("dev", ""))]


def is_ours(live, server_id, cloud):
    """Whether a guest carries ``cloud``'s mark; None where there is no such guest."""
    domain = find(live, server_id)
    return None if domain is None else _cloud_of(domain) == cloud


def _cloud_of(domain):
    try:
        mark = domain.metadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, NAMESPACE)
    except libvirt.libvirtError as error:
        if error.get_error_code() in (libvirt.VIR_ERR_NO_DOMAIN_METADATA, libvirt.VIR_ERR_NO_DOMAIN):
            return None
        raise
    return ET.fromstring(mark).get("cloud")


def _go_on():
    """:raises Cancelled: the caller has given this up, and undone or reported it, while libvirt was silent."""
    if concurrency.given_up():
        raise exception.Cancelled("Nobody waits for this guest any more.")


def _define(live, blueprint, known):
    """Define, under the name the guest has already; one whose name a stranger took gets its id in the name."""
    if known is not None:
        blueprint = dataclasses.replace(blueprint, name=known.name())
    try:
        return live.defineXML(blueprint.xml())
    except libvirt.libvirtError:
        if known is not None or not _taken(live, blueprint.name):
            raise
    return live.defineXML(dataclasses.replace(blueprint, name=f"{blueprint.name}-{blueprint.uuid}").xml())


def _taken(live, name):
    try:
        return bool(live.lookupByName(name))
    except libvirt.libvirtError:
        return False


def _start(domain):
    try:
        domain.create()
    except libvirt.libvirtError as error:
        if not (error.get_error_code() == libvirt.VIR_ERR_OPERATION_INVALID and domain.isActive()):
            raise


def _check_shares(domain, blueprint):
    """libvirt refuses processor quotas where there are no control groups, but shares it forgets silently.

    :raises NotOffered: and the guest is off.
    """
    if blueprint.cpu_shares is None:
        return
    try:
        known = domain.schedulerParameters()
    except libvirt.libvirtError:
        known = {}
    if known.get("cpu_shares") != blueprint.cpu_shares:
        cut(domain)
        raise exception.NotOffered(reason="quota:cpu_shares takes control groups, which this host's libvirt has not")


def _unless_already(act, *args):
    """Do it, unless it is so already or the guest has gone meanwhile."""
    try:
        act(*args)
    except libvirt.libvirtError as error:
        if error.get_error_code() not in _ALREADY:
            raise
