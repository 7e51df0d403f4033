"""A host's desired state of networks in files, so that a restarted service has it without a conductor."""

import contextlib
import dataclasses
import ipaddress
import json
import os
import re
import shutil
import uuid

from nova_lite.common import atomic_file, ip_text

#: Why a port with admin_state_up False does not work.
SWITCHED_OFF = "it is switched off"
_FILE = "ports.json"
#: Others may enter and not list it: dnsmasq must enter after it has dropped root's rights.
_DIRECTORY = 0o711


@dataclasses.dataclass(frozen=True)
class Port:
    """One plugged NIC.  ``addresses`` are dicts with ip, cidr, gateway, dns, dhcp, routes, subnet_id
    and host_access, of IPv6 also with ra_mode and address_mode.
    """

    port_id: str
    server_id: str
    network_id: str
    bridge: str
    tap: str
    mac: str
    mtu: int
    hostname: str
    addresses: tuple
    project_id: str = ""            # of its server; "" where an earlier release plugged it
    revision: int = 0               # of the port
    network_revision: int = 0       # of the network, in mtu and in what addresses say of their subnets
    security_groups: tuple | None = None    # ids; None: who plugged it did not know them
    port_security: bool = True      # False: neither rules of groups nor anti-spoofing
    admin_up: bool = True           # False: it is to carry nothing
    allowed_pairs: tuple = ()       # "mac,address or range" that it may send with besides its own
    dhcp_options: tuple = ()        # {"name", "value"} for its guest alone
    qos: dict = dataclasses.field(default_factory=dict)     # as of objects.qos_rules.limits
    physical_network: str | None = None     # of its network, whose NIC is on the bridge

    @classmethod
    def of(cls, nic, server):
        """:param nic: objects.Nic.  :param server: its objects.Server."""
        return cls._made(nic, server.id, server.project_id, server.hostname)

    @classmethod
    def desired(cls, body):
        """:param body: objects.DesiredPort."""
        return cls._made(body.nic, body.server_id, body.project_id, body.hostname)

    @classmethod
    def _made(cls, nic, server_id, project_id, hostname):
        revision, network_revision = nic.revisions
        return cls(port_id=nic.port_id, server_id=server_id, network_id=nic.network_id, bridge=nic.bridge, tap=nic.tap,
                   mac=nic.mac, mtu=nic.mtu, hostname=_plain(nic.later("hostname") or hostname),
                   project_id=project_id, revision=revision, network_revision=network_revision,
                   security_groups=nic.groups, port_security=nic.secured,
                   admin_up=nic.later("admin_state_up"), allowed_pairs=tuple(nic.later("allowed_pairs")),
                   qos=dict(nic.later("qos")), physical_network=nic.later("physical_network"),
                   dhcp_options=tuple(dict(each) for each in nic.later("dhcp_options")), addresses=tuple(
                       {"ip": each.ip, "subnet_id": each.subnet_id, **_of_subnet(each),
                        "host_access": each.obj_attr_is_set("host_access") and each.host_access}
                       for each in nic.addresses))

    @property
    def revisions(self):
        return self.revision, self.network_revision

    def within(self, network):
        """The port with what its network (objects.DesiredNetwork, or None) is, unless it knows that or newer."""
        if network is None or network.revision <= self.network_revision:
            return self
        subnets = {each.id: {**_of_subnet(each), "host_access": each.host_access} for each in network.subnets}
        return dataclasses.replace(
            self, mtu=network.mtu, network_revision=network.revision,
            addresses=tuple({**each, **subnets.get(each["subnet_id"], {})} for each in self.addresses))


def _of_subnet(found):
    """:param found: objects.Address or objects.DesiredSubnet."""
    cidr = ip_text.without_scope(found.cidr)
    made = {"cidr": cidr, "gateway": found.gateway, "dns": list(found.dns), "dhcp": found.dhcp,
            "routes": list(found.routes) if found.obj_attr_is_set("routes") else []}
    if ":" in cidr:
        made |= {name: found.later(name) for name in ("ra_mode", "address_mode")}
    return made


def _plain(hostname):
    """A host name that cannot say anything else in a configuration file, whatever its server is called."""
    return re.sub(r"[^A-Za-z0-9.-]", "", hostname).strip(".-") or "guest"


