"""br_netfilter, by which the kernel's IP rules and its connections see what bridges pass on: is it there?

It is switched on for this cloud's bridges alone (bridge.py); what it is for other bridges stays as it is.
"""

import os
import shutil
import subprocess

from nova_lite.common import exceptions
from nova_lite.network.planes.linux import bridge

MODULE = "br_netfilter"
_SETTINGS = "/proc/sys/net/bridge"
_FOR_ALL = ("bridge-nf-call-iptables", "bridge-nf-call-ip6tables", "bridge-nf-call-arptables")


REMEDY = ("install the kernel's modules (for Ubuntu's virtual kernels the package linux-modules-extra), or a kernel "
          "with CONFIG_BRIDGE_NETFILTER: 'modprobe br_netfilter' must succeed")


class NoBridgeFilter(exceptions.Misconfigured):
    template = ("Security groups cannot hold on this host: its kernel has no br_netfilter, neither built in nor as a "
                "module that can be loaded ({reason}). As root, " + REMEDY + ".")


def is_there():
    return os.path.isdir(_SETTINGS)


def can_load():
    """Whether it is a module of this kernel.  Blocks for moments."""
    return not _modprobe("--dry-run", MODULE)


def ensure():
    """Load the module where it is one.  Blocks for moments.

    Loading it switches it on for every bridge of the machine; that is taken back, for none was filtered before.

    :raises NoBridgeFilter:
    """
    if is_there():
        return
    error = _modprobe(MODULE)
    if not is_there():
        raise NoBridgeFilter(reason=error or "modprobe loads it, and nothing comes of that")
    for name in _FOR_ALL:
        bridge.write_sysctl(f"bridge/{name}", "0")


def _modprobe(*arguments):
    """What is wrong, by modprobe(8); "": nothing."""
    path = shutil.which("modprobe", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    try:
        done = subprocess.run([path or "modprobe", *arguments], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if done.returncode == 0 else done.stderr.strip() or f"modprobe ended with {done.returncode}"
