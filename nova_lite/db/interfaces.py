"""The interfaces of servers as compute keeps them, whichever network service has their ports."""

import dataclasses

import sqlalchemy as sa

from nova_lite.db.models.servers import Interface, Server
from nova_lite.objects.interface import Interface as Described
from nova_lite.objects.interface import ServerNetwork
from nova_lite.objects.server import Address, Nic

_INTERFACES, _SERVERS = Interface.__table__, Server.__table__
_FACTS = ("network_id", "network_name", "mtu", "vif_type", "vnic_type")
#: What a host needs to know, and neither guests nor lists show; missing where an earlier release wrote the row.
_FOR_HOSTS = {"security_groups": None, "port_security_enabled": True}
#: Of two descriptions of a port these say which is newer, and nothing else.
_REVISIONS = ("revision", "network_revision")
#: Kept where they are not as they are of most ports.
_LATER = ("admin_state_up", "hostname", "allowed_pairs", "dhcp_options", "physical_network")
_LATER_OF_ADDRESS = ("routes", "ra_mode", "address_mode")
#: Each boot and each lease runs these several times, so they are built once (see db/operations/statements.py).
_OF = sa.select(_INTERFACES).where(_INTERFACES.c.server_id.in_(sa.bindparam("b_servers", expanding=True))).order_by(
    _INTERFACES.c.server_id, _INTERFACES.c.nic_index)
_NEW = sa.insert(_INTERFACES)
_REMOVE = sa.delete(_INTERFACES).where(_INTERFACES.c.server_id == sa.bindparam("b_id"))
_SHOW = sa.update(_SERVERS).where(_SERVERS.c.id == sa.bindparam("b_id")).values(
    interfaces_version=_SERVERS.c.interfaces_version + 1, updated_at=_SERVERS.c.updated_at)
_SHOW_UNCHANGED = _SHOW.where(_SERVERS.c.interfaces_version == sa.bindparam("b_version"))


def nics(session, server_ids):
    """{server id: [objects.Nic in the guest's order]} in one statement; servers without interfaces are missing."""
    made = {}
    for row in _rows(session, server_ids):
        made.setdefault(row.server_id, []).append(_interface(row).nic)
    return made


def _interface(row):
    """objects.interface.Interface of a row."""
    floating = tuple(row.facts.get("floating", ()))
    return Described(row.nic_index, Nic.make(
        port_id=row.port_id, mac=row.mac, tag=row.tag, **{name: row.facts[name] for name in _FACTS},
        **{name: row.facts.get(name, 0) for name in _REVISIONS},
        **{name: row.facts.get(name, missing) for name, missing in _FOR_HOSTS.items()},
        **{name: row.facts.get(name, Nic.fields[name].default) for name in _LATER},
        floating_ips=[each["ip"] for each in floating],
        addresses=[Address.make(**each) for each in row.facts["addresses"]]), row.owned, floating)


def ports_of_host(session, host):
    """{port id: (server id, MAC, {"mac,address" that DHCP should answer})} of the servers on ``host``."""
    found = session.execute(sa.select(_INTERFACES).join(_SERVERS, _SERVERS.c.id == _INTERFACES.c.server_id).where(
        _SERVERS.c.host == host, _SERVERS.c.deleted_at.is_(None)))
    return {row.port_id: (row.server_id, row.mac, {
        f"{row.mac},{each['ip']}" for each in row.facts["addresses"] if each["dhcp"]}) for row in found}


def versions(session, server_ids):
    """{server id: what ``store`` is given for what is asked of the network service from now on}; without the gone."""
    asked = sa.select(_SERVERS.c.id, _SERVERS.c.interfaces_version).where(_SERVERS.c.id.in_(server_ids))
    return {row.id: row.interfaces_version for row in session.execute(asked)}