@dataclasses.dataclass(frozen=True)
class Segment:
    """One network as this host has it: made of its plugged ports, and of the ports of routers on it.

    :ivar outer: as addresses of a Port, one of each subnet where routers here have their gateways' addresses.
    :ivar mtus: of the routers' ports.  :ivar legs: names of the routers' devices on its bridge.
    :ivar physical: the physical network's name, as routers' ports say.
    """

    network_id: str
    ports: tuple
    outer: tuple = ()
    mtus: tuple = ()
    legs: tuple = ()
    physical: str | None = None

    @property
    def physical_network(self):
        """The name of that whose NIC is on its bridge; None: it ends at this host."""
        return next((port.physical_network for port in self.ports if port.physical_network), self.physical)

    @property
    def bridge(self):
        return self.ports[0].bridge if self.ports else f"nlb{self.network_id[:11]}"

    @property
    def mtu(self):
        return min((*(port.mtu for port in self.ports), *self.mtus))

    @property
    def subnets(self):
        """{cidr: one address dict of it}, sorted, of the IPv4 subnets that a host has: with a gateway, or DHCP."""
        return self._ranges(4)

    @property
    def subnets6(self):
        """As ``subnets``, of all IPv6 subnets: a router announces itself, whatever they call their gateway."""
        return self._ranges(6)

    def _ranges(self, version):
        found = {each["cidr"]: each for some in (self.outer, *(port.addresses for port in self.ports))
                 for each in some if is_served(each) and _version(each) == version}
        return dict(sorted(found.items()))

    def of_subnets(self, served):
        """The segment with those subnets alone that are served at one place, and no ports of others.

        :param served: callable(address dict) -> the one that stands for it, or None.
        """
        ports = [dataclasses.replace(port, addresses=_served(port.addresses, served)) for port in self.ports]
        return dataclasses.replace(self, ports=tuple(port for port in ports if port.addresses),
                                   outer=_served(self.outer, served))

    @property
    def gateways(self):
        """The gateways' addresses, each with the length of its range; one that is in no such range is alone."""
        outside = self.outside
        inner = [f"{each['gateway']}/{cidr.partition('/')[2]}" for cidr, each in self.subnets.items()
                 if cidr not in outside]
        held = {each.partition("/")[0] for each in inner}
        return tuple(dict.fromkeys([*inner, *(
            f"{each}/{ipaddress.ip_address(each).max_prefixlen}" for each in outside.values() if each not in held)]))

    @property
    def outside(self):
        """{cidr: its gateway} of the subnets whose gateway has no address of theirs."""
        return {cidr: each["gateway"] for cidr, each in self.subnets.items() if is_outside(each)}

    def access(self, ranges):
        """Those of its ranges that the host itself may reach.

        :param ranges: within which (text) the host's operator lets it.
        """
        return self._access(self.subnets, ranges)

    def access6(self, ranges):
        """As ``access``, of IPv6."""
        return self._access(self.subnets6, ranges)

    def _access(self, subnets, ranges):
        outer = {each["cidr"] for each in self.outer if each["host_access"]}        # where floating IPs are
        return tuple(cidr for cidr, each in subnets.items() if cidr in outer or each.get("host_access")
                     and is_within(ipaddress.ip_network(cidr), ranges))


def _version(address):
    return 6 if ":" in address["cidr"] else 4


def is_served(address):
    """Whether the subnet of an address of a Port exists on a host."""
    return bool(address["gateway"] or address["dhcp"]) or _version(address) == 6


def _served(addresses, served):
    return tuple(made for each in addresses if is_served(each) and (made := served(each)) is not None)


def is_within(network, ranges):
    """Whether an ip_network lies in one of some ranges (text), which may be of both IP versions."""
    return any(network.version == one.version and network.subnet_of(one)
               for one in (ipaddress.ip_network(each, strict=False) for each in ranges))


def is_outside(address):
    """Whether the gateway of an address of a Port is none of the subnet's own addresses."""
    return ipaddress.ip_address(address["gateway"]) not in ipaddress.ip_network(address["cidr"])


class Store:
    """A directory a network, with ``ports.json`` in it; other parts keep their files beside."""

    def __init__(self, directory):
        self._directory = directory
        self._networks = {}
        for name in sorted(os.listdir(directory)) if os.path.isdir(directory) else ():
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                self._networks[str(uuid.UUID(name))] = self._read(name)

    def _read(self, name):
        """The ports of a network; none where its files were half made, or half removed."""
        path = os.path.join(self._directory, name, _FILE)
        if os.path.isdir(os.path.dirname(path)) and not os.path.exists(path):
            return {}
        with open(path) as file:
            return {each["port_id"]: Port(**{
                name: tuple(value) if isinstance(value, list) else value for name, value in each.items()})
                for each in json.load(file)}

    def directory(self, network_id):
        """Where the network's files are.  :raises ValueError: the id is none."""
        return os.path.join(self._directory, str(uuid.UUID(network_id)))

    def seat(self, network_id, port_id):
        """The directory, made, of what serves a network at a router's port."""
        path = os.path.join(self.directory(network_id), str(uuid.UUID(port_id)))
        os.makedirs(path, exist_ok=True)
        if os.stat(path).st_mode & 0o777 != _DIRECTORY:
            os.chmod(path, _DIRECTORY)
        return path

    def ports(self, network_id):
        """{port id: Port}; changing it changes nothing."""
        return dict(self._networks.get(network_id, {}))

    def segments(self):
        """Every network with a port here."""
        return [Segment(network_id, tuple(ports.values())) for network_id, ports in self._networks.items() if ports]

    def networks(self):
        """Ids of all networks that have files here, also those without ports."""
        return list(self._networks)

    def save(self, network_id, ports):
        """Remember the ports of a network, atomically."""
        where = self.directory(network_id)
        for each in (self._directory, where):
            os.makedirs(each, exist_ok=True)
            if os.stat(each).st_mode & 0o777 != _DIRECTORY:
                os.chmod(each, _DIRECTORY)
        path = os.path.join(where, _FILE)
        write(path, json.dumps([dataclasses.asdict(port) for port in ports.values()]))
        self._networks[network_id] = dict(ports)

    def forget(self, network_id):
        """Remove all files of a network."""
        shutil.rmtree(self.directory(network_id), ignore_errors=True)
        self._networks.pop(network_id, None)


def write(path, text, reader=None):
    """Put ``text`` into a file that others read at any moment; True when it said something else before.

    :param reader: the uid of the one user who may read it; None: root alone.
    """
    mode, owner = (0o600, 0) if reader is None else (0o400, reader)
    with contextlib.suppress(OSError):
        with open(path) as file:
            status = os.fstat(file.fileno())
            kept = (status.st_mode & 0o777, status.st_uid) == (mode, owner) or os.geteuid() != 0
            if file.read() == text and kept:
                return False
    if os.geteuid() == 0:
        atomic_file.write(path, text, mode=mode, owner=owner)
    else:
        atomic_file.write(path, text)
    return True
