"""Ports: a MAC, addresses and security groups on a network."""

from nova_lite import db
from nova_lite.common.visibility import ALL
from nova_lite.db import locks
from nova_lite.db.base import new_id
from nova_lite.db.models.networks import Network, Port
from nova_lite.db.network import addresses as address_queries
from nova_lite.db.network import floating_ips as floating_queries
from nova_lite.db.network import group_scopes, host_scopes, paging, port_bindings, rows
from nova_lite.db.network import ports as port_queries
from nova_lite.db.network import qos as qos_queries
from nova_lite.db.network import routers as router_queries
from nova_lite.db.network import security_groups as group_queries
from nova_lite.db.network import segments as segment_queries
from nova_lite.network import exceptions, port_options, port_rights, router_exceptions
from nova_lite.network.embedded import addressing, floating, port_addresses, port_security, qos
from nova_lite.network.embedded.resource import Resource, check_revision
from nova_lite.network.embedded.resources.security_groups import check_mixed, ensure_default
from nova_lite.network.embedded.resources.trunks import check_bound_by_itself, check_deletable
from nova_lite.network.embedded.served import check_capable
from nova_lite.network.embedded.server_ports import info_cache
from nova_lite.network.planes.capabilities import Capability
from nova_lite.objects import qos_rules

_TRIES = 10
_OF_BINDING = ("host", "binding_profile")
#: Columns that the port's host has of it, besides its addresses.
_PAIRS = "allowed_address_pairs"
_ON_HOSTS = (port_security.NAME, "admin_state_up", _PAIRS, "extra_dhcp_opts", "dns_name", qos.NAME)
#: The most addresses of one port, so that few ports cannot take all addresses of a shared network.
MOST_ADDRESSES = 16


