"""The part of libvirt's domain XML that guests here are made of (https://libvirt.org/formatdomain.html)."""

import xml.etree.ElementTree as ET

from nova_lite.virt.libvirt.xml.element import at, element

NAMESPACE = "http://nova-lite.org/xmlns/libvirt/server/1.0"
ET.register_namespace("nova-lite", NAMESPACE)


@element(f"{{{NAMESPACE}}}server")
class Server:
    """Our mark on a domain: whose it is.  ``cloud`` is the state directory of the cloud that defined it."""

    cloud: str | None = at("@cloud")
    project: str | None = at("@project")
    user: str | None = at("@user")
    flavor: str | None = at("@flavor")
    image: str | None = at("@image")


@element("entry")
class Entry:
    """One SMBIOS string, as dmidecode shows it in the guest."""

    name: str | None = at("@name")
    text: str | None = at(".")


@element("timer")
class Timer:
    name: str | None = at("@name")
    tickpolicy: str | None = at("@tickpolicy")
    present: bool | None = at("@present")


@element("backingStore")
class BackingStore:
    """What a disk is an overlay of; an empty one ends the chain, so that nobody probes for more."""

    type: str | None = at("@type")
    format: str | None = at("format/@type")
    file: str | None = at("source/@file")
    end: bool = at("backingStore", False)


@element("disk")
class Disk:
    type: str | None = at("@type", "file")
    device: str | None = at("@device", "disk")
    format: str | None = at("driver/@type")
    driver: str | None = at("driver/@name", "qemu")
    cache: str | None = at("driver/@cache")
    discard: str | None = at("driver/@discard")
    file: str | None = at("source/@file")
    backing: BackingStore | None = at(".")
    target: str | None = at("target/@dev")              # "vda"
    bus: str | None = at("target/@bus", "virtio")
    readonly: bool = at("readonly", False)
    boot_order: int | None = at("boot/@order")


@element("controller")
class Controller:
    type: str | None = at("@type")
    index: int | None = at("@index")
    model: str | None = at("@model")


@element("interface")
class Interface:
    type: str | None = at("@type", "bridge")
    mac: str | None = at("mac/@address")
    bridge: str | None = at("source/@bridge")
    tap: str | None = at("target/@dev")
    model: str | None = at("model/@type", "virtio")
    mtu: int | None = at("mtu/@size")
    rom: bool | None = at("rom/@enabled", False)        # no PXE: seconds less at every boot


@element("serial")
class Serial:
    type: str | None = at("@type", "pty")
    log: str | None = at("log/@file")
    append: str | None = at("log/@append")              # "on": a reboot adds to the log
    port: int | None = at("target/@port", 0)


@element("channel")
class Channel:
    type: str | None = at("@type", "unix")
    kind: str | None = at("target/@type", "virtio")
    name: str | None = at("target/@name")               # "org.qemu.guest_agent.0"


@element("graphics")
class Graphics:
    type: str | None = at("@type", "vnc")
    port: int | None = at("@port", -1)
    autoport: bool | None = at("@autoport", True)
    listen: str | None = at("@listen")


@element("rng")
class Rng:
    model: str | None = at("@model", "virtio")
    source: str | None = at("backend/@model", "random")
    device: str | None = at("backend", "/dev/urandom")


@element("domain")
class Domain:
    """A whole guest.  ``memory`` and the translation cache are MiB as written; libvirt answers KiB, see the units."""

    type: str | None = at("@type")                      # "qemu" or "kvm"
    uuid: str | None = at("uuid")
    name: str | None = at("name")
    title: str | None = at("title")
    server: Server | None = at("metadata")
    memory: int | None = at("memory")
    memory_unit: str | None = at("memory/@unit")
    vcpus: int | None = at("vcpu")
    firmware: str | None = at("os/@firmware")
    arch: str | None = at("os/type/@arch")
    machine: str | None = at("os/type/@machine")
    os_type: str | None = at("os/type", "hvm")
    smbios: str | None = at("os/smbios/@mode")
    sysinfo_type: str | None = at("sysinfo/@type")
    sysinfo: tuple[Entry, ...] = at("sysinfo/system", ())
    acpi: bool = at("features/acpi", False)
    apic: bool = at("features/apic", False)
    tb_cache: int | None = at("features/tcg/tb-cache")
    tb_cache_unit: str | None = at("features/tcg/tb-cache/@unit")
    cpu_mode: str | None = at("cpu/@mode")
    cpu_match: str | None = at("cpu/@match")
    cpu_check: str | None = at("cpu/@check")
    cpu_model: str | None = at("cpu/model")
    cpu_fallback: str | None = at("cpu/model/@fallback")
    clock: str | None = at("clock/@offset")
    timers: tuple[Timer, ...] = at("clock", ())
    on_poweroff: str | None = at("on_poweroff")
    on_reboot: str | None = at("on_reboot")
    on_crash: str | None = at("on_crash")
    disks: tuple[Disk, ...] = at("devices", ())
    controllers: tuple[Controller, ...] = at("devices", ())
    interfaces: tuple[Interface, ...] = at("devices", ())
    serials: tuple[Serial, ...] = at("devices", ())
    channels: tuple[Channel, ...] = at("devices", ())
    graphics: tuple[Graphics, ...] = at("devices", ())
    video: str | None = at("devices/video/model/@type")
    rng: Rng | None = at("devices")
    balloon: str | None = at("devices/memballoon/@model")
