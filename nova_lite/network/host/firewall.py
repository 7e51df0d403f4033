"""The rules of this host's guests for nftables: NAT, who may reach whom, anti-spoofing, the way to metadata.

All rules stand in two tables of this cloud's own and are replaced as a whole in one transaction: what is right needs no
history.  A verdict here cannot overrule another program's: a host whose own forward policy is drop must allow "nlb*".
Filtering by security groups belongs into these tables too, keyed by tap as ``from_guest`` is.
"""

import hashlib
import importlib.util
import os
import subprocess

from nova_lite.network.host.errors import HostNetworkError

_MODULE = "/usr/lib/python3/dist-packages/nftables/__init__.py"
_METADATA = "169.254.169.254"
_FROM_GUEST = """\
    iifname . ether saddr != @macs drop
    ether type arp iifname . arp saddr ether != @macs drop
    ether type arp arp saddr ip 0.0.0.0 accept
    ether type arp iifname . arp saddr ether . arp saddr ip != @addresses drop
    ether type arp accept
    ether type ip udp sport 67 drop
    ether type ip ip saddr 0.0.0.0 udp sport 68 udp dport 67 accept
    ether type ip iifname . ether saddr . ip saddr != @addresses drop
    ether type ip accept
    drop
"""


def table(state_dir):
    """This cloud's name among tables: two clouds on one machine have different state directories."""
    return "nova_lite_" + hashlib.sha256(os.path.realpath(state_dir).encode()).hexdigest()[:8]


def ruleset(name, segments, options, listeners):
    """The whole text for nft.

    :param segments: state.Segment of every network here.  :param options: the [network] options.
    :param listeners: {network id: TCP port of this host that answers its metadata requests}.
    """
    parts = [nothing(name)]
    if segments:
        parts.append(_routed(name, segments, options, listeners))
        if options.anti_spoofing:
            parts.append(_bridged(name, segments))
    return "\n".join(parts)


def nothing(name):
    """The text that removes the tables, whether they are there or not."""
    return "".join(f"add table {family} {name}\ndelete table {family} {name}\n" for family in ("ip", "bridge"))


def _routed(name, segments, options, listeners):
    redirect = [f'iifname "{each.bridge}" ip daddr {_METADATA} tcp dport 80 redirect to :{listeners[each.network_id]}'
                for each in segments if each.network_id in listeners]
    masquerade = [f'ip saddr {cidr} ip daddr != {cidr} oifname != "{each.bridge}" masquerade'
                  for each in segments for cidr in each.subnets] if options.nat else []
    same = [f'iifname "{each.bridge}" oifname "{each.bridge}" accept' for each in segments]
    forward = [*same, "iifname @inside oifname @inside drop", "iifname @inside accept",
               "oifname @inside ct state established,related accept", "oifname @inside drop"]
    return _table("ip", name, _set("inside", "ifname", [f'"{each.bridge}"' for each in segments]),
                  _chain("prerouting", "nat", "prerouting priority dstnat", redirect),
                  _chain("postrouting", "nat", "postrouting priority srcnat", masquerade),
                  _chain("forward", "filter", "forward priority filter", forward))


def _bridged(name, segments):
    ports = [port for segment in segments for port in segment.ports]
    addresses = [f'"{port.tap}" . {port.mac} . {each["ip"]}' for port in ports for each in port.addresses]
    return _table("bridge", name, _set("taps", "ifname", [f'"{port.tap}"' for port in ports]),
                  _set("macs", "ifname . ether_addr", [f'"{port.tap}" . {port.mac}' for port in ports]),
                  _set("addresses", "ifname . ether_addr . ipv4_addr", addresses),
                  f"  chain from_guest {{\n{_FROM_GUEST}  }}\n",
                  _chain("prerouting", "filter", "prerouting priority -300", ["iifname @taps jump from_guest"]))


def _table(family, name, *parts):
    return f"table {family} {name} {{\n{''.join(parts)}}}\n"


def _set(name, kind, elements):
    content = f"\n    elements = {{ {', '.join(elements)} }}" if elements else ""
    return f"  set {name} {{\n    type {kind}{content}\n  }}\n"


def _chain(name, kind, hook, rules):
    lines = "".join(f"    {rule}\n" for rule in rules)
    return f"  chain {name} {{\n    type {kind} hook {hook}; policy accept;\n{lines}  }}\n"


class Nft:
    """Runs nftables' own language: in this process where Debian's python3-nftables is there, else by nft(8).

    ``run`` blocks for milliseconds and belongs in a native thread when ``native`` is true; one call at a time.
    """

    def __init__(self):
        self._library = _library()
        self.native = self._library is not None

    def run(self, text):
        """Do all of ``text`` or nothing.  :raises HostNetworkError: with what nft says."""
        if self.native:
            code, _, error = self._library.cmd(text)
        else:
            code, error = _binary(text)
        if code:
            raise HostNetworkError(reason=f"nftables: {error.strip().splitlines()[0] if error.strip() else code}")


def _library():
    if not os.path.exists(_MODULE):
        return None
    try:
        spec = importlib.util.spec_from_file_location("nftables", _MODULE, submodule_search_locations=[
            os.path.dirname(_MODULE)])
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.Nftables()
    except Exception:           # a library of another release than its module: nft(8) does as well
        return None


def _binary(text):
    try:
        done = subprocess.run(["nft", "-f", "-"], input=text.encode(), capture_output=True, timeout=30, check=False)
    except FileNotFoundError:
        raise HostNetworkError(reason="nft is not installed. Install the package nftables.") from None
    except subprocess.TimeoutExpired:
        raise HostNetworkError(reason="nft did not answer in 30 s") from None
    return done.returncode, done.stderr.decode(errors="replace")
