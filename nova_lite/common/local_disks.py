"""The disks that a server has beside its root disk, made by its host: ephemeral disks and swap.

A server keeps what was asked for: a list of {"format", "size_mb", "bus", "boot_index", "tag"}, texts or None.  What it
has follows from that and its flavor, as in Nova: where no ephemeral disk was asked for it has one of the flavor's size,
and likewise with swap.  One more, of the format "root", may say a bus and a tag of the root disk.
"""

import dataclasses

from nova_lite.common import exceptions

SWAP, ROOT = "swap", "root"
#: What ephemeral disks can be formatted with.
FILESYSTEMS = ("ext2", "ext3", "ext4", "xfs", "vfat")
ROOT_BUSES = ("virtio", "scsi", "sata", "ide")
BUSES = (*ROOT_BUSES, "usb")
#: More than a guest can have on any bus.
_MOST = 16
_PREFIXES = {"virtio": "vd", "scsi": "sd", "sata": "sd", "ide": "hd", "usb": "sd"}


@dataclasses.dataclass(frozen=True)
class LocalDisk:
    """One of them; ``bus`` None: that of the root disk, ``boot_index`` None: nothing boots from it."""

    name: str                       # of its file: "disk.eph0", "disk.swap"
    size_mb: int
    filesystem: str | None = None   # None: as the host is configured; "swap"
    bus: str | None = None
    boot_index: int | None = None
    tag: str | None = None

    @property
    def is_swap(self):
        return self.filesystem == SWAP


def of(flavor, asked):
    """The LocalDisks of a server, ephemeral ones first.

    :param flavor: objects.Flavor.  :param asked: as the server keeps it.
    """
    ephemeral = [each for each in asked if each["format"] not in (SWAP, ROOT)]
    if not ephemeral and flavor.ephemeral_gb:
        ephemeral = [{"size_mb": flavor.ephemeral_gb * 1024}]
    made = [_disk(f"disk.eph{number}", int(each["size_mb"]), each) for number, each in enumerate(ephemeral)]
    if flavor.swap_mb:
        swap = next((each for each in asked if each["format"] == SWAP), {"format": SWAP})
        size = min(int(swap.get("size_mb") or flavor.swap_mb), flavor.swap_mb)
        made.append(_disk("disk.swap", size, swap))
    return tuple(made)


def _disk(name, size_mb, asked):
    index = asked.get("boot_index")
    return LocalDisk(name, size_mb, asked.get("format"), asked.get("bus"), int(index) if index is not None else None,
                     asked.get("tag"))


def root_of(server):
    """(bus, tag) of the root disk of a server (objects.Server): what was asked for, else what its image says."""
    asked = next((each for each in server.local_disks if each["format"] == ROOT), {})
    properties = server.image.properties if server.image else {}
    return asked.get("bus") or properties.get("hw_disk_bus"), asked.get("tag")


def checked(flavor, asked, most):
    """``asked`` with the sizes that were left to the flavor.

    :param flavor: a mapping, as servers keep it.  :param most: local disks of a server, its root disk among them; -1:
        any number.
    :raises BadRequest: it is more than the flavor has; Nova's words.
    """
    made, swaps = [], [each for each in asked if each["format"] == SWAP]
    for each in asked:
        size = each["size_mb"]
        if each["format"] not in (SWAP, ROOT) and size is None:
            size = str(flavor["ephemeral_gb"] * 1024)
        made.append(each | {"size_mb": size})
    ephemeral = [int(each["size_mb"]) for each in made if each["format"] not in (SWAP, ROOT)]
    if sum(ephemeral) > flavor["ephemeral_gb"] * 1024 or 0 in ephemeral:
        raise exceptions.BadRequest(
            "Ephemeral disks requested are larger than the instance type allows. If no size is given in one block "
            "device mapping, flavor ephemeral size will be used.")
    if len(swaps) > 1:
        raise exceptions.BadRequest("Block Device Mapping is Invalid: More than one swap drive requested.")
    if swaps and int(swaps[0]["size_mb"] or 0) > flavor["swap_mb"]:
        raise exceptions.BadRequest("Swap drive requested is larger than instance type allows.")
    count = 1 + max(len(ephemeral), flavor["ephemeral_gb"] > 0) + max(len(swaps), flavor["swap_mb"] > 0)
    if count > (min(most, _MOST) if most >= 0 else _MOST):
        raise exceptions.BadRequest(
            "Block Device Mapping is Invalid: You specified more local devices than the limit allows")
    return made


def can_become(old, new):
    """Whether the LocalDisks ``old`` can become ``new``: a file system cannot be made smaller."""
    sizes = {each.name: each.size_mb for each in new}
    return all(each.is_swap or sizes.get(each.name, 0) >= each.size_mb for each in old)


def devices(disks, root_bus):
    """{name: the guest's device, "vdb"}; ROOT is the root disk, the first on ``root_bus`` (None: virtio)."""
    root_bus = root_bus if root_bus in _PREFIXES else BUSES[0]
    taken, made = {_PREFIXES[root_bus]: 1}, {ROOT: f"{_PREFIXES[root_bus]}a"}
    for each in disks:
        prefix = _PREFIXES[each.bus or root_bus]
        number = taken.get(prefix, 0)
        taken[prefix] = number + 1
        made[each.name] = f"{prefix}{chr(ord('a') + number)}"
    return made
