"""How many neighbours are looked for at once.

The kernel has one table of neighbours for all namespaces of a machine, and one of IPv6: a guest that sends to many
addresses which nobody has would fill it, and no gateway, nor the host itself, would find its neighbours any more.
"""

import os

from nova_lite.network.planes.linux import bridge, nft

#: Addresses of one namespace that packets which begin something are for, within so many seconds: as long as the kernel
#: asks for one.
_MOST, _SECONDS = 512, 3
_FIELDS = {4: ("ip", "ipv4_addr"), 6: ("ip6", "ipv6_addr")}
#: The least of what the kernel is to have in the table; it has 512 and 1024 by itself.
_LEAST = {"gc_thresh3": 65536, "gc_thresh2": 32768}


def parts(version):
    """The set and the chain to which ``bounded`` jumps, for a table of an IP version."""
    field, kind = _FIELDS[version]
    return (nft.named_set("sought", kind, (), f"dynamic,timeout\n    timeout {_SECONDS}s\n    size {_MOST}"),
            nft.jumped("seek", ["ct state established,related return", f"add @sought {{ {field} daddr }} return",
                                "drop"]))


def bounded(way):
    """The rule for packets that are passed on to neighbours.  :param way: a match."""
    return f"{way} jump seek"


def make_space():
    """Let the kernel have more neighbours than by itself, unless somebody lets it have more still.

    :raises HostNetworkError: it refuses.
    """
    for version in ("ipv4", "ipv6"):
        for name, least in _LEAST.items():
            if _present(f"{version}/neigh/default/{name}") < least:
                bridge.write_sysctl(f"{version}/neigh/default/{name}", str(least))


def _present(name):
    """Of a sysctl; infinite where there is none, as in a namespace of a machine."""
    try:
        with open(os.path.join("/proc/sys/net", name)) as file:
            return int(file.read())
    except OSError:
        return float("inf")
