"""What a network, router or port is connected with, as documents that ``nova-lite network show`` draws.

A document is a dict that JSON can say: ``kind`` ("network", "router" or "port"), ``id``, ``name``, and what else the
method that makes it says.
"""

import ipaddress

from nova_lite.common import exceptions
from nova_lite.common.visibility import ALL
from nova_lite.db import server_names
from nova_lite.db.network import address_groups as address_group_queries
from nova_lite.db.network import floating_ips as floating_queries
from nova_lite.db.network import networks as network_queries
from nova_lite.db.network import port_forwardings as forwarding_queries
from nova_lite.db.network import ports as port_queries
from nova_lite.db.network import routers as router_queries
from nova_lite.db.network import security_groups as group_queries
from nova_lite.db.network import subnets as subnet_queries
from nova_lite.db.network.paging import Page

_MOST = 10          # candidates that a refusal names


class Topology:
    """The networks of a whole cloud at one moment.

    :param session: a database session; a snapshot, so that the parts fit together.
    """

    def __init__(self, session):
        self._session = session

    def show(self, wanted):
        """The documents of what ``wanted`` names: the id or name of a network, router, port or server, whose ports
        these are.

        :raises NotFound: nothing.  :raises Conflict: several things, by name.
        """
        found = self._found(wanted, {"network": network_queries.networks, "router": router_queries.routers,
                                     "port": port_queries.ports})
        if found is not None:
            kind, row = found
            return [{"network": self._network, "router": self._router, "port": self._port}[kind](row)]
        ports = self._ports_of_server(wanted)
        if not ports:
            raise exceptions.NotFound(f"There is no network, router, port, or server with ports, of the id or name "
                                      f"{wanted}.")
        return [self._port(each) for each in ports]

    def ports(self, wanted):
        """The ports, as ``db.network.ports.ports`` has them, that ``wanted`` names: a port's or a server's id or name.

        :raises NotFound, Conflict: as ``show``.
        """
        found = self._found(wanted, {"port": port_queries.ports})
        ports = [found[1]] if found is not None else self._ports_of_server(wanted)
        if not ports:
            raise exceptions.NotFound(f"There is no port, or server with ports, of the id or name {wanted}.")
        return ports

    def inner_address(self, wanted, source):
        """The first address (ip_address) of the ports that ``wanted`` names, if possible of an IP version of which
        ``source`` (a port) has one, too; and whose it is.

        :raises NotFound, Conflict: as ``show``.  :raises BadRequest: there is none.
        """
        versions = {ipaddress.ip_address(each).version for each in _ips(source)}
        found = [(ipaddress.ip_address(each), port) for port in self.ports(wanted) for each in _ips(port)]
        for each in sorted(found, key=lambda one: one[0].version not in versions):
            return each
        raise exceptions.BadRequest(f"The ports of {wanted} have no address.")

    def outer_address(self, wanted):
        """The first of the floating IPs (ip_address) that stand for these ports or have forwardings to them.

        :raises NotFound, Conflict, BadRequest: as ``inner_address``.
        """
        for port in self.ports(wanted):
            for each in self._floating(port_id=port["id"]):
                return ipaddress.ip_address(each["ip"])
        raise exceptions.BadRequest(f"No floating IP stands for a port of {wanted}: it cannot be reached from outside.")

    def _found(self, wanted, queries):
        """(kind, row) of what has an id or else a name.  :param queries: {kind: query}"""
        for column in ("id", "name"):
            found = [(kind, row) for kind, query in queries.items()
                     for row in query(self._session, ALL, Page({column: [wanted]}))]
            if len(found) > 1:
                ids = ", ".join(f"{kind} {row['id']}" for kind, row in found[:_MOST])
                raise exceptions.Conflict(f"{len(found)} things have the name {wanted}; give the id of one: {ids}.")
            if found:
                return found[0]
        return None

    def _ports_of_server(self, wanted):
        """:raises Conflict: several servers have that name."""
        ids = server_names.named(self._session, wanted)
        if len(ids) > 1:
            raise exceptions.Conflict(f"{len(ids)} servers have the name {wanted}; give an id of "
                                      f"{', '.join(ids[:_MOST])}.")
        found = self._ports(server_id=ids) if ids else []
        return sorted(found, key=lambda each: each["nic_index"])

    def _ports(self, **filters):
        return port_queries.ports(self._session, ALL, Page(filters, sort=(("created_at", False),)))

    # ---- the documents

    def _network(self, row):
        """project_id, mtu, physical_network, shared, external, subnets, routers (each with its addresses here), ports
        of others.
        """
        subnets = self._subnets([row["id"]])
        ports = self._ports(network_id=[row["id"]])
        owners = {each.id: each for each in router_queries.ports(self._session, router_queries.on_network(
            self._session, row["id"]))}
        routers = self._named_routers({each.router_id for each in owners.values()})
        return {"kind": "network", **_named(row), "project_id": row["project_id"], "mtu": row["mtu"],
                "physical_network": row["physical_network"], "shared": bool(row["shared"]),
                "external": row["router:external"],
                "subnets": [_subnet(each) for each in subnets.values()],
                "routers": [{**routers[owners[each["id"]].router_id], "addresses": _ips(each),
                             "gateway": owners[each["id"]].port_type == router_queries.GATEWAY}
                            for each in ports if each["id"] in owners],
                "ports": self._briefly([each for each in ports if each["id"] not in owners])}

    def _router(self, row):
        """project_id, admin_state_up, gateway (None: none), interfaces, routes and floating_ips."""
        ports = {each["id"]: each for each in self._ports(id=[
            each.id for each in router_queries.ports(self._session, [row["id"]])])}
        networks = self._networks({each["network_id"] for each in ports.values()})
        gateway = row["gateway"] and ports.pop(row["gateway"]["port_id"], None)
        return {"kind": "router", **_named(row), "project_id": row["project_id"],
                "admin_state_up": bool(row["admin_state_up"]), "routes": row["routes"],
                "gateway": gateway and {"network": networks[gateway["network_id"]], "addresses": _ips(gateway),
                                        "snat": bool(row["enable_snat"])},
                "interfaces": [{"network": networks[each["network_id"]], "addresses": _ips(each)}
                               for each in ports.values()],
                "floating_ips": self._floating(router_id=row["id"])}

    def _port(self, row):
        """As ``_briefly``, with mac, host, network, the addresses' subnets, security groups with their rules, the
        routers on its network, and floating_ips.
        """
        subnets = self._subnets([row["network_id"]])
        routers = router_queries.on_network(self._session, row["network_id"])
        [brief] = self._briefly([row])
        return {"kind": "port", **brief, "mac": row["mac_address"], "host": row["host"] or None,
                "network": self._networks([row["network_id"]])[row["network_id"]],
                "subnets": [_subnet(subnets[each["subnet_id"]]) for each in row["fixed_ips"]],
                "security_groups": self._groups(row["security_groups"]),
                "routers": [self._router(each) for each in router_queries.routers(
                    self._session, ALL, Page({"id": routers}))] if routers else [],
                "floating_ips": self._floating(port_id=row["id"])}

    # ---- their parts

    def _subnets(self, network_ids):
        return {each["id"]: each for each in subnet_queries.subnets(
            self._session, ALL, Page({"network_id": list(network_ids)}, sort=(("created_at", False),)))}

    def _networks(self, ids):
        found = network_queries.networks(self._session, ALL, Page({"id": list(ids)})) if ids else ()
        return {each["id"]: {**_named(each), "external": each["router:external"], "mtu": each["mtu"]} for each in found}

    def _named_routers(self, ids):
        return {row.id: {"id": row.id, "name": row.name} for row in router_queries.rows(self._session, sorted(ids))}

    def _briefly(self, ports):
        """id, name, status, addresses, owner and server (None: none) of each."""
        names = server_names.of(self._session, {each["server_id"] for each in ports} - {None})
        return [{**_named(each), "status": each["status"], "addresses": _ips(each), "owner": each["device_owner"],
                 "server": _server(names.get(each["server_id"]))} for each in ports]

    def _groups(self, ids):
        found = group_queries.groups(self._session, ALL, Page({"id": list(ids)})) if ids else []
        remote = {rule["remote_group_id"] for each in found for rule in each["rules"]} - {None}
        names = {each["id"]: each["name"] for each in group_queries.groups(
            self._session, ALL, Page({"id": sorted(remote)}))} if remote else {}
        lists = {rule["remote_address_group_id"] for each in found for rule in each["rules"]} - {None}
        names |= {each["id"]: each["name"] for each in address_group_queries.groups(
            self._session, ALL, Page({"id": sorted(lists)}))} if lists else {}
        return [{**_named(each), "rules": [_rule(rule, names) for rule in sorted(
            each["rules"], key=_by_content)]} for each in found]

    def _floating(self, *, router_id=None, port_id=None):
        """Those of a router, or those that stand for a port or have forwardings to it."""
        filters = {"router_id": [router_id]} if router_id else {"id": self._of_port(port_id)}
        found = floating_queries.floating_ips(self._session, ALL, Page(filters)) if all(filters.values()) else []
        return [{"id": each["id"], "ip": each["floating_ip_address"], "to": each["fixed_ip_address"],
                 "router_id": each["router_id"],
                 "forwardings": [_forwarding(one) for one in each["port_forwardings"]
                                 if port_id in (None, one["internal_port_id"])]} for each in found]

    def _of_port(self, port_id):
        return sorted({row.id for row in floating_queries.of_ports(self._session, [port_id])}
                      | {row.floatingip_id for row in forwarding_queries.of_ports(self._session, [port_id])})


def _named(row):
    return {"id": row["id"], "name": row["name"]}


def _server(row):
    return row and {"id": row.id, "name": row.display_name, "status": row.vm_state}


def _ips(port):
    return [each["ip_address"] for each in port["fixed_ips"]]


def _subnet(row):
    return {"id": row["id"], "cidr": row["cidr"], "gateway": row["gateway_ip"], "dhcp": bool(row["enable_dhcp"]),
            "ra_mode": row["ipv6_ra_mode"], "address_mode": row["ipv6_address_mode"]}


def _by_content(rule):
    return tuple(rule[name] or "" for name in ("direction", "ethertype", "protocol")) + (
        rule["port_range_min"] or 0, rule["id"])


def _rule(row, names):
    """A rule as Neutron has it, with the names of groups that it refers to."""
    remote = row["remote_group_id"] or row["remote_address_group_id"]
    return {**{name: row[name] for name in (
        "id", "direction", "ethertype", "protocol", "port_range_min", "port_range_max", "remote_ip_prefix",
        "remote_group_id", "remote_address_group_id")}, "remote_name": names.get(remote)}


def _forwarding(row):
    return {name: row[name] for name in ("protocol", "external_first", "external_last", "internal_ip_address",
                                         "internal_first", "internal_last")}