class Ports(Resource):
    """Dicts as the columns of the model, with ``fixed_ips``, ``security_groups`` and ``tags``."""

    resource = "port"
    _query = staticmethod(port_queries.ports)
    model = Port

    def __init__(self, networks, security_groups, changes):
        self._networks = networks
        self._groups = security_groups
        self._changes = changes

    @staticmethod
    def missing(port_id):
        return exceptions.PortNotFound(port_id=port_id)

    @staticmethod
    def resource_requests(ports):
        """{port id: qos_rules.resource_request} of some ports (dicts)."""
        policies = {each["id"]: each[qos.NAME] or each["qos_network_policy_id"] for each in ports}
        with db.reader() as session:
            rules = qos_queries.of_policies(session, {each for each in policies.values() if each})
            promised = {each["network_id"] for each in ports if rules.get(policies[each["id"]])}
            physical = segment_queries.physical_networks(session, promised)
        return {each["id"]: qos_rules.resource_request(
            each["id"], each["vnic_type"], physical.get(each["network_id"]), rules.get(policies[each["id"]], ()))
            for each in ports}

    def used(self, project_id):
        with db.reader() as session:
            return port_queries.ports_used(session, project_id)

    def _before(self, session, context, several, revision):
        """Networks that are not shared any more are not found, and none ceases to be until this transaction ends."""
        for network_id in sorted({each["network_id"] for each in several}):
            rows.lock(session, Network, network_id, writing=False)
            check_revision(self._networks.owned(context, network_id), revision)

    def _insert(self, session, context, values):
        """A port on a network that ``context`` sees.

        :param values: project_id, network_id, and name, description, mac_address, fixed_ips (absent: any;
            []: none but automatic ones), security_groups (absent: the project's default, if it has port security),
            device_id, device_owner, host and binding_profile (of its binding), port_security_enabled (absent: as the
            network), admin_state_up, allowed_address_pairs, extra_dhcp_opts, dns_name, dns_domain,
            qos_policy_id (None: the network's), tags.
        :raises NetworkNotFound, SecurityGroupNotFound, InvalidIpForNetwork, InvalidIpForSubnet:
        :raises IpAddressAlreadyAllocated, MacAddressInUse, IpAddressGenerationFailure:
        :raises PortSecurityAndIPRequiredForSecurityGroups: as ``port_security.check_groups``.
        :raises AddressPairAndPortSecurityRequired, DuplicateAddressPairInRequest:
        """
        port_security.check_served(values)
        _check_served(values)
        values["extra_dhcp_opts"] = port_options.with_dhcp([], values.get("extra_dhcp_opts") or [])
        wanted, group_ids = values.pop("fixed_ips", None), values.pop("security_groups", None)
        _check_claim(session, context, values)
        values = {"id": new_id(), **values}
        qos.check_new(session, context, values, "port")
        self._check_groups(context, group_ids or ())
        port_id = add(session, values["network_id"], values, wanted, group_ids)
        self._changes.groups(session)
        return port_id

    def _check_groups(self, context, group_ids):
        for each in group_ids:
            self._groups.load(context.visible_project, each)

    def update(self, context, port, values, revision=None, readdressed=None):
        """Change a port.

        :param values: as for a new one; a mac_address of None is a new random one.
        :param readdressed: callable(added, removed) for lists of addresses, called in the transaction that
            changes those of a server's port, to notify its host.
        :raises PortInUseAsSubPort: it is bound where the parent of its trunk is.
        :raises PortBound: the attribute cannot change while a server has the port.
        :raises PortSecurityPortHasSecurityGroup, PortSecurityAndIPRequiredForSecurityGroups:
        :raises QosPolicyNotFound, QosRuleNotSupported, PolicyRemoveAuthorizationError: of its QoS policies.
        """
        values = dict(values)
        with db.writer() as session:
            port = held(self, session, port, revision, values.get(qos.NAME))
            wanted, group_ids = values.pop("fixed_ips", None), values.pop("security_groups", None)
            _check_bound(port, values)
            if values.get("host", port["host"]) != port["host"]:
                check_bound_by_itself(port)
            port_security.check_change(port, values, group_ids)
            _check_served({name: value for name, value in values.items() if value != port.get(name)})
            router = router_queries.of_port(session, port["id"])
            if router or floating_queries.kept_by(session, port["id"]):
                _check_device(port, values)
            else:
                _check_claim(session, context, port | values)
            regrouped = group_ids is not None and set(group_ids) != set(port["security_groups"])
            if regrouped:
                self._check_groups(context, group_ids)
                check_mixed(session, group_ids)
                group_queries.set_groups(session, port["id"], group_ids)
                self._changes.port(session, port["id"])
            qos.check_change(session, context, port, values, "port")
            _check_mac(session, port, values)
            moved = _readdressed(session, port, values, wanted)
            if moved:
                ips = address_queries.of_port(session, port["id"])
                floating.check_kept(session, port, ips)
                floating.keep_forwardings(session, self._changes, port["id"], ips)
                self._changes.port(session, port["id"])
            _check_options(port, values)
            if any(values.get(name, port[name]) != port[name] for name in _ON_HOSTS):
                host_scopes.port_changed(session, port["id"])
                self._changes.port(session, port["id"])
            if values.get(_PAIRS, port[_PAIRS]) != port[_PAIRS]:
                group_scopes.readdressed(session, port["id"])
            rebound = _rebound(session, port, values)
            if self.write(port, values, touched=rebound or regrouped or moved) and router:
                self._changes.router(session, router.router_id)
            self._changes.groups(session)
            changed = self.load(ALL, port["id"])
            if port["server_id"]:
                info_cache.push(session, port["server_id"])
                if moved and readdressed is not None:
                    readdressed(*_difference(port, changed))
            return changed

    def delete(self, context, port, revision=None):
        """Floating IPs stand for it no more.

        :raises ServicePortInUse: a router has it, a floating IP, or a server; ``attachments.give_up`` deletes that one.
        :raises PortInUseAsSubPort, PortInUseAsTrunkParent: a trunk has it.
        :raises FipAssociated: another project's floating IP stands for it.
        """
        with db.writer() as session:
            port = held(self, session, port, revision)
            if port["server_id"]:
                raise exceptions.ServicePortInUse(port_id=port["id"],
                                                  reason=f"it is in use by server {port['server_id']}")
            check_deletable(port)
            router = router_queries.of_port(session, port["id"])
            if router:
                raise exceptions.ServicePortInUse(port_id=port["id"], reason=f"has device owner {router.port_type}")
            if floating_queries.kept_by(session, port["id"]):
                raise exceptions.ServicePortInUse(port_id=port["id"],
                                                  reason=f"has device owner {floating_queries.OWNER}")
            floating.check_others(session, context, port["id"])
            floating.release(session, self._changes, [port["id"]])
            port_queries.delete(session, port["id"])
            self._changes.groups(session)


