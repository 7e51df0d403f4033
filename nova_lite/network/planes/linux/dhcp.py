"""DHCP and DNS for guests: one dnsmasq at each gateway of a network, which outlives this service.

dnsmasq keeps no leases on disk: every guest's address is written in its hosts file.  It reads the files anew on SIGHUP,
but would refuse an address that it gave to another MAC since it started; then it is restarted.  So it is where a guest
of its hosts file has a tag: dnsmasq 2.90 ends by a fault when it reads such a file anew and has given that address.
"""

import contextlib
import ipaddress
import itertools
import json
import os
import pwd
import signal
import subprocess
import time
import typing

from nova_lite.common import dhcp_options as options
from nova_lite.network.planes.linux import dhcp6, netns
from nova_lite.network.planes.linux.exceptions import HostNetworkError
from nova_lite.network.planes.linux.parts import LAN, METADATA, WAN
from nova_lite.network.planes.state import is_outside, is_served, write

#: Names of this machine itself in every resolver, which no guest may give to its address.
_RESERVED = ("localhost",)
_LABEL = 63             # characters of a label of a name
_SET = ",set:"          # begins a guest's tag
_TIMEOUT = 10          # seconds that dnsmasq may take to start, and to stop
#: It writes no line for each question; of what it refuses it writes one all the same, as often as a guest likes.
_QUIET = ("quiet-dhcp", "quiet-dhcp6", "quiet-ra")
_LOG, _LOG_BYTES = "dnsmasq.log", 1 << 20


class Seat(typing.NamedTuple):
    """Where a network's gateway is, and what guests ask of it is answered.

    :ivar namespace: the name of the network namespace.  :ivar device: the device in it that guests reach.
    :ivar index: that device's where others are in the namespace, too; None: the namespace is the network's own.
    :ivar alone: whether all guests of the network's bridge have this gateway.
    :ivar scope: the device's number.  :ivar leads: whether what guests send there by IPv6 is passed on.
    """

    namespace: str
    device: str = LAN
    index: int | None = None
    alone: bool = True
    scope: int = 0
    leads: bool = False

    @property
    def bound(self):
        """The device by which alone it is to be reached; None: all lead to the network."""
        return None if self.index is None else self.device

    @property
    def identity(self):
        """Text that is another one when the place was made anew."""
        here = str(netns.identity(self.namespace))
        return here if self.index is None else f"{here}:{self.index}"


