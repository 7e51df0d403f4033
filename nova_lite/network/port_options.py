"""What a client says of a port's DHCP options and allowed address pairs: checked, and in the form that is kept."""

from nova_lite.common import dhcp_options, exceptions, ip_text
from nova_lite.conf import CONF
from nova_lite.network import canonical
from nova_lite.network import exceptions as network_exceptions
from nova_lite.network.planes.capabilities import Capability, plane_capabilities

#: Options that may be sent without a value: "no router".
_MAY_BE_EMPTY = ("router", "classless-static-route")


def dhcp(several):
    """[{"opt_name", "opt_value" (None: it goes), "ip_version"}].  :raises BadRequest: what no port can have."""
    made = []
    for each in several or ():
        name, value, version = each["opt_name"], each["opt_value"], int(each.get("ip_version", 4))
        if version == 6 and Capability.IPV6 not in plane_capabilities():
            raise _invalid("extra_dhcp_opts", f"option '{name}' is for IPv6, and subnets here have IPv4 only")
        if dhcp_options.number(name, version) is None:
            raise _invalid("extra_dhcp_opts", f"'{name}' is no option that a port may have. Give the number of one, or "
                                              f"one of {', '.join(dhcp_options.names(version))}")
        if value == "" and name not in _MAY_BE_EMPTY:
            raise _invalid("extra_dhcp_opts", f"option '{name}' has an empty value")
        if value is not None and not dhcp_options.is_plain(value):
            raise _invalid("extra_dhcp_opts", f"the value of option '{name}' may have printable ASCII characters other "
                                              'than ", # and \\, and no blank at either end')
        made.append({"opt_name": name, "opt_value": value, "ip_version": version})
    return made


def with_dhcp(present, said):
    """The options of a port that has some, after a client said ``said``: others stay, and None takes one away."""
    made = {_key(each): each for each in present}
    for each in said:
        if each["opt_value"] is None:
            made.pop(_key(each), None)
        else:
            made[_key(each)] = each
    return list(made.values())


def _key(option):
    return option["opt_name"], option["ip_version"]


def pairs(several):
    """[{"ip_address" as it was said, and "mac_address" where one was}]

    :raises AllowedAddressPairExhausted, AllowedAddressPairsMissingIP, DuplicateAddressPairInRequest, BadRequest:
    """
    limit, made = CONF.network.max_allowed_address_pair, []
    if len(several or ()) > limit:
        raise network_exceptions.AllowedAddressPairExhausted(quota=limit)
    for each in several or ():
        if "ip_address" not in each:
            raise network_exceptions.AllowedAddressPairsMissingIP
        _check_ip(each["ip_address"])
        pair = dict(each)
        if "mac_address" in each:
            pair["mac_address"] = canonical.mac(each["mac_address"])
        made.append(pair)
    _check_twice(made)
    return made


def complete(several, mac):
    """Pairs, each with a MAC: the port's (``mac``) where none was said.  :raises DuplicateAddressPairInRequest:"""
    made = [{"mac_address": mac, **each} for each in several]
    _check_twice(made)
    return made


def _check_ip(text):
    kind, read = ("IP subnet", ip_text.interface) if "/" in text else ("IP address", ip_text.address)
    try:
        found = read(text)
    except ValueError:
        raise exceptions.BadRequest(f"'{text}' is not a valid {kind}") from None
    if found.version == 4 and str(found) != text:           # a netmask, for one
        raise exceptions.BadRequest(f"'{text}' isn't a recognized IP subnet cidr, '{found.network}' is recommended")
    if found.is_multicast:
        raise exceptions.BadRequest(f"'{text}' cannot be a multicast IP address")


def _check_twice(several):
    seen = set()
    for each in several:
        key = each.get("mac_address"), each["ip_address"]
        if key in seen:
            raise network_exceptions.DuplicateAddressPairInRequest(mac=key[0], ip=key[1])
        seen.add(key)


def _invalid(name, reason):
    return exceptions.BadRequest(f"Invalid input for {name}. Reason: {reason}.")
