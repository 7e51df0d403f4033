"""DHCP and DNS for guests: one dnsmasq a network, which outlives this service.

dnsmasq keeps no leases on disk: every guest's address is written in its hosts file.  It reads the files anew on SIGHUP,
but would go on refusing an address that it lent to another MAC since it started, so then it is started anew.
"""

import contextlib
import ipaddress
import json
import os
import pwd
import signal
import subprocess
import time

from nova_lite.network.host.errors import HostNetworkError
from nova_lite.network.host.state import write

_METADATA = "169.254.169.254/32"
_PATIENCE = 10          # seconds dnsmasq gets to start, and to end


class Dhcp:
    """:param options: the [network] options.  :param binary: dnsmasq, by name or path."""

    def __init__(self, options, binary="dnsmasq"):
        self._options = options
        self._binary = binary

    def ensure(self, segment, directory):
        """Make dnsmasq of a segment run and know its ports.

        :param directory: the network's, which exists.
        :raises HostNetworkError: it does not start.
        """
        if not segment.subnets:
            self.stop(directory)            # nothing has a gateway, so there is no address to answer from
            return
        changed = self._write_files(segment, directory)
        pid = running(directory)
        if pid is None or changed["dnsmasq.conf"] or self._reuses(segment, directory):
            self.stop(directory)
            self._start(directory)
            write(_path(directory, "lent"), "{}")
        elif any(changed.values()):
            os.kill(pid, signal.SIGHUP)
        self._remember(segment, directory)

    def _write_files(self, segment, directory):
        """{name: whether its content changed}"""
        texts = {"dnsmasq.conf": self._configuration(segment, directory), "hosts": hosts(segment),
                 "options": dhcp_options(segment), "names": names(segment, self._options.dns_domain)}
        return {name: write(_path(directory, name), text) for name, text in texts.items()}

    def _configuration(self, segment, directory):
        domain = self._options.dns_domain
        lines = [
            f"interface={segment.bridge}", "except-interface=lo", "bind-dynamic", "no-hosts", "no-ping", "quiet-dhcp",
            "leasefile-ro", "dhcp-authoritative", "dhcp-lease-max=65536", "domain-needed", "bogus-priv", "expand-hosts",
            f"domain={domain}", f"local=/{domain}/", f"user={_user(directory)}",
            f"pid-file={_path(directory, 'pid')}", f"log-facility={_path(directory, 'dnsmasq.log')}",
            f"dhcp-hostsfile={_path(directory, 'hosts')}", f"dhcp-optsfile={_path(directory, 'options')}",
            f"addn-hosts={_path(directory, 'names')}"]
        if self._options.dns_servers:
            lines += ["no-resolv", *(f"server={each}" for each in self._options.dns_servers)]
        lease = self._options.dhcp_lease_seconds
        for cidr, each in segment.subnets.items():
            if each["dhcp"]:
                network = ipaddress.ip_network(cidr)
                lines.append(f"dhcp-range=set:{_tag(each)},{network.network_address},static,{network.netmask},{lease}s")
        return "\n".join(lines) + "\n"

    def _start(self, directory):
        command = [self._binary, f"--conf-file={_path(directory, 'dnsmasq.conf')}"]
        with open(_path(directory, "start.log"), "wb+") as log:
            try:
                done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", check=False,
                                      timeout=_PATIENCE, start_new_session=True)
            except FileNotFoundError:
                raise HostNetworkError(reason="dnsmasq is not installed. Install the package dnsmasq-base.") from None
            except subprocess.TimeoutExpired:
                raise HostNetworkError(reason=f"dnsmasq did not start in {_PATIENCE} s") from None
            if done.returncode:
                log.seek(0)
                raise HostNetworkError(reason=f"dnsmasq: {log.read(2000).decode(errors='replace').strip()}")

    @staticmethod
    def stop(directory):
        """End a network's dnsmasq, if it runs, and wait until it is gone."""
        pid = running(directory)
        for number in (signal.SIGTERM, signal.SIGKILL):
            if pid is None or _ended(pid):
                return
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            end = time.monotonic() + _PATIENCE / 2
            while not _ended(pid) and time.monotonic() < end:
                time.sleep(0.005)

    @staticmethod
    def _reuses(segment, directory):
        """Whether an address belongs to another MAC than the one dnsmasq may have lent it to."""
        lent = _lent(directory)
        return any(lent.get(each["ip"], port.mac) != port.mac for port in segment.ports for each in port.addresses)

    @staticmethod
    def _remember(segment, directory):
        now = {each["ip"]: port.mac for port in segment.ports for each in port.addresses}
        write(_path(directory, "lent"), json.dumps(_lent(directory) | now))


def _lent(directory):
    """{address: MAC} of all that dnsmasq was told since it started."""
    with contextlib.suppress(OSError, ValueError):
        with open(_path(directory, "lent")) as file:
            return json.load(file)
    return {}


def hosts(segment):
    """The MAC, address and name of every port; dnsmasq adds the domain."""
    return "".join(f"{port.mac},{each['ip']},{port.hostname.partition('.')[0]}\n"
                   for port in segment.ports for each in port.addresses if each["gateway"] and each["dhcp"])


def known(directory):
    """{"mac,address"} that the dnsmasq of a directory answers; none where it does not run."""
    if running(directory) is None:
        return set()
    try:
        with open(_path(directory, "hosts")) as file:
            return {line.rpartition(",")[0] for line in file.read().splitlines()}
    except OSError:
        return set()


def names(segment, domain):
    """The full and the short name of every port.

    A server whose name has a domain keeps it, but where several projects ask here: one of them could name a server like
    a place in the world that the others go to.
    """
    lines, alone = [], len({port.project_id for port in segment.ports}) == 1
    for port in segment.ports:
        short, dot, rest = port.hostname.partition(".")
        full = port.hostname if dot and (alone or rest == domain) else f"{short}.{domain}"
        lines += [f"{each['ip']} {full} {short}\n" for each in port.addresses if each["gateway"]]
    return "".join(lines)


def dhcp_options(segment):
    """Gateway, name servers, MTU and the routes of each subnet; clients that read option 121 ignore option 3."""
    lines = []
    for each in segment.subnets.values():
        tag, gateway = f"tag:{_tag(each)}", each["gateway"]
        lines += [f"{tag},option:router,{gateway}", f"{tag},option:dns-server,{','.join(each['dns'] or [gateway])}",
                  f"{tag},option:classless-static-route,{_METADATA},{gateway},0.0.0.0/0,{gateway}",
                  f"{tag},option:mtu,{segment.mtu}"]
    return "".join(f"{line}\n" for line in lines)


def running(directory):
    """The pid of the dnsmasq that reads this directory's configuration; None while there is none."""
    try:
        with open(_path(directory, "pid")) as file:
            pid = int(file.read())
        with open(f"/proc/{pid}/cmdline", "rb") as file:        # empty for a zombie
            ours = f"--conf-file={_path(directory, 'dnsmasq.conf')}".encode() in file.read().split(b"\0")
    except (OSError, ValueError):
        return None
    return pid if ours else None


def _ended(pid):
    """Whether a process is gone, or a zombie; only then are its sockets closed."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def _tag(address):
    return "s" + address["subnet_id"].replace("-", "")[:12]


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
