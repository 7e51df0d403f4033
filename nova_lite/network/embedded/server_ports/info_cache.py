"""What the service says of servers' ports, pushed to compute in the transaction that changed one.

Who does so has locked the server: of two who changed its ports at once, the later one sees what the first did.
"""

from nova_lite.db import interfaces, locks
from nova_lite.db.network import networks as network_queries
from nova_lite.db.network import qos as qos_queries
from nova_lite.db.network import rows
from nova_lite.db.network import security_groups as group_queries
from nova_lite.db.network import server_ports as server_port_queries
from nova_lite.objects import qos_rules
from nova_lite.objects.interface import Interface, ServerNetwork
from nova_lite.objects.server import Address, Nic


def describe(session, server_ids):
    """{server id: objects.interface.ServerNetwork}, in three statements, or four where ports have QoS policies; servers
    without ports are missing.
    """
    ports, addresses = server_port_queries.nics(session, server_ids)
    names, ids = group_queries.groups_of(session, server_ids) if ports else ({}, {})
    limits, made = qos_limits(session, ports), {}
    for port in ports:
        made.setdefault(port.server_id, []).append(
            Interface(port.nic_index, nic(port, addresses.get(port.id, ()), ids.get(port.id, ()), limits),
                      port.made_for_server, _floating(addresses.get(port.id, ()))))
    return {server_id: ServerNetwork(tuple(each), tuple(names.get(server_id, ()))) for server_id, each in made.items()}


def qos_limits(session, ports):
    """{id of a QoS policy: qos_rules.limits of it} of those for ports, rows of ``db.network.server_ports.nics``."""
    found = {port.effective_qos for port in ports} - {None}
    return {key: qos_rules.limits(each) for key, each in qos_queries.of_policies(session, found).items()}


def nic(port, addresses, group_ids, limits):
    """objects.Nic of a port and its addresses, rows of ``db.network.server_ports.nics``.

    :param group_ids: of its security groups.  :param limits: as of qos_limits.
    """
    return Nic.make(port_id=port.id, network_id=port.network_id, network_name=port.network_name, mac=port.mac_address,
                    mtu=port.mtu, vif_type="bridge", vnic_type="normal", tag=port.tag,
                    addresses=[_address(each) for each in {each.ip: each for each in addresses}.values()],
                    revision=port.revision, network_revision=port.network_revision,
                    security_groups=list(group_ids), port_security_enabled=bool(port.port_security_enabled),
                    admin_state_up=bool(port.admin_state_up), hostname=port.dns_name or None,
                    allowed_pairs=[f"{each['mac_address']},{each['ip_address']}"
                                   for each in port.allowed_address_pairs or ()],
                    dhcp_options=[_option(each) for each in port.extra_dhcp_opts or ()],
                    qos=limits.get(port.effective_qos, {}), physical_network=port.physical_network)


def _option(said):
    """{"name", "value"} of IPv4, and of IPv6 also "version"."""
    made = {"name": said["opt_name"], "value": said["opt_value"]}
    return made | {"version": "6"} if said["ip_version"] == 6 else made


def _floating(addresses):
    return tuple({"ip": each.floating_ip_address, "fixed_ip": each.ip}
                 for each in addresses if each.floating_ip_address)


def _address(row):
    return Address.make(ip=row.ip, cidr=row.cidr, gateway=row.gateway_ip, version=row.ip_version,
                        dns=row.dns_nameservers, subnet_id=row.subnet_id,
                        dhcp=bool(row.enable_dhcp),
                        host_access=bool(row.host_access), routes=routes(row.host_routes),
                        ra_mode=row.ipv6_ra_mode, address_mode=row.ipv6_address_mode)


def routes(several):
    """["range,next hop"] of a subnet's host_routes, or None."""
    return [f"{each['destination']},{each['nexthop']}" for each in several or ()]


def push(session, server_id):
    """Let compute know of a server's ports as they are now; returns its ServerNetwork."""
    network = describe(session, [server_id]).get(server_id, ServerNetwork())
    interfaces.store(session, server_id, network)
    return network


def shown_by(session, model, resource_id, **which):
    """Ids of the servers that show a resource, locked before it, for who is to change it; whoever makes another show it
    waits, and reads what is new then.

    :param which: as for ``db.network.networks.servers_on``.
    :returns: None, and nothing was done, where another server came to show it meanwhile: begin anew.
    """
    known = network_queries.servers_on(session, **which)
    locks.servers(session, known)
    rows.lock(session, model, resource_id)
    return known if set(known).issuperset(network_queries.servers_on(session, **which)) else None