class Dhcp:
    """:param options: the [network] options.  :param binary: dnsmasq, by name or path."""

    def __init__(self, options, binary="dnsmasq"):
        self._options = options
        self._binary = binary

    def ensure(self, segment, directory, seat, servers):
        """Make sure that dnsmasq of a segment runs and has its ports.

        :param directory: of its files, which exists.  :param seat: the Seat of its gateway.
        :param servers: name servers (address, or address#port) as the seat's namespace reaches them.
        :raises HostNetworkError: it does not start.
        """
        if not segment.subnets and not segment.subnets6:
            self.stop(directory)            # nothing has a gateway, so there is no address to answer from
            return
        if has_long_log(directory):
            os.truncate(_path(directory, _LOG), 0)
        tagged = _SET in _text(directory, "hosts")
        changed = self._write_files(segment, directory, seat, servers)
        pid, here = running(directory), seat.identity
        if (pid is None or changed["dnsmasq.conf"] or tagged and any(changed.values())
                or self._reuses(segment, directory) or _text(directory, "namespace") != here):
            self.stop(directory)
            self._start(directory, seat.namespace)
            write(_path(directory, "lent"), "{}")
            write(_path(directory, "namespace"), here)
        elif any(changed.values()):
            os.kill(pid, signal.SIGHUP)
        self._remember(segment, directory)

    def _write_files(self, segment, directory, seat, servers):
        """{name: whether its content changed}"""
        texts = {"dnsmasq.conf": self._configuration(segment, directory, seat),
                 "hosts": hosts(segment, self._options.dns_domain),
                 "options": dhcp_options(segment, self._options.dns_domain),
                 "names": names(segment, self._options.dns_domain),
                 # Bound to that device: a range of guests may hold the address of a name server.
                 "servers": "".join(f"server={each}@{WAN}\n" for each in servers)}
        user = pwd.getpwnam(_user(directory)).pw_uid
        return {name: write(_path(directory, name), text, None if name == "dnsmasq.conf" else user)
                for name, text in texts.items()}

    def _configuration(self, segment, directory, seat):
        domain = self._options.dns_domain
        lines = [
            f"interface={seat.device}", "except-interface=lo", "bind-dynamic", "no-hosts", "no-ping", *_QUIET,
            "leasefile-ro", "dhcp-authoritative", "dhcp-lease-max=65536", "domain-needed", "bogus-priv", "expand-hosts",
            f"domain={domain}", f"local=/{domain}/", f"user={_user(directory)}", "no-resolv",
            *(f"{option}={_quoted(_path(directory, name))}" for option, name in (
                ("pid-file", "pid"), ("log-facility", _LOG), ("dhcp-hostsfile", "hosts"),
                ("dhcp-optsfile", "options"), ("addn-hosts", "names"), ("servers-file", "servers")))]
        if _mixed(segment):
            lines.append("dhcp-ignore-names")       # a guest could call itself what another project looks for
        if not seat.alone:          # those of another gateway, whose addresses are wrong here
            lines += [f"dhcp-ignore=tag:{_tag(each)},tag:!known" for each in segment.subnets.values()]
        lease = self._options.dhcp_lease_seconds
        for cidr, each in segment.subnets.items():
            if each["dhcp"]:
                network = ipaddress.ip_network(cidr)
                lines.append(f"dhcp-range=set:{_tag(each)},{network.network_address},static,{network.netmask},{lease}s")
                if is_outside(each):
                    lines.append(f"shared-network={seat.device},{network.network_address}")
        return "\n".join([*lines, *dhcp6.lines(segment, seat, _tag, lease)]) + "\n"

    def _start(self, directory, namespace):
        command = ["nsenter", f"--net={netns.path(namespace)}", self._binary,
                   f"--conf-file={_path(directory, 'dnsmasq.conf')}"]
        opened = os.open(_path(directory, "start.log"), os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(opened, "wb+") as log:
            try:
                done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", check=False,
                                      timeout=_TIMEOUT, start_new_session=True, umask=0o027)
            except FileNotFoundError:
                raise HostNetworkError(reason="nsenter is not installed. Install the package util-linux.") from None
            except subprocess.TimeoutExpired:
                raise HostNetworkError(reason=f"dnsmasq did not start in {_TIMEOUT} s") from None
            if done.returncode == 127:
                raise HostNetworkError(reason="dnsmasq is not installed. Install the package dnsmasq-base.")
            if done.returncode:
                log.seek(0)
                raise HostNetworkError(reason=f"dnsmasq: {log.read(2000).decode(errors='replace').strip()}")

    @staticmethod
    def stop(directory):
        """Stop a network's dnsmasq, if it runs, and wait for its end."""
        pid = running(directory)
        for number in (signal.SIGTERM, signal.SIGKILL):
            if pid is None or _ended(pid):
                return
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            end = time.monotonic() + _TIMEOUT / 2
            while not _ended(pid) and time.monotonic() < end:
                time.sleep(0.005)

    def remove(self, directory):
        """Stop every dnsmasq of a network, at all its gateways, also one whose files are gone."""
        for each in (directory, *seats(directory).values()):
            self.stop(each)
        for pid in filter(str.isdigit, os.listdir("/proc")):
            if _reads(pid, directory, below=True):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)

    @staticmethod
    def _reuses(segment, directory):
        """Whether an address now belongs to another MAC than the one that dnsmasq may have given it to."""
        lent = _lent(directory)
        return any(lent.get(each["ip"], port.mac) != port.mac for port in segment.ports for each in port.addresses)

    @staticmethod
    def _remember(segment, directory):
        now = {each["ip"]: port.mac for port in segment.ports for each in port.addresses}
        write(_path(directory, "lent"), json.dumps(_lent(directory) | now))


def has_long_log(directory):
    """Whether dnsmasq's log is so long that the next ``ensure`` empties it; dnsmasq goes on at its end."""
    try:
        return os.path.getsize(_path(directory, _LOG)) > _LOG_BYTES
    except FileNotFoundError:
        return False


def _lent(directory):
    """{address: MAC} of every lease that dnsmasq may have given since it started."""
    with contextlib.suppress(OSError, ValueError):
        with open(_path(directory, "lent")) as file:
            return json.load(file)
    return {}


def _mixed(segment):
    """Whether guests of several projects are on this host's part of a network.

    dnsmasq gives everybody the same answers, and names are for their own project: here it answers none.
    """
    return len({port.project_id for port in segment.ports}) > 1


def hosts(segment, domain):
    """The MAC, address and name of every port; dnsmasq answers what has a name here.

    With its domain a name cannot be read as one of the words that stand in its place: ignore, infinite, 3d, 60.  Where
    no name is answered a tag stands there, by which ``dhcp_options`` answers that guest alone, as it does one whose
    port has options of its own.
    """
    mixed = _mixed(segment)
    four = "".join(f"{port.mac},{each['ip']},{','.join(_words(port, domain, mixed))}\n" for port in segment.ports
                   for each in port.addresses if each["gateway"] and each["dhcp"] and "." in each["ip"])
    return four + dhcp6.hosts(segment, lambda port: ",".join(_words(port, domain, mixed)),
                              lambda port: ",".join(_tags(port, mixed)))


def _words(port, domain, mixed):
    return _tags(port, mixed) + ([] if mixed else [f"{_short(port)}.{domain}"])


def _tags(port, mixed):
    return [f"set:{_port_tag(port)}"] if mixed or port.dhcp_options else []


def _port_tag(port):
    return "p" + port.port_id.replace("-", "")[:12]


