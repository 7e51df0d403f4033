"""Whether a kernel has the nftables rules that it was given: what it lists is compared with what it lists where nobody
is, and the same text was loaded.

The functions block, for some time where rules are many, and belong in a native thread.
"""

import contextlib
import hashlib
import json
import re
import subprocess

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from nova_lite.network.planes.linux import netns
from nova_lite.network.planes.linux.exceptions import HostNetworkError

_TIMEOUT = 30
_DEVICE = re.compile(r'hook ingress device "([^"]+)"')


class Comparison:
    """Remembers what texts make, for most stay the same from one look to the next."""

    def __init__(self):
        self._made = {}         # text -> as of ``_tables``

    def differing(self, texts):
        """The keys where a namespace lacks tables of a text, or has other things in them.

        :param texts: {key: (namespace, or None for the host's own; text for nft, of whole tables)}
        :raises HostNetworkError: nft cannot be asked.
        """
        self._made = {text: self._made.get(text) or _made_of(text) for _, text in texts.values()}
        return [key for key, (namespace, text) in texts.items() if _lacks(namespace, self._made[text])]


def _made_of(text):
    with _worded(), netns.apart():
        _make_devices(_DEVICE.findall(text))
        _nft("-f", "-", given=text)
        return _tables()


def _lacks(namespace, wanted):
    if namespace and netns.identity(namespace) is None:
        return False                # it is made anew, and its rules before it
    with _worded(), netns.inside(namespace) if namespace else contextlib.nullcontext():
        present = _tables()
    return any(present.get(key) != each for key, each in wanted.items())


@contextlib.contextmanager
def _worded():
    try:
        yield
    except (NetlinkError, OSError) as error:
        raise HostNetworkError(reason=f"comparing rules: {error}") from error


def _make_devices(names):
    """Of any kind, for the chains that are devices' own."""
    with IPRoute() as netlink:
        for each in names:
            netlink.link("add", ifname=each, kind="bridge")


def _tables():
    """{(family, name): digest of what is in a table, with a chain's rules in order}"""
    found = {}
    for each in json.loads(_nft("-j", "list", "ruleset"))["nftables"]:
        (kind, body), = each.items()
        if kind == "table":
            found[body["family"], body["name"]] = {}
        elif kind != "metainfo":
            inside = found[body["family"], body["table"]]
            key = ("chain", body["chain"]) if kind == "rule" else (kind, body["name"])
            inside.setdefault(key, []).append(_text(body))
    return {key: hashlib.sha256(repr(sorted(each.items())).encode()).digest() for key, each in found.items()}


def _text(body):
    """What is said of one thing, whatever order its elements are in."""
    kept = {name: each for name, each in body.items() if name not in ("handle", "index")}
    if "timeout" in kept.get("flags", ()):
        kept.pop("elem", None)      # packets add them, and they go with time
    elif "elem" in kept:
        kept["elem"] = sorted(json.dumps(each, sort_keys=True) for each in kept["elem"])
    return json.dumps(kept, sort_keys=True)


def _nft(*arguments, given=""):
    try:
        done = subprocess.run(["nft", *arguments], input=given, capture_output=True, text=True, timeout=_TIMEOUT,
                              check=False)
    except subprocess.TimeoutExpired:
        raise HostNetworkError(reason=f"nft did not answer in {_TIMEOUT} s") from None
    if done.returncode:
        raise HostNetworkError(reason=f"nftables: {(done.stderr.strip().splitlines() or [done.returncode])[0]}")
    return done.stdout
