"""What becomes of a packet that has left the routers of the cloud by an external network."""

import ipaddress

from nova_lite.cmd.network.rules import Step
from nova_lite.common.visibility import ALL
from nova_lite.conf import CONF
from nova_lite.db.network import networks as network_queries
from nova_lite.db.network import subnets as subnet_queries
from nova_lite.db.network.paging import Page


def step(session, target, wanted):
    """The Step of a packet to an ip_address that no floating IP and no port of the external network has.

    :param wanted: the network_id of the port that is meant, which has ``target`` as an address of its own; None: an
        address is meant, whoever has it.
    """
    if wanted is not None:
        return Step(f"{target} is an address of network {_network(session, wanted)}, to which no router leads from "
                    f"there; a floating IP would", False)
    if _within(target, CONF.network.reachable_ranges):
        return Step(f"{target} is beyond this cloud: reached")
    if _within(target, CONF.network.protected_ranges):
        return Step(f"hosts keep guests out of [network] protected_ranges, in which {target} is", False)
    near = next((each for each in subnet_queries.subnets(session, ALL, Page({"ip_version": [target.version]}))
                 if each["host_access"] and _within(target, [each["cidr"]])), None)
    if near:
        return Step(f"{target} is of network {_network(session, near['network_id'])}, which hosts themselves reach, "
                    f"and guests of other networks by floating IPs alone", False)
    return Step(f"{target} is beyond this cloud: reached")


def _within(target, ranges):
    return any(target in ipaddress.ip_network(each, strict=False) for each in ranges)


def _network(session, network_id):
    [found] = network_queries.networks(session, ALL, Page({"id": [network_id]}))
    return f"{found['name']} ({found['id']})" if found["name"] else found["id"]
