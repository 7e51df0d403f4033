"""From a GuestSpec to a libvirt domain: a list of small pure steps, the same spec and site give the same XML."""

import dataclasses
import re

from oslo_utils import strutils

from nova_lite.common import exception
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
    """
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
                   dom.Timer(name="hpet", present=False)),
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
    root = _overlay(spec.disk, site, site.files.disk, boot_order=1)
    if spec.rescue is None:
        _place(made, root, _disk_bus(spec))
    else:
        root = dataclasses.replace(root, boot_order=2)
        rescue = _overlay(spec.rescue.disk, site, site.files.rescue, boot_order=1)
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


def _overlay(disk, site, path, boot_order):
    base = disk.base
    return dom.Disk(
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
    found = [dom.Controller(type="usb", model="qemu-xhci" if "usb" in buses else "none")]
    if "scsi" in buses:
        found.append(dom.Controller(type="scsi", index=0, model="virtio-scsi"))
    if _is_q35(spec, site):
        own = 3 + len(buses) + len(spec.vifs)       # balloon, rng, video; disks or their controllers
        found.append(dom.Controller(type="pci", index=0, model="pcie-root"))
        found += [dom.Controller(type="pci", model="pcie-root-port")] * (own + site.options.spare_pcie_ports)
    return {"controllers": tuple(found)}


def nics(spec, _site):
    return {"interfaces": tuple(
        dom.Interface(mac=vif.mac, bridge=vif.bridge, tap=vif.tap, mtu=vif.mtu,
                      model=_choice(spec, "hw_vif_model", _NIC_MODELS, vif.model))
        for vif in spec.vifs)}


def console(_spec, site):
    """The serial port; virtlogd keeps what it prints over reboots, and bounds it."""
    return {"serials": (dom.Serial(log=site.files.console_log, append="on"),)}


def agent(spec, _site):
    """The way to the guest's agent, where the image says that it has one."""
    if not strutils.bool_from_string(spec.image_properties.get("hw_qemu_guest_agent", "no")):
        return {}
    return {"channels": (dom.Channel(name="org.qemu.guest_agent.0"),)}


def graphics(spec, site):
    return {"graphics": (dom.Graphics(listen=site.options.vnc_listen),),
            "video": _choice(spec, "hw_video_model", _VIDEO_MODELS, "vga")}


def rng(_spec, site):
    return {"rng": dom.Rng(device=site.options.rng_device)}


def balloon(_spec, _site):
    return {"balloon": "virtio"}


STEPS = (identity, size, machine, cpu, disks, controllers, nics, console, agent, graphics, rng, balloon)


def _choice(spec, name, choices, default):
    """What image property ``name`` asks for; a dict of choices says what each means."""
    asked = spec.image_properties.get(name)
    if asked is None:
        return default
    if asked not in choices:
        raise exception.ImageUnacceptable(
            image_id=spec.image_id, reason=f"{name} is '{asked}'; this host offers {', '.join(choices)}")
    return choices[asked] if isinstance(choices, dict) else asked


def _disk_bus(spec):
    return _choice(spec, "hw_disk_bus", _DISK_BUSES, spec.disk.bus)


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
