"""What is around this host: addresses that guests must not reach, and name servers that answer them."""

import _socket
import dataclasses
import ipaddress
import logging
import socket
import urllib.parse

from oslo_config import cfg
from pyroute2 import IPRoute

from nova_lite.common import ipv6, kernel_routes
from nova_lite.network.planes.linux.parts import BRIDGES, LINKS

LOG = logging.getLogger(__name__)

#: Where the true name servers stand; systemd-resolved lists itself in the last one, and answers the loopback alone.
_RESOLV = ("/run/systemd/resolve/resolv.conf", "/etc/resolv.conf")
#: This network, loopback, link-local with all links of all clouds, multicast and the rest.
_NEVER = tuple(ipaddress.ip_network(each) for each in ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3"))
_NEVER6 = tuple(ipaddress.ip_network(each) for each in ("::/128", "::1/128", "fe80::/10", "ff00::/8"))
_FORWARDING6 = "/proc/sys/net/ipv6/conf/all/forwarding"
_LOOPBACK = ipaddress.ip_network("127.0.0.0/8")


@dataclasses.dataclass(frozen=True)
class Surroundings:
    """All are tuples of ip_networks or of addresses as text, sorted.

    :ivar own: networks that no guest reaches whatever an operator says: the host's own addresses, and management's.
    :ivar near: networks that guests reach only as far as ``[network] reachable_ranges`` says.
    :ivar servers: the name servers that are asked, each (IPv4 address, port), in order.
    :ivar own6, near6: as ``own`` and ``near``, of IPv6.
    :ivar reached6: as of kernel_routes.present6.  :ivar forwards6: whether the host passes packets of IPv6 on.
    """

    own: tuple
    near: tuple
    servers: tuple
    own6: tuple = ()
    near6: tuple = ()
    reached6: tuple = ()
    forwards6: bool = False

    @property
    def loopback(self):
        """The (address, port) on the host's loopback that answers names, where nobody beyond does; None."""
        return None if self._beyond() or not self.servers else self.servers[0]

    def _beyond(self):
        return tuple(each for each in self.servers if ipaddress.ip_address(each[0]) not in _LOOPBACK)

    def asked_from(self, here):
        """The name servers as a namespace reaches them, for dnsmasq.  :param here: the host's end of its link."""
        return (str(here),) if self.loopback else tuple(f"{address}#{port}" for address, port in self._beyond())


def look(conf, names):
    """The Surroundings as they are now; for a native thread in the host's namespace.

    :param conf: the configuration.  :param names: {host name in the configuration: its addresses}, of ``resolve``.
    """
    options = conf.network
    with IPRoute() as netlink:
        addresses = {each.get_attr("IFA_LOCAL") for each in netlink.get_addr(family=socket.AF_INET)}
        addresses |= {each.get_attr("IFA_ADDRESS") for each in netlink.get_addr(family=socket.AF_INET6)}
    servers = tuple(filter(None, map(_server, options.dns_servers or name_servers())))
    own = {ipaddress.ip_network(each) for each in (*addresses, *_literals(conf), *names)}
    near = {each for each in kernel_routes.connected(but=(BRIDGES, LINKS)) if each.prefixlen > 0}
    near |= {ipaddress.ip_network(each) for each, _ in servers if not ipaddress.ip_address(each).is_global}
    near |= {*kernel_routes.connected6(but=(BRIDGES, LINKS)),
             *(ipaddress.ip_network(each, strict=False) for each in options.protected_ranges)}
    own |= {*_NEVER, *_NEVER6, ipaddress.ip_network(options.transit_range), ipv6.LINKS}
    return Surroundings(own=_collapsed(own, 4), near=_collapsed(near, 4), servers=servers, own6=_collapsed(own, 6),
                        near6=_collapsed(near, 6), reached6=kernel_routes.present6(), forwards6=_forwards6())


def _collapsed(networks, version):
    return tuple(ipaddress.collapse_addresses(each for each in networks if each.version == version))


def _forwards6():
    """What the host's administrator has decided; nobody here changes it, for the host would forget its own gateway."""
    try:
        with open(_FORWARDING6) as file:
            return file.read().strip() != "0"
    except OSError:                     # a kernel without IPv6
        return False


def _server(text):
    """(address, port) of ADDRESS or ADDRESS#PORT; None where it is none of IPv4, which alone namespaces have."""
    address, _, port = text.partition("#")
    return (address, int(port or 53)) if _address(address) and (port or "53").isdigit() else None


def name_servers(files=_RESOLV):
    """IPv4 name servers of this machine as text, in order, from the first file that names one off the loopback."""
    found = ()
    for path in files:
        listed = tuple(_listed(path))
        if any(ipaddress.ip_address(each) not in _LOOPBACK for each in listed):
            return listed
        found = found or listed
    return found


def _listed(path):
    try:
        with open(path, errors="replace") as file:
            lines = file.read().splitlines()
    except OSError:
        return
    for words in map(str.split, lines):
        if len(words) >= 2 and words[0] == "nameserver":
            address = _address(words[1])
            if address:
                yield address


def _address(text, kind=ipaddress.IPv4Address):
    """An address as text; None where it is anything else."""
    try:
        return str(kind(text))
    except ValueError:
        return None


# ---- addresses and names that the configuration gives to services

def _configured(conf):
    """Every host that an option names as a service's: where it listens, or is asked."""
    yield from (conf.my_ip, conf.api.listen, conf.metadata.listen, conf.vnc.novncproxy_host,
                conf.vnc.server_proxyclient_address, conf.serial_console.serialproxy_host,
                conf.serial_console.proxyclient_address, conf.metrics.listen.rpartition(":")[0])
    for url in (conf.metadata.url, conf.image.url, conf.database.connection, _bus(conf)):
        yield from _hosts(url)


def _bus(conf):
    try:
        return conf.transport_url
    except cfg.NoSuchOptError:
        return None


def _hosts(url):
    """Hosts of a URL; oslo.messaging's may name several: scheme://user:password@one:1,user:password@two:2/path"""
    if not url or "://" not in url:
        return
    for each in urllib.parse.urlsplit(url).netloc.split(","):
        host = each.rpartition("@")[2]
        yield host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def _literals(conf):
    return {address for each in _configured(conf) if each and (address := _address(each, ipaddress.ip_address))}


def resolve(conf, known):
    """Addresses of the hosts that the configuration names; for a native thread, and it may take long.

    :param known: what it answered before, kept for names that cannot be found now.
    :returns: {name: tuple of addresses}
    """
    found = {}
    for name in {each for each in _configured(conf) if each and not _address(each) and ":" not in each}:
        try:
            # The C function: under eventlet socket's own would run on the hub.
            found[name] = tuple(sorted({each[4][0].partition("%")[0] for each in _socket.getaddrinfo(name, None)}))
        except OSError as error:
            found[name] = known.get(name, ())
            LOG.warning("Guests may reach the management address %s, for it cannot be looked up: %s", name, error)
    return found