def held(ports, session, port, revision=None, policy_id=None):
    """A port, locked until the transaction ends, after its server's row and the QoS policy that it is to have.

    :param ports: the Ports.  :param port: as it was loaded.
    """
    server_id = ports.load(ALL, port["id"])["server_id"]
    if server_id:
        locks.server(session, server_id)
    qos.hold_policy(session, policy_id)
    return ports.hold(port["id"], revision)


def _check_bound(port, values):
    """Refuse to change the server, MAC or host of a server's port; present values are allowed."""
    if port["server_id"] is None:
        return
    now = port | {"device_id": port["server_id"]}
    if any(values.get(name, now[name]) != now[name] for name in ("device_id", "device_owner", "mac_address", "host")):
        raise exceptions.PortBound(port_id=port["id"], server_id=port["server_id"])


def _check_served(values):
    """:param values: what is new of a port.  :raises InvalidInput: hosts cannot make it so."""
    if values.get("admin_state_up") is False:
        check_capable(Capability.ADMIN_STATE, "cannot switch ports off: leave admin_state_up True")
    if values.get("allowed_address_pairs"):
        check_capable(Capability.ADDRESS_PAIRS, "let no port send with other addresses than its own: leave "
                                                "allowed_address_pairs empty")
    if values.get("extra_dhcp_opts"):
        check_capable(Capability.DHCP_OPTIONS, "have no DHCP options of ports: leave extra_dhcp_opts empty")


def _check_options(port, values):
    """Complete what is said of a port's address pairs and DHCP options; its MAC is in ``values`` if it changes."""
    if "allowed_address_pairs" in values:
        values["allowed_address_pairs"] = port_options.complete(
            values["allowed_address_pairs"], values.get("mac_address", port["mac_address"]))
    if "extra_dhcp_opts" in values:
        values["extra_dhcp_opts"] = port_options.with_dhcp(port["extra_dhcp_opts"] or [], values["extra_dhcp_opts"])


def _check_device(port, values):
    """:raises PortInUse: a router's port would be another device's."""
    if any(values.get(name, port[name]) != port[name] for name in ("device_id", "device_owner")):
        raise router_exceptions.PortInUse(network_id=port["network_id"], port_id=port["id"],
                                          device_id=port["device_id"])


def _check_claim(session, context, port):
    """:raises DeviceIDNotOwnedByTenant: a port is said to be of a router that is another project's."""
    if port.get("device_owner") == router_queries.INTERFACE and not context.is_admin:
        owner = router_queries.owner(session, port.get("device_id", ""))
        if owner not in (None, port["project_id"]):
            raise router_exceptions.DeviceIDNotOwnedByTenant(device_id=port["device_id"])


def _rebound(session, port, values):
    """Change a port's binding by ``values``, and remove those keys from it; returns whether anything changed."""
    said = {name: values.pop(name) for name in _OF_BINDING if name in values}
    changed = {name: value for name, value in said.items() if port[name] != value}
    if changed:
        port_bindings.update(session, port["id"], changed)
    return bool(changed)


def _difference(before, after):
    """(addresses that a port got, addresses that it lost)"""
    old, new = ([each["ip_address"] for each in port["fixed_ips"]] for port in (before, after))
    return [each for each in new if each not in old], [each for each in old if each not in new]


def _check_mac(session, port, values):
    if "mac_address" not in values or values["mac_address"] == port["mac_address"]:
        return
    values["mac_address"] = values["mac_address"] or addressing.mac()
    if port_queries.mac_taken(session, port["network_id"], values["mac_address"]):
        raise exceptions.MacAddressInUse(network_id=port["network_id"], mac=values["mac_address"])


