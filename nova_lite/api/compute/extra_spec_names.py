"""The extra specs of flavors that are known by name, and what their values may be; others pass unchecked, as in Nova.

A name is compared as a regular expression.  A name whose first part (before ":") is one of those known here must be
known itself: ``hw:cpu_polcy`` is a typing error, ``ours:anything`` is somebody's own.
"""

import functools
import re

import os_resource_classes
import os_traits
from oslo_utils import strutils

from nova_lite.common import exceptions

#: The suffix that numbers a group of requests: "resources1:VCPU", "trait_a:CUSTOM_X".
_GROUP = r"[a-zA-Z0-9_-]{0,64}"
_FILTER = r"(:\w+)*"
_CPUS = r"\^?\d+(-\d+|,\^?\d+)*"                  # "0-3,^1": ranges, and what is not of them


def _integer(least=None, most=None):
    def check(value):
        try:
            number = int(value)
        except ValueError:
            return f"'{value}' is not a valid integer value."
        if most is not None and number > most:
            return f"'{number}' is greater than the max value of '{most}'."
        if least is not None and number < least:
            return f"'{number}' is less than the min value of '{least}'."
        return None
    return check


def _one_of(*words):
    def check(value):
        return None if value in words else f"'{value}' is not one of: {', '.join(words)}."
    return check


def _form(pattern):
    compiled = re.compile(pattern)

    def check(value):
        return None if compiled.fullmatch(value) else f"'{value}' is not of the format '{pattern}'."
    return check


def _flag(value):
    try:
        strutils.bool_from_string(value, strict=True)
    except ValueError:
        return f"'{value}' is not a valid boolean-like value."
    return None


def _anything(_value):
    return None


_POSITIVE, _NATURAL = _integer(1), _integer(0)
_LEVEL = _one_of("custom", "high", "normal", "low")
_HW = {
    **dict.fromkeys(("boot_menu", "cpu_realtime", "ephemeral_encryption", "hide_hypervisor_id", "locked_memory",
                     "mem_encryption", "pmu", "vif_multiqueue_enabled", "virtio_packed_ring"), _flag),
    **dict.fromkeys(("cpu_cores", "cpu_max_cores", "cpu_max_sockets", "cpu_max_threads", "cpu_sockets", "cpu_threads",
                     "numa_nodes", r"numa_mem\.\d+"), _POSITIVE),
    **dict.fromkeys(("cpu_dedicated_mask", "cpu_realtime_mask", r"numa_cpus\.\d+"), _form(_CPUS)),
    "cpu_policy": _one_of("dedicated", "shared", "mixed"),
    "cpu_thread_policy": _one_of("prefer", "isolate", "require"),
    "emulator_threads_policy": _one_of("isolate", "share"),
    "ephemeral_encryption_format": _one_of("plain", "luks", "luksv2"),
    "mem_encryption_model": _one_of("amd-sev", "amd-sev-es", "amd-sev-snp", "intel-tdx"),
    "mem_page_size": _form(r"(large|small|any|\d+([kKMGT]i?)?(b|bit|B)?)"),
    "pci_numa_affinity_policy": _one_of("required", "preferred", "legacy", "socket"),
    "pmem": _form(r"[a-zA-Z0-9_](,?[a-zA-Z0-9_])*,?"),
    "redirected_usb_ports": _integer(0, 15), "serial_port_count": _NATURAL,
    "sound_model": _one_of("sb16", "es1370", "pcspk", "ac97", "ich6", "ich9", "usb", "virtio"),
    "tpm_model": _one_of("tpm-tis", "tpm-crb"), "tpm_secret_security": _one_of("user", "host", "deployment"),
    "tpm_version": _one_of("1.2", "2.0"), "usb_model": _one_of("none", "nec-xhci", "qemu-xhci"),
    "viommu_model": _one_of("intel", "smmuv3", "virtio", "auto"),
    "watchdog_action": _one_of("none", "pause", "poweroff", "reset", "disabled"),
}
_QUOTA = {
    **dict.fromkeys(("cpu_limit", "cpu_period", "cpu_shares", "cpu_shares_share", "disk_io_limit",
                     "disk_io_shares_share", "disk_read_bytes_sec", "disk_read_iops_sec", "disk_total_bytes_sec",
                     "disk_total_iops_sec", "disk_write_bytes_sec", "disk_write_iops_sec", "memory_limit",
                     "memory_shares_share", "vif_inbound_average", "vif_inbound_burst", "vif_inbound_peak", "vif_limit",
                     "vif_outbound_average", "vif_outbound_burst", "vif_outbound_peak", "vif_shares_share"), _NATURAL),
    **dict.fromkeys(("cpu_quota", "cpu_reservation", "disk_io_reservation", "memory_reservation", "vif_reservation"),
                    _integer()),
    **dict.fromkeys(("cpu_shares_level", "disk_io_shares_level", "memory_shares_level", "vif_shares_level"), _LEVEL),
}
_CAPABILITIES = dict.fromkeys((
    "aggregates", "cell_uuid", "cpu_allocation_ratio", "current_workload", "disk_allocation_ratio",
    "disk_available_least", "disk_mb_used", "failed_builds", "free_disk_gb", "free_disk_mb", "free_ram_mb", "host",
    "host_ip", "hypervisor_hostname", "hypervisor_type", "hypervisor_version", "id", "local_gb", "local_gb_used",
    "mapped", "memory_mb", "memory_mb_used", "num_instances", "num_io_ops", "ram_allocation_ratio", "running_vms",
    "service_id", "total_usable_disk_gb", "total_usable_ram_mb", "updated", "uuid", "vcpus", "vcpus_total",
    "vcpus_used", *(name + _FILTER for name in (
        "cpu_info", "instances", "limits", "metrics", "nodename", "numa_topology", "pci_device_pools", "pci_stats",
        "stats", "supported_hv_specs", "supported_instances"))), _anything)
