"""The lines of IPv6 in dnsmasq's files: what is announced, how guests get addresses, and what they learn besides.

The modes of a subnet are Neutron's: ``ra_mode`` says what is announced, ``address_mode`` what DHCP answers.  Where none
says anything DHCP answers and nothing is announced; and where it is announced that DHCP has addresses, it has them: no
port may send with others.
"""

import ipaddress

from nova_lite.common import dhcp_options, ipv6

#: Seconds between two announcements, and for how long a guest takes the announcing router for one.
_INTERVAL, _LIFETIME = 100, 300
_PREFIX_LIFETIME = 86400
_SEARCH = 24            # the option that names domains


def is_announced(address):
    """:param address: as of a state.Port."""
    return bool(address["dhcp"] and address.get("ra_mode"))


def is_leased(address):
    """Whether guests get their addresses by DHCP."""
    mode = address.get("address_mode") or address.get("ra_mode") or ipv6.STATEFUL
    return bool(address["dhcp"] and mode == ipv6.STATEFUL)


def is_informed(address):
    """Whether guests with addresses of their own making ask DHCP for the rest."""
    return bool(address["dhcp"] and address.get("address_mode") == ipv6.STATELESS)


def lines(segment, seat, tag, lease):
    """Lines of the configuration.

    :param seat: the dhcp.Seat.  :param tag: callable(address) -> the tag of its subnet.  :param lease: seconds.
    """
    found = [f"dhcp-range=set:{tag(each)},{text}" for cidr, each in segment.subnets6.items()
             for text in _range(ipaddress.ip_network(cidr), each, lease)]
    announced = [each for each in segment.subnets6.values() if is_announced(each)]
    if announced:
        # Where nobody is led out, guests learn their range and no way beyond it.
        found.append(f"ra-param={seat.device},mtu:{segment.mtu},{_INTERVAL},{_LIFETIME if seat.leads else 0}")
    if any(each["ra_mode"] == ipv6.STATEFUL for each in announced):
        found.append("enable-ra")
    return found


def _range(network, address, lease):
    start, length = network.network_address, network.prefixlen
    if length < ipv6.PREFIX:            # dnsmasq would not start; as in Neutron, guests learn nothing of it
        return []
    mode = address.get("ra_mode") if is_announced(address) else None
    if mode == ipv6.SLAAC:
        return [f"{start},ra-only,{length},{_PREFIX_LIFETIME}s"]
    if mode == ipv6.STATELESS:
        return [f"{start},ra-stateless,{length},{_PREFIX_LIFETIME}s"]
    if mode == ipv6.STATEFUL or is_leased(address):
        return [f"{start},static,{length},{lease}s"]
    return [f"{start},static,{length}"] if is_informed(address) else []


def hosts(segment, words, tags):
    """The address of every port that DHCP gives one, and the tags of ports with options of their own.

    :param words: callable(port) -> what stands for it besides its address.
    :param tags: callable(port) -> its tags alone, "" for none.
    """
    found = []
    for port in segment.ports:
        own = [each for each in port.addresses if ":" in each["ip"]]
        leased = [each["ip"] for each in own if is_leased(each)]
        if leased:
            found.append(f"{port.mac},{','.join(f'[{ip}]' for ip in leased)},{words(port)}\n")
        elif any(map(is_informed, own)) and tags(port):
            found.append(f"{port.mac},{tags(port)}\n")
    return "".join(found)


def options(segment, tag, domain):
    """Name servers and domain of each subnet, as lines of dnsmasq's options."""
    found = []
    for each in segment.subnets6.values():
        servers = [one for one in each["dns"] if ":" in one] or [each["here"]]
        found += [f"tag:{tag(each)},option6:dns-server,{','.join(f'[{one}]' for one in servers)}",
                  f"tag:{tag(each)},option6:{_SEARCH},{domain}"]
    return found


def of_port(port, tag):
    """Options of a port's own, as lines of dnsmasq's options."""
    return [f"tag:{tag},{text}" for each in port.dhcp_options if each.get("version") == "6"
            if (text := dhcp_options.line(each["name"], each["value"] or "", 6))]