def _readdressed(session, port, values, wanted):
    """Give a port the addresses that a client asks for (None: it does not), and those that its new MAC makes; whether
    it has others than before.
    """
    mac = values.get("mac_address", port["mac_address"])
    if mac != port["mac_address"] and port_addresses.has_automatic(session, port):
        wanted = port["fixed_ips"] if wanted is None else wanted
    elif wanted is None or port_rights.has_addresses(port, wanted):
        return False
    return port_addresses.change(session, port, wanted, mac)


def readdress(session, port_id, wanted):
    """Give a port other addresses; whether it has others than before.  :param wanted: as ``add`` takes it."""
    port, = port_queries.ports(session, ALL, paging.Page({"id": [port_id]}))
    return port_addresses.change(session, port, wanted)


def add_address(session, port_id, subnet_id):
    """Give a port any address of a subnet more."""
    port, = port_queries.ports(session, ALL, paging.Page({"id": [port_id]}))
    port_addresses.change(session, port, [*port["fixed_ips"], {"subnet_id": subnet_id}])


def add(session, network_id, values, wanted, group_ids):
    """Write a new port; returns its id.

    :param wanted: [{"ip_address", "subnet_id"}], either may be missing; None: one address of each IP version, as far as
        the network has any.  Automatic ones are added.
    :param group_ids: None: the project's default group, if the port has port security.
    """
    values, secure = dict(values), port_security.of_new(session, network_id, values)
    pairs = values.pop("allowed_address_pairs", None) or []
    port_security.check_pairs(secure, pairs)
    port_security.check_groups(secure, group_ids)
    check_mixed(session, group_ids or ())
    if group_ids is None:
        group_ids = [ensure_default(session, values["project_id"])] if secure else []
    qos.hold(session, network_id, values.get(qos.NAME))
    owner = values.get("device_owner") or ""
    subnets = port_addresses.candidates(session, network_id, owner)
    binding = [values.pop(name, None) for name in _OF_BINDING]
    if values.get("mac_address") and port_queries.mac_taken(session, network_id, values["mac_address"]):
        raise exceptions.MacAddressInUse(network_id=network_id, mac=values["mac_address"])
    for _ in range(_TRIES):         # another transaction may take an address between this one's read and write
        port = {"id": new_id(), **values, "network_id": network_id, port_security.NAME: secure,
                "device_owner": owner, "mac_address": values.get("mac_address") or addressing.mac()}
        ips = port_addresses.of_new(session, network_id, subnets, port, wanted)
        port["allowed_address_pairs"] = port_options.complete(pairs, port["mac_address"])
        if port_queries.try_port(session, port, binding, ips, group_ids):
            return port["id"]
    raise exceptions.IpAddressGenerationFailure(network_id=network_id)


def add_at(session, subnet, ip, values):
    """Write a new port with one address of a subnet (a dict), which may be its gateway's; returns its id.

    :raises IpAddressAlreadyAllocated: another port has it.
    """
    for _ in range(_TRIES):         # another port may get the same MAC
        port = {"id": new_id(), **values, "network_id": subnet["network_id"], "mac_address": addressing.mac(),
                port_security.NAME: port_security.of_new(session, subnet["network_id"], values)}
        if port_queries.try_port(session, port, (None, None), [(subnet["id"], ip)], []):
            return port["id"]
        if address_queries.taken(session, subnet["id"], [ip]):
            break
    raise exceptions.IpAddressAlreadyAllocated(ip=ip, subnet_id=subnet["id"])


def one_more(session, port, marker):
    """Give a port (a dict) any free address of its network; returns the address.

    :param marker: of the change that gives it.
    :raises IpAddressGenerationFailure: there is none.  :raises InvalidInput: the port has as many as one may have.
    """
    if len(port["fixed_ips"]) >= MOST_ADDRESSES:
        raise exceptions.InvalidInput(detail=f"Port {port['id']} has {MOST_ADDRESSES} addresses; none may have more.")
    owner = port["device_owner"]
    subnets = [each for each in port_addresses.candidates(session, port["network_id"], owner)
               if not port_addresses.makes_own(each, owner)]
    for _ in range(_TRIES):
        subnet_id, ip = port_addresses.any_free(session, subnets, port["network_id"])
        if address_queries.try_ip(session, port["id"], subnet_id, ip, marker):
            return ip
    raise exceptions.IpAddressGenerationFailure(network_id=port["network_id"])
