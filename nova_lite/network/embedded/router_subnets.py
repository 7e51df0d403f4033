"""What a router's subnets must be to each other: none twice, and none that overlap."""

import ipaddress

from nova_lite.common.visibility import ALL
from nova_lite.db.network import paging
from nova_lite.db.network import routers as router_queries
from nova_lite.db.network import subnets as subnet_queries
from nova_lite.network.exceptions import BadRequest


def subnets_of(session, network_id):
    """Dicts of a network's subnets, in order."""
    return subnet_queries.subnets(session, ALL, paging.Page({"network_id": [network_id]},
                                                            sort=(("created_at", False),)))


def by_ids(session, subnet_ids):
    """[dict], in order of ``subnet_ids``"""
    found = {each["id"]: each for each in subnet_queries.subnets(session, ALL, paging.Page({"id": list(subnet_ids)}))}
    return [found[each] for each in subnet_ids]


def check_overlap(session, router_id, new):
    """:param new: subnets (dicts) that a router is to have a port on.

    :raises BadRequest: it has a port on one, or on a subnet with addresses of one.
    """
    wanted, present, behind = {each["id"] for each in new}, {}, set()
    for each in router_queries.addresses(session, [router_id]):
        if each.subnet_id in wanted:
            raise bad(f"Router already has a port on subnet {each.subnet_id}")
        present[each.subnet_id] = each.cidr
        if each.port_type == router_queries.GATEWAY:
            behind.add(each.network_id)
    for network_id in sorted(behind):
        present |= {each["id"]: each["cidr"] for each in subnets_of(session, network_id)}
    for subnet_id, cidr in present.items():
        for each in new:
            if ipaddress.ip_network(cidr).overlaps(ipaddress.ip_network(each["cidr"])):
                raise bad(f"Cidr {each['cidr']} of subnet {each['id']} overlaps with cidr {cidr} of subnet "
                          f"{subnet_id}")


def bad(detail):
    return BadRequest(resource="router", detail=detail)
