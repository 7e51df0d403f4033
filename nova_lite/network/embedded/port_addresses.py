"""Which addresses ports have: those that are asked for, or any that are free, and on IPv6 subnets with automatic
addresses the ones that their MACs make, whatever is asked for.

Ports of routers' interfaces alone have no automatic ones.
"""

from nova_lite.common import ipv6
from nova_lite.common.visibility import ALL
from nova_lite.db.network import addresses as address_queries
from nova_lite.db.network import paging
from nova_lite.db.network import routers as router_queries
from nova_lite.db.network import subnets as subnet_queries
from nova_lite.network import exceptions
from nova_lite.network.embedded import addressing

_DHCP = "network:dhcp"


def candidates(session, network_id, device_owner):
    """Subnets that a port may have addresses of, those first that are for its ``device_owner`` alone.

    :raises IpAddressGenerationFailureNoMatchingSubnet: there are subnets, and all are for other devices.
    """
    page = paging.Page({"network_id": [network_id]}, sort=(("created_at", False),))
    every = subnet_queries.subnets(session, ALL, page)
    found = [each for each in every if is_for(each, device_owner)]
    if every and not found:
        raise exceptions.IpAddressGenerationFailureNoMatchingSubnet(network_id=network_id, service_type=device_owner)
    return sorted(found, key=lambda each: not each["service_types"])


def is_for(subnet, device_owner):
    """Whether a port of that device_owner may have addresses of a subnet."""
    types = subnet.get("service_types")
    return not types or device_owner in types or device_owner == _DHCP and subnet["enable_dhcp"]


def makes_own(subnet, device_owner):
    """Whether a port of that device_owner has the one address of a subnet that its MAC makes, and no other."""
    return device_owner != router_queries.INTERFACE and ipv6.is_automatic(subnet)


def of_new(session, network_id, subnets, port, wanted):
    """[(subnet id, address)] of a new port.

    :param subnets: its candidates.  :param port: a dict of mac_address and device_owner.
    :param wanted: [{"ip_address", "subnet_id"}], either may be missing; None: any of each IP version that there is.
    :raises IpAddressGenerationFailure, IpAddressAlreadyAllocated, InvalidIpForNetwork, InvalidIpForSubnet:
    :raises AllocationOnAutoAddressSubnet:
    """
    if wanted is None:
        made = _any_of_each(session, subnets, network_id, port["device_owner"])
    else:
        made = _asked(session, network_id, subnets, port, wanted)
    return [*made, *_automatic(session, subnets, port, made)]


def change(session, port, wanted, mac=None):
    """Give a port (a dict) other addresses; whether it has others than before.

    Automatic ones stay, and those that it lacks are added.

    :param wanted: as for ``of_new``.  :param mac: that it is going to have; None: its own.
    """
    subnets = candidates(session, port["network_id"], port["device_owner"])
    owner, moved = port["device_owner"], mac not in (None, port["mac_address"])
    old = {each["id"] for each in subnets if moved and makes_own(each, owner)}
    kept = [each for each in port["fixed_ips"] if each["subnet_id"] not in old]
    before = {(each["subnet_id"], each["ip_address"]) for each in port["fixed_ips"]}
    gone = {ip for _, ip in before} - {each["ip_address"] for each in kept}
    port = port | {"fixed_ips": kept, "mac_address": mac or port["mac_address"]}
    wanted = [each for each in wanted if each.get("ip_address") not in gone]
    made = _asked(session, port["network_id"], subnets, port, _kept(port, wanted))
    ips = [*made, *_automatic(session, subnets, port, made)]
    if set(ips) == before and len(ips) == len(before):
        return False
    if not address_queries.try_ips(session, port["id"], ips):
        raise exceptions.IpAddressGenerationFailure(network_id=port["network_id"])
    return True


def has_automatic(session, port):
    """Whether a port (a dict) has addresses that its MAC makes."""
    mine = {each["subnet_id"] for each in port["fixed_ips"] if ":" in each["ip_address"]}
    return bool(mine) and any(each["id"] in mine and makes_own(each, port["device_owner"]) for each in candidates(
        session, port["network_id"], port["device_owner"]))


def _kept(port, wanted):
    """What a client asks for, said by addresses that the port has already wherever a subnet is all that is said."""
    named = {each["ip_address"] for each in wanted if "ip_address" in each}
    left = [each for each in port["fixed_ips"] if each["ip_address"] not in named]
    for each in wanted:
        mine = None if "ip_address" in each else next(
            (one for one in left if one["subnet_id"] == each["subnet_id"]), None)
        if mine:
            left.remove(mine)
        yield mine or each


def _asked(session, network_id, subnets, port, wanted):
    mine = {each["ip_address"] for each in port.get("fixed_ips", ())}
    found = (_chosen(session, subnets, network_id, each, port, mine) for each in wanted)
    return [each for each in found if each is not None]


def _chosen(session, subnets, network_id, wanted, port, mine):
    """(subnet id, address) for one entry of fixed_ips; None: what ``_automatic`` adds anyway.

    :param mine: addresses that the port has already.
    """
    ip, subnet_id, owner = wanted.get("ip_address"), wanted.get("subnet_id"), port["device_owner"]
    if subnet_id is not None:
        subnets = [each for each in subnets if each["id"] == subnet_id]
        if not subnets:
            raise exceptions.InvalidInput(detail=f"Failed to create port on network {network_id}, because fixed_ips "
                                                 f"included invalid subnet {subnet_id}")
    if ip is None:
        return None if makes_own(subnets[0], owner) else any_free(session, subnets, network_id)
    subnet = next((each for each in subnets if addressing.holds(each, ip, owner)), None)
    if subnet is None:
        raise exceptions.InvalidIpForSubnet(ip=ip) if subnet_id else exceptions.InvalidIpForNetwork(ip=ip)
    if makes_own(subnet, owner):
        if ip != _made(subnet, port):
            raise exceptions.AllocationOnAutoAddressSubnet(ip=ip, subnet_id=subnet["id"])
        return None
    if ip not in mine and (ip == subnet["gateway_ip"] or address_queries.taken(session, subnet["id"], [ip])):
        raise exceptions.IpAddressAlreadyAllocated(ip=ip, subnet_id=subnet["id"])
    return subnet["id"], ip


def _any_of_each(session, subnets, network_id, owner):
    asked = [[each for each in subnets if each["ip_version"] == version and not makes_own(each, owner)]
             for version in (4, 6)]
    return [any_free(session, some, network_id) for some in asked if some]


def any_free(session, subnets, network_id):
    """(subnet id, address) of the first of some subnets that has one.  :raises IpAddressGenerationFailure:"""
    for subnet in subnets:
        found = addressing.free(session, subnet)
        if found is not None:
            return subnet["id"], found
    raise exceptions.IpAddressGenerationFailure(network_id=network_id)


def _automatic(session, subnets, port, present):
    """[(subnet id, address)] that the port's MAC makes; none that is in ``present``.

    :raises IpAddressAlreadyAllocated: a router's interface has one.
    """
    made = []
    for subnet in subnets:
        if makes_own(subnet, port["device_owner"]):
            pair = subnet["id"], _made(subnet, port)
            mine = pair[1] in {each["ip_address"] for each in port.get("fixed_ips", ())}
            if not mine and address_queries.taken(session, subnet["id"], [pair[1]]):
                raise exceptions.IpAddressAlreadyAllocated(ip=pair[1], subnet_id=subnet["id"])
            made.append(pair)
    return [each for each in made if each not in present]


def _made(subnet, port):
    return str(ipv6.made_of(subnet["cidr"], port["mac_address"]))
