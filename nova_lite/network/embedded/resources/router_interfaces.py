"""Interfaces of routers: ports on the subnets that they connect."""

import ipaddress

from nova_lite import db
from nova_lite.common.visibility import ALL
from nova_lite.db.models.networks import Port
from nova_lite.db.models.routers import Router
from nova_lite.db.network import addresses as address_queries
from nova_lite.db.network import floating_ips as floating_queries
from nova_lite.db.network import ports as port_queries
from nova_lite.db.network import routers as router_queries
from nova_lite.db.network import rows, sharing
from nova_lite.network import exceptions, router_exceptions
from nova_lite.network.embedded import addressing
from nova_lite.network.embedded.resources import ports
from nova_lite.network.embedded.router_subnets import bad, by_ids, check_overlap

INTERFACE = router_queries.INTERFACE


class RouterInterfaces:
    """Each method returns what is or was an interface: {"port_id", "network_id", "project_id", "subnet_ids"}.

    :param routers, ports, subnets: the Resources.  :param changes: a desired_state.Changes.
    """

    def __init__(self, routers, ports, subnets, changes):
        self._routers = routers
        self._ports = ports
        self._subnets = subnets
        self._changes = changes

    def add_subnet(self, context, router, subnet_id, revision=None):
        """A new port with the subnet's gateway address; of IPv6 subnets of one network, one port has all.

        :raises SubnetNotFound, BadRequest: of the subnet.  :raises IpAddressAlreadyAllocated: a port has the address.
        :raises InvalidIpForSubnet: it is no address of the subnet.
        """
        with db.writer() as session:
            found = self._routers.hold(router["id"], revision)
            subnet = self._subnets.get(context, subnet_id)
            if not subnet["gateway_ip"]:
                raise bad("Subnet for router interface must have a gateway IP")
            if subnet["project_id"] != context.own_project and not context.is_admin and (
                    context.own_project not in sharing.targets(session, subnet["network_id"])):
                raise bad(f"Cannot add interface to router because subnet {subnet_id} is not owned by project making "
                          f"the request")
            _check_announced(subnet)
            check_overlap(session, found["id"], [subnet])
            if not addressing.holds(subnet, subnet["gateway_ip"], INTERFACE):
                raise exceptions.InvalidIpForSubnet(ip=subnet["gateway_ip"])
            port_id = _with_ipv6(session, found["id"], subnet["network_id"]) if subnet["ip_version"] == 6 else None
            if port_id is not None:
                return self._extended(session, found, port_id, subnet)
            port_id = ports.add_at(session, subnet, subnet["gateway_ip"], {
                "project_id": found["project_id"], "device_id": found["id"], "device_owner": INTERFACE})
            return self._added(session, found, port_id, [subnet])

    def _extended(self, session, router, port_id, subnet):
        """An interface that gets one subnet more."""
        if not address_queries.try_ip(session, port_id, subnet["id"], subnet["gateway_ip"], None):
            raise exceptions.IpAddressAlreadyAllocated(ip=subnet["gateway_ip"], subnet_id=subnet["id"])
        return self._changed(session, router, port_id, [subnet["id"]])

    def add_port(self, context, router, port_id, revision=None):
        """:raises PortNotFound, PortInUse, BadRequest: of the port."""
        with db.writer() as session:
            found = self._routers.hold(router["id"], revision)
            self._ports.get(context, port_id)
            port = self._ports.hold(port_id)
            device = port["server_id"] or port["device_id"]
            if device:
                raise router_exceptions.PortInUse(network_id=port["network_id"], port_id=port_id, device_id=device)
            if not port["fixed_ips"]:
                raise bad("Router port must have at least one fixed IP")
            subnets = by_ids(session, [each["subnet_id"] for each in port["fixed_ips"]])
            for each in subnets:
                _check_announced(each)
            versions = [each["ip_version"] for each in subnets]
            other = _with_ipv6(session, found["id"], port["network_id"]) if 6 in versions else None
            if other is not None:
                raise bad(f"Router already contains IPv6 port {other} belonging to network id {port['network_id']}. "
                          f"Only one IPv6 port from the same network subnet can be connected to a router.")
            check_overlap(session, found["id"], subnets)
            if versions.count(4) > 1:
                raise bad("Cannot have multiple IPv4 subnets on router port")
            self._check_chosen(context, port, subnets)
            rows.update(session, Port, port_id, {"device_id": found["id"], "device_owner": INTERFACE})
            return self._added(session, found, port_id, subnets)

    @staticmethod
    def _check_chosen(context, port, subnets):
        """:raises BadRequest: the port has an address that its subnet's owner has kept from the pools."""
        if context.is_admin:
            return
        for each, subnet in zip(port["fixed_ips"], subnets, strict=True):
            number = int(ipaddress.ip_address(each["ip_address"]))
            if subnet["project_id"] != context.own_project and not any(
                    start <= number <= end for start, end in addressing.bounds(subnet["allocation_pools"])):
                raise bad(f"Cannot add interface to router because specified port {port['id']} has an IP address out "
                          f"of the allocation pool of subnet {subnet['id']}, which is not owned by the project making "
                          f"the request")

    def _added(self, session, router, port_id, subnets):
        router_queries.add_port(session, router["id"], port_id, INTERFACE)
        return self._changed(session, router, port_id, [each["id"] for each in subnets])

    def _changed(self, session, router, port_id, subnet_ids):
        rows.raise_revision(session, Router, router["id"])
        self._changes.router(session, router["id"])
        port = self._ports.load(ALL, port_id)
        self._changes.routed(session, port["network_id"])
        return _shown(port, subnet_ids)

    # ---- and away

    def remove(self, context, router, port_id=None, subnet_id=None, revision=None):
        """Delete an interface's port, or one of several addresses of it.

        :param port_id, subnet_id: one of them, or both; with the port, it goes whole.

        :raises RouterInterfaceNotFound, RouterInterfaceNotFoundForSubnet, SubnetMismatchForPort, SubnetNotFound:
        :raises RouterInterfaceInUseByFloatingIP, RouterInterfaceInUseByRoute:
        """
        with db.writer() as session:
            found = self._routers.hold(router["id"], revision)
            if port_id is None:
                self._subnets.get(context, subnet_id)
            mine = [each for each in router_queries.addresses(session, [found["id"]])
                    if each.port_type == INTERFACE and (each.port_id == port_id or port_id is None)]
            if port_id is not None and not mine:
                raise router_exceptions.RouterInterfaceNotFound(router_id=found["id"], port_id=port_id)
            if subnet_id is not None and subnet_id not in {each.subnet_id for each in mine}:
                if port_id is not None:
                    raise router_exceptions.SubnetMismatchForPort(port_id=port_id, subnet_id=subnet_id)
                raise router_exceptions.RouterInterfaceNotFoundForSubnet(router_id=found["id"], subnet_id=subnet_id)
            going = next(each for each in mine if subnet_id in (None, each.subnet_id)).port_id
            every = [each for each in mine if each.port_id == going]
            subnets = [each for each in every if port_id is not None or each.subnet_id == subnet_id]
            for each in subnets:
                _check_unused(session, found, each)
            port = self._ports.load(ALL, going)
            if len(subnets) < len(every):
                for each in subnets:
                    address_queries.remove_ip(session, going, each.ip)
            else:
                port_queries.delete(session, going)
            rows.raise_revision(session, Router, found["id"])
            self._changes.router(session, found["id"])
            self._changes.routed(session, port["network_id"])
            return _shown(port, [each.subnet_id for each in subnets])


