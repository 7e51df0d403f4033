"""The parts of a domain that a flavor's extra specs and an image's properties ask for: pure steps of guest_config."""

import dataclasses

from oslo_utils import strutils

from nova_lite.common import exceptions, hardware
from nova_lite.common.hardware import processors, properties, topology
from nova_lite.virt import spec as virt
from nova_lite.virt.libvirt import placement
from nova_lite.virt.libvirt.xml import domain as dom

_DISK = tuple(each.name for each in dataclasses.fields(virt.DiskThrottle))
_VIF = tuple(each.name for each in dataclasses.fields(virt.NicThrottle))
_QUEUES = 16            # a tap device of Linux takes more, a guest's interrupts have not
_SERIALS = 4            # of a PC
_SOUNDS = ("sb16", "es1370", "pcspk", "ac97", "ich6", "ich9", "usb")
#: Extra specs, and properties of the same name, that no host here offers: they are refused, never ignored.
_REFUSED = {
    "mem_encryption": "guests' memory cannot be encrypted here", "cpu_realtime": "there are no real-time processors",
    "ephemeral_encryption": "guests' disks are not encrypted here", "viommu_model": "guests get no IOMMU here",
    "redirected_usb_ports": "USB devices come through SPICE, which there is not",
    "pmem": "there is no persistent memory",
    "maxphysaddr_mode": "the width of addresses cannot be chosen",
}


def requirements(spec):
    """The hardware.Requirements of a GuestSpec."""
    return hardware.Requirements(spec.vcpus, spec.memory_mb, spec.extra_specs, spec.image_properties, spec.flavor_name,
                           image_id=spec.image_id or "")


def needs_capabilities(spec):
    """Whether the XML of ``spec`` depends on the host's capabilities (capabilities.Capabilities)."""
    wanted = requirements(spec)
    return wanted.any and (placement.needed(wanted) or _secure(wanted) or _tpm(wanted) is not None)


def check(spec):
    """:raises NotOffered: it asks for something that no host here offers."""
    properties.check_architecture(spec.image_properties)
    wanted = requirements(spec)
    for name, reason in _REFUSED.items():
        value = wanted.either(name)
        if value is not None and value.lower() not in ("false", "no", "off", "0", "f", "n"):
            raise exceptions.NotOffered(reason=f"hw:{name} is {value}; {reason}")


def processor(spec, host):
    """Sockets, cores and threads, where they run, and their share of the host's processors."""
    wanted = requirements(spec)
    made = topology.best(wanted)
    fields = {} if made is None else {"sockets": made.sockets, "cores": made.cores, "threads": made.threads}
    for name in ("shares", "period", "quota"):
        fields |= _number(spec, f"quota:cpu_{name}", f"cpu_{name}")
    return fields | _placed(wanted, host)


def _placed(wanted, host):
    taken = placement.place_cells(wanted, host.capabilities)
    if not taken:
        return {"cpuset": _ranges(host.shared)} if host.shared else {}
    pins = {cpu: {seat.pins[cpu]} if cpu in seat.pins else seat.floating for seat in taken for cpu in seat.cell.cpus}
    emulator = frozenset().union(*(seat.emulator for seat in taken)) or frozenset().union(*pins.values())
    fields = {
        "cells": tuple(dom.Cell(id=number, cpus=_ranges(seat.cell.cpus), memory=seat.cell.memory_mb)
                       for number, seat in enumerate(taken)),
        "pins": tuple(dom.Pin(vcpu=cpu, cpuset=_ranges(pins[cpu])) for cpu in sorted(pins)),
        "emulator": _ranges(emulator),
        "numa_mode": "strict", "numa_nodes": _ranges({seat.node for seat in taken}),
        "memory_nodes": tuple(dom.MemoryNode(cell=number, nodeset=str(seat.node))
                              for number, seat in enumerate(taken)),
        "pages": tuple(dom.Page(size=seat.page, nodeset=str(number))
                       for number, seat in enumerate(taken) if seat.page)}
    return fields | ({"locked": True} if wanted.flag("locked_memory") else {})


def board(spec, host):
    """Firmware's and board's switches."""
    wanted, fields = requirements(spec), {}
    pmu = wanted.agreed("pmu")
    if pmu is not None:
        fields["pmu"] = "on" if pmu else "off"
    if wanted.flag("boot_menu"):
        fields["boot_menu"] = True
    hide = wanted.specs.get("hw:hide_hypervisor_id", wanted.specs.get("hide_hypervisor_id"))
    if strutils.bool_from_string(wanted.properties.get("img_hide_hypervisor_id", hide or "no")):
        fields["hidden"] = "on"
    if _secure(wanted):
        if not host.capabilities.secure_boot or wanted.properties.get("hw_firmware_type") != "uefi":
            raise exceptions.NotOffered(reason="secure boot is required; it takes UEFI in the image "
                                              "(hw_firmware_type) and firmware for it on the host")
        fields |= {"secure_loader": True, "smm": "on"}
    return fields


