"""What a flavor takes of a host: virtual CPUs, memory and disk."""

from nova_lite.common import integers

#: vcpus counts virtual CPUs, memory_mb is in MiB, disk_gb in GiB.
NAMES = ("vcpus", "memory_mb", "disk_gb")
#: Extra specs that say another amount than the flavor's own, by which quota and guest still go.
_OVERRIDES = {"resources:VCPU": "vcpus", "resources:PCPU": "vcpus", "resources:MEMORY_MB": "memory_mb",
              "resources:DISK_GB": "disk_gb"}


def of_flavor(flavor):
    """{name: amount} that a server of this flavor takes of its host.

    :param flavor: {column of Flavor: value}, as a server's row keeps it.
    """
    amounts = {"vcpus": flavor["vcpus"], "memory_mb": flavor["memory_mb"],
               "disk_gb": flavor["root_gb"] + flavor["ephemeral_gb"] + -(-flavor["swap_mb"] // 1024)}
    for key, value in (flavor.get("extra_specs") or {}).items():
        name = _OVERRIDES.get(key)
        if name is not None and value.isdecimal():
            amounts[name] = min(int(value), integers.MOST)
    return amounts


def beyond(one, other):
    """What the amounts ``one`` have more than ``other``; 0 where they have less."""
    return {name: max(one[name] - other[name], 0) for name in NAMES}
