"""From a GuestSpec to a libvirt domain: a list of small pure steps; the same spec and host give the same XML."""

import collections
import dataclasses
import itertools
import re

from oslo_utils import strutils

from nova_lite.common import exceptions
from nova_lite.virt import spec as virt
from nova_lite.virt.libvirt import requested
from nova_lite.virt.libvirt.capabilities import Capabilities
from nova_lite.virt.libvirt.disks import Files
from nova_lite.virt.libvirt.xml import domain as dom


@dataclasses.dataclass(frozen=True)
class HostSettings:
    """What a guest's domain has from its host and the host's configuration."""

    cloud: str                      # the state directory, by which guests are known as this cloud's
    virt_type: str                  # "qemu" or "kvm"
    files: Files                    # the guest's own
    options: object                 # the [libvirt] group
    cache: str = "none"             # of files; "writeback" where the file system has no direct I/O
    shared: frozenset | None = None     # processors of the host for guests that have none to themselves; None: any
    capabilities: Capabilities | None = None  # of the host, for guests that ``requested.needs_capabilities``


_TARGETS = {"virtio": "vd", "scsi": "sd", "sata": "sd", "ide": "hd", "usb": "sd", "fdc": "fd"}
_DISK_BUSES = ("virtio", "scsi", "sata", "ide")
_NIC_MODELS = ("virtio", "e1000", "e1000e", "rtl8139", "pcnet", "ne2k_pci")
_VIDEO_MODELS = ("vga", "virtio", "cirrus", "bochs", "none")
_FIRMWARES = {"bios": None, "uefi": "efi"}
# Characters that XML 1.0 forbids, and line breaks, which libvirt refuses in a title.
_UNPRINTABLE = re.compile("[^ -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def domain(spec, host):
    """The xml.domain.Domain of ``spec``.

    :raises ImageUnacceptable: an image property has a value that this host does not offer.
    :raises NotOffered: likewise an extra spec of the flavor.
    """
    requested.check(spec)
    fields = {}
    for step in STEPS:
        fields.update(step(spec, host))
    return dom.Domain(**fields)


def identity(spec, host):
    """Names and ids for libvirt, this cloud and the guest (cloud-init knows OpenStack by the product's name)."""
    return {
        "type": host.virt_type,
        "uuid": spec.id,
        "name": spec.name,
        "title": _UNPRINTABLE.sub(" ", spec.title) or None,
        "server": dom.Server(cloud=host.cloud, project=spec.project_id, user=spec.user_id,
                             flavor=_UNPRINTABLE.sub(" ", spec.flavor_name) or None, image=spec.image_id),
        "smbios": "sysinfo",
        "sysinfo_type": "smbios",
        "sysinfo": tuple(dom.Entry(name=name, text=text) for name, text in (
            ("manufacturer", "nova_lite"), ("product", "OpenStack Nova"), ("serial", spec.id), ("uuid", spec.id),
            ("family", "Virtual Machine"))),
    }


def size(spec, _host):
    return {"memory": spec.memory_mb, "memory_unit": "MiB", "vcpus": spec.vcpus}


def machine(spec, host):
    """Board, firmware and clock; Windows expects the hardware clock in local time."""
    return {
        "arch": "x86_64",
        "machine": _machine(spec, host),
        "firmware": _choice(spec, "hw_firmware_type", _FIRMWARES, _FIRMWARES["bios"]),
        "acpi": True,
        "apic": True,
        "clock": "localtime" if spec.image_properties.get("os_type") == "windows" else "utc",
        "timers": (dom.Timer(name="pit", tickpolicy="delay"), dom.Timer(name="rtc", tickpolicy="catchup"),
                   dom.Timer(name="hpet", present=_flag(spec, "hw_time_hpet"))),
        "on_poweroff": "destroy",
        "on_reboot": "restart",
        "on_crash": "destroy",
    }


def cpu(_spec, host):
    """The processor model; for emulated guests also the size of the cache of translated code, most of QEMU's memory."""
    emulated = host.virt_type == "qemu"
    fields = {}
    if emulated and host.options.tb_cache_mb:
        fields = {"tb_cache": host.options.tb_cache_mb, "tb_cache_unit": "MiB"}
    mode = host.options.cpu_mode
    if mode == "auto":
        mode = "custom" if emulated else "host-model"
    if mode == "custom":
        fields |= {"cpu_mode": mode, "cpu_match": "exact", "cpu_check": "none",
                   "cpu_model": host.options.cpu_model, "cpu_fallback": "allow"}
    elif mode != "none":
        fields |= {"cpu_mode": mode}
    return fields


def disks(spec, host):
    """Every disk, named after its bus and those before it: vda, vdb, sda."""
    counts, made = collections.Counter(), []
    for each in spec.disks:
        prefix = _TARGETS[_bus(spec, each, host)]
        made.append(disk(spec, each, host, target(prefix, counts[prefix])))
        counts[prefix] += 1
    return {"disks": tuple(made)}


def target(prefix, number):
    """A disk's name in its guest: ("vd", 0) gives "vda", ("vd", 26) "vdaa"."""
    letters = ""
    while number >= 0:
        number, letter = divmod(number, 26)
        letters, number = chr(ord("a") + letter) + letters, number - 1
    return prefix + letters


def free_target(bus, taken):
    """The first name for a disk on ``bus`` that is not among ``taken``."""
    names = (target(_TARGETS[bus], number) for number in itertools.count())
    return next(name for name in names if name not in taken)


def disk(spec, disk, host, name):
    """The xml.domain.Disk of one of the guest's disks (virt.spec.Disk), called ``name`` in the guest.

    :raises NotOffered: the guest's machine does not have the bus.
    """
    bus = _bus(spec, disk, host)
    made = disk_element(disk, bus, name, host.files, host.cache)
    return made if _is_plain_cd(disk) else dataclasses.replace(made, **requested.disk(spec, disk, bus))


def disk_element(disk, bus, name, files, cache):
    """The xml.domain.Disk of a virt.spec.Disk, without what its guest's flavor and image say.

    Formats and the whole chain of files are stated, so that nobody probes what a guest may have written.
    :param files: disks.Files of the guest.  :param cache: of files, where the disk names none.
    """
    order = None if disk.boot_index is None else disk.boot_index + 1
    fields = {"device": disk.device, "bus": bus, "target": name, "serial": disk.serial, "readonly": disk.read_only,
              "discard": disk.discard, "io": disk.io, "cache": disk.cache, "boot_order": order,
              "format": disk.source.format, "encryption": _encryption(disk.encryption)}
    if disk.throttle is not None:
        fields |= dataclasses.asdict(disk.throttle)
    if not _is_plain_cd(disk):
        usual = cache if isinstance(disk.source, virt.File) else "none"
        fields |= {"backing": dom.BackingStore(end=False), "cache": disk.cache or usual}
    return dom.Disk(**fields | _SOURCES[type(disk.source)](disk.source, files))


def _is_plain_cd(disk):
    """Whether it is a CD or floppy whose image is read as it is: no chain, no cache, no limits."""
    return disk.device != "disk" and disk.source.format == "raw"


def _file(source, files):
    fields, base = {"file": files.path(source)}, source.backing
    if base is not None:
        fields["backing"] = dom.BackingStore(type="file", file=base.path, format=base.format, end=True)
    return fields


def _block(source, _files):
    return {"type": "block", "block": source.path}


def _network(source, _files):
    hosts = tuple(dom.SourceHost(name=each.name, port=each.port, socket=each.socket,
                                 transport="unix" if each.socket else None) for each in source.hosts)
    return {"type": "network", "protocol": source.protocol, "name": source.name, "hosts": hosts,
            "auth": _auth(source)}


_SOURCES = {virt.File: _file, virt.Block: _block, virt.Network: _network}
_SECRET_TYPES = {"rbd": "ceph", "iscsi": "iscsi"}


def _auth(source):
    auth = source.auth
    return None if auth is None else dom.Auth(
        user=auth.user, secret_type=_SECRET_TYPES[source.protocol], secret_uuid=auth.secret.uuid,
        secret_usage=auth.secret.usage)


def _encryption(encryption):
    return None if encryption is None else dom.Encryption(
        format=encryption.format, secret_uuid=encryption.secret.uuid, secret_usage=encryption.secret.usage)


def controllers(spec, host):
    """Controllers.  A q35 guest must have every PCIe port from the start; USB costs processor time even when idle."""
    buses = [_bus(spec, each, host) for each in spec.disks]
    usb = "usb" in buses or requested.uses_usb(spec)
    found = [dom.Controller(type="usb", model=requested.usb_model(spec) if usb else "none")]
    if "scsi" in buses:
        found.append(dom.Controller(type="scsi", index=0, model=_scsi_model(spec)))
    if _is_q35(spec, host):
        # balloon, rng, video; each bus has one for its controller or first disk, virtio one for each other disk
        own = 3 + len(set(buses)) + buses[1:].count("virtio") + len(spec.vifs) + requested.slots(spec)
        found.append(dom.Controller(type="pci", index=0, model="pcie-root"))
        found += [dom.Controller(type="pci", model="pcie-root-port")] * (own + host.options.spare_pcie_ports)
    return {"controllers": tuple(found)}


def nics(spec, _host):
    return {"interfaces": tuple(nic(spec, vif) for vif in spec.vifs)}


def nic(spec, vif):
    """The xml.domain.Interface of one of the guest's Vifs."""
    model = _choice(spec, "hw_vif_model", _NIC_MODELS, vif.model)
    return dom.Interface(mac=vif.mac, tap=vif.tap, mtu=vif.mtu, model=model, link=None if vif.link_up else "down",
                         **_NIC_KINDS[vif.kind](vif), **requested.nic(spec, vif, model))


_NIC_KINDS = {
    "bridge": lambda vif: {"bridge": vif.bridge},
    "ovs": lambda vif: {"bridge": vif.bridge, "virtualport": "openvswitch", "interface_id": vif.interface_id},
    "tap": lambda vif: {"type": "ethernet", "managed": False},
}


def console(spec, host):
    """The serial ports; virtlogd writes the output of the first to a log that is kept over reboots and bounded."""
    return {"serials": requested.serials(spec, host.files.console_log)}


def agent(spec, _host):
    """The channel to the guest's agent, where the image's properties say that it has one."""
    if not _flag(spec, "hw_qemu_guest_agent"):
        return {}
    return {"channels": (dom.Channel(name="org.qemu.guest_agent.0"),)}


def graphics(spec, _host):
    """The screen, whose VNC server does not listen: it has no authentication, so libvirt alone opens connections."""
    return {"graphics": (dom.Graphics(),),
            "video": _choice(spec, "hw_video_model", _VIDEO_MODELS, "vga"), "video_ram": requested.video_ram(spec)}


def rng(spec, host):
    return {"rng": requested.rng(spec, host.options.rng_device)}


def balloon(_spec, _host):
    return {"balloon": "virtio"}


STEPS = (identity, size, machine, cpu, requested.processor, requested.board, requested.devices, disks, controllers,
         nics, console, agent, graphics, rng, balloon)


def _choice(spec, name, choices, default):
    """The value of image property ``name``, or what a dict of choices has for it.

    :raises ImageUnacceptable: it is none of the choices.
    """
    value = spec.image_properties.get(name)
    if value is None:
        return default
    if value not in choices:
        raise exceptions.ImageUnacceptable(
            image_id=spec.image_id, reason=f"{name} is '{value}'; this host offers {', '.join(choices)}")
    return choices[value] if isinstance(choices, dict) else value


def _flag(spec, name):
    return strutils.bool_from_string(spec.image_properties.get(name, "no"))


def _disk_bus(spec):
    """The bus of disks that name none."""
    return _choice(spec, "hw_disk_bus", _DISK_BUSES, "virtio")


def _bus(spec, disk, host):
    """:raises NotOffered: the guest's machine does not have the bus that the disk names."""
    if disk.bus == "ide" and _is_q35(spec, host):
        raise exceptions.NotOffered(reason="guests of this host have no IDE bus for local disks")
    return disk.bus or (_reader_bus(spec, host) if disk.device == "cdrom" else _disk_bus(spec))


def _scsi_model(spec):
    return _choice(spec, "hw_scsi_model", {"virtio-scsi": "virtio-scsi", "lsilogic": "lsilogic",
                                           "lsisas1068": "lsisas1068", "lsisas1078": "lsisas1078"}, "virtio-scsi")


def _machine(spec, host):
    default = "pc" if _disk_bus(spec) == "ide" else host.options.machine_type       # q35 has no IDE
    return spec.image_properties.get("hw_machine_type", default)


def _reader_bus(spec, host):
    """The bus of CD readers; kernels for clouds have drivers for virtio-scsi, but none for SATA."""
    usual = "ide"
    if _is_q35(spec, host):
        usual = "sata" if _disk_bus(spec) == "sata" else "scsi"
    return _choice(spec, "hw_cdrom_bus", ("scsi", "sata", "ide"), usual)


def _is_q35(spec, host):
    return "q35" in _machine(spec, host)
