"""What drivers are given and answer: plain frozen data, apart from the verbs of ``virt/driver.py``.

The same GuestSpec always gives the same guest.  A driver never asks what a disk is for: a disk says where its bytes are
(``source``) and what a new one of it holds (``content``), and that is all there is to a root disk, swap or a volume.
"""

import dataclasses

#: Names of files in a guest's own directory.
ROOT, CONFIG_DRIVE = "disk", "disk.config"
RESCUE, RESCUE_CONFIG_DRIVE = "disk.rescue", "disk.config.rescue"


@dataclasses.dataclass(frozen=True)
class Secret:
    """A secret that the hypervisor keeps, by its UUID or its usage; its value is in no spec and no XML."""

    uuid: str | None = None
    usage: str | None = None


@dataclasses.dataclass(frozen=True)
class Backing:
    """The read-only image that a qcow2 file is an overlay of."""

    path: str                            # absolute, as of an image in the cache
    format: str                          # "qcow2" or "raw"; never probed


@dataclasses.dataclass(frozen=True)
class File:
    """Bytes in a file of the host."""

    path: str                            # absolute, or a name in the guest's own directory
    format: str = "raw"                  # or "qcow2"; never probed
    backing: Backing | None = None       # None: the file holds everything, or a guest spawned before knows it itself


@dataclasses.dataclass(frozen=True)
class Block:
    """Bytes on a block device of the host."""

    path: str                            # "/dev/disk/by-id/..."
    format: str = "raw"


@dataclasses.dataclass(frozen=True)
class NetworkHost:
    """One server of a network disk: a name or address with a port (None: the protocol's own), or a Unix socket."""

    name: str | None = None
    port: int | None = None
    socket: str | None = None            # absolute path


@dataclasses.dataclass(frozen=True)
class Auth:
    """The user as whom the hypervisor opens a network disk, and the secret that proves it."""

    user: str
    secret: Secret


@dataclasses.dataclass(frozen=True)
class Network:
    """Bytes that the hypervisor itself reads over the network."""

    protocol: str                        # "rbd", "nbd" or "iscsi"
    name: str | None                     # rbd: "pool/image"; nbd: the export; iscsi: "iqn.../lun"
    hosts: tuple[NetworkHost, ...] = ()
    auth: Auth | None = None
    format: str = "raw"


@dataclasses.dataclass(frozen=True)
class Overlay:
    """An empty qcow2 overlay of the source's backing image, or an empty disk where there is none."""

    size_gb: int                         # GiB; 0: as large as the backing image


@dataclasses.dataclass(frozen=True)
class Filesystem:
    """A file system over the whole of a raw disk."""

    size_mb: int                         # MiB
    type: str | None = None              # "ext4"; None: as the host is configured


@dataclasses.dataclass(frozen=True)
class Swap:
    """A Linux swap area over the whole of a raw disk."""

    size_mb: int                         # MiB


@dataclasses.dataclass(frozen=True)
class ConfigDrive:
    """An ISO 9660 image of documents that the guest reads at its first boot."""

    documents: dict[str, bytes]          # path on the drive -> content


@dataclasses.dataclass(frozen=True)
class DiskThrottle:
    """The most that a guest may do with a disk, bytes and requests a second; None: without limit."""

    total_bytes_sec: int | None = None
    read_bytes_sec: int | None = None
    write_bytes_sec: int | None = None
    total_iops_sec: int | None = None
    read_iops_sec: int | None = None
    write_iops_sec: int | None = None


@dataclasses.dataclass(frozen=True)
class Encryption:
    """The hypervisor encrypts the disk's bytes with the passphrase that is kept as ``secret``."""

    secret: Secret
    format: str = "luks"


@dataclasses.dataclass(frozen=True)
class Disk:
    """One disk of a guest.  The guest's name for it ("vda") follows from its bus and the disks before it."""

    source: File | Block | Network
    content: Overlay | Filesystem | Swap | ConfigDrive | None = None    # that the driver makes; None: it is there
    device: str = "disk"                 # or "cdrom" or "floppy"
    bus: str | None = None               # "virtio", "scsi", "sata", "ide", "usb", "fdc"; None: the image's or host's
    boot_index: int | None = None        # 0 is tried first; None: nothing boots from it
    serial: str | None = None            # as the guest sees it; a volume's is its id
    read_only: bool = False
    cache: str | None = None             # "none", "writeback", ...; None: what suits the source
    io: str | None = None                # "native", "threads" or "io_uring"; None: the hypervisor's choice
    discard: str | None = None           # "unmap": what the guest frees is freed; None: the hypervisor's choice
    throttle: DiskThrottle | None = None    # None: of a disk that the driver makes, what the flavor says
    encryption: Encryption | None = None


@dataclasses.dataclass(frozen=True)
class NicThrottle:
    """The most that a NIC may carry: KiB a second on average and at the peak, KiB in a burst; None: without limit."""

    inbound_average: int | None = None
    inbound_peak: int | None = None
    inbound_burst: int | None = None
    outbound_average: int | None = None
    outbound_peak: int | None = None
    outbound_burst: int | None = None


@dataclasses.dataclass(frozen=True)
class Vif:
    """One NIC, already plugged by the network part."""

    mac: str
    tap: str                             # name of the device on the host
    bridge: str | None                   # that the driver makes ``tap`` join; None of kind "tap"
    mtu: int
    model: str = "virtio"                # where the image does not name one
    kind: str = "bridge"                 # of Linux; "ovs": a bridge of Open vSwitch; "tap": the device is there already
    interface_id: str | None = None      # of kind "ovs": the port's id, as its controller finds it
    queues: int | None = None            # None: as flavor and image say
    throttle: NicThrottle | None = None  # None: as the flavor says
    link_up: bool = True


@dataclasses.dataclass(frozen=True)
class GuestSpec:
    """All that a driver must know to build one guest."""

    id: str                              # the server's id, the domain's uuid
    name: str                            # "instance-0000002a"
    title: str                           # display name
    project_id: str
    user_id: str
    vcpus: int
    memory_mb: int
    disks: tuple[Disk, ...] = ()         # in the order of their names in the guest; the first one's bus is the usual
    vifs: tuple[Vif, ...] = ()
    image_properties: dict[str, str] = dataclasses.field(default_factory=dict)
    extra_specs: dict[str, str] = dataclasses.field(default_factory=dict)
    flavor_name: str = ""
    image_id: str | None = None
    paused: bool = False                 # wherever it is started, its processors stand still until pause.unpause

    def disk(self, name):
        """The disk whose file has this name in the guest's own directory; None where there is none."""
        return next((each for each in self.disks if isinstance(each.source, File) and each.source.path == name), None)

    def disks_with(self, *contents):
        """Its disks whose content is of one of these classes, in order."""
        return tuple(each for each in self.disks if isinstance(each.content, contents))


@dataclasses.dataclass(frozen=True)
class HostFacts:
    """What a host has, as the driver reads it."""

    hypervisor_type: str                 # "QEMU", "KVM", "fake"
    hypervisor_version: int              # 7002000 for 7.2.0
    hostname: str
    vcpus: int
    memory_mb: int
    disk_gb: int
    free_disk_gb: int
    cpu_info: dict                       # {"arch", "model", "vendor", "topology": {...}, "features": [...]} as Nova
    uptime: str | None = None            # as uptime(1) prints it
    supported: tuple = ()                # (architecture, hypervisor type, mode) of guests: ("x86_64", "kvm", "hvm")
