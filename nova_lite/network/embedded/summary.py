"""What a server's row says of its network, written in the transaction that changed a port.

Who writes it has locked the server: of two who changed its ports at once, the later one sees what the first did.
"""

from nova_lite.db import locks
from nova_lite.db import networks as queries
from nova_lite.objects.server import Address, Nic


def nics_of(session, server_ids):
    """{server id: [objects.Nic in order]} for servers that have any."""
    ports, addresses = queries.nics(session, server_ids)
    made = {}
    for port in ports:
        made.setdefault(port.server_id, []).append(_nic(port, addresses.get(port.id, ())))
    return made


def _nic(port, addresses):
    return Nic.make(port_id=port.id, network_id=port.network_id, network_name=port.network_name, mac=port.mac_address,
                    mtu=port.mtu, vif_type="bridge", vnic_type="normal", tag=port.tag,
                    addresses=[_address(each) for each in addresses])


def _address(row):
    return Address.make(ip=row.ip, cidr=row.cidr, gateway=row.gateway_ip, version=row.ip_version,
                        dns=row.dns_nameservers, dhcp=bool(row.enable_dhcp and row.gateway_ip), subnet_id=row.subnet_id)


def told(session, server_ids):
    """{server id: (addresses, security groups)} as the rows of servers that have ports should say."""
    names = queries.group_names_of(session, server_ids)
    return {server_id: (addresses(nics), names.get(server_id, []))
            for server_id, nics in nics_of(session, server_ids).items()}


def write(session, server_id):
    """Bring the row up to date; returns the server's NICs."""
    nics = nics_of(session, [server_id]).get(server_id, [])
    queries.write_server(session, server_id, addresses(nics), queries.group_names(session, server_id) if nics else [])
    return nics


def shown_by(session, model, resource_id, **which):
    """Ids of the servers that show a resource, locked before it, for who is to rename it; whoever makes another show it
    waits, and reads the new name then.

    :param which: as for ``db.networks.servers_on``.
    :returns: None, and nothing was done, where another server came to show it meanwhile: begin anew.
    """
    known = queries.servers_on(session, **which)
    locks.servers(session, known)
    queries.lock(session, model, resource_id)
    return known if set(known).issuperset(queries.servers_on(session, **which)) else None


def addresses(nics):
    return [{"network": nic.network_name, "mac": nic.mac, "addr": each.ip, "version": each.version, "type": "fixed"}
            for nic in nics for each in nic.addresses]
