"""What the lists of servers can be filtered and sorted by."""

from nova_lite.api.compute.schemas.types import ANY, MOMENT, PAGING, REGEX, query
from nova_lite.api.wsgi.validation import Since

#: Accepted before 2.75 and without effect: columns that were never meant to be sorted by.
IGNORED_SORT_KEYS = (
    "architecture", "cell_name", "cleaned", "default_ephemeral_device", "default_swap_device", "deleted", "deleted_at",
    "disable_terminate", "ephemeral_gb", "ephemeral_key_uuid", "id", "key_data", "launched_on", "locked", "memory_mb",
    "os_type", "reservation_id", "root_gb", "shutdown_terminate", "user_data", "vcpus", "vm_mode")
SORT_KEYS = (
    "access_ip_v4", "access_ip_v6", "auto_disk_config", "availability_zone", "config_drive", "created_at",
    "display_description", "display_name", "host", "hostname", "image_ref", "instance_type_id", "kernel_id", "key_name",
    "launch_index", "launched_at", "locked_by", "node", "power_state", "progress", "project_id", "ramdisk_id",
    "root_device_name", "task_state", "terminated_at", "updated_at", "user_id", "uuid", "vm_state")
#: Names of joined tables, which must be refused by name.
JOINED = ("block_device_mapping", "services", "metadata", "system_metadata", "info_cache", "security_groups",
          "pci_devices")
TAG_FILTERS = ("tags", "tags-any", "not-tags", "not-tags-any")

_EXACT = ("user_id", "project_id", "tenant_id", "launch_index", "image_ref", "image", "vm_state", "task_state", "host",
          "uuid", "sort_dir", "all_tenants", "soft_deleted", "deleted", "status")
_REGEX = ("kernel_id", "ramdisk_id", "hostname", "key_name", "power_state", "node", "flavor", "reservation_id",
          "launched_at", "terminated_at", "availability_zone", "name", "display_name", "description",
          "display_description", "locked_by", "root_device_name", "config_drive", "access_ip_v4", "access_ip_v6",
          "auto_disk_config", "progress", "ip", "ip6", "created_at")
_COMMON = {**PAGING, **dict.fromkeys(_EXACT, ANY), **dict.fromkeys(_REGEX, REGEX), **dict.fromkeys(JOINED, ANY),
           "changes-since": MOMENT}
_TAGS = dict.fromkeys(TAG_FILTERS, REGEX)


def _list(sort_keys, *, extra=True, **more):
    return query(extra=extra, patterns={"^_": ANY}, **_COMMON, **more,
                 sort_key={"type": "string", "enum": list(sort_keys)})


LIST = Since({
    "2.1": _list(SORT_KEYS + IGNORED_SORT_KEYS),
    "2.26": _list(SORT_KEYS + IGNORED_SORT_KEYS, **_TAGS),
    "2.66": _list(SORT_KEYS + IGNORED_SORT_KEYS, **_TAGS, **{"changes-before": MOMENT}),
    "2.73": _list(SORT_KEYS + IGNORED_SORT_KEYS, **_TAGS, **{"changes-before": MOMENT, "locked": ANY}),
    "2.75": _list((*SORT_KEYS, "locked"), extra=False, **_TAGS, **{"changes-before": MOMENT, "locked": ANY}),
})
