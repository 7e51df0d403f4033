"""SimpleCIDRAffinityFilter: hosts whose address is in the network that the hints ``build_near_host_ip`` and ``cidr``
("/24" where it is left out) make.
"""

import ipaddress

from nova_lite.scheduler.filters.refusal import Refusal


def needs(request):
    return set() if request.hint("build_near_host_ip") else None


def refuse(request, host):
    near = request.hint("build_near_host_ip")[0] + (request.hint("cidr") or ["/24"])[0]
    try:
        network = ipaddress.ip_network(near, strict=False)
    except ValueError:
        return Refusal("cannot be near what is no network", near)
    address = host.row.host_ip
    return None if ipaddress.ip_address(address) in network else Refusal("elsewhere in the network",
                                                                         f"{address} is not in {network}")