def _short(port):
    return port.hostname.partition(".")[0][:_LABEL].rstrip("-") or "guest"


def known(directory):
    """{"mac,address"} that the dnsmasqs of a network answer; none of those that do not run."""
    found = [_text(each, "hosts") for each in (directory, *seats(directory).values()) if running(each) is not None]
    lines = [line.split(",") for text in found for line in text.splitlines()]
    return {f"{mac},{each.strip('[]')}" for mac, *rest in lines for each in itertools.takewhile(_is_address, rest)}


def _is_address(word):
    return word.startswith("[") or word.replace(".", "").isdigit()


def names(segment, domain):
    """The full and the short name of every port; none where guests of several projects would all get them."""
    lines = []
    for port in () if _mixed(segment) else segment.ports:
        short, rest = _short(port), port.hostname.partition(".")[2]
        full = f"{short}.{rest or domain}"
        words = f"{full} {short}" if short.lower() not in _RESERVED else full
        lines += [f"{each['ip']} {words}\n" for each in port.addresses if is_served(each)]
    return "".join(lines)


def dhcp_options(segment, domain=""):
    """Gateway, name servers, MTU and the routes of each subnet; clients that read option 121 ignore option 3.

    Those of one port come last, by which they count instead of its subnet's.  :param domain: of guests' names.
    """
    lines = []
    for each in segment.subnets.values():
        tag, servers = f"tag:{_tag(each)}", each["dns"] or [each["gateway"]]
        router = f",{_router(each)}" if _router(each) else ""       # without a value guests get none
        lines += [f"{tag},option:router{router}", f"{tag},option:dns-server,{','.join(servers)}",
                  f"{tag},option:classless-static-route,{','.join(_routes(each))}",
                  f"{tag},option:mtu,{segment.mtu}"]
    lines += dhcp6.options(segment, _tag, domain)
    if _mixed(segment):
        lines += [f"tag:{_port_tag(port)},12,{_short(port)}" for port in segment.ports]
    for port in segment.ports:
        lines += [f"tag:{_port_tag(port)},{text}" for each in port.dhcp_options
                  if each.get("version") != "6" and (text := options.line(each["name"], each["value"] or ""))]
        lines += dhcp6.of_port(port, _port_tag(port))
    return "".join(f"{line}\n" for line in lines)


def _routes(address):
    """Ranges and next hops: to metadata, those of the subnet, and the rest by the router.

    What is outside of the subnet is reached without a next hop (RFC 3442: 0.0.0.0).
    """
    gateway, router = address["gateway"], _router(address)
    near = [f"{each}/32,0.0.0.0" for each in dict.fromkeys([gateway, router])
            if each and is_outside(address | {"gateway": each})]
    metadata = [] if gateway == METADATA else [f"{METADATA}/32,{gateway}"]
    own = [each for each in address.get("routes", ()) if each.partition(",")[0] not in (f"{METADATA}/32", "0.0.0.0/0")]
    return [*near, *metadata, *own, *([f"0.0.0.0/0,{router}"] if router else [])]


def _router(address):
    """What leads out of a subnet: its gateway, where that is not another machine's address; None: nothing does."""
    return address.get("router", address["gateway"])


def running(directory):
    """The pid of the dnsmasq that reads this directory's configuration; None while there is none."""
    try:
        pid = int(_text(directory, "pid"))
    except ValueError:
        return None
    return pid if _reads(pid, directory) else None


def _reads(pid, directory, below=False):
    """Whether a process is a dnsmasq of this directory's configuration.  :param below: or of one of its directories'.
    """
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:        # empty for a zombie
            words = file.read().split(b"\0")
    except OSError:
        return False
    if below:
        return any(each.startswith(f"--conf-file={directory}/".encode()) for each in words)
    return f"--conf-file={_path(directory, 'dnsmasq.conf')}".encode() in words


def seats(directory):
    """{id of a router's port that is a network's gateway: directory of the files of the dnsmasq there}"""
    try:
        found = [each for each in os.scandir(directory) if each.is_dir()]
    except OSError:
        return {}
    return {each.name: each.path for each in found}


def _text(directory, name):
    """The content of a file; "" where there is none."""
    try:
        with open(_path(directory, name)) as file:
            return file.read()
    except OSError:
        return ""


def _ended(pid):
    """Whether a process is gone, or a zombie; only then are its sockets closed."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def _tag(address):
    return "s" + address["subnet_id"].replace("-", "")[:12]


def _quoted(path):
    """A path that no blank, quote or # cuts short in dnsmasq's file."""
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _path(directory, name):
    return os.path.join(directory, name)


def _user(directory):
    """dnsmasq's own user, where it can reach the files; they are read again long after it gave up being root."""
    try:
        pwd.getpwnam("dnsmasq")
    except KeyError:
        return "root"
    while directory != "/":
        if not os.stat(directory).st_mode & 0o001:
            return "root"
        directory = os.path.dirname(directory)
    return "dnsmasq"