def store(session, server_id, network, version=None):
    """Keep what a network service said of a server, and show it in lists.

    :param network: objects.interface.ServerNetwork.
    :param version: as ``versions`` said before the service was asked, which would be overwritten with something older
        otherwise; None: it was asked in this very transaction.
    :returns: whether it was kept: not where something newer was meanwhile, or the server is gone.
    """
    values = {"b_id": server_id, "addresses": network.addresses, "security_groups": list(network.security_groups)}
    shown = session.execute(_SHOW, values) if version is None else session.execute(
        _SHOW_UNCHANGED, values | {"b_version": version})
    if not shown.rowcount:
        return False
    wanted = [_values(server_id, each) for each in network.interfaces]
    if wanted:
        present = [dict(row._mapping) for row in _rows(session, [server_id])]
        if present == wanted:
            return True
    if not wanted or present:
        session.execute(_REMOVE, {"b_id": server_id})
    if wanted:
        session.execute(_NEW, wanted)
    return True


def forget(session, server_id, port_ids, address=None):
    """A server loses NICs, or one address of theirs: compute keeps them no more, and waits for no service's word.

    :param address: None: the whole NICs.
    """
    groups = session.scalar(sa.select(_SERVERS.c.security_groups).where(_SERVERS.c.id == server_id)) or ()
    kept = []
    for each in map(_interface, _rows(session, [server_id])):
        if each.nic.port_id not in port_ids:
            kept.append(each)
        elif address is not None:
            each.nic.addresses = [one for one in each.nic.addresses if one.ip != address]
            kept.append(dataclasses.replace(each, floating=tuple(
                one for one in each.floating if one["fixed_ip"] != address)))
    store(session, server_id, ServerNetwork(tuple(kept), tuple(groups) if kept else ()))


def differ(session, networks):
    """Ids of the servers whose interfaces are not as {server id: ServerNetwork} says."""
    present = {server_id: [] for server_id in networks}
    for row in _rows(session, list(networks)):
        present[row.server_id].append(dict(row._mapping))
    return {server_id for server_id, network in networks.items()
            if _seen(present[server_id]) != _seen(_values(server_id, each) for each in network.interfaces)}


def shown_otherwise(session, networks):
    """Ids of the servers whose lists show other addresses or security groups than {server id: ServerNetwork} says."""
    rows = session.execute(sa.select(_SERVERS.c.id, _SERVERS.c.addresses, _SERVERS.c.security_groups).where(
        _SERVERS.c.id.in_(list(networks))))
    return {row.id for row in rows if (row.addresses, row.security_groups) != (
        networks[row.id].addresses, list(networks[row.id].security_groups))}


def _seen(values):
    """What guests and lists see."""
    return [{**each, "facts": {**each["facts"], **dict.fromkeys(_REVISIONS), **_FOR_HOSTS}} for each in values]


def _rows(session, server_ids):
    return session.execute(_OF, {"b_servers": list(server_ids)}).all()


def _is_kept(address, name):
    """Of a later release's fields only what is not empty, so that what an earlier one kept is still as it should be."""
    return name not in _LATER_OF_ADDRESS or bool(address.later(name))


def _values(server_id, interface):
    nic = interface.nic
    facts = {name: getattr(nic, name) for name in _FACTS} | dict(zip(_REVISIONS, nic.revisions, strict=True))
    facts |= {"security_groups": None if nic.groups is None else list(nic.groups), "port_security_enabled": nic.secured}
    facts["addresses"] = [{name: getattr(each, name) for name in Address.fields if _is_kept(each, name)}
                          for each in nic.addresses]
    facts |= {name: value for name in _LATER if (value := nic.later(name)) != Nic.fields[name].default}
    if interface.floating:
        facts["floating"] = [dict(each) for each in interface.floating]
    return {"server_id": server_id, "nic_index": interface.index, "port_id": nic.port_id, "mac": nic.mac,
            "tag": nic.tag, "owned": interface.owned, "facts": facts}
