"""Sets of IP prefixes."""

import ipaddress
import random

import pytest

from nova_lite.common import prefixes


def addresses(texts):
    return {int(ip) for each in texts for ip in ipaddress.ip_network(each)}


def test_prefixes_are_kept_as_the_fewest_that_say_the_same():
    assert prefixes.compact(["10.0.1.0/24", "10.0.0.0/24", "10.0.0.128/25"]) == ["10.0.0.0/23"]
    assert prefixes.compact(["fd00:1::/32", "fd00::/32"]) == ["fd00::/31"]


def test_difference_overlap_and_within_agree_with_sets_of_addresses():
    draw = random.Random(7)
    for _ in range(200):
        some, others = ([str(ipaddress.ip_network((draw.randrange(64), draw.randrange(26, 33)), strict=False))
                         for _ in range(draw.randrange(1, 5))] for _ in range(2))
        mine, theirs = addresses(some), addresses(others)
        left = prefixes.difference(some, others)
        assert addresses(map(str, left)) == mine - theirs
        assert list(map(str, left)) == prefixes.compact(map(str, left))
        assert prefixes.overlap(some, others) == bool(mine & theirs)
        assert prefixes.within(some, others) == (mine <= theirs)


def test_another_ip_version_has_no_address_in_common():
    assert [str(each) for each in prefixes.difference(["10.0.0.0/8"], ["fd00::/8"])] == ["10.0.0.0/8"]
    assert prefixes.difference([], ["10.0.0.0/8"]) == []


@pytest.mark.parametrize(("base", "bits", "longest"), [("10.0.0.0", 32, 30), ("2001:db8::", 128, 64)])
def test_difference_is_netaddrs(base, bits, longest):
    """netaddr is installed with a library of ours."""
    netaddr = pytest.importorskip("netaddr")
    draw, start = random.Random(11), int(ipaddress.ip_address(base))
    address = type(ipaddress.ip_address(base))
    for _ in range(50):
        some, others = ([str(ipaddress.ip_network((address(start + (draw.randrange(256) << (bits - longest))),
                                                   draw.randrange(longest - 8, longest + 1)), strict=False))
                         for _ in range(draw.randrange(1, 9))] for _ in range(2))
        known = netaddr.IPSet(some) - netaddr.IPSet(others)
        assert list(map(str, prefixes.difference(some, others))) == list(map(str, known.iter_cidrs()))
        assert prefixes.compact(some) == list(map(str, netaddr.IPSet(some).iter_cidrs()))
