"""How a create describes block devices, in the old form and in the one since 2.1's block_device_mapping_v2."""

from nova_lite.api.compute.schemas.types import BOOLEAN, MAX_INT, UUID, closed, extended, number

_SHORT = {"type": "string", "maxLength": 255}

LEGACY_MAPPING = closed(
    virtual_name=_SHORT, volume_id=UUID, snapshot_id=UUID, volume_size=number(1, MAX_INT),
    device_name={"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[a-zA-Z0-9._/-]*$"},
    delete_on_termination=BOOLEAN, no_device={}, connection_info={"type": "string", "maxLength": 16777215})

MAPPING = extended(
    LEGACY_MAPPING,
    source_type={"type": "string", "enum": ["volume", "image", "snapshot", "blank"]},
    uuid={"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[a-zA-Z0-9._-]*$"},
    image_id=UUID, destination_type={"type": "string", "enum": ["local", "volume"]}, guest_format=_SHORT,
    device_type=_SHORT, disk_bus=_SHORT,
    boot_index={"type": ["integer", "string", "null"], "pattern": "^-?[0-9]+$"})
