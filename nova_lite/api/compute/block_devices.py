"""Block devices of a create: the image on the root disk, ephemeral disks and swap, in Nova's words.

There is no block storage service yet that volumes could come from.
"""

from nova_lite.common import exceptions
from nova_lite.common.local_disks import BUSES, FILESYSTEMS, ROOT, ROOT_BUSES, SWAP

_EPHEMERAL = "ephemeral"


def read(server):
    """The local disks that a body of "server" asks for, as servers keep them (common/local_disks.py).

    A size that is left to the flavor is None, and whether the flavor has that much is not asked yet.
    :raises BadRequest:
    """
    legacy, mappings = server.get("block_device_mapping"), server.get("block_device_mapping_v2")
    if legacy and mappings:
        raise exceptions.BadRequest("Using different block_device_mapping syntaxes is not allowed in the same request.")
    if legacy:
        return [_legacy(each) for each in legacy]
    made = [_read(each, server) for each in mappings or ()]
    if mappings:
        _check_sequence([each["boot_index"] for each in mappings if _boots(each)])
    return [each for each in made if each is not None]


def _legacy(mapping):
    """Nova knows these two by their virtual names; their file system is the default one."""
    name = mapping.get("virtual_name") or ""
    if name == SWAP or name.startswith(_EPHEMERAL) and name.removeprefix(_EPHEMERAL).isdecimal():
        return _disk({**mapping, "guest_format": SWAP if name == SWAP else None})
    if mapping.get("snapshot_id"):
        raise invalid(f"failed to get snapshot {mapping['snapshot_id']}.")
    if mapping.get("volume_id"):
        raise invalid(f"failed to get volume {mapping['volume_id']}.")
    raise invalid("Unrecognized legacy format.")


def _boots(mapping):
    return mapping.get("boot_index") is not None and int(mapping["boot_index"]) >= 0


def _check_sequence(indexes):
    """Nova wants them from 0 on, each once."""
    if sorted(map(int, indexes)) != list(range(len(indexes))) or not indexes:
        raise invalid("Boot sequence for the instance and image/block device mapping combination is not valid.")


def _read(mapping, server):
    """None for the image's own root disk of which nothing more is said."""
    source, destination, uuid = (mapping.get(name) for name in ("source_type", "destination_type", "uuid"))
    if source is None:
        raise invalid("Some required fields are missing")
    if source == "blank" and uuid:
        raise invalid("Invalid device UUID.")
    if destination == "local" and mapping.get("volume_type"):
        raise invalid("Specifying a volume_type with destination_type=local is not supported.")
    if source == "image" and destination == "local":
        if not _boots(mapping) or int(mapping["boot_index"]) != 0 or (
                server.get("imageRef") != (uuid or mapping.get("image_id"))):
            raise invalid("Mapping image to local is not supported.")
        return _root(mapping)
    if source == "volume" or mapping.get("volume_id"):
        raise invalid(f"failed to get volume {uuid or mapping.get('volume_id')}.")
    if source == "snapshot" or mapping.get("snapshot_id"):
        raise invalid(f"failed to get snapshot {uuid or mapping.get('snapshot_id')}.")
    if destination == "volume":
        raise invalid("volumes are not available, as this cloud has no block storage service.")
    if source != "blank" or destination != "local":
        raise invalid("only the image's own root disk and blank local disks are supported.")
    return _disk(mapping)


def _root(mapping):
    bus, tag = _bus(mapping, ROOT_BUSES), mapping.get("tag")
    if bus is None and tag is None:
        return None
    return {"format": ROOT, "size_mb": None, "bus": bus, "tag": tag, "boot_index": "0"}


def _bus(mapping, offered):
    """:raises BadRequest: there is no such bus, or nothing but a disk can be on it."""
    bus = mapping.get("disk_bus") or None
    if bus not in (None, *offered):
        raise invalid(f"The provided disk bus {bus} is not valid; it is one of {', '.join(offered)}.")
    if mapping.get("device_type") not in (None, "", "disk"):
        raise invalid(f"device_type {mapping['device_type']} is not supported for local disks; it is disk.")
    return bus


def _disk(mapping):
    filesystem, bus = mapping.get("guest_format") or None, _bus(mapping, BUSES)
    if filesystem not in (None, SWAP, *FILESYSTEMS):
        raise invalid(f"guest_format {filesystem} is none of {', '.join((SWAP, *FILESYSTEMS))}.")
    if _boots(mapping) and int(mapping["boot_index"]) == 0:
        raise invalid("a blank disk cannot be the one to boot from first.")
    size, index = mapping.get("volume_size"), mapping.get("boot_index")
    megabytes = size and str(int(size) * (1 if filesystem == SWAP else 1024))
    return {"format": filesystem, "size_mb": megabytes or None, "bus": bus, "tag": mapping.get("tag"),
            "boot_index": str(int(index)) if _boots(mapping) else None}


def invalid(reason):
    return exceptions.BadRequest(f"Block Device Mapping is Invalid: {reason}")
