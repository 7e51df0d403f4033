"""The bodies of routers in desired state."""

from nova_lite.db.network import floating_ips as floating_queries
from nova_lite.db.network import port_forwardings as forwarding_queries
from nova_lite.db.network import routers as router_queries
from nova_lite.objects.desired_router import (
    DesiredFloatingIp,
    DesiredPortForwarding,
    DesiredRoute,
    DesiredRouter,
    DesiredRouterAddress,
    DesiredRouterPort,
)


def bodies(session, router_ids):
    """{router id: DesiredRouter} of those of some routers that are there, in four statements."""
    found = router_queries.rows(session, router_ids) if router_ids else ()
    ports, addresses = {}, {}
    if found:
        for row in router_queries.addresses(session, router_ids):
            addresses.setdefault(row.port_id, []).append(_address(row))
        for row in router_queries.ports(session, router_ids):
            ports.setdefault(row.router_id, {}).setdefault(row.port_type, []).append(
                _port(row, addresses.get(row.id, [])))
    return {row.id: _router(row, ports.get(row.id, {})) for row in found}


def _router(row, ports):
    return DesiredRouter.make(
        id=row.id, revision=row.revision, project_id=row.project_id, admin_state_up=bool(row.admin_state_up),
        snat=bool(row.enable_snat), gateway=next(iter(ports.get(router_queries.GATEWAY, ())), None),
        interfaces=ports.get(router_queries.INTERFACE, []), routes=[DesiredRoute.make(**each) for each in row.routes])


def _port(row, addresses):
    return DesiredRouterPort.make(port_id=row.id, network_id=row.network_id, mac=row.mac_address, mtu=row.mtu,
                                  addresses=addresses, admin_state_up=bool(row.admin_state_up),
                                  physical_network=row.physical_network)


def _address(row):
    return DesiredRouterAddress.make(ip=row.ip, cidr=row.cidr, subnet_id=row.subnet_id, gateway=row.gateway_ip,
                                     host_access=bool(row.host_access))


def floating_ips(session, floating_ip_ids):
    """{id: DesiredFloatingIp} of those of some floating IPs that a router translates, in two statements."""
    found = floating_queries.by_ids(session, floating_ip_ids) if floating_ip_ids else ()
    forwarded = forwarding_queries.of_floating_ips(session, [row.id for row in found])
    return {row.id: DesiredFloatingIp.make(
        id=row.id, revision=row.revision, router_id=row.router_id, network_id=row.floating_network_id,
        ip=row.floating_ip_address, mac=row.mac_address, fixed_ip=row.fixed_ip_address, port_id=row.fixed_port_id,
        forwardings=[_forwarding(each) for each in forwarded.get(row.id, ())]) for row in found}


def _forwarding(row):
    return DesiredPortForwarding.make(ip=row["internal_ip_address"], port_id=row["internal_port_id"], **{
        name: row[name] for name in ("id", "protocol", "external_first", "external_last", "internal_first",
                                     "internal_last")})
