"""Text for nftables: the parts of rule sets, and how a rule set is loaded."""

import contextlib
import importlib.util
import os
import subprocess

from nova_lite.network.planes.linux import netns
from nova_lite.network.planes.linux.exceptions import HostNetworkError

_MODULE = "/usr/lib/python3/dist-packages/nftables/__init__.py"


def table(family, name, *parts):
    return f"table {family} {name} {{\n{''.join(parts)}}}\n"


def nothing(family, name):
    """The text that removes a table, whether it is there or not."""
    return f"add table {family} {name}\ndelete table {family} {name}\n"


def named_set(name, kind, elements, flags=""):
    content = f"\n    elements = {{ {', '.join(elements)} }}" if elements else ""
    flags = f"\n    flags {flags}" if flags else ""
    return f"  set {name} {{\n    type {kind}{flags}{content}\n  }}\n"


def named_map(name, kind, elements, flags=""):
    """:param kind: "ipv4_addr : ipv4_addr", for one."""
    return named_set(name, kind, elements, flags).replace("  set ", "  map ", 1)


def chain(name, kind, hook, rules, policy="accept"):
    lines = "".join(f"    {rule}\n" for rule in rules)
    return f"  chain {name} {{\n    type {kind} hook {hook}; policy {policy};\n{lines}  }}\n"


def jumped(name, rules):
    """A chain that others jump to."""
    return f"  chain {name} {{\n" + "".join(f"    {rule}\n" for rule in rules) + "  }\n"


class Nft:
    """Loads rule sets: in this process where Debian's python3-nftables is installed, else by nft(8).

    :param native: runs a callable in a native thread, as ``concurrency.native`` does.
    """

    def __init__(self, native):
        self._native = native
        self._library = _library()

    def run(self, text, namespace=None):
        """Load all of ``text`` or nothing, in a network namespace or (None) the host's own.

        :raises HostNetworkError: with what nft says.
        """
        code, error = self._native(self._call, text, namespace) if self._library else _binary(text, namespace)
        if code:
            raise HostNetworkError(reason=f"nftables: {error.strip().splitlines()[0] if error.strip() else code}")

    def _call(self, text, namespace):
        with netns.inside(namespace) if namespace else contextlib.nullcontext():
            code, _, error = self._library().cmd(text)      # a new one: its socket stays where it was made
        return code, error


def _library():
    """Debian's class Nftables; None where it is not, or does not work."""
    if not os.path.exists(_MODULE):
        return None
    try:
        spec = importlib.util.spec_from_file_location("nftables", _MODULE, submodule_search_locations=[
            os.path.dirname(_MODULE)])
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.Nftables()
        return module.Nftables
    except Exception:           # a library of another release than its module: nft(8) does as well
        return None


def _binary(text, namespace):
    """(exit status, what it says) of nft(8)."""
    enter = ["nsenter", f"--net={netns.path(namespace)}"] if namespace else []
    try:
        done = subprocess.run([*enter, "nft", "-f", "-"], input=text.encode(), capture_output=True, timeout=30,
                              check=False)
    except FileNotFoundError as error:
        raise HostNetworkError(reason=f"{error.filename} is not installed. Install the packages nftables and "
                                      f"util-linux.") from None
    except subprocess.TimeoutExpired:
        raise HostNetworkError(reason="nft did not answer in 30 s") from None
    return done.returncode, done.stderr.decode(errors="replace")
