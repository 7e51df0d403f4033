"""What a new server may ask for: networks, ports, addresses and security groups, refused as Nova refuses them."""

from nova_lite import db
from nova_lite.conf import CONF
from nova_lite.db import networks as queries
from nova_lite.db import quotas
from nova_lite.network import exceptions
from nova_lite.network.embedded import addressing, groups
from nova_lite.network.embedded.room import eyes

AUTO, NONE = "auto", "none"


class Requests:
    """Checks before anything is kept; ``Servers.allocate`` checks again what may have changed by then."""

    def validate(self, context, requested, count, security_groups=()):
        """What the server's row keeps as requested_networks.

        :param requested: None or "auto" (whatever network there is), "none", or [{"uuid", "port", "fixed_ip", "tag"}].
        :param count: how many servers the request is for.
        :param security_groups: names or ids, which must be the project's own.
        :returns: [{"network", "port", "fixed_ip", "tag"}]; [] for no NIC; [{"auto": True}] to make a network.
        :raises BadRequest, Conflict, Forbidden: leaves of network.exceptions, in Nova's words.
        """
        with db.reader() as session:
            for name in security_groups:
                if name != groups.DEFAULT:
                    groups.named(session, context.project_id, name)
            if requested == NONE:
                return []
            if requested is None or requested == AUTO:
                made = self._whatever(session, context, auto=requested == AUTO)
            else:
                made = [self._one(session, context, each, count) for each in requested]
            ports = [each["port"] for each in made if each.get("port")]
            for each in ports:
                if ports.count(each) > 1:
                    raise exceptions.RequestedPortTwice(port_id=each)
        return made

    @staticmethod
    def reserve(session, project_id, requested, min_count, max_count):
        """How many new servers' ports are within quota, from ``min_count`` to ``max_count``; the caller writes the
        servers' rows in the same transaction, and until it ends nobody else can take the room.

        :param requested: as ``validate`` answered.
        :raises PortLimitExceeded: not even ``min_count`` are.
        """
        each, limit = sum(not one.get("port") for one in requested), CONF.network.quota_port
        if not each or limit < 0:
            return max_count
        quotas.lock(session, project_id)
        room = (limit - queries.ports_used(session, project_id)) // each
        if room < min_count:
            raise exceptions.PortLimitExceeded
        return min(room, max_count)

    @staticmethod
    def _whatever(session, context, *, auto):
        found = queries.networks(session, context.project_id)
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
        if not queries.networks(session, eyes(context), queries.Page({"id": [network_id]})):
            raise exceptions.RequestedNetworkNotFound(network_id=network_id)
        subnets = queries.subnets(session, None, queries.Page({"network_id": [network_id]}))
        if not subnets:
            raise exceptions.NetworkRequiresSubnet(network_id=network_id)
        if ip:
            self._check_ip(session, eyes(context), network_id, subnets, ip)
            if count > 1:
                raise exceptions.OneAddressManyServers
        return _entry(network=network_id, fixed_ip=ip or None, tag=wanted.get("tag"))

    @staticmethod
    def _check_ip(session, project_id, network_id, subnets, ip):
        if not any(addressing.holds(each, ip) for each in subnets):
            raise exceptions.FixedIpNotInNetwork(ip=ip, network_id=network_id)
        holder = queries.holder(session, network_id, ip)
        if holder is not None or any(each["gateway_ip"] == ip for each in subnets):
            seen = holder is not None and project_id in (None, holder.project_id)
            raise exceptions.FixedIpInUse(ip=ip, server_id=seen and holder.server_id or "")

    @staticmethod
    def _port(session, context, wanted, count):
        port_id = wanted["port"]
        if wanted.get("fixed_ip"):
            raise exceptions.FixedIpWithPort(ip=wanted["fixed_ip"], port_id=port_id)
        found = queries.ports(session, eyes(context), queries.Page({"id": [port_id]}))
        if not found:
            raise exceptions.RequestedPortNotFound(port_id=port_id)
        port, = found
        if port["server_id"] or port["device_id"]:
            raise exceptions.RequestedPortInUse(port_id=port_id)
        if port["project_id"] != context.project_id:
            raise exceptions.RequestedPortNotUsable(port_id=port_id)
        if not port["fixed_ips"]:
            raise exceptions.RequestedPortWithoutAddress(port_id=port_id)
        if count > 1:
            raise exceptions.OnePortManyServers
        return _entry(network=port["network_id"], port=port_id, tag=wanted.get("tag"))


def _entry(network=None, port=None, fixed_ip=None, tag=None):
    return {"network": network, "port": port, "fixed_ip": fixed_ip, "tag": tag}
