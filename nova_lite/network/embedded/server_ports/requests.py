"""What a new server may ask for: networks, ports, addresses and security groups, refused as Nova refuses them."""

from nova_lite import db
from nova_lite.common import ipv6
from nova_lite.common.visibility import ALL
from nova_lite.conf import CONF
from nova_lite.db import quotas
from nova_lite.db.network import addresses as address_queries
from nova_lite.db.network import networks as network_queries
from nova_lite.db.network import paging
from nova_lite.db.network import ports as port_queries
from nova_lite.db.network import quotas as network_quotas
from nova_lite.db.network import subnets as subnet_queries
from nova_lite.network import exceptions, port_rights
from nova_lite.network.embedded import addressing
from nova_lite.network.embedded.resources.security_groups import DEFAULT, named

AUTO, NONE = "auto", "none"
ATTACH_EXTERNAL = "network:attach_external_network"


class Requests:
    """Checks before a server's row is written; ``Servers.allocate`` checks again what may have changed."""

    def validate(self, context, requested, count, security_groups=()):
        """What the server's row keeps as requested_networks.

        :param requested: None or "auto" (whatever network there is), "none", or [{"uuid", "port", "fixed_ip", "tag"}].
        :param count: how many servers the request is for.
        :param security_groups: names or ids, which must be the project's own.
        :returns: [{"network", "port", "fixed_ip", "tag"}]; [] for no NIC; [{"auto": True}] to make a network.
        :raises BadRequest, Conflict, Forbidden: leaves of network.exceptions, in Nova's words.
        :raises SubnetNeeded: a network whose new ports are without port security cannot have the groups.
        """
        with db.reader() as session:
            for name in security_groups:
                if name != DEFAULT:
                    named(session, context.own_project, name)
            if requested == NONE:
                return []
            if requested is None or requested == AUTO:
                made = self._whatever(session, context, auto=requested == AUTO)
            else:
                made = [self._one(session, context, each, count) for each in requested]
            check_nics(len(made))
            ports = [each["port"] for each in made if each.get("port")]
            for each in ports:
                if ports.count(each) > 1:
                    raise exceptions.RequestedPortTwice(port_id=each)
            if set(security_groups) - {DEFAULT} and not all(
                    network_queries.has_port_security(session, each["network"]) for each in made
                    if not each.get("port") and not each.get("auto")):
                raise exceptions.SubnetNeeded
        return made

    @staticmethod
    def reserve(project_id, requested, min_count, max_count):
        """How many new servers' ports are within quota, from ``min_count`` to ``max_count``; the caller writes the
        servers' rows in the same transaction, and until that ends nobody else can take the quota.

        :param requested: as ``validate`` returned.
        :raises PortLimitExceeded: not even ``min_count`` are.
        """
        with db.writer() as session:
            each = sum(not one.get("port") for one in requested)
            limit = network_quotas.limit(session, project_id, "port") if each else -1
            if limit < 0:
                return max_count
            quotas.lock(session, project_id)
            remaining = (limit - port_queries.ports_used(session, project_id)) // each
            if remaining < min_count:
                raise exceptions.PortLimitExceeded
            return min(remaining, max_count)

    @staticmethod
    def _whatever(session, context, *, auto):
        found = network_queries.for_servers(session, context.own_project)
        if len(found) > 1:
            raise exceptions.NetworkAmbiguous
        if not found:
            return [{"auto": True}] if auto else []
        if not found[0]["subnets"]:
            raise exceptions.NetworkRequiresSubnet(network_id=found[0]["id"])
        return [_entry(network=found[0]["id"])]

    def _one(self, session, context, wanted, count):
        if wanted.get("port"):
            return self._port(session, context, wanted, count)
        network_id, ip = wanted["uuid"], wanted.get("fixed_ip")
        found = network_queries.networks(session, context.visible_project, paging.Page({"id": [network_id]}))
        if not found:
            raise exceptions.RequestedNetworkNotFound(network_id=network_id)
        check_external(context, found[0])
        subnets = subnet_queries.subnets(session, ALL, paging.Page({"network_id": [network_id]}))
        if not subnets:
            raise exceptions.NetworkRequiresSubnet(network_id=network_id)
        if ip:
            check_choice(context, "create_port", found[0], context.project_id)
            self._check_ip(session, context.visible_project, network_id, subnets, ip)
            if count > 1:
                raise exceptions.OneAddressManyServers
        return _entry(network=network_id, fixed_ip=ip or None, tag=wanted.get("tag"))

    @staticmethod
    def _check_ip(session, visible_project, network_id, subnets, ip):
        if not any(addressing.holds(each, ip) and not ipv6.is_automatic(each) for each in subnets):
            raise exceptions.FixedIpNotInNetwork(ip=ip, network_id=network_id)
        holder = address_queries.holder(session, network_id, ip)
        if holder is not None or any(each["gateway_ip"] == ip for each in subnets):
            seen = holder is not None and visible_project in (ALL, holder.project_id)
            raise exceptions.FixedIpInUse(ip=ip, server_id=seen and holder.server_id or "")

    @staticmethod
    def _port(session, context, wanted, count):
        port_id = wanted["port"]
        if wanted.get("fixed_ip"):
            raise exceptions.FixedIpWithPort(ip=wanted["fixed_ip"], port_id=port_id)
        found = port_queries.ports(session, context.visible_project, paging.Page({"id": [port_id]}))
        if not found:
            raise exceptions.RequestedPortNotFound(port_id=port_id)
        port, = found
        if port["server_id"] or port["device_id"] or port["subport_of"]:
            raise exceptions.RequestedPortInUse(port_id=port_id)
        if port["project_id"] != context.project_id:
            raise exceptions.RequestedPortNotUsable(port_id=port_id)
        if not port["fixed_ips"]:
            raise exceptions.RequestedPortWithoutAddress(port_id=port_id)
        if count > 1:
            raise exceptions.OnePortManyServers
        return _entry(network=port["network_id"], port=port_id, tag=wanted.get("tag"))


def check_nics(number):
    """:raises TooManyNics: no server may have that many."""
    limit = CONF.network.max_nics_per_server
    if number > limit:
        raise exceptions.TooManyNics(limit=limit, wanted=number)


def check_choice(context, action, network, project_id):
    """:raises AddressNotAllowed: only the owner of the network (a dict) picks addresses on it."""
    if not port_rights.may_choose_address(context, action, network, project_id):
        raise exceptions.AddressNotAllowed(network_id=network["id"], project_id=project_id)


def check_external(context, network):
    """:raises ExternalNetworkAttachForbidden: the network (a dict) is for gateways and floating IPs, not for NICs."""
    if network["router:external"] and not network["shared"] and not context.may(ATTACH_EXTERNAL):
        raise exceptions.ExternalNetworkAttachForbidden(network_id=network["id"])


def _entry(network=None, port=None, fixed_ip=None, tag=None):
    return {"network": network, "port": port, "fixed_ip": fixed_ip, "tag": tag}