_WANTED = _one_of("required", "forbidden")


def _tables():
    """(what stands before ":", {pattern of the rest: check})"""
    return (
        ("hw", _HW), ("quota", _QUOTA), ("capabilities", _CAPABILITIES),
        ("hw_rng", {"allowed": _flag, "rate_bytes": _NATURAL, "rate_period": _NATURAL}),
        ("hw_video", {"ram_max_mb": _NATURAL}), ("os", {"secure_boot": _one_of("disabled", "required")}),
        ("accel", {"device_profile": _anything}), ("aggregate_instance_extra_specs", {".+": _anything}),
        ("pci_passthrough", {"alias": _form(r"[^:]+:\d+(?:\s*,\s*[^:]+:\d+)*")}),
        ("vmware", {"hw_version": _anything, "storage_policy": _anything}),
        ("resources" + _GROUP, dict.fromkeys((*os_resource_classes.STANDARDS, "CUSTOM_[A-Z0-9_]+"), _integer())),
        ("trait" + _GROUP, dict.fromkeys((*os_traits.get_traits(), "CUSTOM_[A-Z0-9_]+"), _WANTED)))


_UNSCOPED = {"group_policy": _one_of("isolate", "none"), "hide_hypervisor_id": _flag}


@functools.cache
def _known():
    """[(pattern of the first part, {plain name: check}, [(pattern, check)])], made at the first use."""
    return [(re.compile(first), {name: check for name, check in table.items() if name.isidentifier()},
             [(re.compile(name), check) for name, check in table.items() if not name.isidentifier()])
            for first, table in _tables()]


def check(specs):
    """:param specs: {name: value as text}.  :raises ValidationError: one is wrong; in Nova's words."""
    for name, value in specs.items():
        reason = _reason(name, value)
        if reason is not None:
            raise exceptions.ValidationError(detail=f"Validation failed; {reason}")


def _reason(name, value):
    """What is wrong with it; None: nothing."""
    first, colon, rest = name.partition(":")
    if not colon:
        return _UNSCOPED[name](value) if name in _UNSCOPED else None
    for pattern, plain, others in _known():
        if pattern.fullmatch(first):
            found = plain.get(rest) or next((check for each, check in others if each.fullmatch(rest)), None)
            return found(value) if found else f"extra spec '{name}' does not appear to be a valid extra spec."
    return None
