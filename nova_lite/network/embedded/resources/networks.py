"""Networks: create, change, delete, and the default network of a project."""

import ipaddress

from nova_lite import db
from nova_lite.common import kernel_routes
from nova_lite.common.visibility import ALL
from nova_lite.conf import CONF
from nova_lite.db.base import new_id
from nova_lite.db.models.networks import Network, Subnet
from nova_lite.db.network import auto_topologies as topology_queries
from nova_lite.db.network import networks as network_queries
from nova_lite.db.network import ports as port_queries
from nova_lite.db.network import qos as qos_queries
from nova_lite.db.network import routers as router_queries
from nova_lite.db.network import rows, sharing
from nova_lite.db.network import segments as segment_queries
from nova_lite.db.network import zones as zone_queries
from nova_lite.network import exceptions, router_exceptions
from nova_lite.network.embedded import addressing, floating, port_security, provider, qos, subnet_ranges, zones
from nova_lite.network.embedded.resource import Resource
from nova_lite.network.embedded.served import check_capable
from nova_lite.network.embedded.server_ports import info_cache
from nova_lite.network.embedded.sharing import make_external, share, users_without
from nova_lite.network.listing import Ask
from nova_lite.network.planes.capabilities import Capability

#: Columns that hosts have of a network, and those that are shown by servers with a port of it.
_ON_HOSTS = ("mtu", "admin_state_up")
_ON_SERVERS = ("name", qos.NAME, *_ON_HOSTS)


