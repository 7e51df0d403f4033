"""``nova-lite doctor``: check this machine for what a cloud needs, and say how to mend each thing."""

import functools
import importlib.util
import os
import shutil
import sys

from nova_lite.cmd import address, state_dir, up
from nova_lite.common import exceptions
from nova_lite.conf import CONF

_MARKS = {True: "ok  ", None: "warn", False: "FAIL"}
_ENOUGH = 5 << 30


class Finding:
    """:ivar good: True, None (it works, but read it) or False.  :ivar remedy: what to do, "" where it is good."""

    def __init__(self, good, what, remedy=""):
        self.good = good
        self.what = what
        self.remedy = remedy

    def __str__(self):
        return f"{_MARKS[self.good]}  {self.what}" + (f"\n      -> {self.remedy}" if self.remedy else "")


def run(arguments):
    """Print every finding; 0 where a cloud can start."""
    try:
        up.configure(arguments, os.path.abspath(arguments.state_dir))
    except exceptions.NovaLiteError as error:
        print(Finding(False, str(error)))
        return 1
    checks = [_state_dir, _space, _port]
    if CONF.compute.driver == "libvirt":
        checks += [_root, _libvirt_python, _libvirtd, _virt_type, _programs, _tun, _bridge_filter, _traffic_control,
                   _forwarding, *(functools.partial(_nic, *each)
                                  for each in sorted(CONF.network.physical_networks.items()))]
    failed = 0
    for check in checks:
        finding = check()
        print(finding)
        failed += finding.good is False
    print(f"\n{failed} problem(s) must be mended first." if failed else "\nThis machine is ready for 'nova-lite up'.")
    return 1 if failed else 0


def _state_dir():
    place = CONF.state_dir
    parent = place
    while not os.path.exists(parent):
        parent = os.path.dirname(parent)
    if os.access(parent, os.W_OK):
        return Finding(True, f"state directory {place} can be written")
    return Finding(False, f"state directory {place} cannot be written",
                   "run as root, or choose another by --state-dir DIR")


def _space():
    parent = CONF.state_dir
    while not os.path.exists(parent):
        parent = os.path.dirname(parent)
    free = shutil.disk_usage(parent).free
    text = f"{free / (1 << 30):.1f} GiB free below {parent}"
    if free >= _ENOUGH:
        return Finding(True, text)
    return Finding(None, text, "images and disks need space: free some, or choose another --state-dir")


def _port():
    listen = f"{CONF.api.listen}:{CONF.api.port}"
    try:
        for each in address.bind(listen):
            each.close()
    except exceptions.NovaLiteError as error:
        if state_dir.pid_in(state_dir.lock_path(CONF.state_dir)):
            return Finding(True, f"port {listen} is in use by this very cloud")
        return Finding(False, str(error))
    return Finding(True, f"port {listen} is free")


def _root():
    if os.geteuid() == 0:
        return Finding(True, "running as root, as bridges and DHCP need")
    return Finding(False, "not running as root", "bridges, DHCP and libvirt's system connection need root: use sudo, "
                                                 "or try --driver fake")


def _libvirt_python():
    if importlib.util.find_spec("libvirt"):
        return Finding(True, "libvirt-python is installed")
    return Finding(False, "libvirt-python is not installed",
                   "install libvirt-dev, pkg-config and gcc; then, in a clone of nova_lite: pip install '.[libvirt]'")


def _libvirtd():
    if not importlib.util.find_spec("libvirt"):
        return Finding(False, "libvirt cannot be asked without libvirt-python")
    from nova_lite.virt.libvirt import LibvirtDriver
    try:
        driver = LibvirtDriver()
        driver.host.check()
        facts = driver.host.facts()
        driver.close()
    except exceptions.NovaLiteError as error:
        return Finding(False, str(error), "start libvirtd: systemctl start libvirtd; or, without an init system: "
                                          f"{sys.executable} -m nova_lite.virt.libvirt.daemon start")
    version = facts.hypervisor_version
    return Finding(True, f"libvirt answers: {facts.hypervisor_type} "
                         f"{version // 1000000}.{version // 1000 % 1000}.{version % 1000}")


def _virt_type():
    from nova_lite.virt.libvirt import probe
    try:
        kind = probe.virt_type(CONF.state_dir)
    except (exceptions.NovaLiteError, OSError) as error:
        return Finding(False, f"no guest can be started: {error}", "install qemu-system-x86")
    if kind == "kvm":
        return Finding(True, "guests run under KVM")
    return Finding(None, "guests run under TCG (software emulation): they work, slowly",
                   "for speed, give this machine a /dev/kvm that boots guests (nested virtualisation)")


def _programs():
    missing = [f"{program} (package {package})" for program, package in (
        ("qemu-img", "qemu-utils"), ("dnsmasq", "dnsmasq-base"), ("nft", "nftables"), ("nsenter", "util-linux"))
        if not shutil.which(program)]
    if missing:
        return Finding(False, f"missing programs: {', '.join(missing)}", "install the packages named")
    return Finding(True, "qemu-img, dnsmasq, nft and nsenter are installed")


def _tun():
    if os.path.exists("/dev/net/tun"):
        return Finding(True, "/dev/net/tun exists, so guests can have network interfaces")
    return Finding(False, "/dev/net/tun is missing", "load the kernel's tun module: modprobe tun")


def _bridge_filter():
    from nova_lite.network.planes.linux import bridge_filter
    if bridge_filter.is_there():
        return Finding(True, "br_netfilter is there, so that security groups hold between guests of a bridge")
    if bridge_filter.can_load():
        return Finding(True, "br_netfilter can be loaded, so that security groups hold between guests of a bridge")
    return Finding(False, "the kernel has no br_netfilter, without which security groups cannot hold",
                   bridge_filter.REMEDY)


def _traffic_control():
    from nova_lite.network.planes.linux import traffic_control
    reason = traffic_control.lacking()
    if not reason:
        return Finding(True, "the kernel limits rates, so that QoS policies hold")
    return Finding(None, f"QoS policies that limit rates cannot hold: {reason}", traffic_control.REMEDY)


def _nic(name, device):
    from nova_lite.network.planes.linux import uplinks
    why = uplinks.fault(device)
    if why:
        return Finding(False, f"networks on physical network {name} cannot work here: {why}",
                       "name a NIC in [network] physical_networks that nothing else uses")
    return Finding(True, f"{device} is free for physical network {name}")


def _forwarding():
    from nova_lite.network.planes.linux import forward_policy
    commands = forward_policy.lacking()
    if not commands:
        return Finding(True, "no other firewall stands between guests, their gateways and the world")
    return Finding(None, "another firewall of this machine (Docker's, ufw's, firewalld's) drops what it does not know, "
                         "so guests will get no address and reach nothing",
                   "let it pass what this cloud filters by itself, at each boot: " + "; ".join(commands))
