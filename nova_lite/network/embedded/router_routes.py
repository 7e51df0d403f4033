"""Routes of routers: their next hops are neighbours."""

import ipaddress

from nova_lite.db.network import quotas as network_quotas
from nova_lite.db.network import routers as router_queries
from nova_lite.network import exceptions, router_exceptions
from nova_lite.network.embedded.quotas import RouterRoutes
from nova_lite.network.embedded.router_subnets import subnets_of

RESOURCE = RouterRoutes.resource


def check(session, router, routes, counted, network_id=...):
    """:param routes: [{"destination", "nexthop"}] of a locked router.  :param counted: those that the quota bounds.
    :param network_id: of the gateway that the router is going to have, or None; ...: the one that it has.

    :raises InvalidRoutes: a next hop is no neighbour, or the router itself.  :raises OverQuota:
    """
    cidrs, own = [], set()
    for each in router_queries.addresses(session, [router["id"]]):
        if network_id is ... or each.port_type == router_queries.INTERFACE:
            cidrs.append(ipaddress.ip_network(each.cidr))
            own.add(each.ip)
    if network_id not in (..., None):
        cidrs += [ipaddress.ip_network(each["cidr"]) for each in subnets_of(session, network_id)]
    for each in routes:
        if not any(ipaddress.ip_address(each["nexthop"]) in cidr for cidr in cidrs):
            raise _invalid(routes, "the nexthop is not connected with router")
        if each["nexthop"] in own:
            raise _invalid(routes, "the nexthop is used by router")
    limit = network_quotas.limit(session, router["project_id"], RESOURCE)
    if 0 <= limit < len(counted):
        raise exceptions.OverQuota(resource=RESOURCE)


def added(present, more):
    """Routes with others, each once."""
    return present + [each for number, each in enumerate(more) if each not in present and each not in more[:number]]


def removed(present, less):
    """Routes without others; those that are not there are left out."""
    return [each for each in present if each not in less]


def _invalid(routes, reason):
    return router_exceptions.InvalidRoutes(routes=routes, reason=reason)