def _with_ipv6(session, router_id, network_id):
    """The id of the interface of a router on a network that has an IPv6 address; None."""
    return next((each.port_id for each in router_queries.addresses(session, [router_id])
                 if (each.port_type, each.network_id) == (INTERFACE, network_id) and ":" in each.ip), None)


def _check_announced(subnet):
    """:raises BadRequest: guests of a subnet heed another router's announcements."""
    if subnet["ip_version"] == 6 and subnet["ipv6_ra_mode"] is None and subnet["ipv6_address_mode"] is not None:
        raise bad(f"IPv6 subnet {subnet['id']} configured to receive RAs from an external router cannot be added to "
                  f"Neutron Router.")


def _check_unused(session, router, subnet):
    """:param subnet: a row with cidr and subnet_id.

    :raises RouterInterfaceInUseByFloatingIP, RouterInterfaceInUseByRoute: floating IPs or a route need it.
    """
    if floating_queries.needs_subnet(session, router["id"], subnet.subnet_id):
        raise router_exceptions.RouterInterfaceInUseByFloatingIP(router_id=router["id"], subnet_id=subnet.subnet_id)
    cidr = ipaddress.ip_network(subnet.cidr)
    if any(ipaddress.ip_address(each["nexthop"]) in cidr for each in router["routes"]):
        raise router_exceptions.RouterInterfaceInUseByRoute(router_id=router["id"], subnet_id=subnet.subnet_id)


def _shown(port, subnet_ids):
    return {"port_id": port["id"], "network_id": port["network_id"], "project_id": port["project_id"],
            "subnet_ids": subnet_ids}
