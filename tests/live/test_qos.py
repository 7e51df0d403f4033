"""Limits and marks of QoS policies on real bridges, by packets between guests that are namespaces.  Needs root, and the
programs of test_network_host.
"""

import json
import time
import uuid

import pytest

from nova_lite.cmd import doctor
from nova_lite.network.planes.linux import traffic_control
from tests.live import frames
from tests.live.namespaces import nic, server
from tests.live.test_network_host import machine, make  # noqa: F401 - fixtures

NET = "7d1c0a52-0000-4000-8000-0000000000a1"
LIMIT = 4000            # thousands of bits a second
WINDOW = 4              # seconds, over which what came is counted
TRIES = 6               # windows, of which one must be as good as promised: a loaded machine fills a limit not always


class Site:
    """A host with guests "one" and "two", who see each other.

    :ivar owners: {name: its server, as last asked for}
    """

    def __init__(self, make):  # noqa: F811
        self.host, self.owners, self.guests = make.host(), {}, {}
        for name, ip in (("one", "10.199.0.11"), ("two", "10.199.0.12")):
            its_nic = nic(NET, ip, port_security_enabled=False)
            self.owners[name] = server(its_nic)
            self.host.ask("plug", server=self.owners[name])
            guest = self.guests[name] = make.guest(self.host, its_nic)
            guest.ip = ip
            guest.address(f"{ip}/24", "10.199.0.1")
        self._revision = 1

    def limit(self, name, **qos):
        """The port of a guest comes to have these limits by desired state."""
        self._revision += 1
        self.owners[name]["nics"][0] |= {"qos": qos, "revision": self._revision}
        self.apply()

    def apply(self):
        answers, _ = self.host.ask("apply", scopes=[{
            "scope": "host:here", "revision": self._revision, "whole": True, "servers": list(self.owners.values())}])
        assert not [error for _, error in answers.values() if error], answers

    def tap(self, name):
        return "tap" + self.owners[name]["nics"][0]["port_id"][:11]

    def detour(self, name):
        return "nli" + self.owners[name]["nics"][0]["port_id"][:11]

    def shown(self, what, device):
        return json.loads(self.host.run("tc", "-s", "-j", what, "show", "dev", device).stdout)

    def queue(self, device):
        """(rate in thousands of bits, bytes that were sent) of the class that limits a device; None: nothing does."""
        done = self.host.run("tc", "-s", "class", "show", "dev", device, check=False)
        words = done.stdout.split()
        if done.returncode or "rate" not in words:
            return None
        rate = words[words.index("rate") + 1]
        number = float(rate.rstrip("GMKbit")) * {"K": 1, "M": 1000, "G": 10 ** 6}.get(rate[:-3][-1], .001)
        return round(number), int(words[words.index("Sent") + 1])

    def fault(self, name):
        """Why a guest's port does not work."""
        port_id = self.owners[name]["nics"][0]["port_id"]
        return self.host.ask("ports")[0][port_id]


@pytest.fixture
def site(machine, make):  # noqa: F811
    return Site(make)


def came(guest):
    """(bytes that a guest has received, when)"""
    shown = json.loads(guest.run("ip", "-s", "-j", "link", "show", "eth0").stdout)
    return shown[0]["stats64"]["rx"]["bytes"], time.monotonic()


def ratios(guest, limit):
    """What a guest gets in parts of a limit, over several windows."""
    for _ in range(TRIES):
        before, began = came(guest)
        time.sleep(WINDOW)
        after, ended = came(guest)
        yield (after - before) * 8 / 1000 / (ended - began) / limit


@pytest.mark.parametrize("way", ["ingress", "egress"])
def test_a_limit_holds_within_a_tenth(site, way):
    """What comes is never more; it is as much wherever the machine has time for the guests at all."""
    one, two = site.guests["one"], site.guests["two"]
    site.limit("two" if way == "ingress" else "one", **{f"{way}_kbps": LIMIT, f"{way}_burst": 100})
    two.drain(5001)
    one.pour(two.ip, 5001)
    time.sleep(1)               # a first burst is over
    found = []
    for ratio in ratios(two, LIMIT):
        found.append(round(ratio, 3))
        assert ratio <= 1.1, found
        if ratio >= 0.9:
            return
    pytest.fail(f"the limit was never filled: {found}")


