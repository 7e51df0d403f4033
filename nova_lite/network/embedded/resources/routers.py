"""Routers: create, change, delete, and their gateways to external networks."""

from nova_lite import db
from nova_lite.common.visibility import ALL, NO_PROJECT
from nova_lite.db.base import new_id
from nova_lite.db.models.networks import Network, Port
from nova_lite.db.models.routers import Router
from nova_lite.db.network import floating_ips as floating_queries
from nova_lite.db.network import ports as port_queries
from nova_lite.db.network import routers as router_queries
from nova_lite.db.network import rows
from nova_lite.db.network import zones as zone_queries
from nova_lite.network import router_exceptions
from nova_lite.network.embedded import qos, router_routes, zones
from nova_lite.network.embedded.resource import Resource
from nova_lite.network.embedded.resources import ports
from nova_lite.network.embedded.router_subnets import bad, check_overlap, subnets_of


class Routers(Resource):
    """Dicts as the columns of the model, ``gateway`` and ``tags``.

    :param networks: the Networks.  :param changes: a desired_state.Changes.
    """

    resource = "router"
    _query = staticmethod(router_queries.routers)
    model = Router

    def __init__(self, networks, changes):
        self._networks = networks
        self._changes = changes

    @staticmethod
    def missing(router_id):
        return router_exceptions.RouterNotFound(router_id=router_id)

    def _insert(self, session, context, values):
        """:param values: project_id, and name, description, admin_state_up, external_gateway_info,
            availability_zone_hints, tags.

        :raises NetworkNotFound, BadRequest: of the gateway.
        :raises AvailabilityZoneNotFound: as zones.check_hints.
        """
        info = values.pop("external_gateway_info", None)
        zones.check_hints(session, values)
        network = self._external(session, context, info) if info else None
        values |= _policy(info)
        qos.check_new(session, context, values, "router")
        values = {"id": new_id(), "admin_state_up": True, "routes": [], "enable_snat": _snat(info), **values}
        rows.insert(session, Router, values)
        if network:
            self._add_gateway(session, values, network, info)
        self._changes.router(session, values["id"])
        return values["id"]

    @staticmethod
    def zones(router_ids):
        """{router id: names of the zones of the hosts that have it}"""
        return zones.of(zone_queries.of_routers, router_ids)

    def update(self, context, router, values, revision=None):
        """:param values: name, description, admin_state_up, routes, and external_gateway_info: {"network_id",
            "enable_snat", "external_fixed_ips", "qos_policy_id"}, of which the first must be there; None or {}: no
            gateway.

        :raises InvalidRoutes: a next hop is not connected.  :raises OverQuota: too many routes.
        :raises NetworkNotFound, BadRequest, QosPolicyNotFound: of a new gateway.
        :raises RouterExternalGatewayInUseByFloatingIp: floating IPs need the present one.
        """
        values = dict(values)
        with db.writer() as session:
            info = values.get("external_gateway_info")
            qos.hold_policy(session, _policy(info).get(qos.NAME))
            found = self.hold(router["id"], revision)
            if "routes" in values:
                router_routes.check(session, found, values["routes"], values["routes"])
            moved = "external_gateway_info" in values and self._regate(
                session, context, found, values["external_gateway_info"])
            if "external_gateway_info" in values:
                values |= _policy(info) if info else {qos.NAME: None}
                qos.check_change(session, context, found, values, "router")
                values["enable_snat"] = _snat(values.pop("external_gateway_info"))
            return self._changed(session, found, values, moved)

    def add_routes(self, context, router, routes, revision=None):
        """:raises InvalidRoutes, OverQuota: as ``update``."""
        return self._reroute(router, routes, router_routes.added, revision)

    def remove_routes(self, context, router, routes, revision=None):
        return self._reroute(router, routes, router_routes.removed, revision)

    def _reroute(self, router, routes, change, revision):
        with db.writer() as session:
            found = self.hold(router["id"], revision)
            wanted = change(found["routes"], routes)
            router_routes.check(session, found, wanted, wanted)
            return self._changed(session, found, {"routes": wanted})

    def _changed(self, session, found, values, moved=False):
        if self.write(found, values, touched=moved):
            self._changes.router(session, found["id"])
        return self.load(ALL, found["id"])

    def delete(self, context, router, revision=None):
        """:raises RouterInUse: it has an interface.  :raises RouterExternalGatewayInUseByFloatingIp:"""
        with db.writer() as session:
            found = self.hold(router["id"], revision)
            attached = [each.id for each in router_queries.ports(session, [found["id"]])
                        if each.port_type == router_queries.INTERFACE]
            if attached:
                raise router_exceptions.RouterInUse(
                    router_id=found["id"], reason=f"has ports still attached: {', '.join(attached)}")
            self._remove_gateway(session, found)
            if not self.remove(found["id"]):
                raise router_exceptions.RouterInUse(router_id=found["id"], reason="still has ports")
            self._changes.router_gone(session, found["id"])

    # ---- gateways

    def _external(self, session, context, info):
        """The network of a new or changed gateway, which stays external until the transaction ends."""
        rows.lock(session, Network, info["network_id"], writing=False)
        network = self._networks.get(context, info["network_id"])
        if not network["router:external"]:
            raise bad(f"Network {network['id']} is not an external network")
        gateways = {each["gateway_ip"] for each in subnets_of(session, network["id"]) if each["gateway_ip"]}
        for each in info.get("external_fixed_ips", ()):
            if each.get("ip_address") in gateways:
                raise bad(f"External IP {each['ip_address']} is the same as the gateway IP")
        return network

    def _regate(self, session, context, router, info):
        """Change a locked router's gateway; returns whether it is, or has, another one.  None or {}: to none."""
        network = self._external(session, context, info) if info else None
        if router["routes"]:
            router_routes.check(session, router, router["routes"], (), network and network["id"])
        gateway = router["gateway"]
        if gateway and network and gateway["network_id"] == network["id"]:
            wanted = info.get("external_fixed_ips")
            if not wanted or not _other(gateway["fixed_ips"], wanted) or not ports.readdress(
                    session, gateway["port_id"], wanted):
                return False
            rows.raise_revision(session, Port, gateway["port_id"])
            return True
        self._remove_gateway(session, router)
        if network:
            self._add_gateway(session, router, network, info)
        return bool(gateway or network)

    def _add_gateway(self, session, router, network, info):
        subnets = subnets_of(session, network["id"])
        check_overlap(session, router["id"], subnets)
        port_id = ports.add(session, network["id"], {
            "project_id": NO_PROJECT, "device_id": router["id"], "device_owner": router_queries.GATEWAY},
            info.get("external_fixed_ips") or None, [])
        router_queries.add_port(session, router["id"], port_id, router_queries.GATEWAY)

    @staticmethod
    def _remove_gateway(session, router):
        """:raises RouterExternalGatewayInUseByFloatingIp: it translates floating IPs."""
        if router["gateway"]:
            if floating_queries.of_router(session, [router["id"]]):
                raise router_exceptions.RouterExternalGatewayInUseByFloatingIp(
                    router_id=router["id"], network_id=router["gateway"]["network_id"])
            port_queries.delete(session, router["gateway"]["port_id"])


def _snat(info):
    return bool((info or {}).get("enable_snat", True))


def _policy(info):
    """{"qos_policy_id"} of what is said of a gateway; {}: nothing is."""
    return {qos.NAME: info[qos.NAME]} if info and qos.NAME in info else {}


def _other(present, wanted):
    """Whether addresses that are asked for, subnets or addresses alone, are not those that are there."""
    return any({each[name] for each in present} != {each[name] for each in wanted if name in each}
               for name in ("subnet_id", "ip_address"))
