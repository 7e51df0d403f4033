"""The part of libvirt's domain XML that guests here use (https://libvirt.org/formatdomain.html)."""

import xml.etree.ElementTree as ET

from nova_lite.virt.libvirt.xml.element import at, element

NAMESPACE = "http://nova-lite.org/xmlns/libvirt/server/1.0"
ET.register_namespace("nova-lite", NAMESPACE)


@element(f"{{{NAMESPACE}}}server")
class Server:
    """This cloud's metadata of a domain.  ``cloud`` is the state directory of the cloud that defined it."""

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


@element("vcpupin")
class Pin:
    """Where one of the guest's processors runs."""

    vcpu: int | None = at("@vcpu")
    cpuset: str | None = at("@cpuset")                  # of the host: "3", "0-1"


@element("memnode")
class MemoryNode:
    """Where the memory of one of the guest's NUMA nodes lies."""

    cell: int | None = at("@cellid")
    mode: str | None = at("@mode", "strict")
    nodeset: str | None = at("@nodeset")


@element("page")
class Page:
    size: int | None = at("@size")
    unit: str | None = at("@unit", "KiB")
    nodeset: str | None = at("@nodeset")                # of the guest


@element("cell")
class Cell:
    """One NUMA node of the guest."""

    id: int | None = at("@id")
    cpus: str | None = at("@cpus")
    memory: int | None = at("@memory")
    unit: str | None = at("@unit", "MiB")


@element("backingStore")
class BackingStore:
    """The backing image of a disk; an empty one ends the chain, so that QEMU does not probe for more."""

    type: str | None = at("@type")
    format: str | None = at("format/@type")
    file: str | None = at("source/@file")
    end: bool = at("backingStore", False)


@element("host")
class SourceHost:
    """One server of a network disk."""

    name: str | None = at("@name")
    port: int | None = at("@port")
    transport: str | None = at("@transport")            # "unix"
    socket: str | None = at("@socket")


@element("auth")
class Auth:
    """The user as whom QEMU opens a network disk; libvirt has the secret itself."""

    user: str | None = at("@username")
    secret_type: str | None = at("secret/@type")        # "ceph" or "iscsi"
    secret_uuid: str | None = at("secret/@uuid")
    secret_usage: str | None = at("secret/@usage")


@element("encryption")
class Encryption:
    """How QEMU encrypts a disk; libvirt has the passphrase itself."""

    format: str | None = at("@format")                  # "luks"
    secret_type: str | None = at("secret/@type", "passphrase")
    secret_uuid: str | None = at("secret/@uuid")
    secret_usage: str | None = at("secret/@usage")


@element("disk")
class Disk:
    type: str | None = at("@type", "file")
    device: str | None = at("@device", "disk")
    format: str | None = at("driver/@type")
    driver: str | None = at("driver/@name", "qemu")
    cache: str | None = at("driver/@cache")
    discard: str | None = at("driver/@discard")
    io: str | None = at("driver/@io")
    file: str | None = at("source/@file")
    block: str | None = at("source/@dev")
    protocol: str | None = at("source/@protocol")
    name: str | None = at("source/@name")               # of a network disk
    hosts: tuple[SourceHost, ...] = at("source", ())
    auth: Auth | None = at("source")
    encryption: Encryption | None = at("source")
    backing: BackingStore | None = at(".")
    target: str | None = at("target/@dev")              # "vda"
    bus: str | None = at("target/@bus", "virtio")
    serial: str | None = at("serial")
    mirror_ready: bool | None = at("mirror/@ready")     # while a block job copies it; None: it has not caught up
    readonly: bool = at("readonly", False)
    packed: str | None = at("driver/@packed")           # "on"
    read_bytes_sec: int | None = at("iotune/read_bytes_sec")
    read_iops_sec: int | None = at("iotune/read_iops_sec")
    write_bytes_sec: int | None = at("iotune/write_bytes_sec")
    write_iops_sec: int | None = at("iotune/write_iops_sec")
    total_bytes_sec: int | None = at("iotune/total_bytes_sec")
    total_iops_sec: int | None = at("iotune/total_iops_sec")
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
    managed: bool | None = at("target/@managed")        # no: the device is there already
    virtualport: str | None = at("virtualport/@type")   # "openvswitch"
    interface_id: str | None = at("virtualport/parameters/@interfaceid")
    link: str | None = at("link/@state")                # "down"; None: up
    model: str | None = at("model/@type", "virtio")
    mtu: int | None = at("mtu/@size")
    rom: bool | None = at("rom/@enabled", False)        # no PXE: seconds less at every boot
    queues: int | None = at("driver/@queues")
    packed: str | None = at("driver/@packed")
    inbound_average: int | None = at("bandwidth/inbound/@average")      # KiB a second; bursts KiB
    inbound_peak: int | None = at("bandwidth/inbound/@peak")
    inbound_burst: int | None = at("bandwidth/inbound/@burst")
    outbound_average: int | None = at("bandwidth/outbound/@average")
    outbound_peak: int | None = at("bandwidth/outbound/@peak")
    outbound_burst: int | None = at("bandwidth/outbound/@burst")