class Networks(Resource):
    """Dicts as the columns of the model, ``shared``, ``router:external``, and ``subnets``: ids.

    :param changes: a desired_state.Changes.
    """

    resource = "network"
    _query = staticmethod(network_queries.networks)
    model = Network

    def __init__(self, changes):
        self._changes = changes

    @staticmethod
    def missing(network_id):
        return exceptions.NetworkNotFound(network_id=network_id)

    def _insert(self, session, context, values):
        """:param values: project_id, and name, description, mtu (None: as configured), router:external,
            admin_state_up, port_security_enabled (of new ports), qos_policy_id (None: the project's default one),
            is_default (of an external one), availability_zone_hints, provider:* (as of ``provider.take``).
        :raises DefaultExternalNetworkExists: another is the default one.
        :raises QosPolicyNotFound, QosRuleNotSupportedByNetwork: of the policy.
        :raises AvailabilityZoneNotFound: as zones.check_hints.
        :raises FlatNetworkInUse: another network has the physical one.
        """
        physical_network = provider.take(values)
        external = self.check_external_served(values.pop("router:external", False))
        port_security.check_served(values)
        zones.check_hints(session, values)
        values = {"id": new_id(), **values}
        if values.get(qos.NAME) is None:
            values[qos.NAME] = qos_queries.default_policy(session, values["project_id"])
        else:
            qos.check_new(session, context, values, "network")
        is_default = values.pop("is_default", False)
        network_id = self.add(values)
        if physical_network and not network_queries.try_physical(session, network_id, physical_network):
            raise exceptions.FlatNetworkInUse(physical_network=physical_network)
        if physical_network:
            segment_queries.place(session, network_id, physical_network)
        if external:
            make_external(session, self, values | {"id": network_id})
            if is_default:
                _make_default(session, network_id)
        return network_id

    def add(self, values):
        values = {"id": new_id(), **values, "mtu": values.get("mtu") or CONF.network.mtu}
        with db.writer() as session:
            rows.insert(session, Network, values)
            segment_queries.add_first(session, values["id"])
            self._changes.network(session, values["id"])
        return values["id"]

    @staticmethod
    def zones(network_ids):
        """{network id: names of the zones of the hosts that have it}"""
        return zones.of(zone_queries.of_networks, network_ids)

    def of(self, context, row):
        """Whose the network of a port or subnet is that the caller sees: a dict as of ``owned``."""
        with db.reader() as session:
            return network_queries.ownership(session, row["network_id"], context.own_project)

    def owned(self, context, network_id):
        """Whose a network is: a dict of id, project_id, revision, shared and router:external.

        :raises NetworkNotFound: the caller does not see it.
        """
        with db.reader() as session:
            found = network_queries.ownership(session, network_id, context.own_project, context.visible_project)
        if found is None:
            raise self.missing(network_id)
        return found

    def update(self, context, network, values, revision=None):
        """A new name or MTU is known at once to the network's servers.

        :param network: as ``get`` returns it.  :param revision: which it must have; None: any.
        :raises InvalidSharedSetting: it would not be shared any more, and other projects use it.
        :raises ExternalNetworkInUse: it would not be external any more, and is a router's gateway.
        :raises InvalidInput: it would be on another physical network.
        :raises NetworkMTUSubnetConflict: it has IPv6 subnets, for which the MTU would be too small.
        :raises QosPolicyNotFound, QosRuleNotSupportedByNetwork, PolicyRemoveAuthorizationError: of its QoS policies.
        """
        port_security.check_served(values)
        provider.check_unchanged(values)
        seen, changed = any(values.get(name, network[name]) != network[name] for name in _ON_SERVERS), None
        while changed is None:
            with db.writer() as session:
                shown_by = () if not seen else info_cache.shown_by(session, Network, network["id"],
                                                                network_id=network["id"])
                if shown_by is not None:
                    found = self.hold(network["id"], revision)
                    said = dict(values)
                    if said.get("mtu", found["mtu"]) != found["mtu"] and any(
                            ":" in each for each in network_queries.cidrs(session, found["id"])):
                        subnet_ranges.check_mtu(found["id"], said["mtu"])
                    shared = share(session, self, found, said.pop("shared", None))
                    is_default = _default_of(found, said)
                    external = self._set_external(session, found, said.pop("router:external", None))
                    qos.check_change(session, context, found, said, "network")
                    becomes = is_default and not found["is_default"]
                    self.write(found, said | ({} if is_default else {"is_default": None}),
                               touched=shared or external or becomes)
                    if becomes:
                        _make_default(session, found["id"])
                    if said.get(qos.NAME, found[qos.NAME]) != found[qos.NAME]:
                        qos.ports_changed(session, self._changes, qos_queries.by_network(found["id"]))
                    if any(values.get(name, found[name]) != found[name] for name in _ON_HOSTS):
                        self._changes.network(session, found["id"])
                    for server_id in shown_by:
                        info_cache.push(session, server_id)
                    changed = self.load(ALL, network["id"], context.own_project)
        return changed

    @staticmethod
    def check_external_served(wanted):
        """:raises InvalidInput: there are no routers that could have gateways to an external network."""
        if wanted:
            check_capable(Capability.ROUTERS, "have no routers, so that no network can be external")
        return wanted

    def _set_external(self, session, network, wanted):
        """Make a locked network external, or no longer; floating IPs that stand for nothing go with that.

        :param wanted: None: it stays as it is.  :returns: whether anything changed.
        """
        if wanted is None or self.check_external_served(wanted) == network["router:external"]:
            return False
        if wanted:
            make_external(session, self, network)
        elif router_queries.gateways_on(session, network["id"]):
            raise exceptions.ExternalNetworkInUse(network_id=network["id"])
        else:
            floating.remove_idle(session, network["id"])
            sharing.remove_external(session, network["id"])
        return True

    @staticmethod
    def check_not_external(network, target, *others):
        """:raises RouterDependsOnPolicy: projects have gateways to a network that is not external for them once it is
            for ``others`` (ids of projects) instead of for ``target``.
        :raises RbacPolicyInUse: it is the default one, and would not be for every project.
        """
        if network["is_default"] and target == sharing.EVERYONE:
            raise exceptions.RbacPolicyInUse(object_id=network["id"],
                                             details="Default external networks must be shared to everyone.")
        with db.reader() as session:
            left = sharing.targets(session, network["id"], sharing.EXTERNAL) - {target} | {*others}
            owners = router_queries.gateways_on(session, network["id"])
            if sharing.EVERYONE not in left and (owners if target == sharing.EVERYONE else owners & {target}) - left:
                raise exceptions.RouterDependsOnPolicy

    @staticmethod
    def check_unshared(network, target):
        """:raises InvalidSharedSetting: projects use a network that may not once it is not shared with ``target``."""
        with db.reader() as session:
            if users_without(session, network, target, sharing.network_users(session, network["id"])):
                raise exceptions.InvalidSharedSetting(network_id=network["id"])

    def delete(self, context, network, revision=None):
        """:raises NetworkInUse: a port is left.  Subnets, and floating IPs that stand for nothing, go with it."""
        with db.writer() as session:
            self.hold(network["id"], revision)
            floating.remove_idle(session, network["id"])
            ports = port_queries.ports_on(session, network_id=network["id"])
            if ports or not self.remove(network["id"]):
                raise exceptions.NetworkInUse(network_id=network["id"], ports=",".join(ports))
            self._changes.network_gone(session, network["id"])

    def ensure_default(self, project_id):
        """Make sure that a project has the configured default network; returns its id."""
        wanted = Ask(filters={"name": [CONF.network.default_name], "project_id": [project_id]})
        with db.writer():
            found = self.find(project_id, wanted)
            if found:
                return found[0]["id"]
            return self.add_default(project_id, CONF.network.default_name, host_access=True)

    def add_default(self, project_id, name, *, host_access=False):
        """A network with one subnet in the first configured range that is free.

        :param host_access: whether hosts may open connections to it.  :raises InvalidInput: no range is free.
        """
        return self._add_with_subnet("default_ranges", project_id, name, host_access=host_access)

    def add_external(self, project_id, name):
        """An external network with one subnet, without DHCP, in the first range configured for that which is free.

        :raises InvalidInput: no range is free.
        """
        with db.writer() as session:
            network_id = self._add_with_subnet("external_ranges", project_id, name, enable_dhcp=False)
            make_external(session, self, self.load(ALL, network_id))
            return network_id

    def _add_with_subnet(self, option, project_id, name, **values):
        """:param option: of [network], with the ranges.  :param values: more columns of the Subnet."""
        with db.writer() as session:
            used = [ipaddress.ip_network(each) for each in network_queries.cidrs(session)]
            cidr = _free_range(option, kernel_routes.present(), used)
            network_id = self.add({"project_id": project_id, "name": name})
            gateway, pools = addressing.layout(cidr)
            rows.insert(session, Subnet, {
                "id": new_id(), "network_id": network_id, "project_id": project_id, "name": f"{name}-subnet",
                "cidr": str(cidr), "gateway_ip": gateway, "allocation_pools": pools, "dns_nameservers": [], **values})
        return network_id


def _default_of(network, said):
    """Whether a network (a dict) is to be the default external one; what is ``said`` of that is removed.

    Of one that is not external, as in Neutron, what is said of that is nothing.
    """
    external = said.get("router:external", network["router:external"])
    wanted = said.pop("is_default", bool(network["is_default"]))
    return bool(wanted and external)


def _make_default(session, network_id):
    """:raises DefaultExternalNetworkExists: another network is it."""
    if not topology_queries.try_default(session, network_id):
        raise router_exceptions.DefaultExternalNetworkExists(net_id=topology_queries.default_external(session))


def _free_range(option, reached, used):
    """The first configured range that no route of this host reaches and, if possible, no other subnet has."""
    ranges = [ipaddress.ip_network(each) for each in CONF.network[option]]
    free = [each for each in ranges if not any(each.overlaps(route) for route in reached)]
    if not free:
        raise exceptions.InvalidInput(
            detail=f"every range of [network] {option} ({', '.join(map(str, ranges))}) overlaps a route of this "
                   f"host. Configure one that is free.")
    return next((each for each in free if not any(each.overlaps(other) for other in used)), free[0])
