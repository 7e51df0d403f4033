"""Ports: a MAC, addresses and security groups on a network."""

from nova_lite import db
from nova_lite.db import locks
from nova_lite.db import networks as queries
from nova_lite.db.base import new_id
from nova_lite.db.models.networks import Port
from nova_lite.network import exceptions
from nova_lite.network.embedded import addressing, groups, summary
from nova_lite.network.embedded.room import Room, eyes

_TRIES = 10
_HAVING = ("ip_address", "subnet_id", "security_groups", "device_id")


class Ports(Room):
    """Dicts as the columns of the model, with ``fixed_ips`` and ``security_groups``."""

    resource = "port"
    model = Port

    def __init__(self, networks, security_groups):
        self._networks = networks
        self._groups = security_groups

    @staticmethod
    def missing(port_id):
        return exceptions.PortNotFound(port_id=port_id)

    def used(self, session, project_id):
        return queries.ports_used(session, project_id)

    def _query(self, session, project_id, page, ask):
        columns = {name: values for name, values in page.filters.items() if name not in _HAVING}
        having = {name: values for name, values in page.filters.items() if name in _HAVING}
        return queries.ports(session, project_id, queries.Page(columns, page.sort, page.limit, page.after), having)

    def create(self, context, values):
        """A port on a network that ``context`` sees.

        :param values: project_id, network_id, and name, description, mac_address, fixed_ips (absent: one address;
            []: none), security_groups (absent: the project's default), device_id, device_owner.
        :raises NetworkNotFound, SecurityGroupNotFound, InvalidIpForNetwork, InvalidIpForSubnet:
        :raises IpAddressAlreadyAllocated, MacAddressInUse, IpAddressGenerationFailure:
        """
        with db.writer() as session:
            network = self._networks.load(session, eyes(context), values["network_id"])
            self.check_quota(session, values["project_id"])
            wanted, group_ids = values.pop("fixed_ips", None), values.pop("security_groups", None)
            if group_ids is None:
                group_ids = [groups.ensure_default(session, values["project_id"])]
            self._check_groups(session, context, group_ids)
            port = add(session, network["id"], values, wanted, group_ids)
            return self.load(session, None, port)

    def _check_groups(self, session, context, group_ids):
        for each in group_ids:
            self._groups.load(session, eyes(context), each)

    def update(self, context, port, values):
        """:raises PortBound: what is to change cannot change under a running server."""
        with db.writer() as session:
            port = self._held(session, port)
            wanted, group_ids = values.pop("fixed_ips", None), values.pop("security_groups", None)
            _check_bound(port, wanted, values)
            if group_ids is not None:
                self._check_groups(session, context, group_ids)
                queries.set_groups(session, port["id"], group_ids)
            if wanted is not None and wanted != port["fixed_ips"]:
                _readdress(session, port, wanted)
            if "mac_address" in values and queries.mac_taken(session, port["network_id"], values["mac_address"]):
                raise exceptions.MacAddressInUse(network_id=port["network_id"], mac=values["mac_address"])
            queries.update(session, Port, port["id"], values)
            if port["server_id"]:
                summary.write(session, port["server_id"])
            return self.load(session, None, port["id"])

    def _held(self, session, port):
        """The port as it is until the transaction ends, its server's row locked before it."""
        server_id = self.load(session, None, port["id"])["server_id"]
        if server_id:
            locks.server(session, server_id)
        queries.lock(session, Port, port["id"])
        return self.load(session, None, port["id"])

    def delete(self, context, port):
        """:raises ServicePortInUse: a server has it; delete the server."""
        with db.writer() as session:
            port = self._held(session, port)
            if port["server_id"]:
                raise exceptions.ServicePortInUse(port_id=port["id"], server_id=port["server_id"])
            queries.try_delete(session, Port, port["id"])


def _check_bound(port, wanted, values):
    if port["server_id"] is None:
        return
    moved = wanted is not None and wanted != port["fixed_ips"]
    stolen = any(name in values for name in ("device_id", "device_owner"))
    remade = values.get("mac_address", port["mac_address"]) != port["mac_address"]
    if moved or stolen or remade:
        raise exceptions.PortBound(port_id=port["id"], server_id=port["server_id"])


def _readdress(session, port, wanted):
    subnets = _subnets(session, port["network_id"])
    mine = {each["ip_address"] for each in port["fixed_ips"]}
    ips = [_chosen(session, subnets, port["network_id"], each, mine) for each in wanted]
    if not queries.try_ips(session, port["id"], ips):
        raise exceptions.IpAddressGenerationFailure(network_id=port["network_id"])


def _subnets(session, network_id):
    return queries.subnets(session, None, queries.Page({"network_id": [network_id]}, sort=(("created_at", False),)))


def add(session, network_id, values, wanted, group_ids):
    """Write a new port; returns its id.

    :param wanted: [{"ip_address", "subnet_id"}], either may be missing; None: one address, if the network has any.
    """
    subnets = _subnets(session, network_id)
    if values.get("mac_address") and queries.mac_taken(session, network_id, values["mac_address"]):
        raise exceptions.MacAddressInUse(network_id=network_id, mac=values["mac_address"])
    for _ in range(_TRIES):         # another transaction may take an address between our look and our write
        ips = [_any(session, subnets, network_id)] if wanted is None and subnets else [
            _chosen(session, subnets, network_id, each) for each in wanted or ()]
        port = {"id": new_id(), **values, "network_id": network_id,
                "mac_address": values.get("mac_address") or addressing.mac()}
        if queries.try_port(session, port, ips, group_ids):
            return port["id"]
    raise exceptions.IpAddressGenerationFailure(network_id=network_id)


def one_more(session, port):
    """Give a port (a dict) any free address of its network; the address.  :raises IpAddressGenerationFailure:"""
    subnets = _subnets(session, port["network_id"])
    for _ in range(_TRIES):
        subnet_id, ip = _any(session, subnets, port["network_id"])
        if queries.try_ip(session, port["id"], subnet_id, ip):
            return ip
    raise exceptions.IpAddressGenerationFailure(network_id=port["network_id"])


def _any(session, subnets, network_id):
    for subnet in subnets:
        found = addressing.free(session, subnet)
        if found is not None:
            return subnet["id"], found
    raise exceptions.IpAddressGenerationFailure(network_id=network_id)


def _chosen(session, subnets, network_id, wanted, mine=()):
    """(subnet id, address) for one entry of fixed_ips; ``mine`` are addresses that the port has already."""
    ip, subnet_id = wanted.get("ip_address"), wanted.get("subnet_id")
    if subnet_id is not None:
        subnets = [each for each in subnets if each["id"] == subnet_id]
        if not subnets:
            raise exceptions.InvalidInput(detail=f"Failed to create port on network {network_id}, because fixed_ips "
                                                 f"included invalid subnet {subnet_id}")
    if ip is None:
        return _any(session, subnets, network_id)
    subnet = next((each for each in subnets if addressing.holds(each, ip)), None)
    if subnet is None:
        raise exceptions.InvalidIpForSubnet(ip=ip) if subnet_id else exceptions.InvalidIpForNetwork(ip=ip)
    if ip == subnet["gateway_ip"] or (ip not in mine and queries.taken(session, subnet["id"], [ip])):
        raise exceptions.IpAddressAlreadyAllocated(ip=ip, subnet_id=subnet["id"])
    return subnet["id"], ip