@element("serial")
class Serial:
    type: str | None = at("@type", "pty")
    path: str | None = at("source/@path")               # of the terminal device, once the guest runs
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
    listen: str | None = at("listen/@type", "none")     # connections are opened by libvirt


@element("rng")
class Rng:
    model: str | None = at("@model", "virtio")
    source: str | None = at("backend/@model", "random")
    device: str | None = at("backend", "/dev/urandom")
    rate_bytes: int | None = at("rate/@bytes")
    rate_period: int | None = at("rate/@period")        # milliseconds


@element("watchdog")
class Watchdog:
    model: str | None = at("@model", "i6300esb")
    action: str | None = at("@action")


@element("tpm")
class Tpm:
    model: str | None = at("@model")
    type: str | None = at("backend/@type", "emulator")
    version: str | None = at("backend/@version")


@element("sound")
class Sound:
    model: str | None = at("@model")


@element("input")
class Input:
    type: str | None = at("@type", "tablet")
    bus: str | None = at("@bus")


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
    cpuset: str | None = at("vcpu/@cpuset")             # of the host, for guests that share
    pages: tuple[Page, ...] = at("memoryBacking/hugepages", ())
    locked: bool = at("memoryBacking/locked", False)
    cpu_shares: int | None = at("cputune/shares")
    cpu_period: int | None = at("cputune/period")       # microseconds
    cpu_quota: int | None = at("cputune/quota")
    pins: tuple[Pin, ...] = at("cputune", ())
    emulator: str | None = at("cputune/emulatorpin/@cpuset")
    numa_mode: str | None = at("numatune/memory/@mode")
    numa_nodes: str | None = at("numatune/memory/@nodeset")     # of the host
    memory_nodes: tuple[MemoryNode, ...] = at("numatune", ())
    firmware: str | None = at("os/@firmware")
    arch: str | None = at("os/type/@arch")
    machine: str | None = at("os/type/@machine")
    os_type: str | None = at("os/type", "hvm")
    secure_loader: bool | None = at("os/loader/@secure")
    boot_menu: bool | None = at("os/bootmenu/@enable")
    smbios: str | None = at("os/smbios/@mode")
    sysinfo_type: str | None = at("sysinfo/@type")
    sysinfo: tuple[Entry, ...] = at("sysinfo/system", ())
    acpi: bool = at("features/acpi", False)
    apic: bool = at("features/apic", False)
    pmu: str | None = at("features/pmu/@state")         # "on" or "off", as all states below
    hidden: str | None = at("features/kvm/hidden/@state")
    smm: str | None = at("features/smm/@state")
    tb_cache: int | None = at("features/tcg/tb-cache")
    tb_cache_unit: str | None = at("features/tcg/tb-cache/@unit")
    cpu_mode: str | None = at("cpu/@mode")
    cpu_match: str | None = at("cpu/@match")
    cpu_check: str | None = at("cpu/@check")
    cpu_model: str | None = at("cpu/model")
    cpu_fallback: str | None = at("cpu/model/@fallback")
    sockets: int | None = at("cpu/topology/@sockets")
    cores: int | None = at("cpu/topology/@cores")
    threads: int | None = at("cpu/topology/@threads")
    cells: tuple[Cell, ...] = at("cpu/numa", ())
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
    video_ram: int | None = at("devices/video/model/@vram")     # KiB
    rng: Rng | None = at("devices")
    watchdog: Watchdog | None = at("devices")
    tpm: Tpm | None = at("devices")
    sound: Sound | None = at("devices")
    inputs: tuple[Input, ...] = at("devices", ())
    balloon: str | None = at("devices/memballoon/@model")


def devices(root, element):
    """The devices of one class, as Disk, of a domain's node of ElementTree, without the rest of the domain."""
    return [element.parse(node) for node in root.findall(f"devices/{element.TAG}")]
