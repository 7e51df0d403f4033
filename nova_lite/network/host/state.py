"""What is plugged on this host, remembered in files, so that a restarted service knows what an earlier one made."""

import contextlib
import dataclasses
import json
import os
import re
import shutil
import uuid

_FILE = "ports.json"


@dataclasses.dataclass(frozen=True)
class Port:
    """One plugged NIC.  ``addresses`` are dicts with ip, cidr, gateway, dns, dhcp and subnet_id."""

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

    @classmethod
    def of(cls, nic, server):
        """:param nic: objects.Nic.  :param server: its objects.Server."""
        return cls(port_id=nic.port_id, server_id=server.id, network_id=nic.network_id, bridge=nic.bridge, tap=nic.tap,
                   mac=nic.mac, mtu=nic.mtu, hostname=_plain(server.hostname), project_id=server.project_id,
                   addresses=tuple(
                       {"ip": each.ip, "cidr": each.cidr, "gateway": each.gateway, "dns": list(each.dns),
                        "dhcp": each.dhcp, "subnet_id": each.subnet_id} for each in nic.addresses))


def _plain(hostname):
    """A host name that cannot say anything else in a configuration file, whatever its server is called."""
    return re.sub(r"[^A-Za-z0-9.-]", "", hostname).strip(".-") or "guest"


@dataclasses.dataclass(frozen=True)
class Segment:
    """One network as this host has it: made of its plugged ports, and nothing else."""

    network_id: str
    ports: tuple

    @property
    def bridge(self):
        return self.ports[0].bridge

    @property
    def mtu(self):
        return min(port.mtu for port in self.ports)

    @property
    def subnets(self):
        """{cidr: one address dict of it}, sorted, of the subnets that have a gateway and so exist on the host."""
        found = {each["cidr"]: each for port in self.ports for each in port.addresses if each["gateway"]}
        return dict(sorted(found.items()))


class Store:
    """A directory a network, with ``ports.json`` in it; other parts keep their files beside."""

    def __init__(self, directory):
        self._directory = directory
        self._networks = {}
        for name in sorted(os.listdir(directory)) if os.path.isdir(directory) else ():
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                self._networks[str(uuid.UUID(name))] = self._read(name)

    def _read(self, name):
        with open(os.path.join(self._directory, name, _FILE)) as file:
            ports = [Port(**each | {"addresses": tuple(each["addresses"])}) for each in json.load(file)]
        return {port.port_id: port for port in ports}

    def directory(self, network_id):
        """Where the network's files are.  :raises ValueError: the id is none."""
        return os.path.join(self._directory, str(uuid.UUID(network_id)))

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
        os.makedirs(where, mode=0o755, exist_ok=True)
        path = os.path.join(where, _FILE)
        write(path, json.dumps([dataclasses.asdict(port) for port in ports.values()]))
        self._networks[network_id] = dict(ports)

    def forget(self, network_id):
        """Remove all files of a network."""
        shutil.rmtree(self.directory(network_id), ignore_errors=True)
        self._networks.pop(network_id, None)


def write(path, text):
    """Put ``text`` into a file that others read at any moment; True when it said something else before."""
    with contextlib.suppress(OSError):
        with open(path) as file:
            if file.read() == text:
                return False
    temporary = f"{path}.new"
    with open(temporary, "w") as file:
        file.write(text)
    os.chmod(temporary, 0o644)
    os.replace(temporary, path)
    return True
