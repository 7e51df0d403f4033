"""What another program changes of a host's rules and limits is found by the auditor's look at the host.  Needs root,
and the programs of test_network_host.
"""


from nova_lite.network.planes.linux import parts
from tests.live.namespaces import server
from tests.live.routers import Router
from tests.live.test_network_host import machine, make, mode  # noqa: F401 - fixtures
from tests.live.test_network_ipv6 import dual
from tests.live.test_routers import new, well
from tests.live.test_security_groups import OUT, Site, tcp


class Busy:
    """A host with all kinds of rules: groups of a port, a network's own, a router's, and limits."""

    def __init__(self, make, **options):  # noqa: F811
        self.site = Site(make, **options)
        self.host, self.network, self.plain, public = self.site.host, new(), new(), new()
        self.guest = self.site.plug("a", self.network, "10.199.0.11", qos={"ingress_kbps": 4000, "egress_kbps": 4000},
                                    allowed_pairs=["fa:16:3e:00:00:77,10.0.0.0/8", "fa:16:3e:00:00:77,fd00::/9"])
        self.site.plug("b", self.network, "10.199.0.12")
        self.site.rules("a", *OUT, tcp(80), tcp(81, remote_group=self.site.id("b")))
        self.site.rules("b", *OUT, members={self.guest.nic["port_id"]: ["10.199.0.12"]})
        self.host.ask("plug", server=server(dual(self.plain, 17, "slaac")))
        self.router = Router(self.host, public).join(self.network).float("172.24.4.20", "10.199.0.11")
        well(self.router.apply())
        self.host.ask("ports")
        self.cloud = parts.cloud_of(self.host.state_dir)
        self.tap = "tap" + self.guest.nic["port_id"][:11]

    def altered(self):
        return self.host.ask("inspect")[0]["altered"]


def test_nothing_is_found_where_nobody_changed_anything(make, mode):  # noqa: F811
    busy = Busy(make)
    assert busy.altered() == []
    busy.site.rules("a", *OUT, tcp(82))
    busy.site.change(busy.guest, allowed_pairs=[])
    assert busy.altered() == []
    busy.host.run("nft", "add", "table", "inet", "foreign")
    busy.host.run("nft", "add", "chain", "inet", "foreign", "x", "{ type filter hook forward priority 5 ; }")
    assert busy.altered() == [], "that is theirs"
    busy.host.ask("heal")
    assert busy.altered() == []


def test_each_changed_rule_and_limit_is_found_and_healed(make):  # noqa: F811
    busy = Busy(make)
    host, cloud, plain = busy.host, busy.cloud, busy.host.inside(busy.plain)
    router = busy.host.inside(busy.router.id)
    for expected, change in (
            ("host", lambda: host.run("nft", "flush", "chain", "bridge", cloud, "from_guest")),
            ("host", lambda: host.run("nft", "insert", "rule", "bridge", cloud, "from_guest", "accept")),
            ("host", lambda: host.run("nft", "delete", "table", "inet", cloud)),
            ("host", lambda: host.run("nft", "add", "element", "bridge", cloud, "macs",
                                      f'{{ "{busy.tap}" . fa:16:3e:00:00:99 }}')),
            ("host", lambda: host.run("nft", "flush", "set", "inet", cloud, "bridges")),
            ("host", lambda: host.run("nft", "flush", "table", "netdev", cloud)),
            ("host", lambda: host.run("nft", "chain", "ip", cloud, "forward", "{ policy drop ; }")),
            ("host", lambda: host.run("nft", "flush", "ruleset")),
            (busy.plain, lambda: plain.run("nft", "flush", "chain", "ip6", "nova_lite", "input")),
            (busy.plain, lambda: plain.run("nft", "delete", "table", "ip", "nova_lite")),
            (busy.router.id, lambda: router.run("nft", "flush", "map", "ip", "nova_lite", "translated")),
            (busy.tap, lambda: host.run("tc", "qdisc", "del", "dev", busy.tap, "root")),
            (busy.tap, lambda: host.run("tc", "qdisc", "del", "dev", busy.tap, "ingress")),
            (busy.tap, lambda: host.run("ip", "link", "del", "nli" + busy.tap[3:])),
            (busy.tap, lambda: host.run("tc", "class", "change", "dev", "nli" + busy.tap[3:], "parent", "4e4c:",
                                        "classid", "4e4c:1", "htb", "rate", "1gbit"))):
        change()
        assert busy.altered() == [expected]
        host.ask("heal")
        assert busy.altered() == []
