"""From a GuestSpec to a libvirt domain: a list of small pure steps, the same spec and site give the same XML."""

import dataclasses
import re

from oslo_utils import strutils

from nova_lite.common import exception
from nova_lite.virt.libvirt import asked
from nova_lite.virt.libvirt.abilities import Abilities
from nova_lite.virt.libvirt.disks import Files
from nova_lite.virt.libvirt.xml import domain as dom


@dataclasses.dataclass(frozen=True)
class Site:
    """Where a guest is built."""

    cloud: str                      # the state directory, by which guests are known as ours
    virt_type: str                  # "qemu" or "kvm"
    files: Files                    # the guest's own
    options: object                 # the [libvirt] group
    config_drive: bool = False      # whether files.config_drive exists
    cache: str = "none"             # "writeback" where the file system has no direct I/O
    shared: frozenset | None = None     # processors of the host for guests that have none to themselves; None: any
    abilities: Abilities | None = None  # of the host, for those that ``asked.asks``


_TARGETS = {"virtio": "vd", "scsi": "sd", "sata": "sd", "ide": "hd", "usb": "sd"}
_DISK_BUSES = ("virtio", "scsi", "sata", "ide")
_NIC_MODELS = ("virtio", "e1000", "e1000e", "rtl8139", "pcnet", "ne2k_pci")
_VIDEO_MODELS = ("vga", "virtio", "cirrus", "bochs", "none")
_FIRMWARES = {"bios": None, "uefi": "efi"}
# What XML 1.0 cannot carry; libvirt refuses line breaks in a title besides.
_UNPRINTABLE = re.compile("[^ -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def domain(spec, site):
    """The xml.domain.Domain of ``spec``.

    :raises ImageUnacceptable: an image property asks for what there is not.
    :raises NotOffered: the flavor does.
    """
    asked.check(spec)
    fields = {}
    for step in STEPS:
        fields.update(step(spec, site))
    return dom.Domain(**fields)


def identity(spec, site):
    """Who the guest is, to libvirt, to us and to itself (cloud-init knows OpenStack by the product's name)."""
    return {
        "type": site.virt_type,
        "uuid": spec.id,
        "name": spec.name,
        "title": _UNPRINTABLE.sub(" ", spec.title) or None,
        "server": dom.Server(cloud=site.cloud, project=spec.project_id, user=spec.user_id,
                             flavor=_UNPRINTABLE.sub(" ", spec.flavor_name) or None, image=spec.image_id),
        "smbios": "sysinfo",
        "sysinfo_type": "smbios",
        "sysinfo": tuple(dom.Entry(name=name, text=text) for name, text in (
            ("manufacturer", "nova_lite"), ("product", "OpenStack Nova"), ("serial", spec.id), ("uuid", spec.id),
            ("family", "Virtual Machine"))),
    }


def size(spec, _site):
    return {"memory": spec.memory_mb, "memory_unit": "MiB", "vcpus": spec.vcpus}


def machine(spec, site):
    """Board, firmware and clock; a Windows guest expects its clock in local time."""
    return {
        "arch": "x86_64",
        "machine": _machine(spec, site),
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


def cpu(_spec, site):
    """The processor; emulated ones also get a small cache of translated code, which is most of their memory."""
    emulated = site.virt_type == "qemu"
    fields = {}
    if emulated and site.options.tb_cache_mb:
        fields = {"tb_cache": site.options.tb_cache_mb, "tb_cache_unit": "MiB"}
    mode = site.options.cpu_mode
    if mode == "auto":
        mode = "custom" if emulated else "host-model"
    if mode == "custom":
        fields |= {"cpu_mode": mode, "cpu_match": "exact", "cpu_check": "none",
                   "cpu_model": site.options.cpu_model, "cpu_fallback": "allow"}
    elif mode != "none":
        fields |= {"cpu_mode": mode}
    return fields


def disks(spec, site):
    """The root disk, and the config drive as a CD.  Formats and the whole chain are said, so nobody probes."""
    made = []
    root = _overlay(spec, spec.disk, site, site.files.disk, boot_order=1)
    if spec.rescue is None:
        _place(made, root, _disk_bus(spec))
    else:
        root = dataclasses.replace(root, boot_order=2)
        rescue = _overlay(spec, spec.rescue.disk, site, site.files.rescue, boot_order=1)
        if spec.rescue.bus is None:
            _place(made, rescue, _disk_bus(spec))
            _place(made, root, _disk_bus(spec))
        else:
            _place(made, root, _disk_bus(spec))
            is_cd = spec.rescue.device == "cdrom"
            _place(made, dataclasses.replace(rescue, device=spec.rescue.device, readonly=is_cd), spec.rescue.bus)
    if site.config_drive:
        path = site.files.config_drive if spec.rescue is None else site.files.rescue_config_drive
        _place(made, dom.Disk(device="cdrom", format="raw", file=path, readonly=True), _reader_bus(spec, site))
    return {"disks": tuple(made)}


def _overlay(spec, disk, site, path, boot_order):
    base = disk.base
    return dom.Disk(
        **asked.disk(spec, _disk_bus(spec)),
        format="qcow2", cache=site.cache, discard="unmap", file=path, boot_order=boot_order,
        backing=dom.BackingStore(end=base is not None, file=base, format=base and disk.base_format,
                                 type=base and "file"))


def _place(made, disk, bus):
    """Attach ``disk`` behind those of ``made`` whose names begin alike: vda, vdb, sda."""
    prefix = _TARGETS[bus]
    number = sum(each.target.startswith(prefix) for each in made)
    made.append(dataclasses.replace(disk, bus=bus, target=f"{prefix}{'abcdef'[number]}"))


def controllers(spec, site):
    """Every port a q35 guest will need must be there from the start; USB is left out, it costs even when idle."""
    buses = {_disk_bus(spec)} | ({_reader_bus(spec, site)} if site.config_drive else set())
    if spec.rescue is not None and spec.rescue.bus is not None:
        buses.add(spec.rescue.bus)
    usb = "usb" in buses or asked.uses_usb(spec)
    found = [dom.Controller(type="usb", model=asked.usb_model(spec) if usb else "none")]
    if "scsi" in buses:
        found.append(dom.Controller(type="scsi", index=0, model=_scsi_model(spec)))
    if _is_q35(spec, site):
        # balloon, rng, video; disks or their controllers
        own = 3 + len(buses) + len(spec.vifs) + asked.slots(spec)
        found.append(dom.Controller(type="pci", index=0, model="pcie-root"))
        found += [dom.Controller(type="pci", model="pcie-root-port")] * (own + site.options.spare_pcie_ports)
    return {"controllers": tuple(found)}


def nics(spec, _site):
    return {"interfaces": tuple(nic(spec, vif) for vif in spec.vifs)}


def nic(spec, vif):
    """The xml.domain.Interface of one of the guest's Vifs."""
    model = _choice(spec, "hw_vif_model", _NIC_MODELS, vif.model)
    return dom.Interface(mac=vif.mac, bridge=vif.bridge, tap=vif.tap, mtu=vif.mtu, model=model,
                         **asked.nic(spec, model))


def console(spec, site):
    """The serial ports; virtlogd keeps what the first prints over reboots, and bounds it."""
    return {"serials": asked.serials(spec, site.files.console_log)}


def agent(spec, _site):
    """The way to the guest's agent, where the image says that it has one."""
    if not _flag(spec, "hw_qemu_guest_agent"):
        return {}
    return {"channels": (dom.Channel(name="org.qemu.guest_agent.0"),)}


def graphics(spec, site):
    return {"graphics": (dom.Graphics(listen=site.options.vnc_listen),),
            "video": _choice(spec, "hw_video_model", _VIDEO_MODELS, "vga"), "video_ram": asked.video_ram(spec)}


def rng(spec, site):
    return {"rng": asked.rng(spec, site.options.rng_device)}


def balloon(_spec, _site):
    return {"balloon": "virtio"}


STEPS = (identity, size, machine, cpu, asked.processor, asked.board, asked.devices, disks, controllers, nics, console,
         agent, graphics, rng, balloon)


def _choice(spec, name, choices, default):
    """What image property ``name`` asks for; a dict of choices says what each means."""
    value = spec.image_properties.get(name)
    if value is None:
        return default
    if value not in choices:
        raise exception.ImageUnacceptable(
            image_id=spec.image_id, reason=f"{name} is '{value}'; this host offers {', '.join(choices)}")
    return choices[value] if isinstance(choices, dict) else value


def _flag(spec, name):
    return strutils.bool_from_string(spec.image_properties.get(name, "no"))


def _disk_bus(spec):
    return _choice(spec, "hw_disk_bus", _DISK_BUSES, spec.disk.bus)


def _scsi_model(spec):
    return _choice(spec, "hw_scsi_model", {"virtio-scsi": "virtio-scsi", "lsilogic": "lsilogic",
                                           "lsisas1068": "lsisas1068", "lsisas1078": "lsisas1078"}, "virtio-scsi")


def _machine(spec, site):
    default = "pc" if _disk_bus(spec) == "ide" else site.options.machine_type       # q35 has no IDE
    return spec.image_properties.get("hw_machine_type", default)


def _reader_bus(spec, site):
    """How the config drive's CD reader is attached; cloud kernels have drivers for virtio-scsi, but none for SATA."""
    usual = "ide"
    if _is_q35(spec, site):
        usual = "sata" if _disk_bus(spec) == "sata" else "scsi"
    return _choice(spec, "hw_cdrom_bus", ("scsi", "sata", "ide"), usual)


def _is_q35(spec, site):
    return "q35" in _machine(spec, site)