def test_the_other_way_and_other_guests_are_not_limited(site):
    one, two = site.guests["one"], site.guests["two"]
    site.limit("two", egress_kbps=LIMIT)
    site.limit("one", ingress_kbps=LIMIT)
    two.drain(5001)
    one.pour(two.ip, 5001)
    assert max(ratio for ratio, _ in zip(ratios(two, LIMIT), range(2), strict=False)) > 3


def test_limits_change_and_go_while_a_guest_runs(site):
    site.limit("one", ingress_kbps=LIMIT, egress_kbps=2 * LIMIT)
    assert (site.queue(site.tap("one"))[0], site.queue(site.detour("one"))[0]) == (LIMIT, 2 * LIMIT)
    site.limit("one", ingress_kbps=3 * LIMIT, egress_kbps=LIMIT, egress_burst=500)
    assert (site.queue(site.tap("one"))[0], site.queue(site.detour("one"))[0]) == (3 * LIMIT, LIMIT)
    assert site.guests["one"].pings(site.guests["two"].ip)
    site.limit("one", egress_kbps=LIMIT)
    assert (site.queue(site.tap("one")), site.queue(site.detour("one"))[0]) == (None, LIMIT)
    site.limit("one")
    assert site.queue(site.tap("one")) is None and site.detour("one") not in site.host.devices()
    assert [each["kind"] for each in site.shown("qdisc", site.tap("one"))] == ["noqueue"]
    assert site.guests["one"].pings(site.guests["two"].ip)


def test_a_restart_adopts_what_is_in_force(site):
    """Nothing is set anew: the counters go on, and so do packets that wait."""
    site.limit("one", ingress_kbps=LIMIT, egress_kbps=LIMIT)
    assert site.guests["two"].pings(site.guests["one"].ip)
    devices = site.tap("one"), site.detour("one")
    before = [site.queue(each) for each in devices]
    assert all(sent > 0 for _, sent in before)
    site.host.kill()
    site.host.start()
    site.host.ask("restore")
    assert all(after[0] == was[0] and after[1] >= was[1] > 0
                         for after, was in zip(map(site.queue, devices), before, strict=True))
    assert site.fault("one") and site.guests["two"].pings(site.guests["one"].ip)


def test_what_others_break_is_restored_and_what_is_theirs_is_left_alone(site):
    host, tap, detour, other = site.host, site.tap("one"), site.detour("one"), site.tap("two")
    site.limit("one", ingress_kbps=LIMIT, egress_kbps=LIMIT)
    host.run("tc", "qdisc", "add", "dev", other, "root", "handle", "7:", "htb", "default", "1")
    host.run("tc", "qdisc", "del", "dev", tap, "root")
    host.run("tc", "class", "change", "dev", detour, "parent", "4e4c:", "classid", "4e4c:1", "htb", "rate", "1gbit")
    host.run("ip", "link", "add", "nliforeign", "type", "ifb")
    host.ask("heal")
    assert (site.queue(tap)[0], site.queue(detour)[0]) == (LIMIT, LIMIT)
    assert [each["handle"] for each in site.shown("qdisc", other)] == ["7:"] and "nliforeign" in host.devices()
    host.run("ip", "link", "del", detour)
    host.ask("heal")
    assert site.queue(detour)[0] == LIMIT and site.guests["one"].pings(site.guests["two"].ip)


def test_a_limit_waits_for_the_guests_device_and_goes_with_its_port(machine, make):  # noqa: F811
    host = make.host()
    its_nic = nic(NET, "10.199.0.11", qos={"ingress_kbps": LIMIT, "egress_kbps": LIMIT}, port_security_enabled=False)
    owner = server(its_nic)
    host.ask("plug", server=owner)
    guest = make.guest(host, its_nic)
    host.ask("ports")                   # as when the guest's device is seen
    tap, detour = "tap" + its_nic["port_id"][:11], "nli" + its_nic["port_id"][:11]
    assert "4Mbit" in host.run("tc", "class", "show", "dev", tap).stdout
    assert "4Mbit" in host.run("tc", "class", "show", "dev", detour).stdout
    guest.remove()
    host.ask("unplug", server=owner)
    assert detour not in host.devices()