def devices(spec, host):
    """Devices that guests have only on request: watchdog, TPM, sound card, pointer."""
    wanted, fields = requirements(spec), {}
    action = wanted.either("watchdog_action", "disabled")
    if action != "disabled":
        fields["watchdog"] = dom.Watchdog(action=action)
    tpm = _tpm(wanted)
    if tpm is not None:
        if not host.capabilities.tpm:
            raise exceptions.NotOffered(reason="it asks for a TPM, and swtpm is not installed")
        fields["tpm"] = tpm
    sound = wanted.either("sound_model")
    if sound is not None:
        if sound not in _SOUNDS:
            raise exceptions.NotOffered(reason=f"the sound model is {sound}; there are {', '.join(_SOUNDS)}")
        fields["sound"] = dom.Sound(model=sound)
    bus = spec.image_properties.get("hw_input_bus")
    if bus or spec.image_properties.get("hw_pointer_model"):
        fields["inputs"] = (dom.Input(bus=bus or "usb"),)
    return fields


def uses_usb(spec):
    """Whether the guest has a device on USB, or asks for a controller."""
    wanted = requirements(spec)
    pointer = spec.image_properties.get("hw_input_bus", spec.image_properties.get("hw_pointer_model"))
    return (pointer in ("usb", "usbtablet") or wanted.either("sound_model") == "usb"
            or wanted.either("usb_model", "none") != "none")


def usb_model(spec):
    model = requirements(spec).either("usb_model", "none")
    return "qemu-xhci" if model == "none" else model


def slots(spec):
    """How many PCIe ports the requested devices take."""
    wanted = requirements(spec)
    return sum((wanted.either("watchdog_action", "disabled") != "disabled" or wanted.either("sound_model") is not None,
                spec.image_properties.get("hw_input_bus") == "virtio", uses_usb(spec)))


def serials(spec, log):
    """The serial ports; the output of the first is written to the file ``log``."""
    count = processors.serial_ports(requirements(spec))
    if count > _SERIALS:
        raise exceptions.NotOffered(reason=f"{count} serial ports; a guest can have {_SERIALS}")
    return tuple(dom.Serial(port=port, **({"log": log, "append": "on"} if port == 0 else {})) for port in range(count))


def rng(spec, device):
    """The random number generator; None where the flavor forbids it."""
    if not strutils.bool_from_string(spec.extra_specs.get("hw_rng:allowed", "yes")):
        return None
    rate = _number(spec, "hw_rng:rate_bytes", "rate_bytes")
    if rate.get("rate_bytes"):
        rate |= {"rate_period": 1000, **_number(spec, "hw_rng:rate_period", "rate_period")}
    return dom.Rng(device=device, **(rate if rate.get("rate_bytes") else {}))


def video_ram(spec):
    """KiB of the graphics card's memory; None: as it comes.  :raises NotOffered: more than the flavor allows."""
    wanted = int(spec.image_properties.get("hw_video_ram", 0))
    most = _number(spec, "hw_video:ram_max_mb", "most").get("most", 0)
    if wanted > most:
        raise exceptions.NotOffered(reason=f"The requested amount of video memory {wanted} is higher than the maximum "
                                          f"allowed by flavor {most}.")
    return wanted * 1024 or None


def disk(spec, disk, bus):
    """{field of xml.domain.Disk: value} of what flavor and image say of a disk: its limits, its virtio queue.

    The flavor's limits are for disks that the driver makes and that have none of their own; volumes bring theirs.
    """
    limited = disk.content is not None and disk.throttle is None
    return (_numbers(spec, "quota:disk_", _DISK) if limited else {}) | _packed(spec, bus)


def nic(spec, vif, model):
    """{field of xml.domain.Interface: value} of the card's limits and its virtio queues."""
    fields = _numbers(spec, "quota:vif_", _VIF) if vif.throttle is None else dataclasses.asdict(vif.throttle)
    for way in ("inbound", "outbound"):             # libvirt takes neither peak nor burst without an average
        if fields.get(f"{way}_average") is None:
            fields = {name: value for name, value in fields.items() if not name.startswith(way)}
    if vif.queues is not None:
        fields["queues"] = vif.queues
    elif requirements(spec).agreed("vif_multiqueue_enabled") and model == "virtio" and spec.vcpus > 1:
        fields["queues"] = min(spec.vcpus, _QUEUES)
    return fields | _packed(spec, model)


def _numbers(spec, prefix, names):
    found = {}
    for name in names:
        found |= _number(spec, f"{prefix}{name}", name)
    return found


def _packed(spec, kind):
    return {"packed": "on"} if kind == "virtio" and requirements(spec).agreed("virtio_packed_ring", named=False) else {}


def _number(spec, name, field):
    value = spec.extra_specs.get(name)
    try:
        return {} if value is None else {field: int(value)}
    except ValueError as error:
        raise exceptions.NotOffered(reason=f"{name} is '{value}', which is no number") from error


def _secure(wanted):
    """:raises NotOffered: flavor and image differ."""
    values = {each for each in (wanted.specs.get("os:secure_boot"), wanted.properties.get("os_secure_boot")) if each}
    if len(values) > 1:
        raise exceptions.NotOffered(reason=f"secure boot is {' and '.join(sorted(values))} in flavor and image")
    return values == {"required"}


def _tpm(wanted):
    version, model = wanted.either("tpm_version"), wanted.either("tpm_model", "tpm-tis")
    return None if version is None else dom.Tpm(model=model, version=version)


def _ranges(numbers):
    """"0-2,5" of a set."""
    parts, rest = [], sorted(numbers)
    while rest:
        last = next((each for at, each in enumerate(rest) if rest[at + 1:at + 2] != [each + 1]))
        parts.append(str(rest[0]) if last == rest[0] else f"{rest[0]}-{last}")
        rest = [each for each in rest if each > last]
    return ",".join(parts)
