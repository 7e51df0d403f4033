"""What another firewall of this host (Docker's, ufw's, firewalld's) must accept: no rule of ours can overrule it.

Where br_netfilter is loaded, its forward chain filters even what goes from one port of a bridge to another.
"""

import os
import shutil
import subprocess

from nova_lite.network.planes.linux.parts import BRIDGES, LINKS

#: Rules as ``iptables -S FORWARD`` shows them; what is not for guests, this cloud's own tables drop.
_NEEDED = (f"-i {BRIDGES}+ -o {BRIDGES}+", f"-i {LINKS}+", f"-o {LINKS}+")


def lacking():
    """Commands that an operator must run, as text; [] where none is needed.  Blocks for milliseconds."""
    return [*_iptables("iptables"), *_iptables("ip6tables"), *_firewalld()]


def _iptables(program):
    """:param program: of one IP version."""
    rules = _said(program, "-S", "FORWARD").splitlines()
    if "-P FORWARD DROP" not in rules:
        return []
    return [f"{program} -I FORWARD {each} -j ACCEPT" for each in _NEEDED if f"-A FORWARD {each} -j ACCEPT" not in rules]


def _firewalld():
    if not os.path.exists("/run/firewalld.pid") and "running" not in _said("firewall-cmd", "--state").split():
        return []
    trusted = _said("firewall-cmd", "--zone=trusted", "--list-interfaces").split()
    return [f"firewall-cmd --permanent --zone=trusted --add-interface={each}+ && firewall-cmd --reload"
            for each in (BRIDGES, LINKS) if f"{each}+" not in trusted]


def _said(*command):
    """The output of a command; "" where it fails or is not installed."""
    path = shutil.which(command[0], path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if path is None:
        return ""
    try:
        done = subprocess.run([path, *command[1:]], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