def test_numbers_too_large_for_the_kernel_limit_no_more_than_said(site):
    """A burst of 4 GB and a little more would be a little one."""
    for kbps, burst in ((34359739, 2147483647), (2147483647, 2147483647), (1, 2147483647), (1, 1)):
        site.limit("one", ingress_kbps=kbps, ingress_burst=burst)
        assert not site.fault("one")["error"]
        shown = site.host.run("tc", "class", "show", "dev", site.tap("one")).stdout.split()
        found = shown[shown.index("burst") + 1]
        assert (len(found) > 9 or found.endswith("Mb")) == (kbps > 1), found


def test_doctor_finds_what_a_kernel_lacks_for_limits(machine, monkeypatch):  # noqa: F811
    assert doctor._traffic_control().good is True
    monkeypatch.setattr(traffic_control, "IFB", "no_such_kind")
    found = doctor._traffic_control()
    assert found.good is None and "no_such_kind" in found.what and "act_mirred" in found.remedy


def test_nothing_is_left_when_all_is_removed(site):
    site.limit("one", ingress_kbps=LIMIT, egress_kbps=LIMIT)
    site.host.ask("destroy_all")
    assert site.detour("one") not in site.host.devices()
    assert [each["kind"] for each in site.shown("qdisc", site.tap("one"))] == ["noqueue"]


@pytest.mark.parametrize("version", [4, 6])
def test_what_a_guest_sends_is_marked(site, version):
    one, two = site.guests["one"], site.guests["two"]
    site.limit("one", dscp_mark=26)
    seen = two.frames()
    kind, traffic = (b"\x08\x00", b"\x45\x00") if version == 4 else (b"\x86\xdd", b"\x60\x00\x00\x00")
    target, source = (bytes.fromhex(each.nic["mac"].replace(":", "")) for each in (two, one))
    packet = traffic + (bytes.fromhex("0014 0000 0000 4011") + checksum() + bytes([10, 199, 0, 11, 10, 199, 0, 12])
                        if version == 4 else bytes.fromhex("0000 3b40") + uuid.uuid4().bytes + uuid.uuid4().bytes)
    one.frames().send(target + source + kind + packet)
    time.sleep(0.5)
    found = [each for each in seen.received() if each[6:12] == source and each[12:14] == kind]
    marks = {each[15] >> 2 if version == 4 else (each[14] & 0xF) << 2 | each[15] >> 6 for each in found}
    assert marks == {26}
    assert version == 6 or all(sum_of(each[14:34]) == 0xFFFF for each in found)
    site.limit("one")
    assert "dscp" not in site.host.rules()


@pytest.mark.parametrize("way", ["ingress", "egress"])
def test_a_limit_of_packets_holds(site, way):
    """A burst comes through, of which other packets may be some, and then as many as seconds pass."""
    one, two = site.guests["one"], site.guests["two"]
    burst, sent = 10, 60
    site.limit("two" if way == "ingress" else "one", **{f"{way}_pps": 1, f"{way}_pps_burst": burst})
    time.sleep(burst + 1)           # whatever went before
    began = time.monotonic()
    assert burst / 2 <= _passed(one, two, sent) <= burst + 2 + (time.monotonic() - began)
    assert _passed(two, one, sent) == sent
    site.limit("two" if way == "ingress" else "one")
    assert _passed(one, two, sent) == sent
    assert "limit rate" not in site.host.rules()


def _passed(one, two, number):
    """How many of so many packets of one guest another sees."""
    mark, sender, seen = uuid.uuid4().bytes, one.frames(), two.frames()
    for _ in range(number):
        sender.send(frames.udp4(one.nic["mac"], two.nic["mac"], one.ip, two.ip, (7, 7), mark))
    time.sleep(0.5)
    return sum(mark in each for each in seen.received())


def checksum():
    """Of the header of the IPv4 packet."""
    header = bytes.fromhex("4500 0014 0000 0000 4011 0000") + bytes([10, 199, 0, 11, 10, 199, 0, 12])
    return (~sum_of(header) & 0xFFFF).to_bytes(2, "big")


def sum_of(header):
    total = sum(int.from_bytes(header[at:at + 2], "big") for at in range(0, len(header), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total
